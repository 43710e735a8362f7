//===- ContractAmx.h - Panels on the tile registers of AMX ------*- C++ -*-===//
#pragma once

#include "passes/codegen/Contract.h"

namespace mixbit {

/// Products of a strip of rows with a panel of weights, on tile registers (see
/// ContractAmx.cpp). Of use where `ContractPlan::tiles` says so.
class AmxEmitter {
public:
  AmxEmitter(mlir::OpBuilder &builder, mlir::Location loc,
             const ContractPlan &plan, const ContractBuffers &buffers)
      : ir(builder, loc), plan(plan), buffers(buffers) {}

  /// Scratch, and what holds for a whole range: `begin` at its start, `end` at
  /// its end, after which the system need not save the registers.
  void reserve(KernelBuilder &kernel);
  void begin();
  void end();
  /// To be called where a strip of `rows` rows starts.
  void beginStrip(mlir::Value rows);

  /// The strip's sums for the first `columns` outputs of a panel, as
  /// TileEmitter::emit gives them, in `floats`: memref<strip x kPanel x f32>.
  void emitPanel(mlir::Value firstRow, mlir::Value rows, mlir::Value panel,
                 mlir::Value columns);
  mlir::Value floats;

private:
  void call(llvm::StringRef name, mlir::ValueRange operands);
  mlir::Value tileRegister(int number);
  mlir::Value i64(mlir::Value index);
  mlir::Value address(mlir::Value buffer, mlir::Value byteOffset);
  void zero(int tile);
  void load(int tile, mlir::Value address, mlir::Value stride);
  void store(int tile, mlir::Value address, mlir::Value stride);
  void multiply(int sums, int rows, int lines);
  void configure(int palette);

  /// Rows of whole blocks: the operand, or copies of it.
  mlir::Value padded() const {
    return plan.copyRows || plan.bf16Products ? buffers.rows : buffers.a;
  }
  /// Whole operands of weights along K, and whether one is left over (bf16).
  int64_t wholeBlocks() const {
    return plan.bf16Products ? plan.k / 32 : plan.blocks();
  }
  bool hasTail() const { return plan.bf16Products && plan.k % 32 != 0; }
  void copyTails(mlir::Value panel);
  mlir::Value pairLines(mlir::Value panel, mlir::Value block,
                        mlir::Value column);
  mlir::Value lines(mlir::Value panel, mlir::Value block, mlir::Value column);
  void emitTiles(bool twoByTwo, mlir::Value panel, mlir::Value localRow,
                 mlir::Value column, mlir::Value first, mlir::Value last,
                 mlir::Value target);
  void applyGroup(mlir::Value panel, mlir::Value localRow, mlir::Value column,
                  int64_t columns, mlir::Value rows, mlir::Value target,
                  mlir::Value group);
  void emitRows(bool twoByTwo, mlir::Value panel, mlir::Value localRow,
                mlir::Value rows, mlir::Value column);

  ContractIr ir;
  const ContractPlan &plan;
  const ContractBuffers &buffers;
  mlir::Value palettes; ///< 16 rows everywhere; what is left of a strip
  mlir::Value products; ///< sums in i32, [row][output]
  mlir::Value codes; ///< a panel with a byte a code, where it is not stored so
  mlir::Value tails; ///< bf16: the panel's last, incomplete operands
  mlir::Value rowStride, rowOffset; ///< of `padded`, in bytes
  mlir::Value firstRow;             ///< of the strip
};

} // namespace mixbit
