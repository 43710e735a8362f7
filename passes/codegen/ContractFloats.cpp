//===- ContractFloats.cpp - Tiles of weights that are floats ------------===//
//
// Dot of the contraction generator for weights of f32, f16 and bf16 that are
// multiplied as f32; pairs of bf16 are ContractBf16.cpp's.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

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

} // namespace mixbit
