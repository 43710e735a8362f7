//===- ContractBitTile.cpp - Counts of bits over all inputs ---------------===//
#include "passes/codegen/ContractBits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// How far ahead the weights of a row alone are fetched.
static constexpr int64_t kPrefetchBytes = 64 * 2 * 64;

void BitTileEmitter::emit(const BitTile &shape, const TilePlace &tilePlace) {
  tile = shape;
  place = tilePlace;
  if (plan.groups == 1)
    return emitGroup(ir.index(0));
  Value zero = ir.splatFloat(vectorOf(ir.b.getF32Type()), 0);
  for (int i = 0; i < tile.rows; ++i)
    for (int j = 0; j < tile.vectors; ++j)
      vector::StoreOp::create(
          ir.b, ir.loc, zero, bits.sums,
          ValueRange{ir.index(i), ir.index(int64_t(j) * tile.lanes)});
  ir.loop(ir.index(0), ir.index(plan.groups), 1,
          [&](Value group) { emitGroup(group); });
}

void BitTileEmitter::emitGroup(Value group) {
  int64_t allWords = plan.paddedK / 32, groupWords = plan.groupSize / 32;
  Value first = ir.mul(group, groupWords);
  Value last = ir.index(allWords);
  if (plan.groups > 1) {
    last = ir.add(first, groupWords);
    if (allWords % groupWords)
      last = ir.min(last, ir.index(allWords));
  }
  if (std::min(groupWords, allWords) <= tile.chunkWords)
    return finishGroup(emitChunk(first, last), group);

  // Counts of bytes overflow before the group ends: its sums lie in memory.
  VectorType type = vectorOf(ir.b.getI32Type());
  auto forEach = [&](function_ref<void(int, ValueRange)> body) {
    for (int i = 0; i < tile.rows; ++i)
      for (int j = 0; j < tile.vectors; ++j)
        body(i * tile.vectors + j,
             {ir.index(i), ir.index(int64_t(j) * tile.lanes)});
  };
  Value zero = ir.splat(type, 0);
  forEach([&](int, ValueRange at) {
    vector::StoreOp::create(ir.b, ir.loc, zero, bits.counts, at);
  });
  ir.loop(first, last, tile.chunkWords, [&](Value begin) {
    Value end = ir.min(ir.add(begin, tile.chunkWords), last);
    Values sums = emitChunk(begin, end);
    forEach([&](int t, ValueRange at) {
      Value sum = vector::LoadOp::create(ir.b, ir.loc, type, bits.counts, at);
      if (sums[t].getType() != type)
        sums[t] = arith::ExtUIOp::create(ir.b, ir.loc, type, sums[t]);
      sum = arith::AddIOp::create(ir.b, ir.loc, sum, sums[t]);
      vector::StoreOp::create(ir.b, ir.loc, sum, bits.counts, at);
    });
  });
  Values sums(tile.rows * tile.vectors);
  forEach([&](int t, ValueRange at) {
    sums[t] = vector::LoadOp::create(ir.b, ir.loc, type, bits.counts, at);
  });
  finishGroup(sums, group);
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

SmallVector<Value> BitTileEmitter::emitChunk(Value first, Value last) {
  // Bytes of Tables become i16, in which three times a chunk's counts fit.
  Type sumType = tile.tables ? ir.b.getI16Type() : ir.b.getI32Type();
  VectorType type = vectorOf(sumType);
  Values sums;
  for (int64_t plane = 0; plane < int64_t(plan.bits); ++plane) {
    Values counts = countPlane(first, last, plane);
    for (size_t t = 0; t < counts.size(); ++t) {
      Value count = counts[t];
      if (tile.tables)
        count = arith::ExtUIOp::create(ir.b, ir.loc, type, count);
      else if (!tile.native)
        count = ir.dot(ir.splat(type, 0), count,
                       ir.splat(cast<VectorType>(count.getType()), 1), 127);
      if (plane == 0) {
        sums.push_back(count);
        continue;
      }
      count = arith::ShLIOp::create(ir.b, ir.loc, count, ir.splat(type, plane));
      sums[t] = arith::AddIOp::create(ir.b, ir.loc, sums[t], count);
    }
  }
  return sums;
}

SmallVector<Value> BitTileEmitter::countPlane(Value first, Value last,
                                              int64_t plane) {
  VectorType type = tile.tables ? vectorOf(ir.b.getI8Type())
                    : tile.native
                        ? vectorOf(ir.b.getI32Type())
                        : VectorType::get(tile.lanes * 4, ir.b.getI8Type());
  Values zeros(tile.rows * tile.vectors, ir.splat(type, 0));
  // One step an iteration: of an unrolled loop LLVM would make trees of
  // additions, which take more registers than there are.
  int64_t steps = tile.tables ? 8 : 1;
  return ir.loop(ir.mul(first, steps), ir.mul(last, steps), 1, zeros,
                 [&](Value step, ValueRange carried) {
                   Values counts(carried);
                   tile.tables ? lookUpNibble(counts, step, plane)
                               : countWord(counts, step, plane);
                   return counts;
                 });
}

/// Words: the lines as they are packed.
void BitTileEmitter::countWord(Values &counts, Value word, int64_t plane) {
  VectorType words = vectorOf(ir.b.getI32Type());
  auto bytes = VectorType::get(tile.lanes * 4, ir.b.getI8Type());
  int64_t planes = plan.bits;
  Value block = ir.add(ir.mul(place.panel, plan.paddedK / 32), word);
  Value base = ir.add(ir.mul(block, kPanel / kLine * planes * 64), plane * 64);
  Values weights;
  for (int j = 0; j < tile.vectors; ++j) {
    Value output = column(j);
    Value offset = ir.add(ir.mul(ir.div(output, kLine), planes * 64),
                          ir.mul(ir.rem(output, kLine), 4));
    Value address = ir.add(base, offset);
    if (tile.rows == 1 && int64_t(j) * tile.lanes % kLine == 0)
      ir.fetch(buffers.w, ir.add(address, kPrefetchBytes));
    Value line =
        vector::LoadOp::create(ir.b, ir.loc, bytes, buffers.w, address);
    weights.push_back(vector::BitCastOp::create(ir.b, ir.loc, words, line));
  }
  for (int i = 0; i < tile.rows; ++i) {
    Value row = ir.add(place.localRow, i);
    auto broadcast = [&](int64_t which) -> Value {
      Value at = ir.add(ir.mul(word, plan.dataBits), which);
      Value x =
          memref::LoadOp::create(ir.b, ir.loc, bits.words, ValueRange{row, at});
      return vector::BroadcastOp::create(ir.b, ir.loc, words, x);
    };
    Value negative = broadcast(0);
    Value nonzero = plan.dataBits == 2 ? broadcast(1) : Value();
    for (int j = 0; j < tile.vectors; ++j) {
      Value x = weights[j];
      if (nonzero)
        x = arith::AndIOp::create(ir.b, ir.loc, x, nonzero);
      x = arith::XOrIOp::create(ir.b, ir.loc, x, negative);
      if (!tile.native)
        x = vector::BitCastOp::create(ir.b, ir.loc, bytes, x);
      Value &count = counts[i * tile.vectors + j];
      count = arith::AddIOp::create(ir.b, ir.loc, count,
                                    math::CtPopOp::create(ir.b, ir.loc, x));
    }
  }
}

/// Tables: the panel's nibbles, 4 inputs at a time.
void BitTileEmitter::lookUpNibble(Values &counts, Value nibble, int64_t plane) {
  VectorType bytes = vectorOf(ir.b.getI8Type());
  auto table16 = VectorType::get(16, ir.b.getI8Type());
  SmallVector<int64_t> repeated;
  for (int lane = 0; lane < tile.lanes; ++lane)
    repeated.push_back(lane % 16);
  Value base =
      ir.add(ir.mul(nibble, kPanel), plane * (plan.paddedK / 4) * kPanel);
  Values indices;
  for (int j = 0; j < tile.vectors; ++j)
    indices.push_back(vector::LoadOp::create(ir.b, ir.loc, bytes, bits.nibbles,
                                             ir.add(base, column(j))));
  for (int i = 0; i < tile.rows; ++i) {
    Value offset =
        memref::LoadOp::create(ir.b, ir.loc, bits.offsets,
                               ValueRange{ir.add(place.localRow, i), nibble});
    offset =
        arith::IndexCastUIOp::create(ir.b, ir.loc, ir.b.getIndexType(), offset);
    Value table =
        vector::LoadOp::create(ir.b, ir.loc, table16, bits.tables, offset);
    table = vector::ShuffleOp::create(ir.b, ir.loc, table, table, repeated);
    for (int j = 0; j < tile.vectors; ++j) {
      Value &count = counts[i * tile.vectors + j];
      count = arith::AddIOp::create(
          ir.b, ir.loc, count,
          LookupOp::create(ir.b, ir.loc, bytes, table, indices[j]));
    }
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void BitTileEmitter::finishGroup(Values sums, Value group) {
  VectorType integers = vectorOf(ir.b.getI32Type());
  VectorType floats = vectorOf(ir.b.getF32Type());
  for (int i = 0; i < tile.rows; ++i) {
    Value correction =
        memref::LoadOp::create(ir.b, ir.loc, bits.corrections,
                               ValueRange{ir.add(place.localRow, i), group});
    correction =
        vector::BroadcastOp::create(ir.b, ir.loc, integers, correction);
    for (int j = 0; j < tile.vectors; ++j) {
      Value sum = sums[i * tile.vectors + j];
      if (sum.getType() != integers)
        sum = arith::ExtUIOp::create(ir.b, ir.loc, integers, sum);
      if (plan.binary)
        sum = arith::AddIOp::create(ir.b, ir.loc, sum, sum);
      sum = arith::AddIOp::create(ir.b, ir.loc, sum, correction);
      Value result = arith::SIToFPOp::create(ir.b, ir.loc, floats, sum);
      Value at[] = {ir.index(i), ir.index(int64_t(j) * tile.lanes)};
      if (plan.groups > 1) {
        Value scale =
            ir.scales(floats, buffers.wScales, {place.panel, group, column(j)});
        Value before =
            vector::LoadOp::create(ir.b, ir.loc, floats, bits.sums, at);
        result = vector::FMAOp::create(ir.b, ir.loc, result, scale, before);
      }
      vector::StoreOp::create(ir.b, ir.loc, result, bits.sums, at);
    }
  }
}

} // namespace mixbit
