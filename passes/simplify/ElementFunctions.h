//===- ElementFunctions.h - Integer tensors as functions of indices -*- C++
//-*-//
//
// Index tensors (ranges, comparisons of ranges, positions) are affine functions
// of the element's index d0, d1, ... and the function's symbols. Knowing these
// functions tells that a gather only moves dimensions, or that a mask is all
// true, for every batch and length.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/onnx/Onnx.h"

namespace mixbit {

using SymbolicValues = llvm::DenseMap<mlir::Value, onnx::SymbolicValue>;

class ElementFunctions {
public:
  explicit ElementFunctions(const SymbolicValues &values) : values(values) {}

  /// Finds the functions of an operation's results, from its operands'.
  void visit(mlir::Operation *op);

  /// The function of a value's elements; null if none is known.
  mlir::AffineExpr get(mlir::Value value) const {
    return functions.lookup(value);
  }

private:
  mlir::AffineExpr infer(mlir::Operation *op, mlir::Value result);
  mlir::AffineExpr inferLogical(mlir::Operation *op, mlir::Value result);
  mlir::AffineExpr inferSlice(onnx::SliceOp op);
  /// The function of an operand, over the indices of `result`.
  mlir::AffineExpr broadcast(mlir::Value operand, mlir::Value result);

  const SymbolicValues &values;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> functions;
};

/// Whether an expression over d0, d1, ... is 0 or more for all indices of a
/// tensor of `shape` and all symbols (each 1 or more).
bool provablyNonNegative(mlir::AffineExpr expr,
                         llvm::ArrayRef<mlir::AffineExpr> shape);

/// Whether an expression depends on the element's index.
bool usesDims(mlir::AffineExpr expr);

/// The terms of a sum.
void collectTerms(mlir::AffineExpr expr,
                  llvm::SmallVectorImpl<mlir::AffineExpr> &terms);

} // namespace mixbit
