//===- RulesContractions.cpp - Derivatives of products --------------------===//
#include "passes/sensitivity/Differentiable.h"
#include "passes/simplify/Constants.h"

using namespace mlir;

namespace mixbit {
/// x times the transpose of a run-time matrix, for x of any rank.
static Value timesTransposed(GraphBuilder &builder, Location loc, Value x,
                             Value matrix) {
  SmallVector<AffineExpr> result(builder.shape(x));
  result.back() = builder.shape(matrix)[0];
  if (builder.rank(x) == 1)
    x = builder.reshape(loc, x, {builder.constant(1), builder.shape(x)[0]});
  Value product =
      builder.make<MatmulOp>(loc, builder.elementType(x), x, matrix, true);
  return builder.reshape(loc, product, result);
}

/// [..., C] as [rows, C].
static Value asMatrix(GraphBuilder &builder, Location loc, Value x) {
  ArrayRef<AffineExpr> shape = builder.shape(x);
  AffineExpr columns = shape.back();
  AffineExpr rows = product(shape.drop_back(), builder.getContext());
  return builder.reshape(loc, x, {rows, columns});
}

/// The transpose of a weight, made once at compile time if it is a constant.
static Value transposedWeight(GraphBuilder &builder, Value weight) {
  Location loc = weight.getLoc();
  if (ElementsAttr data = constantElements(weight))
    if (ElementsAttr transposed = transposeElements(data))
      return builder.constantOf(loc, transposed);
  return builder.transposeMatrix(loc, weight);
}

namespace {
struct LinearRules
    : DifferentiableOpInterface::ExternalModel<LinearRules, LinearOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    auto linear = cast<LinearOp>(op);
    Location loc = op->getLoc();
    if (!isFloat(linear))
      return notDifferentiable(op, "its weight is quantized");
    Value x, weight;
    if (wanted[0])
      x = builder.make<LinearOp>(loc, builder.elementType(g), g,
                                 transposedWeight(builder, linear.getWeight()),
                                 Value(), ActivationsAttr(), SensitivityAttr(),
                                 FormatAttr());
    if (wanted[1])
      weight = builder.make<MatmulOp>(
          loc, builder.elementType(g),
          builder.transposeMatrix(loc, asMatrix(builder, loc, g)),
          asMatrix(builder, loc, linear.getX()), false);
    gradients.append({x, weight});
    if (linear.getBias())
      gradients.push_back(
          wanted[2] ? sumTo(builder, loc, g, builder.shape(linear.getBias()))
                    : Value());
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto linear = cast<LinearOp>(op);
    Location loc = op->getLoc();
    if (!isFloat(linear))
      return notDifferentiable(op, "its weight is quantized");
    if (tangents[0])
      tangent = builder.make<LinearOp>(loc, builder.elementType(tangents[0]),
                                       tangents[0], linear.getWeight(), Value(),
                                       ActivationsAttr(), SensitivityAttr(),
                                       FormatAttr());
    if (tangents[1])
      tangent =
          addTerms(builder, loc, tangent,
                   timesTransposed(builder, loc, linear.getX(), tangents[1]));
    if (linear.getBias() && tangents[2])
      tangent = addTerms(
          builder, loc, tangent,
          builder.broadcast(loc, tangents[2], builder.shape(op->getResult(0))));
    return success();
  }
  static bool isFloat(LinearOp op) {
    return isa<FloatType>(getElementTypeOrSelf(op.getWeight().getType()));
  }
};

struct MatmulRules
    : DifferentiableOpInterface::ExternalModel<MatmulRules, MatmulOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    auto matmul = cast<MatmulOp>(op);
    Location loc = op->getLoc();
    Type type = builder.elementType(g);
    Value lhs = matmul.getLhs(), rhs = matmul.getRhs(), left, right;
    bool transposed = matmul.getTransposeRhs();
    if (wanted[0])
      left = sumTo(builder, loc,
                   builder.make<MatmulOp>(loc, type, g, rhs, !transposed),
                   builder.shape(lhs));
    if (wanted[1]) {
      Value from = builder.transposeMatrix(loc, transposed ? g : lhs);
      right = sumTo(
          builder, loc,
          builder.make<MatmulOp>(loc, type, from, transposed ? lhs : g, false),
          builder.shape(rhs));
    }
    gradients.append({left, right});
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto matmul = cast<MatmulOp>(op);
    if (tangents[0])
      tangent = withOperands(builder, op, {tangents[0], matmul.getRhs()});
    if (tangents[1])
      tangent =
          addTerms(builder, op->getLoc(), tangent,
                   withOperands(builder, op, {matmul.getLhs(), tangents[1]}));
    return success();
  }
};
} // namespace

void attachContractionRules(MLIRContext *context) {
  LinearOp::attachInterface<LinearRules>(*context);
  MatmulOp::attachInterface<MatmulRules>(*context);
}
} // namespace mixbit
