//===- MergeLinears.cpp - One contraction for queries, keys, values -------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/kernelize/Passes.h"
#include "passes/kernelize/PlanBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MERGELINEARS
#include "passes/kernelize/Passes.h.inc"

/// The constants' bytes one after the other, as one tensor whose first
/// dimension is the sum of theirs. Null if the bytes are not at hand.
static ElementsAttr stack(ArrayRef<ElementsAttr> parts) {
  auto first = cast<RankedTensorType>(parts.front().getType());
  SmallVector<int64_t> shape(first.getShape());
  shape[0] = 0;
  std::vector<std::vector<uint8_t>> storage(parts.size());
  SmallVector<ArrayRef<uint8_t>> bytes;
  size_t total = 0;
  for (auto [part, owned] : llvm::zip(parts, storage)) {
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getElementType() != first.getElementType() ||
        type.getShape().drop_front() != first.getShape().drop_front())
      return {};
    std::optional<ArrayRef<uint8_t>> data = constantBytes(part, owned);
    if (!data)
      return {};
    bytes.push_back(*data);
    total += data->size();
    shape[0] += type.getDimSize(0);
  }
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(total, 64);
  char *out = blob.getMutableData().data();
  for (ArrayRef<uint8_t> part : bytes)
    out = std::copy(part.begin(), part.end(), out);
  return DenseResourceElementsAttr::get(
      RankedTensorType::get(shape, first.getElementType()), "stacked",
      std::move(blob));
}

static ElementsAttr constantData(Value value) {
  auto constant = value ? value.getDefiningOp<arith::ConstantOp>() : nullptr;
  return constant ? dyn_cast<ElementsAttr>(constant.getValue())
                  : ElementsAttr();
}

/// The weights one above the other; null if their formats cannot be stacked.
static Value stackWeights(OpBuilder &builder, ArrayRef<LinearOp> linears) {
  LinearOp firstLinear = linears.front();
  Location loc = firstLinear.getLoc();
  auto first = cast<RankedTensorType>(firstLinear.getWeight().getType());
  SmallVector<ElementsAttr> floats, codes, scales, zeros;
  int64_t rows = 0;
  for (LinearOp linear : linears) {
    auto type = cast<RankedTensorType>(linear.getWeight().getType());
    if (type.getElementType() != first.getElementType() ||
        type.getDimSize(1) != first.getDimSize(1))
      return {};
    rows += type.getDimSize(0);
    if (auto constant =
            linear.getWeight().getDefiningOp<QuantizedConstantOp>()) {
      // Segments take a launch each, stacked or not.
      auto format = dyn_cast<QuantizedTypeInterface>(type.getElementType());
      if (!format)
        return {};
      int64_t groupRows = format.getGroupShape()[0];
      // Groups of rows must not reach across the seam.
      if (groupRows == 0 || type.getDimSize(0) % groupRows != 0)
        return {};
      codes.push_back(constant.getCodes());
      scales.push_back(constant.getScales());
      if (constant.getZeros())
        zeros.push_back(*constant.getZeros());
    } else if (ElementsAttr data = constantData(linear.getWeight())) {
      floats.push_back(data);
    } else {
      return {};
    }
  }
  auto type = RankedTensorType::get({rows, first.getDimSize(1)},
                                    first.getElementType());
  if (floats.size() == linears.size()) {
    auto data = dyn_cast_or_null<TypedAttr>(stack(floats));
    return data ? arith::ConstantOp::create(builder, loc, data) : Value();
  }
  if (codes.size() != linears.size() ||
      (!zeros.empty() && zeros.size() != linears.size()))
    return {};
  ElementsAttr allCodes = stack(codes), allScales = stack(scales);
  ElementsAttr allZeros = zeros.empty() ? ElementsAttr() : stack(zeros);
  if (!allCodes || !allScales || (!zeros.empty() && !allZeros))
    return {};
  return QuantizedConstantOp::create(builder, loc, type, allCodes, allScales,
                                     allZeros);
}

/// The biases one after the other, or null if one is missing or no constant.
static Value stackBiases(OpBuilder &builder, ArrayRef<LinearOp> linears) {
  SmallVector<ElementsAttr> parts;
  for (LinearOp linear : linears) {
    ElementsAttr data = constantData(linear.getBias());
    if (!data)
      return {};
    parts.push_back(data);
  }
  auto data = dyn_cast_or_null<TypedAttr>(stack(parts));
  LinearOp first = linears.front();
  return data ? arith::ConstantOp::create(builder, first.getLoc(), data)
              : Value();
}

namespace {
struct MergeLinears : impl::MergeLinearsBase<MergeLinears> {
  using MergeLinearsBase::MergeLinearsBase;

  void runOnOperation() override {
    FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(getOperation());
    if (failed(shapes))
      return signalPassFailure();
    SmallVector<AttentionOp> attentions;
    getOperation().walk([&](AttentionOp op) { attentions.push_back(op); });
    for (AttentionOp op : attentions)
      merge(op, *shapes);
  }

  void merge(AttentionOp op, const SymbolicShapes &shapes) {
    SmallVector<LinearOp> linears;
    for (Value value : {op.getQ(), op.getK(), op.getV()}) {
      auto linear = value.getDefiningOp<LinearOp>();
      if (!linear || !value.hasOneUse() || llvm::is_contained(linears, linear))
        return;
      if (!linears.empty()) {
        LinearOp first = linears.front();
        if (linear.getX() != first.getX() ||
            linear.getActivations() != first.getActivations() ||
            !linear.getBias() != !first.getBias())
          return;
      }
      linears.push_back(linear);
    }
    LinearOp last = linears.front();
    for (LinearOp linear : linears)
      if (last->isBeforeInBlock(linear))
        last = linear;
    OpBuilder builder(last);
    Value bias;
    if (last.getBias() && !(bias = stackBiases(builder, linears)))
      return;
    Value weight = stackWeights(builder, linears);
    if (!weight) {
      if (bias)
        bias.getDefiningOp()->erase();
      return;
    }
    int64_t columns = cast<RankedTensorType>(weight.getType()).getDimSize(0);
    auto type = cast<RankedTensorType>(op.getQ().getType());
    SmallVector<int64_t> extents(type.getShape());
    extents.back() = columns;
    auto stacked = LinearOp::create(
        builder, last.getLoc(),
        RankedTensorType::get(extents, type.getElementType()), last.getX(),
        weight, bias, linears.front().getActivationsAttr(), SensitivityAttr(),
        FormatAttr());
    unsigned numSymbols = 0;
    if (auto symbols = getOperation()->getAttrOfType<ArrayAttr>(kSymbolsAttr))
      numSymbols = symbols.size();
    int64_t start = 0;
    for (LinearOp linear : linears) {
      auto resultType = cast<RankedTensorType>(linear.getType());
      const SymbolicShape &shape = shapes.find(linear.getResult())->second;
      SmallVector<AffineExpr> starts(shape.size(),
                                     getAffineConstantExpr(0, &getContext()));
      starts.back() = getAffineConstantExpr(start, &getContext());
      start += resultType.getShape().back();
      SmallVector<int64_t> steps(shape.size(), 1);
      auto slice = SliceOp::create(
          builder, linear.getLoc(), resultType, stacked.getResult(),
          AffineMap::get(0, numSymbols, starts, &getContext()),
          AffineMap::get(0, numSymbols, shape, &getContext()), steps);
      linear.getResult().replaceAllUsesWith(slice.getResult());
    }
    for (LinearOp linear : linears) {
      auto constant = linear.getWeight().getDefiningOp<arith::ConstantOp>();
      linear.erase();
      if (!constant || !constant->use_empty())
        continue;
      releaseData(constant);
      constant.erase();
    }
    merged += linears.size() - 1;
  }
};
} // namespace
} // namespace mixbit
