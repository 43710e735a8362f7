//===- GridTest.cpp - Weights on grids come back, equal -------------------===//
#include "lib/quant/Grid.h"
#include "lib/quant/Codes.h"
#include "lib/quant/Reference.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mixbit;

namespace {

/// scale * k for random k in low..high, in groups of a scale each.
std::vector<float> gridWeights(int64_t rows, int64_t cols, const Format &groups,
                               int low, int high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> log(-12, 4);
  std::uniform_int_distribution<int> step(low, high);
  QuantizedMatrix shape;
  shape.format = groups;
  shape.rows = rows;
  shape.cols = cols;
  std::vector<float> scales(groups.numGroups(rows, cols));
  for (float &scale : scales)
    scale = std::exp2(log(random));
  std::vector<float> values;
  for (int64_t r = 0; r != rows; ++r)
    for (int64_t c = 0; c != cols; ++c)
      values.push_back(scales[shape.groupOf(r, c)] * step(random));
  return values;
}

/// Binary: a random sign.
std::vector<float> signWeights(int64_t rows, int64_t cols, unsigned seed) {
  std::vector<float> values =
      gridWeights(rows, cols, Format::makeInt(8, 1, 0), 1, 1, seed);
  std::mt19937 random(seed);
  for (float &value : values)
    value = random() % 2 ? value : -value;
  return values;
}

std::optional<Format> detect(const std::vector<float> &values, int64_t rows,
                             int64_t cols) {
  return detectGrid({values.data(), FloatKind::F32, rows, cols});
}

void expectLossless(const std::vector<float> &values, int64_t rows,
                    int64_t cols, const Format &expected) {
  auto format = detect(values, rows, cols);
  ASSERT_TRUE(format) << describeFormat(expected);
  EXPECT_EQ(*format, expected)
      << describeFormat(*format) << " instead of " << describeFormat(expected);
  QuantizedMatrix matrix = llvm::cantFail(
      fitGrid({values.data(), FloatKind::F32, rows, cols}, *format));
  EXPECT_EQ(dequantize(matrix), values) << describeFormat(expected);
}

TEST(GridTest, findsZeroPoints) {
  // As asymmetric quantizers leave them: 4 bits from -3 to 12, 8 from -20 to
  // 235, which symmetric codes need 5 and 9 bits for.
  unsigned seed = 100;
  for (auto [low, high, bits] : {std::tuple(-3, 12, 4u), {-20, 235, 8u}}) {
    Format groups = Format::makeInt(8, 1, 0);
    auto values = gridWeights(6, 2048, groups, low, high, ++seed);
    FloatMatrix matrix{values.data(), FloatKind::F32, 6, 2048};
    auto without = detectGrid(matrix);
    EXPECT_EQ(bool(without), bits == 4);
    auto format = detectGrid(matrix, /*withZeros=*/true);
    ASSERT_TRUE(format);
    EXPECT_EQ(*format,
              Format::makeInt(bits, 1, 0, FloatKind::F32, ZeroKind::I8));
    QuantizedMatrix fitted = llvm::cantFail(fitGrid(matrix, *format));
    EXPECT_EQ(dequantize(fitted), values);
    for (float zero : fitted.zeros)
      EXPECT_EQ(zero, -low);
  }
}

TEST(GridTest, findsEveryFormatAndGroup) {
  unsigned seed = 0;
  for (auto [rows, cols] :
       {std::pair(0, 0), std::pair(1, 0), std::pair(1, 64), std::pair(1, 32)}) {
    // Ragged: 3 groups and a bit.
    int64_t n = 12, k = 3 * 64 + 17;
    Format groups = Format::makeInt(8, rows, cols);
    for (unsigned bits = 2; bits <= 8; ++bits) {
      int low = -(1 << (bits - 1)), high = (1 << (bits - 1)) - 1;
      // Extremes that only these bits hold, in each group.
      auto values = gridWeights(n, k, groups, low, high, ++seed);
      Format format = groups;
      format.bits = bits;
      // A random group may lack its extremes; the widest one decides.
      expectLossless(values, n, k, format);
    }
    expectLossless(gridWeights(n, k, groups, -1, 1, ++seed), n, k,
                   Format::makeTernary(rows, cols));
  }
  expectLossless(signWeights(6, 70, 1), 6, 70, Format::makeBinary(1, 0));
  expectLossless(gridWeights(6, 70, Format::makeInt(8, 0, 0), 0, 1, 5), 6, 70,
                 Format::makeInt(1, 0, 0));
}

TEST(GridTest, theLongerSideMayBeAbove) {
  auto values = gridWeights(8, 64, Format::makeInt(8, 1, 0), -7, 8, 3);
  expectLossless(values, 8, 64, Format::makeInt(4, 1, 0));
}

TEST(GridTest, anAffineGridNeedsItsZeroInTheMiddle) {
  // 4 bits with zero point 3: -3 to 12 are 5 symmetric bits.
  auto values = gridWeights(8, 640, Format::makeInt(8, 1, 0), -3, 12, 3);
  expectLossless(values, 8, 640, Format::makeInt(5, 1, 0));
}

TEST(GridTest, groupsOfZerosFitAnything) {
  auto values = signWeights(8, 64, 4);
  std::fill(values.begin() + 64, values.begin() + 128, 0.0f);
  values[70] = -0.0f;
  expectLossless(values, 8, 64, Format::makeBinary(1, 0));
  std::vector<float> zeros(8 * 64, 0.0f);
  EXPECT_FALSE(detect(zeros, 8, 64)) << "too few weights to tell";
}

TEST(GridTest, theWholeMatrixIsPreferred) {
  auto values = gridWeights(40, 256, Format::makeInt(8, 0, 0), -1, 1, 9);
  expectLossless(values, 40, 256, Format::makeTernary(0, 0));
}

TEST(GridTest, f16WeightsOnAGrid) {
  std::vector<uint8_t> bytes;
  std::vector<float> values;
  for (int i = 0; i != 64 * 32; ++i)
    values.push_back(0.0625f * (i % 7 - 3));
  std::vector<uint8_t> halves = encodeScales(values, FloatKind::F16);
  auto format = detectGrid({halves.data(), FloatKind::F16, 64, 32});
  ASSERT_TRUE(format);
  EXPECT_EQ(*format, Format::makeInt(3, 0, 0));
}

TEST(GridTest, otherWeightsAreLeftAlone) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 0.05f);
  std::vector<float> values(64 * 128);
  for (float &value : values)
    value = normal(random);
  EXPECT_FALSE(detect(values, 64, 128));
  // A single weight off the grid, by one unit in the last place.
  auto grid = gridWeights(64, 128, Format::makeInt(8, 0, 0), -1, 1, 6);
  ASSERT_TRUE(detect(grid, 64, 128));
  size_t at = 5000;
  while (grid[at] == 0)
    ++at;
  grid[at] = std::nextafter(grid[at], 100.0f);
  auto bent = detect(grid, 64, 128);
  EXPECT_FALSE(bent);
  grid[at] = NAN;
  EXPECT_FALSE(detect(grid, 64, 128));
  // One weight a scale lies on a grid always, and proves nothing.
  EXPECT_FALSE(detect({0.3f, 0.1f, 0.7f, 0.9f}, 4, 1));
}

TEST(GridTest, fitsNameThePlace) {
  auto values = gridWeights(4, 64, Format::makeInt(8, 1, 0), -1, 1, 6);
  values[2 * 64 + 40] = 1.0e-3f;
  auto result = fitGrid({values.data(), FloatKind::F32, 4, 64},
                        Format::makeTernary(1, 32));
  ASSERT_FALSE(result);
  EXPECT_EQ(llvm::toString(result.takeError()),
            "expected weights on a grid of ternary in groups of 1x32, but the "
            "group at row 2, column 32 is on none");
}

} // namespace
