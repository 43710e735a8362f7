//===- GraphVerify.cpp - Verifiers of the graph operations ----------------===//
#include "dialects/mixbit/Mixbit.h"

using namespace mlir;

namespace mixbit {
#define ACCEPT(OP)                                                             \
  LogicalResult OP::verify() { return success(); }
ACCEPT(QuantizedConstantOp)
ACCEPT(DimValueOp)
ACCEPT(IotaOp)
ACCEPT(LinearOp)
ACCEPT(MatmulOp)
ACCEPT(EmbeddingOp)
ACCEPT(AttentionOp)
ACCEPT(ConvOp)
ACCEPT(PoolOp)
ACCEPT(LayerNormOp)
ACCEPT(SoftmaxOp)
ACCEPT(UnaryOp)
ACCEPT(BinaryOp)
ACCEPT(SelectOp)
ACCEPT(CastOp)
ACCEPT(ReduceOp)
ACCEPT(ReshapeOp)
ACCEPT(BroadcastOp)
ACCEPT(TransposeOp)
ACCEPT(SliceOp)
ACCEPT(ConcatOp)
ACCEPT(GatherOp)
} // namespace mixbit
