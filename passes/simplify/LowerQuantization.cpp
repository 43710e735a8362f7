//===- LowerQuantization.cpp - QuantizeLinear and DequantizeLinear --------===//
//
// Both become arithmetic on floats, as ONNX defines them. Codes stay floats
// until something needs them as integers: a pair of the two is then a quantizer
// like those that training spells out, which the quantize stage recognizes, and
// one on constants is folded. Products that ONNX has for quantized operands are
// the float products of what DequantizeLinear makes of them.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

#include <cmath>

using namespace mlir;

namespace mixbit {

/// One for all, one an index of the axis, or one a block of it; the latter
/// splits the axis in two.
std::optional<OnnxLowering::ScaleLayout>
OnnxLowering::scaleLayout(ArrayRef<AffineExpr> data, ArrayRef<AffineExpr> scale,
                          int64_t axis, int64_t blockSize) {
  ScaleLayout layout{SymbolicShape(data), {}};
  bool isScalar = llvm::all_of(
      scale, [](AffineExpr extent) { return constantValue(extent) == 1; });
  if (isScalar && blockSize == 0)
    return layout;
  axis = normalizedAxis(axis, data.size());
  if (blockSize == 0) {
    layout.parameter.assign(data.size() - axis, builder.constant(1));
    layout.parameter.front() = scale[0];
    return layout;
  }
  std::optional<int64_t> extent = constantValue(data[axis]);
  if (!extent) {
    (void)unsupported("blocks along an axis of dynamic extent");
    return std::nullopt;
  }
  // A block that is longer than the axis is not filled up.
  blockSize = std::min(blockSize, std::max<int64_t>(*extent, 1));
  int64_t blocks = llvm::divideCeil(*extent, blockSize);
  layout.axis = axis;
  layout.padding = blocks * blockSize - *extent;
  layout.data[axis] = builder.constant(blocks);
  layout.data.insert(layout.data.begin() + axis + 1,
                     builder.constant(blockSize));
  layout.parameter.assign(scale.begin(), scale.end());
  layout.parameter.insert(layout.parameter.begin() + axis + 1,
                          builder.constant(1));
  return layout;
}

/// The codes of a constant with the last block filled up; other data has no
/// such form.
Value OnnxLowering::padBlocks(Value codes, const ScaleLayout &layout,
                              int64_t blockSize) {
  if (layout.padding == 0)
    return codes;
  ElementsAttr elements = constantElements(codes);
  ElementsAttr padded = elements
                            ? padElements(elements, layout.axis, layout.padding)
                            : ElementsAttr();
  if (padded)
    return builder.constantOf(codes.getLoc(), padded);
  (void)unsupported("blocks of " + Twine(blockSize) +
                    " that do not divide the axis of data other than an "
                    "initializer");
  return {};
}

/// (codes - zero) scale, in the layout; without a zero point if that is null.
Value OnnxLowering::dequantize(Value codes, Value scale, Value zero,
                               const ScaleLayout &layout) {
  Type f32 = builder.getF32Type();
  auto aligned = [&](Value value, ArrayRef<AffineExpr> shape) {
    value = builder.cast(location, value, f32);
    return value ? builder.reshape(location, value, shape) : value;
  };
  codes = aligned(codes, layout.data);
  if (codes && zero) {
    zero = aligned(zero, layout.parameter);
    codes =
        zero ? builder.binary(location, BinaryKind::Sub, codes, zero) : zero;
  }
  scale = codes ? aligned(scale, layout.parameter) : codes;
  return scale ? builder.binary(location, BinaryKind::Mul, codes, scale)
               : scale;
}

LogicalResult OnnxLowering::quantize(Operation *op, Value x, Value scaleOperand,
                                     Value zeroOperand, int64_t axis,
                                     int64_t blockSize) {
  Value result = op->getResult(0);
  auto layout =
      scaleLayout(shape(result), shape(scaleOperand), axis, blockSize);
  x = layout ? padBlocks(x, *layout, blockSize) : Value();
  Value scale = x ? get(scaleOperand) : Value();
  Value zero = scale ? getOptional(zeroOperand) : Value();
  if (!scale || (onnx::isPresent(zeroOperand) && !zero))
    return failure();
  Type f32 = builder.getF32Type();
  auto aligned = [&](Value value, ArrayRef<AffineExpr> shape) {
    return builder.reshape(location, builder.cast(location, value, f32), shape);
  };
  Value codes = builder.unary(
      location, UnaryKind::Round,
      builder.binary(location, BinaryKind::Div, aligned(x, layout->data),
                     aligned(scale, layout->parameter)));
  if (zero)
    codes = builder.binary(location, BinaryKind::Add, codes,
                           aligned(zero, layout->parameter));
  Type type = known(result).elementType;
  unsigned width = type.getIntOrFloatBitWidth();
  bool isUnsigned = type.isUnsignedInteger();
  double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1;
  codes = builder.binary(location, BinaryKind::Max, codes,
                         builder.scalar(location, low, f32));
  codes = builder.binary(location, BinaryKind::Min, codes,
                         builder.scalar(location, high, f32));
  codes = withoutPadding(codes, *layout, shape(result));
  if (!codes)
    return failure();
  floatCodes[result] = codes;
  return set(op, builder.cast(location, codes, byteTypeOf(type)));
}

LogicalResult OnnxLowering::lowerOp(onnx::QuantizeLinearOp op) {
  Value x = get(op.getX());
  return x ? quantize(op, x, op.getYScale(), op.getYZeroPoint(), op.getAxis(),
                      op.getBlockSize())
           : failure();
}

/// A value in the layout in the data's own shape.
Value OnnxLowering::withoutPadding(Value value, const ScaleLayout &layout,
                                   ArrayRef<AffineExpr> shape) {
  if (!value || layout.padding == 0)
    return value ? builder.reshape(location, value, shape) : value;
  SymbolicShape padded(shape), origin(shape.size(), builder.constant(0));
  padded[layout.axis] = padded[layout.axis] + layout.padding;
  value = builder.reshape(location, value, padded);
  return slice(value, origin, shape, SmallVector<int64_t>(shape.size(), 1));
}

Value OnnxLowering::codesOf(Value value) {
  Value codes = floatCodes.lookup(value);
  return codes ? codes : get(value);
}

/// Rows of a table of codes with one scale are rows of the table that the scale
/// makes floats of: null unless `codes` are such.
Value OnnxLowering::dequantizeTable(Value codes, Value scale, Value zero,
                                    const ScaleLayout &layout) {
  auto gather = codes.getDefiningOp<GatherOp>();
  if (!gather || gather.getAxis() != 0 || !constantElements(gather.getX()) ||
      builder.rank(gather.getX()) != 2 || !layout.parameter.empty())
    return {};
  ScaleLayout rows{SymbolicShape(builder.shape(gather.getX())), {}};
  Value table = dequantize(gather.getX(), scale, zero, rows);
  return table ? builder.make<GatherOp>(gather.getLoc(), builder.getF32Type(),
                                        table, gather.getIndices(), 0)
               : table;
}

Value OnnxLowering::dequantize(Value x, Value scale, Value zero, int64_t axis,
                               int64_t blockSize) {
  auto layout = scaleLayout(shape(x), shape(scale), axis, blockSize);
  Value codes = layout ? codesOf(x) : Value();
  codes = codes ? padBlocks(codes, *layout, blockSize) : codes;
  Value factor = codes ? get(scale) : Value();
  Value offset = factor && onnx::isPresent(zero) ? codesOf(zero) : Value();
  if (!factor || (onnx::isPresent(zero) && !offset))
    return {};
  if (Value looked = dequantizeTable(codes, factor, offset, *layout))
    return looked;
  return withoutPadding(dequantize(codes, factor, offset, *layout), *layout,
                        shape(x));
}

LogicalResult OnnxLowering::lowerOp(onnx::DequantizeLinearOp op) {
  Value y = dequantize(op.getX(), op.getXScale(), op.getXZeroPoint(),
                       op.getAxis(), op.getBlockSize());
  return y ? set(op, builder.cast(location, y, known(op).elementType))
           : failure();
}

//===----------------------------------------------------------------------===//
// QLinearMatMul
//===----------------------------------------------------------------------===//

/// Three quantizers around a product, each of which has its own place.
LogicalResult OnnxLowering::lowerOp(onnx::QLinearMatMulOp op) {
  // Scales are those of rows of A and Y, of columns of B.
  Value a = dequantize(op.getA(), op.getAScale(), op.getAZeroPoint(), -2, 0);
  Value b = a ? dequantize(op.getB(), op.getBScale(), op.getBZeroPoint(), -1, 0)
              : Value();
  Value y =
      b ? matrixProduct(a, b, shape(op), /*transposeRhs=*/false) : Value();
  return y ? quantize(op, y, op.getYScale(), op.getYZeroPoint(), -2, 0)
           : failure();
}

LogicalResult OnnxLowering::lowerQuantization(Operation *op, bool &handled) {
  handled = true;
  if (auto quantize = dyn_cast<onnx::QuantizeLinearOp>(op))
    return lowerOp(quantize);
  if (auto dequantize = dyn_cast<onnx::DequantizeLinearOp>(op))
    return lowerOp(dequantize);
  if (auto matmul = dyn_cast<onnx::MicrosoftMatMulNBitsOp>(op))
    return lowerOp(matmul);
  if (auto gather = dyn_cast<onnx::MicrosoftGatherBlockQuantizedOp>(op))
    return lowerOp(gather);
  if (auto matmul = dyn_cast<onnx::QLinearMatMulOp>(op))
    return lowerOp(matmul);
  if (auto conv = dyn_cast<onnx::QLinearConvOp>(op))
    return lowerOp(conv);
  handled = false;
  return success();
}
} // namespace mixbit
