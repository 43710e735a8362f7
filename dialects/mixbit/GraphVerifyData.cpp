//===- GraphVerifyData.cpp - Verifiers of elementwise work and movement ---===//
//
// Norms, elementwise functions, reductions, and operations that only move
// data. See GraphVerify.cpp.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/VerifyHelpers.h"

#include <cmath>

using namespace mlir;
using namespace mixbit::verify;

namespace mixbit {

//===----------------------------------------------------------------------===//
// Normalizations, elementwise functions, reductions
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::verify() {
  Type x = getX().getType(), element = elementOf(getX());
  if (failed(expectRankAtLeast(*this, "x", x, 1)) ||
      failed(expectFloat(*this, "x", x)) ||
      failed(expectElement(*this, "a result", getType(), element)))
    return failure();
  int64_t width = extentOf(getX(), rankOf(getX()) - 1);
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"gamma", getGamma()}, {"beta", getBeta()}})
    if (value &&
        (failed(expectRank(*this, name, value.getType(), 1)) ||
         failed(expectElement(*this, name, value.getType(), element)) ||
         failed(expectExtent(*this, name, value.getType(), 0, width))))
      return failure();
  if (!getEpsilon().isFinite() || getEpsilon().isNegative())
    return emitOpError() << "expected a finite epsilon of 0 or more, but got "
                         << getEpsilonAttr();
  return expectInferredShapes(*this);
}

LogicalResult SoftmaxOp::verify() {
  if (failed(expectFloat(*this, "x", getX().getType())) ||
      failed(expectElement(*this, "a result", getType(), elementOf(getX()))) ||
      failed(expectRankAtLeast(*this, "x", getX().getType(), 1)) ||
      failed(expectAxis(*this, getAxis(), rankOf(getX()))))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult UnaryOp::verify() {
  Type x = getX().getType(), element = elementOf(getX());
  Type result = element;
  switch (getKind()) {
  case UnaryKind::Not:
    if (!element.isInteger(1))
      return emitOpError() << "expected x of i1 for not, but got " << x;
    break;
  case UnaryKind::Neg:
  case UnaryKind::Abs:
  case UnaryKind::Sign:
    if (failed(expectNumeric(*this, "x", x)))
      return failure();
    if (element.isInteger(1))
      return emitOpError() << "expected x of numbers, but got " << x;
    break;
  case UnaryKind::IsNaN:
    result = IntegerType::get(getContext(), 1);
    [[fallthrough]];
  default:
    if (failed(expectFloat(*this, "x", x)))
      return failure();
  }
  if (failed(expectElement(*this, "a result", getType(), result)))
    return failure();
  return expectInferredShapes(*this);
}

/// The element type of the result; null if `kind` does not take `element`.
static Type binaryResult(BinaryKind kind, Type element) {
  bool isTruth = element.isInteger(1);
  switch (kind) {
  case BinaryKind::Equal:
    return IntegerType::get(element.getContext(), 1);
  case BinaryKind::Less:
  case BinaryKind::LessEqual:
  case BinaryKind::Greater:
  case BinaryKind::GreaterEqual:
    return isTruth ? Type() : IntegerType::get(element.getContext(), 1);
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
    return isa<IntegerType>(element) ? element : Type();
  case BinaryKind::Pow:
    return isa<FloatType>(element) ? element : Type();
  default:
    return isTruth ? Type() : element;
  }
}

LogicalResult BinaryOp::verify() {
  Type element = elementOf(getLhs());
  if (failed(expectNumeric(*this, "a left operand", getLhs().getType())) ||
      failed(
          expectElement(*this, "a right operand", getRhs().getType(), element)))
    return failure();
  Type result = binaryResult(getKind(), element);
  if (!result)
    return emitOpError() << "expected operands that "
                         << stringifyBinaryKind(getKind()) << " takes, but got "
                         << getLhs().getType();
  if (failed(expectElement(*this, "a result", getType(), result)))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult SelectOp::verify() {
  Type element = elementOf(getOnTrue());
  if (failed(expectElement(*this, "a condition", getCondition().getType(),
                           IntegerType::get(getContext(), 1))) ||
      failed(expectNumeric(*this, "choices", getOnTrue().getType())) ||
      failed(expectElement(*this, "a second choice", getOnFalse().getType(),
                           element)) ||
      failed(expectElement(*this, "a result", getType(), element)))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult CastOp::verify() {
  if (failed(expectNumeric(*this, "x", getX().getType())) ||
      failed(expectNumeric(*this, "a result", getType())))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult ReduceOp::verify() {
  Type x = getX().getType(), element = elementOf(getX());
  if (failed(expectNumeric(*this, "x", x)) ||
      failed(expectElement(*this, "a result", getType(), element)))
    return failure();
  if (element.isInteger(1) ||
      (getKind() == ReduceKind::Mean && !isa<FloatType>(element)))
    return emitOpError() << "expected x that " << stringifyReduceKind(getKind())
                         << " takes, but got " << x;
  if (getAxes().empty())
    return emitOpError() << "expected one axis or more, but got none";
  llvm::SmallDenseSet<int64_t, 4> seen;
  for (int64_t axis : getAxes()) {
    if (failed(expectAxis(*this, axis, rankOf(getX()))))
      return failure();
    if (!seen.insert(axis).second)
      return emitOpError() << "expected each axis once, but got " << axis
                           << " twice";
  }
  return expectInferredShapes(*this);
}

//===----------------------------------------------------------------------===//
// Movement of data
//===----------------------------------------------------------------------===//

/// Any element type that is no quantized one, kept by the operation.
static LogicalResult verifyMoved(Operation *op, Value x) {
  return failure(
      failed(expectNumeric(op, "x", x.getType())) ||
      failed(expectElement(op, "a result", op->getResult(0).getType(),
                           elementOf(x))));
}

LogicalResult ReshapeOp::verify() {
  if (failed(verifyMoved(*this, getX())) ||
      failed(expectSymbolMap(*this, "a shape", getShape(),
                             tensorOf(getResult()).getRank())) ||
      failed(expectInferredShapes(*this)))
    return failure();
  // The result's type may be less precise than the map, and the reverse.
  SmallVector<int64_t> extents(tensorOf(getResult()).getShape());
  for (auto [extent, expr] : llvm::zip(extents, getShape().getResults()))
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      extent = constant.getValue();
  auto x = tensorOf(getX());
  auto count = [](ArrayRef<int64_t> shape) {
    uint64_t product = 1;
    for (int64_t extent : shape)
      product = llvm::SaturatingMultiply(product, uint64_t(extent));
    return product;
  };
  if (x.hasStaticShape() && !ShapedType::isDynamicShape(extents) &&
      count(extents) != count(x.getShape()))
    return emitOpError() << "expected " << count(x.getShape())
                         << " elements in the result, but got " << getType();
  return success();
}

LogicalResult BroadcastOp::verify() {
  if (failed(verifyMoved(*this, getX())) ||
      failed(expectSymbolMap(*this, "a shape", getShape(),
                             tensorOf(getResult()).getRank())) ||
      failed(expectInferredShapes(*this)))
    return failure();
  int64_t skip = rankOf(getResult()) - rankOf(getX());
  if (skip < 0)
    return emitOpError() << "expected a result of rank " << rankOf(getX())
                         << " or more, but got " << getType();
  for (auto [index, extent] : llvm::enumerate(tensorOf(getX()).getShape()))
    if (extent != 1 && !agree(extent, extentOf(getResult(), skip + index)))
      return emitOpError() << "expected extents of 1 to be stretched, but got "
                           << getX().getType() << " to " << getType();
  return success();
}

LogicalResult TransposeOp::verify() {
  if (failed(verifyMoved(*this, getX())))
    return failure();
  int64_t rank = rankOf(getX());
  SmallVector<bool> seen(rank, false);
  bool isPermutation = int64_t(getPermutation().size()) == rank;
  for (int64_t source : getPermutation()) {
    isPermutation =
        isPermutation && source >= 0 && source < rank && !seen[source];
    if (isPermutation)
      seen[source] = true;
  }
  if (!isPermutation)
    return emitOpError() << "expected a permutation of " << rank
                         << " dimensions, but got " << getPermutationAttr();
  return expectInferredShapes(*this);
}

/// Steps stay within the operand, as far as numbers are known.
static LogicalResult verifySliceBounds(SliceOp op) {
  for (int64_t i = 0, e = rankOf(op.getX()); i != e; ++i) {
    auto start = dyn_cast<AffineConstantExpr>(op.getStarts().getResult(i));
    auto size = dyn_cast<AffineConstantExpr>(op.getSizes().getResult(i));
    int64_t extent = extentOf(op.getX(), i), step = op.getSteps()[i];
    if (!start || (size && size.getValue() == 0))
      continue;
    bool inside = start.getValue() >= 0 &&
                  (ShapedType::isDynamic(extent) || start.getValue() < extent);
    if (inside && size) {
      // Without products or sums that could overflow.
      int64_t count = size.getValue() - 1;
      if (step < 0)
        inside = count <= start.getValue() / -step;
      else if (!ShapedType::isDynamic(extent))
        inside = count <= (extent - 1 - start.getValue()) / step;
    }
    if (!inside)
      return op.emitOpError()
             << "expected a slice within " << op.getX().getType()
             << ", but got start " << start.getValue() << ", step " << step
             << " in dimension " << i;
  }
  return success();
}

LogicalResult SliceOp::verify() {
  int64_t rank = rankOf(getX());
  if (failed(verifyMoved(*this, getX())) ||
      failed(expectSymbolMap(*this, "starts", getStarts(), rank)) ||
      failed(expectSymbolMap(*this, "sizes", getSizes(), rank)) ||
      failed(expectNumbers(*this, "steps", getSteps(), rank, -INT32_MAX)))
    return failure();
  if (llvm::is_contained(getSteps(), 0))
    return emitOpError() << "expected steps other than 0, but got "
                         << getStepsAttr();
  if (failed(expectInferredShapes(*this)))
    return failure();
  return verifySliceBounds(*this);
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "expected one input or more, but got none";
  Value first = getInputs().front();
  if (failed(verifyMoved(*this, first)) ||
      failed(expectRankAtLeast(*this, "inputs", first.getType(), 1)) ||
      failed(expectAxis(*this, getAxis(), rankOf(first))))
    return failure();
  for (Value input : getInputs().drop_front()) {
    if (failed(expectRank(*this, "inputs", input.getType(), rankOf(first))) ||
        failed(
            expectElement(*this, "inputs", input.getType(), elementOf(first))))
      return failure();
    for (int64_t i = 0, e = rankOf(first); i != e; ++i)
      if (i != int64_t(getAxis()) &&
          failed(expectExtent(*this, "inputs", input.getType(), i,
                              extentOf(first, i))))
        return failure();
  }
  return expectInferredShapes(*this);
}

LogicalResult GatherOp::verify() {
  if (failed(verifyMoved(*this, getX())) ||
      failed(expectRankAtLeast(*this, "x", getX().getType(), 1)) ||
      failed(expectAxis(*this, getAxis(), rankOf(getX()))) ||
      failed(expectInteger(*this, "indices", getIndices().getType())))
    return failure();
  return expectInferredShapes(*this);
}

} // namespace mixbit
