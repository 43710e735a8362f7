//===- ContractTritGroups.cpp - Ternary digits in groups along K ----------===//
//
// One row times codes of five to a byte whose scales change along K. The end of
// a group need not be that of a byte: a period of both, five groups, is one
// piece of code, in which a digit goes to the sums of the group that it is in.
// What is left over of K is a shorter piece.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;

namespace mixbit {

/// `count` lines of a strip from `line` on, which starts a byte and a group;
/// the last span ends with the lines left over of fives. `floats` are the
/// strip's, from vector `first` on.
void TileEmitter::emitTritSpan(Values &floats, Value address, Value tail,
                               int first, Value line, int64_t count,
                               bool isLast) {
  int64_t groupLines = plan.groupSize / 4;
  int64_t rest = isLast ? plan.paddedK / 4 % kTritDigits : 0;
  int vectors = stripVectors();
  bool small = plan.mode == DotMode::Small16 && !plan.tritRemainders;
  int phases = small ? 1 : 2;
  // Products of as many digits fit in i16.
  constexpr int64_t kMostPending = 20;
  auto halfType = VectorType::get(plan.lanes * 2, ir.b.getI16Type());
  Value zero = ir.splat(accType(), 0);
  Values sums, packed, halves(small ? vectors : 0, ir.splat(halfType, 0));
  int64_t pending = 0;

  auto finish = [&](int64_t group, bool hasTail) {
    if (pending)
      addHalves(sums, halves, phases);
    pending = 0;
    Value index = ir.add(ir.div(line, groupLines), group);
    Values all = startGroup(index);
    for (int v = 0; v < vectors; ++v) {
      Value &sum = all[(first + v) * shape.phases];
      sum = arith::AddIOp::create(ir.b, ir.loc, sum, tritSum(sums, v, phases));
    }
    if (hasTail)
      emitTritTail(all, tail, first, vectors);
    // Those of other strips are not used, and go away.
    Values scaled(shape.vectors, ir.splatFloat(floatType(), 0));
    std::copy(floats.begin(), floats.end(), scaled.begin() + first);
    applyScales(scaled, finishGroup(all, index), index);
    std::copy_n(scaled.begin() + first, vectors, floats.begin());
  };

  auto start = [&] {
    sums.assign(vectors * phases * (plan.tritRemainders ? 2 : 1), zero);
  };
  Value k0 = ir.mul(line, 4);
  address = ir.add(address, ir.mul(ir.div(line, kTritDigits), 64));
  for (int64_t i = 0; i < count; ++i) {
    if (i % groupLines == 0)
      start();
    if (i % kTritDigits == 0) {
      packed.clear();
      for (int v = 0; v < vectors; ++v)
        packed.push_back(tritLine(ir.add(address, i / kTritDigits * 64), v));
    }
    tritDigit(sums, halves, packed, i % kTritDigits,
              broadcastRow(0, ir.add(k0, i * 4)), phases);
    if (++pending == kMostPending) {
      addHalves(sums, halves, phases);
      pending = 0;
    }
    bool isEnd = i + 1 == count;
    if ((i + 1) % groupLines == 0 || (isEnd && isLast && rest == 0))
      finish(i / groupLines, /*hasTail=*/false);
  }
  if (!rest)
    return;
  if (count % groupLines == 0)
    start();
  finish(count / groupLines, /*hasTail=*/true);
}

SmallVector<Value> TileEmitter::emitTritGroups() {
  int64_t lines = plan.paddedK / 4, whole = lines / kTritDigits;
  int64_t rest = lines % kTritDigits;
  int64_t period = std::lcm<int64_t>(plan.groupSize / 4, kTritDigits);
  int64_t inLoop = whole * kTritDigits / period * period;
  int vectors = stripVectors();
  Value start = ir.mul(place.panel, plan.panelBytes());
  Value tails = ir.add(start, kPanel / kLine * whole * 64);
  Values result;
  for (int first = 0; first < shape.vectors; first += vectors) {
    Value strip =
        ir.div(ir.add(place.column, int64_t(first) * plan.lanes), kLine);
    Value address = ir.add(start, ir.mul(strip, whole * 64));
    Value tail = ir.add(tails, ir.mul(strip, rest * 16));
    Values floats(vectors, ir.splatFloat(floatType(), 0));
    if (inLoop)
      floats = ir.loop(ir.index(0), ir.index(inLoop), period, floats,
                       [&](Value line, ValueRange carried) {
                         Values next(carried);
                         emitTritSpan(next, address, tail, first, line, period,
                                      /*isLast=*/false);
                         return next;
                       });
    if (inLoop != lines)
      emitTritSpan(floats, address, tail, first, ir.index(inLoop),
                   whole * kTritDigits - inLoop, /*isLast=*/true);
    llvm::append_range(result, floats);
  }
  return result;
}

} // namespace mixbit
