//===- GramTest.cpp - Statistics of a layer's inputs ----------------------===//
#include "lib/calibrate/Gram.h"
#include "test/unit/RandomNormals.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mixbit;

namespace {

/// Sums over rows by their weights; the same bits on any number of threads.
TEST(Gram, MatchesScalarSums) {
  const int64_t rows = 50, cols = 250;
  auto q = randoms(rows * cols, 1), f = randoms(rows * cols, 2);
  std::vector<float> weights(rows);
  for (int64_t row = 0; row != rows; ++row)
    weights[row] = row % 3 == 1 ? 0 : float(1 + row % 2);
  GramAccumulator one(cols, true, 1), three(cols, true, 3);
  one.add(q, f, weights);
  three.add(q, f, weights);
  EXPECT_EQ(one.weight(), three.weight());
  GramStatistics sums = one.finish(), same = three.finish();
  EXPECT_EQ(sums.gram, same.gram);
  EXPECT_EQ(sums.cross, same.cross);
  for (int64_t i = 0; i < cols; i += 7)
    for (int64_t j = 0; j != cols; ++j) {
      double gram = 0, cross = 0;
      for (int64_t row = 0; row != rows; ++row) {
        gram += double(weights[row]) * q[row * cols + i] * q[row * cols + j];
        cross += double(weights[row]) * q[row * cols + i] * f[row * cols + j];
      }
      ASSERT_NEAR(sums.gram[i * cols + j], gram, 1e-4);
      ASSERT_NEAR(sums.cross[i * cols + j], cross, 1e-4);
      ASSERT_EQ(sums.gram[i * cols + j], sums.gram[j * cols + i]);
    }
}

/// What is added in parts is what is added at once; finish leaves it empty.
TEST(Gram, AddsUp) {
  auto x = randoms(40 * 5, 3);
  GramAccumulator parts(5, false, 1);
  parts.add(llvm::ArrayRef(x).take_front(100), {});
  parts.add(llvm::ArrayRef(x).drop_front(100), {});
  EXPECT_EQ(parts.weight(), 40);
  GramStatistics sums = parts.finish();
  EXPECT_TRUE(sums.cross.empty());
  double sum = 0;
  for (int64_t row = 0; row != 40; ++row)
    sum += double(x[row * 5]) * x[row * 5 + 3];
  EXPECT_NEAR(sums.gram[3], sum, 1e-5);
  EXPECT_EQ(parts.weight(), 0);
  EXPECT_EQ(parts.finish().gram[3], 0);
}

TEST(Gram, QuantizedRows) {
  std::vector<float> rows = {127, -63.4f, 0.5f, 0, 0, 0, 3, -1.5f, 0.2f};
  quantizeRowsInPlace(rows, 3, 8, 2);
  EXPECT_EQ(rows[0], 127);
  EXPECT_EQ(rows[1], -63);
  EXPECT_EQ(rows[2], 0); // half to even
  EXPECT_EQ(rows[3], 0);
  std::vector<float> two = {3, -1.4f, 0.2f};
  quantizeRowsInPlace(two, 3, 2, 1);
  EXPECT_EQ(two, (std::vector<float>{3, 0, 0}));
}

} // namespace
