//===- StaticCodesTest.cpp - Ranges of activations ------------------------===//
#include "lib/quant/StaticCodes.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mixbit;

namespace {

double squaredError(llvm::ArrayRef<float> values, const StaticCodes &codes) {
  double error = 0;
  for (float value : values) {
    double difference = value - double(codes.scale) * codes.codeOf(value);
    error += difference * difference;
  }
  return error;
}

StaticCodes search(llvm::ArrayRef<float> values, unsigned bits) {
  RangeSearch search;
  std::vector<float> weights(values.size(), 1);
  search.reach(values, 1, weights);
  search.count(values, 1, weights);
  return search.finish(bits);
}

/// GELU of a normal: a long end and a short one.
std::vector<float> skewed(size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values) {
    float x = 2 * normal(random);
    value = x * 0.5f * (1 + std::erf(x * 0.70710678f));
  }
  return values;
}

TEST(StaticCodes, RoundsHalfToEvenAndClamps) {
  StaticCodes codes{StaticCodes::Kind::Divide, 0.5f, 0.5f, -3, 4};
  std::pair<float, int64_t> expected[] = {{0.25f, 0},    {0.75f, 2}, {1.25f, 2},
                                          {-0.26f, -1},  {9, 4},     {-9, -3},
                                          {INFINITY, 4}, {NAN, -3}};
  for (auto [x, code] : expected)
    EXPECT_EQ(codes.codeOf(x), code) << x;
  codes = {StaticCodes::Kind::Multiply, 4, 0.25f, 0, 255};
  EXPECT_EQ(codes.codeOf(-1), 0);
  EXPECT_EQ(codes.codeOf(2.6f), 10);
  codes.kind = StaticCodes::Kind::Sign;
  EXPECT_EQ(codes.codeOf(-0.0f), 0);
  EXPECT_EQ(codes.codeOf(-3), -1);
  codes.kind = StaticCodes::Kind::Binary;
  EXPECT_EQ(codes.codeOf(-0.0f), 1);
  EXPECT_EQ(codes.codeOf(-3), -1);
}

TEST(StaticCodes, InPlaceIsTheSameByOneAndManyThreads) {
  auto values = skewed(40000);
  StaticCodes codes = search(values, 8);
  auto one = values, two = values;
  quantizeInPlace(one, codes, 1);
  quantizeInPlace(two, codes, 2);
  EXPECT_EQ(one, two);
  for (size_t i = 0; i != values.size(); ++i)
    ASSERT_EQ(one[i], codes.scale * float(codes.codeOf(values[i])));
}

/// Against all pairs of ends on a finer grid, with the values themselves
/// instead of a histogram.
TEST(StaticCodes, FindsTheRangeOfLeastError) {
  auto values = skewed(3000);
  float lowest = *std::min_element(values.begin(), values.end());
  float highest = *std::max_element(values.begin(), values.end());
  for (unsigned bits : {3u, 4u, 6u}) {
    StaticCodes codes = search(values, bits);
    EXPECT_EQ(codes.high - codes.low, (1 << bits) - 1);
    EXPECT_LE(codes.low, 0);
    double least = INFINITY;
    int64_t levels = int64_t(1) << bits;
    for (int a = 2; a <= 64; ++a)
      for (int64_t low = -(levels - 1); low <= 0; ++low) {
        StaticCodes other;
        other.scale = highest * (a / 64.0f) / float(low + levels - 1);
        if (low + levels - 1 == 0)
          other.scale = -lowest * (a / 64.0f) / float(-low);
        other.step = 1 / other.scale;
        other.low = low;
        other.high = low + levels - 1;
        least = std::min(least, squaredError(values, other));
      }
    EXPECT_LE(squaredError(values, codes), 1.03 * least) << bits;
  }
}

TEST(StaticCodes, EightBitsFitBytesOfEitherSign) {
  auto values = skewed(2000);
  StaticCodes codes = search(values, 8);
  EXPECT_EQ(codes.high - codes.low, 254);
  // The short end gets few codes: GELU is never below -0.17.
  EXPECT_GT(codes.low, -20);
  for (float &value : values)
    value = std::fabs(value);
  codes = search(values, 8);
  EXPECT_EQ(codes.low, 0);
  EXPECT_EQ(codes.high, 254);
}

TEST(StaticCodes, ClipsOutliersAtFewBits) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(20000);
  for (float &value : values)
    value = normal(random);
  values[7] = 40;
  StaticCodes codes = search(values, 4);
  EXPECT_LT(codes.scale * codes.high, 10);
}

TEST(StaticCodes, FewBitsAreSigns) {
  std::vector<float> both = {-2, 1, 3, -2}, above = {0, 1, 2, 5};
  StaticCodes one = search(both, 1);
  EXPECT_EQ(one.kind, StaticCodes::Kind::Binary);
  EXPECT_EQ(one.scale, 2);
  StaticCodes unsignedOne = search(above, 1);
  EXPECT_EQ(unsignedOne.kind, StaticCodes::Kind::Multiply);
  EXPECT_EQ(unsignedOne.low, 0);
  EXPECT_EQ(unsignedOne.high, 1);
  StaticCodes two = search(both, 2);
  EXPECT_EQ(two.low, -1);
  EXPECT_EQ(two.high, 1);
  StaticCodes unsignedTwo = search(above, 2);
  EXPECT_EQ(unsignedTwo.low, 0);
  EXPECT_EQ(unsignedTwo.high, 2);
}

TEST(StaticCodes, LeavesOutRowsWithoutWeightAndZerosAreZeros) {
  std::vector<float> values = {1, -1, 1000, 1000}, weights = {1, 0};
  RangeSearch some;
  some.reach(values, 2, weights);
  some.count(values, 2, weights);
  EXPECT_LE(some.finish(8).scale, 2.0f / 254);
  std::vector<float> zeros(8, 0.0f);
  StaticCodes none = search(zeros, 8);
  EXPECT_GT(none.scale, 0);
  EXPECT_EQ(none.codeOf(0), 0);
}
} // namespace
