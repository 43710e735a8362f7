//===- SymbolicMath.h - Normal forms of symbolic extents --------*- C++ -*-===//
//
// Extents, strides and offsets are affine expressions over a function's
// symbols, products of symbols included (batch * sequence). MLIR does not
// bring such products into one form, so equality of expressions says too
// little; here every expression becomes a polynomial in its symbols and in
// whatever is no polynomial (floordiv, ceildiv, mod of normalized operands).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include <optional>

namespace mixbit {

/// The expression's normal form: equal polynomials give the same expression.
mlir::AffineExpr normalize(mlir::AffineExpr expr);

/// Whether the two are equal for all values of the symbols, as far as their
/// normal forms show.
bool provablyEqual(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

/// The normalized product of all extents (1 for none).
mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> extents,
                         mlir::MLIRContext *context);

/// lhs / rhs where rhs divides lhs as a polynomial with one term, else null.
mlir::AffineExpr divideExactly(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

/// The value if the expression is a constant.
std::optional<int64_t> constantValue(mlir::AffineExpr expr);

/// The static extent for a type: the constant, else ShapedType::kDynamic.
int64_t staticExtent(mlir::AffineExpr expr);

} // namespace mixbit
