//===- Passes.h - The kernelize stage ---------------------------*- C++ -*-===//
//
// In:  functions of mixbit graph operations, weights quantized.
// Out: mixbit.kernel, mixbit.plan and placed mixbit.weight operations only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace mixbit {
#define GEN_PASS_DECL
#include "passes/kernelize/Passes.h.inc"

/// On a module: the data of its constants belongs to someone else, who will
/// read it again, and is not freed when it has been packed.
inline constexpr llvm::StringLiteral kKeepDataAttr = "mixbit.keep_data";

/// The whole stage, in order.
void buildKernelizePipeline(mlir::OpPassManager &manager,
                            const FormKernelsOptions &options = {});

/// Registers the passes and the pipeline `mixbit-kernelize`, which takes the
/// options of `form-kernels`.
void registerKernelizePasses();
} // namespace mixbit
