//===- Pipeline.cpp - The kernelize stage ---------------------------------===//
#include "passes/kernelize/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/kernelize/Passes.h.inc"

void buildKernelizePipeline(mlir::OpPassManager &manager,
                            const FormKernelsOptions &options) {
  manager.addNestedPass<mlir::func::FuncOp>(createMergeLinears());
  manager.addNestedPass<mlir::func::FuncOp>(createQuantizeActivations());
  manager.addNestedPass<mlir::func::FuncOp>(createSplitConvBias());
  manager.addNestedPass<mlir::func::FuncOp>(createMultiplyDynamicWeights());
  manager.addPass(createFormKernels(options));
  manager.addPass(createMergeKernels());
  manager.addPass(createPlanWeights());
  manager.addPass(createVerifyKernels());
}

namespace {
struct KernelizeOptions : mlir::PassPipelineOptions<KernelizeOptions> {
  Option<bool> planes{*this, "planes", llvm::cl::desc("As of form-kernels"),
                      llvm::cl::init(false)};
};
} // namespace

void registerKernelizePasses() {
  registerMixbitKernelizePasses();
  mlir::PassPipelineRegistration<KernelizeOptions>(
      "mixbit-kernelize", "From the graph to kernels and plans",
      [](mlir::OpPassManager &manager, const KernelizeOptions &given) {
        FormKernelsOptions options;
        options.planes = given.planes;
        buildKernelizePipeline(manager, options);
      });
}
} // namespace mixbit
