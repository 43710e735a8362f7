//===- EmitAttention.cpp - mixbit.attention to its kernel -----------------===//
#include "passes/kernelize/KernelFormer.h"

using namespace mlir;

namespace mixbit {
LogicalResult KernelFormer::emitAttention(AttentionOp op) {
  Location loc = op.getLoc();
  int64_t heads = op.getHeads();
  /// [B, S, heads * D] as [B, S, heads, D], with unit stride along D.
  auto splitHeads = [&](View view) {
    std::optional<int64_t> width = constantValue(view.shape.back());
    SymbolicShape shape(ArrayRef(view.shape).drop_back());
    shape.push_back(builder.constant(heads));
    shape.push_back(builder.constant(*width / heads));
    std::optional<View> split = view.reshape(shape);
    if (!split || constantValue(split->strides.back()) != 1)
      split = contiguous(view, loc).reshape(shape);
    return *split;
  };
  SmallVector<View> operands;
  for (Value value : {op.getQ(), op.getK(), op.getV()}) {
    FailureOr<View> view = viewOf(value);
    if (failed(view))
      return failure();
    if (view->rank() != 3 || !constantValue(view->shape.back()))
      return unsupported(op, "expected queries, keys and values of rank 3 with "
                             "a static last dimension");
    operands.push_back(splitHeads(*view));
  }
  if (op.getMask()) {
    FailureOr<View> mask = viewOf(op.getMask());
    if (failed(mask))
      return failure();
    operands.push_back(
        op.getMaskKind() == MaskKind::Keep ? contiguous(*mask, loc) : *mask);
  }
  View out = allocate(op.getResult(), loc);
  operands.push_back(splitHeads(out));
  std::string name =
      "attention_" + std::to_string(heads) + "x" +
      std::to_string(*constantValue(operands.front().shape.back()));
  builder.launch(name, operands, loc, [&](OpBuilder &inside, ValueRange args) {
    AttentionCoreOp::create(inside, loc, args.drop_back(), args.back(),
                            op.getScaleAttr(), op.getMaskKindAttr(),
                            op.getProductsAttr());
  });
  return success();
}
} // namespace mixbit
