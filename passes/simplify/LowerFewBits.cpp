//===- LowerFewBits.cpp - Weights and tables of few bits, in blocks -------===//
//
// com.microsoft has weights as bytes of several codes each. They are taken
// apart once, as constants, and dequantized by arithmetic that fold-constants
// evaluates: the quantize stage finds codes and scales again.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

using namespace mlir;

namespace mixbit {
/// A matrix of codes, each row in bytes of its own; null, with an error
/// emitted, if the bytes are no constant.
Value OnnxLowering::unpackCodes(Value bytes, unsigned bits, int64_t rows,
                                int64_t columns, StringRef what) {
  ElementsAttr elements = constantElements(bytes);
  ElementsAttr codes =
      elements ? unpackElements(elements, bits, rows, columns) : ElementsAttr();
  if (codes)
    return builder.constantOf(bytes.getLoc(), codes);
  (void)unsupported(what + " other than an initializer");
  return {};
}

/// Says that the weight's grid cannot be kept.
static void warnOfBlocks(Operation *op, int64_t block, int64_t blocks) {
  constexpr int64_t kLeastGroup = 32;
  if (block < kLeastGroup && blocks > 1)
    emitWarning(op->getLoc())
        << "node '" << nodeName(op) << "': expected blocks of " << kLeastGroup
        << " inputs or more, but got " << block
        << ": the codes are rounded anew, to the format that is asked for";
}

LogicalResult OnnxLowering::lowerOp(onnx::MicrosoftMatMulNBitsOp op) {
  Value a = get(op.getA());
  Value b = a ? get(op.getB()) : Value();
  Value scales = b ? get(op.getScales()) : Value();
  Value zeros = scales ? getOptional(op.getZeroPoints()) : Value();
  Value bias = scales ? getOptional(op.getBias()) : Value();
  if (!scales || (onnx::isPresent(op.getZeroPoints()) && !zeros) ||
      (onnx::isPresent(op.getBias()) && !bias))
    return failure();
  int64_t n = op.getN(), k = op.getK(), block = op.getBlockSize();
  int64_t blocks = llvm::divideCeil(k, block);
  warnOfBlocks(op, block, blocks);
  unsigned bits = op.getBits();
  Value codes = unpackCodes(b, bits, n * blocks, block, "a weight of few bits");
  if (!codes)
    return failure();
  if (zeros && builder.elementType(zeros).isInteger()) {
    zeros = unpackCodes(zeros, bits, n, blocks, "packed zero points");
    if (!zeros)
      return failure();
  }
  Type f32 = builder.getF32Type();
  codes = builder.cast(location, codes, f32);
  if (!zeros)
    codes = builder.binary(location, BinaryKind::Sub, codes,
                           builder.scalar(location, 1 << (bits - 1), f32));
  ScaleLayout layout;
  layout.data = {builder.constant(n), builder.constant(blocks),
                 builder.constant(block)};
  layout.parameter = {builder.constant(n), builder.constant(blocks),
                      builder.constant(1)};
  layout.axis = 1;
  layout.padding = blocks * block - k;
  Value weight =
      withoutPadding(dequantize(codes, scales, zeros, layout), layout,
                     {builder.constant(n), builder.constant(k)});
  weight =
      weight ? builder.cast(location, weight, builder.elementType(a)) : weight;
  Value y = weight ? matrixProduct(a, weight, shape(op), /*transposeRhs=*/true)
                   : weight;
  if (y && bias)
    y = builder.binary(location, BinaryKind::Add, y, bias);
  return set(op, y);
}

LogicalResult OnnxLowering::lowerOp(onnx::MicrosoftGatherBlockQuantizedOp op) {
  Value table = get(op.getData());
  Value indices = table ? get(op.getIndices()) : Value();
  Value scales = indices ? get(op.getScales()) : Value();
  Value zeros = scales ? getOptional(op.getZeroPoints()) : Value();
  if (!scales || (onnx::isPresent(op.getZeroPoints()) && !zeros))
    return failure();
  Type f32 = builder.getF32Type();
  int64_t rows = *constantValue(builder.shape(table)[0]);
  int64_t columns = *constantValue(shape(op).back());
  warnOfBlocks(op, op.getBlockSize(),
               llvm::divideCeil(columns, op.getBlockSize()));
  auto layout = scaleLayout({builder.constant(rows), builder.constant(columns)},
                            builder.shape(scales), 1, op.getBlockSize());
  if (!layout)
    return failure();
  bool isBytes = known(op.getData()).elementType.isUnsignedInteger(8);
  if (isBytes) {
    unsigned bits = op.getBits();
    table = unpackCodes(table, bits, rows, columns, "a table of few bits");
    int64_t blocks = *constantValue(builder.shape(scales)[1]);
    if (table && zeros)
      zeros = unpackCodes(zeros, bits, rows, blocks, "packed zero points");
    if (!table || (onnx::isPresent(op.getZeroPoints()) && !zeros))
      return failure();
  }
  table = padBlocks(table, *layout, op.getBlockSize());
  if (!table)
    return failure();
  if (isBytes && !zeros)
    table = builder.binary(
        location, BinaryKind::Sub, builder.cast(location, table, f32),
        builder.scalar(location, 1 << (op.getBits() - 1), f32));
  table = withoutPadding(dequantize(table, scales, zeros, *layout), *layout,
                         {builder.constant(rows), builder.constant(columns)});
  Type type = known(op).elementType;
  return table ? set(op, builder.make<GatherOp>(
                             location, type,
                             builder.cast(location, table, type), indices, 0))
               : failure();
}
} // namespace mixbit
