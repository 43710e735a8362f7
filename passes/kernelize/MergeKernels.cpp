//===- MergeKernels.cpp - Equal kernels once ------------------------------===//
#include "passes/kernelize/Passes.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MERGEKERNELS
#include "passes/kernelize/Passes.h.inc"

namespace {
struct MergeKernels : impl::MergeKernelsBase<MergeKernels> {
  using MergeKernelsBase::MergeKernelsBase;

  static bool isEqual(KernelOp lhs, KernelOp rhs) {
    if (lhs.getBody().getArgumentTypes() != rhs.getBody().getArgumentTypes())
      return false;
    return OperationEquivalence::isRegionEquivalentTo(
        &lhs.getBody(), &rhs.getBody(), OperationEquivalence::IgnoreLocations);
  }

  /// Equal kernels have equal hashes: types and operations, not operands.
  static llvm::hash_code hash(KernelOp kernel) {
    llvm::hash_code code(0);
    for (Type type : kernel.getBody().getArgumentTypes())
      code = llvm::hash_combine(code, type);
    kernel.getBody().walk([&](Operation *op) {
      code =
          llvm::hash_combine(code, op->getName(), op->getRawDictionaryAttrs(),
                             op->getNumOperands());
    });
    return code;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    DenseMap<size_t, SmallVector<KernelOp>> buckets;
    DenseMap<StringAttr, StringAttr> replacement;
    for (auto kernel : llvm::make_early_inc_range(module.getOps<KernelOp>())) {
      SmallVector<KernelOp> &bucket = buckets[hash(kernel)];
      auto *equal = llvm::find_if(
          bucket, [&](KernelOp other) { return isEqual(other, kernel); });
      if (equal == bucket.end()) {
        bucket.push_back(kernel);
        continue;
      }
      replacement[kernel.getSymNameAttr()] = equal->getSymNameAttr();
      kernel.erase();
      ++merged;
    }
    module.walk([&](LaunchOp launch) {
      auto found = replacement.find(launch.getKernelAttr().getAttr());
      if (found != replacement.end())
        launch.setKernelAttr(FlatSymbolRefAttr::get(found->second));
    });
  }
};
} // namespace
} // namespace mixbit
