//===- Linearize.cpp - Forward-mode differentiation -----------------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Differentiable.h"
#include "passes/sensitivity/FunctionPorts.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_LINEARIZE
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct Linearize : impl::LinearizeBase<Linearize> {
  void getDependentDialects(DialectRegistry &registry) const override {
    LinearizeBase::getDependentDialects(registry);
    registerDifferentiableModels(registry);
  }

  void runOnOperation() override {
    GraphBuilder builder(getOperation());
    if (failed(builder.computeShapes()) || failed(linearize(builder)))
      return signalPassFailure();
    eraseDeadOps(getOperation());
  }

private:
  LogicalResult linearize(GraphBuilder &builder) {
    func::FuncOp func = getOperation();
    Operation *end = func.getBody().front().getTerminator();
    SmallVector<Operation *> primal;
    for (Operation &op : func.getBody().front().without_terminator())
      primal.push_back(&op);
    builder.setInsertionPoint(end);
    tangents.clear();
    for (Operation *op : primal)
      if (failed(carryForward(builder, func, op)))
        return failure();

    // The tangents take the results' places.
    SmallVector<std::pair<std::string, Value>> results;
    for (auto [index, value] : llvm::enumerate(end->getOperands())) {
      if (!isa<FloatType>(builder.elementType(value)))
        continue;
      SmallVector<AffineExpr> shape(builder.shape(value));
      Value tangent = tangents.lookup(value);
      if (!tangent)
        tangent =
            zeros(builder, value.getLoc(), builder.elementType(value), shape);
      results.push_back({"d:" + resultName(func, index), tangent});
    }
    unsigned old = func.getNumResults();
    addResults(builder, func, results);
    llvm::BitVector dropped(func.getNumResults());
    dropped.set(0, old);
    end->eraseOperands(0, old);
    (void)func.eraseResults(dropped);
    return success();
  }

  LogicalResult carryForward(GraphBuilder &builder, func::FuncOp func,
                             Operation *op) {
    SmallVector<Value> parts;
    for (Value operand : op->getOperands())
      parts.push_back(tangents.lookup(operand));
    Value tangent;
    if (llvm::any_of(parts, [](Value part) { return (bool)part; })) {
      auto rules = dyn_cast<DifferentiableOpInterface>(op);
      if (!rules)
        return notDifferentiable(op, "there is no rule for this operation");
      if (failed(rules.buildTangent(builder, parts, tangent)))
        return failure();
    }
    if (auto name = op->getAttrOfType<StringAttr>(kLayerAttr)) {
      Value y = op->getResult(0);
      SmallVector<AffineExpr> shape(builder.shape(y));
      Value given = addArgument(builder, func, ("u:" + name.getValue()).str(),
                                builder.elementType(y), shape);
      tangent = addTerms(builder, op->getLoc(), tangent, given);
    }
    if (tangent)
      tangents[op->getResult(0)] = tangent;
    return success();
  }

  DenseMap<Value, Value> tangents;
};
} // namespace
} // namespace mixbit
