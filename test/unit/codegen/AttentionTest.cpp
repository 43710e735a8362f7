//===- AttentionTest.cpp - mixbit.attention_core against scalar loops -----===//
#include "test/unit/codegen/AttentionText.h"
#include "test/unit/codegen/KernelJit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace mixbit::test;

namespace {

struct Shape {
  int64_t batch, queries, keys, heads, depth;
};

/// Weight of a key: additive(b, h, i, j) is added to its score.
template <typename Additive>
void checkAttention(const std::vector<float> &q, const std::vector<float> &k,
                    const std::vector<float> &v, const std::vector<float> &o,
                    const Shape &s, Additive additive) {
  double worst = 0;
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t i = 0; i < s.queries; ++i) {
        std::vector<double> weights(s.keys);
        double max = -INFINITY, sum = 0;
        auto at = [&](int64_t length, int64_t position) {
          return ((b * length + position) * s.heads + h) * s.depth;
        };
        for (int64_t j = 0; j < s.keys; ++j) {
          double score = 0;
          for (int64_t d = 0; d < s.depth; ++d)
            score += double(q[at(s.queries, i) + d]) * k[at(s.keys, j) + d];
          weights[j] = score * 0.25 + additive(b, h, i, j);
          max = std::max(max, weights[j]);
        }
        for (double &weight : weights)
          sum += weight = std::exp(weight - max);
        for (int64_t d = 0; d < s.depth; ++d) {
          double expected = 0;
          for (int64_t j = 0; j < s.keys; ++j)
            expected += weights[j] / sum * v[at(s.keys, j) + d];
          worst =
              std::max(worst, std::fabs(expected - o[at(s.queries, i) + d]));
        }
      }
  EXPECT_LE(worst, 3e-6) << "queries " << s.queries << " keys " << s.keys
                         << " depth " << s.depth;
}

class Attention : public testing::TestWithParam<std::string> {};

TEST_P(Attention, KeepMask) {
  for (int64_t depth : {20, 32, 64}) {
    KernelJit jit(attentionText(2, depth, "memref<?x?xi64>", "keep"),
                  GetParam());
    ASSERT_TRUE(jit.valid());
    const std::pair<int64_t, int64_t> lengths[] = {
        {1, 1}, {5, 5}, {32, 32}, {200, 200}, {1, 37}};
    for (const auto &length : lengths) {
      int64_t queries = length.first, keys = length.second;
      Shape s{2, queries, keys, 2, depth};
      size_t numQ = s.batch * queries * 2 * depth;
      size_t numK = s.batch * keys * 2 * depth;
      auto q = randomFloats(numQ, 1.0f, 1), k = randomFloats(numK, 1.0f, 2),
           v = randomFloats(numK, 1.0f, 3);
      std::vector<float> o(numQ + 16, 77.0f), parts = o;
      // The second batch hides every key.
      std::vector<int64_t> keep(2 * keys, 0);
      for (int64_t j = 0; j < keys; ++j)
        keep[j] = j % 3 != 1;
      auto run = [&](std::vector<float> &out, int64_t part) {
        jit.run("k",
                KernelJit::Arguments()
                    .operand(q.data(), {2, queries})
                    .operand(k.data(), {2, keys})
                    .operand(v.data(), {2, keys})
                    .operand(keep.data(), {2, keys})
                    .operand(out.data(), {2, queries}),
                part);
      };
      run(o, 0);
      // Doubles of that size swallow the scores, as in the kernel.
      checkAttention(q, k, v, o, s,
                     [&](int64_t b, int64_t, int64_t, int64_t j) {
                       return keep[b * s.keys + j] ? 0.0 : -1e30;
                     });
      // A row without any key: the average of all values.
      if (queries == 5) {
        double mean = 0;
        for (int64_t j = 0; j < keys; ++j)
          mean += v[(keys + j) * 2 * depth] / double(keys);
        // Scores no longer matter there.
        EXPECT_NEAR(o[queries * 2 * depth], mean, 1e-6);
      }
      for (size_t i = numQ; i < o.size(); ++i)
        EXPECT_EQ(o[i], 77.0f);
      run(parts, 1);
      EXPECT_EQ(std::memcmp(o.data(), parts.data(), o.size() * 4), 0);
    }
  }
}

TEST_P(Attention, AdditiveAndNoMask) {
  KernelJit additive(attentionText(3, 20, "memref<1x3x?x?xf32>", "additive"),
                     GetParam());
  KernelJit plain(attentionText(3, 20, "", ""), GetParam());
  ASSERT_TRUE(additive.valid() && plain.valid());
  for (int64_t keys : {1, 7, 33}) {
    Shape s{2, 13, keys, 3, 20};
    auto q = randomFloats(2 * 13 * 60, 1.0f, 1),
         k = randomFloats(2 * keys * 60, 1.0f, 2),
         v = randomFloats(2 * keys * 60, 1.0f, 3),
         m = randomFloats(3 * 13 * keys, 2.0f, 4);
    std::vector<float> o(2 * 13 * 60);
    additive.run("k", KernelJit::Arguments()
                          .operand(q.data(), {2, 13})
                          .operand(k.data(), {2, keys})
                          .operand(v.data(), {2, keys})
                          .operand(m.data(), {13, keys})
                          .operand(o.data(), {2, 13}));
    checkAttention(q, k, v, o, s,
                   [&](int64_t, int64_t h, int64_t i, int64_t j) {
                     return m[(h * 13 + i) * keys + j];
                   });
    plain.run("k", KernelJit::Arguments()
                       .operand(q.data(), {2, 13})
                       .operand(k.data(), {2, keys})
                       .operand(v.data(), {2, keys})
                       .operand(o.data(), {2, 13}));
    checkAttention(q, k, v, o, s,
                   [](int64_t, int64_t, int64_t, int64_t) { return 0.0; });
  }
}

/// Exporters write the lowest number (or -inf) where a key is hidden.
TEST_P(Attention, AdditiveMaskOfLowest) {
  KernelJit jit(attentionText(1, 16, "memref<1x1x?x?xf32>", "additive"),
                GetParam());
  ASSERT_TRUE(jit.valid());
  const int64_t keys = 21;
  auto q = randomFloats(3 * 16, 1.0f, 1), k = randomFloats(keys * 16, 1.0f, 2),
       v = randomFloats(keys * 16, 1.0f, 3);
  const float lowest = std::numeric_limits<float>::lowest();
  std::vector<float> m(3 * keys, 0.0f), o(3 * 16);
  for (int64_t j = 0; j < keys; ++j) {
    m[j] = lowest;                               // the first query: all hidden
    m[keys + j] = j == 4 ? 0.0f : lowest;        // the second: all but one
    m[2 * keys + j] = j == 4 ? 0.0f : -INFINITY; // the third too
  }
  jit.run("k", KernelJit::Arguments()
                   .operand(q.data(), {1, 3})
                   .operand(k.data(), {1, keys})
                   .operand(v.data(), {1, keys})
                   .operand(m.data(), {3, keys})
                   .operand(o.data(), {1, 3}));
  for (int64_t d = 0; d < 16; ++d) {
    double mean = 0;
    for (int64_t j = 0; j < keys; ++j)
      mean += v[j * 16 + d] / double(keys);
    EXPECT_NEAR(o[d], mean, 1e-6);
    EXPECT_NEAR(o[16 + d], v[4 * 16 + d], 1e-6);
    EXPECT_NEAR(o[32 + d], v[4 * 16 + d], 1e-6);
  }
}

/// Prints what 12 heads of `length` x 64 reach.
void timeAttention(const std::string &target, int64_t length, bool bytes) {
  KernelJit jit(
      attentionText(12, 64, "memref<?x?xi64>", "keep", bytes ? "bytes" : ""),
      target);
  ASSERT_TRUE(jit.valid());
  size_t count = length * 12 * 64;
  auto q = randomFloats(count, 1.0f, 1), k = randomFloats(count, 1.0f, 2),
       v = randomFloats(count, 1.0f, 3);
  std::vector<float> o(count);
  std::vector<int64_t> keep(length, 1);
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    auto start = std::chrono::steady_clock::now();
    jit.run("k", KernelJit::Arguments()
                     .operand(q.data(), {1, length})
                     .operand(k.data(), {1, length})
                     .operand(v.data(), {1, length})
                     .operand(keep.data(), {1, length})
                     .operand(o.data(), {1, length}));
    best = std::min(best, std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - start)
                              .count());
  }
  std::printf("%s, %s: 12 heads, %lld x 64: %.3f ms, %.1f GFLOP/s\n",
              target.c_str(), bytes ? "bytes" : "floats", (long long)length,
              best * 1e3, 4.0 * length * length * 64 * 12 / best / 1e9);
}

/// Not a test of time: prints, if asked to.
TEST_P(Attention, Speed) {
  if (!std::getenv("MIXBIT_TEST_SPEED"))
    GTEST_SKIP() << "MIXBIT_TEST_SPEED is not set";
  for (bool bytes : {false, true})
    for (int64_t length : {16, 128, 512})
      timeAttention(GetParam(), length, bytes);
}

INSTANTIATE_TEST_SUITE_P(Targets, Attention,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
