//===- RowsTable.h - mixbit.table_load inside of a row ----------*- C++ -*-===//
//
// The row's index is checked once a row; its codes are then read a vector at a
// time and turned into floats: codes of 1, 2, 4 and 8 bits as planes of whole
// bytes, other widths eight codes, which fill whole bytes, at a time, ternary
// codes (five to a byte, see packTritRows) by the digits that lanes hold. Where
// vectors do not fit, elements are read one by one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/VectorAccess.h"

namespace mixbit {

/// One table_load of a region. Made once, then used for every row.
class TableReader {
public:
  /// Emits an error for formats that tables cannot have.
  static mlir::FailureOr<TableReader> create(TableLoadOp op,
                                             const KernelBuilder &kernel);

  /// Checks the index (a scalar), reports one out of range, and finds the
  /// row's scale.
  void startRow(mlir::OpBuilder &builder, const KernelBuilder &kernel,
                mlir::Value index);

  /// The current row's elements at `range`.
  mlir::Value load(mlir::OpBuilder &builder, const LaneRange &range) const;

  /// Whether vectors of `lanes` are read as vectors.
  bool isVectorized(int64_t lanes) const;

private:
  explicit TableReader(TableLoadOp op) : op(op), loc(op.getLoc()) {}
  mlir::Value codes(mlir::OpBuilder &builder, const LaneRange &range) const;
  mlir::Value codesByPlanes(mlir::OpBuilder &builder,
                            const LaneRange &range) const;
  mlir::Value codesByEights(mlir::OpBuilder &builder,
                            const LaneRange &range) const;
  mlir::Value codesByDigits(mlir::OpBuilder &builder,
                            const LaneRange &range) const;
  mlir::Value codesByElement(mlir::OpBuilder &builder,
                             const LaneRange &range) const;
  mlir::Value scalesOf(mlir::OpBuilder &builder, const LaneRange &range) const;

  mutable TableLoadOp op; // accessors of operations are not const
  mlir::Location loc;
  mlir::Value table, scales;
  int64_t bits = 0;   ///< of a code; 0 where the table holds plain elements
  bool trits = false; ///< codes are ternary, five to a byte
  int64_t groupRows = 0, groupColumns = 0; ///< 0: the whole extent
  mlir::Value row;                         ///< checked
  mlir::Value scaleRow, rowScale;
};

} // namespace mixbit
