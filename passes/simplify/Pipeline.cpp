//===- Pipeline.cpp - The stage from onnx to the graph --------------------===//
#include "passes/simplify/Passes.h"

#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/simplify/Passes.h.inc"

void buildSimplifyPipeline(OpPassManager &manager,
                           const SimplifyOptions &options) {
  OpPassManager &nested = manager.nest<func::FuncOp>();
  nested.addPass(createLowerOnnx());
  // Recovery follows uses, so equal subexpressions have to be one value.
  nested.addPass(createFoldGraph());
  nested.addPass(createCSEPass());
  // Weights behind quantizers become constants before linears look for them.
  nested.addPass(createFoldConstants());
  nested.addPass(createRecoverLayerNorm());
  nested.addPass(createRecoverActivations());
  nested.addPass(createRecoverEmbedding());
  nested.addPass(createRecoverLinear());
  nested.addPass(createFoldGraph());
  nested.addPass(createRecoverAttention());
  nested.addPass(createFoldGraph());
  nested.addPass(createCSEPass());
  if (options.exposeLayers)
    nested.addPass(createExposeLayers());
  nested.addPass(createVerifyGraph());
  if (options.trimPadding)
    nested.addPass(createTrimPadding());
}

void registerSimplifyPasses() {
  registerMixbitSimplifyPasses();
  PassPipelineRegistration<>(
      "mixbit-simplify",
      "From onnx operations to the mixbit graph: lowering, recovery, checks",
      [](OpPassManager &manager) { buildSimplifyPipeline(manager); });
}
} // namespace mixbit
