//===- Weights.cpp - Which operand is a weight ----------------------------===//
#include "passes/quantize/Weights.h"
#include "dialects/mixbit/FormatTypes.h"

#include "llvm/ADT/MapVector.h"

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

void setFormatAttr(Operation *op, FormatAttr format) {
  if (auto linear = dyn_cast<LinearOp>(op))
    linear.setFormatAttr(format);
  else
    cast<EmbeddingOp>(op).setFormatAttr(format);
}

SensitivityAttr sensitivityAttrOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return linear.getSensitivityAttr();
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return embedding.getSensitivityAttr();
  return {};
}

void setSensitivityAttr(Operation *op, SensitivityAttr sensitivity) {
  if (auto linear = dyn_cast<LinearOp>(op))
    linear.setSensitivityAttr(sensitivity);
  else
    cast<EmbeddingOp>(op).setSensitivityAttr(sensitivity);
}

SmallVector<WeightUsers> collectWeights(ModuleOp module) {
  llvm::MapVector<Operation *, WeightUsers> weights;
  module.walk([&](Operation *op) {
    if (arith::ConstantOp constant = weightConstant(weightOperand(op))) {
      WeightUsers &weight = weights[constant];
      weight.constant = constant;
      weight.users.push_back(op);
    }
  });
  SmallVector<WeightUsers> result;
  for (auto &entry : weights)
    result.push_back(std::move(entry.second));
  return result;
}

FailureOr<FloatMatrix> floatMatrix(arith::ConstantOp constant,
                                   std::vector<uint8_t> &storage) {
  auto type = cast<RankedTensorType>(constant.getType());
  auto value = dyn_cast<ElementsAttr>(constant.getValue());
  auto bytes = value ? constantBytes(value, storage) : std::nullopt;
  Type element = type.getElementType();
  FloatKind kind = element.isF16()    ? FloatKind::F16
                   : element.isBF16() ? FloatKind::BF16
                                      : FloatKind::F32;
  FloatMatrix matrix{nullptr, kind, type.getDimSize(0), type.getDimSize(1)};
  if (!bytes ||
      bytes->size() != llvm::SaturatingMultiply(
                           llvm::SaturatingMultiply(uint64_t(matrix.rows),
                                                    uint64_t(matrix.cols)),
                           uint64_t(floatBytes(kind))))
    return failure();
  matrix.data = bytes->data();
  return matrix;
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
