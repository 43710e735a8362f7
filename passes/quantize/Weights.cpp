//===- Weights.cpp - Which operand is a weight ----------------------------===//
#include "passes/quantize/Weights.h"

using namespace mlir;

namespace mixbit {

OpOperand *weightOperand(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return &linear.getWeightMutable();
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return &embedding.getTableMutable();
  return nullptr;
}

arith::ConstantOp weightConstant(OpOperand *weight) {
  if (!weight)
    return {};
  auto constant = weight->get().getDefiningOp<arith::ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(weight->get().getType());
  if (!constant || !type || type.getRank() != 2 ||
      !isa<Float32Type, Float16Type, BFloat16Type>(type.getElementType()))
    return {};
  return constant;
}

FormatAttr formatAttrOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return linear.getFormatAttr();
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return embedding.getFormatAttr();
  return {};
}

void collectNames(Location location, SmallVectorImpl<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    names.push_back(name.getName());
    collectNames(name.getChildLoc(), names);
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  }
}

bool matchesPattern(StringRef pattern, StringRef name) {
  // Greedy with one step back to the last star, hence linear in practice and
  // never worse than the product of the lengths.
  size_t p = 0, n = 0, star = StringRef::npos, resume = 0;
  while (n != name.size()) {
    if (p != pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p != pattern.size() &&
               (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != StringRef::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.drop_front(p).find_first_not_of('*') == StringRef::npos;
}

} // namespace mixbit
