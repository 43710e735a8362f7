//===- Differentiate.cpp - Reverse-mode differentiation -------------------===//
//
// Values that depend on a marked linear are active; gradients are carried back
// along them only, and not beyond the first marked linear on a path.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Differentiable.h"
#include "passes/sensitivity/FunctionPorts.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct Differentiate : impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    DifferentiateBase::getDependentDialects(registry);
    registerDifferentiableModels(registry);
  }

  void runOnOperation() override {
    GraphBuilder builder(getOperation());
    if (failed(builder.computeShapes()) || failed(differentiate(builder)))
      return signalPassFailure();
    eraseDeadOps(getOperation());
  }

private:
  LogicalResult differentiate(GraphBuilder &builder) {
    func::FuncOp func = getOperation();
    Operation *end = func.getBody().front().getTerminator();
    int64_t output = this->output;
    if (output < 0 || output >= (int64_t)end->getNumOperands())
      return func.emitError()
             << "output: expected the index of one of " << end->getNumOperands()
             << " results, but got " << output;
    Value logits = end->getOperand(output);
    if (!isa<FloatType>(builder.elementType(logits)) ||
        builder.rank(logits) == 0)
      return func.emitError() << "expected logits of floats with a dimension "
                                 "of classes, but got "
                              << logits.getType();
    for (Operation *layer : markedLayers(func))
      lookUpForEach(builder, layer);
    SmallVector<Operation *> layers = markedLayers(func);
    if (layers.empty())
      return func.emitError()
             << "expected a linear with a constant weight to differentiate by, "
                "but got none";
    SmallVector<Operation *> forward;
    for (Operation &op : func.getBody().front().without_terminator())
      forward.push_back(&op);
    findActive(forward);

    builder.setInsertionPoint(end);
    SmallVector<AffineExpr> shape(builder.shape(logits));
    Value targets = addArgument(builder, func, "targets",
                                builder.elementType(logits), shape);
    gradients.clear();
    if (active.contains(logits))
      gradients[logits] = seed(builder, logits, targets);
    SmallVector<std::pair<std::string, Value>> points;
    if (this->points)
      points = matchPoints(builder, forward);
    for (Operation *op : llvm::reverse(forward))
      if (failed(carryBack(builder, op)))
        return failure();
    SmallVector<std::pair<std::string, Value>> results;
    for (Operation *layer : layers) {
      std::string name = layerName(layer);
      Value y = layer->getResult(0), gradient = gradients.lookup(y);
      SmallVector<AffineExpr> extents(builder.shape(y));
      if (!gradient) // the loss does not depend on it
        gradient =
            zeros(builder, layer->getLoc(), builder.elementType(y), extents);
      results.push_back({"x:" + name, layerInput(layer)});
      results.push_back({"dy:" + name, gradient});
    }
    addResults(builder, func, results);
    addResults(builder, func, points);
    return success();
  }

  /// Adds to the gradients at results of normalizations those of their distance
  /// from targets.
  SmallVector<std::pair<std::string, Value>>
  matchPoints(GraphBuilder &builder, ArrayRef<Operation *> forward) {
    SmallVector<std::pair<std::string, Value>> points;
    for (Operation *op : forward) {
      if (!isa<LayerNormOp>(op) || !active.contains(op->getResult(0)))
        continue;
      Value h = op->getResult(0);
      Location loc = op->getLoc();
      std::string index = std::to_string(points.size());
      SmallVector<AffineExpr> shape(builder.shape(h));
      Value target = addArgument(builder, getOperation(), "target:" + index,
                                 builder.elementType(h), shape);
      shape.back() = builder.constant(1);
      Value pull = addArgument(builder, getOperation(), "pull:" + index,
                               builder.elementType(h), shape);
      Value part =
          builder.binary(loc, BinaryKind::Mul,
                         builder.binary(loc, BinaryKind::Sub, h, target), pull);
      Value &sum = gradients[h];
      sum = addTerms(builder, loc, sum, part);
      points.push_back({"point:" + index, h});
    }
    return points;
  }

  /// An embedding that is added to something larger is looked up in the larger
  /// shape, so that the gradient at it is not summed over what it was stretched
  /// along.
  static void lookUpForEach(GraphBuilder &builder, Operation *op) {
    auto embedding = dyn_cast<EmbeddingOp>(op);
    if (!embedding || !embedding.getResult().hasOneUse())
      return;
    auto sum = dyn_cast<BinaryOp>(*embedding.getResult().user_begin());
    if (!sum || sum.getKind() != BinaryKind::Add)
      return;
    SmallVector<AffineExpr> shape(builder.shape(sum.getResult()));
    if (builder.sameShape(builder.shape(embedding.getResult()), shape) ||
        !provablyEqual(builder.shape(embedding.getResult()).back(),
                       shape.back()))
      return;
    shape.pop_back();
    builder.setInsertionPoint(op);
    Value ids = builder.broadcast(op->getLoc(), embedding.getIds(), shape);
    Value result = builder.make<EmbeddingOp>(
        op->getLoc(), builder.elementType(embedding.getResult()),
        embedding.getTable(), ids, SensitivityAttr(), FormatAttr());
    result.getDefiningOp()->setAttr(kLayerAttr, op->getAttr(kLayerAttr));
    embedding.getResult().replaceAllUsesWith(result);
    op->erase();
  }

  void findActive(ArrayRef<Operation *> forward) {
    active.clear();
    needed.clear();
    for (Operation *op : forward) {
      bool depends = llvm::any_of(op->getOperands(),
                                  [&](Value v) { return active.contains(v); });
      if (depends)
        needed.insert(op);
      if (depends || op->hasAttr(kLayerAttr))
        for (Value result : op->getResults())
          active.insert(result);
    }
  }

  /// d loss / d logits: softmax(z) * sum(t) - t.
  static Value seed(GraphBuilder &builder, Value logits, Value targets) {
    Location loc = logits.getLoc();
    Type type = builder.elementType(logits);
    int64_t axis = builder.rank(logits) - 1;
    Value p = builder.make<SoftmaxOp>(loc, type, logits, axis);
    Value total = reduceAxis(builder, loc, ReduceKind::Add, targets, axis);
    return builder.binary(loc, BinaryKind::Sub,
                          builder.binary(loc, BinaryKind::Mul, p, total),
                          targets);
  }

  /// Adds the gradients of an operation's active operands to theirs.
  LogicalResult carryBack(GraphBuilder &builder, Operation *op) {
    if (!needed.contains(op))
      return success();
    Value gradient;
    for (Value result : op->getResults())
      if (Value found = gradients.lookup(result))
        gradient = found;
    if (!gradient)
      return success();
    SmallVector<bool> wanted;
    for (Value operand : op->getOperands())
      wanted.push_back(active.contains(operand) &&
                       isa<FloatType>(builder.elementType(operand)));
    if (!llvm::is_contained(wanted, true))
      return success();
    auto rules = dyn_cast<DifferentiableOpInterface>(op);
    if (!rules)
      return notDifferentiable(op, "there is no rule for this operation");
    SmallVector<Value> parts;
    if (failed(rules.buildGradients(builder, gradient, wanted, parts)))
      return failure();
    for (auto [operand, isWanted, part] :
         llvm::zip(op->getOperands(), wanted, parts)) {
      if (!isWanted || !part)
        continue;
      Value &sum = gradients[operand];
      sum = addTerms(builder, op->getLoc(), sum, part);
    }
    return success();
  }

  llvm::DenseSet<Value> active;
  /// Operations with an active operand.
  llvm::DenseSet<Operation *> needed;
  DenseMap<Value, Value> gradients;
};
} // namespace
} // namespace mixbit
