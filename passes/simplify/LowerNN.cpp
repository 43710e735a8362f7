//===- LowerNN.cpp - Normalization, convolution, pooling, attention -------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

Value OnnxLowering::layerNorm(Value x, Value gamma, Value beta, int64_t axis,
                              APFloat epsilon) {
  // Over several dimensions: over their product.
  SymbolicShape whole(builder.shape(x)), flat(whole);
  flat.truncate(axis);
  AffineExpr size =
      product(ArrayRef(whole).drop_front(axis), builder.getContext());
  flat.push_back(size);
  auto vector = [&](Value value) {
    SymbolicShape aligned(whole.begin() + axis, whole.end());
    value = builder.broadcast(value.getLoc(), value, aligned);
    return value ? builder.reshape(value.getLoc(), value, {size}) : value;
  };
  gamma = vector(gamma);
  if (beta)
    beta = vector(beta);
  Value y = builder.make<LayerNormOp>(location, builder.elementType(x),
                                      builder.reshape(location, x, flat), gamma,
                                      beta, epsilon);
  return y ? builder.reshape(location, y, whole) : y;
}

LogicalResult OnnxLowering::lowerOp(onnx::LayerNormalizationOp op) {
  if (llvm::any_of(op.getStatistics(), [](Value v) { return !v.use_empty(); }))
    return unsupported("the mean or deviation as a result");
  Value x = get(op.getX());
  Value gamma = x ? get(op.getScale()) : Value();
  Value beta = gamma ? getOptional(op.getB()) : Value();
  if (!gamma || (onnx::isPresent(op.getB()) && !beta))
    return failure();
  return set(op, layerNorm(x, gamma, beta,
                           normalizedAxis(op.getAxis(), builder.rank(x)),
                           op.getEpsilon()));
}

LogicalResult OnnxLowering::lowerOp(onnx::RMSNormalizationOp op) {
  Value x = get(op.getX());
  Value scale = x ? get(op.getScale()) : Value();
  if (!scale)
    return failure();
  Type type = builder.elementType(x);
  int64_t rank = builder.rank(x);
  SmallVector<int64_t> axes = llvm::to_vector(
      llvm::seq<int64_t>(normalizedAxis(op.getAxis(), rank), rank));
  Value square = builder.binary(location, BinaryKind::Mul, x, x);
  Value mean = builder.make<ReduceOp>(location, type, square, ReduceKind::Mean,
                                      axes, true);
  Value shifted = builder.binary(
      location, BinaryKind::Add, mean,
      builder.scalar(location, op.getEpsilon().convertToFloat(), type));
  Value inverse = builder.unary(location, UnaryKind::Rsqrt, shifted);
  Value normal = builder.binary(location, BinaryKind::Mul, x, inverse);
  return set(op, builder.binary(location, BinaryKind::Mul, normal, scale));
}

/// Per-channel factors and offsets y = a x + b of a batch normalization.
static bool channelAffine(onnx::BatchNormalizationOp op,
                          SmallVectorImpl<double> &factors,
                          SmallVectorImpl<double> &offsets) {
  constexpr int64_t maxChannels = 1 << 20;
  SmallVector<SmallVector<double>> read;
  for (Value operand : op->getOperands().drop_front()) {
    auto constant = operand.getDefiningOp<onnx::ConstantOp>();
    auto data =
        constant ? readFloats(constant.getValue(), maxChannels) : std::nullopt;
    if (!data)
      return false;
    read.push_back(*data);
  }
  double epsilon = op.getEpsilon().convertToFloat();
  for (auto [scale, bias, mean, variance] :
       llvm::zip(read[0], read[1], read[2], read[3])) {
    double factor = scale / std::sqrt(variance + epsilon);
    factors.push_back(factor);
    offsets.push_back(bias - mean * factor);
  }
  return true;
}

LogicalResult OnnxLowering::lowerOp(onnx::BatchNormalizationOp op) {
  SmallVector<double> factors, offsets;
  Value x = get(op.getX());
  if (!x)
    return failure();
  if (!channelAffine(op, factors, offsets))
    return unsupported("statistics that are not constants");
  Type type = builder.elementType(x);
  auto vector = RankedTensorType::get({(int64_t)factors.size()}, type);
  // Into the convolution before it, if that is for this alone.
  auto conv = x.getDefiningOp<ConvOp>();
  ElementsAttr weight = conv && op.getX().hasOneUse()
                            ? constantElements(conv.getWeight())
                            : ElementsAttr();
  std::optional<SmallVector<double>> bias(std::in_place, factors.size(), 0);
  if (weight && conv.getBias()) {
    ElementsAttr constant = constantElements(conv.getBias());
    bias = constant ? readFloats(constant, factors.size()) : std::nullopt;
  }
  ElementsAttr scaled =
      weight && bias ? scaleRows(weight, factors) : ElementsAttr();
  if (scaled && bias->size() == factors.size()) {
    for (auto [value, factor, offset] : llvm::zip(*bias, factors, offsets))
      value = value * factor + offset;
    Value newWeight = builder.constantOf(conv.getWeight().getLoc(), scaled);
    Value newBias = builder.constantOf(location, makeElements(vector, *bias));
    return set(op,
               builder.make<ConvOp>(conv.getLoc(), type, conv.getX(), newWeight,
                                    newBias, conv.getStrides(), conv.getPads(),
                                    conv.getDilations(), conv.getGroups()));
  }
  SymbolicShape aligned(builder.rank(x) - 1, builder.constant(1));
  aligned[0] = builder.constant(factors.size());
  auto channels = [&](ArrayRef<double> data) {
    Value constant = builder.constantOf(location, makeElements(vector, data));
    return builder.reshape(location, constant, aligned);
  };
  Value product =
      builder.binary(location, BinaryKind::Mul, x, channels(factors));
  return product ? set(op, builder.binary(location, BinaryKind::Add, product,
                                          channels(offsets)))
                 : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::InstanceNormalizationOp op) {
  Value x = get(op.getInput());
  Value scale = x ? get(op.getScale()) : Value();
  Value shift = scale ? get(op.getB()) : Value();
  if (!shift)
    return failure();
  Type type = builder.elementType(x);
  int64_t rank = builder.rank(x);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  auto mean = [&](Value value) {
    return builder.make<ReduceOp>(location, type, value, ReduceKind::Mean, axes,
                                  true);
  };
  SymbolicShape aligned(rank - 1, builder.constant(1));
  aligned[0] = builder.shape(x)[1];
  Value centered = builder.binary(location, BinaryKind::Sub, x, mean(x));
  Value variance =
      mean(builder.binary(location, BinaryKind::Mul, centered, centered));
  Value shifted = builder.binary(
      location, BinaryKind::Add, variance,
      builder.scalar(location, op.getEpsilon().convertToFloat(), type));
  Value inverse = builder.unary(location, UnaryKind::Rsqrt, shifted);
  Value normal = builder.binary(location, BinaryKind::Mul, centered, inverse);
  Value scaled = builder.binary(location, BinaryKind::Mul, normal,
                                builder.reshape(location, scale, aligned));
  return set(op, builder.binary(location, BinaryKind::Add, scaled,
                                builder.reshape(location, shift, aligned)));
}

LogicalResult OnnxLowering::lowerOp(onnx::DropoutOp op) {
  if (llvm::any_of(op.getMask(), [](Value v) { return !v.use_empty(); }))
    return unsupported("the mask as a result");
  Value x = get(op.getData());
  return set(op, x);
}

//===----------------------------------------------------------------------===//
// Convolution and pooling
//===----------------------------------------------------------------------===//

/// Strides, pads and dilations with what the file leaves out filled in.
/// `extents` is the window. Nullopt, with an error emitted, if the pads depend
/// on a length that is not static.
template <typename Windowed>
std::optional<OnnxLowering::Window>
OnnxLowering::getWindow(Windowed op, Value x, ArrayRef<int64_t> extents) {
  size_t rank = extents.size();
  Window window;
  auto given = [&](std::optional<ArrayRef<int64_t>> values, size_t count,
                   int64_t missing) {
    return values ? SmallVector<int64_t>(*values)
                  : SmallVector<int64_t>(count, missing);
  };
  window.strides = given(op.getStrides(), rank, 1);
  window.dilations = given(op.getDilations(), rank, 1);
  window.pads = given(op.getPads(), 2 * rank, 0);
  if (window.strides.size() != rank || window.dilations.size() != rank ||
      window.pads.size() != 2 * rank) {
    (void)unsupported("strides, pads or dilations of another rank");
    return std::nullopt;
  }
  StringRef mode = op.getAutoPad();
  if (mode == "VALID")
    window.pads.assign(2 * rank, 0);
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER")
    return window;
  for (size_t i = 0; i != rank; ++i) {
    std::optional<int64_t> in = constantValue(builder.shape(x)[2 + i]);
    int64_t span = (extents[i] - 1) * window.dilations[i] + 1;
    if (!in && window.strides[i] != 1) {
      (void)unsupported("auto_pad " + mode + " of a dynamic extent");
      return std::nullopt;
    }
    int64_t total = span - 1;
    if (in) {
      int64_t out = llvm::divideCeil(*in, window.strides[i]);
      total = std::max<int64_t>((out - 1) * window.strides[i] + span - *in, 0);
    }
    int64_t small = total / 2;
    window.pads[i] = mode == "SAME_UPPER" ? small : total - small;
    window.pads[rank + i] = total - window.pads[i];
  }
  return window;
}

Value OnnxLowering::convolve(Operation *op, Value x, Value weight, Value bias) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (!type.hasStaticShape()) {
    (void)unsupported("a weight of dynamic shape");
    return {};
  }
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<onnx::ConvOp, onnx::ConvIntegerOp, onnx::QLinearConvOp>(
          [&](auto conv) -> Value {
            auto window = getWindow(conv, x, type.getShape().drop_front(2));
            if (!window)
              return {};
            return builder.make<ConvOp>(location, builder.elementType(x), x,
                                        weight, bias, window->strides,
                                        window->pads, window->dilations,
                                        conv.getGroup());
          });
}

LogicalResult OnnxLowering::lowerOp(onnx::ConvOp op) {
  Value x = get(op.getX());
  Value weight = x ? get(op.getW()) : Value();
  Value bias = weight ? getOptional(op.getB()) : Value();
  if (!weight || (onnx::isPresent(op.getB()) && !bias))
    return failure();
  return set(op, convolve(op, x, weight, bias));
}

/// Quantizers around a convolution, each of which has its own place.
LogicalResult OnnxLowering::lowerOp(onnx::QLinearConvOp op) {
  Value x = dequantize(op.getX(), op.getXScale(), op.getXZeroPoint(), 0, 0);
  Value weight =
      x ? dequantize(op.getW(), op.getWScale(), op.getWZeroPoint(), 0, 0)
        : Value();
  Value bias = weight ? getOptional(op.getB()) : Value();
  if (!weight || (onnx::isPresent(op.getB()) && !bias))
    return failure();
  if (bias) {
    Type f32 = builder.getF32Type();
    Value step =
        builder.binary(location, BinaryKind::Mul,
                       builder.cast(location, get(op.getWScale()), f32),
                       builder.cast(location, get(op.getXScale()), f32));
    bias = builder.binary(location, BinaryKind::Mul,
                          builder.cast(location, bias, f32), step);
  }
  Value y = convolve(op, x, weight, bias);
  return y ? quantize(op, y, op.getYScale(), op.getYZeroPoint(), 0, 0)
           : failure();
}

template <typename Pool>
LogicalResult OnnxLowering::lowerPool(Pool op, ReduceKind kind,
                                      bool countPads) {
  Value x = get(op.getX());
  if (!x)
    return failure();
  ArrayRef<int64_t> extents = op.getKernelShape();
  auto window = getWindow(op, x, extents);
  if (!window)
    return failure();
  size_t rank = extents.size();
  if (op.getCeilMode() != 0) {
    // Rounding up is a larger margin at the end, which a maximum, and a mean
    // that does not count margins, cannot see.
    for (size_t i = 0; i != rank; ++i) {
      std::optional<int64_t> in = constantValue(builder.shape(x)[2 + i]);
      std::optional<int64_t> out = constantValue(shape(op)[2 + i]);
      if (!in || !out)
        return unsupported("ceil_mode of a dynamic extent");
      int64_t span = (extents[i] - 1) * window->dilations[i] + 1;
      int64_t needed =
          (*out - 1) * window->strides[i] + span - *in - window->pads[i];
      if (needed > window->pads[rank + i] && countPads)
        return unsupported("ceil_mode with count_include_pad");
      window->pads[rank + i] = std::max(needed, window->pads[rank + i]);
    }
  }
  return set(op, builder.make<PoolOp>(location, builder.elementType(x), x, kind,
                                      extents, window->strides, window->pads,
                                      window->dilations, countPads));
}

LogicalResult OnnxLowering::lowerGlobalPool(Operation *op, ReduceKind kind) {
  Value x = get(op->getOperand(0));
  if (!x)
    return failure();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(2, builder.rank(x)));
  return set(op, builder.make<ReduceOp>(location, builder.elementType(x), x,
                                        kind, axes, /*keep_dims=*/true));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// In the products it stands for, which recover-attention puts together again
/// with whatever its mask comes from.
LogicalResult OnnxLowering::lowerOp(onnx::AttentionOp op) {
  if (onnx::isPresent(op.getPastKey()) || onnx::isPresent(op.getPastValue()))
    return unsupported("a cache");
  if (op.getIsCausal() != 0 || !op.getSoftcap().isZero())
    return unsupported("causal masking or a soft cap");
  Value q = get(op.getQ());
  Value k = q ? get(op.getK()) : Value();
  Value v = k ? get(op.getV()) : Value();
  if (!v)
    return failure();
  Type type = builder.elementType(q);
  bool joined = builder.rank(q) == 3;
  auto split = [&](Value value, std::optional<int64_t> heads) -> Value {
    if (!joined)
      return value;
    ArrayRef<AffineExpr> extents = builder.shape(value);
    AffineExpr head = divideExactly(extents[2], builder.constant(*heads));
    if (!head)
      return {};
    Value apart = builder.reshape(
        location, value,
        SymbolicShape{extents[0], extents[1], builder.constant(*heads), head});
    return builder.transpose(location, apart, {0, 2, 1, 3});
  };
  if (joined && (!op.getQNumHeads() || !op.getKvNumHeads()))
    return unsupported("joined heads without their number");
  q = split(q, op.getQNumHeads());
  k = split(k, op.getKvNumHeads());
  v = split(v, op.getKvNumHeads());
  if (!q || !k || !v ||
      !provablyEqual(builder.shape(q)[1], builder.shape(k)[1]))
    return unsupported("heads that share keys");
  std::optional<int64_t> size = constantValue(builder.shape(q)[3]);
  if (!size)
    return unsupported("a head size that is not static");
  double scale = op.getScale() ? op.getScale()->convertToFloat()
                               : 1 / std::sqrt((double)*size);
  Value scores =
      builder.make<MatmulOp>(location, type, q, k, /*transpose_rhs=*/true);
  scores = scores ? builder.binary(location, BinaryKind::Mul, scores,
                                   builder.scalar(location, scale, type))
                  : scores;
  if (scores && onnx::isPresent(op.getAttnMask())) {
    Value mask = get(op.getAttnMask());
    if (mask && builder.elementType(mask).isInteger(1))
      mask = builder.make<SelectOp>(location, type, mask,
                                    builder.scalar(location, 0, type),
                                    builder.scalar(location, -INFINITY, type));
    scores =
        mask ? builder.binary(location, BinaryKind::Add, scores, mask) : mask;
  }
  if (!scores)
    return failure();
  Value probabilities = builder.make<SoftmaxOp>(location, type, scores, 3);
  Value y = builder.make<MatmulOp>(location, type, probabilities, v, false);
  if (y && joined)
    y = builder.transpose(location, y, {0, 2, 1, 3});
  return y ? set(op, builder.reshape(location, y, shape(op))) : failure();
}

LogicalResult OnnxLowering::lowerNN(Operation *op, bool &handled) {
  handled = true;
  if (auto pool = dyn_cast<onnx::MaxPoolOp>(op))
    return lowerPool(pool, ReduceKind::Max, false);
  if (auto pool = dyn_cast<onnx::AveragePoolOp>(op))
    return lowerPool(pool, ReduceKind::Mean, pool.getCountIncludePad() != 0);
  if (isa<onnx::GlobalAveragePoolOp>(op))
    return lowerGlobalPool(op, ReduceKind::Mean);
  if (isa<onnx::GlobalMaxPoolOp>(op))
    return lowerGlobalPool(op, ReduceKind::Max);
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<onnx::AttentionOp, onnx::BatchNormalizationOp, onnx::ConvOp,
            onnx::DropoutOp, onnx::InstanceNormalizationOp,
            onnx::LayerNormalizationOp, onnx::RMSNormalizationOp>(
          [&](auto typed) { return lowerOp(typed); })
      .Default([&](Operation *) {
        handled = false;
        return success();
      });
}
} // namespace mixbit
