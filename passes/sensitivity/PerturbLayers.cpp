//===- PerturbLayers.cpp - Changes of layers' outputs as arguments --------===//
#include "passes/sensitivity/FunctionPorts.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_PERTURBLAYERS
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct PerturbLayers : impl::PerturbLayersBase<PerturbLayers> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    SmallVector<std::pair<std::string, Value>> inputs;
    for (Operation *layer : markedLayers(func)) {
      std::string name = layerName(layer);
      Value y = layer->getResult(0);
      SmallVector<AffineExpr> shape(builder.shape(y));
      Value change = addArgument(builder, func, "u:" + name,
                                 builder.elementType(y), shape);
      builder.setInsertionPointAfter(layer);
      Value sum = builder.binary(layer->getLoc(), BinaryKind::Add, y, change);
      y.replaceAllUsesExcept(sum, sum.getDefiningOp());
      inputs.push_back({"x:" + name, layerInput(layer)});
    }
    addResults(builder, func, inputs);
  }
};
} // namespace
} // namespace mixbit
