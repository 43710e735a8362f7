//===- Calibrate.cpp - Rounding weights on calibration data
//----------------===//
#include "lib/compiler/Calibrate.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/compiler/CalibrationWalk.h"
#include "lib/quant/Reference.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mixbit {

/// What a weight has been rounded to, as values.
static std::shared_ptr<Tensor> valuesOf(ArrayRef<QuantizedMatrix> segments,
                                        int64_t rows, int64_t cols) {
  auto tensor =
      std::make_shared<Tensor>(MIXBIT_F32, std::vector<int64_t>{rows, cols});
  auto *out = reinterpret_cast<float *>(tensor->data.data());
  for (const QuantizedMatrix &segment : segments)
    out = llvm::copy(dequantize(segment), out);
  return tensor;
}

LayerRounding describeRounding(Operation *op,
                               const SegmentedGptqResult &rounded) {
  double energy = rounded.energy > 0 ? rounded.energy : 1;
  return {nodeName(op->getLoc(), "linear"), rounded.error / energy,
          rounded.nearestError / energy};
}

llvm::Error CalibrationWalk::roundTables() {
  for (const SegmentLayer &layer : graph.layers) {
    if (!isa<EmbeddingOp>(layer.op) || roundedTensors.contains(layer.weight))
      continue;
    std::vector<uint8_t> storage;
    auto data = weightData(layer.weight, storage);
    if (!data)
      return data.takeError();
    // Tables in segments are refused when all formats are checked.
    Segments segments = *pendingFormats(layer.op);
    if (segments.size() > 1)
      continue;
    auto matrix = roundToSearchedScales(*data, segments.front().format, {},
                                        options.threads);
    if (!matrix)
      return weightError(layer.weight, matrix.takeError());
    roundedTensors[layer.weight] =
        valuesOf(*matrix, matrix->rows, matrix->cols);
    auto &rounded = result.weights[{layer.weight, formatAttrOf(layer.op)}];
    rounded.clear();
    rounded.push_back(std::move(*matrix));
    anyRounded = true;
  }
  return llvm::Error::success();
}

llvm::Expected<GramStatistics> CalibrationWalk::gather(Value input) {
  const Stored &both = stored.find(input)->second;
  int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
  GramAccumulator sums(cols, anyRounded || quantizedReader(input).has_value(),
                       options.threads);
  for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
    std::vector<float> exact = both.exact[batch]->floats().vec();
    std::vector<float> rounded = both.rounded[batch]->floats().vec();
    scaleInput(input, exact, /*divide=*/true);
    scaleInput(input, rounded, /*divide=*/true);
    quantizeInput(input, rounded);
    sums.add(rounded, exact, rowWeights(input, batch));
  }
  return sums.finish();
}

llvm::Error CalibrationWalk::roundLayer(const SegmentLayer &layer,
                                        const GramStatistics &statistics) {
  std::vector<uint8_t> storage;
  auto data = weightData(layer.weight, storage);
  if (!data)
    return data.takeError();
  std::vector<float> scaled;
  auto smoothing = result.smoothing.find(layer.op->getOperand(0));
  if (smoothing != result.smoothing.end()) {
    scaled = scaleColumns(*data, smoothing->second.scales);
    data->data = scaled.data();
    data->kind = FloatKind::F32;
  }
  GptqOptions rounding = options.rounding;
  rounding.threads = options.threads;
  auto rounded = roundSegmentsWithGram(*data, *pendingFormats(layer.op),
                                       statistics, rounding);
  if (!rounded)
    return weightError(layer.weight, rounded.takeError());
  std::shared_ptr<Tensor> values =
      valuesOf(rounded->segments, data->rows, data->cols);
  scaleInput(layer.op->getOperand(0),
             MutableArrayRef(reinterpret_cast<float *>(values->data.data()),
                             data->rows * data->cols),
             /*divide=*/true);
  roundedTensors[layer.weight] = values;
  result.layers.push_back(describeRounding(layer.op, *rounded));
  result.weights[{layer.weight, formatAttrOf(layer.op)}] =
      std::move(rounded->segments);
  return llvm::Error::success();
}

/// The layers whose inputs have level `level`.
llvm::Error CalibrationWalk::roundLevel(unsigned level) {
  if (!options.smoothing.empty())
    if (llvm::Error error = smooth(level))
      return error;
  findCodes(level);
  llvm::SetVector<Value> inputs;
  auto isRounding = [](Operation *op) {
    return isa<LinearOp>(op) && pendingFormats(op);
  };
  for (const SegmentLayer &layer : graph.layers)
    if (isRounding(layer.op) && layer.level == level + 1 &&
        !roundedTensors.contains(layer.weight))
      inputs.insert(layer.op->getOperand(0));
  for (Value input : inputs) {
    auto statistics = gather(input);
    if (!statistics)
      return statistics.takeError();
    for (const SegmentLayer &layer : graph.layers)
      if (isRounding(layer.op) && layer.op->getOperand(0) == input &&
          !roundedTensors.contains(layer.weight))
        if (llvm::Error error = roundLayer(layer, *statistics))
          return error;
  }
  anyRounded |= !inputs.empty() || !result.activations.empty();
  return llvm::Error::success();
}

llvm::Error CalibrationWalk::run(const CalibrationData &data) {
  auto isLayer = [](Operation *op) {
    return pendingFormats(op) || needsCodes(op);
  };
  WalkResult any = func.walk([&](Operation *op) {
    return isLayer(op) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (!any.wasInterrupted())
    return llvm::Error::success();
  if (llvm::Error error = cut(isLayer))
    return error;
  if (llvm::Error error = load(data))
    return error;
  step();
  auto built = GraphLibrary::build(*graph.module, options.threads, diagnostics);
  if (!built)
    return built.takeError();
  library = std::move(*built);
  if (llvm::Error error = roundTables())
    return error;
  for (unsigned level = 0; level != graph.segments.size(); ++level) {
    if (level)
      step();
    if (llvm::Error error = runSegment(level))
      return error;
    release(level + 1);
    if (llvm::Error error = roundLevel(level))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<CalibrationResult>
roundOnCalibration(ModuleOp module, const CalibrationData &data,
                   const CalibrateOptions &options, raw_ostream &diagnostics) {
  CalibrationResult result;
  for (auto func : module.getOps<func::FuncOp>())
    if (llvm::Error error =
            CalibrationWalk(func, options, result, diagnostics).run(data))
      return std::move(error);
  return std::move(result);
}

} // namespace mixbit
