//===- CompileAutoTest.cpp - Mixes of calibration data --------------------===//
#include "lib/auto/CompileAuto.h"

#include "gtest/gtest.h"

using namespace mixbit;

namespace {

Sensitivities domain(int64_t samples, double trace, float first, float second) {
  WeightSensitivity weight;
  weight.name = "w";
  weight.rows = 1;
  weight.cols = 2;
  weight.values["trace"] = {trace};
  weight.fisher = {first, second};
  return {"cross-entropy", samples, {weight}};
}

TEST(MixTest, isTheWeightedMeanOfDomains) {
  Sensitivities a = domain(10, 1, 2, 4), b = domain(90, 5, 6, 0),
                c = domain(7, 100, 100, 100);
  Sensitivities mix = mixSensitivities({a, b, c}, {3, 1, 0});
  EXPECT_EQ(mix.samples, 100);
  ASSERT_EQ(mix.weights.size(), 1u);
  EXPECT_NEAR(mix.weights[0].values["trace"][0], 2, 1e-12);
  EXPECT_NEAR(mix.weights[0].fisher[0], 3, 1e-6);
  EXPECT_NEAR(mix.weights[0].fisher[1], 3, 1e-6);
  // Weights count, not their scale; a domain alone is itself.
  Sensitivities scaled = mixSensitivities({a, b}, {0.75, 0.25});
  EXPECT_NEAR(scaled.weights[0].fisher[0], 3, 1e-6);
  Sensitivities alone = mixSensitivities({a, b}, {0, 7});
  EXPECT_EQ(alone.samples, 90);
  EXPECT_EQ(alone.weights[0].fisher, b.weights[0].fisher);
}

} // namespace
