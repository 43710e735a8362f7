//===- ContractBf16.cpp - Products of pairs of bf16 -----------------------===//
//
// Dot of the contraction generator for weights of bf16 where the CPU multiplies
// pairs of them: vdpbf16ps here, tdpbf16ps in ContractAmx.cpp. A word of the
// weights' layout (inner = 2) is the instructions' operand as it lies. The data
// is rounded to bf16, once a strip: what comes of it differs from f32's result
// by at most 2^-9 of the sum of |a * w|, and of products the instructions take
// for zero because an operand is below 2^-126.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// The upper halves of floats, rounded to nearest, ties to even. What is no
/// number stays so.
static Value roundToBf16(ContractIr &ir, Value floats) {
  int64_t size = cast<VectorType>(floats.getType()).getNumElements();
  auto words = VectorType::get(size, ir.b.getI32Type());
  auto halves = VectorType::get(size, ir.b.getI16Type());
  Value bits = vector::BitCastOp::create(ir.b, ir.loc, words, floats);
  Value sixteen = ir.splat(words, 16);
  Value upper = arith::ShRUIOp::create(ir.b, ir.loc, bits, sixteen);
  Value odd = arith::AndIOp::create(ir.b, ir.loc, upper, ir.splat(words, 1));
  Value bias =
      arith::AddIOp::create(ir.b, ir.loc, odd, ir.splat(words, 0x7fff));
  Value rounded = arith::ShRUIOp::create(
      ir.b, ir.loc, arith::AddIOp::create(ir.b, ir.loc, bits, bias), sixteen);
  Value quiet = arith::OrIOp::create(ir.b, ir.loc, upper, ir.splat(words, 64));
  Value isNan = arith::CmpFOp::create(ir.b, ir.loc, arith::CmpFPredicate::UNO,
                                      floats, floats);
  Value chosen = arith::SelectOp::create(ir.b, ir.loc, isNan, quiet, rounded);
  return arith::TruncIOp::create(ir.b, ir.loc, halves, chosen);
}

void emitRoundRow(ContractIr &ir, const ContractPlan &plan, Value a,
                  Value source, Value rows, Value row) {
  constexpr int64_t width = 16;
  auto round = [&](int64_t size, Value k) {
    auto type = VectorType::get(size, ir.b.getF32Type());
    Value floats =
        vector::LoadOp::create(ir.b, ir.loc, type, a, ValueRange{source, k});
    vector::StoreOp::create(ir.b, ir.loc, roundToBf16(ir, floats), rows,
                            ValueRange{row, k});
  };
  int64_t whole = plan.k / width * width;
  if (whole)
    ir.loop(ir.index(0), ir.index(whole), width,
            [&](Value k) { round(width, k); });
  Value zero = ir.splat(VectorType::get(width, ir.b.getI16Type()), 0);
  for (int64_t k = whole; k < plan.paddedK; k += width)
    vector::StoreOp::create(ir.b, ir.loc, zero, rows,
                            ValueRange{row, ir.index(k)});
  if (whole < plan.k)
    ir.loop(ir.index(whole), ir.index(plan.k), 1,
            [&](Value k) { round(1, k); });
}

SmallVector<Value> TileEmitter::emitBf16() {
  VectorType type = floatType();
  auto words = VectorType::get(plan.lanes, ir.b.getI32Type());
  auto pairs = VectorType::get(plan.lanes * 2, ir.b.getBF16Type());
  auto bytes = VectorType::get(plan.lanes * 4, ir.b.getI8Type());
  // As in emitFloat: a vector beyond the last panel of 16 reads that again.
  int64_t lastPanel = (plan.n + kLine - 1) / kLine - 1;
  int64_t lines = (plan.k + 1) / 2;
  Value first = ir.add(ir.mul(place.panel, kPanel), place.column);
  Values bases;
  for (int j = 0; j < shape.vectors; ++j) {
    Value output = ir.add(first, int64_t(j) * plan.lanes);
    Value panel = ir.min(ir.div(output, kLine), ir.index(lastPanel));
    bases.push_back(
        ir.add(ir.mul(panel, lines * 64), ir.mul(ir.rem(output, kLine), 4)));
  }
  std::string name =
      "llvm.x86.avx512bf16.dpbf16ps." + std::to_string(plan.lanes * 32);
  auto step = [&](Values &sums, Value line, int phase) {
    Values weights;
    for (Value base : bases) {
      Value load = vector::LoadOp::create(ir.b, ir.loc, bytes, buffers.w,
                                          ir.add(base, ir.mul(line, 64)));
      weights.push_back(vector::BitCastOp::create(ir.b, ir.loc, pairs, load));
    }
    for (int i = 0; i < shape.rows; ++i) {
      auto two = VectorType::get(2, ir.b.getI16Type());
      auto one = VectorType::get(1, ir.b.getI32Type());
      Value x =
          vector::LoadOp::create(ir.b, ir.loc, two, buffers.rows,
                                 ValueRange{rowIndex[i], ir.mul(line, 2)});
      x = vector::BitCastOp::create(ir.b, ir.loc, one, x);
      x = vector::ExtractOp::create(ir.b, ir.loc, x, 0);
      x = vector::BroadcastOp::create(ir.b, ir.loc, words, x);
      x = vector::BitCastOp::create(ir.b, ir.loc, pairs, x);
      for (int j = 0; j < shape.vectors; ++j) {
        Value &sum = sums[(i * shape.vectors + j) * shape.phases + phase];
        sum = LLVM::CallIntrinsicOp::create(ir.b, ir.loc, type,
                                            ir.b.getStringAttr(name),
                                            ValueRange{sum, weights[j], x})
                  .getResult(0);
      }
    }
  };
  // Of neighbouring steps LLVM would load the weights together, see emitFloat.
  int64_t unroll = shape.rows * shape.vectors >= 24 ? 1 : 4;
  int64_t whole = lines / unroll * unroll;
  Values sums(shape.rows * shape.vectors * shape.phases,
              ir.splatFloat(type, 0));
  if (whole)
    sums = ir.loop(0, whole, unroll, sums, [&](Value line, ValueRange carried) {
      Values next(carried);
      for (int u = 0; u < unroll; ++u)
        step(next, ir.add(line, u), u % shape.phases);
      return next;
    });
  for (int64_t line = whole; line < lines; ++line)
    step(sums, ir.index(line), line % shape.phases);
  return addPhases(sums);
}

} // namespace mixbit
