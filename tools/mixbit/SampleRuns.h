//===- SampleRuns.h - A model run on all samples of a data set --*- C++ -*-===//
#pragma once

#include "tools/mixbit/Session.h"

namespace mixbit::tool {

struct SampleRunsOptions {
  std::string entry;
  int32_t threads = 0;
  int64_t batch = 16;        ///< samples a run, where the model's is free
  bool exposeLayers = false; ///< of an ONNX file that is compiled first
};

/// A library with its inputs' arrays, run batch by batch. Errors name the file.
class SampleRuns {
public:
  /// `data`, of the file `source`: arrays named as inputs, the first axis the
  /// sample, others left alone.
  static llvm::Expected<SampleRuns> create(const std::string &model,
                                           const std::string &source,
                                           const NamedTensors &data,
                                           const SampleRunsOptions &options);

  /// Samples of the data set, one or more.
  int64_t count() const { return inputs.front().shape[0]; }
  /// Samples that `run` takes at most.
  int64_t batch() const { return batchSize; }
  /// Runs `wanted` samples from `begin` on; a fixed batch is filled up.
  llvm::Error run(int64_t begin, int64_t wanted);
  /// An output of the last run as floats, the rows of the `wanted` samples
  /// first.
  llvm::Expected<Tensor> output(int32_t index) const;
  const Session &session() const { return *opened; }

private:
  std::unique_ptr<Library> library;
  std::unique_ptr<Session> opened;
  std::vector<Tensor> inputs;
  int64_t batchSize = 0, lastWanted = 0;
  bool isFixed = false;
};

} // namespace mixbit::tool
