//===- GptqTest.cpp - Rounding that compensates its errors ----------------===//
#include "lib/quant/Gptq.h"

#include "lib/quant/Codes.h"
#include "lib/quant/Dense.h"
#include "lib/quant/Reference.h"
#include "lib/quant/ScaleSearch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

using namespace mixbit;

namespace {

/// Data of a layer: `inputs` correlated columns, the quantized path's rows off
/// the float path's by `noise`.
struct Layer {
  int64_t rows, cols;
  std::vector<float> weights;
  GramStatistics statistics;

  Layer(int64_t rows, int64_t cols, unsigned seed, double noise = 0,
        int64_t samples = 0)
      : rows(rows), cols(cols) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    weights.resize(rows * cols);
    for (float &weight : weights)
      weight = normal(generator);
    if (!samples)
      samples = 4 * cols;
    std::vector<float> exact(samples * cols), rounded;
    for (int64_t i = 0; i != samples; ++i) {
      float common = normal(generator);
      for (int64_t j = 0; j != cols; ++j)
        exact[i * cols + j] =
            (common + normal(generator)) * (0.2f + float(j % 5));
    }
    rounded = exact;
    for (float &value : rounded)
      value += float(noise) * normal(generator);
    MatrixRef<const float> xf{exact.data(), samples, cols, cols};
    MatrixRef<const float> xq{rounded.data(), samples, cols, cols};
    statistics.gram.assign(cols * cols, 0);
    multiplyAdd({statistics.gram.data(), cols, cols, cols}, 1.0f, xq, true, xq,
                false);
    if (noise) {
      statistics.cross.assign(cols * cols, 0);
      multiplyAdd({statistics.cross.data(), cols, cols, cols}, 1.0f, xq, true,
                  xf, false);
    }
  }

  FloatMatrix matrix() const {
    return {weights.data(), FloatKind::F32, rows, cols};
  }

  GptqResult round(const Format &format, GptqOptions options = {}) const {
    auto result = roundWithGram(matrix(), format, statistics, options);
    EXPECT_TRUE(bool(result)) << llvm::toString(result.takeError());
    return std::move(*result);
  }

  /// The cost of values for the weights themselves as target.
  double cost(const std::vector<float> &values, double ridge) const {
    double trace = 0, sum = 0;
    for (int64_t i = 0; i != cols; ++i)
      trace += statistics.gram[i * cols + i];
    for (int64_t row = 0; row != rows; ++row)
      for (int64_t i = 0; i != cols; ++i)
        for (int64_t j = 0; j != cols; ++j) {
          double entry = statistics.gram[i * cols + j];
          if (i == j)
            entry += ridge * trace / cols;
          sum += (double(values[row * cols + i]) - weights[row * cols + i]) *
                 entry *
                 (double(values[row * cols + j]) - weights[row * cols + j]);
        }
    return sum;
  }
};

std::vector<Format> formats() {
  return {Format::makeInt(4, 1, 32),
          Format::makeInt(3, 1, 0),
          Format::makeInt(2, 1, 16, FloatKind::F16),
          Format::makeTernary(1, 16),
          Format::makeBinary(1, 0),
          Format::makeInt(8, 1, 0),
          Format::makeInt(3, 4, 0, FloatKind::BF16),
          Format::makeInt(3, 0, 20),
          Format::makeInt(4, 1, 32, FloatKind::F32, ZeroKind::I8)};
}

/// The cost that is reported is that of the matrix; it is not above that of
/// rounding to nearest, and below it where there is something to gain.
TEST(Gptq, NeverWorseThanNearest) {
  for (const Format &format : formats())
    for (unsigned seed = 1; seed != 4; ++seed) {
      SCOPED_TRACE(testing::Message()
                   << describeFormat(format) << ", " << seed);
      Layer layer(9, 70, seed);
      GptqResult result = layer.round(format);
      auto nearest = roundToNearest(layer.matrix(), format);
      ASSERT_TRUE(bool(nearest));
      double error = layer.cost(dequantize(result.matrix), 0.1);
      double nearestError = layer.cost(dequantize(*nearest), 0.1);
      EXPECT_NEAR(result.error, error, 1e-3 * error);
      EXPECT_NEAR(result.nearestError, nearestError, 1e-3 * nearestError);
      EXPECT_LE(error, nearestError * (1 + 1e-5));
      if (format.levels() <= 16) {
        EXPECT_LT(error, 0.75 * nearestError);
      }
      for (float scale : result.matrix.scales)
        EXPECT_EQ(scale, roundToFloat(scale, format.scale));
    }
}

/// Few samples, some inputs always zero, and no data at all.
TEST(Gptq, SingularStatistics) {
  Format format = Format::makeInt(3, 1, 16);
  Layer few(5, 64, 1, 0, /*samples=*/3);
  GptqOptions noRidge;
  noRidge.ridge = 0;
  EXPECT_LE(few.round(format, noRidge).error,
            few.round(format, noRidge).nearestError * (1 + 1e-5));
  Layer none(5, 64, 1);
  std::fill(none.statistics.gram.begin(), none.statistics.gram.end(), 0.0f);
  GptqResult result = none.round(format);
  EXPECT_GT(result.error, 0);
  EXPECT_LE(result.error, result.nearestError);
}

/// Inputs that do not correlate leave nothing to compensate: given the scale,
/// each code is the nearest.
TEST(Gptq, DiagonalGramIsNearest) {
  Layer layer(4, 24, 3);
  for (int64_t i = 0; i != 24; ++i)
    for (int64_t j = 0; j != 24; ++j)
      if (i != j)
        layer.statistics.gram[i * 24 + j] = 0;
  for (const Format &format :
       {Format::makeInt(3, 1, 0), Format::makeTernary(1, 0)}) {
    QuantizedMatrix matrix = layer.round(format).matrix;
    std::vector<float> values = dequantize(matrix);
    for (int64_t i = 0; i != 4 * 24; ++i) {
      float scale = matrix.scales[i / 24];
      LevelRange range = levelsOf(format, matrix.zeroOf(0));
      EXPECT_FLOAT_EQ(values[i],
                      scale * range.nearest(layer.weights[i], 1 / scale));
    }
  }
}

/// All codes of a tiny row tried with the scale that was found.
double bruteForce(const Layer &layer, float scale, const LevelRange &range) {
  int64_t count = int64_t(range.high - range.low) + 1, all = 1;
  for (int64_t i = 0; i != layer.cols; ++i)
    all *= count;
  double best = INFINITY;
  std::vector<float> values(layer.cols);
  for (int64_t code = 0; code != all; ++code) {
    int64_t rest = code;
    for (float &value : values) {
      value = scale * (range.low + float(rest % count));
      rest /= count;
    }
    best = std::min(best, layer.cost(values, 0.1));
  }
  return best;
}

TEST(Gptq, TinyCasesAgainstAllCodes) {
  int optimal = 0, cases = 0;
  for (const Format &format :
       {Format::makeInt(2, 1, 0), Format::makeTernary(1, 0),
        Format::makeInt(3, 1, 0)})
    for (unsigned seed = 1; seed != 31; ++seed) {
      Layer layer(1, 4, seed);
      GptqResult result = layer.round(format);
      float scale = result.matrix.scales[0];
      double best =
          bruteForce(layer, scale, levelsOf(format, format.paddingCode()));
      double error = layer.cost(dequantize(result.matrix), 0.1);
      EXPECT_GE(error, best * (1 - 1e-5));
      optimal += error <= best * (1 + 1e-5);
      ++cases;
    }
  // Coordinate descent may stop in a corner; that is rare.
  EXPECT_GE(optimal, cases * 9 / 10);
}

/// Where the quantized path's inputs differ, aiming at the float path's output
/// gets nearer to it than rounding for the inputs alone.
TEST(Gptq, AimsAtTheFloatPath) {
  Layer layer(8, 48, 5, /*noise=*/0.7);
  Format format = Format::makeInt(3, 1, 0);
  GptqResult aimed = layer.round(format);
  Layer without = layer;
  without.statistics.cross.clear();
  GptqResult plain = without.round(format);
  // || Xf w - Xq v ||^2 up to its constant: v'Hv - 2 v'Cw.
  auto cost = [&](const QuantizedMatrix &matrix) {
    std::vector<float> v = dequantize(matrix);
    double sum = 0;
    for (int64_t row = 0; row != 8; ++row)
      for (int64_t i = 0; i != 48; ++i)
        for (int64_t j = 0; j != 48; ++j)
          sum += double(v[row * 48 + i]) *
                 (layer.statistics.gram[i * 48 + j] * double(v[row * 48 + j]) -
                  2 * layer.statistics.cross[i * 48 + j] *
                      double(layer.weights[row * 48 + j]));
    return sum;
  };
  EXPECT_LT(cost(aimed.matrix), cost(plain.matrix));
}

TEST(Gptq, ThreadsDoNotMatter) {
  Layer layer(130, 70, 7, 0.3);
  for (const Format &format : formats()) {
    GptqOptions one, three;
    one.threads = 1;
    three.threads = 3;
    GptqResult a = layer.round(format, one), b = layer.round(format, three);
    EXPECT_EQ(a.matrix.codes, b.matrix.codes);
    EXPECT_EQ(a.matrix.scales, b.matrix.scales);
    EXPECT_EQ(a.error, b.error);
  }
}

TEST(Gptq, Errors) {
  Layer layer(2, 8, 1);
  Format format = Format::makeInt(4, 1, 0);
  auto message = [&](const GramStatistics &statistics) {
    auto result = roundWithGram(layer.matrix(), format, statistics);
    return result ? "" : llvm::toString(result.takeError());
  };
  GramStatistics small = layer.statistics;
  small.gram.resize(10);
  EXPECT_EQ(message(small),
            "expected statistics of 8 x 8 inputs, but got 10 elements");
  GramStatistics infinite = layer.statistics;
  infinite.gram[3] = INFINITY;
  EXPECT_EQ(message(infinite), "expected finite statistics of the inputs");
  layer.weights[5] = NAN;
  EXPECT_EQ(message(layer.statistics),
            "expected finite weights, but got nan at row 0, column 5");
}

/// Without data: not worse than the formulas' scales, here in plain squares.
TEST(Gptq, SearchedScales) {
  Layer layer(12, 64, 2);
  auto squares = [&](const QuantizedMatrix &matrix) {
    std::vector<float> values = dequantize(matrix);
    double sum = 0;
    for (size_t i = 0; i != values.size(); ++i)
      sum += std::pow(double(values[i]) - layer.weights[i], 2);
    return sum;
  };
  for (const Format &format : formats()) {
    SCOPED_TRACE(describeFormat(format));
    auto found = roundToSearchedScales(layer.matrix(), format, {}, 2);
    auto nearest = roundToNearest(layer.matrix(), format);
    ASSERT_TRUE(found && nearest);
    EXPECT_LE(squares(*found), squares(*nearest) * 1.0001);
  }
  // One scale for all rows follows those that are read.
  std::vector<float> importance(12, 0.0f);
  importance[3] = 1;
  Format shared = Format::makeInt(3, 0, 0);
  auto found = roundToSearchedScales(layer.matrix(), shared, importance);
  ASSERT_TRUE(bool(found));
  EXPECT_EQ(found->scales[0],
            searchScale(llvm::ArrayRef(layer.weights).slice(3 * 64, 64), {},
                        Format::makeInt(3, 1, 0))
                .scale);
}

} // namespace
