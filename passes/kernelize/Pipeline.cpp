//===- Pipeline.cpp - The kernelize stage ---------------------------------===//
#include "passes/kernelize/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/kernelize/Passes.h.inc"

void buildKernelizePipeline(mlir::OpPassManager &manager) {
  manager.addNestedPass<mlir::func::FuncOp>(createMergeLinears());
  manager.addNestedPass<mlir::func::FuncOp>(createQuantizeActivations());
  manager.addNestedPass<mlir::func::FuncOp>(createSplitConvBias());
  manager.addNestedPass<mlir::func::FuncOp>(createMultiplyDynamicWeights());
  manager.addPass(createFormKernels());
  manager.addPass(createMergeKernels());
  manager.addPass(createPlanWeights());
  manager.addPass(createVerifyKernels());
}

void registerKernelizePasses() {
  registerMixbitKernelizePasses();
  mlir::PassPipelineRegistration<>(
      "mixbit-kernelize", "From the graph to kernels and plans",
      [](mlir::OpPassManager &manager) { buildKernelizePipeline(manager); });
}
} // namespace mixbit
