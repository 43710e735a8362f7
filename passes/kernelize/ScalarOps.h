//===- ScalarOps.h - Graph functions as scalar arithmetic -------*- C++ -*-===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/IR/Builders.h"

namespace mixbit {

/// Whether emitScalar knows the operation with its element types.
bool isElementwise(mlir::Operation *op);

/// Whether a constant operand of an elementwise operation is read from memory
/// all the same, so that layers which differ in it share a kernel.
bool isKernelArgument(mlir::Operation *op, mlir::Value operand);

/// Emits one element of an elementwise graph operation (unary, binary, select,
/// cast, quantize) as arith and math operations on scalars; null if the element
/// types have no such function.
mlir::Value emitScalar(mlir::OpBuilder &builder, mlir::Operation *op,
                       mlir::ValueRange operands);

/// A float constant of the given type.
mlir::Value floatConstant(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Type type, double value);

/// Loaded bytes of booleans become i1, and back.
mlir::Value fromMemory(mlir::OpBuilder &builder, mlir::Value loaded,
                       mlir::Type graphType);
mlir::Value toMemory(mlir::OpBuilder &builder, mlir::Value value);

} // namespace mixbit
