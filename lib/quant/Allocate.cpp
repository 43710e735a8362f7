//===- Allocate.cpp - The multiple-choice knapsack ------------------------===//
#include "lib/quant/Allocate.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

using namespace llvm;

namespace mixbit {

namespace {
/// A choice that is worth considering; `index` is that in the item.
struct Candidate {
  int64_t size;
  double cost;
  unsigned index;
};

/// Strictly growing in size, strictly falling in cost.
using Candidates = std::vector<Candidate>;

/// A step of the relaxation: from one vertex of an item's hull to the next.
struct Step {
  unsigned item;
  unsigned to; ///< position in the item's candidates
  int64_t size;
  double saved;

  double rate() const { return saved / double(size); }
};

/// The prefix of a solution; its last choice and where it came from are held
/// beside it, level by level.
struct State {
  int64_t size;
  double cost;
};
struct Origin {
  uint32_t parent;
  uint32_t candidate;
};

class Solver {
public:
  Solver(ArrayRef<AllocationItem> items, int64_t budget, size_t maxStates)
      : items(items), budget(budget), maxStates(maxStates) {}

  Allocation solve();

private:
  void relax();
  void improve();
  void reduce();
  Allocation finish(std::vector<unsigned> positions, double lower);
  double lagrangian(const Candidate &candidate) const {
    return candidate.cost + multiplier * double(candidate.size);
  }
  double cheapest(const Candidates &of) const {
    double least = std::numeric_limits<double>::infinity();
    for (const Candidate &candidate : of)
      least = std::min(least, lagrangian(candidate));
    return least;
  }
  /// Whether something of this bound is no better than what is known.
  bool isHopeless(double bound) const {
    return bound >= incumbentCost - tolerance;
  }

  ArrayRef<AllocationItem> items;
  int64_t budget;
  size_t maxStates;
  std::vector<Candidates> candidates;
  std::vector<unsigned> incumbent; ///< positions in `candidates`
  double incumbentCost = 0;
  int64_t incumbentSize = 0;
  /// Whether the budget cuts a step of the relaxation; else the cheapest
  /// choices all fit.
  bool isTight = false;
  double multiplier = 0;
  double tolerance = 0;
};
} // namespace

/// Drops what another choice makes pointless.
static Candidates withoutDominated(const AllocationItem &item) {
  Candidates sorted, kept;
  for (auto [index, choice] : enumerate(item.choices))
    sorted.push_back({choice.size, choice.cost, unsigned(index)});
  llvm::sort(sorted, [](const Candidate &a, const Candidate &b) {
    return std::tie(a.size, a.cost, a.index) <
           std::tie(b.size, b.cost, b.index);
  });
  for (const Candidate &candidate : sorted)
    if (kept.empty() || candidate.cost < kept.back().cost)
      kept.push_back(candidate);
  return kept;
}

/// The steps along the lower convex hull, the steepest first.
static void appendHull(const Candidates &of, unsigned item,
                       std::vector<Step> &steps) {
  std::vector<unsigned> hull;
  auto rate = [&](unsigned a, unsigned b) {
    return (of[a].cost - of[b].cost) / double(of[b].size - of[a].size);
  };
  for (unsigned i = 0; i != of.size(); ++i) {
    while (hull.size() > 1 &&
           rate(hull[hull.size() - 2], hull.back()) <= rate(hull.back(), i))
      hull.pop_back();
    hull.push_back(i);
  }
  for (unsigned i = 1; i < hull.size(); ++i)
    steps.push_back({item, hull[i], of[hull[i]].size - of[hull[i - 1]].size,
                     of[hull[i - 1]].cost - of[hull[i]].cost});
}

/// The linear relaxation: its multiplier, and its solution rounded down as the
/// first incumbent, with every later step that still fits.
void Solver::relax() {
  std::vector<Step> steps;
  incumbent.assign(candidates.size(), 0);
  for (auto [index, of] : enumerate(candidates)) {
    incumbentSize += of.front().size;
    incumbentCost += of.front().cost;
    for (const Candidate &candidate : of)
      tolerance += std::abs(candidate.cost) * 1e-12;
    appendHull(of, index, steps);
  }
  // Along an item's hull the rates fall: its steps stay in order.
  llvm::sort(steps, [](const Step &a, const Step &b) {
    return std::make_tuple(-a.rate(), a.item, a.to) <
           std::make_tuple(-b.rate(), b.item, b.to);
  });
  std::vector<bool> isStuck(candidates.size(), false);
  for (const Step &step : steps) {
    if (incumbentSize + step.size > budget) {
      if (!isTight)
        multiplier = step.rate();
      isTight = true;
      // The item's later steps start where this one would have ended.
      isStuck[step.item] = true;
      continue;
    }
    if (isStuck[step.item])
      continue;
    incumbent[step.item] = step.to;
    incumbentSize += step.size;
    incumbentCost -= step.saved;
  }
}

/// Local search on the incumbent: the single change that saves the most, until
/// none does. A better incumbent is all that it has to give.
void Solver::improve() {
  for (;;) {
    double best = tolerance;
    unsigned item = 0, position = 0;
    for (auto [index, of] : enumerate(candidates)) {
      const Candidate &now = of[incumbent[index]];
      for (unsigned i = 0; i != of.size(); ++i)
        if (incumbentSize - now.size + of[i].size <= budget &&
            now.cost - of[i].cost > best) {
          best = now.cost - of[i].cost;
          item = index;
          position = i;
        }
    }
    if (best <= tolerance)
      return;
    const Candidate &from = candidates[item][incumbent[item]];
    const Candidate &to = candidates[item][position];
    incumbentSize += to.size - from.size;
    incumbentCost += to.cost - from.cost;
    incumbent[item] = position;
  }
}

/// Drops the choices that no better solution than the incumbent holds. Those
/// of the incumbent stay.
void Solver::reduce() {
  double bound = -multiplier * double(budget);
  for (const Candidates &of : candidates)
    bound += cheapest(of);
  for (auto [of, position] : zip_equal(candidates, incumbent)) {
    double least = cheapest(of);
    unsigned kept = of[position].index;
    llvm::erase_if(of, [&](const Candidate &candidate) {
      return candidate.index != kept &&
             isHopeless(bound - least + lagrangian(candidate));
    });
    position = llvm::find_if(of,
                             [&](const Candidate &candidate) {
                               return candidate.index == kept;
                             }) -
               of.begin();
  }
}

Allocation Solver::finish(std::vector<unsigned> positions, double lower) {
  std::vector<unsigned> chosen;
  for (auto [of, position] : zip_equal(candidates, positions))
    chosen.push_back(of[position].index);
  Allocation result = measureAllocation(items, std::move(chosen));
  result.lowerBound = std::min(lower, result.cost);
  return result;
}

Allocation Solver::solve() {
  for (const AllocationItem &item : items)
    candidates.push_back(withoutDominated(item));
  relax();
  improve();
  if (!isTight)
    return finish(incumbent, incumbentCost);
  reduce();

  // What the items behind a level add at least, in size and by the bound.
  size_t count = candidates.size();
  std::vector<int64_t> sizeBehind(count + 1, 0);
  std::vector<double> boundBehind(count + 1, -multiplier * double(budget));
  for (size_t i = count; i-- > 0;) {
    sizeBehind[i] = sizeBehind[i + 1] + candidates[i].front().size;
    boundBehind[i] = boundBehind[i + 1] + cheapest(candidates[i]);
  }
  double letGo = std::numeric_limits<double>::infinity();
  std::vector<std::vector<Origin>> origins(count);
  std::vector<State> states = {{0, 0}};
  for (size_t level = 0; level != count; ++level) {
    struct Next {
      State state;
      Origin origin;
    };
    std::vector<Next> next;
    auto boundOf = [&](const State &state) {
      return state.cost + multiplier * double(state.size) +
             boundBehind[level + 1];
    };
    for (auto [parent, state] : enumerate(states))
      for (auto [position, candidate] : enumerate(candidates[level])) {
        State grown = {state.size + candidate.size,
                       state.cost + candidate.cost};
        if (grown.size + sizeBehind[level + 1] > budget)
          break; // later candidates are larger
        if (!isHopeless(boundOf(grown)))
          next.push_back({grown, {uint32_t(parent), uint32_t(position)}});
      }
    llvm::sort(next, [](const Next &a, const Next &b) {
      return std::tie(a.state.size, a.state.cost, a.origin.parent,
                      a.origin.candidate) < std::tie(b.state.size, b.state.cost,
                                                     b.origin.parent,
                                                     b.origin.candidate);
    });
    double least = std::numeric_limits<double>::infinity();
    llvm::erase_if(next, [&](const Next &entry) {
      bool isDominated = entry.state.cost >= least;
      least = std::min(least, entry.state.cost);
      return isDominated;
    });
    if (next.size() > maxStates) {
      std::vector<double> bounds;
      for (const Next &entry : next)
        bounds.push_back(boundOf(entry.state));
      std::vector<double> order = bounds;
      std::nth_element(order.begin(), order.begin() + maxStates, order.end());
      double limit = order[maxStates];
      size_t at = 0;
      llvm::erase_if(next, [&](const Next &) { return bounds[at++] >= limit; });
      letGo = std::min(letGo, limit);
    }
    states.clear();
    for (const Next &entry : next) {
      states.push_back(entry.state);
      origins[level].push_back(entry.origin);
    }
  }

  // The states fall in cost: the last one is the best. None: the incumbent is.
  if (states.empty() || states.back().cost >= incumbentCost)
    return finish(incumbent, std::min(letGo, incumbentCost));
  std::vector<unsigned> positions(count);
  uint32_t at = states.size() - 1;
  for (size_t level = count; level-- > 0;) {
    const Origin &origin = origins[level][at];
    positions[level] = origin.candidate;
    at = origin.parent;
  }
  return finish(std::move(positions), std::min(letGo, states.back().cost));
}

int64_t smallestSize(ArrayRef<AllocationItem> items) {
  int64_t sum = 0;
  for (const AllocationItem &item : items) {
    int64_t least = std::numeric_limits<int64_t>::max();
    for (const AllocationChoice &choice : item.choices)
      least = std::min(least, choice.size);
    sum = item.choices.empty() ? sum : sum + least;
  }
  return sum;
}

Allocation measureAllocation(ArrayRef<AllocationItem> items,
                             std::vector<unsigned> chosen) {
  Allocation result;
  for (auto [item, index] : zip_equal(items, chosen)) {
    result.size += item.choices[index].size;
    result.cost += item.choices[index].cost;
  }
  result.chosen = std::move(chosen);
  result.lowerBound = -std::numeric_limits<double>::infinity();
  return result;
}

static Error checkItems(ArrayRef<AllocationItem> items) {
  auto fail = [](size_t index, const Twine &what) {
    return createStringError(inconvertibleErrorCode(),
                             "item " + Twine(index) + ": " + what);
  };
  // So that no sum overflows, nor a double loses a unit.
  constexpr int64_t largest = int64_t(1) << 52;
  int64_t sum = 0;
  for (auto [index, item] : enumerate(items)) {
    if (item.choices.empty())
      return fail(index, "expected at least one choice, but got none");
    int64_t most = 0;
    for (const AllocationChoice &choice : item.choices) {
      if (choice.size < 0 || choice.size > largest)
        return fail(index, "expected a size of 0 to 2^52, but got " +
                               Twine(choice.size));
      if (!std::isfinite(choice.cost))
        return fail(index, "expected a finite cost, but got " +
                               std::to_string(choice.cost));
      most = std::max(most, choice.size);
    }
    sum += most;
    if (sum > largest)
      return fail(index, "expected sizes that sum to 2^52 at most");
  }
  return Error::success();
}

Expected<Allocation> allocate(ArrayRef<AllocationItem> items, int64_t budget,
                              size_t maxStates) {
  if (Error error = checkItems(items))
    return error;
  if (int64_t least = smallestSize(items); budget < least)
    return createStringError(inconvertibleErrorCode(),
                             "expected a budget of at least " + Twine(least) +
                                 ", but got " + Twine(budget));
  return Solver(items, budget, std::max<size_t>(maxStates, 1)).solve();
}

Expected<std::vector<Allocation>> paretoCurve(ArrayRef<AllocationItem> items,
                                              unsigned points) {
  auto richest = allocate(items, std::numeric_limits<int64_t>::max());
  if (!richest)
    return richest.takeError();
  double low = std::max<double>(1, smallestSize(items));
  double high = std::max<double>(low, richest->size);
  std::vector<Allocation> curve;
  for (unsigned i = 0; i != points; ++i) {
    double share = points > 1 ? double(i) / (points - 1) : 1;
    int64_t budget = i + 1 == points
                         ? richest->size
                         : int64_t(low * std::pow(high / low, share));
    auto solved = allocate(items, std::max(budget, smallestSize(items)), 20000);
    if (!solved)
      return solved.takeError();
    if (curve.empty() || solved->size != curve.back().size)
      curve.push_back(std::move(*solved));
  }
  return curve;
}

} // namespace mixbit
