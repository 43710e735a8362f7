//===- RoundTest.cpp - Rounding weights to nearest ------------------------===//
#include "lib/quant/Codes.h"
#include "lib/quant/Halves.h"
#include "lib/quant/Reference.h"
#include "test/unit/RandomNormals.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mixbit;

namespace {

QuantizedMatrix round(const std::vector<float> &values, int64_t rows,
                      int64_t cols, const Format &format) {
  return llvm::cantFail(
      roundToNearest({values.data(), FloatKind::F32, rows, cols}, format));
}

std::vector<uint8_t> codesOf(const QuantizedMatrix &matrix) {
  return unpackMatrix(matrix.codes, matrix.rows, matrix.cols,
                      matrix.format.bits);
}

std::string errorOf(const std::vector<float> &values, int64_t rows,
                    int64_t cols, const Format &format) {
  auto result =
      roundToNearest({values.data(), FloatKind::F32, rows, cols}, format);
  return result ? "" : llvm::toString(result.takeError());
}

TEST(RoundTest, int8IsSymmetric) {
  QuantizedMatrix matrix =
      round({-1.27f, 0, 0.01f, 1.27f, 0.635f, -2.54f, 0, 0}, 2, 4,
            Format::makeInt(8, 1, 0));
  EXPECT_EQ(codesOf(matrix),
            (std::vector<uint8_t>{1, 128, 129, 255, 160, 1, 128, 128}));
  EXPECT_FLOAT_EQ(matrix.scales[0], 0.01f);
  EXPECT_FLOAT_EQ(matrix.scales[1], 0.02f);
}

TEST(RoundTest, tiesGoToEven) {
  // absmax 127: the scale is exactly 1.
  QuantizedMatrix matrix = round({127, 0.5f, 1.5f, -0.5f, -2.5f, 3.49f}, 1, 6,
                                 Format::makeInt(8, 1, 0));
  EXPECT_EQ(codesOf(matrix),
            (std::vector<uint8_t>{255, 128, 130, 128, 126, 131}));
}

TEST(RoundTest, int4UsesTheLongerSide) {
  // All on the grid of -8 .. 7, whatever the sign of the extreme.
  for (float sign : {1.0f, -1.0f}) {
    std::vector<float> values;
    for (int code = -8; code <= 7; ++code)
      values.push_back(sign * 0.25f * code);
    QuantizedMatrix matrix = round(values, 1, 16, Format::makeInt(4, 1, 0));
    EXPECT_EQ(dequantize(matrix), values);
    EXPECT_EQ(matrix.scales[0], 0.25f * sign);
  }
  // The positive end is used where that is the exact one.
  std::vector<float> values{7, -7, 3, 0, 1, 2, -5, 4};
  EXPECT_EQ(dequantize(round(values, 1, 8, Format::makeInt(4, 1, 0))), values);
}

TEST(RoundTest, errorsAreAtMostHalfAStep) {
  for (Format format :
       {Format::makeInt(8, 1, 0), Format::makeInt(7, 1, 32),
        Format::makeInt(6, 3, 5), Format::makeInt(5, 0, 16),
        Format::makeInt(8, 4, 0, FloatKind::F16),
        Format::makeInt(5, 2, 7, FloatKind::BF16),
        Format::makeInt(8, 1, 11, FloatKind::F32, ZeroKind::I8),
        Format::makeInt(3, 2, 11, FloatKind::F16, ZeroKind::I8)}) {
    const int64_t rows = 7, cols = 83;
    std::vector<float> values = randoms(rows * cols, format.bits, 0.05f);
    QuantizedMatrix matrix = round(values, rows, cols, format);
    ASSERT_EQ(int64_t(matrix.scales.size()), format.numGroups(rows, cols));
    ASSERT_EQ(matrix.codes.size(), format.codeBytes(rows, cols));
    std::vector<float> back = dequantize(matrix);
    for (int64_t i = 0; i != rows * cols; ++i) {
      float step = std::fabs(matrix.scales[matrix.groupOf(i / cols, i % cols)]);
      // At the ends a code may be missing by up to one step (the shorter side,
      // a rounded zero point), and a 16-bit scale adds its own error.
      EXPECT_LE(std::fabs(values[i] - back[i]), 1.02f * step)
          << describeFormat(format) << " at " << i;
    }
  }
}

TEST(RoundTest, fewerBitsLoseMore) {
  std::vector<float> values = randoms(64 * 128, 3, 0.05f);
  double last = 0;
  for (unsigned bits = 8; bits >= 1; --bits) {
    std::vector<float> back =
        dequantize(round(values, 64, 128, Format::makeInt(bits, 1, 128)));
    double error = 0, norm = 0;
    for (size_t i = 0; i != values.size(); ++i) {
      error += std::pow(values[i] - back[i], 2);
      norm += std::pow(values[i], 2);
    }
    EXPECT_GT(error / norm, last);
    last = error / norm;
    // Known figures for normal weights, with some room.
    const double bounds[] = {0.7, 0.25, 0.06, 0.015, 0.004, 0.001, 3e-4, 1e-4};
    EXPECT_LT(error / norm, bounds[bits - 1]) << bits;
  }
}

TEST(RoundTest, candidatesBeatPlainAbsmax) {
  for (unsigned bits : {2u, 3u, 4u}) {
    std::vector<float> values = randoms(128, bits, 0.05f);
    std::vector<float> back =
        dequantize(round(values, 1, 128, Format::makeInt(bits, 1, 0)));
    float largest = 0;
    for (float value : values)
      largest = std::max(largest, std::fabs(value));
    float top = float((1 << (bits - 1)) - 1), scale = largest / top;
    double chosen = 0, plain = 0;
    for (size_t i = 0; i != values.size(); ++i) {
      chosen += std::pow(values[i] - back[i], 2);
      plain +=
          std::pow(values[i] - scale * std::nearbyint(values[i] / scale), 2);
    }
    EXPECT_LT(chosen, plain) << bits;
  }
}

TEST(RoundTest, ternaryAndBinaryFollowTheirFormulas) {
  // mean|w| is 0.75, so alpha is 1 and the threshold 0.5, which gives 0.
  std::vector<float> values{1.25f, -1.25f, 0.5f, -0.5f, 0.49f, 0.51f};
  QuantizedMatrix ternary = round(values, 1, 6, Format::makeTernary(1, 0));
  EXPECT_FLOAT_EQ(ternary.scales[0], 1);
  EXPECT_EQ(codesOf(ternary), (std::vector<uint8_t>{2, 0, 1, 1, 1, 2}));
  QuantizedMatrix binary =
      round({1, -2, 0, -1}, 1, 4, Format::makeBinary(1, 0));
  EXPECT_FLOAT_EQ(binary.scales[0], 1);
  EXPECT_EQ(codesOf(binary), (std::vector<uint8_t>{1, 0, 1, 0}));
  EXPECT_EQ(dequantize(binary), (std::vector<float>{1, -1, 1, -1}));
}

TEST(RoundTest, groupsAreTilesWithTails) {
  // 3 x 5 in tiles of 2 x 3: each tile has a value of its own.
  std::vector<float> values{1, 1, 1, 2, 2, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4};
  QuantizedMatrix matrix = round(values, 3, 5, Format::makeBinary(2, 3));
  EXPECT_EQ(matrix.scales, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(dequantize(matrix), values);
}

TEST(RoundTest, zerosAndTinyGroups) {
  std::vector<float> zeros(12, 0.0f);
  zeros[3] = -0.0f;
  zeros[5] = 1e-42f; // 127 over it would be infinite
  for (Format format :
       {Format::makeInt(8, 1, 0), Format::makeInt(4, 1, 4),
        Format::makeInt(1, 1, 4), Format::makeTernary(1, 0),
        Format::makeBinary(1, 0),
        Format::makeInt(4, 1, 0, FloatKind::F16, ZeroKind::I8)}) {
    QuantizedMatrix matrix = round(zeros, 2, 6, format);
    for (float scale : matrix.scales)
      EXPECT_EQ(scale, 0);
    for (float value : dequantize(matrix))
      EXPECT_EQ(value, 0);
  }
}

TEST(RoundTest, namesWhatIsNotFinite) {
  std::vector<float> values(12, 1.0f);
  values[7] = NAN;
  EXPECT_EQ(errorOf(values, 2, 6, Format::makeInt(8, 1, 0)),
            "expected finite weights, but got nan at row 1, column 1");
  values[7] = -INFINITY;
  EXPECT_EQ(errorOf(values, 2, 6, Format::makeTernary(2, 4)),
            "expected finite weights, but got -inf at row 1, column 1");
  values[7] = 1e8f;
  EXPECT_EQ(errorOf(values, 2, 6, Format::makeBinary(1, 6)), "");
  EXPECT_EQ(errorOf(values, 2, 6, Format::makeBinary(1, 6, FloatKind::F16)),
            "expected weights whose scale fits 16 bits, but got 1e+08 at row "
            "1, column 1");
  EXPECT_NE(errorOf(values, 2, 6, Format::makeFloat()), "");
}

TEST(RoundTest, extremesOfFloat) {
  std::vector<float> values{3e38f, -3e38f, 1e38f, 0};
  for (Format format : {Format::makeInt(8, 1, 0), Format::makeTernary(1, 0),
                        Format::makeBinary(1, 0), Format::makeInt(4, 1, 0),
                        Format::makeInt(8, 1, 0, FloatKind::F32, ZeroKind::I8)})
    for (float value : dequantize(round(values, 1, 4, format)))
      EXPECT_TRUE(std::isfinite(value)) << describeFormat(format);
}

TEST(RoundTest, emptyMatrices) {
  for (auto [rows, cols] :
       {std::pair<int64_t, int64_t>{0, 5}, {5, 0}, {0, 0}}) {
    QuantizedMatrix matrix = round({}, rows, cols, Format::makeInt(4, 1, 128));
    EXPECT_TRUE(matrix.codes.empty());
  }
}

TEST(RoundTest, readsHalves) {
  std::vector<float> values = randoms(40, 5, 0.05f);
  for (FloatKind kind : {FloatKind::F16, FloatKind::BF16}) {
    std::vector<uint8_t> bytes = encodeScales(values, kind);
    std::vector<float> rounded = decodeScales(bytes, kind);
    Format format = Format::makeInt(4, 1, 8);
    QuantizedMatrix fromBytes =
        llvm::cantFail(roundToNearest({bytes.data(), kind, 4, 10}, format));
    QuantizedMatrix fromFloats = round(rounded, 4, 10, format);
    EXPECT_EQ(fromBytes.codes, fromFloats.codes);
    EXPECT_EQ(fromBytes.scales, fromFloats.scales);
  }
}

TEST(RoundTest, zeroPointsReturn) {
  std::vector<float> zeros{0, 3, 255};
  EXPECT_EQ(decodeZeros(encodeZeros(zeros, ZeroKind::I8), ZeroKind::I8), zeros);
  EXPECT_EQ(decodeZeros(encodeZeros(zeros, ZeroKind::F16), ZeroKind::F16),
            zeros);
  EXPECT_TRUE(encodeZeros(zeros, ZeroKind::None).empty());
}

TEST(RoundTest, floatsAreTheNearest) {
  const float values[] = {1.0f, 1.00390625f, -2.5f, 0.0f, 3.4e38f, 1e-41f};
  auto bytes = roundFloats({values, FloatKind::F32, 2, 3}, FloatKind::BF16);
  // 3.4e38 rounds to infinity in bf16.
  ASSERT_FALSE(bool(bytes));
  EXPECT_EQ(llvm::toString(bytes.takeError()),
            "expected values that bf16 holds, but got 3.4e+38 at row 1, "
            "column 1");
  bytes = roundFloats({values, FloatKind::F32, 1, 4}, FloatKind::BF16);
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  ASSERT_EQ(bytes->size(), 8u);
  // A tie goes to the even neighbour.
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(loadFloat(bytes->data(), i, FloatKind::BF16),
              i == 1 ? 1.0f : values[i]);
  const float large[] = {65504.0f, 65520.0f};
  bytes = roundFloats({large, FloatKind::F32, 1, 2}, FloatKind::F16);
  ASSERT_FALSE(bool(bytes));
  EXPECT_EQ(llvm::toString(bytes.takeError()),
            "expected values that fp16 holds, but got 65520 at row 0, column "
            "1");
}

} // namespace
