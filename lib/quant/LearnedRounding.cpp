//===- LearnedRounding.cpp - Codes and scales by gradient -----------------===//
#include "lib/quant/LearnedRounding.h"

#include "lib/quant/Codes.h"
#include "lib/quant/ScaleSearch.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mixbit {

/// Decay of Adam's moments. The mean of squares is short: there are few steps.
static constexpr float kDecay = 0.9f, kSquareDecay = 0.99f;
/// How close to the edge of its cell a latent starts, in cells.
static constexpr float kMargin = 0.25f;

/// The code that stands for a level.
static uint8_t codeOf(float level, const Format &format, float zero) {
  return format.kind == FormatKind::Binary ? level > 0 : uint8_t(level + zero);
}

template <typename Work>
void LearnedRounding::forRuns(int64_t band, Work work) const {
  const Format &format = matrix.format;
  int64_t height = format.rowsOfGroup(matrix.rows);
  int64_t width = format.colsOfGroup(matrix.cols);
  int64_t across = format.colGroups(matrix.cols);
  for (int64_t row = band * height, end = std::min(matrix.rows, row + height);
       row != end; ++row)
    for (int64_t group = 0; group != across; ++group) {
      int64_t first = group * width;
      work(band * across + group, row * matrix.cols + first,
           std::min(width, matrix.cols - first));
    }
}

LearnedRounding::LearnedRounding(const FloatMatrix &weights,
                                 QuantizedMatrix rounded)
    : matrix(std::move(rounded)) {
  const Format &format = matrix.format;
  size_t count = matrix.rows * matrix.cols;
  latents.resize(count);
  scales = matrix.scales;
  scaleMoments.resize(scales.size());
  std::vector<uint8_t> codes =
      unpackMatrix(matrix.codes, matrix.rows, matrix.cols, format.bits);
  matrix.codes = {};
  float half = format.kind == FormatKind::Binary ? 1.0f : 0.5f;
  float reach = half * (1 - 2 * kMargin);
  llvm::parallelFor(0, bands(), [&](size_t band) {
    forRuns(band, [&](int64_t group, int64_t begin, int64_t length) {
      float zero = matrix.zeroOf(group), scale = scales[group];
      LevelRange range = levelsOf(format, zero);
      for (int64_t i = begin; i != begin + length; ++i) {
        float level =
            range.binary ? (codes[i] ? 1.0f : -1.0f) : float(codes[i]) - zero;
        float exact = scale == 0
                          ? level
                          : loadFloat(weights.data, i, weights.kind) / scale;
        latents[i] = std::clamp(exact, level - reach, level + reach);
      }
    });
  });
}

void LearnedRounding::values(MutableArrayRef<float> out) const {
  llvm::parallelFor(0, bands(), [&](size_t band) {
    forRuns(band, [&](int64_t group, int64_t begin, int64_t length) {
      LevelRange range = levelsOf(matrix.format, matrix.zeroOf(group));
      float scale = roundToFloat(scales[group], matrix.format.scale);
      for (int64_t i = begin; i != begin + length; ++i)
        out[i] = scale * range.nearest(latents[i], 1.0f);
    });
  });
}

void LearnedRounding::step(ArrayRef<float> gradient,
                           const LearningRates &rates) {
  ++steps;
  double unbias = 1 / (1 - std::pow(double(kDecay), steps));
  double unbiasSquare = 1 / (1 - std::pow(double(kSquareDecay), steps));
  // Of each group: the gradient at the logarithm of its scale, and the sum of
  // squared gradients at its latents.
  std::vector<double> byScale(scales.size()), byLatents(scales.size());
  llvm::parallelFor(0, bands(), [&](size_t band) {
    forRuns(band, [&](int64_t group, int64_t begin, int64_t length) {
      LevelRange range = levelsOf(matrix.format, matrix.zeroOf(group));
      float levels[4] = {}, sums[4] = {};
      const float *g = gradient.data() + begin, *u = latents.data() + begin;
      for (int64_t i = 0; i != length; ++i) {
        levels[i % 4] += g[i] * range.nearest(u[i], 1.0f);
        sums[i % 4] += g[i] * g[i];
      }
      double scale = scales[group];
      byScale[group] +=
          scale * (double(levels[0]) + levels[1] + levels[2] + levels[3]);
      byLatents[group] +=
          scale * scale * (double(sums[0]) + sums[1] + sums[2] + sums[3]);
    });
  });
  double scaleSum = 0, latentSum = 0;
  for (auto [scale, latents] : zip_equal(byScale, byLatents)) {
    scaleSum += scale * scale;
    latentSum += latents;
  }
  auto decay = [](double &mean, double value) {
    mean = kSquareDecay * mean + (1 - kSquareDecay) * value;
  };
  decay(scaleSquare, scaleSum / double(scales.size()));
  decay(latentSquare, latentSum / double(latents.size()));
  auto factorOf = [&](double rate, double square) {
    return square > 0 ? float(rate * unbias / std::sqrt(square * unbiasSquare))
                      : 0.0f;
  };
  float scaleFactor = factorOf(rates.scales, scaleSquare);
  float latentFactor = factorOf(rates.codes, latentSquare);
  if (latentFactor > 0)
    moments.resize(latents.size());
  llvm::parallelFor(0, latentFactor > 0 ? bands() : 0, [&](size_t band) {
    forRuns(band, [&](int64_t group, int64_t begin, int64_t length) {
      float scale = scales[group];
      if (scale == 0)
        return;
      LevelRange range = levelsOf(matrix.format, matrix.zeroOf(group));
      // Beyond the last level nothing changes; a latent comes back from there.
      float low = (range.binary ? -1 : range.low) - 0.5f;
      float high = (range.binary ? 1 : range.high) + 0.5f;
      const float *g = gradient.data() + begin;
      float *u = latents.data() + begin, *m = moments.data() + begin;
      for (int64_t i = 0; i != length; ++i) {
        m[i] = kDecay * m[i] + (1 - kDecay) * (g[i] * scale);
        float moved = u[i] - latentFactor * m[i];
        moved = moved < low ? low : moved;
        u[i] = moved > high ? high : moved;
      }
    });
  });
  for (auto [group, scale] : llvm::enumerate(scales)) {
    float &moment = scaleMoments[group];
    moment = kDecay * moment + (1 - kDecay) * float(byScale[group]);
    float moved = scale * std::exp(-scaleFactor * moment);
    // What the type cannot hold is no step.
    if (isUsableScale(roundToFloat(moved, matrix.format.scale)))
      scale = moved;
  }
}

QuantizedMatrix LearnedRounding::rounded() const {
  QuantizedMatrix result = matrix;
  for (auto [stored, scale] : zip_equal(result.scales, scales))
    stored = roundToFloat(scale, matrix.format.scale);
  std::vector<uint8_t> codes(latents.size());
  for (int64_t band = 0; band != bands(); ++band)
    forRuns(band, [&](int64_t group, int64_t begin, int64_t length) {
      float zero = matrix.zeroOf(group);
      LevelRange range = levelsOf(matrix.format, zero);
      for (int64_t i = begin; i != begin + length; ++i)
        codes[i] = codeOf(range.nearest(latents[i], 1.0f), matrix.format, zero);
    });
  result.codes =
      packMatrix(codes, matrix.rows, matrix.cols, matrix.format.bits);
  return result;
}

} // namespace mixbit
