//===- LaunchCosts.h - What a launch moves and multiplies -------*- C++ -*-===//
//
// Costs of a launch as functions of the plan's symbols, for profiles: bytes
// that a kernel must read and write at least, each byte of its arguments once,
// and its products. Both follow from the kernel's one tile operation.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

namespace mixbit {

struct LaunchCost {
  mlir::AffineExpr bytes;
  /// Multiplications followed by an addition, of floats and of integers. Those
  /// of elementwise work (normalizations, activations) do not count.
  mlir::AffineExpr floatProducts, integerProducts;
};

/// `shapes` are the symbolic extents of the launch's arguments; `arguments` the
/// kernel's own.
LaunchCost costOfLaunch(KernelOp kernel, llvm::ArrayRef<SymbolicShape> shapes);

} // namespace mixbit
