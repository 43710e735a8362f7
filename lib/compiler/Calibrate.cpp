//===- Calibrate.cpp - Rounding weights on calibration data ---------------===//
#include "lib/compiler/Calibrate.h"

#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/MemoryTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/calibrate/Gram.h"
#include "lib/calibrate/Segments.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/quant/Reference.h"

#include "llvm/ADT/SetVector.h"

#include <cstring>
#include <numeric>

using namespace mlir;

namespace mixbit {
namespace {

using TensorPtr = std::shared_ptr<const Tensor>;

/// The formats that a layer's weight waits for, if calibration rounds it.
std::optional<Segments> pendingFormats(Operation *op) {
  FormatAttr attr = formatAttrOf(op);
  arith::ConstantOp constant = weightConstant(weightOperand(op));
  // Weights that lie on a grid lose nothing.
  if (!attr || attr.getReason() == "grid" || !constant)
    return std::nullopt;
  auto type = cast<RankedTensorType>(constant.getType());
  std::optional<Segments> segments =
      segmentsOf(attr.getType(), type.getDimSize(0));
  // What is wrong with floats among them is said where weights are rounded.
  if (segments && llvm::any_of(*segments, [](const Segment &segment) {
        return segment.format.isFloat();
      }))
    return std::nullopt;
  return segments;
}

/// What a weight has been rounded to, as values.
std::shared_ptr<Tensor> valuesOf(ArrayRef<QuantizedMatrix> segments,
                                 int64_t rows, int64_t cols) {
  auto tensor =
      std::make_shared<Tensor>(MIXBIT_F32, std::vector<int64_t>{rows, cols});
  auto *out = reinterpret_cast<float *>(tensor->data.data());
  for (const QuantizedMatrix &segment : segments)
    out = llvm::copy(dequantize(segment), out);
  return tensor;
}

/// Whether the layer's static activations wait for their codes.
bool needsCodes(Operation *op) {
  auto linear = dyn_cast<LinearOp>(op);
  auto activations = linear ? linear.getActivations() : std::nullopt;
  return activations && activations->getMode() == RangeMode::Static &&
         !activations->getCodes() && weightConstant(weightOperand(op));
}

StaticCodes toCodes(StaticCodesAttr attr) {
  return {StaticCodes::Kind(attr.getKind()),
          float(attr.getStep().getValueAsDouble()),
          float(attr.getScale().getValueAsDouble()), attr.getLow(),
          attr.getHigh()};
}

/// One function's walk.
class Walk {
public:
  Walk(func::FuncOp func, const CalibrateOptions &options,
       CalibrationResult &result, raw_ostream &diagnostics)
      : func(func), options(options), result(result), diagnostics(diagnostics) {
  }

  llvm::Error run(const CalibrationData &data);

private:
  /// A value on both paths, a tensor a batch; the same ones while nothing has
  /// been rounded.
  struct Stored {
    std::vector<TensorPtr> exact, rounded;
  };

  llvm::Error load(const CalibrationData &data);
  std::optional<size_t> findTrimmedInputs(SmallVectorImpl<bool> &trims);
  llvm::Error runSegment(unsigned level);
  llvm::Expected<std::vector<TensorPtr>> runPath(const GraphSegment &segment,
                                                 ArrayRef<TensorPtr> weights,
                                                 bool isRounded, size_t batch);
  llvm::Expected<SmallVector<TensorPtr>> weightsOf(const GraphSegment &segment,
                                                   bool isRounded);
  llvm::Error roundTables();
  llvm::Error roundLevel(unsigned level);
  llvm::Expected<GramStatistics> gather(Value input);
  llvm::Error roundLayer(const SegmentLayer &layer,
                         const GramStatistics &statistics);
  void release(unsigned level);
  llvm::Expected<FloatMatrix> weightData(arith::ConstantOp constant,
                                         std::vector<uint8_t> &storage);
  /// The constant as floats, and as it has been rounded.
  llvm::Expected<TensorPtr> weightTensor(arith::ConstantOp constant,
                                         bool isRounded);
  std::vector<float> rowWeights(Value input, size_t batch);
  void findCodes(unsigned level);
  llvm::Error smooth(unsigned level);
  bool canSmooth(Value input) const;
  /// Columns times their scales, or divided by them, if `input` is smoothed.
  void scaleInput(Value input, MutableArrayRef<float> values,
                  bool divide) const;
  std::optional<LinearOp> quantizedReader(Value input) const;
  /// What the layers that read `input` make of it; false for floats.
  bool quantizeInput(Value input, MutableArrayRef<float> values) const;
  void step() {
    if (options.progress)
      options.progress(done++, graph.segments.size());
  }

  func::FuncOp func;
  const CalibrateOptions &options;
  CalibrationResult &result;
  raw_ostream &diagnostics;

  SegmentedGraph graph;
  std::optional<GraphLibrary> library;
  std::vector<float> batchWeights; ///< of each sample of a batch
  std::vector<std::string> batchPaths;
  llvm::DenseMap<Value, Stored> stored;
  llvm::DenseMap<Value, Value> masks;
  /// What each constant has been rounded to, as values; the first format of a
  /// shared one counts.
  llvm::DenseMap<Operation *, TensorPtr> roundedTensors;
  bool anyRounded = false;
  int64_t done = 0;
};

/// The input that is the mask of all rows, if what it hides at the end of a
/// batch can be left out: its second dimension is a symbol that is nowhere but
/// the second dimension of inputs, which `trims` marks.
std::optional<size_t> Walk::findTrimmedInputs(SmallVectorImpl<bool> &trims) {
  FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
  if (failed(shapes) || masks.empty())
    return std::nullopt;
  auto mask = dyn_cast<BlockArgument>(masks.begin()->second);
  if (!mask)
    return std::nullopt;
  auto symbol = dyn_cast<AffineSymbolExpr>(shapes->find(mask)->second.back());
  for (auto [input, other] : masks)
    if (other != mask || !symbol)
      return std::nullopt;
  for (BlockArgument argument : func.getArguments()) {
    const SymbolicShape &shape = shapes->find(argument)->second;
    trims.push_back(shape.size() > 1 && shape[1] == symbol);
    for (auto [dim, extent] : llvm::enumerate(shape))
      if (extent.isFunctionOfSymbol(symbol.getPosition()) &&
          (dim != 1 || extent != symbol)) {
        trims.clear();
        return std::nullopt;
      }
  }
  return mask.getArgNumber();
}

/// Batches of all domains, as values of the network's arguments.
llvm::Error Walk::load(const CalibrationData &data) {
  std::vector<SampleInput> inputs;
  int64_t fixedBatch = 0;
  for (BlockArgument argument : func.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    SampleInput &input = inputs.emplace_back();
    if (auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      kNameAttr))
      input.name = name.str();
    std::optional<mixbit_type> element = memoryTypeOf(type.getElementType());
    if (!element)
      return llvm::createStringError("input '" + input.name +
                                     "': inputs of this type take no samples");
    input.type = *element;
    for (int64_t extent : type.getShape())
      input.shape.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
    if (!input.shape.empty() && input.shape[0] >= 0)
      fixedBatch = input.shape[0];
  }
  auto domains = data.fit(inputs);
  if (!domains)
    return domains.takeError();
  int64_t batch = fixedBatch ? fixedBatch : options.batch;
  SmallVector<bool> trims;
  std::optional<size_t> mask = findTrimmedInputs(trims);
  for (const CalibrationDomain &domain : *domains) {
    if (domain.samples < fixedBatch)
      return llvm::createStringError(
          domain.path + ": expected " + Twine(fixedBatch) +
          " samples or more for the network's fixed batch, but got " +
          Twine(domain.samples));
    // A fixed batch leaves out what does not fill it.
    int64_t used = fixedBatch ? domain.samples / batch * batch : domain.samples;
    std::vector<int64_t> order(domain.samples), lengths(domain.samples, 0);
    std::iota(order.begin(), order.end(), 0);
    if (mask) {
      lengths = domain.lengths(*mask);
      llvm::sort(order, [&](int64_t a, int64_t b) {
        return std::pair(lengths[a], a) < std::pair(lengths[b], b);
      });
    }
    for (int64_t first = 0; first < used; first += batch) {
      auto samples =
          ArrayRef(order).slice(first, std::min(batch, used - first));
      std::vector<Tensor> tensors =
          domain.select(samples, trims, lengths[samples.back()]);
      batchWeights.push_back(float(domain.weight / used));
      batchPaths.push_back(domain.path);
      for (auto [argument, tensor] : llvm::zip(func.getArguments(), tensors)) {
        auto shared = std::make_shared<const Tensor>(std::move(tensor));
        stored[argument].exact.push_back(shared);
        stored[argument].rounded.push_back(shared);
      }
    }
  }
  return llvm::Error::success();
}

llvm::Expected<FloatMatrix> Walk::weightData(arith::ConstantOp constant,
                                             std::vector<uint8_t> &storage) {
  auto type = cast<RankedTensorType>(constant.getType());
  FloatKind kind = type.getElementType().isF16()    ? FloatKind::F16
                   : type.getElementType().isBF16() ? FloatKind::BF16
                                                    : FloatKind::F32;
  auto bytes = constantBytes(cast<ElementsAttr>(constant.getValue()), storage);
  if (!bytes ||
      bytes->size() != uint64_t(type.getNumElements()) * floatBytes(kind))
    return llvm::createStringError("weight '" +
                                   nodeName(constant.getLoc(), "weight") +
                                   "': expected its data, but it is left out "
                                   "of the IR");
  return FloatMatrix{bytes->data(), kind, type.getDimSize(0),
                     type.getDimSize(1)};
}

llvm::Expected<TensorPtr> Walk::weightTensor(arith::ConstantOp constant,
                                             bool isRounded) {
  if (isRounded)
    if (TensorPtr tensor = roundedTensors.lookup(constant))
      return tensor;
  std::vector<uint8_t> storage;
  auto matrix = weightData(constant, storage);
  if (!matrix)
    return matrix.takeError();
  auto tensor = std::make_shared<Tensor>(
      MIXBIT_F32, std::vector<int64_t>{matrix->rows, matrix->cols});
  auto *out = reinterpret_cast<float *>(tensor->data.data());
  for (int64_t i = 0, count = matrix->rows * matrix->cols; i != count; ++i)
    out[i] = loadFloat(matrix->data, i, matrix->kind);
  return TensorPtr(tensor);
}

llvm::Expected<std::vector<TensorPtr>>
Walk::runPath(const GraphSegment &segment, ArrayRef<TensorPtr> weights,
              bool isRounded, size_t batch) {
  SmallVector<TensorPtr> owned;
  auto add = [&](Value value) {
    const Stored &both = stored.find(value)->second;
    owned.push_back((isRounded ? both.rounded : both.exact)[batch]);
  };
  for (Value argument : func.getArguments())
    add(argument);
  for (Value input : segment.inputs)
    add(input);
  for (Value row : segment.rows) {
    add(row);
    if (!isRounded || !quantizedReader(row))
      continue;
    auto copy = std::make_shared<Tensor>(*owned.back());
    MutableArrayRef<float> values(reinterpret_cast<float *>(copy->data.data()),
                                  copy->numElements());
    scaleInput(row, values, /*divide=*/true);
    quantizeInput(row, values);
    // Weights stand without their scales in what is walked.
    scaleInput(row, values, /*divide=*/false);
    owned.back() = copy;
  }
  llvm::append_range(owned, weights);
  SmallVector<const Tensor *> inputs;
  for (const TensorPtr &tensor : owned)
    inputs.push_back(tensor.get());
  auto outputs = library->run(segment.name, inputs);
  if (!outputs)
    return llvm::createStringError(
        batchPaths[batch] + ": expected samples that the network can run on: " +
        llvm::toString(outputs.takeError()));
  std::vector<TensorPtr> shared;
  for (Tensor &tensor : *outputs)
    shared.push_back(std::make_shared<const Tensor>(std::move(tensor)));
  return shared;
}

llvm::Expected<SmallVector<TensorPtr>>
Walk::weightsOf(const GraphSegment &segment, bool isRounded) {
  SmallVector<TensorPtr> tensors;
  for (arith::ConstantOp weight : segment.weights) {
    auto tensor = weightTensor(weight, isRounded);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return std::move(tensors);
}

llvm::Error Walk::runSegment(unsigned level) {
  const GraphSegment &segment = graph.segments[level];
  if (segment.name.empty())
    return llvm::Error::success();
  auto weights = weightsOf(segment, false);
  if (!weights)
    return weights.takeError();
  auto roundedWeights = weightsOf(segment, true);
  if (!roundedWeights)
    return roundedWeights.takeError();
  for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
    auto exact = runPath(segment, *weights, false, batch);
    if (!exact)
      return exact.takeError();
    std::vector<TensorPtr> rounded = *exact;
    if (anyRounded) {
      auto values = runPath(segment, *roundedWeights, true, batch);
      if (!values)
        return values.takeError();
      rounded = std::move(*values);
    }
    for (auto [index, value] : llvm::enumerate(segment.outputs)) {
      stored[value].exact.push_back((*exact)[index]);
      stored[value].rounded.push_back(rounded[index]);
    }
  }
  return llvm::Error::success();
}

/// Forgets what no later segment reads. Masks and the network's inputs stay.
void Walk::release(unsigned level) {
  llvm::DenseSet<Value> alive(func.getArguments().begin(),
                              func.getArguments().end());
  for (auto [input, mask] : masks)
    alive.insert(mask);
  for (const GraphSegment &segment :
       ArrayRef(graph.segments).drop_front(level)) {
    alive.insert_range(segment.inputs);
    alive.insert_range(segment.rows);
  }
  // Layers behind the last segment read their rows too.
  for (const SegmentLayer &layer : graph.layers)
    if (layer.level >= level && isa<LinearOp>(layer.op))
      alive.insert(layer.op->getOperand(0));
  SmallVector<Value> dead;
  for (auto &entry : stored)
    if (!alive.contains(entry.first))
      dead.push_back(entry.first);
  for (Value value : dead)
    stored.erase(value);
}

/// A layer with quantized activations that reads `input`.
std::optional<LinearOp> Walk::quantizedReader(Value input) const {
  for (const SegmentLayer &layer : graph.layers)
    if (auto linear = dyn_cast<LinearOp>(layer.op);
        linear && linear.getX() == input && linear.getActivations())
      return linear;
  return std::nullopt;
}

bool Walk::quantizeInput(Value input, MutableArrayRef<float> values) const {
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

void Walk::scaleInput(Value input, MutableArrayRef<float> values,
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
bool Walk::canSmooth(Value input) const {
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
llvm::Error Walk::smooth(unsigned level) {
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
      all += llvm::count_if(rowWeights(input, batch),
                            [](float weight) { return weight != 0; });
    int64_t step = std::max<int64_t>(1, all / sampledRows);
    for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
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

/// The weight of each row of a batch: none for what a mask hides.
std::vector<float> Walk::rowWeights(Value input, size_t batch) {
  const Tensor &rows = *stored.find(input)->second.exact[batch];
  std::vector<float> weights(rows.numElements() / rows.shape.back(),
                             batchWeights[batch]);
  if (Value mask = masks.lookup(input)) {
    const Tensor &keep = *stored.find(mask)->second.exact[batch];
    for (size_t row = 0; row != weights.size(); ++row)
      if (isIntegerType(keep.type) ? keep.integerAt(row) == 0
                                   : keep.floatAt(row) == 0)
        weights[row] = 0;
  }
  return weights;
}

/// The static codes of the layers whose inputs have level `level`.
void Walk::findCodes(unsigned level) {
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

llvm::Error Walk::roundTables() {
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
      return llvm::createStringError(
          "weight '" + nodeName(layer.weight->getLoc(), "weight") +
          "': " + llvm::toString(matrix.takeError()));
    roundedTensors[layer.weight] =
        valuesOf(*matrix, matrix->rows, matrix->cols);
    auto &rounded = result.weights[{layer.weight, formatAttrOf(layer.op)}];
    rounded.clear();
    rounded.push_back(std::move(*matrix));
    anyRounded = true;
  }
  return llvm::Error::success();
}

llvm::Expected<GramStatistics> Walk::gather(Value input) {
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

llvm::Error Walk::roundLayer(const SegmentLayer &layer,
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
    return llvm::createStringError("weight '" +
                                   nodeName(layer.weight->getLoc(), "weight") +
                                   "': " + llvm::toString(rounded.takeError()));
  std::shared_ptr<Tensor> values =
      valuesOf(rounded->segments, data->rows, data->cols);
  scaleInput(layer.op->getOperand(0),
             MutableArrayRef(reinterpret_cast<float *>(values->data.data()),
                             data->rows * data->cols),
             /*divide=*/true);
  roundedTensors[layer.weight] = values;
  double energy = rounded->energy > 0 ? rounded->energy : 1;
  result.layers.push_back({nodeName(layer.op->getLoc(), "linear"),
                           rounded->error / energy,
                           rounded->nearestError / energy});
  result.weights[{layer.weight, formatAttrOf(layer.op)}] =
      std::move(rounded->segments);
  return llvm::Error::success();
}

/// The layers whose inputs have level `level`.
llvm::Error Walk::roundLevel(unsigned level) {
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

llvm::Error Walk::run(const CalibrationData &data) {
  auto isLayer = [](Operation *op) {
    return pendingFormats(op) || needsCodes(op);
  };
  SmallVector<Value> inputs, wanted;
  bool any = false;
  func.walk([&](Operation *op) {
    any |= isLayer(op);
    if (isa<LinearOp>(op) && isLayer(op))
      inputs.push_back(op->getOperand(0));
  });
  if (!any)
    return llvm::Error::success();
  masks = findRowMasks(func, inputs);
  for (auto [input, mask] : masks)
    wanted.push_back(mask);
  auto segmented = segmentGraph(func, isLayer, wanted);
  if (failed(segmented))
    return llvm::createStringError("the network could not be cut into layers");
  graph = std::move(*segmented);
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
} // namespace

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

llvm::Expected<CalibrationResult>
roundOnCalibration(ModuleOp module, const CalibrationData &data,
                   const CalibrateOptions &options, raw_ostream &diagnostics) {
  CalibrationResult result;
  for (auto func : module.getOps<func::FuncOp>())
    if (llvm::Error error = Walk(func, options, result, diagnostics).run(data))
      return std::move(error);
  return std::move(result);
}

} // namespace mixbit
