//===- LowerGather.cpp - Gathers, and gathers that only move dimensions ---===//
//
// Exporters broadcast masks by gathering at ranges. Where the indices are
// affine functions that read each dimension from end to end, or at one place,
// the gather is a slice, a transpose, a reshape and a broadcast; fold-graph
// removes those of them that do nothing.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

using namespace mlir;

namespace mixbit {
/// Products of the extents behind each dimension.
static SmallVector<AffineExpr> rowMajorStrides(ArrayRef<AffineExpr> shape,
                                               MLIRContext *context) {
  SmallVector<AffineExpr> strides(shape.size());
  for (size_t dim = 0; dim != shape.size(); ++dim)
    strides[dim] = product(shape.drop_front(dim + 1), context);
  return strides;
}

/// Indices into `shape` of what `index` addresses in `reshaped`, a reshape of
/// it. Empty if the linear address does not come apart.
static SmallVector<AffineExpr> delinearize(ArrayRef<AffineExpr> index,
                                           ArrayRef<AffineExpr> reshaped,
                                           ArrayRef<AffineExpr> shape,
                                           ArrayRef<AffineExpr> result,
                                           MLIRContext *context) {
  AffineExpr rest = getAffineConstantExpr(0, context);
  for (auto [at, stride] : llvm::zip(index, rowMajorStrides(reshaped, context)))
    rest = rest + at * stride;
  rest = normalize(rest);
  SmallVector<AffineExpr> indices;
  for (auto [extent, stride] :
       llvm::zip(shape, rowMajorStrides(shape, context))) {
    // The terms that are multiples of the stride are this dimension's, if what
    // they leave is less than the stride.
    SmallVector<AffineExpr> terms;
    collectTerms(rest, terms);
    AffineExpr here = getAffineConstantExpr(0, context), left = here;
    for (AffineExpr term : terms) {
      AffineExpr quotient = constantValue(extent) == 1
                                ? AffineExpr()
                                : divideExactly(term, stride);
      if (quotient)
        here = here + quotient;
      else
        left = left + term;
    }
    here = normalize(here);
    rest = normalize(left);
    if (!provablyNonNegative(here, result) ||
        !provablyNonNegative(extent - 1 - here, result) ||
        !provablyNonNegative(rest, result) ||
        !provablyNonNegative(stride - 1 - rest, result))
      return {};
    indices.push_back(here);
  }
  return constantValue(rest) == 0 ? indices : SmallVector<AffineExpr>();
}

Value OnnxLowering::gatherByFunctions(Value x, ArrayRef<AffineExpr> given,
                                      ArrayRef<AffineExpr> result) {
  MLIRContext *context = builder.getContext();
  // The index along an extent of 1 is 0.
  SmallVector<AffineExpr> dims, index;
  for (auto [dim, extent] : llvm::enumerate(result))
    dims.push_back(constantValue(extent) == 1 ? builder.constant(0)
                                              : builder.getAffineDimExpr(dim));
  for (AffineExpr at : given)
    index.push_back(normalize(at.replaceDims(dims)));
  // Exporters flatten what they gather from.
  if (auto reshape = x.getDefiningOp<ReshapeOp>()) {
    SmallVector<AffineExpr> inner =
        delinearize(index, builder.shape(x), builder.shape(reshape.getX()),
                    result, context);
    if (inner.size() == (size_t)builder.rank(reshape.getX()) && !inner.empty())
      if (Value moved = gatherByFunctions(reshape.getX(), inner, result))
        return moved;
  }
  ArrayRef<AffineExpr> extents = builder.shape(x);
  // Dimension of the result that each dimension of x follows; -1: one place.
  SmallVector<int64_t> follows;
  SymbolicShape starts, sizes;
  for (auto [at, extent] : llvm::zip(index, extents)) {
    if (auto dim = dyn_cast<AffineDimExpr>(at)) {
      if (!provablyEqual(extent, result[dim.getPosition()]) ||
          llvm::is_contained(follows, dim.getPosition()))
        return {};
      follows.push_back(dim.getPosition());
      starts.push_back(builder.constant(0));
      sizes.push_back(extent);
      continue;
    }
    if (usesDims(at) || !provablyNonNegative(at, {}) ||
        !provablyNonNegative(extent - 1 - at, {}))
      return {};
    follows.push_back(-1);
    starts.push_back(at);
    sizes.push_back(builder.constant(1));
  }
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, follows.size()));
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::pair(follows[a], a) < std::pair(follows[b], b);
  });
  Value moved = slice(x, starts, sizes, SmallVector<int64_t>(order.size(), 1));
  moved = builder.transpose(location, moved, order);
  SymbolicShape aligned(result.size(), builder.constant(1));
  for (int64_t dim : follows)
    if (dim >= 0)
      aligned[dim] = result[dim];
  moved = builder.reshape(location, moved, aligned);
  return builder.broadcast(location, moved, result);
}

LogicalResult OnnxLowering::lowerOp(onnx::GatherOp op) {
  Value x = get(op.getData());
  if (!x)
    return failure();
  int64_t axis = normalizedAxis(op.getAxis(), builder.rank(x));
  int64_t indexRank = known(op.getIndices()).rank();
  ArrayRef<AffineExpr> result = shape(op);
  AffineExpr function = functions.get(op.getIndices());
  // Rows of a constant table stay a lookup.
  if (function && !constantElements(x)) {
    SmallVector<AffineExpr> index;
    for (int64_t dim = 0; dim != axis; ++dim)
      index.push_back(builder.getAffineDimExpr(dim));
    AffineExpr at = function.shiftDims(indexRank, axis);
    std::optional<int64_t> constant = constantValue(at);
    if (constant && *constant < 0)
      at = builder.shape(x)[axis] + *constant;
    index.push_back(at);
    for (int64_t dim = axis + 1; dim != builder.rank(x); ++dim)
      index.push_back(builder.getAffineDimExpr(dim - 1 + indexRank));
    if (Value moved = gatherByFunctions(x, index, result))
      return set(op, moved);
  }
  Value indices = get(op.getIndices());
  if (!indices)
    return failure();
  return set(op, builder.make<GatherOp>(location, builder.elementType(x), x,
                                        indices, axis));
}

/// The operands of which `value` is the concatenation along its last
/// dimension, one element each; itself if that has one element.
static SmallVector<Value> lastDimensionParts(Value value,
                                             const SymbolicValues &values) {
  while (auto identity = value.getDefiningOp<onnx::IdentityOp>())
    value = identity.getInput();
  auto isOne = [&](Value part) {
    const SymbolicShape &shape = values.find(part)->second.shape;
    return !shape.empty() && constantValue(shape.back()) == 1;
  };
  if (isOne(value))
    return {value};
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat)
    return {};
  int64_t rank = values.find(value)->second.rank();
  int64_t axis = concat.getAxis();
  if ((axis != -1 && axis != rank - 1) ||
      !llvm::all_of(concat.getInputs(), isOne))
    return {};
  return llvm::to_vector(concat.getInputs());
}

LogicalResult OnnxLowering::lowerOp(onnx::GatherNDOp op) {
  if (op.getBatchDims() != 0)
    return unsupported("batch_dims " + Twine(op.getBatchDims()));
  Value x = get(op.getData());
  if (!x)
    return failure();
  SmallVector<Value> parts = lastDimensionParts(op.getIndices(), values);
  int64_t outer = known(op.getIndices()).rank() - 1;
  SmallVector<AffineExpr> index;
  for (Value part : parts)
    if (AffineExpr function = functions.get(part)) {
      // The last index of a part is always 0.
      SmallVector<AffineExpr> dims;
      for (int64_t dim = 0; dim != outer; ++dim)
        dims.push_back(constantValue(shape(part)[dim]) == 1
                           ? builder.constant(0)
                           : builder.getAffineDimExpr(dim));
      dims.push_back(builder.constant(0));
      index.push_back(normalize(function.replaceDims(dims)));
    }
  if (!parts.empty() && index.size() == parts.size()) {
    int64_t gathered = parts.size();
    for (int64_t dim = gathered; dim < builder.rank(x); ++dim)
      index.push_back(builder.getAffineDimExpr(outer + dim - gathered));
    if (Value moved = gatherByFunctions(x, index, shape(op)))
      return set(op, moved);
  }
  // Tuples of one index are a gather along the first dimension.
  if (constantValue(shape(op.getIndices()).back()) != 1)
    return unsupported("index tuples that depend on data");
  Value indices = get(op.getIndices());
  indices = indices ? builder.reshape(location, indices,
                                      shape(op.getIndices()).drop_back())
                    : indices;
  return indices ? set(op, builder.make<GatherOp>(
                               location, builder.elementType(x), x, indices, 0))
                 : failure();
}
} // namespace mixbit
