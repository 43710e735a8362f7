//===- Targets.cpp - What the loss compares with --------------------------===//
#include "lib/measure/MeasureState.h"

#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"

#include <cmath>

using namespace mlir;
using llvm::createStringError;
using llvm::Expected;

namespace mixbit {

std::vector<int64_t>
SensitivityMeter::State::chooseSamples(int64_t most) const {
  int64_t count = std::min(samples.count, most);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i)
    chosen.push_back(i * samples.count / count);
  return chosen;
}

Expected<std::vector<int64_t>>
SensitivityMeter::State::logitsShape(ArrayRef<Tensor> inputs) {
  return shapeOf(logitsExtents, inputs);
}

Expected<std::vector<int64_t>>
SensitivityMeter::State::shapeOf(ArrayRef<AffineExpr> extents,
                                 ArrayRef<Tensor> inputs) {
  auto names = func->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  SmallVector<AffineExpr> symbols(names ? names.size() : 0,
                                  getAffineConstantExpr(0, func.getContext()));
  for (auto [index, input] : llvm::enumerate(inputs)) {
    auto map = func.getArgAttrOfType<AffineMapAttr>(index, kDimsAttr);
    for (size_t dim = 0; map && dim != input.shape.size(); ++dim)
      if (auto symbol =
              dyn_cast<AffineSymbolExpr>(map.getValue().getResult(dim)))
        symbols[symbol.getPosition()] =
            getAffineConstantExpr(input.shape[dim], func.getContext());
  }
  std::vector<int64_t> shape;
  for (AffineExpr extent : extents) {
    std::optional<int64_t> value =
        constantValue(normalize(extent.replaceSymbols(symbols)));
    if (!value)
      return createStringError(
          "expected an output whose shape follows from the inputs'");
    shape.push_back(*value);
  }
  return shape;
}

Expected<Tensor> SensitivityMeter::State::noTargets(ArrayRef<Tensor> inputs) {
  Expected<std::vector<int64_t>> shape = logitsShape(inputs);
  if (!shape)
    return shape.takeError();
  return Tensor(MIXBIT_F32, std::move(*shape));
}

bool SensitivityMeter::State::isLeftOut(const Batch &batch, int64_t row,
                                        int64_t rows) const {
  int64_t sample = row / rows;
  if (sample >= (int64_t)batch.samples.size())
    return true;
  // One row a token: those of padding.
  return batch.length > 0 && rows == batch.length &&
         batcher->isPadding(batch.samples[sample], row % rows);
}

Expected<Tensor>
SensitivityMeter::State::labelTargets(const Batch &batch,
                                      std::vector<int64_t> shape) const {
  Tensor targets(MIXBIT_F32, shape);
  int64_t classes = shape.back();
  int64_t rows = targets.numElements() / classes / batch.size;
  const Tensor &labels = *samples.labels;
  int64_t each = labels.numElements() / samples.count;
  // Labels of padding that was cut are not looked at.
  if (each != rows && !(batch.length == rows && each > rows))
    return createStringError("expected " + Twine(rows) +
                             " labels a sample, one for each row of the "
                             "output, but got labels of shape " +
                             shapeText(labels.shape));
  for (int64_t row = 0; row < batch.size * rows; ++row) {
    if (isLeftOut(batch, row, rows))
      continue;
    int64_t sample = batch.samples[row / rows];
    int64_t label = labels.integerAt(sample * each + row % rows);
    if (label >= classes)
      return createStringError("expected labels below " + Twine(classes) +
                               ", the number of classes, but got " +
                               Twine(label) + " for sample " + Twine(sample));
    if (label >= 0)
      targets.setFloat(row * classes + label, 1);
  }
  return targets;
}

Tensor SensitivityMeter::State::ownTargets(const Batch &batch,
                                           const Tensor &logits,
                                           std::optional<int64_t> draw) const {
  Tensor targets(MIXBIT_F32, logits.shape);
  int64_t classes = logits.shape.back();
  int64_t rows = logits.numElements() / classes / batch.size;
  std::vector<double> p(classes);
  for (int64_t row = 0; row < batch.size * rows; ++row) {
    if (isLeftOut(batch, row, rows))
      continue;
    double most = -INFINITY, sum = 0;
    for (int64_t c = 0; c < classes; ++c)
      most = std::max<double>(most, logits.floatAt(row * classes + c));
    for (int64_t c = 0; c < classes; ++c)
      sum += p[c] = std::exp(logits.floatAt(row * classes + c) - most);
    if (!draw) {
      for (int64_t c = 0; c < classes; ++c)
        targets.setFloat(row * classes + c, p[c] / sum);
      continue;
    }
    uint64_t bits = mixBits(options.seed ^ mixBits(*draw));
    bits =
        mixBits(bits ^ mixBits(batch.samples[row / rows] * 65536 + row % rows));
    double left = (bits >> 11) * 0x1p-53 * sum;
    int64_t chosen = 0;
    while (chosen + 1 < classes && left >= p[chosen])
      left -= p[chosen++];
    targets.setFloat(row * classes + chosen, 1);
  }
  return targets;
}

} // namespace mixbit
