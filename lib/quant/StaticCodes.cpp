//===- StaticCodes.cpp - Activations with a scale known beforehand --------===//
#include "lib/quant/StaticCodes.h"

#include "lib/quant/Dense.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mixbit {

constexpr int64_t kBins = 4096;

/// x clamped to integers of few digits, and rounded half to even, which is the
/// same in either order; NaN becomes the lowest.
static inline float roundClamped(float x, float low, float high) {
  x = x > low ? x : low;
  x = x < high ? x : high;
  constexpr float shift = 12582912.0f; // 1.5 * 2^23
  return (x + shift) - shift;
}

int64_t StaticCodes::codeOf(float x) const {
  switch (kind) {
  case Kind::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  case Kind::Binary:
    return x < 0 ? -1 : 1;
  case Kind::Divide:
  case Kind::Multiply:
    break;
  }
  return int64_t(
      roundClamped(kind == Kind::Divide ? x / step : x * step, low, high));
}

void quantizeInPlace(MutableArrayRef<float> values, const StaticCodes &codes,
                     int threads) {
  constexpr int64_t strip = 1 << 14;
  int64_t size = values.size();
  parallelFor((size + strip - 1) / strip, threads, [&](int64_t index) {
    int64_t last = std::min((index + 1) * strip, size);
    for (int64_t i = index * strip; i != last; ++i)
      values[i] = codes.scale * float(codes.codeOf(values[i]));
  });
}

void RangeSearch::reach(ArrayRef<float> values, int64_t cols,
                        ArrayRef<float> rowWeights) {
  for (size_t row = 0; row != rowWeights.size(); ++row) {
    if (rowWeights[row] == 0)
      continue;
    for (float value : values.slice(row * cols, cols)) {
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
      magnitudes += double(rowWeights[row]) * std::fabs(value);
    }
    total += double(rowWeights[row]) * cols;
  }
}

void RangeSearch::count(ArrayRef<float> values, int64_t cols,
                        ArrayRef<float> rowWeights) {
  bins.resize(kBins);
  double perBin = kBins / std::max(double(highest) - lowest, 1e-30);
  for (size_t row = 0; row != rowWeights.size(); ++row)
    if (rowWeights[row] != 0)
      for (float value : values.slice(row * cols, cols)) {
        int64_t bin = int64_t((double(value) - lowest) * perBin);
        bins[std::clamp<int64_t>(bin, 0, kBins - 1)] += rowWeights[row];
      }
}

namespace {
/// What was counted: bins as if their values lay in the middle.
struct Histogram {
  std::vector<float> values;
  std::vector<double> weights;

  /// Of codes that are rounded products.
  double errorOf(const StaticCodes &codes) const {
    float low = codes.low, high = codes.high;
    double error = 0;
    for (size_t i = 0; i != values.size(); ++i) {
      float code = roundClamped(values[i] * codes.step, low, high);
      double difference = values[i] - double(codes.scale) * code;
      error += weights[i] * difference * difference;
    }
    return error;
  }
};
} // namespace

/// Codes from about `bottom` to about `top`, zero among them.
static StaticCodes codesOf(double bottom, double top, int64_t levels) {
  StaticCodes codes;
  double scale = (top - bottom) / (levels - 1);
  if (!std::isnormal(float(scale)) || !std::isnormal(float(1 / scale)))
    scale = 1; // nothing but zeros
  codes.scale = float(scale);
  codes.step = float(1 / scale);
  codes.low =
      std::clamp<int64_t>(std::llround(bottom / scale), -(levels - 1), 0);
  codes.high = codes.low + levels - 1;
  return codes;
}

StaticCodes RangeSearch::finish(unsigned bits) const {
  bool hasNegative = lowest < 0;
  if (bits == 1 && hasNegative) {
    StaticCodes codes;
    codes.kind = StaticCodes::Kind::Binary;
    double mean = total > 0 ? magnitudes / total : 0;
    codes.scale = std::isnormal(float(mean)) ? float(mean) : 1;
    codes.low = -1;
    codes.high = 1;
    return codes;
  }
  int64_t levels = bits == 1 ? 2 : bits == 2 ? 3 : bits == 8 ? 255 : 1 << bits;
  bool isSymmetric = bits == 2 && hasNegative;
  double top = isSymmetric ? std::max(highest, -lowest) : highest;
  double bottom = isSymmetric ? -top : lowest;
  StaticCodes best = codesOf(bottom, top, levels);
  Histogram histogram;
  double width = (double(highest) - lowest) / kBins;
  for (size_t bin = 0; bin != bins.size(); ++bin)
    if (bins[bin] != 0) {
      histogram.values.push_back(float(lowest + (bin + 0.5) * width));
      histogram.weights.push_back(bins[bin]);
    }
  double least = histogram.errorOf(best);
  // Either end is shrunk on its own, first in large steps, then around the
  // best in small ones.
  double bestTop = 1, bestBottom = 1;
  auto search = [&](double from, double to, double step, double centerTop,
                    double centerBottom) {
    for (double a = from; a <= to + 1e-9; a += step)
      for (double b = from; b <= to + 1e-9; b += step) {
        double topPart = centerTop + a, bottomPart = centerBottom + b;
        if (isSymmetric || !hasNegative)
          bottomPart = topPart;
        if (topPart <= 0 || topPart > 1 || bottomPart <= 0 || bottomPart > 1)
          continue;
        StaticCodes codes = codesOf(bottom * bottomPart, top * topPart, levels);
        double error = histogram.errorOf(codes);
        if (error < least) {
          least = error;
          best = codes;
          bestTop = topPart;
          bestBottom = bottomPart;
        }
        if (isSymmetric || !hasNegative)
          break; // one end only
      }
  };
  search(-15.0 / 16, 0, 1.0 / 16, 1, 1);
  search(-3.0 / 64, 3.0 / 64, 1.0 / 64, bestTop, bestBottom);
  return best;
}

} // namespace mixbit
