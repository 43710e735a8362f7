//===- VectorMath.cpp - Operations on lanes -------------------------------===//
#include "passes/codegen/VectorMath.h"

#include "passes/codegen/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

static Value constantLike(OpBuilder &builder, Location loc, Type type,
                          int64_t value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar = builder.getIntegerAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(vector, Attribute(scalar)));
  return arith::ConstantOp::create(builder, loc, scalar);
}

/// x / y or x % y where nothing traps: y = 0 counts as 1, and x / -1 is taken
/// as a negation, since the least integer has no opposite.
static Value safeDivision(OpBuilder &builder, Operation *op, Value x, Value y,
                          Value mask) {
  Location loc = op->getLoc();
  Type type = x.getType();
  Value zero = constantLike(builder, loc, type, 0);
  Value one = constantLike(builder, loc, type, 1);
  auto equals = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, b);
  };
  bool isSigned = isa<arith::DivSIOp, arith::RemSIOp>(op);
  Value minusOne, isMinusOne;
  Value replace = equals(y, zero);
  if (isSigned) {
    minusOne = constantLike(builder, loc, type, -1);
    isMinusOne = equals(y, minusOne);
    replace = arith::OrIOp::create(builder, loc, replace, isMinusOne);
  }
  Value divisor = arith::SelectOp::create(builder, loc, replace, one, y);
  if (mask)
    divisor = arith::SelectOp::create(builder, loc, mask, divisor, one);
  Operation *divided = builder.create(loc, op->getName().getIdentifier(),
                                      ValueRange{x, divisor}, TypeRange(type));
  Value result = divided->getResult(0);
  if (!isa<arith::DivSIOp>(op))
    return result; // x % 1 is x % -1
  Value negated = arith::SubIOp::create(builder, loc, zero, x);
  return arith::SelectOp::create(builder, loc, isMinusOne, negated, result);
}

static bool isIntegerDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp>(
      op);
}

Value cloneOverLanes(OpBuilder &builder, Operation *op, ValueRange operands,
                     const LaneRange &range) {
  SmallVector<Value> vectors;
  for (Value operand : operands)
    vectors.push_back(isa<VectorType>(operand.getType())
                          ? operand
                          : splat(builder, op->getLoc(), operand, range.lanes));
  if (isIntegerDivision(op))
    return safeDivision(builder, op, vectors[0], vectors[1], range.mask);
  OperationState state(
      op->getLoc(), op->getName(), vectors,
      TypeRange(VectorType::get(range.lanes, op->getResult(0).getType())),
      op->getAttrs());
  return builder.create(state)->getResult(0);
}

Value cloneScalar(OpBuilder &builder, Operation *op, ValueRange operands) {
  if (isIntegerDivision(op))
    return safeDivision(builder, op, operands[0], operands[1], {});
  OperationState state(op->getLoc(), op->getName(), operands,
                       op->getResultTypes(), op->getAttrs());
  return builder.create(state)->getResult(0);
}

TypedAttr neutralElement(ReduceKind kind, Type type) {
  Builder builder(type.getContext());
  if (auto floatType = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    switch (kind) {
    case ReduceKind::Max:
      return builder.getFloatAttr(type, APFloat::getInf(semantics, true));
    case ReduceKind::Min:
      return builder.getFloatAttr(type, APFloat::getInf(semantics, false));
    case ReduceKind::Mul:
      return builder.getFloatAttr(type, 1.0);
    default:
      return builder.getFloatAttr(type, 0.0);
    }
  }
  unsigned width = type.getIntOrFloatBitWidth();
  switch (kind) {
  case ReduceKind::Max:
    return builder.getIntegerAttr(type, APInt::getSignedMinValue(width));
  case ReduceKind::Min:
    return builder.getIntegerAttr(type, APInt::getSignedMaxValue(width));
  case ReduceKind::Mul:
    return builder.getIntegerAttr(type, 1);
  default:
    return builder.getIntegerAttr(type, 0);
  }
}

Value combine(OpBuilder &builder, Location loc, ReduceKind kind, Value value,
              Value acc) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(value.getType()));
  switch (kind) {
  case ReduceKind::Max:
  case ReduceKind::Min: {
    bool isMax = kind == ReduceKind::Max;
    if (!isFloat)
      return isMax ? Value(arith::MaxSIOp::create(builder, loc, value, acc))
                   : Value(arith::MinSIOp::create(builder, loc, value, acc));
    // One maxps or minps, unlike arith.maximumf and arith.maxnumf.
    Value better = arith::CmpFOp::create(builder, loc,
                                         isMax ? arith::CmpFPredicate::OGT
                                               : arith::CmpFPredicate::OLT,
                                         value, acc);
    return arith::SelectOp::create(builder, loc, better, value, acc);
  }
  case ReduceKind::Mul:
    return isFloat ? Value(arith::MulFOp::create(builder, loc, acc, value))
                   : Value(arith::MulIOp::create(builder, loc, acc, value));
  default:
    return isFloat ? Value(arith::AddFOp::create(builder, loc, acc, value))
                   : Value(arith::AddIOp::create(builder, loc, acc, value));
  }
}

Value foldLanes(OpBuilder &builder, Location loc, ReduceKind kind, Value vector,
                int64_t lanes) {
  while (true) {
    int64_t size = cast<VectorType>(vector.getType()).getNumElements();
    if (size <= lanes)
      return vector;
    int64_t half = size / 2;
    auto part = [&](int64_t offset) -> Value {
      return vector::ExtractStridedSliceOp::create(
          builder, loc, vector, ArrayRef<int64_t>{offset},
          ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    };
    Value low = part(0), high = part(half);
    vector = combine(builder, loc, kind, high, low);
  }
}

Value reduceToScalar(OpBuilder &builder, Location loc, ReduceKind kind,
                     Value vector) {
  return vector::ExtractOp::create(builder, loc,
                                   foldLanes(builder, loc, kind, vector, 1), 0);
}

LogicalResult reportSlowPath(Operation *op, bool strict, const Twine &what) {
  if (strict)
    return op->emitError() << "expected only vector code, but got " << what
                           << ", an element at a time";
  op->emitRemark() << what << ", an element at a time";
  return success();
}

Value exp2OfNegative(OpBuilder &builder, Location loc, Value x) {
  Lanes l(builder, loc, x.getType());
  auto [n, r] = l.split(x);
  Value p = l.polynomial(r, {1.535336188319500e-4, 1.339887440266574e-3,
                             9.618437357674640e-3, 5.550332471162809e-2,
                             2.402264791363012e-1, 6.931472028550421e-1, 1.0});
  Value exponent = l.integer<arith::ShLIOp>(n, l.i(23));
  Value result = l.fromBits(l.integer<arith::AddIOp>(l.bits(p), exponent));
  return l.select(l.less(x, l.f(-125.0)), l.f(0.0), result);
}

} // namespace mixbit
