//===- VerifyHelpers.cpp - What verifiers of operations share -------------===//
#include "dialects/mixbit/VerifyHelpers.h"

using namespace mlir;

namespace mixbit::verify {

LogicalResult expectRank(Operation *op, StringRef what, Type type,
                         int64_t rank) {
  if (cast<ShapedType>(type).getRank() == rank)
    return success();
  return op->emitOpError() << "expected " << what << " of rank " << rank
                           << ", but got " << type;
}

LogicalResult expectRankAtLeast(Operation *op, StringRef what, Type type,
                                int64_t rank) {
  if (cast<ShapedType>(type).getRank() >= rank)
    return success();
  return op->emitOpError() << "expected " << what << " of rank " << rank
                           << " or more, but got " << type;
}

LogicalResult expectFloat(Operation *op, StringRef what, Type type) {
  if (isa<FloatType>(getElementTypeOrSelf(type)))
    return success();
  return op->emitOpError() << "expected " << what << " of floats, but got "
                           << type;
}

LogicalResult expectInteger(Operation *op, StringRef what, Type type) {
  Type element = getElementTypeOrSelf(type);
  if (isa<IntegerType>(element) && !element.isInteger(1))
    return success();
  return op->emitOpError() << "expected " << what << " of integers, but got "
                           << type;
}

LogicalResult expectNumeric(Operation *op, StringRef what, Type type) {
  if (isa<FloatType, IntegerType>(getElementTypeOrSelf(type)))
    return success();
  return op->emitOpError() << "expected " << what
                           << " of floats or integers, but got " << type;
}

LogicalResult expectElement(Operation *op, StringRef what, Type type,
                            Type element) {
  if (getElementTypeOrSelf(type) == element)
    return success();
  return op->emitOpError() << "expected " << what << " of " << element
                           << ", but got " << type;
}

LogicalResult expectExtent(Operation *op, StringRef what, Type type,
                           int64_t dimension, int64_t extent) {
  if (agree(cast<ShapedType>(type).getDimSize(dimension), extent))
    return success();
  return op->emitOpError() << "expected " << what << " with " << extent
                           << " in dimension " << dimension << ", but got "
                           << type;
}

LogicalResult expectAxis(Operation *op, int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank)
    return success();
  return op->emitOpError() << "expected an axis of 0 to " << rank - 1
                           << ", but got " << axis;
}

LogicalResult expectNumbers(Operation *op, StringRef what,
                            ArrayRef<int64_t> values, size_t count,
                            int64_t low) {
  constexpr int64_t high = INT32_MAX;
  if (values.size() != count)
    return op->emitOpError() << "expected " << count << ' ' << what
                             << ", but got " << values.size();
  for (int64_t value : values)
    if (value < low || value > high)
      return op->emitOpError() << "expected " << what << " of " << low
                               << " to 2^31 - 1, but got " << value;
  return success();
}

LogicalResult expectSymbolMap(Operation *op, StringRef what, AffineMap map,
                              int64_t results) {
  if (map.getNumDims() != 0 || int64_t(map.getNumResults()) != results)
    return op->emitOpError()
           << "expected " << what << " of " << results
           << " results over symbols, but got " << AffineMapAttr::get(map);
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp()) {
    auto symbols = parent->getAttrOfType<ArrayAttr>("mixbit.symbols");
    if (!symbols)
      if (auto plan = dyn_cast<PlanOp>(parent))
        symbols = plan.getSymbols();
    if (!symbols)
      continue;
    if (map.getNumSymbols() <= symbols.size())
      return success();
    return op->emitOpError()
           << "expected " << what << " over the " << symbols.size()
           << " symbols of the function, but got " << AffineMapAttr::get(map);
  }
  return success();
}

LogicalResult expectInferredShapes(Operation *op) {
  MLIRContext *context = op->getContext();
  SmallVector<SymbolicShape> operands, results;
  unsigned unknowns = 0;
  for (Value operand : op->getOperands()) {
    SymbolicShape &shape = operands.emplace_back();
    for (int64_t extent : tensorOf(operand).getShape())
      shape.push_back(ShapedType::isDynamic(extent)
                          ? getAffineDimExpr(unknowns++, context)
                          : getAffineConstantExpr(extent, context));
  }
  if (failed(cast<SymbolicShapeOpInterface>(op).inferSymbolicShapes(operands,
                                                                    results)))
    return failure();
  for (auto [result, shape] : llvm::zip_equal(op->getResults(), results)) {
    RankedTensorType type = tensorOf(result);
    SmallVector<int64_t> extents;
    bool matches = type.getRank() == int64_t(shape.size());
    for (auto [index, expr] : llvm::enumerate(shape)) {
      auto constant = dyn_cast<AffineConstantExpr>(expr);
      extents.push_back(constant ? constant.getValue() : ShapedType::kDynamic);
      if (constant && constant.getValue() < 0)
        return op->emitOpError() << "expected extents of 0 or more, but got "
                                 << constant.getValue() << " in dimension "
                                 << index << " of the result";
      matches = matches && agree(extents.back(), type.getDimSize(index));
    }
    if (!matches)
      return op->emitOpError()
             << "expected a result of "
             << RankedTensorType::get(extents, type.getElementType())
             << ", but got " << type;
  }
  return success();
}

} // namespace mixbit::verify
