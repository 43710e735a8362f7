//===- AllowNegativeStrides.cpp - Addresses before their base -------------===//
//
// finalize-memref-to-llvm promises `nuw` of every address and of the arithmetic
// on its index, which only strides that are not negative keep. A slice that
// runs backwards has its base at its last element: LLVM would take the promise
// for the proof that a read behind the first is never made.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/NegativeStrides.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_ALLOWNEGATIVESTRIDES
#include "passes/codegen/Passes.h.inc"

namespace {

struct AllowNegativeStrides
    : impl::AllowNegativeStridesBase<AllowNegativeStrides> {
  void runOnOperation() override {
    using LLVM::GEPNoWrapFlags, LLVM::IntegerOverflowFlags;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (!function->removeAttr(kBackwardsAttr))
        continue;
      function.walk([](Operation *op) {
        if (auto address = dyn_cast<LLVM::GEPOp>(op))
          address.setNoWrapFlags(LLVM::bitEnumClear(address.getNoWrapFlags(),
                                                    GEPNoWrapFlags::nuw));
        else if (auto index = dyn_cast<LLVM::IntegerOverflowFlagsInterface>(op))
          index.setOverflowFlags(LLVM::bitEnumClear(index.getOverflowFlags(),
                                                    IntegerOverflowFlags::nuw));
      });
    }
  }
};

} // namespace
} // namespace mixbit
