//===- ScaleSearchTest.cpp - Scales of least squared error ----------------===//
#include "lib/quant/ScaleSearch.h"
#include "test/unit/RandomNormals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using namespace mixbit;

namespace {

double errorOf(const std::vector<float> &values,
               const std::vector<float> &importance, float scale,
               const LevelRange &levels) {
  double sum = 0;
  for (size_t i = 0; i != values.size(); ++i) {
    double difference =
        values[i] - double(scale) * levels.nearest(values[i], 1 / scale);
    sum += importance[i] * difference * difference;
  }
  return sum;
}

std::vector<Format> formats() {
  return {Format::makeInt(2, 1, 0),
          Format::makeInt(3, 1, 0),
          Format::makeInt(4, 1, 0),
          Format::makeInt(8, 1, 0),
          Format::makeTernary(1, 0),
          Format::makeBinary(1, 0),
          Format::makeInt(3, 1, 0, FloatKind::F16),
          Format::makeInt(2, 1, 0, FloatKind::F32, ZeroKind::I8)};
}

/// Every choice of codes tried, each with its own least-squares scale.
TEST(ScaleSearch, TernaryIsTheOptimum) {
  constexpr size_t count = 8;
  for (unsigned seed = 1; seed != 9; ++seed) {
    std::vector<float> values = randoms(count, seed), importance(count);
    for (size_t i = 0; i != count; ++i)
      importance[i] = 0.1f + float((i * seed) % 7);
    double all = 0, bestGain = 0;
    for (size_t i = 0; i != count; ++i)
      all += importance[i] * double(values[i]) * values[i];
    for (unsigned chosen = 1; chosen != 1u << count; ++chosen) {
      double sum = 0, weights = 0;
      for (size_t i = 0; i != count; ++i)
        if (chosen >> i & 1) {
          sum += importance[i] * std::abs(double(values[i]));
          weights += importance[i];
        }
      bestGain = std::max(bestGain, sum * sum / weights);
    }
    Format format = Format::makeTernary(1, 0);
    GroupScale found = searchScale(values, importance, format);
    EXPECT_NEAR(errorOf(values, importance, found.scale, levelsOf(format, 1)),
                all - bestGain, 1e-5 * all);
  }
}

/// No scale of a fine grid is better by more than a little, with importance and
/// without.
TEST(ScaleSearch, IsNearTheBestOfAGrid) {
  for (const Format &format : formats())
    for (unsigned seed = 1; seed != 6; ++seed) {
      SCOPED_TRACE(testing::Message()
                   << describeFormat(format) << ", " << seed);
      std::vector<float> values = randoms(37, seed), importance(37);
      for (size_t i = 0; i != 37; ++i)
        importance[i] = 0.1f + float((i * seed) % 7);
      GroupScale found = searchScale(values, importance, format);
      ASSERT_EQ(found.scale, roundToFloat(found.scale, format.scale));
      double error = errorOf(values, importance, found.scale,
                             levelsOf(format, found.zero));
      double best = error;
      for (int step = 1; step != 4000; ++step)
        for (float sign : {1.0f, -1.0f})
          best = std::min(best, errorOf(values, importance, sign * step * 1e-3f,
                                        levelsOf(format, found.zero)));
      EXPECT_LE(error, 1.1 * best);
    }
}

/// Values that lie on a grid are found exactly.
TEST(ScaleSearch, FindsGrids) {
  std::vector<float> ternary = {0.25f, 0, -0.25f, 0.25f, 0};
  EXPECT_EQ(searchScale(ternary, {}, Format::makeTernary(1, 0)).scale, 0.25f);
  std::vector<float> binary = {0.5f, -0.5f, -0.5f};
  EXPECT_EQ(searchScale(binary, {}, Format::makeBinary(1, 0)).scale, 0.5f);
  std::vector<float> two = {1.5f, 0.75f, 0, -0.75f, 1.5f}; // the sign turns
  EXPECT_EQ(searchScale(two, {}, Format::makeInt(2, 1, 0)).scale, -0.75f);
  std::vector<float> shifted = {0.0f, 0.5f, 1.0f, 1.5f};
  GroupScale found = searchScale(
      shifted, {}, Format::makeInt(2, 1, 0, FloatKind::F32, ZeroKind::I8));
  EXPECT_EQ(found.scale, 0.5f);
  EXPECT_EQ(found.zero, 0.0f);
}

TEST(ScaleSearch, NothingToScale) {
  for (const Format &format : formats()) {
    EXPECT_EQ(searchScale({0.0f, 0.0f}, {}, format).scale, 0.0f);
    // Below what a scale can divide by.
    EXPECT_EQ(searchScale({1e-44f, 0.0f}, {}, format).scale, 0.0f);
  }
}

TEST(ScaleSearch, LevelsAreNearest) {
  LevelRange range = levelsOf(Format::makeInt(3, 1, 0), 4);
  EXPECT_EQ(range.nearest(2.5f, 1), 2.0f); // halves to even
  EXPECT_EQ(range.nearest(3.5f, 1), 3.0f); // clamped
  EXPECT_EQ(range.nearest(-100.0f, 1), -4.0f);
  EXPECT_EQ(levelsOf(Format::makeInt(8, 1, 0), 128).low, -127.0f);
  EXPECT_EQ(levelsOf(Format::makeBinary(1, 0), 0).nearest(-0.1f, 2), -1.0f);
}

} // namespace
