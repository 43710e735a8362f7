//===- SegmentsTest.cpp - Several formats inside of one matrix ------------===//
#include "lib/quant/Segments.h"

#include "lib/quant/Gptq.h"
#include "lib/quant/Reference.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

using namespace mixbit;

namespace {

std::string errorOf(llvm::StringRef text) {
  auto rule = parseSegments(text);
  return rule ? "" : llvm::toString(rule.takeError());
}

/// "int8@64+int4@320" of a rule and a number of rows, or the error.
std::string resolve(llvm::StringRef text, int64_t rows) {
  auto rule = parseSegments(text);
  if (!rule)
    return llvm::toString(rule.takeError());
  auto segments = segmentsOf(*rule, rows);
  return segments ? segmentsName(*segments)
                  : llvm::toString(segments.takeError());
}

TEST(Segments, Parse) {
  auto rule = parseSegments("int8@64+int4:1x32@25%+ternary", "", "bf16");
  ASSERT_TRUE(bool(rule)) << llvm::toString(rule.takeError());
  ASSERT_EQ(rule->parts.size(), 3u);
  EXPECT_EQ(rule->parts[0].rows, 64);
  EXPECT_EQ(rule->parts[0].format, Format::makeInt(8, 1, 0, FloatKind::BF16));
  EXPECT_EQ(rule->parts[1].percent, 25);
  EXPECT_EQ(rule->parts[1].format, Format::makeInt(4, 1, 32, FloatKind::BF16));
  EXPECT_EQ(rule->parts[2].format,
            Format::makeTernary(1, 128, FloatKind::BF16));
  EXPECT_FALSE(rule->parts[2].rows || rule->parts[2].percent);
  EXPECT_TRUE(parseSegments("int4:1x64")->isUniform());
}

TEST(Segments, ParseErrors) {
  EXPECT_EQ(errorOf("int8+int4"),
            "expected one format without '@' for the rows that are left, but "
            "got 2 in 'int8+int4'");
  EXPECT_EQ(errorOf("int8@64"),
            "expected one format without '@' for the rows that are left, but "
            "got 0 in 'int8@64'");
  for (const char *rows : {"", "0", "-1", "x", "0%", "100%", "nan%"})
    EXPECT_EQ(errorOf(std::string("int8@") + rows + "+int4"),
              std::string("expected rows such as 64 or 25% behind '@', but "
                          "got '") +
                  rows + "'");
  EXPECT_EQ(errorOf("int8@60%+int4@40%+int2"),
            "expected shares of less than 100% in all, but got "
            "'int8@60%+int4@40%+int2'");
  EXPECT_NE(errorOf("int8@64+int9").find("'int9'"), std::string::npos);
  EXPECT_NE(errorOf("").find("expected a format"), std::string::npos);
}

TEST(Segments, OfRows) {
  EXPECT_EQ(resolve("int8@64+int4", 384), "int8@64+int4@320");
  EXPECT_EQ(resolve("ternary+int8@64", 384), "ternary@320+int8@64");
  // Shares are whole panels, and may be none.
  EXPECT_EQ(resolve("int8@25%+int4", 384), "int8@128+int4@256");
  EXPECT_EQ(resolve("int8@10%+int4", 384), "int8@64+int4@320");
  EXPECT_EQ(resolve("int8@25%+int4", 100), "int4");
  EXPECT_EQ(resolve("int8@25%+int4", 2), "int4");
  EXPECT_EQ(resolve("int8@99%+int4", 64), "int8");
  // Shares that rounding would make more than there is.
  EXPECT_EQ(resolve("int8@50%+int4@49%+int2", 64), "int8");
  // Nothing is left, or less than nothing.
  EXPECT_EQ(resolve("int8@64+int4", 64), "int8");
  EXPECT_EQ(resolve("int8@64+int4", 63),
            "expected segments of 63 rows at most, but got 64");
  // Neighbours of one format are one.
  EXPECT_EQ(resolve("int8@64+int8@64+int4", 192), "int8@128+int4@64");
  EXPECT_EQ(resolve("int8@64+int8", 192), "int8");
}

TEST(Segments, Merge) {
  Format wide = Format::makeInt(4, 6, 0), whole = Format::makeInt(4, 0, 0);
  // A group of 6 rows would reach across 64.
  EXPECT_EQ(mergeSegments({{64, wide}, {66, wide}}).size(), 2u);
  EXPECT_EQ(mergeSegments({{66, wide}, {64, wide}}).size(), 1u);
  EXPECT_EQ(mergeSegments({{64, whole}, {64, whole}}).size(), 2u);
  Format floats = Format::makeFloat();
  EXPECT_EQ(mergeSegments({{1, floats}, {2, floats}}).front().rows, 3);
}

TEST(Segments, SplitRows) {
  using Extents = llvm::SmallVector<int64_t>;
  EXPECT_EQ(splitRows(384, 3), (Extents{128, 128, 128}));
  EXPECT_EQ(splitRows(384, 4), (Extents{64, 128, 64, 128}));
  EXPECT_EQ(splitRows(400, 2), (Extents{192, 208}));
  EXPECT_EQ(splitRows(100, 4), (Extents{100}));
  EXPECT_EQ(splitRows(2, 4), (Extents{2}));
  EXPECT_EQ(splitRows(576, 3, 192), (Extents{192, 192, 192}));
}

TEST(Segments, Bytes) {
  Format int8 = Format::makeInt(8, 1, 0);
  Format int4 = Format::makeInt(4, 1, 32, FloatKind::F16);
  // Codes, then scales: 64 x 64 + 64 floats, 64 x 32 + 128 halves.
  EXPECT_EQ(storedSegmentBytes({{64, int8}, {64, int4}}, 64),
            uint64_t(64 * 64 + 256 + 64 * 32 + 256));
  // Each is padded to whole panels of its own.
  EXPECT_EQ(storedSegmentBytes({{1, int8}, {1, int4}}, 64),
            storedSegmentBytes({{64, int8}, {64, int4}}, 64));
}

TEST(Segments, RowsOf) {
  const uint16_t data[] = {1, 2, 3, 4, 5, 6};
  FloatMatrix rows = rowsOf({data, FloatKind::F16, 3, 2}, 1, 2);
  EXPECT_EQ(rows.data, data + 2);
  EXPECT_EQ(rows.rows, 2);
  EXPECT_EQ(rows.cols, 2);
}

/// Each segment is rounded as it would be alone, and better than to nearest.
TEST(Segments, RoundWithGram) {
  const int64_t rows = 40, cols = 64;
  std::mt19937 generator(7);
  std::normal_distribution<float> normal;
  std::vector<float> weights(rows * cols), gram(cols * cols);
  for (float &weight : weights)
    weight = normal(generator);
  for (int sample = 0; sample != 256; ++sample) {
    std::vector<float> x(cols);
    float common = normal(generator);
    for (float &value : x)
      value = common + normal(generator);
    for (int64_t i = 0; i != cols; ++i)
      for (int64_t j = 0; j != cols; ++j)
        gram[i * cols + j] += x[i] * x[j];
  }
  GramStatistics statistics{gram, {}};
  FloatMatrix matrix{weights.data(), FloatKind::F32, rows, cols};
  Segments segments = {{8, Format::makeInt(8, 1, 0)},
                       {20, Format::makeInt(3, 1, 32, FloatKind::F16)},
                       {12, Format::makeTernary(4, 0)}};
  auto result = roundSegmentsWithGram(matrix, segments, statistics);
  ASSERT_TRUE(bool(result)) << llvm::toString(result.takeError());
  ASSERT_EQ(result->segments.size(), 3u);
  double error = 0, energy = 0;
  int64_t first = 0;
  for (auto [segment, rounded] : llvm::zip_equal(segments, result->segments)) {
    auto alone = roundWithGram(rowsOf(matrix, first, segment.rows),
                               segment.format, statistics);
    ASSERT_TRUE(bool(alone)) << llvm::toString(alone.takeError());
    EXPECT_EQ(rounded.rows, segment.rows);
    EXPECT_EQ(rounded.format, segment.format);
    error += alone->error;
    energy += alone->energy;
    first += segment.rows;
  }
  EXPECT_NEAR(result->error, error, 0.02 * error);
  EXPECT_NEAR(result->energy, energy, 1e-4 * energy);
  EXPECT_LT(result->error, 0.8 * result->nearestError);
  // The error is that of the values.
  double measured = 0;
  first = 0;
  double trace = 0;
  for (int64_t i = 0; i != cols; ++i)
    trace += gram[i * cols + i];
  double ridge = 0.1 * trace / cols;
  for (const QuantizedMatrix &segment : result->segments) {
    std::vector<float> values = dequantize(segment);
    for (int64_t row = 0; row != segment.rows; ++row)
      for (int64_t i = 0; i != cols; ++i)
        for (int64_t j = 0; j != cols; ++j) {
          auto off = [&](int64_t col) {
            return double(values[row * cols + col]) -
                   weights[(first + row) * cols + col];
          };
          measured +=
              off(i) * (gram[i * cols + j] + (i == j ? ridge : 0)) * off(j);
        }
    first += segment.rows;
  }
  EXPECT_NEAR(result->error, measured, 1e-3 * measured);
}

TEST(Segments, RoundWithGramRefuses) {
  std::vector<float> weights(4, 1.0f);
  FloatMatrix matrix{weights.data(), FloatKind::F32, 2, 2};
  Segments segments = {{1, Format::makeInt(8, 1, 0)},
                       {1, Format::makeInt(4, 1, 0)}};
  auto result = roundSegmentsWithGram(matrix, segments, {{1, 0, 0}, {}});
  ASSERT_FALSE(bool(result));
  EXPECT_NE(llvm::toString(result.takeError()).find("expected statistics"),
            std::string::npos);
}

} // namespace
