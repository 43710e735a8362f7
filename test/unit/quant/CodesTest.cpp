//===- CodesTest.cpp - Bit-packing of codes and 16-bit floats -------------===//
#include "lib/quant/Codes.h"
#include "lib/quant/Float.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mixbit;

namespace {

TEST(CodesTest, lowBitsComeFirst) {
  EXPECT_EQ(packMatrix({1, 2, 3, 4}, 1, 4, 4),
            (std::vector<uint8_t>{0x21, 0x43}));
  EXPECT_EQ(packMatrix({1, 0, 0, 0, 0, 0, 0, 1, 1}, 1, 9, 1),
            (std::vector<uint8_t>{0x81, 0x01}));
  // 3 bits straddle bytes: 1, 2, 3 is 0b011'010'001.
  EXPECT_EQ(packMatrix({1, 2, 3}, 1, 3, 3), (std::vector<uint8_t>{0xd1, 0x00}));
}

TEST(CodesTest, rowsStartOnBytes) {
  EXPECT_EQ(packMatrix({1, 2, 3, 4, 5, 6}, 2, 3, 4),
            (std::vector<uint8_t>{0x21, 0x03, 0x54, 0x06}));
}

TEST(CodesTest, everyWidthAndTailReturns) {
  std::mt19937 random(1);
  for (unsigned bits = 1; bits <= 8; ++bits)
    for (int64_t cols : {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 64, 129}) {
      const int64_t rows = 3;
      std::vector<uint8_t> codes(rows * cols);
      for (uint8_t &code : codes)
        code = random() & ((1u << bits) - 1);
      std::vector<uint8_t> packed = packMatrix(codes, rows, cols, bits);
      ASSERT_EQ(int64_t(packed.size()), rows * ((cols * bits + 7) / 8));
      EXPECT_EQ(unpackMatrix(packed, rows, cols, bits), codes);
      int64_t rowBytes = packedRowBytes(cols, bits);
      for (int64_t row = 0; row != rows; ++row)
        for (int64_t col = 0; col != cols; ++col)
          ASSERT_EQ(readCode(packed.data() + row * rowBytes, col, bits),
                    codes[row * cols + col]);
    }
}

TEST(FloatTest, halvesReturn) {
  for (unsigned bits = 0; bits != 0x10000; ++bits) {
    float value = fromFloat16(bits);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(fromFloat16(toFloat16(value))));
      EXPECT_TRUE((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0);
      continue;
    }
    ASSERT_EQ(toFloat16(value), bits);
  }
  EXPECT_EQ(fromFloat16(0x3c00), 1.0f);
  EXPECT_EQ(fromFloat16(0xc000), -2.0f);
  EXPECT_EQ(fromFloat16(0x7bff), 65504.0f);
  EXPECT_EQ(fromFloat16(1), 0x1p-24f);
  EXPECT_EQ(fromFloat16(0x7c00), INFINITY);
}

TEST(FloatTest, halvesRoundToNearestEven) {
  // Every midpoint between two neighbours goes to the even one, and the floats
  // on its two sides to their own.
  for (unsigned bits = 0; bits < 0x7bff; ++bits) {
    float low = fromFloat16(bits), high = fromFloat16(bits + 1);
    float middle = low + (high - low) / 2;
    ASSERT_EQ(toFloat16(middle), bits & 1 ? bits + 1 : bits);
    ASSERT_EQ(toFloat16(std::nextafter(middle, 0.f)), bits);
    ASSERT_EQ(toFloat16(std::nextafter(middle, INFINITY)), bits + 1);
    ASSERT_EQ(toFloat16(-middle), 0x8000 | (bits & 1 ? bits + 1 : bits));
  }
  EXPECT_EQ(toFloat16(65519.996f), 0x7bff);
  EXPECT_EQ(toFloat16(65520.0f), 0x7c00);
  EXPECT_EQ(toFloat16(INFINITY), 0x7c00);
}

TEST(FloatTest, brainFloatsRoundToNearestEven) {
  for (unsigned bits = 0; bits < 0x7f7f; ++bits) {
    ASSERT_EQ(toBFloat16(fromBFloat16(bits)), bits);
    float low = fromBFloat16(bits), high = fromBFloat16(bits + 1);
    float middle = low + (high - low) / 2;
    ASSERT_EQ(toBFloat16(middle), bits & 1 ? bits + 1 : bits);
    ASSERT_EQ(toBFloat16(std::nextafter(middle, INFINITY)), bits + 1);
  }
  EXPECT_TRUE(std::isnan(fromBFloat16(toBFloat16(NAN))));
  EXPECT_EQ(roundToFloat(1.0f + 0x1p-9f, FloatKind::BF16), 1.0f);
}

TEST(FloatTest, unalignedElements) {
  char bytes[16] = {};
  storeFloat(bytes + 1, 1, FloatKind::F32, 3.25f);
  EXPECT_EQ(loadFloat(bytes + 1, 1, FloatKind::F32), 3.25f);
  storeFloat(bytes + 1, 2, FloatKind::F16, -0.5f);
  EXPECT_EQ(loadFloat(bytes + 1, 2, FloatKind::F16), -0.5f);
  storeFloat(bytes + 1, 3, FloatKind::BF16, -0.5f);
  EXPECT_EQ(loadFloat(bytes + 1, 3, FloatKind::BF16), -0.5f);
}

} // namespace
