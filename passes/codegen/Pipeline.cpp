//===- Pipeline.cpp - The codegen stage -----------------------------------===//
#include "passes/codegen/Codegen.h"
#include "passes/codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace mixbit {

void buildExpansionPipeline(OpPassManager &pm, bool strict) {
  pm.addPass(createExpandRows({strict}));
  pm.addPass(createExpandProducts());
  pm.addPass(createExpandLoops({strict}));
  pm.addPass(createExpandAttention());
  pm.addPass(createExpandContract({strict}));
  pm.addPass(createLowerDot());
}

void buildKernelLoweringPipeline(OpPassManager &pm, bool strict) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  pm.addPass(createApproximateMath());
  OpPassManager &cleaned = pm.nest<func::FuncOp>();
  cleaned.addPass(createCanonicalizerPass());
  cleaned.addPass(createCSEPass());
  cleaned.addPass(createLoopInvariantCodeMotionPass());
  cleaned.addPass(createConvertVectorToSCFPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createLowerKernelArgs());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createAllowNegativeStrides());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCheckKernelCalls({strict}));
  pm.addPass(createMarkGpuKernels());
}

void buildCodegenPipeline(OpPassManager &pm, bool strict) {
  buildExpansionPipeline(pm, strict);
  buildKernelLoweringPipeline(pm, strict);
  pm.addPass(createMangleKernels());
}

void buildHostPipeline(OpPassManager &pm, ArrayRef<std::string> targets) {
  LowerPlanOptions options;
  llvm::append_range(options.targets, targets);
  pm.addPass(createLowerPlan(options));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void registerCodegenPipelines() {
  PassPipelineRegistration<>(
      "codegen-kernels",
      "Kernels to the llvm dialect, for the target that the module names",
      [](OpPassManager &pm) { buildCodegenPipeline(pm); });
}

} // namespace mixbit
