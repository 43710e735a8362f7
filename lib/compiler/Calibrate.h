//===- Calibrate.h - Rounding weights on calibration data -------*- C++ -*-===//
//
// Walks a network layer by layer (lib/calibrate/Segments.h) on two paths, in
// floats and with the layers before already rounded, and rounds each weight
// that waits for a format with the statistics of its inputs (lib/quant/Gptq.h).
// Rows that an attention's mask hides are left out, and the padding behind the
// longest sample of a batch is not computed at all.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/calibrate/CalibrationData.h"
#include "lib/quant/Gptq.h"
#include "lib/quant/Smooth.h"
#include "lib/quant/StaticCodes.h"
#include "passes/quantize/Weights.h"

#include <functional>
#include <map>
#include <string>

namespace mixbit {

struct CalibrateOptions {
  GptqOptions rounding;
  /// Exponents to try for each layer's smoothing (lib/quant/Smooth.h), those of
  /// a single one without trying; none is no smoothing.
  std::vector<double> smoothing;
  /// Of the compiler and the walk, 0 is one a CPU; no result depends on it.
  int threads = 0;
  /// Samples that run at once, where the network's batch is free.
  int64_t batch = 32;
  /// Leaves out the samples that isHeldOut (lib/calibrate) says.
  bool holdsOut = false;
  /// Copies of each sample with varied ids (lib/calibrate/VariedSamples.h) that
  /// linears are rounded on too; ranges of activations and smoothing are found
  /// on the samples alone. More than none is an error for functions without
  /// ids.
  int64_t variedCopies = 0;
  /// What a copy counts, beside a sample's 1.
  double copyWeight = 1;
  /// The most of a copy's ids that is random.
  double variation = 1;
  /// Called before each step with how many of how many are done.
  std::function<void(int64_t done, int64_t all)> progress;
};

/// How much a layer's output changes on the calibration data: the squared error
/// over the squared output, as rounded and if it were rounded to nearest (with
/// the ridge of lib/quant/Gptq.h in both).
struct LayerRounding {
  std::string name;
  double error, nearestError;
};

struct CalibrationResult {
  RoundedWeights weights;
  std::vector<LayerRounding> layers; ///< linears, in the order of the graph
  /// Of each linear whose static activations had no codes.
  llvm::MapVector<mlir::Operation *, StaticCodes> activations;
  /// Of each value that linears read with its columns divided by scales; their
  /// weights have been rounded with columns multiplied.
  llvm::MapVector<mlir::Value, Smoothing> smoothing;
};

/// Changes what calibration has rounded, samples held out, before it is stored;
/// `module` has the float weights still. False: there is nothing better, and
/// the weights are to be rounded on all samples. An error ends the compilation.
struct RoundingImprovement
    : std::function<llvm::Expected<bool>(mlir::ModuleOp module,
                                         CalibrationResult &rounded)> {
  using function::function;
};

/// Gives the linears their codes and smoothed inputs.
void applyActivations(const CalibrationResult &result);

/// Rounds all weights of linears with a `format` (tables of embeddings by
/// squared error alone) without changing `module`, functions of graph
/// operations; quantize-weights takes the result. Weights whose format is not
/// uniform are left to it. Static activations get the range of least squared
/// error over what reaches the layer on the rounded path. Errors begin with the
/// file, array or node; of compiling, the reasons are on `diagnostics`.
llvm::Expected<CalibrationResult>
roundOnCalibration(mlir::ModuleOp module, const CalibrationData &data,
                   const CalibrateOptions &options,
                   llvm::raw_ostream &diagnostics);

/// What linears read, as the float network computes it.
struct InputStatistics {
  /// X'X of each input, a mean over samples, inputs x inputs; rows that an
  /// attention's mask hides are left out.
  std::vector<std::vector<float>> grams;
  /// The name of a linear's weight, and the index of its input's matrix.
  std::map<std::string, size_t> gramOf;
};

/// The statistics of each domain of `data`, of all linears with a constant
/// weight of the one function of `module`. Errors as of roundOnCalibration.
llvm::Expected<std::vector<InputStatistics>>
collectInputStatistics(mlir::ModuleOp module, const CalibrationData &data,
                       const CalibrateOptions &options,
                       llvm::raw_ostream &diagnostics);

/// Rounds what roundOnCalibration does without running anything: each linear
/// with the sum of its input's matrices of all domains times `shares`, as if
/// the layers before it were not rounded. An error names the weight.
llvm::Expected<CalibrationResult> roundOnStatistics(
    mlir::ModuleOp module, llvm::ArrayRef<const InputStatistics *> domains,
    llvm::ArrayRef<double> shares, const CalibrateOptions &options);

} // namespace mixbit
