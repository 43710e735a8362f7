//===- DecomposeAttention.cpp - Attention as products and a softmax -------===//
#include "passes/sensitivity/Passes.h"
#include "passes/simplify/Graph.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_DECOMPOSEATTENTION
#include "passes/sensitivity/Passes.h.inc"

namespace {
struct DecomposeAttention : impl::DecomposeAttentionBase<DecomposeAttention> {
  void runOnOperation() override {
    GraphBuilder builder(getOperation());
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    SmallVector<AttentionOp> attentions;
    getOperation().walk([&](AttentionOp op) { attentions.push_back(op); });
    for (AttentionOp op : attentions) {
      builder.setInsertionPoint(op);
      op.getResult().replaceAllUsesWith(decompose(builder, op));
      op.erase();
    }
  }

  /// [B, S, H * D] as [B, H, S, D].
  static Value splitHeads(GraphBuilder &builder, AttentionOp op, Value x) {
    ArrayRef<AffineExpr> shape = builder.shape(x);
    AffineExpr heads = builder.constant(op.getHeads());
    AffineExpr columns = divideExactly(shape[2], heads);
    Value split =
        builder.reshape(op.getLoc(), x, {shape[0], shape[1], heads, columns});
    return builder.transpose(op.getLoc(), split, {0, 2, 1, 3});
  }

  static Value decompose(GraphBuilder &builder, AttentionOp op) {
    Location loc = op.getLoc();
    Type type = builder.elementType(op.getQ());
    Value q = splitHeads(builder, op, op.getQ());
    Value k = splitHeads(builder, op, op.getK());
    Value v = splitHeads(builder, op, op.getV());
    Value scores = builder.make<MatmulOp>(loc, type, q, k, true);
    scores = builder.binary(
        loc, BinaryKind::Mul, scores,
        builder.scalar(loc, op.getScale().convertToDouble(), type));
    if (op.getMask() && op.getMaskKind() == MaskKind::Keep) {
      Value keep = builder.cast(loc, op.getMask(), builder.getI1Type());
      ArrayRef<AffineExpr> shape = builder.shape(keep);
      AffineExpr one = builder.constant(1);
      keep = builder.reshape(loc, keep, {shape[0], one, one, shape[1]});
      scores = builder.make<SelectOp>(loc, type, keep, scores,
                                      builder.scalar(loc, -1e30, type));
    } else if (op.getMask()) {
      scores = builder.binary(loc, BinaryKind::Add, scores, op.getMask());
    }
    Value p = builder.make<SoftmaxOp>(loc, type, scores, 3);
    Value context = builder.make<MatmulOp>(loc, type, p, v, false);
    context = builder.transpose(loc, context, {0, 2, 1, 3});
    return builder.reshape(loc, context, builder.shape(op.getResult()));
  }
};
} // namespace
} // namespace mixbit
