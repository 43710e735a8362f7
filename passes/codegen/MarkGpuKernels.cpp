//===- MarkGpuKernels.cpp - Entry points of a GPU module ------------------===//
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MARKGPUKERNELS
#include "passes/codegen/Passes.h.inc"

namespace {
struct MarkGpuKernels : impl::MarkGpuKernelsBase<MarkGpuKernels> {
  void runOnOperation() override {
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    if (!target->isGpu())
      return;
    Builder builder(&getContext());
    SymbolTable symbols(getOperation());
    for (auto extent : llvm::make_early_inc_range(
             getOperation().getOps<LLVM::LLVMFuncOp>())) {
      StringRef name = extent.getName();
      if (!name.consume_back(".extent"))
        continue;
      auto kernel = symbols.lookup<LLVM::LLVMFuncOp>(name);
      if (!kernel) {
        extent.emitError() << "expected a kernel of the name " << name
                           << " beside its extent, but got none";
        return signalPassFailure();
      }
      kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                      builder.getUnitAttr());
      kernel->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                      builder.getDenseI32ArrayAttr({kGpuThreads, 1, 1}));
      // The launch is sized on the host.
      symbols.erase(extent);
    }
  }
};
} // namespace
} // namespace mixbit
