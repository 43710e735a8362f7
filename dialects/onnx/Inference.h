//===- Inference.h - Shared by the inference of all families ----*- C++ -*-===//
//
// Checks that emit "expected ..., but got ..." at the operation, and helpers
// that combine shapes and contents. Private to the dialect.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/onnx/Onnx.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mixbit::onnx {
using Values = llvm::ArrayRef<SymbolicValue>;
using Results = llvm::SmallVectorImpl<SymbolicValue>;

/// Opens a message: "expected " and what follows.
inline mlir::InFlightDiagnostic expected(mlir::Operation *op) {
  return op->emitOpError() << "expected ";
}

inline mlir::AffineExpr constantExpr(mlir::Operation *op, int64_t value) {
  return mlir::getAffineConstantExpr(value, op->getContext());
}

/// Kinds of element types.
inline bool isBool(mlir::Type type) { return type.isInteger(1); }
inline bool isInteger(mlir::Type type) {
  return llvm::isa<mlir::IntegerType>(type) && !isBool(type) &&
         !isPackedCode(type);
}
inline bool isFloat(mlir::Type type) {
  return llvm::isa<mlir::FloatType>(type);
}
inline bool isNumber(mlir::Type type) {
  return isFloat(type) || isInteger(type);
}
inline bool isByte(mlir::Type type) { return type.isInteger(8); }
inline bool isIndex(mlir::Type type) {
  return type.isSignlessInteger(32) || type.isSignlessInteger(64);
}

/// Fails unless the operand is there and its element type satisfies
/// `predicate`; a missing one passes if `optional`.
llvm::LogicalResult requireElement(mlir::Operation *op, Values values,
                                   size_t index, bool (*predicate)(mlir::Type),
                                   llvm::StringRef what, bool optional = false);
/// Fails unless the operand (if present) has the element type of another.
llvm::LogicalResult requireSame(mlir::Operation *op, Values values,
                                size_t index, size_t other = 0);
/// Fails unless the operand (if present) has a rank of low..high.
llvm::LogicalResult requireRank(mlir::Operation *op, Values values,
                                size_t index, int64_t low, int64_t high);
inline llvm::LogicalResult requireRank(mlir::Operation *op, Values values,
                                       size_t index, int64_t rank) {
  return requireRank(op, values, index, rank, rank);
}
/// Records that `expr` must be at least 0 at run time.
void assumeNonNegative(mlir::Operation *op, mlir::AffineExpr expr);
/// Fails unless the two extents can be the same; records that they must be,
/// where the symbols' values decide.
llvm::LogicalResult requireEqual(mlir::Operation *op, mlir::AffineExpr extent,
                                 mlir::AffineExpr known, llvm::StringRef what);
/// Counts from the front; fails outside of -rank..rank-1.
mlir::FailureOr<int64_t> normalizeAxis(mlir::Operation *op, int64_t axis,
                                       int64_t rank);
/// Axes, none of them twice.
mlir::FailureOr<llvm::SmallVector<int64_t>>
normalizeAxes(mlir::Operation *op, llvm::ArrayRef<int64_t> axes, int64_t rank);
/// The elements of an integer operand of rank 0 or 1.
mlir::FailureOr<llvm::SmallVector<mlir::AffineExpr>>
requireContents(mlir::Operation *op, Values values, size_t index,
                llvm::StringRef what);
/// The same, where they must be constants.
mlir::FailureOr<llvm::SmallVector<int64_t>>
requireConstants(mlir::Operation *op, Values values, size_t index,
                 llvm::StringRef what);
/// Fails unless the attribute is 0 or 1.
llvm::LogicalResult requireFlag(mlir::Operation *op, llvm::StringRef name,
                                int64_t value);
/// An extent that an operation computed: fails if it cannot be written, or is
/// negative. `low` is the least it may be.
llvm::LogicalResult requireExtent(mlir::Operation *op, mlir::AffineExpr extent,
                                  llvm::StringRef what, int64_t low = 0);

/// Right-aligned broadcast, as numpy's. Extents that only the symbols' values
/// show to be equal must be so at run time: a symbol does not broadcast.
mlir::FailureOr<SymbolicShape>
broadcastShapes(mlir::Operation *op,
                llvm::ArrayRef<llvm::ArrayRef<mlir::AffineExpr>> shapes);

/// The extents, if all are constants and there are few elements.
std::optional<llvm::SmallVector<int64_t>>
smallShape(llvm::ArrayRef<mlir::AffineExpr> shape);

/// Attaches contents that are complete and fit the type; else leaves none.
void setContents(SymbolicValue &value,
                 llvm::ArrayRef<mlir::AffineExpr> contents);

/// Elementwise over broadcast contents of all `values`, into `result`.
void foldElementwise(
    Values values, SymbolicValue &result,
    llvm::function_ref<mlir::AffineExpr(llvm::ArrayRef<mlir::AffineExpr>)> f);

/// Fills the contents of `result`, whose shape is set, element by element from
/// `source`: `index` maps a multi-index of the result to one of the source.
void gatherContents(const SymbolicValue &source, SymbolicValue &result,
                    llvm::function_ref<void(llvm::ArrayRef<int64_t>,
                                            llvm::MutableArrayRef<int64_t>)>
                        index);

/// Shape of a batched matrix product, numpy's rules; `what` names the operands.
mlir::FailureOr<SymbolicShape> matmulShape(mlir::Operation *op,
                                           llvm::ArrayRef<mlir::AffineExpr> a,
                                           llvm::ArrayRef<mlir::AffineExpr> b);
} // namespace mixbit::onnx
