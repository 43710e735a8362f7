//===- Symbolic.h - What is known of tensors at compile time ----*- C++ -*-===//
//
// Shapes are affine expressions over the symbols of the function
// (`mixbit.symbols`): sums and products of symbols, and divisions by
// constants. Expressions are kept in one canonical form, so that two extents
// are equal if their expressions are the same object. Every symbol is at least
// 1: who binds a symbol at run time rejects an extent of 0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <limits>
#include <optional>

namespace mlir::func {
class FuncOp;
} // namespace mlir::func

namespace mixbit {
/// One expression a dimension over the symbols of the surrounding function.
using SymbolicShape = llvm::SmallVector<mlir::AffineExpr, 4>;

namespace onnx {
/// Contents are followed for tensors of up to this many elements.
constexpr size_t kMaxContents = 256;

/// What is known of a value: its type, symbolically, and, for a small tensor
/// of integers or booleans, its elements in row-major order.
struct SymbolicValue {
  SymbolicShape shape;
  /// Null for an optional input that is missing.
  mlir::Type elementType;
  std::optional<llvm::SmallVector<mlir::AffineExpr>> contents;

  explicit operator bool() const { return static_cast<bool>(elementType); }
  int64_t rank() const { return shape.size(); }
  /// The tensor type, with `?` where an extent is not a constant.
  mlir::RankedTensorType getType() const;
  /// The contents as constants, if all are.
  std::optional<llvm::SmallVector<int64_t>> getConstants() const;

  /// Static shape; contents where they are integers and few.
  static SymbolicValue ofConstant(mlir::ElementsAttr value);
};

/// Sums and products in canonical form (see above). Null where a coefficient
/// overflows 64 bits or where an operand is null.
mlir::AffineExpr canonical(mlir::AffineExpr expr);
mlir::AffineExpr add(mlir::AffineExpr a, mlir::AffineExpr b);
mlir::AffineExpr subtract(mlir::AffineExpr a, mlir::AffineExpr b);
mlir::AffineExpr multiply(mlir::AffineExpr a, mlir::AffineExpr b);
/// Rounded down; null unless b is a positive constant or divides a.
mlir::AffineExpr floorDivide(mlir::AffineExpr a, mlir::AffineExpr b);
/// The product of a shape; 1 for a scalar.
mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> factors,
                         mlir::MLIRContext *context);

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();
/// Bounds of an expression for all values of the symbols (each at least 1);
/// -kUnbounded and kUnbounded where there are none.
std::pair<int64_t, int64_t> bounds(mlir::AffineExpr expr);

/// The constant's value, if it is one.
std::optional<int64_t> asConstant(mlir::AffineExpr expr);

/// The symbols' names in the function around `op`, for messages.
std::string describe(mlir::Operation *op, mlir::AffineExpr expr);
std::string describe(mlir::Operation *op,
                     llvm::ArrayRef<mlir::AffineExpr> shape);

/// What is known of an argument of a function: its type and `mixbit.dims`.
mlir::FailureOr<SymbolicValue> symbolicArgument(mlir::func::FuncOp func,
                                                unsigned index);

/// What inference had to assume of the symbols: each expression must be at
/// least 0 when the function runs, or the call is an error (a sequence longer
/// than a table, say). Operations record theirs as `mixbit.requires`; this
/// moves all of them to the function's attribute of that name, an affine map
/// over its symbols.
constexpr llvm::StringLiteral kRequires = "mixbit.requires";
void collectRequirements(mlir::func::FuncOp func);

/// What is known of every value in a function of onnx operations, each checked
/// on the way; requirements are collected. On failure a diagnostic has been
/// emitted at the operation. Operations of other dialects are skipped, and with
/// them the operations that use their results.
mlir::LogicalResult
evaluate(mlir::func::FuncOp func,
         llvm::DenseMap<mlir::Value, SymbolicValue> &values);
} // namespace onnx
} // namespace mixbit
