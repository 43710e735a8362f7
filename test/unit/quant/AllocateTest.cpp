//===- AllocateTest.cpp - The knapsack against trying everything ----------===//
#include "lib/quant/Allocate.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace mixbit;

namespace {

using Items = std::vector<AllocationItem>;

/// The least cost within the budget, by trying every combination.
double bruteForce(const Items &items, int64_t budget, size_t from = 0) {
  if (from == items.size())
    return budget >= 0 ? 0 : std::numeric_limits<double>::infinity();
  double best = std::numeric_limits<double>::infinity();
  for (const AllocationChoice &choice : items[from].choices)
    best = std::min(
        best, choice.cost + bruteForce(items, budget - choice.size, from + 1));
  return best;
}

/// `spread` is the range of sizes: small ones make ties.
Items randomItems(std::mt19937 &random, size_t count, size_t choices,
                  int64_t spread) {
  std::uniform_int_distribution<int64_t> size(0, spread);
  std::uniform_real_distribution<double> cost(0, 1);
  std::uniform_int_distribution<size_t> number(1, choices);
  Items items(count);
  for (AllocationItem &item : items)
    for (size_t i = number(random); i-- > 0;)
      item.choices.push_back({size(random), spread < 8
                                                ? std::round(4 * cost(random))
                                                : cost(random)});
  return items;
}

/// Layers of a network: a cost that falls about fourfold a bit.
Items layerItems(std::mt19937 &random, size_t count) {
  std::uniform_real_distribution<double> log(-4, 4), jitter(0.7, 1.4);
  std::uniform_int_distribution<int64_t> weights(1000, 2000000);
  Items items(count);
  for (AllocationItem &item : items) {
    double sensitivity = std::exp(log(random));
    int64_t parameters = weights(random);
    for (int bits = 2; bits <= 8; ++bits)
      for (int group : {32, 64, 128})
        item.choices.push_back(
            {parameters * bits / 8 + parameters / group * 2,
             sensitivity * parameters * std::pow(0.25, bits) * jitter(random) *
                 (1 + std::log(group) / 10)});
  }
  return items;
}

std::string errorOf(llvm::Expected<Allocation> result) {
  return result ? "" : llvm::toString(result.takeError());
}

TEST(AllocateTest, equalsBruteForce) {
  std::mt19937 random(7);
  for (int round = 0; round != 2000; ++round) {
    Items items = randomItems(random, 1 + round % 6, 1 + round % 5,
                              round % 3 == 0 ? 5 : 1000);
    int64_t least = smallestSize(items), most = 0;
    for (const AllocationItem &item : items) {
      int64_t largest = 0;
      for (const AllocationChoice &choice : item.choices)
        largest = std::max(largest, choice.size);
      most += largest;
    }
    int64_t budget =
        std::uniform_int_distribution<int64_t>(least, most)(random);
    Allocation got = llvm::cantFail(allocate(items, budget));
    EXPECT_LE(got.size, budget);
    EXPECT_NEAR(got.cost, bruteForce(items, budget), 1e-9) << round;
    EXPECT_NEAR(got.gap(), 0, 1e-9);
    Allocation measured = measureAllocation(items, got.chosen);
    EXPECT_EQ(measured.size, got.size);
    EXPECT_EQ(measured.cost, got.cost);
  }
}

TEST(AllocateTest, isOptimalOnLayersAndImprovesWithTheBudget) {
  std::mt19937 random(3);
  Items items = layerItems(random, 300);
  double before = std::numeric_limits<double>::infinity();
  for (double share : {0.0, 0.1, 0.3, 0.31, 0.6, 1.0, 2.0}) {
    int64_t least = smallestSize(items);
    int64_t budget = least + int64_t(share * 2 * least);
    Allocation got = llvm::cantFail(allocate(items, budget));
    EXPECT_LE(got.size, budget);
    EXPECT_LE(got.cost, before);
    EXPECT_LE(got.gap(), 1e-9 * before + 1e-6);
    before = got.cost;
    EXPECT_EQ(llvm::cantFail(allocate(items, budget)).chosen, got.chosen);
  }
}

TEST(AllocateTest, provesItsGapWhereStatesAreFew) {
  std::mt19937 random(11);
  for (int round = 0; round != 300; ++round) {
    Items items = randomItems(random, 6, 5, 1000);
    int64_t budget = smallestSize(items) + 400;
    Allocation got = llvm::cantFail(allocate(items, budget, 2));
    double best = bruteForce(items, budget);
    EXPECT_LE(got.size, budget);
    EXPECT_GE(got.cost, best - 1e-9);
    EXPECT_LE(got.lowerBound, best + 1e-9);
  }
}

TEST(AllocateTest, takesEverythingThatFits) {
  Items items(2);
  items[0].choices = {{10, 5}, {20, 1}, {30, 1}};
  items[1].choices = {{4, 2}, {2, 2.5}, {8, 3}};
  Allocation all = llvm::cantFail(allocate(items, 1000));
  EXPECT_EQ(all.chosen, (std::vector<unsigned>{1, 0}));
  EXPECT_EQ(all.size, 24);
  Allocation least = llvm::cantFail(allocate(items, 12));
  EXPECT_EQ(least.chosen, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(llvm::cantFail(allocate({}, 0)).size, 0);
}

TEST(AllocateTest, refusesWhatCannotBe) {
  Items items(2);
  items[0].choices = {{10, 5}, {20, 1}};
  items[1].choices = {{4, 2}};
  EXPECT_EQ(errorOf(allocate(items, 13)),
            "expected a budget of at least 14, but got 13");
  items[1].choices.clear();
  EXPECT_EQ(errorOf(allocate(items, 100)),
            "item 1: expected at least one choice, but got none");
  items[1].choices = {{-1, 2}};
  EXPECT_EQ(errorOf(allocate(items, 100)),
            "item 1: expected a size of 0 to 2^52, but got -1");
  items[1].choices = {{1, NAN}};
  EXPECT_EQ(errorOf(allocate(items, 100)),
            "item 1: expected a finite cost, but got nan");
  items[0].choices = {{int64_t(1) << 52, 1}};
  items[1].choices = {{1, 1}};
  EXPECT_EQ(errorOf(allocate(items, 100)),
            "item 1: expected sizes that sum to 2^52 at most");
}

TEST(AllocateTest, curveFallsFromTheSmallestToTheBest) {
  std::mt19937 random(5);
  Items items = layerItems(random, 40);
  std::vector<Allocation> curve = llvm::cantFail(paretoCurve(items, 25));
  ASSERT_GE(curve.size(), 20u);
  EXPECT_EQ(curve.front().size, smallestSize(items));
  for (size_t i = 1; i < curve.size(); ++i) {
    EXPECT_GT(curve[i].size, curve[i - 1].size);
    EXPECT_LT(curve[i].cost, curve[i - 1].cost);
  }
  double least = 0;
  for (const AllocationItem &item : items) {
    double best = std::numeric_limits<double>::infinity();
    for (const AllocationChoice &choice : item.choices)
      best = std::min(best, choice.cost);
    least += best;
  }
  EXPECT_NEAR(curve.back().cost, least, 1e-9 * least);
}

} // namespace
