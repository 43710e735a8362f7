//===- Differentiable.h - Rules of differentiation --------------*- C++ -*-===//
//
// The interface, and what the rules share. A null value stands for a gradient
// or tangent that is zero everywhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/simplify/Graph.h"

#include "passes/sensitivity/DifferentiableInterface.h.inc"

namespace mixbit {

/// Attaches the rules to the graph operations, when their dialect is loaded.
/// Passes that differentiate do so themselves.
void registerDifferentiableModels(mlir::DialectRegistry &registry);

// One function a file of rules.
void attachElementwiseRules(mlir::MLIRContext *context);
void attachContractionRules(mlir::MLIRContext *context);
void attachMovementRules(mlir::MLIRContext *context);
void attachReductionRules(mlir::MLIRContext *context);
void attachWindowRules(mlir::MLIRContext *context);

/// lhs + rhs, where either may be null.
mlir::Value addTerms(GraphBuilder &builder, mlir::Location loc, mlir::Value lhs,
                     mlir::Value rhs);
/// x * factor.
mlir::Value scaled(GraphBuilder &builder, mlir::Location loc, mlir::Value x,
                   double factor);
/// Zeros of a symbolic shape.
mlir::Value zeros(GraphBuilder &builder, mlir::Location loc, mlir::Type element,
                  llvm::ArrayRef<mlir::AffineExpr> shape);
/// Undoes a broadcast: sums `x` over what `shape` was stretched along.
mlir::Value sumTo(GraphBuilder &builder, mlir::Location loc, mlir::Value x,
                  llvm::ArrayRef<mlir::AffineExpr> shape);
/// Sum or mean over one axis, which stays with extent 1.
mlir::Value reduceAxis(GraphBuilder &builder, mlir::Location loc,
                       ReduceKind kind, mlir::Value x, int64_t axis);
/// Copies an operation with other operands, for what is linear in them.
mlir::Value withOperands(GraphBuilder &builder, mlir::Operation *op,
                         mlir::ValueRange operands);
/// "has no derivative: WHY" at the node.
llvm::LogicalResult notDifferentiable(mlir::Operation *op,
                                      const llvm::Twine &why);

} // namespace mixbit
