//===- Passes.h - The quantize stage ----------------------------*- C++ -*-===//
//
// In:  functions of mixbit graph operations, the weights of linears and
//      embeddings float constants.
// Out: the same, weights of a chosen format mixbit.quantized_constant
//      operations, linears over them with `activations`; nothing in a format
//      that no kernel serves.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mixbit {
#define GEN_PASS_DECL
#include "passes/quantize/Passes.h.inc"

/// The whole stage, in order.
void buildQuantizePipeline(mlir::OpPassManager &manager,
                           const AssignFormatsOptions &options);

/// Registers the passes and the pipeline `mixbit-quantize`, which takes the
/// options of `assign-formats`.
void registerQuantizePasses();
} // namespace mixbit
