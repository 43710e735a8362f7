//===- Measure.h - Measures sensitivities of a graph ------------*- C++ -*-===//
//
// Gradients and their derivatives come out of the compiled functions that
// passes/sensitivity makes; what is summed over samples and iterated is here.
// docs/Sensitivity.md has the formulas.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/compiler/GraphLibrary.h"
#include "lib/measure/Samples.h"
#include "lib/sensitivity/Sensitivity.h"

#include <functional>
#include <optional>

namespace mixbit {

struct MeasureOptions {
  /// Names of weights to measure; empty: all of linears and embeddings.
  std::vector<std::string> layers;
  /// Index of the function's result that holds the logits.
  int64_t output = 0;
  /// Rows that share a value; 0 is one value a weight.
  int64_t groupRows = 0;
  /// 0 is one a CPU. Results do not depend on it.
  int threads = 0;
  int64_t batchSize = 16;
  uint64_t seed = 0;
  /// Fisher information of a divergence: labels drawn a sample.
  int64_t labelDraws = 4;
  /// Hutchinson's estimate: random vectors, and samples at most.
  int64_t traceDraws = 8, traceSamples = 128;
  /// Omega: subsets of the data, samples of each at most, when power iteration
  /// ends (relative change of the eigenvalue) and after how many steps.
  int64_t subsets = 10, subsetSamples = 16;
  double tolerance = 0.01;
  int64_t maxIterations = 100;
  /// Measured losses: samples at most.
  int64_t lossSamples = 64;
  /// Called from time to time with what is being done.
  std::function<void(const std::string &)> progress;
};

/// One function of a graph and samples for it. With labels in the samples the
/// loss is the cross-entropy, else the divergence from the function's own
/// outputs; always the mean over samples of the sum over their rows.
class SensitivityMeter {
public:
  /// Compiles what the measures need. `func` stays as it is, `samples` must
  /// outlive the meter. An error says what does not fit; what was wrong with
  /// the graph is on `diagnostics`.
  static llvm::Expected<std::unique_ptr<SensitivityMeter>>
  create(mlir::func::FuncOp func, const SampleSet &samples,
         MeasureOptions options, llvm::raw_ostream &diagnostics);
  ~SensitivityMeter();

  /// "fisher", and "gram" of linears, and the diagonal. Tables of embeddings
  /// have no other measure than this one.
  llvm::Error measureFisher();
  /// "trace", Hutchinson's estimate of that of the Hessian.
  llvm::Error measureTrace();
  /// "omega", |mean| + standard deviation of the top eigenvalue over subsets.
  llvm::Error measureOmega();
  /// "loss:FORMAT" for each format, by rounding each weight alone.
  llvm::Error measureLosses(llvm::ArrayRef<std::string> formats);

  /// What has been measured so far: weights of linears in the order of the
  /// graph, then tables.
  const Sensitivities &result() const;

  /// The gradient of the mean loss at each weight of a linear, [rows, cols], in
  /// the order of result().weights.
  llvm::Expected<std::vector<std::vector<float>>> gradients();
  /// The top eigenvalue (by magnitude) of the Hessian at the rows
  /// [begin, end) of weight `index`, over the given samples. `vector`, of
  /// rows x cols, is where the iteration starts, or empty, and where it ended.
  llvm::Expected<double> topEigenvalue(size_t index, int64_t begin, int64_t end,
                                       llvm::ArrayRef<int64_t> samples,
                                       std::vector<float> &vector);

private:
  friend class Reconstructor;
  struct State;
  explicit SensitivityMeter(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace mixbit
