//===- Mixbit.h - The mixbit dialect ----------------------------*- C++ -*-===//
//
// Types, attributes, interfaces and operations of the dialect that carries a
// network from the recovered graph to kernels and their host plan. See
// docs/dialects/mixbit.md for the rationale.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mixbit {
/// One expression a dimension over the symbols of the surrounding function.
using SymbolicShape = llvm::SmallVector<mlir::AffineExpr, 4>;
} // namespace mixbit

#include "dialects/mixbit/MixbitDialect.h.inc"

#include "dialects/mixbit/MixbitEnums.h.inc"
#include "dialects/mixbit/MixbitOpInterfaces.h.inc"
#include "dialects/mixbit/MixbitTypeInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/mixbit/MixbitAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/mixbit/MixbitTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/mixbit/MixbitOps.h.inc"
