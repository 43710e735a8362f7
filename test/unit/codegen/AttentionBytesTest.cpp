//===- AttentionBytesTest.cpp - Attention's products of bytes -------------===//
//
// Kernels of all targets, products emulated where the CPU lacks them, against
// scalar attention on the same bytes, and against attention in floats.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/AttentionText.h"
#include "test/unit/codegen/HotBlock.h"
#include "test/unit/codegen/KernelHarness.h"
#include "test/unit/codegen/RandomFloats.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace mixbit;
using mixbit::test::attentionText;
using mixbit::test::randomFloats;

namespace {

constexpr float kScale = 0.25f;

/// q, k, v and what is made of them; `keep` or `added` is the mask, if any.
struct Problem {
  int64_t batch, queries, keys, heads, depth;
  std::vector<float> q, k, v;
  std::vector<int64_t> keep; ///< [batch][keys]
  std::vector<float> added;  ///< [heads][queries][keys]

  Problem(int64_t queries, int64_t keys, int64_t depth)
      : batch(2), queries(queries), keys(keys), heads(2), depth(depth),
        q(randomFloats(batch * queries * heads * depth, 2.0f, 1)),
        k(randomFloats(batch * keys * heads * depth, 2.0f, 2)),
        v(randomFloats(batch * keys * heads * depth, 1.0f, 3)) {}

  int64_t at(int64_t b, int64_t h, int64_t length, int64_t position) const {
    return ((b * length + position) * heads + h) * depth;
  }

  std::vector<float> run(const JitKernel &kernel, int parts = 1) const {
    mxb_error error = {};
    // What stands behind the output must stay.
    std::vector<float> out(q.size() + 16, 77.0f);
    std::vector<int64_t> args = {reinterpret_cast<int64_t>(&error)};
    auto operand = [&](const void *data, int64_t x, int64_t y) {
      args.insert(args.end(), {reinterpret_cast<int64_t>(data), x, y});
    };
    operand(q.data(), batch, queries);
    operand(k.data(), batch, keys);
    operand(v.data(), batch, keys);
    if (!keep.empty())
      operand(keep.data(), batch, keys);
    if (!added.empty())
      operand(added.data(), queries, keys);
    operand(out.data(), batch, queries);
    kernel.run(args, parts);
    for (size_t i = q.size(); i < out.size(); ++i)
      EXPECT_EQ(out[i], 77.0f);
    out.resize(q.size());
    return out;
  }

  /// As a kernel with panels of `width` keys computes.
  std::vector<float> reference(int64_t width) const;

private:
  /// max |x| of `count` elements.
  static float largest(const float *x, int64_t count, int64_t stride = 1) {
    float max = 1e-30f;
    for (int64_t i = 0; i < count; ++i)
      max = std::max(max, std::fabs(x[i * stride]));
    return max;
  }
  static int32_t code(float x, float max) {
    float scaled = x * (127.0f / max);
    return int32_t(std::nearbyint(std::min(std::max(scaled, -127.f), 127.f)));
  }
};

/// Scalar attention on the bytes that the kernel quantizes to: rows of queries
/// and keys, columns of values, rows of weights, these with what rounding left
/// of the one `width` keys before. Sums are exact, so only the rounding of
/// scores to weights can differ, by one.
std::vector<float> Problem::reference(int64_t width) const {
  std::vector<float> out(q.size());
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h) {
      auto isKept = [&](int64_t j) {
        return keep.empty() || keep[b * keys + j];
      };
      bool any = false;
      for (int64_t j = 0; j < keys; ++j)
        any |= isKept(j);
      std::vector<float> columns(depth, 1e-30f);
      for (int64_t j = 0; j < keys; ++j)
        for (int64_t d = 0; d < depth && (isKept(j) || !any); ++d)
          columns[d] =
              std::max(columns[d], std::fabs(v[at(b, h, keys, j) + d]));
      for (int64_t i = 0; i < queries; ++i) {
        int64_t row = at(b, h, queries, i);
        float maxQ = largest(&q[row], depth);
        std::vector<double> scores(keys);
        double max = -INFINITY;
        for (int64_t j = 0; j < keys; ++j) {
          int64_t key = at(b, h, keys, j);
          float maxK = largest(&k[key], depth);
          int64_t sum = 0;
          for (int64_t d = 0; d < depth; ++d)
            sum += code(q[row + d], maxQ) * code(k[key + d], maxK);
          scores[j] = double(sum) * maxQ / 127 * maxK / 127 * kScale;
          if (!added.empty())
            scores[j] += added[(h * queries + i) * keys + j];
          if (!isKept(j))
            scores[j] = -1e38;
          max = std::max(max, scores[j]);
        }
        int64_t total = 0;
        std::vector<int64_t> weights(keys);
        std::vector<double> left(width);
        for (int64_t j = 0; j < keys; ++j) {
          double wanted = 254 * std::exp(scores[j] - max) + left[j % width];
          weights[j] = int64_t(std::nearbyint(wanted));
          left[j % width] = wanted - double(weights[j]);
          total += weights[j];
        }
        for (int64_t d = 0; d < depth; ++d) {
          int64_t sum = 0;
          for (int64_t j = 0; j < keys; ++j)
            sum += weights[j] * code(v[at(b, h, keys, j) + d], columns[d]);
          out[row + d] = float(double(sum) / total * columns[d] / 127);
        }
      }
    }
  return out;
}

/// Root of the mean squared difference, over that of `expected`.
double relativeError(const std::vector<float> &got,
                     const std::vector<float> &expected) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(double(got[i]) - expected[i], 2);
    norm += std::pow(double(expected[i]), 2);
  }
  return std::sqrt(error / norm);
}

double worstDifference(const std::vector<float> &got,
                       const std::vector<float> &expected) {
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::fabs(double(got[i]) - expected[i]));
  return worst;
}

struct Variant {
  const char *target;
  bool emulate;
};

class AttentionBytes : public testing::TestWithParam<Variant> {
protected:
  void SetUp() override {
    target = findTarget(GetParam().target);
    ASSERT_TRUE(target);
    auto native = resolveTargets("native");
    ASSERT_TRUE(bool(native));
    if (!GetParam().emulate &&
        (target->triple != native->front()->triple ||
         (target->runtimeFeatures & ~native->front()->runtimeFeatures)))
      GTEST_SKIP() << "this CPU lacks it";
  }
  std::optional<JitKernel> compile(const std::string &text) {
    auto kernel = JitKernel::compile(text, *target, GetParam().emulate);
    if (kernel)
      return std::move(*kernel);
    ADD_FAILURE() << llvm::toString(kernel.takeError());
    return std::nullopt;
  }
  /// Keys of a panel: two vectors, or four where there are 32 registers.
  int64_t width() const {
    return std::max(1, target->vectorBits / 32) *
           (target->numRegisters >= 32 ? 4 : 2);
  }
  const Target *target = nullptr;
};

// A weight that rounds the other way is 1 of at least 254.
constexpr double kTolerance = 0.01;

TEST_P(AttentionBytes, KeepMask) {
  for (int64_t depth : {48, 64}) {
    auto kernel =
        compile(attentionText(2, depth, "memref<?x?xi64>", "keep", "bytes"));
    ASSERT_TRUE(kernel);
    const std::pair<int64_t, int64_t> lengths[] = {
        {1, 1}, {5, 5}, {7, 64}, {32, 33}, {200, 130}, {1, 37}};
    for (auto [queries, keys] : lengths) {
      Problem problem(queries, keys, depth);
      // A query, a key and a column of zeros.
      std::fill_n(problem.q.begin(), depth, 0.0f);
      std::fill_n(problem.k.begin(), depth, 0.0f);
      for (size_t i = 3; i < problem.v.size(); i += depth)
        problem.v[i] = 0;
      problem.keep.assign(2 * keys, 0); // the second batch hides all
      for (int64_t j = 0; j < keys; ++j)
        problem.keep[j] = j % 3 != 1;
      std::vector<float> out = problem.run(*kernel);
      EXPECT_LE(worstDifference(out, problem.reference(width())), kTolerance)
          << queries << " x " << keys << " x " << depth;
      // Whatever threads share the work.
      EXPECT_EQ(out, problem.run(*kernel, 3));
    }
  }
}

TEST_P(AttentionBytes, AdditiveAndNoMask) {
  auto additive =
      compile(attentionText(2, 32, "memref<1x2x?x?xf32>", "additive", "bytes"));
  auto plain = compile(attentionText(2, 32, "", "", "bytes"));
  ASSERT_TRUE(additive && plain);
  for (int64_t keys : {1, 7, 33}) {
    Problem problem(13, keys, 32);
    EXPECT_LE(worstDifference(problem.run(*plain), problem.reference(width())),
              kTolerance)
        << keys;
    problem.added = randomFloats(2 * 13 * keys, 2.0f, 4);
    EXPECT_LE(
        worstDifference(problem.run(*additive), problem.reference(width())),
        kTolerance)
        << keys;
  }
}

/// What the mask hides at the end of a sequence must not matter, nor how much
/// of it there is: trimmed runs rely on that.
TEST_P(AttentionBytes, HiddenKeys) {
  auto kernel =
      compile(attentionText(2, 32, "memref<?x?xi64>", "keep", "bytes"));
  ASSERT_TRUE(kernel);
  Problem exact(11, 21, 32);
  exact.keep.assign(2 * 21, 1);
  Problem padded(11, 90, 32);
  padded.q = exact.q;
  padded.keep.assign(2 * 90, 0);
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t j = 0; j < 90; ++j) {
      padded.keep[b * 90 + j] = j < 21;
      for (int64_t i = 0; i < 64; ++i) {
        size_t to = (b * 90 + j) * 64 + i, from = (b * 21 + j) * 64 + i;
        padded.k[to] = j < 21 ? exact.k[from] : 100.0f;
        padded.v[to] = j < 21 ? exact.v[from] : -1000.0f;
      }
    }
  EXPECT_EQ(exact.run(*kernel), padded.run(*kernel));
}

/// The error that quantizing adds, at scores as peaked as an encoder's and at
/// even ones.
TEST_P(AttentionBytes, ErrorAgainstFloats) {
  if (GetParam().emulate)
    GTEST_SKIP() << "the sums are the same";
  for (float range : {2.0f, 0.5f}) {
    auto bytes = compile(attentionText(2, 64, "", "", "bytes"));
    auto floats = compile(attentionText(2, 64, "", "", "float"));
    ASSERT_TRUE(bytes && floats);
    for (int64_t keys : {16, 128, 512}) {
      Problem problem(24, keys, 64);
      problem.q = randomFloats(problem.q.size(), range, 1);
      problem.k = randomFloats(problem.k.size(), range, 2);
      double error = relativeError(problem.run(*bytes), problem.run(*floats));
      RecordProperty("error_" + std::to_string(keys) +
                         (range > 1 ? "_peaked" : "_even"),
                     std::to_string(error));
      EXPECT_LE(error, range > 1 ? 0.03 : 0.008)
          << keys << " keys, range " << range;
      EXPECT_GT(error, 1e-5) << "floats instead of bytes";
    }
  }
}

/// Where depths are no multiple of 16, floats take over.
TEST_P(AttentionBytes, OtherDepths) {
  if (GetParam().emulate)
    GTEST_SKIP() << "floats are those of any target";
  auto bytes = compile(attentionText(2, 20, "", "", "bytes"));
  auto floats = compile(attentionText(2, 20, "", "", "float"));
  ASSERT_TRUE(bytes && floats);
  Problem problem(9, 9, 20);
  EXPECT_EQ(problem.run(*bytes), problem.run(*floats));
}

/// Bytes where the products of integers are faster.
TEST_P(AttentionBytes, Fastest) {
  auto fastest = compile(attentionText(2, 32, "", "", "fastest"));
  bool pays = target->dot != DotIsa::Avx2 && target->dot != DotIsa::Generic;
  auto expected =
      compile(attentionText(2, 32, "", "", pays ? "bytes" : "float"));
  ASSERT_TRUE(fastest && expected);
  Problem problem(9, 19, 32);
  EXPECT_EQ(problem.run(*fastest), problem.run(*expected));
}

INSTANTIATE_TEST_SUITE_P(
    Targets, AttentionBytes,
    testing::Values(Variant{"x86-64", false}, Variant{"x86-64-v3", false},
                    Variant{"avxvnni", true}, Variant{"avx512vnni", true},
                    Variant{"amx", true}, Variant{"aarch64-dotprod", true},
                    Variant{"aarch64-i8mm", true}),
    [](const auto &info) {
      std::string name = info.param.target;
      for (char &c : name)
        c = c == '-' ? '_' : c;
      return name;
    });

/// Both products of a whole tile are in loops of their own, without spills.
TEST(AttentionAssembly, NoSpills) {
  struct Case {
    const char *target, *instruction;
    int products;
  };
  for (Case c :
       {Case{"avx512vnni", "vpdpbusd", 24}, Case{"avxvnni", "vpdpbusd", 12},
        Case{"aarch64-dotprod", "sdot", 24},
        Case{"aarch64-i8mm", "usdot", 24}}) {
    auto assembly = compileToAssembly(attentionText(12, 64, "", "", "fastest"),
                                      *findTarget(c.target));
    ASSERT_TRUE(bool(assembly)) << llvm::toString(assembly.takeError());
    EXPECT_EQ(llvm::StringRef(*assembly).count("call\t"), 0u);
    HotBlock block = findBlock(*assembly, c.instruction, c.products);
    EXPECT_EQ(block.products, c.products) << c.target;
    EXPECT_EQ(block.spills + block.reloads, 0) << c.target;
  }
}

} // namespace
