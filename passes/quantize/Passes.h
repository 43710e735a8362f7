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

#include "passes/quantize/Weights.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mixbit {
#define GEN_PASS_DECL
#include "passes/quantize/Passes.h.inc"

struct AllocationContext;
struct RowOrders;

/// With what the command line has measured; `context`, which may be null,
/// outlives the pass.
std::unique_ptr<mlir::Pass>
createAllocateFormats(const AllocateFormatsOptions &options,
                      AllocationContext *context);

/// With orders that have been found before; they outlive the pass.
std::unique_ptr<mlir::Pass> createSortRows(const RowOrders &orders);

/// Takes what it finds in `rounded` instead of rounding itself, and leaves
/// nothing there.
std::unique_ptr<mlir::Pass> createQuantizeWeights(RoundedWeights &rounded);

/// Formats, until they wait at their operations; allocated if weights are
/// `auto`.
void buildFormatPipeline(mlir::OpPassManager &manager,
                         const AssignFormatsOptions &options,
                         const AllocateFormatsOptions &allocate = {},
                         AllocationContext *context = nullptr);
/// The rest: weights that are not among `rounded` (null: none are) are rounded
/// by themselves.
void buildRoundingPipeline(mlir::OpPassManager &manager,
                           RoundedWeights *rounded = nullptr);
/// The whole stage, in order.
void buildQuantizePipeline(mlir::OpPassManager &manager,
                           const AssignFormatsOptions &options,
                           const AllocateFormatsOptions &allocate = {},
                           AllocationContext *context = nullptr);

/// Registers the passes and the pipeline `mixbit-quantize`, which takes the
/// options of `assign-formats`.
void registerQuantizePasses();
} // namespace mixbit
