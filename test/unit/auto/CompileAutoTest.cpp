//===- CompileAutoTest.cpp - Mixes of calibration data --------------------===//
#include "lib/auto/CompileAuto.h"

#include "gtest/gtest.h"

using namespace mixbit;

namespace {

std::string errorOf(llvm::StringRef text) {
  auto parsed = parseCalibration(text);
  return parsed ? "" : llvm::toString(parsed.takeError());
}

TEST(CalibrationTest, parsesFilesAndDomains) {
  CalibrationFile plain = llvm::cantFail(parseCalibration("a/b.npz"));
  EXPECT_EQ(plain.name, "a/b.npz");
  EXPECT_EQ(plain.path, "a/b.npz");
  EXPECT_EQ(plain.weight, 1);
  CalibrationFile domain = llvm::cantFail(parseCalibration("news:0.5=x=y.npz"));
  EXPECT_EQ(domain.name, "news");
  EXPECT_EQ(domain.path, "x=y.npz");
  EXPECT_EQ(domain.weight, 0.5);
  for (const char *text : {"", "news=x.npz", ":1=x.npz", "news:1=", "a:b=x"})
    EXPECT_NE(errorOf(text).find("expected FILE or NAME:WEIGHT=FILE"),
              std::string::npos)
        << text;
  for (const char *text : {"a:0=x.npz", "a:-1=x.npz", "a:inf=x.npz"})
    EXPECT_EQ(errorOf(text),
              "expected a weight above 0, but got '" + std::string(text) + "'");
}

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
