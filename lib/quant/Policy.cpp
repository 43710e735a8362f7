//===- Policy.cpp - Ways to give formats to weights -----------------------===//
#include "lib/quant/Policy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace llvm;

namespace mixbit {

StringRef policyName(AllocationPolicy policy) {
  switch (policy) {
  case AllocationPolicy::Optimal:
    return "optimal";
  case AllocationPolicy::Greedy:
    return "greedy";
  case AllocationPolicy::Reversed:
    return "reversed";
  case AllocationPolicy::Uniform:
    return "uniform";
  }
  return "";
}

Expected<AllocationPolicy> parsePolicy(StringRef name) {
  for (auto policy : {AllocationPolicy::Optimal, AllocationPolicy::Greedy,
                      AllocationPolicy::Reversed, AllocationPolicy::Uniform})
    if (policyName(policy) == name)
      return policy;
  return createStringError(inconvertibleErrorCode(),
                           "expected an allocation of optimal, greedy, "
                           "reversed or uniform, but got '" +
                               name + "'");
}

std::vector<AllocationItem> itemsOf(ArrayRef<WeightChoices> weights) {
  std::vector<AllocationItem> items;
  for (const WeightChoices &weight : weights) {
    items.emplace_back();
    for (const FormatChoice &choice : weight.choices)
      items.back().choices.push_back({choice.size, choice.cost});
  }
  return items;
}

/// The choice of that format; none if the weight has it not.
static std::optional<unsigned> findChoice(const WeightChoices &weight,
                                          const Format &format) {
  for (auto [index, choice] : enumerate(weight.choices))
    if (choice.format == format)
      return index;
  return std::nullopt;
}

namespace {
/// One format for all weights.
struct UniformChoice {
  Format format;
  std::vector<unsigned> chosen;
  int64_t size = 0;
  double cost = 0;
};
} // namespace

/// Every format that all weights have, the smallest first. A weight of which a
/// group's columns exceed it holds the format in groups of whole rows.
static std::vector<UniformChoice>
uniformChoices(ArrayRef<WeightChoices> weights) {
  std::vector<UniformChoice> result;
  if (weights.empty())
    return result;
  std::vector<Format> formats;
  for (const WeightChoices &weight : weights)
    for (const FormatChoice &choice : weight.choices)
      if (!llvm::is_contained(formats, choice.format))
        formats.push_back(choice.format);
  for (const Format &format : formats) {
    UniformChoice uniform;
    uniform.format = format;
    Format whole = format;
    whole.groupCols = 0;
    for (const WeightChoices &weight : weights) {
      std::optional<unsigned> index = findChoice(weight, format);
      if (!index)
        index = findChoice(weight, whole);
      if (!index)
        break;
      uniform.chosen.push_back(*index);
      uniform.size += weight.choices[*index].size;
      uniform.cost += weight.choices[*index].cost;
    }
    if (uniform.chosen.size() == weights.size())
      result.push_back(std::move(uniform));
  }
  llvm::sort(result, [](const UniformChoice &a, const UniformChoice &b) {
    return std::tie(a.size, a.cost) < std::tie(b.size, b.cost);
  });
  return result;
}

/// The cheapest of the formats that fit.
static Expected<size_t> bestUniform(ArrayRef<UniformChoice> choices,
                                    int64_t budget) {
  std::optional<size_t> best;
  for (auto [index, choice] : enumerate(choices))
    if (choice.size <= budget && (!best || choice.cost < choices[*best].cost))
      best = index;
  if (best)
    return *best;
  if (choices.empty())
    return createStringError(inconvertibleErrorCode(),
                             "expected a format that all weights can have, "
                             "but there is none");
  return createStringError(inconvertibleErrorCode(),
                           "expected a budget of at least " +
                               Twine(choices.front().size) +
                               " for one format, but got " + Twine(budget));
}

static Expected<std::vector<unsigned>> greedy(ArrayRef<WeightChoices> weights,
                                              int64_t budget) {
  std::vector<UniformChoice> choices = uniformChoices(weights);
  auto low = bestUniform(choices, budget);
  if (!low)
    return low.takeError();
  std::vector<unsigned> chosen = choices[*low].chosen;
  int64_t size = choices[*low].size;
  auto high = llvm::find_if(choices, [&](const UniformChoice &choice) {
    return choice.size > budget && choice.cost < choices[*low].cost;
  });
  if (high == choices.end())
    return chosen;
  auto costOf = [&](size_t index) {
    return weights[index].choices[choices[*low].chosen[index]].cost;
  };
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::make_pair(-costOf(a), a) < std::make_pair(-costOf(b), b);
  });
  for (size_t index : order) {
    ArrayRef<FormatChoice> of = weights[index].choices;
    int64_t grown =
        size + of[high->chosen[index]].size - of[chosen[index]].size;
    if (grown > budget)
      continue;
    size = grown;
    chosen[index] = high->chosen[index];
  }
  return chosen;
}

static Expected<std::vector<unsigned>> reversed(ArrayRef<WeightChoices> weights,
                                                int64_t budget) {
  std::vector<double> sensitivity;
  for (const WeightChoices &weight : weights) {
    double sum = 0;
    for (const FormatChoice &choice : weight.choices)
      sum += choice.cost;
    sensitivity.push_back(sum / double(weight.choices.size()) /
                          double(std::max<int64_t>(weight.parameters, 1)));
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::tie(sensitivity[a], a) < std::tie(sensitivity[b], b);
  });
  std::vector<AllocationItem> items = itemsOf(weights);
  for (size_t rank = 0; rank != order.size(); ++rank) {
    double own = sensitivity[order[rank]];
    double other = sensitivity[order[order.size() - 1 - rank]];
    for (AllocationChoice &choice : items[order[rank]].choices)
      choice.cost *= own > 0 ? other / own : 1;
  }
  auto solved = allocate(items, budget);
  if (!solved)
    return solved.takeError();
  return std::move(solved->chosen);
}

Expected<Allocation> allocateFormats(ArrayRef<WeightChoices> weights,
                                     int64_t budget, AllocationPolicy policy) {
  std::vector<AllocationItem> items = itemsOf(weights);
  auto measured =
      [&](Expected<std::vector<unsigned>> chosen) -> Expected<Allocation> {
    if (!chosen)
      return chosen.takeError();
    return measureAllocation(items, std::move(*chosen));
  };
  switch (policy) {
  case AllocationPolicy::Optimal:
    break;
  case AllocationPolicy::Greedy:
    return measured(greedy(weights, budget));
  case AllocationPolicy::Reversed:
    return measured(reversed(weights, budget));
  case AllocationPolicy::Uniform: {
    std::vector<UniformChoice> choices = uniformChoices(weights);
    auto best = bestUniform(choices, budget);
    if (!best)
      return best.takeError();
    return measureAllocation(items, choices[*best].chosen);
  }
  }
  return allocate(items, budget);
}

} // namespace mixbit
