//===- RowsAnalysis.h - Passes over a row -----------------------*- C++ -*-===//
//
// A mixbit.rows region is cut at its row_reduces: a value's *level* is how many
// reductions lie before it. Pass p is one loop over the row; it feeds the
// reductions and outputs of level p. A value of a lower level that a pass needs
// again is either computed again, when that is cheap, or kept in a row buffer
// by the pass of its own level.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

#include <vector>

namespace mixbit {

/// What is known of a value in the region.
struct RowValue {
  bool uniform; ///< the same at all points of the row
  int level;
  int cost; ///< of computing it from the inputs, in simple operations
};

/// One loop over the columns.
struct RowPass {
  llvm::SmallVector<RowReduceOp> reduces;
  llvm::SmallVector<unsigned> outputs;
  /// Values of this level that later passes read back.
  llvm::SetVector<mlir::Value> kept;
  /// Operations to compute per point, in the order of the block.
  llvm::SmallVector<mlir::Operation *> ops;
  /// Inputs to load per point.
  llvm::SmallVector<mlir::BlockArgument> inputs;
  /// Values of earlier passes to read back.
  llvm::SmallVector<mlir::Value> readBack;
  /// Sum of the costs of `ops`.
  int cost = 0;
};

class RowsAnalysis {
public:
  explicit RowsAnalysis(RowsOp op);

  /// Emits an error where the region or the maps are beyond what rows may be.
  mlir::LogicalResult run();

  unsigned numDims = 0;
  llvm::SmallVector<mlir::AffineMap> inputMaps, outputMaps;
  std::vector<RowPass> passes;

  const RowValue &operator[](mlir::Value value) const {
    return values.find(value)->second;
  }
  /// Whether any of the maps sees the last dimension.
  bool dependsOnColumn(mlir::AffineMap map) const;

private:
  mlir::LogicalResult analyzeOp(mlir::Operation &op);
  void need(unsigned pass, mlir::Value value,
            llvm::SmallDenseSet<mlir::Value> &seen);

  RowsOp op;
  llvm::DenseMap<mlir::Value, RowValue> values;
};

} // namespace mixbit
