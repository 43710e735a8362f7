//===- ProductsTest.cpp - Products of two matrices of data ----------------===//
#include "test/unit/codegen/KernelJit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace mixbit::test;

namespace {

/// A product over [batch, m, k] and [batch, k, n]; `left` and `right` are the
/// operands' types, `leftMap` and `rightMap` their dimensions.
std::string kernel(const std::string &name, const std::string &left,
                   const std::string &leftMap, const std::string &right,
                   const std::string &rightMap) {
  return "mixbit.kernel @" + name + "(%x: " + left + ", %w: " + right + R"(,
    %y: memref<?x?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> ()" +
         leftMap + ")>, affine_map<(b, m, n, k) -> (" + rightMap + R"()>,
      affine_map<(b, m, n, k) -> (b, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%x, %w : )" +
         left + ", " + right + R"() outs(%y : memref<?x?x?xf32>)
    attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
}
)";
}

struct Sizes {
  int64_t batch, m, n, k;
};

class Products : public testing::TestWithParam<std::string> {};

/// Every order of either side's dimensions, at sizes around those of tiles,
/// strips, panels and blocks: the values, nothing written beyond them, the
/// same bits however the work is split.
TEST_P(Products, MatchScalarLoops) {
  const std::string plain = "memref<?x?x?xf32>";
  const std::string swapped = "memref<?x?x?xf32, strided<[?, 1, ?]>>";
  const std::string shared = "memref<?x?xf32>";
  KernelJit jit(kernel("nn", plain, "b, m, k", plain, "b, k, n") +
                    kernel("nt", plain, "b, m, k", plain, "b, n, k") +
                    kernel("tn", swapped, "b, m, k", plain, "b, k, n") +
                    kernel("tt", plain, "b, k, m", swapped, "b, k, n") +
                    kernel("shared", plain, "b, m, k", shared, "n, k"),
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (auto [batch, m, n, k] :
       {Sizes{1, 1, 1, 1}, Sizes{2, 5, 17, 9}, Sizes{3, 6, 64, 256},
        Sizes{1, 133, 70, 300}, Sizes{2, 7, 8, 513}, Sizes{1, 140, 130, 3},
        Sizes{2, 3, 5, 0}}) {
    SCOPED_TRACE(testing::Message()
                 << batch << " x " << m << " x " << n << " x " << k);
    for (std::string name : {"nn", "nt", "tn", "tt", "shared"}) {
      SCOPED_TRACE(name);
      bool leftByRows = name[0] != 't', rightByRows = name[1] == 'n';
      bool isShared = name == "shared";
      auto x = randomFloats(batch * m * k, 1.0f, 1);
      auto w = randomFloats((isShared ? 1 : batch) * n * k, 1.0f, 2);
      KernelJit::Arguments arguments;
      if (name == "tn") // sizes, then the strides that are not 1
        arguments.operand(x.data(), {batch, m, k, m * k, m});
      else if (name == "tt")
        arguments.operand(x.data(), {batch, k, m});
      else
        arguments.operand(x.data(), {batch, m, k});
      if (isShared)
        arguments.operand(w.data(), {n, k});
      else if (name == "tt")
        arguments.operand(w.data(), {batch, k, n, n * k, k});
      else if (name == "nt")
        arguments.operand(w.data(), {batch, n, k});
      else
        arguments.operand(w.data(), {batch, k, n});
      size_t count = batch * m * n;
      std::vector<float> y(count + 16, 77.0f), parts = y;
      KernelJit::Arguments whole = arguments, split = arguments;
      jit.run(name, whole.operand(y.data(), {batch, m, n}));
      jit.run(name, split.operand(parts.data(), {batch, m, n}), 1);
      EXPECT_EQ(std::memcmp(y.data(), parts.data(), y.size() * 4), 0);
      for (size_t i = count; i < y.size(); ++i)
        EXPECT_EQ(y[i], 77.0f);
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < n; ++j) {
            double sum = 0, scale = 1;
            const float *left = x.data() + b * m * k;
            const float *right = w.data() + (isShared ? 0 : b * n * k);
            for (int64_t c = 0; c < k; ++c) {
              double term =
                  double(leftByRows ? left[i * k + c] : left[c * m + i]) *
                  (rightByRows ? right[c * n + j] : right[j * k + c]);
              sum += term;
              scale += std::fabs(term);
            }
            ASSERT_NEAR(y[(b * m + i) * n + j], sum, 1e-6 * scale)
                << b << ", " << i << ", " << j;
          }
    }
  }
}

TEST_P(Products, Speed) {
  if (!std::getenv("MIXBIT_TEST_SPEED"))
    GTEST_SKIP() << "MIXBIT_TEST_SPEED is not set";
  const std::string plain = "memref<?x?x?xf32>";
  KernelJit jit(kernel("nn", plain, "b, m, k", plain, "b, k, n") +
                    kernel("nt", plain, "b, m, k", plain, "b, n, k") +
                    kernel("tn", plain, "b, k, m", plain, "b, k, n"),
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (auto [batch, m, n, k] :
       {Sizes{1, 128, 768, 768}, Sizes{1, 768, 768, 2048},
        Sizes{12, 128, 64, 128}, Sizes{1, 16, 1536, 384}})
    for (std::string name : {"nn", "nt", "tn"}) {
      auto x = randomFloats(batch * m * k, 1.0f, 1);
      auto w = randomFloats(batch * n * k, 1.0f, 2);
      std::vector<float> y(batch * m * n);
      std::vector<int64_t> left = {batch, m, k}, right = {batch, k, n};
      if (name == "tn")
        std::swap(left[1], left[2]);
      if (name == "nt")
        std::swap(right[1], right[2]);
      double best = 1e9;
      for (int i = 0; i < 8; ++i) {
        auto start = std::chrono::steady_clock::now();
        jit.run(name, KernelJit::Arguments()
                          .operand(x.data(), left)
                          .operand(w.data(), right)
                          .operand(y.data(), {batch, m, n}));
        best = std::min(best, std::chrono::duration<double>(
                                  std::chrono::steady_clock::now() - start)
                                  .count());
      }
      std::printf("%s %s: %lld x %lldx%lldx%lld: %.1f GMAC/s\n",
                  GetParam().c_str(), name.c_str(), (long long)batch,
                  (long long)m, (long long)n, (long long)k,
                  1e-9 * batch * m * n * k / best);
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, Products,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
