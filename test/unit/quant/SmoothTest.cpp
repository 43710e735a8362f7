//===- SmoothTest.cpp - Outliers of activations moved into weights --------===//
#include "lib/quant/Smooth.h"

#include "lib/quant/Reference.h"
#include "lib/quant/StaticCodes.h"
#include "test/unit/RandomNormals.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mixbit;

namespace {
TEST(Smooth, ScalesAreTheFormulasNearestPowersOfTwo) {
  std::vector<float> x = {8, 0.5f, 2, 0}, w = {0.5f, 2, 0.5f, 1};
  // log2: 3/2 + 1/2, -1/2 - 1/2, 1/2 + 1/2; mean 2/3, that is 1.
  EXPECT_EQ(smoothingScales(x, w, 0.5), (std::vector<float>{2, 0.25f, 1, 1}));
  // alpha 1: the inputs' maxima alone, mean (3 - 1 + 1) / 3.
  EXPECT_EQ(smoothingScales(x, w, 1), (std::vector<float>{4, 0.25f, 1, 1}));
}

TEST(Smooth, ProductsAreExact) {
  auto weights = randoms(6 * 4, 1, 1);
  std::vector<float> scales = {8, 0.25f, 1, 1024};
  FloatMatrix matrix{weights.data(), FloatKind::F32, 6, 4};
  auto scaled = scaleColumns(matrix, scales);
  for (size_t i = 0; i != scaled.size(); ++i)
    EXPECT_EQ(scaled[i] / scales[i % 4], weights[i]);
  auto maxima = columnMaxima(matrix);
  for (int64_t col = 0; col != 4; ++col) {
    float most = 0;
    for (int64_t row = 0; row != 6; ++row)
      most = std::max(most, std::fabs(weights[row * 4 + col]));
    EXPECT_EQ(maxima[col], most);
  }
}

/// Static codes of 8 bits for the whole of the rows.
void quantizeStatic(llvm::MutableArrayRef<float> values) {
  RangeSearch search;
  std::vector<float> weights(values.size(), 1.0f);
  search.reach(values, 1, weights);
  search.count(values, 1, weights);
  quantizeInPlace(values, search.finish(8), 1);
}

std::vector<float> maximaOf(llvm::ArrayRef<float> rows, int64_t cols) {
  return columnMaxima(
      {rows.data(), FloatKind::F32, int64_t(rows.size()) / cols, cols});
}

TEST(Smooth, HelpsWhereAFewColumnsAreLarge) {
  const int64_t cols = 64;
  auto rows = randoms(96 * cols, 2, 1), weights = randoms(32 * cols, 3, 0.05f);
  for (int64_t row = 0; row != 96; ++row)
    for (int64_t col : {3, 40})
      rows[row * cols + col] *= 100;
  SmoothedWeight weight{{weights.data(), FloatKind::F32, 32, cols},
                        Format::makeInt(8, 1, 0)};
  auto chosen =
      llvm::cantFail(chooseSmoothing(rows, maximaOf(rows, cols), weight,
                                     {0.25, 0.5, 0.75}, quantizeStatic, 2));
  ASSERT_FALSE(chosen.scales.empty());
  EXPECT_GT(chosen.scales[3], chosen.scales[4]);
  EXPECT_LT(chosen.error, 0.2 * chosen.plainError);
  // The errors are those of loops.
  auto errorOf = [&](llvm::ArrayRef<float> scales) {
    std::vector<float> inputs = rows;
    for (size_t i = 0; i != inputs.size(); ++i)
      inputs[i] /= scales[i % cols];
    quantizeStatic(inputs);
    auto scaled = scaleColumns(weight.weights, scales);
    auto rounded = dequantize(llvm::cantFail(roundToNearest(
        {scaled.data(), FloatKind::F32, 32, cols}, weight.format)));
    double error = 0, energy = 0;
    for (int64_t row = 0; row != 96; ++row)
      for (int64_t n = 0; n != 32; ++n) {
        double want = 0, got = 0;
        for (int64_t k = 0; k != cols; ++k) {
          want += double(rows[row * cols + k]) * weights[n * cols + k];
          got += double(inputs[row * cols + k]) * rounded[n * cols + k];
        }
        error += (want - got) * (want - got);
        energy += want * want;
      }
    return error / energy;
  };
  // Scales of weights are searched there and not here.
  EXPECT_NEAR(chosen.error, errorOf(chosen.scales), 0.1 * chosen.error);
  EXPECT_NEAR(chosen.plainError, errorOf(std::vector<float>(cols, 1)),
              0.1 * chosen.plainError);
}

TEST(Smooth, StaysAwayWhereItDoesNotHelp) {
  const int64_t cols = 64;
  auto rows = randoms(96 * cols, 4, 1), weights = randoms(32 * cols, 5, 0.05f);
  SmoothedWeight weight{{weights.data(), FloatKind::F32, 32, cols},
                        Format::makeInt(8, 1, 0)};
  auto chosen = llvm::cantFail(chooseSmoothing(
      rows, maximaOf(rows, cols), weight, {0.5}, quantizeStatic, 1));
  EXPECT_TRUE(chosen.scales.empty());
  EXPECT_EQ(chosen.error, chosen.plainError);
}
} // namespace
