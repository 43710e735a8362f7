//===- Metrics.cpp - Comparing outputs of models --------------------------===//
#include "tools/mixbit/Metrics.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mixbit::tool;
using llvm::ArrayRef;

/// Index of the largest value, the first one of equals; -1 with a NaN.
static int64_t argmax(ArrayRef<float> row) {
  if (llvm::any_of(row, [](float value) { return std::isnan(value); }))
    return -1;
  return llvm::max_element(row) - row.begin();
}

static double logSumExp(ArrayRef<float> row) {
  double largest = *llvm::max_element(row), sum = 0;
  for (float value : row)
    sum += std::exp(value - largest);
  return largest + std::log(sum);
}

void Metrics::addLabels(ArrayRef<float> values, ArrayRef<int64_t> labels) {
  for (size_t row = 0; row < labels.size(); ++row)
    right += argmax(values.slice(row * classes, classes)) == labels[row];
  labelled += labels.size();
}

void Metrics::addReference(ArrayRef<float> values, ArrayRef<float> reference) {
  for (auto [value, expected] : llvm::zip_equal(values, reference)) {
    double difference = double(value) - expected;
    // A NaN must not hide behind a comparison.
    if (!(std::abs(difference) <= largest))
      largest = std::abs(difference);
    ratio.add(expected, value);
  }
  if (classes < 2)
    return;
  for (size_t i = 0; i < values.size(); i += classes) {
    ArrayRef<float> row = values.slice(i, classes);
    ArrayRef<float> other = reference.slice(i, classes);
    agreed += argmax(row) == argmax(other);
    double rowSum = logSumExp(row), otherSum = logSumExp(other);
    for (auto [value, expected] : llvm::zip_equal(row, other))
      kl += std::exp(expected - otherSum) *
            ((expected - otherSum) - (value - rowSum));
    ++compared;
  }
}

void Metrics::addValues(ArrayRef<float> values) {
  numNonFinite +=
      llvm::count_if(values, [](float value) { return !std::isfinite(value); });
}

std::optional<double> Metrics::accuracy() const {
  if (labelled == 0)
    return std::nullopt;
  return double(right) / labelled;
}

std::optional<double> Metrics::agreement() const {
  if (compared == 0)
    return std::nullopt;
  return double(agreed) / compared;
}

std::optional<double> Metrics::maxAbsError() const { return largest; }

std::optional<double> Metrics::meanKl() const {
  if (compared == 0)
    return std::nullopt;
  return kl / compared;
}

std::optional<double> Metrics::snrDb() const { return ratio.decibels(); }
