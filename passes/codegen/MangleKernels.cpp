//===- MangleKernels.cpp - One name a kernel and target -------------------===//
#include "passes/codegen/Codegen.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MANGLEKERNELS
#include "passes/codegen/Passes.h.inc"

std::string mangleKernel(StringRef name, const Target &target) {
  return (name + "$" + target.name).str();
}

namespace {

struct MangleKernels : impl::MangleKernelsBase<MangleKernels> {
  void runOnOperation() override {
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    for (auto function : llvm::make_early_inc_range(
             getOperation().getOps<LLVM::LLVMFuncOp>())) {
      if (function.isExternal())
        continue;
      if (failed(symbols.rename(function,
                                mangleKernel(function.getName(), *target))))
        return signalPassFailure();
      function.setVisibility_(LLVM::Visibility::Hidden);
    }
  }
};

} // namespace
} // namespace mixbit
