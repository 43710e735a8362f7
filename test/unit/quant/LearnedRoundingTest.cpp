//===- LearnedRoundingTest.cpp - Codes and scales by gradient -------------===//
#include "lib/quant/LearnedRounding.h"

#include "lib/quant/Codes.h"
#include "lib/quant/Reference.h"
#include "test/unit/RandomNormals.h"

#include "gtest/gtest.h"

using namespace mixbit;

namespace {
Format formatOf(const char *name) {
  auto format = parseFormat(name);
  EXPECT_TRUE(bool(format)) << name;
  return *format;
}

QuantizedMatrix roundedTo(const FloatMatrix &weights, const char *format) {
  auto rounded = roundToNearest(weights, formatOf(format));
  EXPECT_TRUE(bool(rounded));
  return std::move(*rounded);
}

/// 1/2 |values - target|^2, whose gradient is the difference.
struct Distance {
  std::vector<float> target, gradient;

  double of(const LearnedRounding &learned) {
    gradient.resize(target.size());
    learned.values(gradient);
    double sum = 0;
    for (size_t i = 0; i != target.size(); ++i) {
      gradient[i] -= target[i];
      sum += double(gradient[i]) * gradient[i] / 2;
    }
    return sum;
  }
};

TEST(LearnedRounding, StartsWhereItWasRounded) {
  // The last group is narrower; some share scales between rows.
  auto weights = randoms(6 * 160, 1, 0.1f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 6, 160};
  for (const char *format : {"ternary:1x64", "binary:1x32", "int2:1x64",
                             "int4z:1x64", "int3:4x0", "int8:1x0"}) {
    QuantizedMatrix rounded = roundedTo(matrix, format);
    // Codes that are not the nearest ones, as compensation leaves them.
    auto codes = unpackMatrix(rounded.codes, 6, 160, rounded.format.bits);
    for (size_t i = 0; i < codes.size(); i += 3)
      codes[i] = 1;
    rounded.codes = packMatrix(codes, 6, 160, rounded.format.bits);
    LearnedRounding learned(matrix, rounded);
    std::vector<float> values(weights.size());
    learned.values(values);
    EXPECT_EQ(values, dequantize(rounded)) << format;
    EXPECT_EQ(learned.rounded().codes, rounded.codes) << format;
    EXPECT_EQ(learned.rounded().scales, rounded.scales) << format;
    EXPECT_EQ(learned.rounded().zeros, rounded.zeros) << format;
  }
}

TEST(LearnedRounding, ScalesReachTheLeastSquaresOnes) {
  auto weights = randoms(2 * 64, 2, 0.1f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 2, 64};
  QuantizedMatrix rounded = roundedTo(matrix, "ternary:1x64");
  for (float &scale : rounded.scales)
    scale *= 1.5f;
  LearnedRounding learned(matrix, rounded);
  Distance distance{weights, {}};
  for (int step = 0; step != 400; ++step) {
    distance.of(learned);
    learned.step(distance.gradient, {0, step < 300 ? 0.01 : 0.001});
  }
  QuantizedMatrix result = learned.rounded();
  EXPECT_EQ(result.codes, rounded.codes);
  auto codes = unpackMatrix(rounded.codes, 2, 64, 2);
  for (int row = 0; row != 2; ++row) {
    double product = 0, square = 0;
    for (int i = row * 64; i != (row + 1) * 64; ++i) {
      product += weights[i] * (codes[i] - 1.0);
      square += (codes[i] - 1.0) * (codes[i] - 1.0);
    }
    EXPECT_NEAR(result.scales[row], product / square, 0.02 * product / square);
    EXPECT_EQ(result.scales[row],
              roundToFloat(result.scales[row], FloatKind::F16));
  }
}

TEST(LearnedRounding, CodesFollowTheirGradient) {
  std::vector<float> weights(64, 0.1f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 1, 64};
  for (const char *format : {"ternary:1x64", "int2:1x64", "binary:1x64"}) {
    QuantizedMatrix rounded = roundedTo(matrix, format);
    LearnedRounding learned(matrix, rounded);
    // Down at one element, up at another that has the highest level.
    std::vector<float> gradient(64, 0), before = dequantize(rounded);
    gradient[5] = 1, gradient[9] = -1;
    for (int step = 0; step != 100; ++step)
      learned.step(gradient, {0.02, 0});
    std::vector<float> after = dequantize(learned.rounded());
    for (int i = 0; i != 64; ++i) {
      if (i == 5)
        EXPECT_LT(after[i], before[i]) << format;
      else if (i == 9)
        EXPECT_GE(after[i], before[i]) << format;
      else
        EXPECT_EQ(after[i], before[i]) << format;
    }
  }
}

TEST(LearnedRounding, FindsCodesOfAnotherTarget) {
  auto weights = randoms(4 * 96, 3, 0.1f), others = randoms(4 * 96, 4, 0.1f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 4, 96};
  FloatMatrix other{others.data(), FloatKind::F32, 4, 96};
  LearnedRounding learned(matrix, roundedTo(matrix, "int3:1x32"));
  Distance distance{others, {}};
  double before = distance.of(learned);
  for (int step = 0; step != 600; ++step) {
    distance.of(learned);
    learned.step(distance.gradient, {0.05 * (600 - step) / 600, 0.002});
  }
  double found = distance.of(learned);
  LearnedRounding best(other, roundedTo(other, "int3:1x32"));
  EXPECT_LT(found, 0.1 * before);
  EXPECT_LT(found, 2 * distance.of(best));
}

TEST(LearnedRounding, GroupsOfZerosStay) {
  std::vector<float> weights(128, 0.1f);
  std::fill_n(weights.begin(), 64, 0.0f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 1, 128};
  QuantizedMatrix rounded = roundedTo(matrix, "int2:1x64");
  ASSERT_EQ(rounded.scales[0], 0);
  LearnedRounding learned(matrix, rounded);
  std::vector<float> gradient(128, 1);
  for (int step = 0; step != 50; ++step)
    learned.step(gradient, {0.1, 0.1});
  std::vector<float> values = dequantize(learned.rounded());
  for (int i = 0; i != 64; ++i)
    EXPECT_EQ(values[i], 0);
  EXPECT_NE(values[64], dequantize(rounded)[64]);
}
} // namespace
