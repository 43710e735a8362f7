//===- Weights.cpp - Which operand is a weight ----------------------------===//
#include "passes/quantize/Weights.h"
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"

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

/// Codes that no other placeholder has: equal weights would be stored once.
static QuantizedMatrix makePlaceholder(const Format &format, int64_t rows,
                                       int64_t cols, size_t number) {
  QuantizedMatrix matrix;
  matrix.format = format;
  matrix.rows = rows;
  matrix.cols = cols;
  int64_t groups = format.numGroups(rows, cols);
  matrix.codes.resize(rows * format.rowBytes(cols));
  matrix.scales.assign(groups, 1 + float(number) / 1024);
  // A bit of the number in every other one: codes of 0 and 1, which all formats
  // have.
  for (size_t bit = 0; bit != std::min<size_t>(32, 4 * matrix.codes.size());
       ++bit)
    matrix.codes[bit / 4] |= (number >> bit & 1) << (bit % 4 * 2);
  if (format.hasZero())
    matrix.zeros.resize(groups);
  return matrix;
}

RoundedWeights makePlaceholderWeights(ModuleOp module) {
  RoundedWeights weights;
  size_t number = 0;
  module.walk([&](Operation *op) {
    FormatAttr attr = formatAttrOf(op);
    arith::ConstantOp constant = weightConstant(weightOperand(op));
    if (!attr || !constant || weights.count({constant, attr}))
      return;
    auto type = cast<RankedTensorType>(constant.getType());
    std::optional<Segments> segments =
        segmentsOf(attr.getType(), type.getDimSize(0));
    if (!segments || llvm::any_of(*segments, [](const Segment &segment) {
          return segment.format.isFloat();
        }))
      return;
    auto &matrices = weights[{constant, attr}];
    for (const Segment &segment : *segments)
      matrices.push_back(makePlaceholder(segment.format, segment.rows,
                                         type.getDimSize(1), number++));
  });
  return weights;
}

/// Which linears of a function see as many rows as it has samples; empty where
/// the function does not say.
static llvm::DenseSet<Operation *> findPooled(func::FuncOp func) {
  llvm::DenseSet<Operation *> pooled;
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    bool isKnown = func.getArgAttr(argument.getArgNumber(), kDimsAttr) ||
                   (type && type.hasStaticShape() && type.getRank() > 0);
    if (!isKnown)
      return pooled;
  }
  if (func.getNumArguments() == 0 || func.isExternal())
    return pooled;
  FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
  if (failed(shapes))
    return pooled;
  const SymbolicShape &first = shapes->find(func.getArgument(0))->second;
  if (first.empty())
    return pooled;
  func.walk([&](LinearOp linear) {
    ArrayRef<AffineExpr> rows =
        ArrayRef(shapes->find(linear.getX())->second).drop_back();
    if (provablyEqual(product(rows, func.getContext()), first.front()))
      pooled.insert(linear);
  });
  return pooled;
}

llvm::DenseSet<Operation *> findHeads(ModuleOp module) {
  llvm::DenseSet<Operation *> heads;
  module.walk([&](func::FuncOp func) {
    llvm::DenseSet<Operation *> pooled = findPooled(func);
    bool hasOthers = false;
    func.walk([&](LinearOp linear) {
      auto type = cast<RankedTensorType>(linear.getWeight().getType());
      bool isSmall = matrixShapeOf(type).rows < kLeastOutputs;
      if (isSmall)
        heads.insert(linear);
      else
        hasOthers |= !pooled.contains(linear);
    });
    if (hasOthers)
      heads.insert_range(pooled);
  });
  return heads;
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
