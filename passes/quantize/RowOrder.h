//===- RowOrder.h - Rows of like sensitivity together -----------*- C++ -*-===//
//
// The outputs of a linear layer may be computed in any order, if every layer
// behind takes its inputs in that order. Sorted by sensitivity, segments of
// formats then follow the sensitivities.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/sensitivity/Sensitivity.h"
#include "passes/quantize/Weights.h"

#include <map>

namespace mixbit {

/// A layer whose outputs may be reordered, and those whose inputs then follow.
/// Each is the only user of its weight.
struct SortableLayer {
  LinearOp linear;
  llvm::SmallVector<LinearOp, 1> consumers;
};

/// All of them, those of fewer outputs than two panels left out: between the
/// layers lies only elementwise work with scalars.
llvm::SmallVector<SortableLayer> findSortable(mlir::ModuleOp module);

/// By weight (the name of its initializer): row or column i of the new matrix
/// is number order[i] of the old one.
struct RowOrders {
  std::map<std::string, std::vector<int64_t>> rows, columns;
};

/// The most sensitive rows first, by predicted loss in int3
/// (lib/quant/Candidates.h). A weight without sensitivities of its rows (among
/// `sensitivities`, or without those in the IR) stays as it is, as does one
/// whose name another has too.
llvm::Expected<RowOrders> findRowOrders(mlir::ModuleOp module,
                                        const Sensitivities *sensitivities,
                                        llvm::StringRef metric);

/// Reorders the weights and biases of a graph, and the sensitivities in its
/// attributes. Returns how many layers were reordered; fails, with a
/// diagnostic, where data is left out of the IR.
llvm::FailureOr<int64_t> applyRowOrders(mlir::ModuleOp module,
                                        const RowOrders &orders);

/// Reorders sensitivities to match. A group of rows gets the mean over its new
/// rows; measured losses become sums over the weight.
void applyRowOrders(Sensitivities &sensitivities, const RowOrders &orders);

} // namespace mixbit
