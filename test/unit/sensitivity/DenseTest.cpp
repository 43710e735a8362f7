//===- DenseTest.cpp - Small products of float matrices -------------------===//
#include "lib/measure/Dense.h"

#include "llvm/Support/Parallel.h"
#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace mixbit;

static std::vector<float> randomFloats(std::mt19937 &random, int64_t count) {
  std::vector<float> values(count);
  for (float &value : values)
    value = (int)(random() % 2001 - 1000) / 1000.0f;
  return values;
}

TEST(Dense, AgreesWithSumsInDouble) {
  std::mt19937 random(3);
  for (auto [rows, n, k] : {std::tuple(1, 1, 1), {7, 5, 3}, {40, 33, 130}}) {
    std::vector<float> x = randomFloats(random, rows * k);
    std::vector<float> v = randomFloats(random, n * k);
    std::vector<float> g = randomFloats(random, rows * n);
    std::vector<float> product(rows * n, 9.0f), outer(n * k, 1.0f);
    timesTransposed(x, rows, v, n, k, product);
    addOuterProducts(g, x, rows, n, k, outer);
    for (int t = 0; t < rows; ++t)
      for (int i = 0; i < n; ++i) {
        double sum = 0;
        for (int j = 0; j < k; ++j)
          sum += (double)x[t * k + j] * v[i * k + j];
        EXPECT_NEAR(product[t * n + i], sum, 1e-5 * k);
      }
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < k; ++j) {
        double sum = 1;
        for (int t = 0; t < rows; ++t)
          sum += (double)g[t * n + i] * x[t * k + j];
        EXPECT_NEAR(outer[i * k + j], sum, 1e-5 * rows);
      }
  }
}

TEST(Dense, SquaresAreOfEachSample) {
  std::mt19937 random(5);
  const int samples = 3, n = 4, k = 6;
  // Two uses of the weight, of 5 and 1 rows a sample; the last is left out.
  std::vector<float> g1 = randomFloats(random, samples * 5 * n);
  std::vector<float> x1 = randomFloats(random, samples * 5 * k);
  std::vector<float> g2 = randomFloats(random, samples * n);
  std::vector<float> x2 = randomFloats(random, samples * k);
  std::vector<float> expected(n * k, 0.5f);
  for (int s = 0; s < samples - 1; ++s)
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < k; ++j) {
        double sum = (double)g2[s * n + i] * x2[s * k + j];
        for (int t = s * 5; t < s * 5 + 5; ++t)
          sum += (double)g1[t * n + i] * x1[t * k + j];
        expected[i * k + j] += sum * sum;
      }
  for (int threads : {1, 3}) {
    llvm::parallel::strategy = llvm::hardware_concurrency(threads);
    std::vector<float> squares(n * k, 0.5f);
    addSquaredGradients({{g1, x1, 5}, {g2, x2, 1}}, samples - 1, n, k, squares);
    for (int i = 0; i < n * k; ++i)
      EXPECT_NEAR(squares[i], expected[i], 1e-5);
  }
}
