//===- Passes.h - From the onnx dialect to the mixbit graph -----*- C++ -*-===//
//
// Input: functions of onnx operations as lib/import makes them. Output: the
// same functions of mixbit graph operations, arith.constant and func.return,
// with linears, attentions, normalizations and activations recovered from
// whatever form the exporter chose; `verify-graph` checks that at the end.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <string>
#include <vector>

namespace mixbit {

#define GEN_PASS_DECL
#include "passes/simplify/Passes.h.inc"

struct SimplifyOptions {
  bool exposeLayers = false; ///< expose-layers behind the recovery
  bool trimPadding = false;  ///< trim-padding at the end
};

/// The stage: lower-onnx, recovery, verify-graph.
void buildSimplifyPipeline(mlir::OpPassManager &manager,
                           const SimplifyOptions &options = {});

/// Makes the outputs of all linears of a constant weight results of `func`, in
/// the order of the graph, behind those it has; returns their names.
std::vector<std::string> exposeLayers(mlir::func::FuncOp func);

/// Registers the passes and the pipeline `mixbit-simplify`.
void registerSimplifyPasses();

} // namespace mixbit
