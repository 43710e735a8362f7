//===- Budget.h - How large or how slow a model may be ----------*- C++ -*-===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mixbit {

enum class BudgetUnit {
  Bits,         ///< a weight of linear layers, scales counted
  Percent,      ///< of the fp32 bytes of linear layers and embeddings
  Megabytes,    ///< of the whole file, 10^6 bytes
  Milliseconds, ///< of all linear layers, on this machine
};

struct Budget {
  BudgetUnit unit = BudgetUnit::Bits;
  double value = 0; ///< positive, finite
};

/// Parses "3.2bits", "13x" (of the 32 bits of fp32: 32/13 bits), "30%", "12MB"
/// or "8ms".
llvm::Expected<Budget> parseBudget(llvm::StringRef text);

/// "3.2bits": what parseBudget reads, to at most four digits behind the point.
std::string budgetText(const Budget &budget);
/// The same, rounded up: so small a budget is possible if `budget` is.
std::string budgetTextAbove(const Budget &budget);

} // namespace mixbit
