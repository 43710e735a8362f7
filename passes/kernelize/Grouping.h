//===- Grouping.h - Which graph operations share a kernel -------*- C++ -*-===//
//
// A group becomes one kernel. Elementwise work joins the kernel that produces
// its operand: a contraction's epilogue if nothing else reads the product, or
// the rows that normalize, reduce, look up or quantize over the same iteration
// space. Groups never depend on each other in a circle.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/SymbolicShapes.h"

namespace mixbit {

struct Group {
  enum Kind {
    View,     ///< no kernel: a reshape, transpose, slice, ...
    Rows,     ///< mixbit.rows
    Contract, ///< a linear and its epilogue
    Single    ///< one operation with an emitter of its own
  };
  Kind kind;
  SymbolicShape domain;                     ///< of Rows and Contract
  llvm::SmallVector<mlir::Operation *> ops; ///< in graph order
};

/// Groups all operations of a function's body (constants and the terminator
/// apart), in an order in which they can be launched.
std::vector<Group> groupOperations(mlir::func::FuncOp func,
                                   const SymbolicShapes &shapes);

/// A reduction that mixbit.row_reduce can do in place: over the last dimension
/// only.
bool reducesLastDimension(mlir::Operation *op);

/// Whether a value of the group is the same along a row: a reduction's result
/// or the scales of quantize_rows.
bool isRowUniform(mlir::Value value);

} // namespace mixbit
