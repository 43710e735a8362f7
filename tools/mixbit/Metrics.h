//===- Metrics.h - Comparing outputs of models ------------------*- C++ -*-===//
#pragma once

#include "lib/support/SignalNoise.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>

namespace mixbit::tool {

/// Sums over rows of logits, from which `evaluate` takes its figures. Rows are
/// added batch by batch. A row of one value has no classes: then only the
/// error and the signal-to-noise ratio apply.
class Metrics {
public:
  explicit Metrics(int64_t classes) : classes(classes) {}

  /// `labels`: one class a row. A row that holds a NaN is wrong.
  void addLabels(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> labels);
  /// `reference`: what the other model says.
  void addReference(llvm::ArrayRef<float> values,
                    llvm::ArrayRef<float> reference);
  /// Counts values that are not finite.
  void addValues(llvm::ArrayRef<float> values);

  int64_t nonFinite() const { return numNonFinite; }
  std::optional<double> accuracy() const;
  std::optional<double> agreement() const;
  std::optional<double> maxAbsError() const;
  /// Mean over rows of KL(softmax(reference) || softmax(values)), in nats.
  std::optional<double> meanKl() const;
  /// None too if there is no noise at all.
  std::optional<double> snrDb() const;

private:
  int64_t classes;
  int64_t labelled = 0, right = 0;
  int64_t compared = 0, agreed = 0;
  double largest = 0, kl = 0;
  SignalNoise ratio;
  int64_t numNonFinite = 0;
};

} // namespace mixbit::tool
