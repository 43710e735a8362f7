//===- SignalNoise.h - How far values are from what was expected -*- C++
//-*-===//
#pragma once

#include <cmath>
#include <limits>
#include <optional>

namespace mixbit {

/// The signal-to-noise ratio of values against those that were expected:
///
///   10 log10(sum expected^2 / sum (value - expected)^2)   in decibels
class SignalNoise {
public:
  void add(double expected, double value) {
    double error = value - expected;
    signal += expected * expected;
    noise += error * error;
  }

  /// None if all values are what was expected. Minus infinity where the ratio
  /// is no number, or nothing but zeros was expected: what is not finite must
  /// not pass for equal.
  std::optional<double> decibels() const {
    if (noise == 0)
      return std::nullopt;
    double ratio = signal / noise;
    if (!(ratio > 0))
      return -std::numeric_limits<double>::infinity();
    return 10 * std::log10(ratio);
  }

private:
  double signal = 0, noise = 0;
};

} // namespace mixbit
