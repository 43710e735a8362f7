//===- ContractTile.cpp - Accumulators of a tile over all inputs ----------===//
//
// Dot of the contraction generator: lines of codes times broadcast inputs.
// What is made of the sums is ContractGroups.cpp's.
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
    // Tiles of fewer rows are most of the bodies and little of the work: a
    // quarter of a block's code will do.
    int few = std::max(chunkLines(), 4);
    bool isRare = plan.target->dot == DotIsa::Avx512Vnni &&
                  shape.rows < plan.tile.rows && (end - begin) % few == 0;
    if (!isRare)
      return emitVectorLines(sums, block, ir.index(0), begin, end);
    sums = ir.loop(begin, end, few, sums, [&](Value line, ValueRange carried) {
      Values next(carried);
      emitVectorLines(next, block, line, 0, few);
      return next;
    });
    return;
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

} // namespace mixbit
