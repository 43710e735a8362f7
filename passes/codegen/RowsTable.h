//===- RowsTable.h - mixbit.table_load inside of a row ----------*- C++ -*-===//
//
// The row's index is checked once a row; its codes are then read a vector at a
// time and turned into floats: codes of 1, 2, 4 and 8 bits as planes of whole
// bytes, other widths eight codes, which fill whole bytes, at a time, ternary
// codes (five to a byte, see packTritRows) by the digits that lanes hold. Where
// vectors do not fit, elements are read one by one. A table that lies as
// contractions read it (its weight is a linear's too) gives four codes, one
// word of each component, at a time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Packing.h"
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
  /// Packed tables: the place of a column's line and of its word (see
  /// lib/quant/Packing.h), codes by words of four, floats one by one.
  mlir::Value codesByWords(mlir::OpBuilder &builder,
                           const LaneRange &range) const;
  mlir::Value packedCodes(mlir::OpBuilder &builder, mlir::Value column) const;
  mlir::Value packedFloats(mlir::OpBuilder &builder,
                           const LaneRange &range) const;
  void startPackedRow(mlir::OpBuilder &builder);
  /// Where a row's element of scales or zero points lies, given a column.
  mlir::SmallVector<mlir::Value, 3> groupPlace(mlir::Value column) const;
  VectorAccess groupAccess(mlir::Value buffer) const;
  /// What `buffer` holds of each lane's group, as `type`.
  mlir::Value groupsOf(mlir::OpBuilder &builder, mlir::Value buffer,
                       mlir::Value ofRow, mlir::Type type,
                       const LaneRange &range) const;

  mutable TableLoadOp op; // accessors of operations are not const
  mlir::Location loc;
  mlir::Value table, scales, zeros;
  int64_t bits = 0;   ///< of a code; 0 where the table holds plain elements
  bool trits = false; ///< codes are ternary, five to a byte
  int64_t groupRows = 0, groupColumns = 0; ///< 0: the whole extent
  mlir::Value row;                         ///< checked
  mlir::Value scaleRow;
  mlir::Value rowScale, rowZero; ///< where a row has one of each

  std::optional<PackedLayout> layout; ///< of a packed table
  int64_t columns = 0;                ///< of a packed table
  mlir::Value panel, rowInPanel;      ///< of the row
  mlir::Value rowPlace; ///< of the row's first element, in elements
};

} // namespace mixbit
