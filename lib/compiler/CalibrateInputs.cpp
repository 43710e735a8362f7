//===- CalibrateInputs.cpp - Codes and smoothing of what layers read
//-------===//
#include "lib/compiler/CalibrationWalk.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Reference.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace mixbit {

static StaticCodes toCodes(StaticCodesAttr attr) {
  return {StaticCodes::Kind(attr.getKind()),
          float(attr.getStep().getValueAsDouble()),
          float(attr.getScale().getValueAsDouble()), attr.getLow(),
          attr.getHigh()};
}

/// A layer with quantized activations that reads `input`.
std::optional<LinearOp> CalibrationWalk::quantizedReader(Value input) const {
  for (const SegmentLayer &layer : graph.layers)
    if (auto linear = dyn_cast<LinearOp>(layer.op);
        linear && linear.getX() == input && linear.getActivations())
      return linear;
  return std::nullopt;
}

bool CalibrationWalk::quantizeInput(Value input,
                                    MutableArrayRef<float> values) const {
  auto linear = quantizedReader(input);
  if (!linear)
    return false;
  ActivationsAttr activations = *linear->getActivations();
  int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
  unsigned bits = activations.getBits();
  auto found = result.activations.find(linear->getOperation());
  if (found != result.activations.end()) {
    quantizeInPlace(values, found->second, options.threads);
  } else if (activations.getCodes()) {
    quantizeInPlace(values, toCodes(activations.getCodes()), options.threads);
  } else if (bits > 2) {
    quantizeRowsInPlace(values, cols, bits, options.threads);
  } else {
    std::vector<float> few = dequantize(
        quantizeActivations(values, values.size() / cols, cols, bits));
    llvm::copy(few, values.begin());
  }
  return true;
}

void CalibrationWalk::scaleInput(Value input, MutableArrayRef<float> values,
                                 bool divide) const {
  auto found = result.smoothing.find(input);
  if (found == result.smoothing.end())
    return;
  ArrayRef<float> scales = found->second.scales;
  for (size_t i = 0; i != values.size(); ++i) {
    float scale = scales[i % scales.size()];
    values[i] = divide ? values[i] / scale : values[i] * scale;
  }
}

/// Whether all that is made of the layers' weights is this input's product:
/// each waits for a format, is quantized on both sides, and is nobody else's.
bool CalibrationWalk::canSmooth(Value input) const {
  bool any = false;
  for (const SegmentLayer &layer : graph.layers) {
    auto linear = dyn_cast<LinearOp>(layer.op);
    if (!linear || linear.getX() != input)
      continue;
    auto activations = linear.getActivations();
    if (!activations || activations->getCodes() || !pendingFormats(linear) ||
        !layer.weight->hasOneUse())
      return false;
    any = true;
  }
  return any;
}

/// Moves outliers of the inputs at `level` into weights, where it pays.
llvm::Error CalibrationWalk::smooth(unsigned level) {
  constexpr int64_t sampledRows = 192;
  llvm::SetVector<Value> inputs;
  for (const SegmentLayer &layer : graph.layers)
    if (isa<LinearOp>(layer.op) && layer.level == level + 1 &&
        canSmooth(layer.op->getOperand(0)))
      inputs.insert(layer.op->getOperand(0));
  for (Value input : inputs) {
    const Stored &both = stored.find(input)->second;
    int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
    std::vector<float> maxima(cols, 0.0f), rows;
    int64_t all = 0, seen = 0;
    for (size_t batch = 0; batch != batchWeights.size(); ++batch)
      if (!isVaried[batch])
        all += llvm::count_if(rowWeights(input, batch),
                              [](float weight) { return weight != 0; });
    int64_t step = std::max<int64_t>(1, all / sampledRows);
    for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
      if (isVaried[batch])
        continue;
      ArrayRef<float> values = both.rounded[batch]->floats();
      for (auto [row, weight] : llvm::enumerate(rowWeights(input, batch))) {
        if (weight == 0)
          continue;
        ArrayRef<float> x = values.slice(row * cols, cols);
        for (int64_t col = 0; col != cols; ++col)
          maxima[col] = std::max(maxima[col], std::fabs(x[col]));
        if (seen++ % step == 0)
          rows.insert(rows.end(), x.begin(), x.end());
      }
    }
    std::vector<SmoothedWeight> weights;
    std::vector<std::vector<uint8_t>> storages(graph.layers.size());
    ActivationsAttr activations;
    for (auto [index, layer] : llvm::enumerate(graph.layers)) {
      auto linear = dyn_cast<LinearOp>(layer.op);
      if (!linear || linear.getX() != input)
        continue;
      auto data = weightData(layer.weight, storages[index]);
      if (!data)
        return data.takeError();
      int64_t first = 0;
      Segments segments = *pendingFormats(linear);
      for (const Segment &segment : segments) {
        weights.push_back({rowsOf(*data, first, segment.rows), segment.format});
        first += segment.rows;
      }
      activations = *linear.getActivations();
    }
    auto quantize = [&](MutableArrayRef<float> values) {
      if (activations.getMode() == RangeMode::Dynamic) {
        quantizeInput(input, values);
        return;
      }
      RangeSearch search;
      std::vector<float> ones(values.size() / cols, 1.0f);
      search.reach(values, cols, ones);
      search.count(values, cols, ones);
      quantizeInPlace(values, search.finish(activations.getBits()),
                      options.threads);
    };
    auto chosen = chooseSmoothing(rows, maxima, weights, options.smoothing,
                                  quantize, options.threads);
    if (!chosen)
      return llvm::createStringError(
          "weights of '" + nodeName(input.getLoc(), "input") +
          "': " + llvm::toString(chosen.takeError()));
    if (!chosen->scales.empty())
      result.smoothing[input] = std::move(*chosen);
  }
  return llvm::Error::success();
}

/// The static codes of the layers whose inputs have level `level`.
void CalibrationWalk::findCodes(unsigned level) {
  llvm::MapVector<Value, StaticCodes> found;
  for (const SegmentLayer &layer : graph.layers) {
    if (layer.level != level + 1 || !needsCodes(layer.op))
      continue;
    Value input = layer.op->getOperand(0);
    auto [entry, isNew] = found.try_emplace(input);
    if (isNew) {
      const Stored &both = stored.find(input)->second;
      int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
      RangeSearch search;
      for (bool isReached : {false, true})
        for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
          if (isVaried[batch])
            continue;
          std::vector<float> values = both.rounded[batch]->floats().vec();
          scaleInput(input, values, /*divide=*/true);
          std::vector<float> weights = rowWeights(input, batch);
          if (isReached)
            search.count(values, cols, weights);
          else
            search.reach(values, cols, weights);
        }
      entry->second =
          search.finish(cast<LinearOp>(layer.op).getActivations()->getBits());
    }
    result.activations[layer.op] = entry->second;
  }
}

void applyActivations(const CalibrationResult &result) {
  for (auto &[input, smoothing] : result.smoothing) {
    OpBuilder builder(input.getContext());
    builder.setInsertionPointAfterValue(input);
    SmallVector<float> inverse;
    for (float scale : smoothing.scales)
      inverse.push_back(1 / scale);
    auto type =
        RankedTensorType::get({int64_t(inverse.size())}, builder.getF32Type());
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : input.getUses())
      if (isa<LinearOp>(use.getOwner()) && use.getOperandNumber() == 0)
        uses.push_back(&use);
    Location loc = input.getDefiningOp() ? input.getLoc()
                                         : uses.front()->getOwner()->getLoc();
    Value factors = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, ArrayRef<float>(inverse)));
    auto smoothed = BinaryOp::create(builder, loc, input.getType(), input,
                                     factors, BinaryKind::Mul);
    for (OpOperand *use : uses)
      use->set(smoothed);
  }
  for (auto &[op, codes] : result.activations) {
    Builder builder(op->getContext());
    cast<LinearOp>(op).setActivationsAttr(ActivationsAttr::get(
        StaticCodesAttr::get(op->getContext(), CodeKind(codes.kind),
                             builder.getF32FloatAttr(codes.step),
                             builder.getF32FloatAttr(codes.scale), codes.low,
                             codes.high)));
  }
}

} // namespace mixbit
