//===- QuantizeActivations.cpp - Rows are quantized once ------------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/kernelize/Passes.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/kernelize/Passes.h.inc"

namespace {
struct QuantizeActivations
    : impl::QuantizeActivationsBase<QuantizeActivations> {
  using QuantizeActivationsBase::QuantizeActivationsBase;

  void runOnOperation() override {
    // By value and bits, so that queries, keys and values share theirs.
    DenseMap<std::pair<Value, unsigned>, QuantizeRowsOp> known;
    SmallVector<LinearOp> linears;
    getOperation().walk([&](LinearOp op) {
      if (op.getActivations())
        linears.push_back(op);
    });
    for (LinearOp op : linears)
      if (failed(rewrite(op, known)))
        return signalPassFailure();
  }

  LogicalResult
  rewrite(LinearOp op,
          DenseMap<std::pair<Value, unsigned>, QuantizeRowsOp> &known) {
    ActivationsAttr activations = *op.getActivations();
    if (activations.getGranularity() != Granularity::PerToken ||
        activations.getMode() != RangeMode::Dynamic)
      return op.emitError() << "node '" << nodeName(op.getLoc(), "linear")
                            << "': no kernel exists for activations other than "
                               "per token and dynamic, but got "
                            << activations;
    OpBuilder builder(op);
    auto &quantize = known[{op.getX(), activations.getBits()}];
    if (!quantize) {
      builder.setInsertionPointAfterValue(op.getX());
      auto type = cast<RankedTensorType>(op.getX().getType());
      Location loc =
          op.getX().getDefiningOp() ? op.getX().getLoc() : op.getLoc();
      quantize = QuantizeRowsOp::create(
          builder, loc,
          RankedTensorType::get(type.getShape(), builder.getI8Type()),
          RankedTensorType::get(type.getShape().drop_back(),
                                builder.getF32Type()),
          op.getX(), builder.getI64IntegerAttr(activations.getBits()));
      builder.setInsertionPoint(op);
    }
    auto result = QuantizedLinearOp::create(
        builder, op.getLoc(), op.getType(), quantize.getCodes(),
        quantize.getScales(), op.getWeight(), op.getBias(),
        activations.getBits());
    op.getResult().replaceAllUsesWith(result.getResult());
    op.erase();
    return success();
  }
};
} // namespace
} // namespace mixbit
