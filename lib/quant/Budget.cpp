//===- Budget.cpp - How large or how slow a model may be ------------------===//
#include "lib/quant/Budget.h"

#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

namespace {
struct UnitName {
  StringRef name;
  BudgetUnit unit;
};
constexpr UnitName kUnits[] = {{"bits", BudgetUnit::Bits},
                               {"%", BudgetUnit::Percent},
                               {"MB", BudgetUnit::Megabytes},
                               {"ms", BudgetUnit::Milliseconds}};
} // namespace

Expected<Budget> parseBudget(StringRef text) {
  auto fail = [&](const Twine &what) {
    return createStringError(inconvertibleErrorCode(),
                             "expected " + what + ", but got '" + text + "'");
  };
  StringRef number = text.take_while(
      [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  StringRef unit = text.drop_front(number.size());
  Budget budget;
  if (number.empty() || number.getAsDouble(budget.value))
    return fail("a number and a unit, such as 3.2bits, 13x, 30%, 12MB or 8ms");
  bool isCompression = unit == "x"; // of 32 bits
  if (isCompression)
    unit = "bits";
  const UnitName *known = llvm::find_if(
      kUnits, [&](const UnitName &entry) { return entry.name == unit; });
  if (known == std::end(kUnits))
    return fail("a unit of bits, x, %, MB or ms");
  if (!std::isfinite(budget.value) || budget.value <= 0 || budget.value > 1e9)
    return fail("a budget above 0 and of at most 1e9");
  budget.unit = known->unit;
  if (isCompression)
    budget.value = 32 / budget.value;
  return budget;
}

static std::string textOf(double value, BudgetUnit unit) {
  std::string text = std::to_string(value);
  size_t point = text.find('.');
  text.resize(std::min(text.size(), point + 5));
  while (text.back() == '0')
    text.pop_back();
  if (text.back() == '.')
    text.pop_back();
  for (const UnitName &entry : kUnits)
    if (entry.unit == unit)
      text += entry.name;
  return text;
}

std::string budgetText(const Budget &budget) {
  return textOf(std::round(budget.value * 1e4) / 1e4 + 1e-9, budget.unit);
}

std::string budgetTextAbove(const Budget &budget) {
  return textOf(std::ceil(budget.value * 1e4 - 1e-6) / 1e4 + 1e-9, budget.unit);
}

} // namespace mixbit
