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

struct AllocationContext;

/// With what the command line has measured; `context`, which may be null,
/// outlives the pass.
std::unique_ptr<mlir::Pass>
createAllocateFormats(const AllocateFormatsOptions &options,
                      AllocationContext *context);

/// The whole stage, in order. Formats are allocated if weights are `auto`.
void buildQuantizePipeline(mlir::OpPassManager &manager,
                           const AssignFormatsOptions &options,
                           const AllocateFormatsOptions &allocate = {},
                           AllocationContext *context = nullptr);

/// Registers the passes and the pipeline `mixbit-quantize`, which takes the
/// options of `assign-formats`.
void registerQuantizePasses();
} // namespace mixbit
