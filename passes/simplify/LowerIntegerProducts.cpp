//===- LowerIntegerProducts.cpp - Products of codes and their scales ------===//
//
// ONNX Runtime's dynamic quantization spells one linear layer as
//
//   codes, scale, zero = DynamicQuantizeLinear(x)
//   y = Cast(MatMulInteger(codes, W, zero, Wzero)) * (scale * Wscale)
//
// which is x (W - Wzero) Wscale with x rounded to 255 steps of the whole
// tensor's range. It becomes that product of floats: the weight's codes are
// found again on its grid, and x is quantized as any layer's activations are,
// token by token, which is finer. ConvInteger likewise. Codes by
// QuantizeLinear, whose scale is known, stay behind their quantizer, which the
// quantize stage then recognizes.
//
// The codes' product itself is never made: 32 bits of integers do not fit
// floats. What reads it before it has met all scales is an error.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

using namespace mlir;

namespace mixbit {

/// As ONNX defines it, for what reads the codes other than in a product.
LogicalResult OnnxLowering::lowerOp(onnx::DynamicQuantizeLinearOp op) {
  Value x = get(op.getX());
  if (!x)
    return failure();
  Type f32 = builder.getF32Type();
  auto scalar = [&](double value) {
    return builder.scalar(location, value, f32);
  };
  auto binary = [&](BinaryKind kind, Value lhs, Value rhs) {
    return builder.binary(location, kind, lhs, rhs);
  };
  // Zero is always in the range.
  auto bound = [&](ReduceKind reduction, BinaryKind kind) {
    Value extreme = x;
    if (int64_t rank = builder.rank(x))
      extreme = builder.make<ReduceOp>(
          location, f32, x, reduction,
          llvm::to_vector(llvm::seq<int64_t>(0, rank)), /*keep_dims=*/false);
    return binary(kind, extreme, scalar(0));
  };
  Value low = bound(ReduceKind::Min, BinaryKind::Min);
  Value range =
      binary(BinaryKind::Sub, bound(ReduceKind::Max, BinaryKind::Max), low);
  // Of nothing but zeros ONNX Runtime makes a scale of 1.
  Value scale = builder.make<SelectOp>(
      location, f32, binary(BinaryKind::Equal, range, scalar(0)), scalar(1),
      binary(BinaryKind::Div, range, scalar(255)));
  auto saturated = [&](Value value) {
    return binary(BinaryKind::Min, binary(BinaryKind::Max, value, scalar(0)),
                  scalar(255));
  };
  auto divided = [&](Value value) {
    return builder.unary(location, UnaryKind::Round,
                         binary(BinaryKind::Div, value, scale));
  };
  Value zero = saturated(divided(builder.unary(location, UnaryKind::Neg, low)));
  Value codes = saturated(binary(BinaryKind::Add, divided(x), zero));
  Type byte = known(op.getY()).elementType;
  floatCodes[op.getY()] = codes;
  floatCodes[op.getYZeroPoint()] = zero;
  lowered[op.getY()] = builder.cast(location, codes, byte);
  lowered[op.getYScale()] = scale;
  lowered[op.getYZeroPoint()] = builder.cast(location, zero, byte);
  return success();
}

/// One operand of a product; false with an error emitted if its codes come from
/// something else than a quantizer or an initializer.
bool OnnxLowering::addSide(CodeProduct &product, Value codes, Value zero,
                           bool isLeft) {
  Value &side = isLeft ? product.lhs : product.rhs;
  bool isConvolved = isa<onnx::ConvIntegerOp>(product.source);
  StringRef name = isConvolved ? (isLeft ? "x" : "w") : (isLeft ? "A" : "B");
  if (auto dynamic = codes.getDefiningOp<onnx::DynamicQuantizeLinearOp>()) {
    if (zero != dynamic.getYZeroPoint()) {
      emitNodeError(current)
          << "expected the zero point of " << name
          << " to be that of its DynamicQuantizeLinear, node '"
          << nodeName(dynamic) << "', but got another";
      return false;
    }
    side = get(dynamic.getX());
    product.scales.push_back(dynamic.getYScale());
    return (bool)side;
  }
  Value integers = codesOf(codes);
  Value offset = integers ? getOptional(zero) : Value();
  if (!integers || (onnx::isPresent(zero) && !offset))
    return false;
  Type f32 = builder.getF32Type();
  auto zeroType =
      offset ? cast<RankedTensorType>(offset.getType()) : RankedTensorType();
  bool isOneZero =
      !offset || (zeroType.hasStaticShape() && zeroType.getNumElements() == 1);
  if (isOneZero) {
    ScaleLayout layout{SymbolicShape(builder.shape(integers)), {}};
    side = dequantizeTable(integers, builder.scalar(location, 1, f32), offset,
                           layout);
    if (side)
      return true;
  }
  if (!floatCodes.contains(codes) && !constantElements(integers)) {
    emitNodeError(current)
        << "expected " << name
        << " to be an initializer, a look-up in one, or the codes of "
           "DynamicQuantizeLinear or QuantizeLinear, but got a "
        << codes.getType() << " of something else";
    return false;
  }
  side = builder.cast(location, integers, f32);
  if (!offset)
    return true;
  offset = builder.cast(location, offset, f32);
  // One a row is a column, and one an output goes along the first dimension.
  if (builder.rank(offset) == 1 && builder.rank(side) > 1 &&
      (isLeft || isConvolved)) {
    SymbolicShape aligned(isConvolved ? builder.rank(side) : 2,
                          builder.constant(1));
    aligned.front() = builder.shape(offset)[0];
    offset = builder.reshape(location, offset, aligned);
  }
  side = builder.binary(location, BinaryKind::Sub, side, offset);
  return (bool)side;
}

template <typename Product>
LogicalResult OnnxLowering::lowerIntegerProduct(Product op, Value lhs,
                                                Value lhsZero, Value rhs,
                                                Value rhsZero) {
  CodeProduct product;
  product.source = op;
  if (!addSide(product, lhs, lhsZero, /*isLeft=*/true) ||
      !addSide(product, rhs, rhsZero, /*isLeft=*/false))
    return failure();
  codeProducts[op.getResult()] = std::move(product);
  return success();
}

/// A constant, or a small computation of constants, as exporters leave shapes
/// of scales.
static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<onnx::ConstantOp>(op))
    return true;
  return isa_and_nonnull<onnx::ReshapeOp, onnx::UnsqueezeOp, onnx::IdentityOp>(
             op) &&
         isConstant(op->getOperand(0));
}

/// Takes a factor apart into scales that the product waits for, each once, and
/// constants; false if there is anything else in it.
bool OnnxLowering::takeFactors(CodeProduct &product, Value factor) {
  auto *scale = llvm::find(product.scales, factor);
  if (scale != product.scales.end()) {
    product.scales.erase(scale);
    return true;
  }
  if (isConstant(factor)) {
    product.factors.push_back(factor);
    return true;
  }
  auto both = factor.getDefiningOp<onnx::MulOp>();
  return both && takeFactors(product, both.getA()) &&
         takeFactors(product, both.getB());
}

/// The result of `op` is the product, times whatever scales are left to come.
LogicalResult OnnxLowering::advance(Operation *op, CodeProduct product) {
  Value result = op->getResult(0);
  CodeProduct &kept = codeProducts[result] = std::move(product);
  if (!kept.scales.empty())
    return success();
  // Named by the product, as the network names the layer.
  location = kept.source->getLoc();
  // The factors' product first, as the network computes it: a weight times one
  // after the other would be rounded twice, and on no grid any more.
  Value factor;
  for (Value constant : kept.factors) {
    Value next = get(constant);
    if (!next)
      return failure();
    factor =
        factor ? builder.binary(location, BinaryKind::Mul, factor, next) : next;
  }
  // One for all or for each column belongs to the weight, where the quantize
  // stage looks for it.
  bool isConvolved = isa<onnx::ConvIntegerOp>(kept.source);
  ArrayRef<AffineExpr> extents =
      factor ? builder.shape(factor) : ArrayRef<AffineExpr>();
  auto isOne = [](AffineExpr extent) { return constantValue(extent) == 1; };
  bool isWeights = llvm::all_of(extents, isOne) ||
                   (!isConvolved && builder.rank(kept.rhs) == 2 &&
                    llvm::all_of(extents.drop_back(), isOne));
  Value rhs = kept.rhs;
  if (factor && isWeights) {
    SmallVector<AffineExpr> row(
        extents.take_back(llvm::all_of(extents, isOne) ? 0 : 1));
    rhs = builder.binary(location, BinaryKind::Mul, rhs,
                         builder.reshape(location, factor, row));
  }
  Value y = isConvolved
                ? convolve(kept.source, kept.lhs, rhs, Value())
                : matrixProduct(kept.lhs, rhs, shape(kept.source->getResult(0)),
                                /*transposeRhs=*/false);
  if (y && factor && !isWeights)
    y = builder.binary(location, BinaryKind::Mul, y, factor);
  return set(op, y ? builder.reshape(location, y, shape(result)) : y);
}

LogicalResult OnnxLowering::lowerIntegerProducts(Operation *op, bool &handled) {
  handled = true;
  if (auto quantize = dyn_cast<onnx::DynamicQuantizeLinearOp>(op))
    return lowerOp(quantize);
  if (auto matmul = dyn_cast<onnx::MatMulIntegerOp>(op))
    return lowerIntegerProduct(matmul, matmul.getA(), matmul.getAZeroPoint(),
                               matmul.getB(), matmul.getBZeroPoint());
  if (auto conv = dyn_cast<onnx::ConvIntegerOp>(op))
    return lowerIntegerProduct(conv, conv.getX(), conv.getXZeroPoint(),
                               conv.getW(), conv.getWZeroPoint());
  if (auto convert = dyn_cast<onnx::CastOp>(op)) {
    auto found = codeProducts.find(convert.getInput());
    if (found != codeProducts.end() && known(convert).elementType.isF32()) {
      CodeProduct product = found->second;
      return advance(op, std::move(product));
    }
  }
  if (auto multiply = dyn_cast<onnx::MulOp>(op))
    for (int side : {0, 1}) {
      auto found = codeProducts.find(op->getOperand(side));
      if (found == codeProducts.end())
        continue;
      CodeProduct product = found->second;
      // One that has its scale is a layer's result like any other.
      if (!product.factors.empty() && product.scales.empty())
        continue;
      if (takeFactors(product, op->getOperand(1 - side)))
        return advance(op, std::move(product));
    }
  handled = false;
  return success();
}
} // namespace mixbit
