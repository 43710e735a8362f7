//===- LowerQuantization.cpp - QuantizeLinear and DequantizeLinear --------===//
//
// Both become arithmetic on floats, as ONNX defines them. Codes stay floats
// until something needs them as integers: a pair of the two is then a quantizer
// like those that training spells out, which the quantize stage recognizes, and
// one on constants is folded.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/OnnxLowering.h"

#include <cmath>

using namespace mlir;

namespace mixbit {

/// How a scale or zero point lies along its data: the shape in which data and
/// parameter broadcast.
struct OnnxLowering::ScaleLayout {
  SymbolicShape data, parameter;
};

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
  if (!extent || *extent % blockSize != 0) {
    (void)unsupported("blocks of " + Twine(blockSize) +
                      " that do not divide the axis");
    return std::nullopt;
  }
  layout.data[axis] = builder.constant(*extent / blockSize);
  layout.data.insert(layout.data.begin() + axis + 1,
                     builder.constant(blockSize));
  layout.parameter.assign(scale.begin(), scale.end());
  layout.parameter.insert(layout.parameter.begin() + axis + 1,
                          builder.constant(1));
  return layout;
}

/// A scale or zero point as floats in the layout; null if it is missing.
Value OnnxLowering::scaleOperand(Value operand, const ScaleLayout &layout) {
  Value value = get(operand);
  if (!value)
    return {};
  return builder.cast(location,
                      builder.reshape(location, value, layout.parameter),
                      builder.getF32Type());
}

LogicalResult OnnxLowering::lowerOp(onnx::QuantizeLinearOp op) {
  auto layout = scaleLayout(shape(op.getX()), shape(op.getYScale()),
                            op.getAxis(), op.getBlockSize());
  Value x = layout ? get(op.getX()) : Value();
  Value scale = x ? scaleOperand(op.getYScale(), *layout) : Value();
  if (!scale)
    return failure();
  Type f32 = builder.getF32Type();
  x = builder.reshape(location, builder.cast(location, x, f32), layout->data);
  Value codes =
      builder.unary(location, UnaryKind::Round,
                    builder.binary(location, BinaryKind::Div, x, scale));
  if (onnx::isPresent(op.getYZeroPoint())) {
    Value zero = scaleOperand(op.getYZeroPoint(), *layout);
    if (!zero)
      return failure();
    codes = builder.binary(location, BinaryKind::Add, codes, zero);
  }
  Type type = known(op).elementType;
  unsigned width = type.getIntOrFloatBitWidth();
  bool isUnsigned = type.isUnsignedInteger();
  double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1;
  codes = builder.binary(location, BinaryKind::Max, codes,
                         builder.scalar(location, low, f32));
  codes = builder.binary(location, BinaryKind::Min, codes,
                         builder.scalar(location, high, f32));
  codes = builder.reshape(location, codes, shape(op));
  floatCodes[op.getY()] = codes;
  return set(op, builder.cast(location, codes, type));
}

LogicalResult OnnxLowering::lowerOp(onnx::DequantizeLinearOp op) {
  auto layout = scaleLayout(shape(op.getX()), shape(op.getXScale()),
                            op.getAxis(), op.getBlockSize());
  Value x;
  if (layout) {
    x = floatCodes.lookup(op.getX());
    if (!x)
      x = get(op.getX());
  }
  Value scale = x ? scaleOperand(op.getXScale(), *layout) : Value();
  if (!scale)
    return failure();
  x = builder.reshape(location, builder.cast(location, x, builder.getF32Type()),
                      layout->data);
  if (onnx::isPresent(op.getXZeroPoint())) {
    Value zero = scaleOperand(op.getXZeroPoint(), *layout);
    if (!zero)
      return failure();
    x = builder.binary(location, BinaryKind::Sub, x, zero);
  }
  Value y = builder.binary(location, BinaryKind::Mul, x, scale);
  y = builder.reshape(location, y, shape(op));
  return set(op, builder.cast(location, y, known(op).elementType));
}

LogicalResult OnnxLowering::lowerQuantization(Operation *op, bool &handled) {
  handled = true;
  if (auto quantize = dyn_cast<onnx::QuantizeLinearOp>(op))
    return lowerOp(quantize);
  if (auto dequantize = dyn_cast<onnx::DequantizeLinearOp>(op))
    return lowerOp(dequantize);
  handled = false;
  return success();
}
} // namespace mixbit
