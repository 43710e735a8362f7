//===- Onnx.h - The onnx dialect --------------------------------*- C++ -*-===//
//
// Operations as ONNX has them, in their newest form, with the inference of
// symbolic shapes. See docs/dialects/onnx.md for the rationale.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/onnx/Symbolic.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/onnx/OnnxDialect.h.inc"
#include "dialects/onnx/OnnxInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/onnx/OnnxOps.h.inc"

namespace mixbit::onnx {
/// Whether an optional operand is there.
inline bool isPresent(mlir::Value value) {
  return !llvm::isa<mlir::NoneType>(value.getType());
}

/// Whether elements share a byte in a file: INT4, UINT4, INT2 and UINT2. In
/// memory they have a byte each, with the sign extended.
inline bool isPackedCode(mlir::Type type) {
  return type.isInteger(4) || type.isInteger(2);
}
} // namespace mixbit::onnx
