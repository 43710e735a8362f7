//===- Policy.h - Ways to give formats to weights ---------------*- C++ -*-===//
//
// The allocation, and the others that it is compared with.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Allocate.h"
#include "lib/quant/Format.h"

#include <string>

namespace mixbit {

struct FormatChoice {
  Format format;
  int64_t size = 0; ///< in the unit of the budget
  double cost = 0;  ///< the predicted loss
};

/// A weight that waits for a format.
struct WeightChoices {
  std::string name;
  int64_t parameters = 0;
  std::vector<FormatChoice> choices;
};

enum class AllocationPolicy {
  /// The least predicted loss within the budget (Allocate.h).
  Optimal,
  /// Layer by layer between two formats, as NNCF and Olive do: all weights get
  /// the best uniform format within the budget, then the most sensitive ones,
  /// by predicted loss, the next larger one, while it fits.
  Greedy,
  /// Optimal for sensitivities in reversed order: the most sensitive weight (by
  /// predicted loss a parameter) is taken for the least sensitive one, and so
  /// on. Shows what the order is worth.
  Reversed,
  /// One format for all.
  Uniform,
};

/// "optimal", "greedy", "reversed", "uniform".
llvm::StringRef policyName(AllocationPolicy policy);
llvm::Expected<AllocationPolicy> parsePolicy(llvm::StringRef name);

/// The items of the knapsack.
std::vector<AllocationItem> itemsOf(llvm::ArrayRef<WeightChoices> weights);

/// An allocation of at most `budget`; its cost is the predicted loss, and its
/// lower bound that of the optimum where the policy is Optimal. Fails as
/// `allocate` does, and where no format of the weights' common ones fits.
llvm::Expected<Allocation>
allocateFormats(llvm::ArrayRef<WeightChoices> weights, int64_t budget,
                AllocationPolicy policy);

} // namespace mixbit
