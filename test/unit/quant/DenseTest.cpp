//===- DenseTest.cpp - Dense linear algebra -------------------------------===//
#include "lib/quant/Dense.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

using namespace mixbit;

namespace {

template <typename T>
std::vector<T> randoms(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> distribution(-1, 1);
  std::vector<T> result(count);
  for (T &value : result)
    value = T(distribution(generator));
  return result;
}

template <typename T>
void checkProducts(double tolerance) {
  for (auto [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1},
                         {7, 17, 5},
                         {6, 16, 256},
                         {130, 35, 300},
                         {3, 5, 513}})
    for (bool transposeA : {false, true})
      for (bool transposeB : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << m << "x" << n << "x" << k << transposeA << transposeB);
        auto a = randoms<T>(m * k, 1), b = randoms<T>(n * k, 2);
        // The result lies inside of a wider matrix.
        int64_t stride = n + 3;
        auto c = randoms<T>(m * stride, 3), expected = c;
        for (int64_t i = 0; i != m; ++i)
          for (int64_t j = 0; j != n; ++j) {
            double sum = 0;
            for (int64_t t = 0; t != k; ++t)
              sum += double(transposeA ? a[t * m + i] : a[i * k + t]) *
                     double(transposeB ? b[j * k + t] : b[t * n + j]);
            expected[i * stride + j] += T(-0.5 * sum);
          }
        MatrixRef<const T> left{a.data(), transposeA ? k : m,
                                transposeA ? m : k, transposeA ? m : k};
        MatrixRef<const T> right{b.data(), transposeB ? n : k,
                                 transposeB ? k : n, transposeB ? k : n};
        multiplyAdd({c.data(), m, n, stride}, T(-0.5), left, transposeA, right,
                    transposeB);
        for (size_t i = 0; i != c.size(); ++i)
          ASSERT_NEAR(c[i], expected[i], tolerance) << "at " << i;
      }
}

TEST(Dense, ProductsMatchScalarLoops) {
  checkProducts<float>(2e-4);
  checkProducts<double>(1e-12);
}

/// Factors and solutions at sizes around those of steps and chunks; the same
/// bits on any number of threads; what is above the diagonal stays.
TEST(Dense, ABlockOfAPackedMatrix) {
  constexpr int64_t m = 9, k = 7, rows = 20, cols = 50, stride = 60;
  auto a = randoms<float>(m * k, 1), b = randoms<float>(rows * stride, 2);
  for (bool transpose : {false, true})
    for (auto [firstRow, firstCol, n] :
         {std::tuple<int64_t, int64_t, int64_t>{0, 0, 50}, {13, 16, 20}}) {
      MatrixRef<const float> given{b.data(), rows, cols, stride};
      if (transpose)
        given = {b.data(), cols, rows, rows};
      PackedMatrix<float> packed(given, transpose, 2);
      EXPECT_EQ(packed.rows(), rows);
      EXPECT_EQ(packed.cols(), cols);
      std::vector<float> c(m * n, 1);
      multiplyAdd({c.data(), m, n, n}, 1.0f, {a.data(), m, k, k}, false, packed,
                  firstRow, firstCol);
      for (int64_t i = 0; i != m; ++i)
        for (int64_t j = 0; j != n; ++j) {
          double sum = 1;
          for (int64_t t = 0; t != k; ++t) {
            int64_t row = firstRow + t, col = firstCol + j;
            sum += a[i * k + t] *
                   (transpose ? given.row(col)[row] : given.row(row)[col]);
          }
          ASSERT_NEAR(c[i * n + j], sum, 1e-5) << i << ", " << j;
        }
    }
}

TEST(Dense, CholeskySolves) {
  for (int64_t n : {1, 2, 63, 64, 65, 300}) {
    SCOPED_TRACE(n);
    auto x = randoms<double>(2 * n * n, 4);
    std::vector<double> gram(n * n);
    multiplyAdd({gram.data(), n, n, n}, 1.0, {x.data(), 2 * n, n, n}, true,
                {x.data(), 2 * n, n, n}, false);
    std::vector<double> factor = gram, threaded = gram;
    ASSERT_TRUE(factorCholesky({factor.data(), n, n, n}, 1));
    ASSERT_TRUE(factorCholesky({threaded.data(), n, n, n}, 3));
    EXPECT_EQ(factor, threaded);
    for (int64_t i = 0; i != n; ++i)
      for (int64_t j = i + 1; j != n; ++j)
        ASSERT_EQ(factor[i * n + j], gram[i * n + j]);
    const int64_t columns = 5;
    auto wanted = randoms<double>(n * columns, 5);
    std::vector<double> b(n * columns);
    multiplyAdd({b.data(), n, columns, columns}, 1.0, {gram.data(), n, n, n},
                false, {wanted.data(), n, columns, columns}, false);
    solveCholesky({factor.data(), n, n, n}, {b.data(), n, columns, columns}, 2);
    for (size_t i = 0; i != b.size(); ++i)
      ASSERT_NEAR(b[i], wanted[i], 1e-6);
  }
}

TEST(Dense, CholeskyRefusesIndefiniteMatrices) {
  std::vector<double> a = {1, 0, 2, 1};
  EXPECT_FALSE(factorCholesky({a.data(), 2, 2, 2}, 1));
}

TEST(Dense, ParallelForDoesEachOnce) {
  std::vector<std::atomic<int>> done(100);
  parallelFor(100, 4, [&](int64_t i) { ++done[i]; });
  for (auto &count : done)
    EXPECT_EQ(count, 1);
  parallelFor(0, 0, [&](int64_t) { FAIL(); });
}

TEST(Dense, Speed) {
  if (!std::getenv("MIXBIT_TEST_SPEED"))
    GTEST_SKIP() << "MIXBIT_TEST_SPEED is not set";
  const int64_t n = 768;
  auto a = randoms<float>(n * n, 1), b = randoms<float>(n * n, 2), c = a;
  auto start = std::chrono::steady_clock::now();
  multiplyAdd({c.data(), n, n, n}, 1.0f, {a.data(), n, n, n}, false,
              {b.data(), n, n, n}, false);
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  std::printf("f32 product: %.1f GMAC/s\n", 1e-9 * n * n * n / seconds);
}

} // namespace
