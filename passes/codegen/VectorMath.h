//===- VectorMath.h - Operations on lanes -----------------------*- C++ -*-===//
//
// Vector forms of scalar operations, and reductions in a fixed order.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "passes/codegen/VectorAccess.h"

#include "mlir/IR/IRMapping.h"

namespace mixbit {

/// Clones the elementwise operation `op` over `lanes`; `operands` are vectors
/// or scalars. Integer divisions are made safe: by zero, and where lanes are
/// masked off, they divide by one. `op`'s name stays in the location.
mlir::Value cloneOverLanes(mlir::OpBuilder &builder, mlir::Operation *op,
                           mlir::ValueRange operands, const LaneRange &range);

/// Clones `op` for scalars, with divisions made safe.
mlir::Value cloneScalar(mlir::OpBuilder &builder, mlir::Operation *op,
                        mlir::ValueRange operands);

/// The value that `kind` (add, max, min, mul) leaves any other as it is with.
mlir::TypedAttr neutralElement(ReduceKind kind, mlir::Type type);

/// One step of a reduction, on scalars or vectors. max and min ignore NaN.
mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc,
                    ReduceKind kind, mlir::Value value, mlir::Value acc);

/// Halves a vector until `lanes` are left, always in the same order.
mlir::Value foldLanes(mlir::OpBuilder &builder, mlir::Location loc,
                      ReduceKind kind, mlir::Value vector, int64_t lanes);

/// The only element of what foldLanes(..., 1) leaves.
mlir::Value reduceToScalar(mlir::OpBuilder &builder, mlir::Location loc,
                           ReduceKind kind, mlir::Value vector);

/// 2^x of f32 for x <= 0, within 2^-22 of its value; 0 below -125. Rounding to
/// an integer and a polynomial (Cephes' exp2f) on what is left: two thirds of
/// what math.exp takes, which has overflow and another base to mind. NaN stays.
mlir::Value exp2OfNegative(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value x);

/// A remark that `what` is done an element at a time, or, with `strict`, an
/// error.
mlir::LogicalResult reportSlowPath(mlir::Operation *op, bool strict,
                                   const llvm::Twine &what);

} // namespace mixbit
