//===- RulesWindows.cpp - Derivatives of convolutions and pooling ---------===//
//
// The gradient at the data of y[o] = sum over w of k[w] x[o s + w d - p] is a
// convolution of the gradient, spread out by the stride, with the reversed
// window.
//
//===----------------------------------------------------------------------===//
#include "passes/sensitivity/Differentiable.h"
#include "passes/simplify/Constants.h"

#include <limits>

using namespace mlir;

namespace mixbit {
namespace {
struct Window {
  ArrayRef<int64_t> strides, pads, dilations;
  int64_t groups;
};
} // namespace

/// [..., H, ...] with stride - 1 zeros behind each element along `dim`.
static Value spread(GraphBuilder &builder, Location loc, Value x, size_t dim,
                    int64_t stride) {
  if (stride == 1)
    return x;
  SmallVector<AffineExpr> shape(builder.shape(x)), apart = shape;
  apart.insert(apart.begin() + dim + 1, builder.constant(1));
  x = builder.reshape(loc, x, apart);
  apart[dim + 1] = builder.constant(stride - 1);
  Value gaps = zeros(builder, loc, builder.elementType(x), apart);
  SmallVector<Value> parts = {x, gaps};
  x = builder.make<ConcatOp>(loc, builder.elementType(x), parts, dim + 1);
  shape[dim] = normalize(shape[dim] * stride);
  return builder.reshape(loc, x, shape);
}

/// A constant [O, C / G, window...] as [C, O / G, reversed window...]; null if
/// it is not of floats.
static ElementsAttr reversedWeight(ElementsAttr weight, int64_t groups) {
  std::optional<SmallVector<double>> values =
      readFloats(weight, std::numeric_limits<int64_t>::max());
  if (!values)
    return {};
  auto type = cast<RankedTensorType>(weight.getShapedType());
  SmallVector<int64_t> shape(type.getShape());
  int64_t outputs = shape[0] / groups, channels = shape[1];
  int64_t size = 1;
  for (int64_t extent : ArrayRef(shape).drop_front(2))
    size *= extent;
  SmallVector<double> result(values->size());
  for (int64_t g = 0; g != groups; ++g)
    for (int64_t o = 0; o != outputs; ++o)
      for (int64_t c = 0; c != channels; ++c)
        for (int64_t w = 0; w != size; ++w)
          result[((g * channels + c) * outputs + o) * size + size - 1 - w] =
              (*values)[((g * outputs + o) * channels + c) * size + w];
  shape[0] = channels * groups;
  shape[1] = outputs;
  return makeElements(RankedTensorType::get(shape, type.getElementType()),
                      result);
}

/// The gradient at the data x of a convolution with `weight`.
static FailureOr<Value> atData(GraphBuilder &builder, Operation *op, Value g,
                               ElementsAttr weight, const Window &window) {
  ElementsAttr reversed =
      weight ? reversedWeight(weight, window.groups) : weight;
  if (!reversed)
    return notDifferentiable(op, "a computed weight has no rule yet");
  ArrayRef<int64_t> extents = weight.getShapedType().getShape();
  Location loc = op->getLoc();
  SmallVector<AffineExpr> data(builder.shape(op->getOperand(0)));
  size_t rank = data.size() - 2;
  SmallVector<int64_t> pads(2 * rank), ones(rank, 1);
  for (size_t i = 0; i != rank; ++i) {
    int64_t reach = window.dilations[i] * (extents[2 + i] - 1);
    pads[i] = reach - window.pads[i];
    AffineExpr behind = builder.constant(reach - window.pads[rank + i]);
    if (window.strides[i] != 1) {
      g = spread(builder, loc, g, 2 + i, window.strides[i]);
      behind =
          normalize(data[2 + i] - builder.shape(g)[2 + i] - pads[i] + reach);
    }
    std::optional<int64_t> rest = constantValue(behind);
    if (!rest)
      return notDifferentiable(
          op, "strides over symbolic spatial dimensions have no rule yet");
    if (*rest < 0) { // The last of the zeros that were spread.
      SmallVector<AffineExpr> starts(data.size(), builder.constant(0));
      SmallVector<AffineExpr> sizes(builder.shape(g));
      sizes[2 + i] = normalize(sizes[2 + i] + *rest);
      SmallVector<int64_t> steps(data.size(), 1);
      g = builder.make<SliceOp>(loc, builder.elementType(g), g,
                                builder.map(starts), builder.map(sizes), steps);
      rest = 0;
    }
    pads[rank + i] = *rest;
    if (pads[i] < 0)
      return notDifferentiable(op, "padding beyond the window has no rule yet");
  }
  return builder.make<ConvOp>(loc, builder.elementType(g), g,
                              builder.constantOf(loc, reversed), Value(), ones,
                              pads, window.dilations, window.groups);
}

namespace {
struct ConvRules : DifferentiableOpInterface::ExternalModel<ConvRules, ConvOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    auto conv = cast<ConvOp>(op);
    if (wanted[1])
      return notDifferentiable(op, "a computed weight has no rule yet");
    Window window{conv.getStrides(), conv.getPads(), conv.getDilations(),
                  (int64_t)conv.getGroups()};
    FailureOr<Value> x =
        atData(builder, op, g, constantElements(conv.getWeight()), window);
    if (failed(x))
      return failure();
    gradients.append({*x, Value()});
    if (conv.getBias())
      gradients.push_back({});
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto conv = cast<ConvOp>(op);
    if (tangents[1] || (conv.getBias() && tangents[2]))
      return notDifferentiable(op, "a computed weight has no rule yet");
    tangent = builder.make<ConvOp>(
        op->getLoc(), builder.elementType(tangents[0]), tangents[0],
        conv.getWeight(), Value(), conv.getStrides(), conv.getPads(),
        conv.getDilations(), (int64_t)conv.getGroups());
    return success();
  }
};

struct PoolRules : DifferentiableOpInterface::ExternalModel<PoolRules, PoolOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    auto pool = cast<PoolOp>(op);
    Location loc = op->getLoc();
    if (pool.getKind() != ReduceKind::Mean)
      return notDifferentiable(op, "max pooling has no rule yet");
    Type type = builder.elementType(g);
    SmallVector<AffineExpr> data(builder.shape(pool.getX()));
    std::optional<int64_t> channels = constantValue(data[1]);
    if (!channels)
      return notDifferentiable(op, "symbolic channels have no rule yet");
    SmallVector<int64_t> shape = {*channels, 1};
    int64_t size = 1;
    for (int64_t extent : pool.getWindow()) {
      shape.push_back(extent);
      size *= extent;
    }
    if (pool.getCountPads()) {
      g = scaled(builder, loc, g, 1.0 / size);
    } else {
      // How many elements of each window lie inside: the mean of ones with the
      // padding counted, times the size.
      Value ones = builder.broadcast(loc, builder.scalar(loc, 1, type), data);
      Value share = builder.make<PoolOp>(loc, type, ones, ReduceKind::Mean,
                                         pool.getWindow(), pool.getStrides(),
                                         pool.getPads(), pool.getDilations(),
                                         /*count_pads=*/true);
      g = builder.binary(loc, BinaryKind::Div, g,
                         scaled(builder, loc, share, size));
    }
    SmallVector<double> ones(*channels * size, 1.0);
    ElementsAttr weight =
        makeElements(RankedTensorType::get(shape, type), ones);
    Window window{pool.getStrides(), pool.getPads(), pool.getDilations(),
                  *channels};
    FailureOr<Value> x = atData(builder, op, g, weight, window);
    if (failed(x))
      return failure();
    gradients.push_back(*x);
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    if (cast<PoolOp>(op).getKind() != ReduceKind::Mean)
      return notDifferentiable(op, "max pooling has no rule yet");
    tangent = withOperands(builder, op, tangents[0]);
    return success();
  }
};
} // namespace

void attachWindowRules(MLIRContext *context) {
  ConvOp::attachInterface<ConvRules>(*context);
  PoolOp::attachInterface<PoolRules>(*context);
}
} // namespace mixbit
