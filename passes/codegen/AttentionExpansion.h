//===- AttentionExpansion.h - One attention kernel's code -------*- C++ -*-===//
//
// Shared by the loops around the tiles (ExpandAttention.cpp), which also holds
// the tiles of floats, and the tiles of bytes (AttentionBytes.cpp).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mixbit {

/// Queries that share the packing of keys and values.
inline constexpr int64_t kQueryBlock = 192;
/// Scores are powers of two: exp(x) = 2^(kLog2E x).
inline constexpr float kLog2E = 1.44269504f;
/// Rows of the register tile.
inline constexpr int64_t kRows = 6;
/// Of the codes of mixbit.dot: keys plus 128, and weights.
inline constexpr int64_t kMaxCode = 255;
/// Of weights, to which rounding may add a half and no more: 254.5 is even.
inline constexpr int64_t kMaxWeight = 254;
/// Depths of products of bytes are multiples of that.
inline constexpr int64_t kDepthUnit = 16;

class AttentionExpansion {
public:
  AttentionExpansion(KernelOp kernelOp, AttentionCoreOp op,
                     const Target &target)
      : kernelOp(kernelOp), op(op), loc(op.getLoc()),
        lanes(std::max(1, target.vectorBits / 32)),
        width(lanes * (target.numRegisters >= 32 ? 4 : 2)),
        codeOffset(dotCodeOffset(target.dot, kMaxCode)),
        paysInBytes(target.dot != DotIsa::Avx2 &&
                    target.dot != DotIsa::Generic) {}

  mlir::LogicalResult run();

private:
  mlir::LogicalResult verify();
  void reserve();
  void expandIteration(mlir::OpBuilder &builder, mlir::Value iteration);
  void packKeys(mlir::OpBuilder &builder);
  void packKeyGroup(mlir::OpBuilder &builder, mlir::Value panel, int64_t group,
                    mlir::Value d, int64_t count);
  /// Transposes a square of `lanes` vectors of as many elements.
  void transpose(mlir::OpBuilder &builder,
                 llvm::SmallVectorImpl<mlir::Value> &rows);
  void packValues(mlir::OpBuilder &builder);
  void prepareMask(mlir::OpBuilder &builder);
  void emitQueries(mlir::OpBuilder &builder, mlir::Value query, int64_t rows);
  void emitScores(mlir::OpBuilder &builder, mlir::Value query, int64_t rows);
  void addMask(mlir::OpBuilder &builder, mlir::Value query, int64_t rows);
  void emitSoftmax(mlir::OpBuilder &builder, int64_t rows);
  void emitProduct(mlir::OpBuilder &builder, mlir::Value query, int64_t rows,
                   int64_t panel);

  // AttentionBytes.cpp
  bool wantsBytes();
  void reserveBytes();
  void packKeyBytes(mlir::OpBuilder &builder);
  void packValueBytes(mlir::OpBuilder &builder);
  void emitQueryBytes(mlir::OpBuilder &builder, mlir::Value query,
                      int64_t rows);
  void emitScoreBytes(mlir::OpBuilder &builder, int64_t rows);
  void emitWeightBytes(mlir::OpBuilder &builder, int64_t rows);
  void emitProductBytes(mlir::OpBuilder &builder, mlir::Value query,
                        int64_t rows, int64_t panel);
  mlir::Value reduceRow(mlir::OpBuilder &builder, ReduceKind kind,
                        mlir::Value row);
  mlir::Value valueMaxima(mlir::OpBuilder &builder);
  mlir::Value splatInt(mlir::OpBuilder &builder, int32_t value, int64_t size);
  mlir::Value toCodes(mlir::OpBuilder &builder, mlir::Value floats,
                      mlir::Value inverse);
  mlir::Value roundToInt(mlir::OpBuilder &builder, mlir::Value floats);
  mlir::Value loadSpread(mlir::OpBuilder &builder, mlir::Value bytes,
                         mlir::ValueRange at);
  mlir::Value loadLine(mlir::OpBuilder &builder, mlir::Value lines,
                       mlir::ValueRange at);
  /// max |x| over `row`, not below what can be divided by.
  mlir::Value largest(mlir::OpBuilder &builder, mlir::Value row);
  /// The maximum of a row of scores, as a vector of `width`.
  mlir::Value rowMaximum(mlir::OpBuilder &builder, mlir::Value row);

  mlir::Value index(mlir::OpBuilder &b, int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  mlir::Value add(mlir::OpBuilder &b, mlir::Value x, mlir::Value y) {
    return mlir::arith::AddIOp::create(b, loc, x, y);
  }
  mlir::Value add(mlir::OpBuilder &b, mlir::Value x, int64_t y) {
    return y ? add(b, x, index(b, y)) : x;
  }
  mlir::Value mul(mlir::OpBuilder &b, mlir::Value x, int64_t y) {
    return mlir::arith::MulIOp::create(b, loc, x, index(b, y));
  }
  mlir::Value f32(mlir::OpBuilder &b, float value) {
    return mlir::arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  mlir::VectorType vectorType(mlir::OpBuilder &b, int64_t size) {
    return mlir::VectorType::get(size, b.getF32Type());
  }
  mlir::Value load(mlir::OpBuilder &b, mlir::Value buffer, mlir::ValueRange at,
                   int64_t size) {
    return mlir::vector::LoadOp::create(b, loc, vectorType(b, size), buffer,
                                        at);
  }
  void store(mlir::OpBuilder &b, mlir::Value value, mlir::Value buffer,
             mlir::ValueRange at) {
    mlir::vector::StoreOp::create(b, loc, value, buffer, at);
  }
  void forEach(mlir::OpBuilder &b, mlir::Value from, mlir::Value to,
               int64_t step,
               llvm::function_ref<void(mlir::OpBuilder &, mlir::Value)> body) {
    mlir::scf::ForOp::create(b, loc, from, to, index(b, step),
                             mlir::ValueRange(),
                             [&](mlir::OpBuilder &inner, mlir::Location,
                                 mlir::Value i, mlir::ValueRange) {
                               body(inner, i);
                               mlir::scf::YieldOp::create(inner, loc);
                             });
  }
  /// What products of queries and keys are multiplied by.
  float scoreScale() { return op.getScale().convertToFloat() * kLog2E; }
  /// Reads `count` <= lanes floats, zeros behind them.
  mlir::Value loadPart(mlir::OpBuilder &b, mlir::Value buffer,
                       mlir::ValueRange at, int64_t count);
  mlir::Value dim(mlir::OpBuilder &b, mlir::Value buffer, int64_t i) {
    return mlir::memref::DimOp::create(b, loc, buffer, i);
  }

  KernelOp kernelOp;
  AttentionCoreOp op;
  mlir::Location loc;
  int64_t lanes, width;
  /// What mixbit.dot takes off the codes by itself.
  int64_t codeOffset;
  bool paysInBytes;
  bool inBytes = false;
  std::optional<KernelBuilder> kernel;

  int64_t depth = 0, valueDepth = 0;
  mlir::Value q, k, v, mask, out;
  mlir::Value numQueries, numKeys, numPanels;
  /// Scratch: [panel][depth][width], [panel][key][width], [kRows][padded
  /// keys], [padded keys], [kRows].
  mlir::Value keys, values, scores, limits, inverses;
  mlir::Value batch, head;
  /// Scratch of bytes. Lines, an i32 for four bytes along the sum:
  /// [panel][depth / 4][width] and [panel][keys / 4][width]. Rows:
  /// [kRows][depth] and [kRows][padded keys]. Sums of bytes: [columns of
  /// values], and [kRows] each.
  mlir::Value keyLines, valueLines, queryBytes, weightBytes;
  mlir::Value keyScales, valueScales, queryScales;
  mlir::Value valueSums, querySums, weightSums;
};

} // namespace mixbit
