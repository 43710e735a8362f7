//===- EmitMoves.cpp - Copies, concatenation, gathers, odd reductions -----===//
#include "passes/kernelize/KernelFormer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mixbit {
/// A rows operation over views that have all dimensions of the domain, or for
/// stride 0 lack them; maps pick each view's dimensions.
static AffineMapAttr identityMap(unsigned rank, MLIRContext *context) {
  return AffineMapAttr::get(AffineMap::getMultiDimIdentityMap(rank, context));
}

void KernelFormer::copy(const View &from, const View &to, Location loc) {
  MLIRContext *context = builder.context();
  SymbolicShape domain = to.shape;
  SmallVector<View> pair = {from.broadcast(domain), to};
  collapseDomain(domain, pair, /*keepLast=*/false);
  if (domain.empty()) {
    domain.push_back(builder.constant(1));
    for (View &view : pair) {
      view.shape = domain;
      view.strides.assign(1, builder.constant(1));
    }
  }
  // A source dimension of stride 0 is left out of its map.
  SmallVector<AffineExpr> sourceDims;
  View source = pair[0];
  source.shape.clear();
  source.strides.clear();
  for (size_t i = 0; i != domain.size(); ++i) {
    if (constantValue(pair[0].strides[i]) == 0)
      continue;
    sourceDims.push_back(getAffineDimExpr(i, context));
    source.shape.push_back(domain[i]);
    source.strides.push_back(pair[0].strides[i]);
  }
  builder.launch(
      "copy", {source, pair[1]}, loc, [&](OpBuilder &inside, ValueRange args) {
        Attribute maps[] = {AffineMapAttr::get(AffineMap::get(
                                domain.size(), 0, sourceDims, context)),
                            identityMap(domain.size(), context)};
        auto rows = RowsOp::create(inside, loc, args[0], args[1],
                                   inside.getArrayAttr(maps));
        Block &block = rows.getBody().emplaceBlock();
        Value x = block.addArgument(from.elementType, loc);
        OpBuilder body = OpBuilder::atBlockBegin(&block);
        YieldOp::create(body, loc, x);
      });
}

void KernelFormer::fill(const View &to, TypedAttr value, Location loc) {
  SymbolicShape domain = to.shape;
  SmallVector<View> views = {to};
  collapseDomain(domain, views, /*keepLast=*/false);
  builder.launch("fill", views, loc, [&](OpBuilder &inside, ValueRange args) {
    auto rows = RowsOp::create(
        inside, loc, ValueRange(), args,
        inside.getArrayAttr(identityMap(domain.size(), builder.context())));
    Block &block = rows.getBody().emplaceBlock();
    OpBuilder body = OpBuilder::atBlockBegin(&block);
    Value constant = arith::ConstantOp::create(body, loc, value);
    YieldOp::create(body, loc, constant);
  });
}

LogicalResult KernelFormer::emitConcat(ConcatOp op) {
  View out = allocate(op.getResult(), op.getLoc());
  AffineExpr start = builder.constant(0);
  for (Value input : op.getInputs()) {
    FailureOr<View> view = viewOf(input);
    if (failed(view))
      return failure();
    SmallVector<AffineExpr> starts(out.rank(), builder.constant(0));
    starts[op.getAxis()] = start;
    SmallVector<int64_t> steps(out.rank(), 1);
    copy(*view, out.slice(starts, view->shape, steps), op.getLoc());
    start = normalize(start + view->shape[op.getAxis()]);
  }
  return success();
}

LogicalResult KernelFormer::emitGather(GatherOp op) {
  FailureOr<View> x = viewOf(op.getX());
  if (failed(x))
    return failure();
  size_t axis = op.getAxis();
  // One constant index is a slice.
  DenseElementsAttr indices;
  if (matchPattern(op.getIndices(), m_Constant(&indices)) &&
      indices.getNumElements() == 1) {
    int64_t index = (*indices.value_begin<APInt>()).getSExtValue();
    SmallVector<AffineExpr> starts(x->rank(), builder.constant(0));
    SmallVector<int64_t> steps(x->rank(), 1);
    starts[axis] =
        index < 0 ? normalize(x->shape[axis] + index) : builder.constant(index);
    SymbolicShape sizes = x->shape;
    sizes[axis] = builder.constant(1);
    std::optional<View> result =
        x->slice(starts, sizes, steps).reshape(shapeOf(op.getResult()));
    if (result) {
      views[op.getResult()] = *result;
      return success();
    }
  }
  if (axis != 0)
    return unsupported(op, "expected indices along axis 0, or one constant "
                           "index, but got axis " +
                               Twine(axis));
  FailureOr<View> ids = viewOf(op.getIndices());
  if (failed(ids))
    return failure();
  Location loc = op.getLoc();
  MLIRContext *context = builder.context();
  SymbolicShape rest(llvm::drop_begin(x->shape));
  std::optional<View> table =
      contiguous(*x, loc).reshape({x->shape[0], product(rest, context)});
  SymbolicShape count = {product(ids->shape, context)};
  std::optional<View> list = contiguous(*ids, loc).reshape(count);
  View out = allocate(op.getResult(), loc);
  std::optional<View> rows = out.reshape({count[0], table->shape[1]});
  builder.launch(
      "gather", {*list, *table, *rows}, loc,
      [&](OpBuilder &inside, ValueRange args) {
        AffineExpr d0 = getAffineDimExpr(0, context);
        Attribute maps[] = {AffineMapAttr::get(AffineMap::get(2, 0, d0)),
                            identityMap(2, context)};
        auto rowsOp = RowsOp::create(inside, loc, args[0], args[2],
                                     inside.getArrayAttr(maps));
        Block &block = rowsOp.getBody().emplaceBlock();
        Value id = block.addArgument(ids->elementType, loc);
        OpBuilder body = OpBuilder::atBlockBegin(&block);
        Value value = TableLoadOp::create(body, loc, x->elementType, args[1],
                                          id, Value(), Value(), TypeAttr(),
                                          LayoutAttr(), DenseI64ArrayAttr());
        YieldOp::create(body, loc, value);
      });
  return success();
}

LogicalResult KernelFormer::emitReduce(ReduceOp op) {
  FailureOr<View> x = viewOf(op.getX());
  if (failed(x))
    return failure();
  if (!isa<Float32Type>(x->elementType) || op.getKind() == ReduceKind::Mul)
    return unsupported(op, "expected a sum, mean, max or min of f32");
  // Kept dimensions first, reduced ones last and as one.
  SmallVector<int64_t> order;
  SymbolicShape shape, reduced;
  for (int64_t i = 0; i != (int64_t)x->rank(); ++i)
    if (!llvm::is_contained(op.getAxes(), i)) {
      order.push_back(i);
      shape.push_back(x->shape[i]);
    }
  for (int64_t axis : op.getAxes()) {
    order.push_back(axis);
    reduced.push_back(x->shape[axis]);
  }
  SymbolicShape kept = shape;
  shape.push_back(product(reduced, builder.context()));
  View permuted = x->transpose(order);
  std::optional<View> rows = permuted.reshape(shape);
  if (!rows)
    rows = contiguous(permuted, op.getLoc()).reshape(shape);
  View out = allocate(op.getResult(), op.getLoc());
  return emitRowOp(op, *rows, *out.reshape(kept), /*uniform=*/true);
}

LogicalResult KernelFormer::emitSoftmax(SoftmaxOp op) {
  FailureOr<View> x = viewOf(op.getX());
  if (failed(x))
    return failure();
  SmallVector<int64_t> order;
  int64_t axis = op.getAxis();
  for (int64_t i = 0; i != (int64_t)x->rank(); ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  View out = allocate(op.getResult(), op.getLoc());
  return emitRowOp(op, x->transpose(order), out.transpose(order),
                   /*uniform=*/false);
}

LogicalResult KernelFormer::emitDimValue(DimValueOp op) {
  SmallVector<int64_t> values;
  for (AffineExpr expr : op.getValues().getResults()) {
    std::optional<int64_t> value = constantValue(expr);
    if (!value)
      return unsupported(op, "a symbolic dimension used as data");
    values.push_back(*value);
  }
  auto type = cast<RankedTensorType>(op.getType());
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> elements;
  for (int64_t value : values)
    elements.push_back(APInt(width, value, /*isSigned=*/true));
  views[op.getResult()] = builder.weight(DenseElementsAttr::get(type, elements),
                                         "dims", op.getLoc());
  return success();
}
} // namespace mixbit
