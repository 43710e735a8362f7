//===- PolicyTest.cpp - Budgets, candidates, policies ---------------------===//
#include "lib/quant/Policy.h"
#include "lib/quant/Budget.h"
#include "lib/quant/Candidates.h"
#include "lib/quant/Reference.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mixbit;

namespace {

template <typename T>
std::string errorOf(llvm::Expected<T> result) {
  return result ? "" : llvm::toString(result.takeError());
}

TEST(BudgetTest, parsesUnits) {
  for (auto [text, unit, value] :
       {std::tuple("3.2bits", BudgetUnit::Bits, 3.2),
        std::tuple("30%", BudgetUnit::Percent, 30.0),
        std::tuple("12MB", BudgetUnit::Megabytes, 12.0),
        std::tuple("0.25ms", BudgetUnit::Milliseconds, 0.25)}) {
    Budget budget = llvm::cantFail(parseBudget(text));
    EXPECT_EQ(budget.unit, unit);
    EXPECT_EQ(budget.value, value);
    EXPECT_EQ(budgetText(budget), text);
    EXPECT_EQ(budgetTextAbove(budget), text);
  }
  Budget compression = llvm::cantFail(parseBudget("12.8x"));
  EXPECT_EQ(compression.unit, BudgetUnit::Bits);
  EXPECT_DOUBLE_EQ(compression.value, 2.5);
  EXPECT_EQ(budgetText({BudgetUnit::Megabytes, 11.99996}), "12MB");
  EXPECT_EQ(budgetTextAbove({BudgetUnit::Bits, 1.85341}), "1.8535bits");
}

TEST(BudgetTest, refusesNonsense) {
  EXPECT_EQ(errorOf(parseBudget("12")),
            "expected a unit of bits, x, %, MB or ms, but got '12'");
  EXPECT_EQ(errorOf(parseBudget("12GB")),
            "expected a unit of bits, x, %, MB or ms, but got '12GB'");
  for (const char *text : {"", "bits", "-3bits", "1.2.3MB", "nanms"})
    EXPECT_EQ(
        errorOf(parseBudget(text)),
        "expected a number and a unit, such as 3.2bits, 13x, 30%, 12MB or "
        "8ms, but got '" +
            std::string(text) + "'");
  for (const char *text : {"0bits", "9999999999MB"})
    EXPECT_EQ(errorOf(parseBudget(text)),
              "expected a budget above 0 and of at most 1e9, but got '" +
                  std::string(text) + "'");
}

TEST(CandidatesTest, areServedAndDistinct) {
  for (WeightUse use : {WeightUse::Linear, WeightUse::Table})
    for (int64_t cols : {384, 96, 40, 16}) {
      std::vector<Format> formats = candidateFormats(use, 100, cols);
      EXPECT_GE(formats.size(), use == WeightUse::Linear ? 9u : 6u);
      for (size_t i = 0; i != formats.size(); ++i) {
        EXPECT_TRUE(use == WeightUse::Linear
                        ? kernelServes(formats[i], 100, cols)
                        : tableServes(formats[i], 100, cols));
        for (size_t j = 0; j != i; ++j)
          EXPECT_NE(formats[i], formats[j]);
      }
    }
}

/// Normal weights and curvatures that vary.
struct Random {
  std::vector<float> weights, curvature;

  Random(int64_t rows, int64_t cols) {
    std::mt19937 random(4);
    std::normal_distribution<float> normal(0, 0.05f);
    std::uniform_real_distribution<float> log(-3, 3);
    for (int64_t i = 0; i != rows * cols; ++i) {
      weights.push_back(normal(random));
      curvature.push_back(std::exp(log(random)));
    }
  }
};

TEST(CandidatesTest, predictsTheWeightedError) {
  Random data(8, 100);
  FloatMatrix matrix{data.weights.data(), FloatKind::F32, 8, 100};
  for (Format format : candidateFormats(WeightUse::Linear, 8, 100)) {
    double predicted = llvm::cantFail(predictedLoss(
        matrix, format, {data.curvature, {}, 0}, WeightUse::Linear));
    std::vector<float> values =
        dequantize(llvm::cantFail(roundToNearest(matrix, format)));
    double direct = 0;
    for (size_t i = 0; i != values.size(); ++i)
      direct += data.curvature[i] * std::pow(data.weights[i] - values[i], 2.0);
    // The best scale does better than the rounding's, but not by much.
    EXPECT_LE(predicted, direct * (1 + 1e-6)) << describeFormat(format);
    EXPECT_GE(predicted, direct * 0.5) << describeFormat(format);
  }
}

TEST(CandidatesTest, rowValuesScaleTheirRows) {
  Random data(4, 64);
  FloatMatrix matrix{data.weights.data(), FloatKind::F32, 4, 64};
  Format format = Format::makeInt(3, 1, 32);
  std::vector<double> one = {1}, two = {1, 3}, none;
  auto loss = [&](llvm::ArrayRef<double> values, int64_t group, int64_t from,
                  int64_t rows) {
    return llvm::cantFail(predictedLoss(
        {data.weights.data() + from * 64, FloatKind::F32, rows, 64}, format,
        {{}, values, group}, WeightUse::Linear));
  };
  EXPECT_NEAR(loss(two, 2, 0, 4), loss(one, 0, 0, 2) + 3 * loss(one, 0, 2, 2),
              1e-9);
  EXPECT_NEAR(loss(none, 0, 0, 4), loss(one, 0, 0, 4), 1e-12);
}

TEST(CandidatesTest, rowsThatNoSampleLooksUpAreNotFree) {
  Random data(16, 64);
  std::fill(data.curvature.begin() + 64, data.curvature.end(), 0.0f);
  FloatMatrix matrix{data.weights.data(), FloatKind::F32, 16, 64};
  auto loss = [&](unsigned bits) {
    return llvm::cantFail(predictedLoss(matrix, Format::makeInt(bits, 1, 0),
                                        {data.curvature, {}, 0},
                                        WeightUse::Table));
  };
  EXPECT_GT(loss(4), 4 * loss(6));
  std::fill(data.weights.begin(), data.weights.begin() + 64, 0.0f);
  EXPECT_GT(loss(4), 0) << "the row that was looked up is exact";
}

/// Two weights, two formats: `a` is the more sensitive one.
std::vector<WeightChoices> twoWeights() {
  Format low = Format::makeInt(2, 1, 0), high = Format::makeInt(4, 1, 0);
  return {{"a", 100, {{low, 200, 10}, {high, 400, 1}}},
          {"b", 100, {{low, 200, 4}, {high, 400, 0.5}}}};
}

TEST(PolicyTest, eachDoesWhatItSays) {
  std::vector<WeightChoices> weights = twoWeights();
  auto chosen = [&](int64_t budget, AllocationPolicy policy) {
    return llvm::cantFail(allocateFormats(weights, budget, policy)).chosen;
  };
  using Chosen = std::vector<unsigned>;
  EXPECT_EQ(chosen(600, AllocationPolicy::Optimal), (Chosen{1, 0}));
  EXPECT_EQ(chosen(600, AllocationPolicy::Greedy), (Chosen{1, 0}));
  EXPECT_EQ(chosen(600, AllocationPolicy::Reversed), (Chosen{0, 1}));
  EXPECT_EQ(chosen(600, AllocationPolicy::Uniform), (Chosen{0, 0}));
  for (auto policy : {AllocationPolicy::Optimal, AllocationPolicy::Greedy,
                      AllocationPolicy::Reversed, AllocationPolicy::Uniform}) {
    EXPECT_EQ(chosen(800, policy), (Chosen{1, 1})) << policyName(policy).str();
    EXPECT_EQ(llvm::cantFail(parsePolicy(policyName(policy))), policy);
    EXPECT_NE(errorOf(allocateFormats(weights, 399, policy)), "");
  }
  // What is reported is the loss as it is, not as it was exchanged.
  EXPECT_EQ(
      llvm::cantFail(allocateFormats(weights, 600, AllocationPolicy::Reversed))
          .cost,
      10.5);
}

TEST(PolicyTest, greedyIsNotOptimal) {
  // The most sensitive weight is so large that its next format does not fit
  // beside the two others, which together gain more.
  Format low = Format::makeInt(2, 1, 0), high = Format::makeInt(4, 1, 0);
  std::vector<WeightChoices> weights = {
      {"a", 200, {{low, 400, 10}, {high, 800, 4}}},
      {"b", 100, {{low, 200, 8}, {high, 400, 0}}},
      {"c", 100, {{low, 200, 8}, {high, 400, 0}}}};
  auto cost = [&](AllocationPolicy policy) {
    return llvm::cantFail(allocateFormats(weights, 1200, policy)).cost;
  };
  EXPECT_EQ(cost(AllocationPolicy::Optimal), 10);
  EXPECT_EQ(cost(AllocationPolicy::Greedy), 20);
}

TEST(PolicyTest, refusesNonsense) {
  EXPECT_EQ(errorOf(parsePolicy("best")),
            "expected an allocation of optimal, greedy, reversed or uniform, "
            "but got 'best'");
  std::vector<WeightChoices> weights = twoWeights();
  EXPECT_EQ(errorOf(allocateFormats(weights, 300, AllocationPolicy::Uniform)),
            "expected a budget of at least 400 for one format, but got 300");
  weights[1].choices = {{Format::makeTernary(1, 0), 10, 1}};
  EXPECT_EQ(errorOf(allocateFormats(weights, 300, AllocationPolicy::Uniform)),
            "expected a format that all weights can have, but there is none");
}

} // namespace
