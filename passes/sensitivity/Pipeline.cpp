//===- Pipeline.cpp - The sensitivity stage -------------------------------===//
#include "passes/sensitivity/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/sensitivity/Passes.h.inc"

void buildDifferentiatePipeline(OpPassManager &manager,
                                const MarkLayersOptions &layers,
                                const DifferentiateOptions &options,
                                bool second) {
  OpPassManager &nested = manager.nest<func::FuncOp>();
  nested.addPass(createMarkLayers(layers));
  nested.addPass(createDecomposeAttention());
  nested.addPass(createDifferentiate(options));
  // Rules repeat what they need of the forward computation.
  nested.addPass(createCSEPass());
  if (!second)
    return;
  nested.addPass(createLinearize());
  nested.addPass(createCSEPass());
}

void registerSensitivityPasses() {
  registerMixbitSensitivityPasses();
  PassPipelineRegistration<>(
      "mixbit-gradients", "From the graph to one that returns gradients",
      [](OpPassManager &manager) {
        buildDifferentiatePipeline(manager, {}, {}, /*second=*/false);
      });
  PassPipelineRegistration<>(
      "mixbit-hessian",
      "From the graph to one that returns directional derivatives of gradients",
      [](OpPassManager &manager) {
        buildDifferentiatePipeline(manager, {}, {}, /*second=*/true);
      });
}
} // namespace mixbit
