//===- PlanWeights.cpp - Places of the weights in the library -------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "passes/kernelize/Passes.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_PLANWEIGHTS
#include "passes/kernelize/Passes.h.inc"

namespace {
/// Kernels may load whole cache lines.
constexpr int64_t kAlignment = 64;

struct PlanWeights : impl::PlanWeightsBase<PlanWeights> {
  using PlanWeightsBase::PlanWeightsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    DenseMap<uint64_t, SmallVector<WeightOp>> buckets;
    DenseMap<StringAttr, StringAttr> replacement;
    int64_t offset = 0;
    for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>())) {
      std::vector<uint8_t> storage;
      std::optional<ArrayRef<uint8_t>> bytes =
          constantBytes(weight.getData(), storage);
      if (!bytes) {
        weight.emitOpError() << "expected data, but it was left out of the IR";
        return signalPassFailure();
      }
      SmallVector<WeightOp> &bucket = buckets[llvm::xxh3_64bits(*bytes)];
      WeightOp equal = findEqual(bucket, weight, *bytes);
      if (equal) {
        replacement[weight.getSymNameAttr()] = equal.getSymNameAttr();
        weight.erase();
        ++merged;
        continue;
      }
      bucket.push_back(weight);
      OpBuilder builder(weight);
      weight.setOffsetAttr(builder.getI64IntegerAttr(offset));
      offset = llvm::alignTo(offset + bytes->size(), kAlignment);
    }
    module.walk([&](WeightRefOp ref) {
      auto found = replacement.find(ref.getWeightAttr().getAttr());
      if (found != replacement.end())
        ref.setWeightAttr(FlatSymbolRefAttr::get(found->second));
    });
  }

  static WeightOp findEqual(ArrayRef<WeightOp> bucket, WeightOp weight,
                            ArrayRef<uint8_t> bytes) {
    for (WeightOp other : bucket) {
      std::vector<uint8_t> storage;
      if (other.getData().getType() == weight.getData().getType() &&
          *constantBytes(other.getData(), storage) == bytes)
        return other;
    }
    return {};
  }
};
} // namespace
} // namespace mixbit
