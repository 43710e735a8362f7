//===- CompileAutoTest.cpp - Mixes of calibration data --------------------===//
#include "lib/auto/CompileAuto.h"
#include "lib/auto/Statistics.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include "gtest/gtest.h"

#include <cmath>

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

std::vector<DomainStatistics> twoDomains() {
  DomainStatistics news{"news", 2, domain(10, 1, 2, 4), {}};
  news.inputs.grams = {{1, 2, 2, 5}};
  news.inputs.gramOf["w"] = 0;
  DomainStatistics mail = news;
  mail.name = "mail \"é\"";
  mail.weight = 0.5;
  mail.inputs.grams[0][3] = 7;
  return {news, mail};
}

class StatisticsTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("statistics", "npz", path));
  }
  void TearDown() override { llvm::sys::fs::remove(path); }

  std::string readError() {
    auto read = readStatistics(path);
    if (read)
      return "";
    std::string message = llvm::toString(read.takeError());
    EXPECT_TRUE(llvm::StringRef(message).starts_with(path)) << message;
    return message.substr(path.size() + 2);
  }

  llvm::SmallString<128> path;
};

TEST_F(StatisticsTest, comeBackAsTheyWere) {
  std::vector<DomainStatistics> written = twoDomains();
  ASSERT_EQ(llvm::toString(writeStatistics(path, written)), "");
  auto read = readStatistics(path);
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  ASSERT_EQ(read->size(), 2u);
  for (size_t i = 0; i != 2; ++i) {
    EXPECT_EQ((*read)[i].name, written[i].name);
    EXPECT_EQ((*read)[i].weight, written[i].weight);
    EXPECT_EQ(toJson((*read)[i].sensitivities),
              toJson(written[i].sensitivities));
    EXPECT_EQ((*read)[i].sensitivities.weights[0].fisher,
              written[i].sensitivities.weights[0].fisher);
    EXPECT_EQ((*read)[i].inputs.grams, written[i].inputs.grams);
    EXPECT_EQ((*read)[i].inputs.gramOf, written[i].inputs.gramOf);
  }
}

TEST_F(StatisticsTest, namesWhatIsWrong) {
  Tensor number(MIXBIT_F32, {1, 1});
  ASSERT_EQ(llvm::toString(writeNpz(path, {{"x", number}})), "");
  EXPECT_EQ(readError(), "expected statistics that mixbit compile --statistics "
                         "wrote, but it has no array 'statistics.json'");
  // Arrays that are missing, of another shape, or not finite.
  ASSERT_EQ(llvm::toString(writeStatistics(path, twoDomains())), "");
  NamedTensors arrays = llvm::cantFail(readNpz(path));
  auto with = [&](llvm::StringRef name, Tensor tensor) {
    NamedTensors changed;
    for (const auto &[key, array] : arrays)
      changed.emplace_back(key, key == name ? tensor : array);
    EXPECT_EQ(llvm::toString(writeNpz(path, changed)), "");
    return readError();
  };
  EXPECT_EQ(with("fisher_1_0", number),
            "expected a matrix of float32 'fisher_1_0', but got float32 "
            "[1, 1]");
  EXPECT_EQ(with("gram_0_0", Tensor(MIXBIT_F32, {2, 1})),
            "expected a matrix of float32 'gram_0_0', but got float32 [2, 1]");
  Tensor wrong(MIXBIT_F32, {2, 2});
  wrong.setFloat(1, NAN);
  EXPECT_EQ(with("gram_0_0", wrong),
            "array 'gram_0_0': expected finite values");
}

TEST(DomainsTest, areChosenByName) {
  auto all = llvm::cantFail(chooseDomains(twoDomains(), {}));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].weight, 0.5);
  auto one = llvm::cantFail(chooseDomains(twoDomains(), {"mail \"é\":3"}));
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].weight, 3);
  EXPECT_EQ(one[0].inputs.grams[0][3], 7);
  auto both = llvm::cantFail(
      chooseDomains(twoDomains(), {"mail \"é\"", "news:4=unread.npz"}));
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].weight, 1);
  EXPECT_EQ(both[1].weight, 4);
  auto errorOf = [](std::vector<std::string> entries) {
    auto chosen = chooseDomains(twoDomains(), entries);
    return chosen ? "" : llvm::toString(chosen.takeError());
  };
  EXPECT_EQ(errorOf({"sport:1"}),
            "expected one of the domains news, mail \"é\", as NAME or "
            "NAME:WEIGHT, but got 'sport:1'");
  for (const char *entry : {"news:0", "news:x", "news:-1", "news:inf"})
    EXPECT_EQ(errorOf({entry}), "expected a weight above 0, but got '" +
                                    std::string(entry) + "'");
  EXPECT_EQ(errorOf({"news", "news:2"}),
            "expected each name once, but got 'news' twice");
}

} // namespace
