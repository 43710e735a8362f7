//===- GraphShapes.cpp - Symbolic shapes of the graph operations ----------===//
//
// Each operation computes the shapes of its results from those of its
// operands, as affine expressions over the function's symbols. Static extents
// are constants, so one code path serves both.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/Mixbit.h"

using namespace mlir;

namespace mixbit {
using Shapes = ArrayRef<SymbolicShape>;
using Results = SmallVectorImpl<SymbolicShape>;

static SymbolicShape fromMap(AffineMap map) {
  return SymbolicShape(map.getResults());
}

static std::string toString(AffineExpr expr) {
  std::string text;
  llvm::raw_string_ostream(text) << expr;
  return text;
}

/// Right-aligned broadcast, as numpy's: an extent of 1 gives way.
static LogicalResult broadcastShapes(Operation *op, Shapes shapes,
                                     Results &results) {
  size_t rank = 0;
  for (const SymbolicShape &shape : shapes)
    rank = std::max(rank, shape.size());
  AffineExpr one = getAffineConstantExpr(1, op->getContext());
  SymbolicShape &result = results.emplace_back(rank, one);
  for (const SymbolicShape &shape : shapes) {
    size_t skip = rank - shape.size();
    for (auto [index, extent] : llvm::enumerate(shape)) {
      AffineExpr &known = result[skip + index];
      if (extent == one || extent == known)
        continue;
      if (known != one && isa<AffineConstantExpr>(known) &&
          isa<AffineConstantExpr>(extent))
        return op->emitOpError()
               << "expected shapes that broadcast, but got " << toString(known)
               << " and " << toString(extent) << " in dimension "
               << skip + index;
      // A symbol against a constant: only the constant can hold at run time,
      // unless one of them is 1 then, which the runtime rejects.
      if (known == one || isa<AffineConstantExpr>(extent))
        known = extent;
    }
  }
  return success();
}

#define SAME_AS_FIRST(OP)                                                      \
  LogicalResult OP::inferSymbolicShapes(Shapes operands, Results &results) {   \
    results.push_back(operands[0]);                                            \
    return success();                                                          \
  }
SAME_AS_FIRST(LayerNormOp)
SAME_AS_FIRST(SoftmaxOp)
SAME_AS_FIRST(UnaryOp)
SAME_AS_FIRST(CastOp)
#undef SAME_AS_FIRST

#define BROADCASTS(OP)                                                         \
  LogicalResult OP::inferSymbolicShapes(Shapes operands, Results &results) {   \
    return broadcastShapes(*this, operands, results);                          \
  }
BROADCASTS(BinaryOp)
BROADCASTS(SelectOp)
#undef BROADCASTS

LogicalResult QuantizedConstantOp::inferSymbolicShapes(Shapes,
                                                       Results &results) {
  SymbolicShape &shape = results.emplace_back();
  for (int64_t extent : cast<RankedTensorType>(getType()).getShape())
    shape.push_back(getAffineConstantExpr(extent, getContext()));
  return success();
}

LogicalResult DimValueOp::inferSymbolicShapes(Shapes, Results &results) {
  SymbolicShape &shape = results.emplace_back();
  if (cast<RankedTensorType>(getType()).getRank() == 1)
    shape.push_back(
        getAffineConstantExpr(getValues().getNumResults(), getContext()));
  return success();
}

LogicalResult IotaOp::inferSymbolicShapes(Shapes, Results &results) {
  results.push_back(fromMap(getSize()));
  return success();
}

LogicalResult LinearOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape &shape = results.emplace_back(operands[0]);
  shape.back() = operands[1][0];
  return success();
}

LogicalResult QuantizeRowsOp::inferSymbolicShapes(Shapes operands,
                                                  Results &results) {
  results.push_back(operands[0]);
  SymbolicShape rows = operands[0];
  rows.pop_back();
  results.push_back(rows);
  return success();
}

LogicalResult QuantizeOp::inferSymbolicShapes(Shapes operands,
                                              Results &results) {
  results.push_back(operands[0]);
  return success();
}

LogicalResult QuantizedLinearOp::inferSymbolicShapes(Shapes operands,
                                                     Results &results) {
  SymbolicShape &shape = results.emplace_back(operands[0]);
  shape.back() = operands[2][0];
  return success();
}

LogicalResult MatmulOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape lhs = operands[0], rhs = operands[1];
  AffineExpr rows = lhs[lhs.size() - 2];
  AffineExpr columns = rhs[rhs.size() - (getTransposeRhs() ? 2 : 1)];
  lhs.truncate(lhs.size() - 2);
  rhs.truncate(rhs.size() - 2);
  if (failed(broadcastShapes(*this, {lhs, rhs}, results)))
    return failure();
  results.back().append({rows, columns});
  return success();
}

LogicalResult EmbeddingOp::inferSymbolicShapes(Shapes operands,
                                               Results &results) {
  results.push_back(operands[1]);
  results.back().push_back(operands[0][1]);
  return success();
}

LogicalResult AttentionOp::inferSymbolicShapes(Shapes operands,
                                               Results &results) {
  results.push_back(operands[0]);
  results.back().back() = operands[2].back();
  return success();
}

/// (in + pads - dilation (window - 1) - 1) / stride + 1 for each spatial
/// dimension, appended to `shape`.
static void appendWindowed(ArrayRef<AffineExpr> spatial,
                           ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                           ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations,
                           SymbolicShape &shape) {
  size_t rank = spatial.size();
  for (size_t i = 0; i != rank; ++i)
    shape.push_back((spatial[i] + pads[i] + pads[rank + i] -
                     dilations[i] * (window[i] - 1) - 1)
                        .floorDiv(strides[i]) +
                    1);
}

LogicalResult ConvOp::inferSymbolicShapes(Shapes operands, Results &results) {
  auto weight = cast<RankedTensorType>(getWeight().getType());
  SymbolicShape &shape = results.emplace_back();
  shape.append({operands[0][0], operands[1][0]});
  appendWindowed(ArrayRef(operands[0]).drop_front(2),
                 weight.getShape().drop_front(2), getStrides(), getPads(),
                 getDilations(), shape);
  return success();
}

LogicalResult PoolOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape &shape = results.emplace_back();
  shape.append({operands[0][0], operands[0][1]});
  appendWindowed(ArrayRef(operands[0]).drop_front(2), getWindow(), getStrides(),
                 getPads(), getDilations(), shape);
  return success();
}

LogicalResult ReduceOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape &shape = results.emplace_back();
  for (auto [index, extent] : llvm::enumerate(operands[0])) {
    if (!llvm::is_contained(getAxes(), (int64_t)index))
      shape.push_back(extent);
    else if (getKeepDims())
      shape.push_back(getAffineConstantExpr(1, getContext()));
  }
  return success();
}

LogicalResult ReshapeOp::inferSymbolicShapes(Shapes, Results &results) {
  results.push_back(fromMap(getShape()));
  return success();
}

LogicalResult BroadcastOp::inferSymbolicShapes(Shapes, Results &results) {
  results.push_back(fromMap(getShape()));
  return success();
}

LogicalResult TransposeOp::inferSymbolicShapes(Shapes operands,
                                               Results &results) {
  SymbolicShape &shape = results.emplace_back();
  for (int64_t source : getPermutation())
    shape.push_back(operands[0][source]);
  return success();
}

LogicalResult SliceOp::inferSymbolicShapes(Shapes, Results &results) {
  results.push_back(fromMap(getSizes()));
  return success();
}

LogicalResult ConcatOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape &shape = results.emplace_back(operands[0]);
  for (const SymbolicShape &other : operands.drop_front())
    shape[getAxis()] = shape[getAxis()] + other[getAxis()];
  return success();
}

LogicalResult GatherOp::inferSymbolicShapes(Shapes operands, Results &results) {
  SymbolicShape &shape = results.emplace_back();
  ArrayRef<AffineExpr> data = operands[0];
  llvm::append_range(shape, data.take_front(getAxis()));
  llvm::append_range(shape, operands[1]);
  llvm::append_range(shape, data.drop_front(getAxis() + 1));
  return success();
}
} // namespace mixbit
