//===- SymbolicShapes.h - Shapes of all values of a graph -------*- C++ -*-===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace mixbit {

using SymbolicShapes = llvm::DenseMap<mlir::Value, SymbolicShape>;

/// Names of the attributes that the importer puts on functions, their arguments
/// and results.
inline constexpr llvm::StringLiteral kSymbolsAttr = "mixbit.symbols";
inline constexpr llvm::StringLiteral kNameAttr = "mixbit.name";
inline constexpr llvm::StringLiteral kDimsAttr = "mixbit.dims";
/// On functions and plans: a map over the symbols whose results must all be at
/// least 0 when the entry runs (a sequence no longer than a table, say).
inline constexpr llvm::StringLiteral kRequiresAttr = "mixbit.requires";
/// On functions and plans: the input (of a mask) and the symbol (of the last
/// dimension of that input) of which runs leave out what no sample keeps.
inline constexpr llvm::StringLiteral kTrimAttr = "mixbit.trim";

/// Infers the normalized shape of every value of a function of graph
/// operations, from the arguments' `mixbit.dims`. Where a type is static and
/// the inferred extent is not, the type's extent is taken. A diagnostic has
/// been emitted on failure: at an operation that is no graph operation, or
/// whose static result type contradicts its operands.
llvm::FailureOr<SymbolicShapes> inferSymbolicShapes(mlir::func::FuncOp func);

/// The ONNX node that an operation came from, out of its location; the
/// operation's own name if there is none.
std::string nodeName(mlir::Location loc, llvm::StringRef fallback = "");

} // namespace mixbit
