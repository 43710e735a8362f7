//===- Lanes.h - Arithmetic on f32 lanes ------------------------*- C++ -*-===//
//
// Short names for what functions are made of: see ApproximateMath.cpp.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace mixbit {

/// 1.5 * 2^23: adding it rounds to an integer, which then stands in the low
/// bits. Works without a rounding instruction and with NaN.
constexpr double kRoundingMagic = 12582912.0;

/// Arithmetic on f32 scalars or vectors like `type`.
class Lanes {
public:
  Lanes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type)
      : builder(builder), loc(loc), type(type) {}

  mlir::Type like(mlir::Type element) const {
    auto vector = mlir::dyn_cast<mlir::VectorType>(type);
    return vector ? mlir::Type(vector.clone(element)) : element;
  }
  mlir::Value constant(mlir::TypedAttr attribute) {
    mlir::Type full = like(attribute.getType());
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(full))
      attribute =
          mlir::DenseElementsAttr::get(vector, mlir::Attribute(attribute));
    return mlir::arith::ConstantOp::create(builder, loc, attribute);
  }
  mlir::Value f(double value) {
    return constant(builder.getF32FloatAttr(value));
  }
  mlir::Value i(int32_t value) {
    return constant(builder.getI32IntegerAttr(value));
  }
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) {
    return mlir::math::FmaOp::create(builder, loc, a, b, c);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(builder, loc, a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return mlir::arith::SubFOp::create(builder, loc, a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(builder, loc, a, b);
  }
  mlir::Value abs(mlir::Value a) {
    return mlir::math::AbsFOp::create(builder, loc, a);
  }
  mlir::Value copysign(mlir::Value a, mlir::Value sign) {
    return mlir::math::CopySignOp::create(builder, loc, a, sign);
  }
  mlir::Value less(mlir::Value a, mlir::Value b) {
    return mlir::arith::CmpFOp::create(builder, loc,
                                       mlir::arith::CmpFPredicate::OLT, a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return mlir::arith::SelectOp::create(builder, loc, condition, a, b);
  }
  mlir::Value bits(mlir::Value a) {
    return mlir::arith::BitcastOp::create(builder, loc,
                                          like(builder.getI32Type()), a);
  }
  mlir::Value fromBits(mlir::Value a) {
    return mlir::arith::BitcastOp::create(builder, loc,
                                          like(builder.getF32Type()), a);
  }
  template <typename Op>
  mlir::Value integer(mlir::Value a, mlir::Value b) {
    return Op::create(builder, loc, a, b);
  }
  /// The polynomial with `coefficients`, highest power first, at x.
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> coefficients) {
    mlir::Value sum = f(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, f(coefficient));
    return sum;
  }

  /// The multiple of `step`, a power of two, that is nearest to x: how many
  /// steps, in the low bits of an integer, and what is left of x. Adding a
  /// number whose last bit is worth `step` rounds to it.
  struct Split {
    mlir::Value steps, rest;
  };
  Split split(mlir::Value x, double step = 1) {
    mlir::Value magic = f(kRoundingMagic * step), shifted = add(x, magic);
    return {bits(shifted), sub(x, sub(shifted, magic))};
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace mixbit
