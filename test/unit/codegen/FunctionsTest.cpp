//===- FunctionsTest.cpp - exp, erf, conversions, ... of floats -----------===//
#include "test/unit/codegen/Guarded.h"
#include "test/unit/codegen/KernelJit.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mixbit;
using namespace mixbit::test;

namespace {

class Functions : public testing::TestWithParam<std::string> {};

/// In double.
TEST_P(Functions, AgainstLibm) {
  struct Case {
    const char *op;
    double (*reference)(double);
    float range;
    double tolerance; ///< relative, and absolute below 1
  } cases[] = {{"math.exp", std::exp, 80.0f, 4e-7},
               {"math.erf", std::erf, 6.0f, 5e-7},
               {"math.tanh", std::tanh, 12.0f, 5e-7},
               {"math.sin", std::sin, 500.0f, 2e-7},
               {"math.cos", std::cos, 500.0f, 2e-7},
               {"math.floor", std::floor, 100.0f, 0},
               {"math.ceil", std::ceil, 100.0f, 0},
               {"math.round", std::round, 100.0f, 0},
               {"math.trunc", std::trunc, 100.0f, 0},
               {"math.roundeven", std::nearbyint, 100.0f, 0}};
  for (const Case &c : cases) {
    KernelJit jit(
        "mixbit.kernel @k(%x: memref<?xf32>, %y: memref<?xf32>) {\n"
        "mixbit.rows ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)"
        " maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {\n"
        "^bb0(%a: f32):\n%r = " +
            std::string(c.op) + " %a : f32\nmixbit.yield %r : f32 } }",
        GetParam());
    ASSERT_TRUE(jit.valid());
    auto x = randomFloats(20000, c.range);
    for (int i = 0; i < 400; ++i) // halves, where roundings differ
      x[i] = (i - 200) * 0.5f;
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, 1e-30f, NAN};
    std::copy(std::begin(special), std::end(special), x.end() - 6);
    auto y = guarded<float>(x.size());
    jit.run("k", KernelJit::Arguments()
                     .operand(x.data(), {int64_t(x.size())})
                     .operand(y.data(), {int64_t(x.size())}));
    double worst = 0;
    bool isSine =
        std::string(c.op) == "math.sin" || std::string(c.op) == "math.cos";
    for (size_t i = 0; i < x.size(); ++i) {
      double expected = c.reference(double(x[i]));
      if (isSine && !std::isfinite(x[i]))
        continue;
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(y[i])) << c.op << "(" << x[i] << ")";
        continue;
      }
      if (std::isinf(expected) || expected == 0) {
        EXPECT_EQ(y[i], expected) << c.op << "(" << x[i] << ")";
        continue;
      }
      if (std::fabs(expected) < 1.2e-38 || std::fabs(expected) > 3.4e38)
        continue;
      worst = std::max(worst, std::fabs(y[i] - expected) /
                                  (isSine ? 1 : std::fabs(expected)));
    }
    EXPECT_LE(worst, c.tolerance) << c.op;
    RecordProperty(c.op, std::to_string(worst));
  }
}

/// What is 1 + erf must not become negative, nor larger than 2.
TEST_P(Functions, ErfStaysWithinOne) {
  KernelJit jit(R"(
mixbit.kernel @k(%x: memref<?xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    %r = math.erf %a : f32
    mixbit.yield %r : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  std::vector<float> x;
  for (float a = 2.5f; a < 4.5f; a += 1.0f / (1 << 19))
    x.push_back(a);
  auto y = guarded<float>(x.size());
  jit.run("k", KernelJit::Arguments()
                   .operand(x.data(), {int64_t(x.size())})
                   .operand(y.data(), {int64_t(x.size())}));
  float most = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    most = std::max(most, y[i]);
    ASSERT_NEAR(y[i], std::erf(double(x[i])), 5e-7) << x[i];
  }
  EXPECT_LE(most, 1.0f);
  EXPECT_GE(most, 0.9999999f);
}

TEST_P(Functions, HalfFloats) {
  KernelJit jit(R"(
mixbit.kernel @k(%x: memref<?xf16>, %y: memref<?xf32>, %z: memref<?xf16>, %w: memref<?xbf16>) {
  mixbit.rows ins(%x, %y : memref<?xf16>, memref<?xf32>) outs(%z, %w : memref<?xf16>, memref<?xbf16>)
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
            affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f16, %b: f32):
    %e = arith.extf %a : f16 to f32
    %s = arith.addf %e, %b : f32
    %h = arith.truncf %s : f32 to f16
    %l = arith.truncf %s : f32 to bf16
    mixbit.yield %h, %l : f16, bf16
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  // All halves; adding zero must give them back.
  std::vector<uint16_t> x(65536);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = uint16_t(i);
  std::vector<float> zero(x.size(), -0.0f);
  auto z = guarded<uint16_t>(x.size()), w = z;
  jit.run("k", KernelJit::Arguments()
                   .operand(x.data(), {65536})
                   .operand(zero.data(), {65536})
                   .operand(z.data(), {65536})
                   .operand(w.data(), {65536}));
  for (size_t i = 0; i < x.size(); ++i) {
    if ((i & 0x7c00) == 0x7c00 && (i & 0x3ff))
      EXPECT_TRUE((z[i] & 0x7c00) == 0x7c00 && (z[i] & 0x3ff)) << i;
    else
      EXPECT_EQ(z[i], i);
  }
  EXPECT_EQ(w[0x3c00], 0x3f80);
}

INSTANTIATE_TEST_SUITE_P(Targets, Functions,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
