//===- Samples.h - Calibration samples in batches ---------------*- C++ -*-===//
#pragma once

#include "lib/support/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace mixbit {

/// Arrays for the arguments of a graph function.
struct SampleSet {
  /// One an argument, in their order and of their types; the first axis is the
  /// sample.
  std::vector<Tensor> inputs;
  int64_t count = 0;
  /// Integers, the first axis the sample; negative ones are left out of the
  /// loss. None for a divergence.
  std::optional<Tensor> labels;

  /// Takes the arrays named as the arguments, checked: present, of fitting
  /// types, ranks and extents, of equal and nonzero numbers of samples, finite.
  /// `labelsKey`, unless empty, names the labels. `source` opens every error.
  static llvm::Expected<SampleSet> take(mlir::func::FuncOp func,
                                        const NamedTensors &arrays,
                                        llvm::StringRef labelsKey,
                                        llvm::StringRef source);
};

/// Samples that run together.
struct Batch {
  std::vector<int64_t> samples;
  /// How long their sequences are; 0 if nothing is trimmed.
  int64_t length = 0;
  /// Rows of the inputs beyond `samples.size()` repeat the last sample, for
  /// models of a fixed batch.
  int64_t size = 0;
};

/// Cuts samples into batches. Where the function has an attention mask (an
/// integer argument [batch, sequence] with "mask" in its name) and symbolic
/// lengths, samples of similar length run together, without the padding that
/// all of them share at the end.
class Batcher {
public:
  Batcher(mlir::func::FuncOp func, const SampleSet &samples, int64_t batchSize);

  /// Whether sequences can be cut; `stopTrimming` gives that up (the model did
  /// not give the same with and without padding).
  bool trims() const { return mask >= 0; }
  void stopTrimming() { mask = -1; }

  /// In an order that depends on the samples only.
  std::vector<Batch> batches(llvm::ArrayRef<int64_t> samples) const;
  /// The arguments of a batch.
  std::vector<Tensor> inputs(const Batch &batch) const;
  /// Whether a position of a sample is padding under the mask.
  bool isPadding(int64_t sample, int64_t position) const;

private:
  int64_t lengthOf(int64_t sample) const;

  const SampleSet &samples;
  int64_t batchSize;
  int64_t fixedBatch = 0;
  /// Index of the mask's argument, -1 if there is none.
  int64_t mask = -1;
  /// For each argument the dimension that is the sequence, -1 if none is.
  std::vector<int64_t> sequenceDim;
};

} // namespace mixbit
