//===- Allocate.h - Formats under a budget ----------------------*- C++ -*-===//
//
// The multiple-choice knapsack problem: of every item (a weight, or a segment
// of one) exactly one choice (a format) is taken, so that the sizes sum to no
// more than a budget and the costs (predicted losses) to as little as can be.
//
// How it is solved (Kellerer, Pferschy, Pisinger, "Knapsack Problems", 2004,
// chapter 11). Choices that are larger and no better than another are dropped.
// The linear relaxation takes steps along each item's convex hull in the order
// of cost saved a unit of size; its last step gives the multiplier l, and with
// it the bound
//
//   cost >= sum_i min_j (c_ij + l s_ij) - l budget.
//
// Choices that cannot beat the relaxation's rounded solution by that bound are
// dropped; over the rest, a dynamic program keeps the states that no other one
// dominates and that the bound does not exclude. It ends with an optimum,
// unless a level held more states than allowed: then the best are kept, and
// the bound of what was let go is returned.
//
// Deterministic: ties go to the earlier item and the smaller choice.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace mixbit {

/// One way to store an item.
struct AllocationChoice {
  int64_t size = 0; ///< in the unit of the budget: bits, bytes, nanoseconds
  double cost = 0;  ///< finite; what the sum minimizes
};

/// Exactly one of the choices is taken.
struct AllocationItem {
  std::vector<AllocationChoice> choices;
};

struct Allocation {
  std::vector<unsigned> chosen; ///< an index into each item's choices
  int64_t size = 0;
  double cost = 0;
  /// No allocation within the budget costs less. Equal to `cost` up to
  /// rounding (1e-9 of the sum of all costs) where the optimum is proven.
  double lowerBound = 0;

  double gap() const { return cost - lowerBound; }
};

/// The least size that any allocation has.
int64_t smallestSize(llvm::ArrayRef<AllocationItem> items);

/// The size and cost of taking `chosen`.
Allocation measureAllocation(llvm::ArrayRef<AllocationItem> items,
                             std::vector<unsigned> chosen);

/// The cheapest allocation of at most `budget`. Fails on a budget below
/// `smallestSize`, an item without choices, a negative size or a cost that is
/// not finite. `maxStates` bounds the memory (24 bytes a state and item).
llvm::Expected<Allocation> allocate(llvm::ArrayRef<AllocationItem> items,
                                    int64_t budget, size_t maxStates = 200000);

/// What `allocate` returns for `points` budgets from the smallest size to that
/// of the least cost, evenly spaced in the logarithm, each solution once.
llvm::Expected<std::vector<Allocation>>
paretoCurve(llvm::ArrayRef<AllocationItem> items, unsigned points);

} // namespace mixbit
