//===- Differentiable.cpp - What the rules of differentiation share -------===//
#include "passes/sensitivity/Differentiable.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

#include "passes/sensitivity/DifferentiableInterface.cpp.inc"

namespace mixbit {
static void attachRules(MLIRContext *context, MixbitDialect *) {
  attachElementwiseRules(context);
  attachContractionRules(context);
  attachMovementRules(context);
  attachReductionRules(context);
  attachWindowRules(context);
}

void registerDifferentiableModels(DialectRegistry &registry) {
  registry.insert<MixbitDialect, arith::ArithDialect>();
  registry.addExtension(attachRules);
}

Value addTerms(GraphBuilder &builder, Location loc, Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return builder.binary(loc, BinaryKind::Add, lhs, rhs);
}

Value scaled(GraphBuilder &builder, Location loc, Value x, double factor) {
  return builder.binary(loc, BinaryKind::Mul, x,
                        builder.scalar(loc, factor, builder.elementType(x)));
}

Value zeros(GraphBuilder &builder, Location loc, Type element,
            ArrayRef<AffineExpr> extents) {
  SmallVector<AffineExpr> shape(extents);
  return builder.broadcast(loc, builder.scalar(loc, 0, element), shape);
}

Value sumTo(GraphBuilder &builder, Location loc, Value x,
            ArrayRef<AffineExpr> to) {
  // New operations may move the builder's table of shapes.
  SmallVector<AffineExpr> from(builder.shape(x)), shape(to);
  size_t skip = from.size() - shape.size();
  SmallVector<int64_t> axes;
  for (size_t i = 0; i != from.size(); ++i)
    if (i < skip ||
        (constantValue(shape[i - skip]) == 1 && constantValue(from[i]) != 1))
      axes.push_back(i);
  if (!axes.empty())
    x = builder.make<ReduceOp>(loc, builder.elementType(x), x, ReduceKind::Add,
                               axes, /*keep_dims=*/true);
  return builder.reshape(loc, x, shape);
}

Value reduceAxis(GraphBuilder &builder, Location loc, ReduceKind kind, Value x,
                 int64_t axis) {
  return builder.make<ReduceOp>(loc, builder.elementType(x), x, kind,
                                ArrayRef<int64_t>(axis), /*keep_dims=*/true);
}

Value withOperands(GraphBuilder &builder, Operation *op, ValueRange operands) {
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(op->getResultTypes());
  state.addAttributes(op->getAttrs());
  Operation *copy = builder.create(state);
  for (auto [result, original] :
       llvm::zip(copy->getResults(), op->getResults()))
    builder.setShape(result, builder.shape(original));
  return copy->getResult(0);
}

LogicalResult notDifferentiable(Operation *op, const Twine &why) {
  return emitNodeError(op) << "has no derivative: " << why;
}
} // namespace mixbit
