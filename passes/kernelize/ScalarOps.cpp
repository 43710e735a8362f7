//===- ScalarOps.cpp - Graph functions as scalar arithmetic ---------------===//
//
// One element at a time; codegen turns these into vectors. Functions follow
// ONNX: comparisons with NaN are false, max and min hand NaN on.
//
//===----------------------------------------------------------------------===//
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace mixbit {
Value floatConstant(OpBuilder &builder, Location loc, Type type, double value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, value));
}

static Value intConstant(OpBuilder &builder, Location loc, Type type,
                         int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(type, value));
}

Value fromMemory(OpBuilder &builder, Value loaded, Type graphType) {
  if (!graphType.isInteger(1) || loaded.getType().isInteger(1))
    return loaded;
  Location loc = loaded.getLoc();
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, loaded,
                               intConstant(builder, loc, loaded.getType(), 0));
}

Value toMemory(OpBuilder &builder, Value value) {
  if (!value.getType().isInteger(1))
    return value;
  return arith::ExtUIOp::create(builder, value.getLoc(), builder.getI8Type(),
                                value);
}

/// 1 / (1 + exp(-x)).
static Value sigmoid(OpBuilder &builder, Location loc, Value x) {
  Value one = floatConstant(builder, loc, x.getType(), 1);
  Value e =
      math::ExpOp::create(builder, loc, arith::NegFOp::create(builder, loc, x));
  return arith::DivFOp::create(builder, loc, one,
                               arith::AddFOp::create(builder, loc, one, e));
}

/// x / 2 (1 + inner).
static Value halfOnePlus(OpBuilder &builder, Location loc, Value x,
                         Value inner) {
  Value half = arith::MulFOp::create(
      builder, loc, x, floatConstant(builder, loc, x.getType(), 0.5));
  Value sum = arith::AddFOp::create(
      builder, loc, inner, floatConstant(builder, loc, x.getType(), 1));
  return arith::MulFOp::create(builder, loc, half, sum);
}

static Value emitFloatUnary(OpBuilder &builder, Location loc, UnaryKind kind,
                            Value x) {
  Type type = x.getType();
  auto scaled = [&](Value value, double factor) -> Value {
    return arith::MulFOp::create(builder, loc, value,
                                 floatConstant(builder, loc, type, factor));
  };
  switch (kind) {
  case UnaryKind::Neg:
    return arith::NegFOp::create(builder, loc, x);
  case UnaryKind::Abs:
    return math::AbsFOp::create(builder, loc, x);
  case UnaryKind::Exp:
    return math::ExpOp::create(builder, loc, x);
  case UnaryKind::Log:
    return math::LogOp::create(builder, loc, x);
  case UnaryKind::Sqrt:
    return math::SqrtOp::create(builder, loc, x);
  case UnaryKind::Rsqrt:
    return arith::DivFOp::create(builder, loc,
                                 floatConstant(builder, loc, type, 1),
                                 math::SqrtOp::create(builder, loc, x));
  case UnaryKind::Reciprocal:
    return arith::DivFOp::create(builder, loc,
                                 floatConstant(builder, loc, type, 1), x);
  case UnaryKind::Erf:
    return math::ErfOp::create(builder, loc, x);
  case UnaryKind::Tanh:
    return math::TanhOp::create(builder, loc, x);
  case UnaryKind::Sigmoid:
    return sigmoid(builder, loc, x);
  case UnaryKind::Relu:
    return arith::MaximumFOp::create(builder, loc, x,
                                     floatConstant(builder, loc, type, 0));
  case UnaryKind::GeluErf:
    return halfOnePlus(
        builder, loc, x,
        math::ErfOp::create(builder, loc, scaled(x, 0.70710678118654752)));
  case UnaryKind::GeluTanh: {
    Value square = arith::MulFOp::create(builder, loc, x, x);
    Value inner = arith::AddFOp::create(builder, loc, scaled(square, 0.044715),
                                        floatConstant(builder, loc, type, 1));
    inner = arith::MulFOp::create(builder, loc, scaled(x, 0.79788456080286536),
                                  inner);
    return halfOnePlus(builder, loc, x,
                       math::TanhOp::create(builder, loc, inner));
  }
  case UnaryKind::Silu:
    return arith::MulFOp::create(builder, loc, x, sigmoid(builder, loc, x));
  case UnaryKind::Ceil:
    return math::CeilOp::create(builder, loc, x);
  case UnaryKind::Floor:
    return math::FloorOp::create(builder, loc, x);
  case UnaryKind::Round:
    return math::RoundEvenOp::create(builder, loc, x);
  case UnaryKind::Sin:
    return math::SinOp::create(builder, loc, x);
  case UnaryKind::Cos:
    return math::CosOp::create(builder, loc, x);
  case UnaryKind::Sign: {
    Value zero = floatConstant(builder, loc, type, 0);
    Value one = floatConstant(builder, loc, type, 1);
    Value positive =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, x, zero);
    Value negative =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x, zero);
    Value rest = arith::SelectOp::create(
        builder, loc, negative, floatConstant(builder, loc, type, -1), zero);
    return arith::SelectOp::create(builder, loc, positive, one, rest);
  }
  case UnaryKind::IsNaN:
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x, x);
  case UnaryKind::Not:
    return {};
  }
  return {};
}

static Value emitIntUnary(OpBuilder &builder, Location loc, UnaryKind kind,
                          Value x) {
  Type type = x.getType();
  Value zero = intConstant(builder, loc, type, 0);
  switch (kind) {
  case UnaryKind::Neg:
    return arith::SubIOp::create(builder, loc, zero, x);
  case UnaryKind::Abs:
    return math::AbsIOp::create(builder, loc, x);
  case UnaryKind::Relu:
    return arith::MaxSIOp::create(builder, loc, x, zero);
  case UnaryKind::Not:
    if (!type.isInteger(1))
      return {};
    return arith::XOrIOp::create(builder, loc, x,
                                 intConstant(builder, loc, type, 1));
  case UnaryKind::Sign:
    return arith::MaxSIOp::create(
        builder, loc,
        arith::MinSIOp::create(builder, loc, x,
                               intConstant(builder, loc, type, 1)),
        intConstant(builder, loc, type, -1));
  default:
    return {};
  }
}

static Value emitFloatBinary(OpBuilder &builder, Location loc, BinaryKind kind,
                             Value lhs, Value rhs) {
  auto compare = [&](arith::CmpFPredicate predicate) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, lhs, rhs);
  };
  switch (kind) {
  case BinaryKind::Add:
    return arith::AddFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Sub:
    return arith::SubFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Mul:
    return arith::MulFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Div:
    return arith::DivFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Pow: {
    // Squares and roots, which networks use, need no general power.
    FloatAttr exponent;
    if (matchPattern(rhs, m_Constant(&exponent))) {
      double value = exponent.getValueAsDouble();
      if (value == 2)
        return arith::MulFOp::create(builder, loc, lhs, lhs);
      if (value == 3)
        return arith::MulFOp::create(
            builder, loc, lhs, arith::MulFOp::create(builder, loc, lhs, lhs));
      if (value == 0.5)
        return math::SqrtOp::create(builder, loc, lhs);
    }
    return math::PowFOp::create(builder, loc, lhs, rhs);
  }
  case BinaryKind::Min:
    return arith::MinimumFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Max:
    return arith::MaximumFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Mod:
    return arith::RemFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Equal:
    return compare(arith::CmpFPredicate::OEQ);
  case BinaryKind::Less:
    return compare(arith::CmpFPredicate::OLT);
  case BinaryKind::LessEqual:
    return compare(arith::CmpFPredicate::OLE);
  case BinaryKind::Greater:
    return compare(arith::CmpFPredicate::OGT);
  case BinaryKind::GreaterEqual:
    return compare(arith::CmpFPredicate::OGE);
  default:
    return {};
  }
}

static Value emitIntBinary(OpBuilder &builder, Location loc, BinaryKind kind,
                           Value lhs, Value rhs) {
  auto compare = [&](arith::CmpIPredicate predicate) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, lhs, rhs);
  };
  switch (kind) {
  case BinaryKind::Add:
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Sub:
    return arith::SubIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Mul:
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Min:
    return arith::MinSIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Max:
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Equal:
    return compare(arith::CmpIPredicate::eq);
  case BinaryKind::Less:
    return compare(arith::CmpIPredicate::slt);
  case BinaryKind::LessEqual:
    return compare(arith::CmpIPredicate::sle);
  case BinaryKind::Greater:
    return compare(arith::CmpIPredicate::sgt);
  case BinaryKind::GreaterEqual:
    return compare(arith::CmpIPredicate::sge);
  case BinaryKind::And:
    return arith::AndIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Or:
    return arith::OrIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Xor:
    return arith::XOrIOp::create(builder, loc, lhs, rhs);
  // A divisor of zero would trap; no exporter emits them on run-time values.
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Pow:
    return {};
  }
  return {};
}

static Value emitCast(OpBuilder &builder, Location loc, Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(builder, loc, to, x);
    if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
      return arith::TruncFOp::create(builder, loc, to, x);
    return {};
  }
  if (isa<FloatType>(from)) {
    if (to.isInteger(1))
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, x,
                                   floatConstant(builder, loc, from, 0));
    return arith::FPToSIOp::create(builder, loc, to, x);
  }
  if (isa<FloatType>(to)) {
    if (from.isInteger(1))
      return arith::UIToFPOp::create(builder, loc, to, x);
    return arith::SIToFPOp::create(builder, loc, to, x);
  }
  if (to.isInteger(1))
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, x,
                                 intConstant(builder, loc, from, 0));
  if (from.isInteger(1))
    return arith::ExtUIOp::create(builder, loc, to, x);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return arith::ExtSIOp::create(builder, loc, to, x);
  return arith::TruncIOp::create(builder, loc, to, x);
}

/// The code of mixbit.quantize, a signed byte.
static Value emitCode(OpBuilder &builder, QuantizeOp op, ValueRange operands) {
  Location loc = op.getLoc();
  Value x = operands.front(), code;
  Type type = x.getType();
  auto constant = [&](double value) {
    return floatConstant(builder, loc, type, value);
  };
  switch (op.getKind()) {
  case CodeKind::Sign:
    code = emitFloatUnary(builder, loc, UnaryKind::Sign, x);
    break;
  case CodeKind::Binary:
    code = arith::SelectOp::create(
        builder, loc,
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x,
                              constant(0)),
        constant(-1), constant(1));
    break;
  case CodeKind::Divide:
  case CodeKind::Multiply:
    if (op.getKind() == CodeKind::Divide)
      code = arith::DivFOp::create(builder, loc, x, operands[1]);
    else
      code = arith::MulFOp::create(builder, loc, x, operands[1]);
    code = math::RoundEvenOp::create(builder, loc, code);
    code = arith::SubFOp::create(builder, loc, code, operands[2]);
    // Also what keeps NaN and infinities inside of the integers.
    code = arith::MaxNumFOp::create(builder, loc, code,
                                    constant(int64_t(op.getLow())));
    code = arith::MinNumFOp::create(builder, loc, code,
                                    constant(int64_t(op.getHigh())));
    break;
  }
  return arith::FPToSIOp::create(builder, loc, builder.getI8Type(), code);
}

bool isElementwise(Operation *op) {
  return isa<UnaryOp, BinaryOp, SelectOp, CastOp, QuantizeOp>(op);
}

bool isKernelArgument(Operation *op, Value operand) {
  auto quantize = dyn_cast<QuantizeOp>(op);
  return quantize && operand != quantize.getX();
}

Value emitScalar(OpBuilder &builder, Operation *op, ValueRange operands) {
  Location loc = op->getLoc();
  Value first = operands.front();
  bool isFloat = isa<FloatType>(first.getType());
  if (auto unary = dyn_cast<UnaryOp>(op))
    return isFloat ? emitFloatUnary(builder, loc, unary.getKind(), first)
                   : emitIntUnary(builder, loc, unary.getKind(), first);
  if (auto binary = dyn_cast<BinaryOp>(op))
    return isFloat ? emitFloatBinary(builder, loc, binary.getKind(), first,
                                     operands[1])
                   : emitIntBinary(builder, loc, binary.getKind(), first,
                                   operands[1]);
  if (isa<SelectOp>(op))
    return arith::SelectOp::create(builder, loc, first, operands[1],
                                   operands[2]);
  if (auto cast = dyn_cast<CastOp>(op))
    return emitCast(
        builder, loc, first,
        llvm::cast<RankedTensorType>(cast.getType()).getElementType());
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return emitCode(builder, quantize, operands);
  return {};
}
} // namespace mixbit
