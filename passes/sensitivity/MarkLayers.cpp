//===- MarkLayers.cpp - Which linears are measured ------------------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MARKLAYERS
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct MarkLayers : impl::MarkLayersBase<MarkLayers> {
  using MarkLayersBase::MarkLayersBase;

  void runOnOperation() override {
    Builder builder(&getContext());
    llvm::StringMap<unsigned> uses;
    getOperation().walk([&](Operation *op) {
      op->removeAttr(kLayerAttr);
      Value weight;
      if (auto linear = dyn_cast<LinearOp>(op))
        weight = linear.getWeight();
      else if (auto embedding = dyn_cast<EmbeddingOp>(op))
        weight = embedding.getTable();
      auto constant =
          weight ? weight.getDefiningOp<arith::ConstantOp>() : nullptr;
      if (!constant ||
          !isa<FloatType>(getElementTypeOrSelf(constant.getType())))
        return;
      std::string name = nodeName(constant.getLoc(), "weight");
      unsigned use = uses[name]++;
      if (!layers.empty() && !llvm::is_contained(layers, name))
        return;
      if (isa<EmbeddingOp>(op) && !tables)
        return;
      if (use > 0)
        name += "#" + std::to_string(use);
      op->setAttr(kLayerAttr, builder.getStringAttr(name));
    });
    for (StringRef name : layers)
      if (!uses.contains(name)) {
        getOperation().emitError()
            << "layers: expected the name of a linear's weight, but got '"
            << name << "'";
        return signalPassFailure();
      }
  }
};
} // namespace
} // namespace mixbit
