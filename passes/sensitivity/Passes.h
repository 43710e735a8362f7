//===- Passes.h - The sensitivity stage -------------------------*- C++ -*-===//
//
// In:  a function of mixbit graph operations in fp32 (as after simplify).
// Out: functions of the same operations that compute derivatives of it; they
//      compile as any graph does.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mixbit {
#define GEN_PASS_DECL
#include "passes/sensitivity/Passes.h.inc"

/// On a linear: the name by which its weight is measured.
inline constexpr llvm::StringLiteral kLayerAttr = "mixbit.layer";

/// mark-layers, decompose-attention, differentiate, and with `second` also
/// linearize.
void buildDifferentiatePipeline(mlir::OpPassManager &manager,
                                const MarkLayersOptions &layers,
                                const DifferentiateOptions &options,
                                bool second);

/// Registers the passes and the pipelines `mixbit-gradients` and
/// `mixbit-hessian`.
void registerSensitivityPasses();
} // namespace mixbit
