//===- ContractGroups.cpp - Sums of a tile and their scales -------------===//
//
// ScalePolicy of the contraction generator. One group along K: integer sums
// over all of K. Several: integer sums of a group, times its scale, added to
// float accumulators in the order of K. These stay in registers beside the
// integers where both fit, else they wait in memory for the end of the group.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

SmallVector<Value> TileEmitter::addPhases(const Values &sums) {
  bool floats = isa<FloatType>(getElementTypeOrSelf(sums.front()));
  auto plus = [&](Value lhs, Value rhs) -> Value {
    if (floats)
      return arith::AddFOp::create(ir.b, ir.loc, lhs, rhs);
    return arith::AddIOp::create(ir.b, ir.loc, lhs, rhs);
  };
  Values result;
  for (int t = 0; t < shape.rows * shape.vectors; ++t) {
    Value sum = sums[t * shape.phases];
    for (int phase = 1; phase < shape.phases; ++phase) {
      Value other = sums[t * shape.phases + phase];
      // A plane's codes are so many times as large, and so is their sum.
      if (!floats && sumsPlanes())
        other = arith::ShRSIOp::create(ir.b, ir.loc, other,
                                       ir.splat(accType(), phase * plan.bits));
      sum = plus(sum, other);
    }
    result.push_back(sum);
  }
  return result;
}

/// Integer accumulators of a new group: what codes for zero and the dot's
/// offset leave over, or zero where `finishGroup` adds it.
SmallVector<Value> TileEmitter::startGroup(Value group) {
  if (inPairs())
    return startPairs(group);
  Value zero = ir.splat(accType(), 0);
  Values sums(shape.rows * shape.vectors * shape.phases, zero);
  if (place.rowLimit) {
    if (plan.needSums)
      sums.append(shape.rows, zero);
    return sums;
  }
  if (!plan.needSums || !plan.correction())
    return sums;
  for (int i = 0; i < shape.rows; ++i) {
    Value sum =
        memref::LoadOp::create(ir.b, ir.loc, buffers.sums,
                               ValueRange{ir.add(place.localRow, i), group});
    sum = vector::BroadcastOp::create(ir.b, ir.loc, accType(), sum);
    for (int j = 0; j < shape.vectors; ++j)
      sums[(i * shape.vectors + j) * shape.phases] = sum;
  }
  return sums;
}

/// The exact integer sums of a group, [row][vector].
SmallVector<Value> TileEmitter::finishGroup(Values sums, Value group) {
  int tiles = shape.rows * shape.vectors;
  Values result = inPairs() ? finishPairs(sums) : addPhases(sums);
  bool inlineSums = place.rowLimit != nullptr;
  if (!plan.needSums || (plan.correction() && !inlineSums))
    return result;

  // (offset - zero) of each vector's outputs.
  Values factors(shape.vectors);
  if (buffers.wZeros) {
    int64_t stride = place.columnStride ? place.columnStride : plan.lanes;
    Value g = ir.min(group, ir.index(plan.groups - 1));
    fetchOfGroup(buffers.wZeros, group);
    for (int j = 0; j < shape.vectors; ++j) {
      Value zeros = vector::LoadOp::create(
          ir.b, ir.loc, VectorType::get(plan.lanes, ir.b.getI8Type()),
          buffers.wZeros,
          ValueRange{place.panel, g, ir.add(place.column, j * stride)});
      zeros = arith::ExtUIOp::create(ir.b, ir.loc, accType(), zeros);
      factors[j] = arith::SubIOp::create(
          ir.b, ir.loc, ir.splat(accType(), plan.offset), zeros);
    }
  } else if (!plan.binary) {
    factors.assign(shape.vectors, ir.splat(accType(), *plan.correction()));
  }
  for (int i = 0; i < shape.rows; ++i) {
    Value rowSum;
    if (inlineSums) {
      rowSum = sums[tiles * shape.phases + i];
    } else {
      rowSum =
          memref::LoadOp::create(ir.b, ir.loc, buffers.sums,
                                 ValueRange{ir.add(place.localRow, i), group});
      rowSum = vector::BroadcastOp::create(ir.b, ir.loc, accType(), rowSum);
    }
    for (int j = 0; j < shape.vectors; ++j) {
      Value &sum = result[i * shape.vectors + j];
      if (plan.binary) {
        // 2 * sum(code * a) - sum(a)
        sum = arith::AddIOp::create(ir.b, ir.loc, sum, sum);
        sum = arith::SubIOp::create(ir.b, ir.loc, sum, rowSum);
        continue;
      }
      Value rest = arith::MulIOp::create(ir.b, ir.loc, factors[j], rowSum);
      sum = arith::AddIOp::create(ir.b, ir.loc, sum, rest);
    }
  }
  return result;
}

/// floats += scale * sums
void TileEmitter::applyScales(Values &floats, const Values &sums, Value group) {
  // The padding of K may make groups that have no scale; their sums are 0.
  Value g = ir.min(group, ir.index(plan.groups - 1));
  int64_t stride = place.columnStride ? place.columnStride : plan.lanes;
  fetchOfGroup(buffers.wScales, group);
  for (int j = 0; j < shape.vectors; ++j) {
    Value scale = ir.scales(floatType(), buffers.wScales,
                            {place.panel, g, ir.add(place.column, j * stride)});
    for (int i = 0; i < shape.rows; ++i) {
      int t = i * shape.vectors + j;
      Value sum = arith::SIToFPOp::create(ir.b, ir.loc, floatType(), sums[t]);
      floats[t] = vector::FMAOp::create(ir.b, ir.loc, sum, scale, floats[t]);
    }
  }
}

/// The row of the copy that is read by a group with so many to come, itself
/// among them. As each group reads one copy and writes the other, LLVM cannot
/// make registers of them, which it would spill anywhere.
Value TileEmitter::floatsRow(Value groupsLeft, int row) {
  return ir.add(ir.mul(ir.rem(groupsLeft, 2), plan.tile.rows), row);
}

SmallVector<Value> TileEmitter::startFloats() {
  Value zero = ir.splatFloat(floatType(), 0);
  if (!plan.floatsInMemory(shape))
    return Values(shape.rows * shape.vectors, zero);
  Value all = ir.index(plan.tileGroups());
  for (int i = 0; i < shape.rows; ++i)
    for (int j = 0; j < shape.vectors; ++j)
      vector::StoreOp::create(
          ir.b, ir.loc, zero, place.floats,
          ValueRange{floatsRow(all, i), ir.index(j * plan.lanes)});
  return {};
}

void TileEmitter::addGroup(Values &floats, const Values &sums, Value group) {
  if (!plan.floatsInMemory(shape))
    return applyScales(floats, sums, group);
  Value left = ir.sub(ir.index(plan.tileGroups()), group);
  Value after = ir.sub(left, ir.index(1));
  auto access = [&](Value groupsLeft, int t) {
    return Values{floatsRow(groupsLeft, t / shape.vectors),
                  ir.index(t % shape.vectors * plan.lanes)};
  };
  Values loaded;
  for (int t = 0; t < shape.rows * shape.vectors; ++t)
    loaded.push_back(vector::LoadOp::create(ir.b, ir.loc, floatType(),
                                            place.floats, access(left, t)));
  applyScales(loaded, sums, group);
  for (int t = 0; t < shape.rows * shape.vectors; ++t)
    vector::StoreOp::create(ir.b, ir.loc, loaded[t], place.floats,
                            access(after, t));
}

SmallVector<Value> TileEmitter::emitOneGroup() {
  Value zero = ir.index(0);
  Values sums = ir.loop(0, plan.blocks(), 1, startGroup(zero),
                        [&](Value block, ValueRange carried) {
                          Values next(carried);
                          emitLines(next, block, 0, kBlock / 4);
                          return next;
                        });
  sums = finishGroup(sums, zero);
  for (Value &sum : sums)
    sum = arith::SIToFPOp::create(ir.b, ir.loc, floatType(), sum);
  return sums;
}

SmallVector<Value> TileEmitter::emitGroups() {
  // Groups are whole blocks, or end in the middle of one.
  int64_t unit = plan.groupSize % kBlock == 0 ? kBlock : kBlock / 2;
  int64_t parts = kBlock / unit, units = plan.groupSize / unit;
  int64_t allUnits = plan.paddedK / unit;
  Values floats = startFloats();
  return ir.loop(0, plan.tileGroups(), 1, floats,
                 [&](Value group, ValueRange carried) {
                   Values next(carried);
                   Value first = ir.mul(group, units);
                   Values sums = startGroup(group);
                   auto body = [&](Value part, ValueRange inner) {
                     Values step(inner);
                     if (parts != 1)
                       firstLine = ir.mul(ir.rem(part, parts), unit / 4);
                     emitLines(step, ir.div(part, parts), 0, unit / 4);
                     firstLine = {};
                     return step;
                   };
                   if (units == 1) {
                     sums = body(first, sums);
                   } else {
                     Value last = ir.add(first, units);
                     if (allUnits % units)
                       last = ir.min(last, ir.index(allUnits));
                     sums = ir.loop(first, last, 1, sums, body);
                   }
                   addGroup(next, finishGroup(sums, group), group);
                   return next;
                 });
}

SmallVector<Value> TileEmitter::emitGroupsInBlock() {
  int64_t parts = kBlock / plan.groupSize;
  int64_t lines = kBlock / 4 / parts;
  Values floats = startFloats();
  return ir.loop(0, plan.blocks(), 1, floats,
                 [&](Value block, ValueRange carried) {
                   Values next(carried);
                   for (int64_t part = 0; part < parts; ++part) {
                     Value group = ir.add(ir.mul(block, parts), part);
                     Values sums = startGroup(group);
                     emitLines(sums, block, part * lines, (part + 1) * lines);
                     addGroup(next, finishGroup(sums, group), group);
                   }
                   return next;
                 });
}

} // namespace mixbit
