//===- Allocation.h - What allocate-formats is told and tells ---*- C++ -*-===//
#pragma once

#include "lib/quant/Budget.h"
#include "lib/quant/Packing.h"
#include "lib/quant/Policy.h"
#include "lib/sensitivity/Sensitivity.h"
#include "passes/quantize/RowOrder.h"
#include "passes/quantize/Weights.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <map>
#include <optional>

namespace mixbit {

/// A weight as it was decided on, or rows of it where they were decided on
/// apart.
struct AllocatedWeight {
  std::string name;
  std::string op; ///< "linear" or "embedding"
  int64_t firstRow = 0, rows = 0, cols = 0;
  bool isPart = false; ///< there are other rows of it
  /// Whether the budget counts it, and whether it is a linear of the body
  /// (findHeads() in Weights.h has the others).
  bool isCounted = false, isBody = false;
  /// Why it has its format: "allocated", "keep", "grid", "default", "fp32".
  std::string reason;
  Format format;
  uint64_t bytes = 0;
  /// The measure summed over the weight; 0 where it was not asked for.
  double sensitivity = 0;
  /// The predicted loss at the chosen format and at all that were considered;
  /// 0 and empty where there was no choice.
  double loss = 0;
  std::vector<FormatChoice> considered;
  /// Of the layer's output on calibration data, where it was measured, in dB.
  std::optional<double> outputSnr;
};

/// What one domain of a calibration mix is worth.
struct DomainUtility {
  std::string name;
  double weight = 1;
  int64_t samples = 0;
  /// The predicted loss on this domain alone, as allocated for the mix.
  double loss = 0;
  /// The predicted loss of the mix, as allocated for all domains but this one.
  double lossWithout = 0;
  /// Weights that get another format without it.
  int64_t changedWeights = 0;
};

/// What was decided, and what else could have been.
struct AllocationReport {
  Budget budget;
  AllocationPolicy policy = AllocationPolicy::Optimal;
  std::string metric;
  /// In the budget's unit (megabytes: with the rest of the file).
  double size = 0;
  /// Bits a weight of the body's linears alone, scales counted; 0 without any.
  double bodyBits = 0;
  double loss = 0;
  /// No allocation of that size has a smaller predicted loss; none where the
  /// policy does not look for the smallest.
  std::optional<double> lowerBound;
  struct Point {
    double size, loss;
  };
  /// Optimal allocations by size, in the budget's unit.
  std::vector<Point> curve;
  std::vector<AllocatedWeight> weights;
  /// None unless the calibration has several domains.
  std::vector<DomainUtility> domains;
};

/// What the pass is given beside the IR.
struct AllocationContext {
  /// None: those of the pass's option or of the IR.
  const Sensitivities *sensitivities = nullptr;
  /// Nanoseconds that `rows` outputs of a linear take with a weight of that
  /// format; needed for budgets in milliseconds.
  std::function<llvm::Expected<int64_t>(mlir::Operation *linear, int64_t rows,
                                        const Format &format)>
      timeOf;
  /// Bytes of the file that are no weights, for budgets in megabytes.
  int64_t overhead = 0;
  /// What is left of the predicted loss of a linear, which is that of rounding
  /// to nearest, if it will be rounded with compensation of errors. Tables are
  /// rounded to nearest in any case.
  double compensation = 1;
  /// Rows and columns to reorder first; `sensitivities` are in that order.
  RowOrders rowOrders;
  /// Points of the report's curve; 0 is none.
  unsigned curvePoints = 0;
  /// How weights of linears are packed.
  Density density = Density::Dense;
  /// Rounds the weights that wait for a format, if set, instead of what the
  /// compilation's calibration would do.
  std::function<llvm::Expected<RoundedWeights>(mlir::ModuleOp module)>
      roundWeights;
  /// Only the size of the result counts: weights are not rounded.
  bool sizeOnly = false;
  /// Called with the module when its formats are chosen and its weights
  /// rounded, if set.
  std::function<void(mlir::ModuleOp module)> afterQuantize;
  /// Filled by the pass.
  AllocationReport report;
  /// Predicted losses that an earlier run of the pass over the same graph with
  /// the same sensitivities has found, by weight (its position), format and
  /// rows.
  std::map<std::pair<size_t, std::string>, double> losses;
};

} // namespace mixbit
