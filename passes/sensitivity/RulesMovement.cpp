//===- RulesMovement.cpp - Derivatives of moving data ---------------------===//
//
// These are linear: a tangent moves as its value does.
//
//===----------------------------------------------------------------------===//
#include "passes/sensitivity/Differentiable.h"

using namespace mlir;

namespace mixbit {
namespace {
/// The tangent of an operation that is linear in its only operand, or in the
/// first one.
template <typename Model, typename Op>
struct MovementRules : DifferentiableOpInterface::ExternalModel<Model, Op> {
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    if (!tangents[0])
      return success();
    SmallVector<Value> operands(op->getOperands());
    operands[0] = tangents[0];
    tangent = withOperands(builder, op, operands);
    return success();
  }
};

struct ReshapeRules : MovementRules<ReshapeRules, ReshapeOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    SmallVector<AffineExpr> shape(builder.shape(op->getOperand(0)));
    gradients.push_back(builder.reshape(op->getLoc(), g, shape));
    return success();
  }
};

struct BroadcastRules : MovementRules<BroadcastRules, BroadcastOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    SmallVector<AffineExpr> shape(builder.shape(op->getOperand(0)));
    gradients.push_back(sumTo(builder, op->getLoc(), g, shape));
    return success();
  }
};

struct TransposeRules : MovementRules<TransposeRules, TransposeOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    ArrayRef<int64_t> permutation = cast<TransposeOp>(op).getPermutation();
    SmallVector<int64_t> inverse(permutation.size());
    for (auto [to, from] : llvm::enumerate(permutation))
      inverse[from] = to;
    gradients.push_back(builder.transpose(op->getLoc(), g, inverse));
    return success();
  }
};

struct SliceRules : MovementRules<SliceRules, SliceOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    auto slice = cast<SliceOp>(op);
    if (llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
      return notDifferentiable(op, "a slice with steps other than 1 has no "
                                   "rule yet");
    SmallVector<AffineExpr> shape(builder.shape(slice.getX()));
    for (size_t dim = 0; dim != shape.size(); ++dim) {
      AffineExpr start = normalize(slice.getStarts().getResult(dim));
      AffineExpr size = normalize(slice.getSizes().getResult(dim));
      g = pad(builder, op->getLoc(), g, dim, start,
              normalize(shape[dim] - start - size));
    }
    gradients.push_back(g);
    return success();
  }
  /// Zeros in front of and behind a tensor.
  static Value pad(GraphBuilder &builder, Location loc, Value x, size_t dim,
                   AffineExpr before, AffineExpr after) {
    SmallVector<Value> parts;
    auto addZeros = [&](AffineExpr extent) {
      if (constantValue(extent) == 0)
        return;
      SmallVector<AffineExpr> shape(builder.shape(x));
      shape[dim] = extent;
      parts.push_back(zeros(builder, loc, builder.elementType(x), shape));
    };
    addZeros(before);
    parts.push_back(x);
    addZeros(after);
    if (parts.size() == 1)
      return x;
    return builder.make<ConcatOp>(loc, builder.elementType(x), parts, dim);
  }
};

struct ConcatRules
    : DifferentiableOpInterface::ExternalModel<ConcatRules, ConcatOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    int64_t axis = cast<ConcatOp>(op).getAxis();
    AffineExpr start = builder.constant(0);
    for (auto [index, input] : llvm::enumerate(op->getOperands())) {
      SmallVector<AffineExpr> sizes(builder.shape(input));
      SmallVector<AffineExpr> starts(sizes.size(), builder.constant(0));
      starts[axis] = start;
      start = normalize(start + sizes[axis]);
      SmallVector<int64_t> steps(sizes.size(), 1);
      gradients.push_back(wanted[index]
                              ? builder.make<SliceOp>(op->getLoc(),
                                                      builder.elementType(g), g,
                                                      builder.map(starts),
                                                      builder.map(sizes), steps)
                              : Value());
    }
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    SmallVector<Value> parts;
    for (auto [input, part] : llvm::zip(op->getOperands(), tangents)) {
      SmallVector<AffineExpr> shape(builder.shape(input));
      parts.push_back(part ? part
                           : zeros(builder, op->getLoc(),
                                   builder.elementType(input), shape));
    }
    tangent = withOperands(builder, op, parts);
    return success();
  }
};

/// Only the tangent: the gradient would scatter.
struct GatherRules : MovementRules<GatherRules, GatherOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &, Value,
                               ArrayRef<bool>, SmallVectorImpl<Value> &) const {
    return notDifferentiable(op, "a gather of computed data has no rule yet");
  }
};
} // namespace

void attachMovementRules(MLIRContext *context) {
  ReshapeOp::attachInterface<ReshapeRules>(*context);
  BroadcastOp::attachInterface<BroadcastRules>(*context);
  TransposeOp::attachInterface<TransposeRules>(*context);
  SliceOp::attachInterface<SliceRules>(*context);
  ConcatOp::attachInterface<ConcatRules>(*context);
  GatherOp::attachInterface<GatherRules>(*context);
}
} // namespace mixbit
