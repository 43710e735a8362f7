//===- ParameterizeLayers.cpp - Weights as arguments ----------------------===//
#include "passes/sensitivity/FunctionPorts.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_PARAMETERIZELAYERS
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct ParameterizeLayers : impl::ParameterizeLayersBase<ParameterizeLayers> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    llvm::DenseMap<Value, Value> arguments;
    for (Operation *layer : markedLayers(func)) {
      bool isTable = isa<EmbeddingOp>(layer);
      OpOperand &operand = isTable ? cast<EmbeddingOp>(layer).getTableMutable()
                                   : cast<LinearOp>(layer).getWeightMutable();
      Value weight = operand.get();
      Value &argument = arguments[weight];
      if (!argument)
        argument = addArgument(builder, func, "w:" + layerName(layer),
                               builder.elementType(weight),
                               SmallVector<AffineExpr>(builder.shape(weight)));
      operand.set(argument);
      if (isTable)
        layer->removeAttr(kLayerAttr);
    }
    eraseDeadOps(func);
  }
};
} // namespace
} // namespace mixbit
