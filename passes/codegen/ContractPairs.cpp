//===- ContractPairs.cpp - Dot of two rows by two outputs -----------------===//
//
// Dot of the contraction generator for i8mm of AArch64: usmmla adds to a 2 x 2
// matrix of i32 the products of two outputs (8 unsigned codes each) and two
// rows (8 signed bytes each), twice the work of an sdot.
//
// Weights stay in lines of 16 outputs x 4 inputs, the layout of all CPUs: two
// neighbouring lines hold 8 inputs, and zips of 4 bytes bring those of an
// output together. One zip serves all the rows of a tile. The driver lays rows
// out in pairs, so that 16 bytes of data are one load.
//
//   line 2s     n0 k0..3 | n1 k0..3 | n2 k0..3 | n3 k0..3
//   line 2s+1   n0 k4..7 | n1 k4..7 | n2 k4..7 | n3 k4..7
//   zip1        n0 k0..3 | n0 k4..7 | n1 k0..3 | n1 k4..7
//   zip2        n2 k0..3 | n2 k4..7 | n3 k0..3 | n3 k4..7
//
// An accumulator holds n0 r0 | n0 r1 | n1 r0 | n1 r1; unzips at the end of a
// group make rows of them.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// Pairs of rows of a tile; the last one may have a row too many.
static int pairsOf(const TileShape &shape) { return (shape.rows + 1) / 2; }

/// 4-byte lanes of two vectors of 16 bytes.
static Value shuffleWords(ContractIr &ir, Value lhs, Value rhs,
                          ArrayRef<int64_t> lanes) {
  auto words = VectorType::get(4, ir.b.getI32Type());
  auto type = lhs.getType();
  lhs = vector::BitCastOp::create(ir.b, ir.loc, words, lhs);
  rhs = vector::BitCastOp::create(ir.b, ir.loc, words, rhs);
  Value mixed = vector::ShuffleOp::create(ir.b, ir.loc, lhs, rhs, lanes);
  return vector::BitCastOp::create(ir.b, ir.loc, type, mixed);
}

/// Accumulators [pair][vector][half], each two rows x two outputs.
void TileEmitter::emitPairLines(Values &sums, Value block, int begin, int end) {
  Value base = blockAddress(block);
  firstVector = 0, lastVector = shape.vectors;
  Value k0 = blockInput(block);
  VectorType type = codesType();
  Value firstPair = ir.div(place.localRow, 2);
  SmallVector<Value> even; // [vector] of the first line
  for (int line = begin; line < end; line += chunkLines()) {
    SmallVector<Values> codes = loadCodes(base, line);
    for (int i = 0; i < chunkLines(); ++i) {
      int step = line + i;
      Values current;
      for (int j = 0; j < shape.vectors; ++j)
        current.push_back(codes[j][i]);
      if (step % 2 == 0) {
        even = current;
        continue;
      }
      Values operands; // [vector][half]
      for (int j = 0; j < shape.vectors; ++j) {
        operands.push_back(shuffleWords(ir, even[j], current[j], {0, 4, 1, 5}));
        operands.push_back(shuffleWords(ir, even[j], current[j], {2, 6, 3, 7}));
      }
      Value k = ir.add(k0, (step - 1) * 4);
      for (int pair = 0; pair < pairsOf(shape); ++pair) {
        Value x = vector::LoadOp::create(
            ir.b, ir.loc, type, buffers.pairs,
            ValueRange{ir.add(firstPair, pair), ir.mul(k, 2)});
        for (auto [half, weights] : llvm::enumerate(operands)) {
          Value &sum = sums[pair * operands.size() + half];
          sum = LLVM::CallIntrinsicOp::create(
                    ir.b, ir.loc, accType(),
                    ir.b.getStringAttr("llvm.aarch64.neon.usmmla.v4i32.v16i8"),
                    ValueRange{sum, weights, x})
                    .getResult(0);
        }
      }
    }
  }
}

/// As startGroup: corrections of the rows, or zero.
SmallVector<Value> TileEmitter::startPairs(Value group) {
  Values sums;
  for (int pair = 0; pair < pairsOf(shape); ++pair) {
    Value start = ir.splat(accType(), 0);
    if (plan.needSums && plan.correction()) {
      Values rows;
      for (int i = 0; i < 2; ++i) {
        // The last pair's second row may not be there: its sums are not used.
        int row = std::min(2 * pair + i, shape.rows - 1);
        Value sum = memref::LoadOp::create(
            ir.b, ir.loc, buffers.sums,
            ValueRange{ir.add(place.localRow, row), group});
        rows.push_back(
            vector::BroadcastOp::create(ir.b, ir.loc, accType(), sum));
      }
      start = vector::ShuffleOp::create(ir.b, ir.loc, rows[0], rows[1],
                                        ArrayRef<int64_t>{0, 4, 1, 5});
    }
    sums.append(shape.vectors * 2, start);
  }
  return sums;
}

/// Accumulators to [row][vector].
SmallVector<Value> TileEmitter::finishPairs(const Values &sums) {
  Values result(shape.rows * shape.vectors);
  for (int pair = 0; pair < pairsOf(shape); ++pair)
    for (int j = 0; j < shape.vectors; ++j) {
      int at = (pair * shape.vectors + j) * 2;
      for (int i = 0; i < 2 && 2 * pair + i < shape.rows; ++i)
        result[(2 * pair + i) * shape.vectors + j] = shuffleWords(
            ir, sums[at], sums[at + 1], {0 + i, 2 + i, 4 + i, 6 + i});
    }
  return result;
}

} // namespace mixbit
