//===- RecoverEmbedding.cpp - Rows of constant tables ---------------------===//
//
// A lookup by reshaped ids is a reshaped lookup: so ids that are the same up to
// dimensions of extent 1 give the same embedding, whatever the exporter wrote.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVEREMBEDDING
#include "passes/simplify/Passes.h.inc"

namespace {
struct RecoverEmbedding : impl::RecoverEmbeddingBase<RecoverEmbedding> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    for (Operation &op : func.getBody().front()) {
      auto gather = dyn_cast<GatherOp>(op);
      if (!gather || gather.getAxis() != 0 ||
          !constantElements(gather.getX()) ||
          builder.rank(gather.getX()) != 2 ||
          !isa<FloatType>(builder.elementType(gather.getX())))
        continue;
      builder.setInsertionPoint(gather);
      Value ids = gather.getIndices();
      while (auto reshape = ids.getDefiningOp<ReshapeOp>())
        ids = reshape.getX();
      Value embedding = builder.make<EmbeddingOp>(
          gather.getLoc(), builder.elementType(gather), gather.getX(), ids,
          SensitivityAttr(), FormatAttr());
      Value result =
          builder.reshape(gather.getLoc(), embedding, builder.shape(gather));
      gather.getResult().replaceAllUsesWith(result);
      ++numRecovered;
    }
    eraseDeadOps(func);
  }
};
} // namespace
} // namespace mixbit
