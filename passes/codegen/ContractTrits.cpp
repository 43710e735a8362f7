//===- ContractTrits.cpp - One row times codes of five to a byte ----------===//
//
// A row alone reads each byte once, so nothing is shared by expanding it into a
// buffer. Of a byte x_0, a fraction of 256, the digits are
//
//   d_i = (3 * x_i - x_(i+1)) / 256,   x_(i+1) = 3 * x_i mod 256
//
// Remainders: where an instruction multiplies unsigned bytes without
// saturation, they are not taken apart at all:
//
//   sum of d_i * a_i = (3 * sum of x_i * a_i - sum of x_(i+1) * a_i) / 256
//
// which is exact in i32 up to 32768 inputs: two additions and two products for
// a line. Digits: elsewhere two comparisons make one of a remainder.
//
// A strip of 16 outputs lies in one piece over all of K, its lines that fill
// no byte behind those of all strips; see lib/quant/Packing.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;

namespace mixbit {

Value TileEmitter::tritLine(Value address, int vector) {
  if (vector == 0 && plan.prefetchBytes)
    fetchLine(buffers.w, address);
  Value bytes =
      vector::LoadOp::create(ir.b, ir.loc, codesType(), buffers.w,
                             ir.add(address, vector * plan.lanes * 4));
  return plan.tritRemainders ? bytes : biasTrits(ir, bytes);
}

void TileEmitter::tritDigit(Values &sums, Values &halves, Values &packed,
                            int digit, Value x, int phases) {
  for (auto [v, bytes] : llvm::enumerate(packed)) {
    int phase = v * phases + digit % phases;
    if (plan.tritRemainders) {
      Value &first = sums[2 * phase], &second = sums[2 * phase + 1];
      first = ir.dot(first, bytes, x, 255);
      bytes = ir.triple(bytes);
      second = ir.dot(second, bytes, x, 255);
      continue;
    }
    Value &sum = halves.empty() ? sums[phase] : halves[v];
    sum = ir.dot(sum, firstTrit(ir, bytes), x, plan.maxCode);
    if (digit + 1 != kTritDigits)
      bytes = ir.triple(bytes);
  }
}

void TileEmitter::addHalves(Values &sums, Values &halves, int phases) {
  auto halfType = VectorType::get(plan.lanes * 2, ir.b.getI16Type());
  for (auto [v, half] : llvm::enumerate(halves)) {
    sums[v * phases] = ir.dot(sums[v * phases], half, ir.splat(halfType, 1), 1);
    half = ir.splat(halfType, 0);
  }
}

Value TileEmitter::tritSum(const Values &sums, int vector, int phases) {
  auto plus = [&](Value lhs, Value rhs) -> Value {
    return arith::AddIOp::create(ir.b, ir.loc, lhs, rhs);
  };
  int step = plan.tritRemainders ? 2 : 1;
  Value first = sums[step * vector * phases];
  Value second = plan.tritRemainders ? sums[2 * vector * phases + 1] : Value();
  for (int phase = vector * phases + 1; phase < (vector + 1) * phases;
       ++phase) {
    first = plus(first, sums[step * phase]);
    if (second)
      second = plus(second, sums[step * phase + 1]);
  }
  if (!second)
    return first;
  Value products = arith::SubIOp::create(
      ir.b, ir.loc, plus(plus(first, first), first), second);
  return arith::ShRSIOp::create(ir.b, ir.loc, products, ir.splat(accType(), 8));
}

/// `count` packed lines from `line` on, of a strip at `address`, added to sums:
/// [vector][phase] of digits, [vector][phase][2] of remainders.
void TileEmitter::emitTritLines(Values &sums, Value address, Value line,
                                int count, int vectors, int phases) {
  bool small = plan.mode == DotMode::Small16 && !plan.tritRemainders;
  auto halfType = VectorType::get(plan.lanes * 2, ir.b.getI16Type());
  Values halves(small ? vectors : 0, ir.splat(halfType, 0));
  Value k0 = ir.mul(line, kTritDigits * 4);
  for (int i = 0; i < count; ++i) {
    Value from = ir.add(address, ir.add(ir.mul(line, 64), i * 64));
    Values packed;
    for (int v = 0; v < vectors; ++v)
      packed.push_back(tritLine(from, v));
    for (int digit = 0; digit < kTritDigits; ++digit)
      tritDigit(sums, halves, packed, digit,
                broadcastRow(0, ir.add(k0, (i * kTritDigits + digit) * 4)),
                phases);
  }
  addHalves(sums, halves, phases);
}

/// The lines left over, at most four, of a strip at `address`: planes of 2
/// bits of 4 outputs each. `sums` are the strip's, from vector `first` on.
void TileEmitter::emitTritTail(Values &sums, Value address, int first,
                               int vectors) {
  int64_t lines = plan.paddedK / 4, rest = lines % kTritDigits;
  auto quarter = VectorType::get(16, ir.b.getI8Type());
  bool small = plan.mode == DotMode::Small16;
  auto halfType = VectorType::get(plan.lanes * 2, ir.b.getI16Type());
  int parts = plan.lanes / 4; // of a vector
  for (int64_t line = 0; line < rest; ++line) {
    Value packed = vector::LoadOp::create(ir.b, ir.loc, quarter, buffers.w,
                                          ir.add(address, line * 16));
    Values codes = unpackChunk(ir, quarter, packed, 2);
    Value x = broadcastRow(0, ir.index((lines - rest + line) * 4));
    for (int v = 0; v < vectors; ++v) {
      Values pieces(codes.begin() + v * parts, codes.begin() + (v + 1) * parts);
      while (pieces.size() > 1) {
        int64_t size = cast<VectorType>(pieces[0].getType()).getNumElements();
        SmallVector<int64_t> both(2 * size);
        std::iota(both.begin(), both.end(), 0);
        for (size_t i = 0; i < pieces.size() / 2; ++i)
          pieces[i] = vector::ShuffleOp::create(ir.b, ir.loc, pieces[2 * i],
                                                pieces[2 * i + 1], both);
        pieces.resize(pieces.size() / 2);
      }
      Value &sum = sums[(first + v) * shape.phases];
      if (!small) {
        sum = ir.dot(sum, pieces[0], x, plan.maxCode);
        continue;
      }
      Value half = ir.dot(ir.splat(halfType, 0), pieces[0], x, plan.maxCode);
      sum = ir.dot(sum, half, ir.splat(halfType, 1), 1);
    }
  }
}

SmallVector<Value> TileEmitter::emitTritRow() {
  if (plan.groups > 1)
    return emitTritGroups();
  int64_t lines = plan.paddedK / 4, whole = lines / kTritDigits;
  int64_t rest = lines % kTritDigits;
  int vectors = stripVectors();
  // Chains enough for the latency of the products, where registers allow.
  bool many = plan.target->numRegisters >= 32;
  int phases = plan.mode == DotMode::Small16 ? 1
               : many && vectors == 1        ? kTritDigits
                                             : 2;
  Value zero = ir.splat(accType(), 0);
  Value start = ir.mul(place.panel, plan.panelBytes());
  Value tails = ir.add(start, kPanel / kLine * whole * 64);
  Values sums = startGroup(ir.index(0));
  for (int first = 0; first < shape.vectors; first += vectors) {
    Value strip =
        ir.div(ir.add(place.column, int64_t(first) * plan.lanes), kLine);
    Value address = ir.add(start, ir.mul(strip, whole * 64));
    Values part(vectors * phases * (plan.tritRemainders ? 2 : 1), zero);
    // Lines an iteration: products of 20 digits fit in i16.
    constexpr int few = 4;
    int64_t inLoop = whole / few * few;
    if (inLoop)
      part = ir.loop(ir.index(0), ir.index(inLoop), few, part,
                     [&](Value line, ValueRange carried) {
                       Values next(carried);
                       emitTritLines(next, address, line, few, vectors, phases);
                       return next;
                     });
    if (inLoop != whole)
      emitTritLines(part, address, ir.index(inLoop), whole - inLoop, vectors,
                    phases);
    for (int v = 0; v < vectors; ++v) {
      Value &sum = sums[(first + v) * shape.phases];
      sum = arith::AddIOp::create(ir.b, ir.loc, sum, tritSum(part, v, phases));
    }
    if (rest)
      emitTritTail(sums, ir.add(tails, ir.mul(strip, rest * 16)), first,
                   vectors);
  }
  sums = finishGroup(sums, ir.index(0));
  for (Value &sum : sums)
    sum = arith::SIToFPOp::create(ir.b, ir.loc, floatType(), sum);
  return sums;
}

} // namespace mixbit
