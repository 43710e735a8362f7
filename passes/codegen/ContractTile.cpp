//===- ContractTile.cpp - Accumulators of a tile over all inputs ----------===//
//
// ScalePolicy and Dot of the contraction generator. One group along K: integer
// sums over all of K. Several: integer sums of a group, times its scale, added
// to float accumulators in the order of K. Both stay in registers.
//
// The order of emission decides spills: for each row its broadcast, then its
// products.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

VectorType TileEmitter::accType() const {
  return VectorType::get(plan.lanes, ir.b.getI32Type());
}
VectorType TileEmitter::floatType() const {
  return VectorType::get(plan.lanes, ir.b.getF32Type());
}
VectorType TileEmitter::codesType() const {
  return VectorType::get(plan.lanes * 4, ir.b.getI8Type());
}

SmallVector<Value> TileEmitter::emit(TileShape tileShape,
                                     const TilePlace &tilePlace) {
  shape = tileShape;
  place = tilePlace;
  vectorOffset_.clear();
  keptOffset.clear();
  fetchHint = plan.fetchHint;
  rowIndex.clear();
  bool isCopied = plan.copyRows || plan.bf16Products;
  Value first = isCopied ? place.localRow : place.row;
  for (int i = 0; i < shape.rows; ++i) {
    Value row = ir.add(first, i);
    if (place.rowLimit)
      row = ir.min(row, ir.sub(place.rowLimit, ir.index(1)));
    rowIndex.push_back(row);
  }
  if (plan.mode == DotMode::Float)
    return plan.bf16Products ? emitBf16() : emitFloat();
  if (plan.tritRows && shape.rows == 1 && !place.expanded)
    return emitTritRow();
  vectorOffset(0); // all of them, in front of the loops that use them
  if (plan.groups == 1)
    return emitOneGroup();
  return plan.groupSize >= kBlock ? emitGroups() : emitGroupsInBlock();
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

SmallVector<Value> TileEmitter::emitFloat() {
  VectorType type = floatType();
  // Panels are 16 wide. A vector beyond the last one reads that again: its
  // results are never stored.
  int64_t lastPanel = (plan.n + kLine - 1) / kLine - 1;
  Value first = ir.add(ir.mul(place.panel, kPanel), place.column);
  int64_t stride = place.columnStride ? place.columnStride : plan.lanes;
  // Strides of a panel's line and of an output in it: floats of the buffer, or
  // bytes where they are narrow.
  bool isNarrow = !plan.weightType.isF32();
  bool isPaired = plan.weightType.isBF16();
  int64_t outputStride = isPaired ? 4 : isNarrow ? 2 : 1;
  int64_t lineStride = kLine * outputStride;
  int64_t panelLines = isPaired ? (plan.k + 1) / 2 : plan.k;
  Values bases;
  for (int j = 0; j < shape.vectors; ++j) {
    Value output = ir.add(first, j * stride);
    Value panel = ir.min(ir.div(output, kLine), ir.index(lastPanel));
    bases.push_back(ir.add(ir.mul(panel, panelLines * lineStride),
                           ir.mul(ir.rem(output, kLine), outputStride)));
  }
  auto loadAs = [&](VectorType vector, Value base, Value line) -> Value {
    Value address = ir.add(base, ir.mul(line, lineStride));
    if (!isNarrow)
      return vector::LoadOp::create(ir.b, ir.loc, vector, buffers.w, address);
    auto bytes = VectorType::get(plan.lanes * outputStride, ir.b.getI8Type());
    auto load = vector::LoadOp::create(ir.b, ir.loc, bytes, buffers.w, address);
    if (plan.lanes == 1)
      load.setAlignment(outputStride);
    return vector::BitCastOp::create(ir.b, ir.loc, vector, load);
  };
  auto intType = VectorType::get(plan.lanes, ir.b.getI32Type());
  Values pairs; // of inputs, where `isPaired`
  // Inputs k, of which `index` is known modulo 2, for all vectors.
  auto weightsOf = [&](Value k, int64_t index) {
    Values weights;
    if (isPaired && index % 2 == 0) {
      pairs.clear();
      for (Value base : bases)
        pairs.push_back(loadAs(intType, base, ir.div(k, 2)));
    }
    for (auto [j, base] : llvm::enumerate(bases)) {
      if (isPaired) {
        // The even input is the low half.
        Value bits = index % 2 == 0
                         ? Value(arith::ShLIOp::create(ir.b, ir.loc, pairs[j],
                                                       ir.splat(intType, 16)))
                         : Value(arith::AndIOp::create(
                               ir.b, ir.loc, pairs[j],
                               ir.splat(intType, int32_t(0xffff0000))));
        weights.push_back(vector::BitCastOp::create(ir.b, ir.loc, type, bits));
      } else if (isNarrow) {
        auto narrow = VectorType::get(plan.lanes, plan.weightType);
        weights.push_back(
            arith::ExtFOp::create(ir.b, ir.loc, type, loadAs(narrow, base, k)));
      } else {
        weights.push_back(loadAs(type, base, k));
      }
    }
    return weights;
  };
  auto step = [&](Values &sums, Value k, int64_t index, int phase) {
    Values weights = weightsOf(k, index);
    for (int i = 0; i < shape.rows; ++i) {
      Value x = memref::LoadOp::create(ir.b, ir.loc, buffers.a,
                                       ValueRange{rowIndex[i], k});
      x = vector::BroadcastOp::create(ir.b, ir.loc, type, x);
      for (int j = 0; j < shape.vectors; ++j) {
        Value &sum = sums[(i * shape.vectors + j) * shape.phases + phase];
        sum = vector::FMAOp::create(ir.b, ir.loc, x, weights[j], sum);
      }
    }
  };
  // Of neighbouring steps LLVM would load the weights together, and spill them
  // where the accumulators leave no room.
  // (Pairs of inputs take two steps.)
  bool isFull = !isPaired && plan.target->dot == DotIsa::Avx512Vnni &&
                shape.rows * shape.vectors >= 24;
  int64_t unroll = isFull ? 1 : 8;
  int64_t whole = plan.k / unroll * unroll;
  Values sums(shape.rows * shape.vectors * shape.phases,
              ir.splatFloat(type, 0));
  if (whole)
    sums = ir.loop(0, whole, unroll, sums, [&](Value k, ValueRange carried) {
      Values next(carried);
      for (int u = 0; u < unroll; ++u)
        step(next, ir.add(k, u), u, u % shape.phases);
      return next;
    });
  for (int64_t k = whole; k < plan.k; ++k)
    step(sums, ir.index(k), k, k % shape.phases);
  return addPhases(sums);
}

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

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

Value TileEmitter::broadcastRow(int row, Value k) {
  Value source = plan.copyRows ? buffers.rows : buffers.a;
  auto four = VectorType::get(4, ir.b.getI8Type());
  Value x = vector::LoadOp::create(ir.b, ir.loc, four, source,
                                   ValueRange{rowIndex[row], k});
  if (plan.lanes == 1) {
    // Rows are multiples of 4 bytes on GPUs (see planContract); a load of
    // bytes would take four instructions.
    x.getDefiningOp<vector::LoadOp>().setAlignment(4);
    return x;
  }
  auto one = VectorType::get(1, ir.b.getI32Type());
  x = vector::BitCastOp::create(ir.b, ir.loc, one, x);
  x = vector::ExtractOp::create(ir.b, ir.loc, x, 0);
  x = vector::BroadcastOp::create(ir.b, ir.loc, accType(), x);
  return vector::BitCastOp::create(ir.b, ir.loc, codesType(), x);
}

void TileEmitter::emitLines(Values &sums, Value block, int begin, int end) {
  if (inPairs())
    return emitPairLines(sums, block, begin, end);
  if (shape.rows != 1 || plan.target->isGpu()) {
    if (begin == 0)
      fetchNextPanel(block);
    firstVector = 0;
    lastVector = shape.vectors;
    return emitVectorLines(sums, block, ir.index(0), begin, end);
  }
  // One row alone reads each byte once, and does so in the order of memory:
  // all lines of 16 outputs, then of the next. A few lines an iteration, or
  // LLVM would gather the prefetches of all of them in one place.
  int packedLines = std::max<int>(chunkLines() * codeBits() / 8, 1);
  int few = chunkLines() * std::max(4 / packedLines, 1);
  int step = std::max<int>(kLine / plan.lanes, 1);
  bool isStraight = (end - begin) % few != 0 || end - begin == few;
  // There they are gathered: more than the L1 has buffers for misses, and each
  // waits for memory in one of them. The L2 has more.
  fetchHint = isStraight ? 2 : plan.fetchHint;
  for (int first = 0; first < shape.vectors; first += step) {
    firstVector = first;
    lastVector = std::min(first + step, shape.vectors);
    if (isStraight) {
      emitVectorLines(sums, block, ir.index(0), begin, end);
      continue;
    }
    size_t from = firstVector * shape.phases, to = lastVector * shape.phases;
    Values part(sums.begin() + from, sums.begin() + to);
    part = ir.loop(ir.index(begin), ir.index(end), few, part,
                   [&](Value line, ValueRange carried) {
                     Values next(sums);
                     llvm::copy(carried, next.begin() + from);
                     emitVectorLines(next, block, line, 0, few);
                     return Values(next.begin() + from, next.begin() + to);
                   });
    llvm::copy(part, sums.begin() + from);
  }
}

void TileEmitter::emitVectorLines(Values &sums, Value block, Value firstLine,
                                  int begin, int end) {
  Value base = ir.add(blockAddress(block), ir.mul(firstLine, 8 * codeBits()));
  Value k0 = ir.add(blockInput(block), ir.mul(firstLine, 4));
  if (place.kept)
    keptBase = ir.mul(k0, kLine); // 16 bytes an input
  int tiles = shape.rows * shape.vectors;
  bool small = plan.mode == DotMode::Small16;
  // How many products of two fit in i16 (their number is even by four).
  int flushEvery = small ? 32767 / (plan.maxCode * plan.maxData * 2) : 0;
  Values halves;
  auto halfType = VectorType::get(plan.lanes * 2, ir.b.getI16Type());
  int pending = 0;
  auto flush = [&] {
    if (pending == 0)
      return;
    Value ones = ir.splat(halfType, 1);
    for (int i = 0; i < shape.rows; ++i)
      for (int j = firstVector; j < lastVector; ++j) {
        int t = i * shape.vectors + j;
        sums[t * shape.phases] =
            ir.dot(sums[t * shape.phases], halves[t], ones, 1);
      }
    pending = 0;
  };
  bool inlineSums = place.rowLimit && plan.needSums;
  Value ones = ir.splat(codesType(), 1);
  for (int line = begin; line < end; line += chunkLines()) {
    SmallVector<Values> codes = loadCodes(base, line);
    for (int i = 0; i < chunkLines(); ++i) {
      int step = line + i;
      Value k = ir.add(k0, step * 4);
      if (small && pending == 0)
        halves.assign(tiles, ir.splat(halfType, 0));
      for (int row = 0; row < shape.rows; ++row) {
        Value x = broadcastRow(row, k);
        for (int j = firstVector; j < lastVector; ++j) {
          int t = row * shape.vectors + j;
          Value &sum =
              small ? halves[t] : sums[t * shape.phases + step % shape.phases];
          sum = ir.dot(sum, codes[j - firstVector][i], x,
                       sumsPlanes() ? 255 : plan.maxCode);
        }
        if (inlineSums) {
          Value &sum = sums[tiles * shape.phases + row];
          sum = ir.dot(sum, ones, x, 1);
        }
      }
      if (small && ++pending == flushEvery)
        flush();
    }
  }
  flush();
}

//===----------------------------------------------------------------------===//
// ScalePolicy
//===----------------------------------------------------------------------===//

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
