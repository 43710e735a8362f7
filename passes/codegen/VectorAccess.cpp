//===- VectorAccess.cpp - Reading and writing lanes of a buffer -----------===//
#include "passes/codegen/VectorAccess.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

LaneRange maskedRange(OpBuilder &builder, Location loc, Value position,
                      Value limit, int64_t lanes) {
  LaneRange range{position, lanes};
  range.limit = limit;
  range.remaining = arith::SubIOp::create(builder, loc, limit, position);
  range.mask = vector::CreateMaskOp::create(
      builder, loc, VectorType::get(lanes, builder.getI1Type()),
      ValueRange{range.remaining});
  return range;
}

Value splat(OpBuilder &builder, Location loc, Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(lanes, scalar.getType()), scalar);
}

Value maskOr(OpBuilder &builder, Location loc, const LaneRange &range,
             Value value, Value neutral) {
  if (!range.isMasked())
    return value;
  return arith::SelectOp::create(builder, loc, range.mask, value,
                                 splat(builder, loc, neutral, range.lanes));
}

AccessKind classifyAccess(MemRefType type, AffineMap map, unsigned vectorDim) {
  unsigned dependent = 0;
  for (AffineExpr expr : map.getResults())
    dependent += expr.isFunctionOfDim(vectorDim);
  if (dependent == 0)
    return AccessKind::Uniform;
  AffineExpr last = map.getResults().back();
  AffineExpr rest =
      simplifyAffineExpr(last - getAffineDimExpr(vectorDim, map.getContext()),
                         map.getNumDims(), map.getNumSymbols());
  SmallVector<int64_t> strides;
  int64_t offset;
  bool unit = dependent == 1 && last.isFunctionOfDim(vectorDim) &&
              !rest.isFunctionOfDim(vectorDim) &&
              succeeded(type.getStridesAndOffset(strides, offset)) &&
              strides.back() == 1;
  return unit ? AccessKind::Unit : AccessKind::Scattered;
}

static Type memoryType(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

VectorAccess::VectorAccess(Value buffer, AffineMap map, unsigned vectorDim,
                           Type element)
    : kind(classifyAccess(cast<MemRefType>(buffer.getType()), map, vectorDim)),
      buffer(buffer), map(map), vectorDim(vectorDim),
      element(element ? element : memoryType(buffer)) {}

/// `value` as elements of type `element`, bit by bit.
static Value castElements(OpBuilder &builder, Location loc, Value value,
                          Type element) {
  if (getElementTypeOrSelf(value.getType()) == element)
    return value;
  auto vector = dyn_cast<VectorType>(value.getType());
  return arith::BitcastOp::create(
      builder, loc, vector ? Type(vector.clone(element)) : element, value);
}

SmallVector<Value> VectorAccess::indices(OpBuilder &builder, Location loc,
                                         ValueRange dims,
                                         Value position) const {
  SmallVector<Value> point(dims);
  if (position)
    point[vectorDim] = position;
  SmallVector<Value> result;
  for (AffineExpr expr : map.getResults())
    result.push_back(
        affine::expandAffineExpr(builder, loc, expr, point, ValueRange()));
  return result;
}

Value VectorAccess::loadScalar(OpBuilder &builder, Location loc,
                               ValueRange dims) const {
  Value raw = memref::LoadOp::create(builder, loc, buffer,
                                     indices(builder, loc, dims, {}));
  return castElements(builder, loc, raw, element);
}

void VectorAccess::storeScalar(OpBuilder &builder, Location loc,
                               ValueRange dims, Value value) const {
  value = castElements(builder, loc, value, memoryType(buffer));
  memref::StoreOp::create(builder, loc, value, buffer,
                          indices(builder, loc, dims, {}));
}

/// Position of `lane`; lanes that are off fall back to the last that is on, so
/// that reading them is harmless.
static Value lanePosition(OpBuilder &builder, Location loc,
                          const LaneRange &range, int64_t lane) {
  if (lane == 0)
    return range.position;
  Value position =
      arith::AddIOp::create(builder, loc, range.position,
                            arith::ConstantIndexOp::create(builder, loc, lane));
  if (!range.isMasked())
    return position;
  Value last =
      arith::SubIOp::create(builder, loc, range.limit,
                            arith::ConstantIndexOp::create(builder, loc, 1));
  return arith::MinSIOp::create(builder, loc, position, last);
}

Value VectorAccess::load(OpBuilder &builder, Location loc, ValueRange dims,
                         const LaneRange &range) const {
  if (kind == AccessKind::Uniform)
    return splat(builder, loc, loadScalar(builder, loc, dims), range.lanes);
  return castElements(builder, loc, loadRaw(builder, loc, dims, range),
                      element);
}

/// What `load` reads, as the buffer holds it.
Value VectorAccess::loadRaw(OpBuilder &builder, Location loc, ValueRange dims,
                            const LaneRange &range) const {
  auto type = VectorType::get(range.lanes, memoryType(buffer));
  if (kind == AccessKind::Unit) {
    SmallVector<Value> at = indices(builder, loc, dims, range.position);
    if (!range.isMasked())
      return vector::LoadOp::create(builder, loc, type, buffer, at);
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    return vector::MaskedLoadOp::create(builder, loc, type, buffer, at,
                                        range.mask, zero);
  }
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < range.lanes; ++lane)
    elements.push_back(memref::LoadOp::create(
        builder, loc, buffer,
        indices(builder, loc, dims, lanePosition(builder, loc, range, lane))));
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

void VectorAccess::store(OpBuilder &builder, Location loc, ValueRange dims,
                         const LaneRange &range, Value value) const {
  value = castElements(builder, loc, value, memoryType(buffer));
  if (kind == AccessKind::Unit) {
    SmallVector<Value> at = indices(builder, loc, dims, range.position);
    if (range.isMasked())
      vector::MaskedStoreOp::create(builder, loc, buffer, at, range.mask,
                                    value);
    else
      vector::StoreOp::create(builder, loc, value, buffer, at);
    return;
  }
  if (!range.isMasked()) {
    for (int64_t lane = 0; lane < range.lanes; ++lane) {
      Value element = vector::ExtractOp::create(builder, loc, value, lane);
      memref::StoreOp::create(
          builder, loc, element, buffer,
          indices(builder, loc, dims, lanePosition(builder, loc, range, lane)));
    }
    return;
  }
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero, range.remaining, one);
  OpBuilder inner(loop.getBody(), loop.getBody()->begin());
  Value lane = loop.getInductionVar();
  Value element =
      vector::ExtractOp::create(inner, loc, value, OpFoldResult(lane));
  Value position = arith::AddIOp::create(inner, loc, range.position, lane);
  memref::StoreOp::create(inner, loc, element, buffer,
                          indices(inner, loc, dims, position));
}

} // namespace mixbit
