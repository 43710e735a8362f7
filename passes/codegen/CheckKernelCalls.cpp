//===- CheckKernelCalls.cpp - What generated code still calls -------------===//
//
// A library needs libc and libm only. Functions of libm that are left are slow
// (called for each element) and named by a remark; anything else is an error.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Passes.h"
#include "passes/codegen/VectorMath.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_CHECKKERNELCALLS
#include "passes/codegen/Passes.h.inc"

namespace {

/// Operations that LLVM turns into calls of libm.
bool callsLibm(Operation *op) {
  return isa<LLVM::PowOp, LLVM::SinOp, LLVM::CosOp, LLVM::ExpOp, LLVM::Exp2Op,
             LLVM::LogOp, LLVM::Log2Op, LLVM::Log10Op, LLVM::FRemOp>(op);
}

struct CheckKernelCalls : impl::CheckKernelCallsBase<CheckKernelCalls> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto result = getOperation().walk([&](Operation *op) -> WalkResult {
      if (callsLibm(op))
        return reportSlowPath(op, strict, op->getName().getStringRef());
      auto call = dyn_cast<LLVM::CallOp>(op);
      if (!call || !call.getCallee())
        return WalkResult::advance();
      auto callee = symbols.lookup<LLVM::LLVMFuncOp>(*call.getCallee());
      if (callee && !callee.isExternal())
        return WalkResult::advance();
      static const llvm::StringSet<> libm = {
          "powf",   "sinf",   "cosf",   "tanf",   "expf",       "exp2f",
          "expm1f", "logf",   "log2f",  "log10f", "log1pf",     "erff",
          "erfcf",  "tanhf",  "sinhf",  "coshf",  "asinf",      "acosf",
          "atanf",  "atan2f", "asinhf", "acoshf", "atanhf",     "cbrtf",
          "fmodf",  "ceilf",  "floorf", "roundf", "roundevenf", "truncf",
          "pow",    "exp",    "log",    "fmod"};
      if (libm.contains(*call.getCallee()))
        return reportSlowPath(op, strict, *call.getCallee());
      return op->emitError() << "expected kernels to call libm only, but got "
                                "a call of "
                             << *call.getCallee();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace mixbit
