//===- FunctionPorts.h - Further arguments and results ----------*- C++ -*-===//
#pragma once

#include "passes/simplify/Graph.h"

namespace mixbit {

/// The operations with a `mixbit.layer`, in order.
llvm::SmallVector<mlir::Operation *> markedLayers(mlir::func::FuncOp func);

/// The mark of an operation that has one.
std::string layerName(mlir::Operation *op);

/// What a marked linear multiplies, or the ids of a marked embedding.
mlir::Value layerInput(mlir::Operation *op);

/// Appends an argument of that name and symbolic shape.
mlir::Value addArgument(GraphBuilder &builder, mlir::func::FuncOp func,
                        llvm::StringRef name, mlir::Type elementType,
                        llvm::ArrayRef<mlir::AffineExpr> shape);

/// Appends results with their names.
void addResults(GraphBuilder &builder, mlir::func::FuncOp func,
                llvm::ArrayRef<std::pair<std::string, mlir::Value>> results);

/// The name of a result, "output N" if it has none.
std::string resultName(mlir::func::FuncOp func, unsigned index);

} // namespace mixbit
