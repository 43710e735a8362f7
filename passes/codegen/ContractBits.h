//===- ContractBits.h - Contractions that count bits ------------*- C++ -*-===//
//
// Data of -1, 0 and 1 times weights in bit planes. For data `a` with
// neg = (a < 0) and nz = (a != 0), and bit b of a weight's code,
//
//   sum of b * a = count((b & nz) ^ neg) - count(neg)
//
// so a product of a plane is a count of bits, 32 inputs to a word. Sums of the
// planes, 2^p each, are the sum of code * a but for what depends on the row
// only, its correction. Data of one bit has nz all ones up to K, which is
// then left out.
//
// Counting, chosen by target:
//   Words   vector of outputs, a word of 32 inputs a lane; the data's words are
//           broadcast. vpopcntd, or bytes (cnt and others) that are added up
//           every 15 words.
//   Tables  vector of outputs, a nibble of 4 inputs a byte; the data's nibbles
//           choose among 256 tables of 16 counts that vpshufb looks up: two
//           instructions for 4 inputs, where vpshufb on (b & nz) ^ neg takes
//           five. The panel's nibbles are unpacked once for a strip.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/codegen/Contract.h"

namespace mixbit {

/// How one tile counts, and its size.
struct BitTile {
  bool tables;        ///< Tables, else Words
  bool native;        ///< Words: the target counts the bits of i32
  int rows, vectors;  ///< accumulators
  int lanes;          ///< outputs of a vector
  int64_t chunkWords; ///< words before counts of bytes are added up
  int64_t columns() const { return int64_t(vectors) * lanes; }
};

/// What a contraction of bits shares between its tiles.
struct BitBuffers {
  mlir::Value words;       ///< [row of the strip][word x (neg, nz)] i32
  mlir::Value tables;      ///< [256 x 16] counts
  mlir::Value offsets;     ///< [row of the strip][nibble] i16, into `tables`
  mlir::Value nibbles;     ///< the panel's, [plane][K / 4][64]
  mlir::Value corrections; ///< [row of the strip][group] i32
  mlir::Value counts;      ///< [row of the tile][64] i32: sums of chunks
  mlir::Value sums;        ///< [row of the tile][64] f32: the tile's results
};

/// Emits one tile over all of K into `sums`.
class BitTileEmitter {
public:
  BitTileEmitter(mlir::OpBuilder &builder, mlir::Location loc,
                 const ContractPlan &plan, const ContractBuffers &buffers,
                 const BitBuffers &bits)
      : ir(builder, loc), plan(plan), buffers(buffers), bits(bits) {}

  /// `tile.rows` rows from `place.localRow` on.
  void emit(const BitTile &tile, const TilePlace &place);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  void emitGroup(mlir::Value group);
  /// Sums over the planes, weighed by 2^p, of words [first, last): integers,
  /// [row][vector].
  Values emitChunk(mlir::Value first, mlir::Value last);
  Values countPlane(mlir::Value first, mlir::Value last, int64_t plane);
  void countWord(Values &counts, mlir::Value word, int64_t plane);
  void lookUpNibble(Values &counts, mlir::Value nibble, int64_t plane);
  void finishGroup(Values sums, mlir::Value group);

  mlir::VectorType vectorOf(mlir::Type element) const {
    return mlir::VectorType::get(tile.lanes, element);
  }
  mlir::Value column(int vector) {
    return ir.add(place.column, int64_t(vector) * tile.lanes);
  }

  ContractIr ir;
  const ContractPlan &plan;
  const ContractBuffers &buffers;
  const BitBuffers &bits;
  BitTile tile{};
  TilePlace place;
};

} // namespace mixbit
