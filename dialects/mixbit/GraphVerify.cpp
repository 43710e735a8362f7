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
LogicalResult QuantizeRowsOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  auto codes = cast<RankedTensorType>(getCodes().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  if (getBits() < 2 || getBits() > 8)
    return emitOpError() << "expected 2 to 8 bits, but got " << getBits();
  if (x.getRank() == 0 || !x.getElementType().isF32())
    return emitOpError() << "expected rows of f32, but got " << x;
  if (codes != RankedTensorType::get(x.getShape(),
                                     IntegerType::get(getContext(), 8)))
    return emitOpError() << "expected i8 codes in the shape of " << x
                         << ", but got " << codes;
  if (scales.getShape() != x.getShape().drop_back() ||
      !scales.getElementType().isF32())
    return emitOpError() << "expected an f32 scale a row of " << x
                         << ", but got " << scales;
  return success();
}
LogicalResult QuantizedLinearOp::verify() {
  auto codes = cast<RankedTensorType>(getCodes().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto result = cast<RankedTensorType>(getType());
  if (codes.getRank() == 0 || !codes.getElementType().isInteger(8))
    return emitOpError() << "expected i8 codes, but got " << codes;
  if (scales.getShape() != codes.getShape().drop_back() ||
      !scales.getElementType().isF32())
    return emitOpError() << "expected an f32 scale a row of " << codes
                         << ", but got " << scales;
  if (weight.getRank() != 2 ||
      !isa<QuantizedTypeInterface>(weight.getElementType()))
    return emitOpError() << "expected a quantized weight of rank 2, but got "
                         << weight;
  if (codes.getShape().back() != weight.getDimSize(1))
    return emitOpError() << "expected " << weight.getDimSize(1)
                         << " inputs a row, but got " << codes;
  if (getBias() && cast<RankedTensorType>(getBias().getType()) !=
                       RankedTensorType::get({weight.getDimSize(0)},
                                             result.getElementType()))
    return emitOpError() << "expected a bias of " << weight.getDimSize(0)
                         << " elements, but got " << getBias().getType();
  SmallVector<int64_t> shape(codes.getShape());
  shape.back() = weight.getDimSize(0);
  if (result.getShape() != ArrayRef(shape) ||
      !result.getElementType().isF32())
    return emitOpError() << "expected a result of f32 with "
                         << weight.getDimSize(0)
                         << " outputs a row, but got " << result;
  return success();
}
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
