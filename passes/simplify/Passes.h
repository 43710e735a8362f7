//===- Passes.h - From the onnx dialect to the mixbit graph -----*- C++ -*-===//
//
// Input: functions of onnx operations as lib/import makes them. Output: the
// same functions of mixbit graph operations, arith.constant and func.return,
// with linears, attentions, normalizations and activations recovered from
// whatever form the exporter chose; `verify-graph` checks that at the end.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace mixbit {

#define GEN_PASS_DECL
#include "passes/simplify/Passes.h.inc"

/// The stage: lower-onnx, recovery, verify-graph; with `trimPadding` also
/// trim-padding at its end.
void buildSimplifyPipeline(mlir::OpPassManager &manager,
                           bool trimPadding = false);

/// Registers the passes and the pipeline `mixbit-simplify`.
void registerSimplifyPasses();

} // namespace mixbit
