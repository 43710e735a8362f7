//===- ScaleSearch.cpp - Scales of least squared error --------------------===//
#include "lib/quant/ScaleSearch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace llvm;

namespace mixbit {

LevelRange levelsOf(const Format &format, float zero) {
  if (format.kind == FormatKind::Binary)
    return {-1, 1, true};
  if (format.kind == FormatKind::Ternary)
    return {-1, 1, false};
  if (format.hasZero())
    return {-zero, float(format.levels() - 1) - zero, false};
  float half = float(1u << (format.bits - 1));
  return {format.bits == 8 ? -127.0f : -half, half - 1, false};
}

bool isUsableScale(float scale) {
  return std::isnormal(scale) && std::isnormal(1 / scale);
}

namespace {
constexpr unsigned kSums = 8;

/// Sums of several lanes, so that loops over a group become vectors.
struct Lanes {
  float sums[kSums] = {};
  double total() const {
    double result = 0;
    for (float sum : sums)
      result += sum;
    return result;
  }
};

class Search {
public:
  Search(ArrayRef<float> values, ArrayRef<float> importance,
         const Format &format)
      : values(values), importance(importance), format(format) {}

  GroupScale run();

private:
  double error(float scale, const LevelRange &levels) const;
  float refit(float scale, const LevelRange &levels) const;
  float bestTernary() const;
  void consider(float scale, float zero);
  void considerRange(float low, float high, float fraction);

  ArrayRef<float> values, importance;
  const Format &format;
  GroupScale best;
  double bestError = 0;
};

double Search::error(float scale, const LevelRange &levels) const {
  float inverse = 1 / scale;
  Lanes lanes;
  double rest = 0;
  size_t whole = values.size() / kSums * kSums;
  auto term = [&](size_t i) {
    float difference = values[i] - scale * levels.nearest(values[i], inverse);
    return difference * difference;
  };
  if (importance.empty()) {
    for (size_t i = 0; i != whole; i += kSums)
      for (unsigned lane = 0; lane != kSums; ++lane)
        lanes.sums[lane] += term(i + lane);
    for (size_t i = whole; i != values.size(); ++i)
      rest += term(i);
  } else {
    for (size_t i = 0; i != whole; i += kSums)
      for (unsigned lane = 0; lane != kSums; ++lane)
        lanes.sums[lane] += importance[i + lane] * term(i + lane);
    for (size_t i = whole; i != values.size(); ++i)
      rest += importance[i] * term(i);
  }
  return lanes.total() + rest;
}

/// The least-squares scale for the levels that `scale` gives.
float Search::refit(float scale, const LevelRange &levels) const {
  float inverse = 1 / scale;
  double above = 0, below = 0;
  for (auto [i, value] : enumerate(values)) {
    double level = levels.nearest(value, inverse);
    double weight = importance.empty() ? 1 : importance[i];
    above += weight * level * value;
    below += weight * level * level;
  }
  return below > 0 ? float(above / below) : scale;
}

/// The k largest magnitudes become the scale s, their weighted mean, and the
/// rest 0, for the k of the largest (sum h |v|)^2 / sum h: as the nearest level
/// of a value follows from its magnitude, one of these is the optimum.
float Search::bestTernary() const {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](uint32_t lhs, uint32_t rhs) {
    float a = std::abs(values[lhs]), b = std::abs(values[rhs]);
    return a != b ? a > b : lhs < rhs;
  });
  double sum = 0, weights = 0, bestGain = 0, scale = 0;
  for (uint32_t i : order) {
    double weight = importance.empty() ? 1 : importance[i];
    sum += weight * std::abs(values[i]);
    weights += weight;
    if (weights > 0 && sum * sum > bestGain * weights) {
      bestGain = sum * sum / weights;
      scale = sum / weights;
    }
  }
  return float(scale);
}

void Search::consider(float scale, float zero) {
  scale = roundToFloat(scale, format.scale);
  if (!isUsableScale(scale))
    return;
  double found = error(scale, levelsOf(format, zero));
  if (best.scale == 0 || found < bestError) {
    best = {scale, zero};
    bestError = found;
  }
}

/// A scale and zero point for values from `low` to `high`.
void Search::considerRange(float low, float high, float fraction) {
  float top = float(format.levels() - 1);
  // Divided before the difference, which could overflow.
  float scale = roundToFloat(high * (fraction / top) - low * (fraction / top),
                             format.scale);
  if (isUsableScale(scale))
    consider(scale,
             std::clamp(std::nearbyint(-low * fraction / scale), 0.0f, top));
}

GroupScale Search::run() {
  float zero = format.paddingCode();
  best.zero = zero;
  float low = 0, high = 0;
  for (float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  float largest = std::max(high, -low);
  if (largest == 0)
    return best;
  // The fewer the levels, the more it pays to clip.
  float least = format.levels() <= 4    ? 0.2f
                : format.levels() <= 8  ? 0.4f
                : format.levels() <= 16 ? 0.6f
                                        : 0.8f;
  constexpr int steps = 24;
  if (format.kind == FormatKind::Binary) {
    consider(largest, zero);
  } else if (format.kind == FormatKind::Ternary) {
    consider(bestTernary(), zero);
  } else {
    LevelRange levels = levelsOf(format, zero);
    for (int step = 0; step != steps; ++step) {
      float fraction = 1 - (1 - least) * step / (steps - 1);
      if (format.hasZero()) {
        considerRange(low, high, fraction);
        continue;
      }
      // One side has a level more: either sign of the scale may fit better.
      if (levels.high > 0)
        consider(fraction * (largest / levels.high), zero);
      if (levels.low != -levels.high) {
        consider(fraction * (largest / -levels.low), zero);
        consider(fraction * (largest / levels.low), zero);
      }
    }
  }
  if (format.hasZero() && best.scale != 0) {
    // The range ties the two together; apart they fit better.
    GroupScale middle = best;
    float top = float(format.levels() - 1);
    for (float shift : {-1.0f, 0.0f, 1.0f})
      if (float moved = middle.zero + shift; moved >= 0 && moved <= top)
        for (int step = -8; step <= 8; ++step)
          consider(middle.scale * (1 + 0.05f * step), moved);
  }
  for (int i = 0; i != 4 && best.scale != 0; ++i) {
    float before = best.scale;
    consider(refit(best.scale, levelsOf(format, best.zero)), best.zero);
    if (best.scale == before)
      break;
  }
  return best;
}
} // namespace

GroupScale searchScale(ArrayRef<float> values, ArrayRef<float> importance,
                       const Format &format) {
  return Search(values, importance, format).run();
}

} // namespace mixbit
