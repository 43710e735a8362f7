//===- PackingTest.cpp - Weights as kernels read them ---------------------===//
#include "lib/quant/Packing.h"
#include "lib/quant/Codes.h"
#include "lib/quant/Halves.h"
#include "lib/quant/Reference.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mixbit;

namespace {

QuantizedMatrix randomMatrix(int64_t rows, int64_t cols, const Format &format,
                             unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.05f);
  std::vector<float> values(rows * cols);
  for (float &value : values)
    value = normal(random);
  return llvm::cantFail(
      roundToNearest({values.data(), FloatKind::F32, rows, cols}, format));
}

const Format kFormats[] = {
    Format::makeInt(8, 1, 0),
    Format::makeInt(7, 1, 64),
    Format::makeInt(5, 3, 32),
    Format::makeInt(4, 1, 128),
    Format::makeInt(3, 1, 32, FloatKind::F16),
    Format::makeInt(2, 0, 64),
    Format::makeInt(1, 1, 32),
    Format::makeTernary(2, 96),
    Format::makeBinary(1, 0),
    Format::makeInt(4, 2, 32, FloatKind::F32, ZeroKind::I8),
};

TEST(PackingTest, knownPlaces) {
  // Two outputs x 9 inputs at 4 bits: lines 0 and 1 share the first 64 bytes,
  // line 2 is in the low half of the next.
  QuantizedMatrix matrix;
  matrix.format = Format::makeInt(4, 1, 0);
  matrix.rows = 2;
  matrix.cols = 9;
  matrix.codes = packMatrix(
      {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2}, 2, 9, 4);
  matrix.scales = {0.5f, 2.0f};
  PackedLayout layout = layoutFor(matrix.format);
  std::vector<uint8_t> packed(layout.bytes(2, 9));
  ASSERT_EQ(packed.size(), 64u * 64 / 2);
  packCodes(matrix, layout, packed);
  EXPECT_EQ(packed[0], 0x40); // output 0: inputs 0 and 4
  EXPECT_EQ(packed[3], 0x73);
  EXPECT_EQ(packed[4], 0xea); // output 1: inputs 0 and 4
  EXPECT_EQ(packed[8], 0x88); // output 2 is padding
  EXPECT_EQ(packed[64], 0x89);
  EXPECT_EQ(packed[65], 0x88);
  EXPECT_EQ(packed[68], 0x82);
  EXPECT_EQ(packed[512], 0x88); // the next 16 outputs
  std::vector<uint8_t> bytes(layout.scaleCount(matrix.format, 2, 9) * 4);
  ASSERT_EQ(bytes.size(), 64u * 4);
  packScales(matrix, layout, bytes);
  std::vector<float> scales = decodeScales(bytes, FloatKind::F32);
  EXPECT_EQ(scales[0], 0.5f);
  EXPECT_EQ(scales[1], 2.0f);
  EXPECT_EQ(scales[2], 0.0f);
}

TEST(PackingTest, everyFormatAndTailReturns) {
  for (const Format &format : kFormats)
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1},
                              {17, 63},
                              {3, 320},
                              {16, 384},
                              {64, 64},
                              {65, 129},
                              {130, 200}}) {
      QuantizedMatrix matrix = randomMatrix(rows, cols, format, rows + cols);
      for (Density density : {Density::Dense, Density::Planes}) {
        PackedLayout layout = layoutFor(format, density);
        ASSERT_TRUE(layout.isValid());
        SCOPED_TRACE(describeFormat(format));
        std::vector<uint8_t> packed(layout.bytes(rows, cols), 0xaa);
        packCodes(matrix, layout, packed);
        std::vector<uint8_t> back = unpackPacked(packed, layout, rows, cols);
        std::vector<uint8_t> codes =
            unpackMatrix(matrix.codes, rows, cols, format.bits);
        int64_t stride = layout.paddedCols(cols);
        for (int64_t row = 0; row != layout.paddedRows(rows); ++row)
          for (int64_t col = 0; col != stride; ++col) {
            uint8_t expected = format.paddingCode();
            if (row < rows && col < cols)
              expected = codes[row * cols + col];
            else if (row < rows && format.hasZero())
              expected = matrix.zeros[matrix.groupOf(row, cols - 1)];
            ASSERT_EQ(back[row * stride + col], expected)
                << describeFormat(format) << " at " << row << ", " << col;
          }
      }
    }
}

TEST(PackingTest, bitPlanesReturn) {
  // Output 1's inputs 0 and 33 are the only codes other than 0.
  QuantizedMatrix matrix;
  matrix.format = Format::makeInt(2, 1, 0);
  matrix.rows = 2;
  matrix.cols = 40;
  std::vector<uint8_t> codes(80);
  codes[40] = 1, codes[73] = 2;
  matrix.codes = packMatrix(codes, 2, 40, 2);
  PackedLayout layout = layoutFor(matrix.format, Density::Dense, 2);
  ASSERT_TRUE(layout.isBitPlanes());
  std::vector<uint8_t> packed(layout.bytes(2, 40), 0xaa);
  ASSERT_EQ(packed.size(), 64u * 64 / 4);
  packCodes(matrix, layout, packed);
  for (size_t i = 0; i != packed.size(); ++i)
    ASSERT_EQ(packed[i], i == 4 ? 1 : i == 512 + 64 + 4 ? 2 : 0) << i;

  for (const Format &format :
       {Format::makeInt(2, 0, 64), Format::makeInt(1, 1, 32),
        Format::makeTernary(2, 96), Format::makeBinary(1, 0)})
    for (auto [rows, cols] :
         {std::pair<int64_t, int64_t>{1, 1}, {17, 63}, {65, 129}, {130, 200}}) {
      QuantizedMatrix random = randomMatrix(rows, cols, format, rows + cols);
      PackedLayout planes = layoutFor(format, Density::Dense, 1);
      ASSERT_TRUE(planes.isBitPlanes());
      std::vector<uint8_t> bytes(planes.bytes(rows, cols), 0xaa);
      packCodes(random, planes, bytes);
      std::vector<uint8_t> back = unpackPacked(bytes, planes, rows, cols);
      std::vector<uint8_t> expected =
          unpackMatrix(random.codes, rows, cols, format.bits);
      int64_t stride = planes.paddedCols(cols);
      for (int64_t row = 0; row != planes.paddedRows(rows); ++row)
        for (int64_t col = 0; col != stride; ++col)
          ASSERT_EQ(back[row * stride + col],
                    row < rows && col < cols ? expected[row * cols + col] : 0)
              << describeFormat(format) << " at " << row << ", " << col;
    }
  // More bits on either side, or zero points: bytes.
  EXPECT_FALSE(
      layoutFor(Format::makeInt(3, 1, 0), Density::Dense, 1).isBitPlanes());
  EXPECT_FALSE(
      layoutFor(Format::makeBinary(1, 0), Density::Dense, 3).isBitPlanes());
  Format zeros = Format::makeInt(2, 1, 0, FloatKind::F32, ZeroKind::I8);
  EXPECT_FALSE(layoutFor(zeros, Density::Dense, 2).isBitPlanes());
}

TEST(PackingTest, scalesAndZerosOfEachGroup) {
  for (const Format &format : kFormats) {
    const int64_t rows = 70, cols = 200;
    QuantizedMatrix matrix = randomMatrix(rows, cols, format, 9);
    PackedLayout layout = layoutFor(format);
    int64_t groups = format.colGroups(cols), width = format.colsOfGroup(cols);
    int64_t count = layout.scaleCount(format, rows, cols);
    std::vector<uint8_t> bytes(count * floatBytes(format.scale), 0xff);
    packScales(matrix, layout, bytes);
    std::vector<float> scales = decodeScales(bytes, format.scale);
    std::vector<uint8_t> zeros(count, 0xff);
    if (format.hasZero())
      packZeros(matrix, layout, zeros);
    for (int64_t row = 0; row != layout.paddedRows(rows); ++row)
      for (int64_t group = 0; group != groups; ++group) {
        int64_t place = (row / 64 * groups + group) * 64 + row % 64;
        bool pad = row >= rows;
        int64_t index = pad ? 0 : matrix.groupOf(row, group * width);
        ASSERT_EQ(scales[place], pad ? 0 : matrix.scales[index]);
        if (format.hasZero())
          ASSERT_EQ(zeros[place], pad ? 0 : matrix.zeros[index]);
      }
  }
}

TEST(PackingTest, digitsOfEveryByte) {
  // Each of the 243 groups of five codes, once a byte, is read back.
  Format format = Format::makeTernary(1, 0);
  std::vector<uint8_t> codes;
  for (int value = 0; value != 243; ++value)
    for (int power : {81, 27, 9, 3, 1})
      codes.push_back(value / power % 3);
  QuantizedMatrix table;
  table.format = format;
  table.rows = 3;
  table.cols = 243 * 5 / 3;
  table.codes = packMatrix(codes, table.rows, table.cols, 2);
  std::vector<uint8_t> packed(table.rows * tritRowBytes(table.cols));
  packTritRows(table, packed);
  ASSERT_EQ(packed.size(), 243u);
  for (size_t i = 0; i != codes.size(); ++i) {
    uint8_t byte = packed[i / 5];
    for (size_t digit = 0; digit != i % 5; ++digit)
      byte *= 3;
    ASSERT_EQ(byte * 3 / 256, codes[i]) << i;
    // What kernels compare with.
    ASSERT_EQ((byte >= 86) + (byte >= 171), codes[i]) << i;
  }
  // A row that ends within a byte is filled up.
  table.rows = 1;
  table.cols = 7;
  table.codes = packMatrix({2, 1, 0, 2, 2, 1, 2}, 1, 7, 2);
  packed.assign(2, 0);
  packTritRows(table, packed);
  EXPECT_EQ(packed[0], ((2 * 81 + 27 + 2 * 3 + 2) * 256 + 242) / 243);
  EXPECT_EQ(packed[1], ((81 + 2 * 27) * 256 + 242) / 243);
}

TEST(PackingTest, bytesAreThoseOfTheFormat) {
  // A multiple of 64 both ways: nothing but the codes is stored, ternary in
  // 1.6 bits and a little.
  for (unsigned bits = 1; bits <= 8; ++bits) {
    Format format = Format::makeInt(bits, 1, 64, FloatKind::F16);
    EXPECT_EQ(layoutFor(format).bytes(384, 1536), 384 * 1536 * bits / 8);
    EXPECT_EQ(storedLinearBytes(format, 384, 1536),
              uint64_t(384 * 1536 * bits / 8 + 384 * 24 * 2));
    EXPECT_EQ(storedLinearBytes(format, 384, 1536),
              format.codeBytes(384, 1536) + format.scaleBytes(384, 1536));
    EXPECT_EQ(storedTableBytes(format, 1000, 384),
              format.codeBytes(1000, 384) + format.scaleBytes(1000, 384));
  }
  Format ternary = Format::makeTernary(1, 0);
  for (int64_t cols : {384, 768, 1024, 1536, 3072, 4096})
    EXPECT_LE(8.0 * layoutFor(ternary).bytes(384, cols) / (384 * cols), 1.61);
  EXPECT_EQ(layoutFor(ternary, Density::Planes).bytes(64, 384), 64 * 384 / 4);
  EXPECT_EQ(storedTableBytes(ternary, 10, 384), 10u * 77 + 40);
  EXPECT_EQ(storedLinearBytes(Format::makeFloat(), 17, 5), 32u * 5 * 4);
  EXPECT_EQ(storedTableBytes(Format::makeFloat(), 17, 5), 17u * 5 * 4);
  Format zeros = Format::makeInt(4, 1, 64, FloatKind::F16, ZeroKind::I8);
  EXPECT_EQ(storedLinearBytes(zeros, 1, 1), 64u * 64 / 2 + 64 * 3);
  // Sizes that no file has do not wrap around.
  EXPECT_EQ(storedLinearBytes(ternary, int64_t(1) << 62, int64_t(1) << 62),
            UINT64_MAX);
}

TEST(PackingTest, floatsArePadded) {
  for (auto [rows, cols] :
       {std::pair<int64_t, int64_t>{1, 1}, {16, 5}, {33, 7}}) {
    std::vector<float> values(rows * cols);
    for (size_t i = 0; i != values.size(); ++i)
      values[i] = float(i + 1);
    for (PackedLayout layout :
         {layoutFor(Format::makeFloat()), PackedLayout{32, 4, 1, 32}}) {
      std::vector<float> packed(layout.bytes(rows, cols) / 4, -1);
      packFloats({values.data(), FloatKind::F32, rows, cols}, layout, packed);
      int64_t blocks = layout.blocks(cols);
      for (int64_t row = 0; row != layout.paddedRows(rows); ++row)
        for (int64_t col = 0; col != layout.paddedCols(cols); ++col) {
          int64_t place = row / layout.panel * blocks + col / layout.block;
          place = place * (layout.panel / 16) + row % layout.panel / 16;
          place = place * layout.block + col % layout.block;
          bool pad = row >= rows || col >= cols;
          ASSERT_EQ(packed[place * 16 + row % 16],
                    pad ? 0 : values[row * cols + col]);
        }
    }
  }
  // The usual layout is [N/16][K][16].
  std::vector<float> values{1, 2, 3, 4, 5, 6}, packed(48, -1);
  packFloats({values.data(), FloatKind::F32, 2, 3}, {16, 1, 1, 32}, packed);
  EXPECT_EQ(packed[0], 1);
  EXPECT_EQ(packed[1], 4);
  EXPECT_EQ(packed[16], 2);
  EXPECT_EQ(packed[33], 6);
  EXPECT_EQ(packed[2], 0);
}

TEST(PackingTest, halvesArePadded) {
  const int64_t rows = 18, cols = 5;
  std::vector<float> values(rows * cols);
  for (size_t i = 0; i != values.size(); ++i)
    values[i] = float(i + 1) + 0.001f; // rounds to i + 1 in both types
  for (FloatKind kind : {FloatKind::F16, FloatKind::BF16}) {
    PackedLayout layout = layoutFor(makeFloatFormat(kind));
    int64_t inner = kind == FloatKind::BF16 ? 2 : 1;
    ASSERT_EQ(layout.inner, inner);
    ASSERT_EQ(layout.bytes(rows, cols),
              32 * (cols + inner - 1) / inner * inner * 2);
    std::vector<uint16_t> packed(layout.bytes(rows, cols) / 2, 0xffff);
    packHalves({values.data(), FloatKind::F32, rows, cols}, layout, kind,
               packed);
    // [N/16][K/inner][16][inner]
    for (int64_t row = 0; row != 32; ++row)
      for (int64_t col = 0; col != layout.paddedCols(cols); ++col) {
        int64_t line = row / 16 * layout.blocks(cols) + col / inner;
        uint16_t bits = packed[(line * 16 + row % 16) * inner + col % inner];
        bool pad = row >= rows || col >= cols;
        ASSERT_EQ(kind == FloatKind::BF16 ? fromBFloat16(bits)
                                          : fromFloat16(bits),
                  pad ? 0 : roundToFloat(values[row * cols + col], kind));
      }
  }
}

TEST(PackingTest, layoutsThatCannotBe) {
  EXPECT_TRUE((PackedLayout{16, 2, 2, 16}.isValid()));
  EXPECT_FALSE((PackedLayout{16, 1, 2, 16}.isValid()));
  EXPECT_FALSE((PackedLayout{16, 4, 4, 16}.isValid()));
  EXPECT_FALSE((PackedLayout{60, 64, 4, 8}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 64, 8, 8}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 4, 4, 4}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 16, 4, 3}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 64, 4, 9}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 64, 4, 4, /*trits=*/true}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 64, 4, 32}.isValid()));
  EXPECT_FALSE((PackedLayout{0, 64, 4, 8}.isValid()));
  EXPECT_TRUE((PackedLayout{64, 64, 32, 2}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 32, 32, 4}.isValid()));
  EXPECT_FALSE((PackedLayout{64, 16, 32, 1}.isValid()));
}

TEST(ReferenceTest, quantizesRows) {
  QuantizedRows rows =
      quantizeActivations({127, -0.5f, 1.5f, 2.5f, 0, 0, 0, 0}, 2, 4);
  EXPECT_EQ(rows.codes, (std::vector<int8_t>{127, 0, 2, 2, 0, 0, 0, 0}));
  EXPECT_EQ(rows.scales, (std::vector<float>{1, 0}));
  QuantizedRows tiny = quantizeActivations({1e-40f, -1e-44f}, 1, 2);
  EXPECT_EQ(tiny.codes, (std::vector<int8_t>{0, 0}));
  EXPECT_EQ(tiny.scales[0], 0);
}

TEST(ReferenceTest, quantizesRowsToFewBits) {
  QuantizedRows four = quantizeActivations({7, -0.5f, 1.5f, -9}, 1, 4, 4);
  EXPECT_EQ(four.codes, (std::vector<int8_t>{5, 0, 1, -7}));
  EXPECT_FLOAT_EQ(four.scales[0], 9.0f / 7);
  // Means of 3 and 0: thresholds at half of 4.
  std::vector<float> x = {2, -2.5f, 2.5f, -5, 0, 0, -0.0f, 0};
  QuantizedRows two = quantizeActivations(x, 2, 4, 2);
  EXPECT_EQ(two.codes, (std::vector<int8_t>{0, -1, 1, -1, 0, 0, 0, 0}));
  EXPECT_EQ(two.scales, (std::vector<float>{4, 0}));
  QuantizedRows one = quantizeActivations(x, 2, 4, 1);
  EXPECT_EQ(one.codes, (std::vector<int8_t>{1, -1, 1, -1, 1, 1, 1, 1}));
  EXPECT_EQ(one.scales, (std::vector<float>{3, 0}));
}

TEST(ReferenceTest, linearIsTheProductOfWhatTheCodesMean) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  const int64_t m = 3, n = 18, k = 200;
  std::vector<float> x(m * k), bias(n);
  for (float &value : x)
    value = normal(random);
  for (float &value : bias)
    value = normal(random);
  QuantizedRows data = quantizeActivations(x, m, k);
  std::vector<float> dataValues = dequantize(data);
  for (const Format &format : kFormats) {
    QuantizedMatrix weights = randomMatrix(n, k, format, 7);
    std::vector<float> weightValues = dequantize(weights);
    std::vector<float> result = referenceLinear(data, weights, bias);
    std::vector<float> expected = referenceLinear(
        dataValues, m, {weightValues.data(), FloatKind::F32, n, k}, bias);
    for (int64_t i = 0; i != m * n; ++i)
      EXPECT_NEAR(result[i], expected[i], 2e-5) << describeFormat(format);
  }
}

} // namespace
