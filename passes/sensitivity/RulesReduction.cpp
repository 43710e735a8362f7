//===- RulesReduction.cpp - Derivatives of reductions and normalizations --===//
#include "passes/sensitivity/Differentiable.h"

using namespace mlir;

namespace mixbit {
namespace {
struct ReduceRules
    : DifferentiableOpInterface::ExternalModel<ReduceRules, ReduceOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    auto reduce = cast<ReduceOp>(op);
    Location loc = op->getLoc();
    Value x = reduce.getX();
    SmallVector<AffineExpr> shape(builder.shape(x));
    switch (reduce.getKind()) {
    case ReduceKind::Mul:
      return notDifferentiable(op, "a product has no rule yet");
    case ReduceKind::Max:
    case ReduceKind::Min:
      g = builder.reshape(loc, g, keptShape(builder, reduce));
      gradients.push_back(
          builder.binary(loc, BinaryKind::Mul, share(builder, reduce), g));
      return success();
    case ReduceKind::Mean:
      g = builder.binary(loc, BinaryKind::Mul, g,
                         inverseCount(builder, reduce));
      break;
    case ReduceKind::Add:
      break;
    }
    g = builder.reshape(loc, g, keptShape(builder, reduce));
    gradients.push_back(builder.broadcast(loc, g, shape));
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto reduce = cast<ReduceOp>(op);
    Location loc = op->getLoc();
    switch (reduce.getKind()) {
    case ReduceKind::Mul:
      return notDifferentiable(op, "a product has no rule yet");
    case ReduceKind::Max:
    case ReduceKind::Min:
      tangent = builder.make<ReduceOp>(
          loc, builder.elementType(tangents[0]),
          builder.binary(loc, BinaryKind::Mul, share(builder, reduce),
                         tangents[0]),
          ReduceKind::Add, reduce.getAxes(), reduce.getKeepDims());
      return success();
    case ReduceKind::Mean:
    case ReduceKind::Add:
      tangent = withOperands(builder, op, tangents[0]);
      return success();
    }
    return success();
  }

  /// The result's shape with the reduced dimensions as 1.
  static SmallVector<AffineExpr> keptShape(GraphBuilder &builder, ReduceOp op) {
    SmallVector<AffineExpr> shape(builder.shape(op.getX()));
    for (int64_t axis : op.getAxes())
      shape[axis] = builder.constant(1);
    return shape;
  }
  /// 1 / how many elements a mean has, as a scalar or with the result's shape.
  static Value inverseCount(GraphBuilder &builder, ReduceOp op) {
    Location loc = op.getLoc();
    Type type = builder.elementType(op.getX());
    SmallVector<AffineExpr> extents;
    for (int64_t axis : op.getAxes())
      extents.push_back(builder.shape(op.getX())[axis]);
    AffineExpr count = product(extents, builder.getContext());
    if (std::optional<int64_t> number = constantValue(count))
      return builder.scalar(loc, 1.0 / *number, type);
    // Symbolic: the elements are counted.
    Value hits = builder.cast(
        loc, builder.binary(loc, BinaryKind::Equal, op.getX(), op.getX()),
        type);
    Value sum = builder.make<ReduceOp>(loc, type, hits, ReduceKind::Add,
                                       op.getAxes(), op.getKeepDims());
    return builder.unary(loc, UnaryKind::Reciprocal, sum);
  }
  /// What each element gets of the gradient of a maximum: equal ones share it.
  static Value share(GraphBuilder &builder, ReduceOp op) {
    Location loc = op.getLoc();
    Type type = builder.elementType(op.getX());
    Value best = builder.reshape(loc, op.getResult(), keptShape(builder, op));
    Value hits = builder.cast(
        loc, builder.binary(loc, BinaryKind::Equal, op.getX(), best), type);
    Value count = builder.make<ReduceOp>(loc, type, hits, ReduceKind::Add,
                                         op.getAxes(), /*keep_dims=*/true);
    return builder.binary(loc, BinaryKind::Div, hits, count);
  }
};

/// The Jacobian of a softmax is symmetric: s * (v - sum(s * v)).
struct SoftmaxRules
    : DifferentiableOpInterface::ExternalModel<SoftmaxRules, SoftmaxOp> {
  static Value apply(GraphBuilder &builder, SoftmaxOp op, Value v) {
    Location loc = op.getLoc();
    Value s = op.getResult();
    Value sum =
        reduceAxis(builder, loc, ReduceKind::Add,
                   builder.binary(loc, BinaryKind::Mul, s, v), op.getAxis());
    return builder.binary(loc, BinaryKind::Mul, s,
                          builder.binary(loc, BinaryKind::Sub, v, sum));
  }
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    gradients.push_back(apply(builder, cast<SoftmaxOp>(op), g));
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    tangent = apply(builder, cast<SoftmaxOp>(op), tangents[0]);
    return success();
  }
};

/// With n = (x - mean) / sigma, the Jacobian of n is symmetric:
/// (v - mean(v) - n * mean(n * v)) / sigma.
struct LayerNormRules
    : DifferentiableOpInterface::ExternalModel<LayerNormRules, LayerNormOp> {
  struct Normalized {
    Value n, inverseSigma;
  };
  static Normalized normalized(GraphBuilder &builder, LayerNormOp op) {
    Location loc = op.getLoc();
    Value x = op.getX();
    int64_t axis = builder.rank(x) - 1;
    Value mean = reduceAxis(builder, loc, ReduceKind::Mean, x, axis);
    Value centered = builder.binary(loc, BinaryKind::Sub, x, mean);
    Value variance = reduceAxis(
        builder, loc, ReduceKind::Mean,
        builder.binary(loc, BinaryKind::Mul, centered, centered), axis);
    Value epsilon = builder.scalar(loc, op.getEpsilon().convertToDouble(),
                                   builder.elementType(x));
    Value inverse =
        builder.unary(loc, UnaryKind::Rsqrt,
                      builder.binary(loc, BinaryKind::Add, variance, epsilon));
    return {builder.binary(loc, BinaryKind::Mul, centered, inverse), inverse};
  }
  static Value apply(GraphBuilder &builder, LayerNormOp op,
                     const Normalized &at, Value v) {
    Location loc = op.getLoc();
    int64_t axis = builder.rank(v) - 1;
    Value mean = reduceAxis(builder, loc, ReduceKind::Mean, v, axis);
    Value along =
        reduceAxis(builder, loc, ReduceKind::Mean,
                   builder.binary(loc, BinaryKind::Mul, at.n, v), axis);
    Value rest = builder.binary(
        loc, BinaryKind::Sub, builder.binary(loc, BinaryKind::Sub, v, mean),
        builder.binary(loc, BinaryKind::Mul, at.n, along));
    return builder.binary(loc, BinaryKind::Mul, rest, at.inverseSigma);
  }
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    auto norm = cast<LayerNormOp>(op);
    Location loc = op->getLoc();
    Normalized at = normalized(builder, norm);
    Value x, gamma;
    if (wanted[0])
      x = apply(builder, norm, at,
                builder.binary(loc, BinaryKind::Mul, g, norm.getGamma()));
    if (wanted[1])
      gamma = sumTo(builder, loc, builder.binary(loc, BinaryKind::Mul, g, at.n),
                    builder.shape(norm.getGamma()));
    gradients.append({x, gamma});
    if (norm.getBeta())
      gradients.push_back(
          wanted[2] ? sumTo(builder, loc, g, builder.shape(norm.getBeta()))
                    : Value());
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto norm = cast<LayerNormOp>(op);
    Location loc = op->getLoc();
    Normalized at = normalized(builder, norm);
    if (tangents[0])
      tangent = builder.binary(loc, BinaryKind::Mul,
                               apply(builder, norm, at, tangents[0]),
                               norm.getGamma());
    if (tangents[1])
      tangent =
          addTerms(builder, loc, tangent,
                   builder.binary(loc, BinaryKind::Mul, at.n, tangents[1]));
    if (norm.getBeta() && tangents[2])
      tangent = addTerms(
          builder, loc, tangent,
          builder.broadcast(loc, tangents[2], builder.shape(op->getResult(0))));
    return success();
  }
};
} // namespace

void attachReductionRules(MLIRContext *context) {
  ReduceOp::attachInterface<ReduceRules>(*context);
  SoftmaxOp::attachInterface<SoftmaxRules>(*context);
  LayerNormOp::attachInterface<LayerNormRules>(*context);
}
} // namespace mixbit
