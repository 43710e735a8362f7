//===- EmitWindows.cpp - Convolutions, pooling, batched products ----------===//
//
// These become linalg.generic over buffers, with reduction loops inside; the
// output starts from the attribute `mixbit.init`. Padding is made explicit: the
// data is copied into a padded buffer, so that every access is in bounds.
//
//===----------------------------------------------------------------------===//
#include "passes/kernelize/KernelFormer.h"
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <limits>

using namespace mlir;

namespace mixbit {
/// linalg.generic that combines `inputs` into the last argument, starting from
/// `init`; `combine` gets the inputs' elements and the sum so far.
static void emitLoops(
    OpBuilder &builder, Location loc, ValueRange args, ArrayRef<AffineMap> maps,
    ArrayRef<utils::IteratorType> iterators, double init,
    function_ref<Value(OpBuilder &, ValueRange inputs, Value sum)> combine) {
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange(), args.drop_back(), args.take_back(1), maps,
      iterators, [&](OpBuilder &body, Location, ValueRange elements) {
        linalg::YieldOp::create(
            body, loc, combine(body, elements.drop_back(), elements.back()));
      });
  generic->setAttr("mixbit.init", builder.getF32FloatAttr(init));
}

static Value multiplyAdd(OpBuilder &builder, ValueRange inputs, Value sum) {
  Location loc = sum.getLoc();
  return arith::AddFOp::create(
      builder, loc, sum,
      arith::MulFOp::create(builder, loc, inputs[0], inputs[1]));
}

View KernelFormer::padded(const View &x, ArrayRef<int64_t> pads,
                          TypedAttr padding, Location loc) {
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return x;
  size_t rank = pads.size() / 2, skip = x.rank() - rank;
  SymbolicShape shape = x.shape;
  SmallVector<AffineExpr> starts(x.rank(), builder.constant(0));
  for (size_t i = 0; i != rank; ++i) {
    shape[skip + i] = normalize(shape[skip + i] + pads[i] + pads[rank + i]);
    starts[skip + i] = builder.constant(pads[i]);
  }
  View result = builder.buffer(shape, x.elementType, loc);
  fill(result, padding, loc);
  SmallVector<int64_t> steps(x.rank(), 1);
  copy(x, result.slice(starts, x.shape, steps), loc);
  return result;
}

/// out[..., o...] reads x[..., o * stride + w * dilation...]: the expressions
/// for the spatial dimensions, outputs from dimension `firstOut` on, window
/// positions from `firstWindow` on.
static void appendWindowAccess(SmallVectorImpl<AffineExpr> &access,
                               ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> dilations, unsigned firstOut,
                               unsigned firstWindow, MLIRContext *context) {
  for (size_t i = 0; i != strides.size(); ++i)
    access.push_back(getAffineDimExpr(firstOut + i, context) * strides[i] +
                     getAffineDimExpr(firstWindow + i, context) * dilations[i]);
}

LogicalResult KernelFormer::emitConv(ConvOp op) {
  MLIRContext *context = builder.context();
  Location loc = op.getLoc();
  FailureOr<View> x = viewOf(op.getX()), weight = viewOf(op.getWeight());
  if (failed(x) || failed(weight))
    return failure();
  if (!isa<Float32Type>(x->elementType))
    return unsupported(op, "data other than f32");
  if (op.getBias())
    return unsupported(op, "a bias (split-conv-bias makes it an addition)");
  auto f32 = Float32Type::get(context);
  View data = padded(*x, op.getPads(), FloatAttr::get(f32, 0.0), loc);
  View out = allocate(op.getResult(), loc);
  int64_t groups = op.getGroups();
  size_t spatial = op.getStrides().size();

  // [B, C, ...] as [B, groups, C / groups, ...], likewise the others.
  auto split = [&](const View &view, size_t dim) {
    SymbolicShape shape = view.shape;
    int64_t extent = *constantValue(shape[dim]);
    shape[dim] = builder.constant(extent / groups);
    shape.insert(shape.begin() + dim, builder.constant(groups));
    std::optional<View> result = view.reshape(shape);
    return result ? *result : *contiguous(view, loc).reshape(shape);
  };
  // Dimensions: b, g, o, spatial..., | c, window...
  View operands[] = {split(data, 1), split(*weight, 0), split(out, 1)};
  unsigned firstOut = 3, channel = 3 + spatial, firstWindow = channel + 1;
  unsigned numDims = firstWindow + spatial;
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> dataAccess = {dim(0), dim(1), dim(channel)};
  appendWindowAccess(dataAccess, op.getStrides(), op.getDilations(), firstOut,
                     firstWindow, context);
  SmallVector<AffineExpr> weightAccess = {dim(1), dim(2), dim(channel)};
  SmallVector<AffineExpr> outAccess = {dim(0), dim(1), dim(2)};
  for (size_t i = 0; i != spatial; ++i) {
    weightAccess.push_back(dim(firstWindow + i));
    outAccess.push_back(dim(firstOut + i));
  }
  AffineMap maps[] = {AffineMap::get(numDims, 0, dataAccess, context),
                      AffineMap::get(numDims, 0, weightAccess, context),
                      AffineMap::get(numDims, 0, outAccess, context)};
  SmallVector<utils::IteratorType> iterators(numDims,
                                             utils::IteratorType::parallel);
  std::fill(iterators.begin() + channel, iterators.end(),
            utils::IteratorType::reduction);
  builder.launch(
      "conv", operands, loc, [&](OpBuilder &inside, ValueRange args) {
        emitLoops(inside, loc, args, maps, iterators, 0.0, multiplyAdd);
      });
  return success();
}

/// 1 / (how many elements of the window lie inside of the data), for each
/// output position along one dimension.
static SmallVector<double> validCounts(int64_t extent, int64_t outputs,
                                       int64_t window, int64_t stride,
                                       int64_t pad, int64_t dilation) {
  SmallVector<double> counts;
  for (int64_t o = 0; o != outputs; ++o) {
    int64_t count = 0;
    for (int64_t w = 0; w != window; ++w) {
      int64_t at = o * stride + w * dilation - pad;
      count += at >= 0 && at < extent;
    }
    counts.push_back(count);
  }
  return counts;
}

LogicalResult KernelFormer::emitPool(PoolOp op) {
  MLIRContext *context = builder.context();
  Location loc = op.getLoc();
  FailureOr<View> x = viewOf(op.getX());
  if (failed(x))
    return failure();
  size_t spatial = op.getWindow().size();
  bool isMax = op.getKind() == ReduceKind::Max;
  if (!isa<Float32Type>(x->elementType) ||
      (!isMax && spatial != 2 && spatial != 1))
    return unsupported(op, "expected f32 data of one or two dimensions");
  auto f32 = Float32Type::get(context);
  double init = isMax ? -std::numeric_limits<double>::infinity() : 0.0;
  View data = padded(*x, op.getPads(), FloatAttr::get(f32, init), loc);
  View out = allocate(op.getResult(), loc);
  // The window's extents come from an operand that is never read.
  SymbolicShape window;
  int64_t windowSize = 1;
  for (int64_t extent : op.getWindow()) {
    window.push_back(builder.constant(extent));
    windowSize *= extent;
  }
  View shape = builder.buffer(window, f32, loc);

  unsigned numDims = 2 + 2 * spatial, firstWindow = 2 + spatial;
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> dataAccess = {dim(0), dim(1)};
  appendWindowAccess(dataAccess, op.getStrides(), op.getDilations(), 2,
                     firstWindow, context);
  SmallVector<AffineExpr> windowAccess, outAccess = {dim(0), dim(1)};
  for (size_t i = 0; i != spatial; ++i) {
    windowAccess.push_back(dim(firstWindow + i));
    outAccess.push_back(dim(2 + i));
  }
  AffineMap maps[] = {AffineMap::get(numDims, 0, dataAccess, context),
                      AffineMap::get(numDims, 0, windowAccess, context),
                      AffineMap::get(numDims, 0, outAccess, context)};
  SmallVector<utils::IteratorType> iterators(numDims,
                                             utils::IteratorType::parallel);
  std::fill(iterators.begin() + firstWindow, iterators.end(),
            utils::IteratorType::reduction);
  builder.launch(
      isMax ? "pool_max" : "pool_sum", {data, shape, out}, loc,
      [&](OpBuilder &inside, ValueRange args) {
        emitLoops(inside, loc, args, maps, iterators, init,
                  [&](OpBuilder &body, ValueRange inputs, Value sum) -> Value {
                    if (isMax)
                      return arith::MaximumFOp::create(body, loc, sum,
                                                       inputs[0]);
                    return arith::AddFOp::create(body, loc, sum, inputs[0]);
                  });
      });
  if (isMax)
    return success();

  // A mean divides the sum, by one number or one a position.
  bool hasPads =
      llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  SmallVector<float> factors = {1.0f / windowSize};
  SmallVector<int64_t> factorShape(spatial, 1);
  if (hasPads && !op.getCountPads()) {
    factors = {1.0f};
    for (size_t i = 0; i != spatial; ++i) {
      std::optional<int64_t> extent = constantValue(x->shape[2 + i]);
      std::optional<int64_t> outputs = constantValue(out.shape[2 + i]);
      if (!extent || !outputs)
        return unsupported(op, "a mean without its padding over symbolic "
                               "spatial dimensions");
      SmallVector<double> counts =
          validCounts(*extent, *outputs, op.getWindow()[i], op.getStrides()[i],
                      op.getPads()[i], op.getDilations()[i]);
      SmallVector<float> products;
      for (float factor : factors)
        for (double count : counts)
          products.push_back(factor / std::max(count, 1.0));
      factors = products;
      factorShape[i] = *outputs;
    }
  }
  auto data32 = DenseElementsAttr::get(RankedTensorType::get(factorShape, f32),
                                       ArrayRef<float>(factors));
  SymbolicShape domain = out.shape;
  View all[] = {out,
                builder.weight(data32, "pool_factors", loc).broadcast(domain)};
  SmallVector<AffineExpr> factorDims;
  View factorView = all[1];
  factorView.shape.clear();
  factorView.strides.clear();
  for (unsigned i = 0; i != domain.size(); ++i) {
    if (constantValue(all[1].strides[i]) == 0)
      continue;
    factorDims.push_back(dim(i));
    factorView.shape.push_back(domain[i]);
    factorView.strides.push_back(all[1].strides[i]);
  }
  builder.launch(
      "pool_scale", {out, factorView, out}, loc,
      [&](OpBuilder &inside, ValueRange args) {
        auto identity = AffineMapAttr::get(
            AffineMap::getMultiDimIdentityMap(domain.size(), context));
        Attribute rowMaps[] = {identity,
                               AffineMapAttr::get(AffineMap::get(
                                   domain.size(), 0, factorDims, context)),
                               identity};
        auto rows =
            RowsOp::create(inside, loc, args.drop_back(), args.take_back(1),
                           inside.getArrayAttr(rowMaps));
        Block &block = rows.getBody().emplaceBlock();
        Value sum = block.addArgument(f32, loc);
        Value factor = block.addArgument(f32, loc);
        OpBuilder body = OpBuilder::atBlockBegin(&block);
        Value mean = arith::MulFOp::create(body, loc, sum, factor);
        YieldOp::create(body, loc, mean);
      });
  return success();
}

LogicalResult KernelFormer::emitMatmul(MatmulOp op) {
  MLIRContext *context = builder.context();
  Location loc = op.getLoc();
  FailureOr<View> lhs = viewOf(op.getLhs()), rhs = viewOf(op.getRhs());
  if (failed(lhs) || failed(rhs))
    return failure();
  if (!isa<Float32Type>(lhs->elementType))
    return unsupported(op, "factors other than f32");
  View out = allocate(op.getResult(), loc);
  size_t rank = out.rank(), batch = rank - 2;
  View right = *rhs;
  if (op.getTransposeRhs()) {
    SmallVector<int64_t> order;
    for (int64_t i = 0; i != (int64_t)right.rank(); ++i)
      order.push_back(i);
    std::swap(order[right.rank() - 2], order[right.rank() - 1]);
    right = right.transpose(order);
  }
  // One right side for all rows: the batch's rows are one after the other.
  View left = *lhs, result = out;
  auto isOne = [](AffineExpr extent) { return constantValue(extent) == 1; };
  if (batch != 0 && left.rank() == rank &&
      llvm::all_of(ArrayRef(right.shape).drop_back(2), isOne)) {
    SymbolicShape rows = {product(ArrayRef(left.shape).drop_back(), context)};
    std::optional<View> flat = left.reshape({rows[0], left.shape.back()});
    std::optional<View> flatOut = out.reshape({rows[0], out.shape.back()});
    std::optional<View> matrix = right.reshape(
        {right.shape[right.rank() - 2], right.shape[right.rank() - 1]});
    if (flat && flatOut && matrix) {
      left = *flat;
      right = *matrix;
      result = *flatOut;
      rank = 2;
      batch = 0;
    }
  }
  // Dimensions: batch..., m, n, | k. Stretched batch dimensions are left out
  // of their operand.
  unsigned numDims = rank + 1;
  auto access = [&](View view, ArrayRef<unsigned> lastDims, View &memory) {
    SmallVector<AffineExpr> dims;
    memory = view;
    memory.shape.clear();
    memory.strides.clear();
    size_t own = view.rank() - 2;
    for (size_t i = 0; i != view.rank(); ++i) {
      bool isBatch = i < own;
      if (isBatch && constantValue(view.shape[i]) == 1)
        continue;
      unsigned target = isBatch ? batch - own + i : lastDims[i - own];
      dims.push_back(getAffineDimExpr(target, context));
      memory.shape.push_back(view.shape[i]);
      memory.strides.push_back(view.strides[i]);
    }
    return AffineMap::get(numDims, 0, dims, context);
  };
  unsigned m = batch, n = batch + 1, k = rank;
  View operands[3];
  AffineMap maps[] = {
      access(left, {m, k}, operands[0]), access(right, {k, n}, operands[1]),
      AffineMap::getMultiDimIdentityMap(numDims, context).getMajorSubMap(rank)};
  operands[2] = result;
  SmallVector<utils::IteratorType> iterators(numDims,
                                             utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  builder.launch(
      "matmul", operands, loc, [&](OpBuilder &inside, ValueRange args) {
        emitLoops(inside, loc, args, maps, iterators, 0.0, multiplyAdd);
      });
  return success();
}
} // namespace mixbit
