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

/// The format that a layer's weight waits for, if calibration rounds it.
std::optional<Format> pendingFormat(Operation *op) {
  FormatAttr attr = formatAttrOf(op);
  // Weights that lie on a grid lose nothing.
  if (!attr || attr.getReason() == "grid" || !weightConstant(weightOperand(op)))
    return std::nullopt;
  std::optional<Format> format = formatOf(attr.getType());
  return format && !format->isFloat() ? format : std::nullopt;
}

llvm::Expected<FloatMatrix> weightData(arith::ConstantOp constant,
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

/// An error with the weight's name in front.
llvm::Error weightError(arith::ConstantOp constant, llvm::Error error) {
  return llvm::createStringError("weight '" +
                                 nodeName(constant.getLoc(), "weight") +
                                 "': " + llvm::toString(std::move(error)));
}

LayerRounding describeRounding(Operation *op, const GptqResult &rounded) {
  double energy = rounded.energy > 0 ? rounded.energy : 1;
  return {nodeName(op->getLoc(), "linear"), rounded.error / energy,
          rounded.nearestError / energy};
}

/// One function's walk.
class Walk {
public:
  Walk(func::FuncOp func, const CalibrateOptions &options,
       CalibrationResult &result, raw_ostream &diagnostics)
      : func(func), options(options), result(result), diagnostics(diagnostics) {
  }

  llvm::Error run(const CalibrationData &data);
  /// Looks at the inputs of all linears and rounds nothing.
  llvm::Error collect(const CalibrationData &data,
                      std::vector<InputStatistics> &statistics);

private:
  /// A value on both paths, a tensor a batch; the same ones while nothing has
  /// been rounded.
  struct Stored {
    std::vector<TensorPtr> exact, rounded;
  };

  llvm::Error cut(llvm::function_ref<bool(Operation *)> isLayer);
  llvm::Error load(const CalibrationData &data);
  std::vector<float> rowWeights(Value input, size_t batch, size_t rows) const;
  llvm::Error collectLevel(unsigned level,
                           std::vector<InputStatistics> &statistics);
  std::optional<size_t> findTrimmedInputs(SmallVectorImpl<bool> &trims);
  llvm::Error runSegment(unsigned level);
  llvm::Expected<std::vector<TensorPtr>> runPath(const Segment &segment,
                                                 ArrayRef<TensorPtr> weights,
                                                 bool isRounded, size_t batch);
  llvm::Expected<SmallVector<TensorPtr>> weightsOf(const Segment &segment,
                                                   bool isRounded);
  llvm::Error roundTables();
  llvm::Error roundLevel(unsigned level);
  llvm::Expected<GramStatistics> gather(Value input);
  llvm::Error roundLayer(const SegmentLayer &layer,
                         const GramStatistics &statistics);
  void release(unsigned level);
  /// The constant as floats, and as it has been rounded.
  llvm::Expected<TensorPtr> weightTensor(arith::ConstantOp constant,
                                         bool isRounded);
  unsigned activationBits(Value input) const;
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
  std::vector<float> batchWeights;  ///< of each sample of a batch
  std::vector<size_t> batchDomains; ///< index of each batch's domain
  std::vector<double> sampleCounts; ///< of each domain, those used
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
  for (auto [index, domain] : llvm::enumerate(*domains)) {
    if (domain.samples < fixedBatch)
      return llvm::createStringError(
          domain.path + ": expected " + Twine(fixedBatch) +
          " samples or more for the network's fixed batch, but got " +
          Twine(domain.samples));
    // A fixed batch leaves out what does not fill it.
    int64_t used = fixedBatch ? domain.samples / batch * batch : domain.samples;
    sampleCounts.push_back(double(used));
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
      batchDomains.push_back(index);
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
Walk::runPath(const Segment &segment, ArrayRef<TensorPtr> weights,
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
    unsigned bits = isRounded ? activationBits(row) : 0;
    if (!bits)
      continue;
    auto copy = std::make_shared<Tensor>(*owned.back());
    quantizeRowsInPlace({reinterpret_cast<float *>(copy->data.data()),
                         size_t(copy->numElements())},
                        copy->shape.back(), bits, options.threads);
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

llvm::Expected<SmallVector<TensorPtr>> Walk::weightsOf(const Segment &segment,
                                                       bool isRounded) {
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
  const Segment &segment = graph.segments[level];
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
  for (const Segment &segment : ArrayRef(graph.segments).drop_front(level)) {
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

/// Bits of the activations of the layers that read `input`; 0 for floats.
unsigned Walk::activationBits(Value input) const {
  for (const SegmentLayer &layer : graph.layers)
    if (auto linear = dyn_cast<LinearOp>(layer.op);
        linear && linear.getX() == input && linear.getActivations())
      return linear.getActivations()->getBits();
  return 0;
}

llvm::Error Walk::roundTables() {
  for (const SegmentLayer &layer : graph.layers) {
    if (!isa<EmbeddingOp>(layer.op) || roundedTensors.contains(layer.weight))
      continue;
    std::vector<uint8_t> storage;
    auto data = weightData(layer.weight, storage);
    if (!data)
      return data.takeError();
    auto matrix = roundToSearchedScales(*data, *pendingFormat(layer.op), {},
                                        options.threads);
    if (!matrix)
      return weightError(layer.weight, matrix.takeError());
    auto tensor = std::make_shared<Tensor>(
        MIXBIT_F32, std::vector<int64_t>{matrix->rows, matrix->cols});
    std::vector<float> values = dequantize(*matrix);
    std::memcpy(tensor->data.data(), values.data(), tensor->data.size());
    roundedTensors[layer.weight] = tensor;
    result.weights[{layer.weight, formatAttrOf(layer.op)}] = std::move(*matrix);
    anyRounded = true;
  }
  return llvm::Error::success();
}

llvm::Expected<GramStatistics> Walk::gather(Value input) {
  const Stored &both = stored.find(input)->second;
  int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
  unsigned bits = activationBits(input);
  GramAccumulator sums(cols, anyRounded || bits, options.threads);
  for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
    ArrayRef<float> exact = both.exact[batch]->floats();
    std::vector<float> rounded = both.rounded[batch]->floats().vec();
    if (bits)
      quantizeRowsInPlace(rounded, cols, bits, options.threads);
    sums.add(rounded, exact, rowWeights(input, batch, exact.size() / cols));
  }
  return sums.finish();
}

/// What each row of a batch counts: nothing where a mask hides it.
std::vector<float> Walk::rowWeights(Value input, size_t batch,
                                    size_t rows) const {
  std::vector<float> weights(rows, batchWeights[batch]);
  if (Value mask = masks.lookup(input)) {
    const Tensor &keep = *stored.find(mask)->second.exact[batch];
    for (size_t row = 0; row != weights.size(); ++row)
      if (isIntegerType(keep.type) ? keep.integerAt(row) == 0
                                   : keep.floatAt(row) == 0)
        weights[row] = 0;
  }
  return weights;
}

llvm::Error Walk::collectLevel(unsigned level,
                               std::vector<InputStatistics> &statistics) {
  llvm::SetVector<Value> inputs;
  for (const SegmentLayer &layer : graph.layers)
    if (layer.level == level + 1)
      inputs.insert(layer.op->getOperand(0));
  for (Value input : inputs) {
    const Stored &both = stored.find(input)->second;
    int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
    for (auto [domain, into] : llvm::enumerate(statistics)) {
      GramAccumulator sums(cols, /*withCross=*/false, options.threads);
      for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
        if (batchDomains[batch] != domain)
          continue;
        ArrayRef<float> rows = both.exact[batch]->floats();
        // Sums, not means: the same whatever the domain weighs.
        std::vector<float> weights =
            rowWeights(input, batch, rows.size() / cols);
        for (float &weight : weights)
          weight = weight > 0 ? 1 : 0;
        sums.add(rows, rows, weights);
      }
      std::vector<float> gram = sums.finish().gram;
      double samples = sampleCounts[domain];
      for (float &value : gram)
        value = float(value / samples);
      for (const SegmentLayer &layer : graph.layers)
        if (layer.op->getOperand(0) == input)
          into.gramOf.try_emplace(nodeName(layer.weight->getLoc(), "weight"),
                                  into.grams.size());
      into.grams.push_back(std::move(gram));
    }
  }
  return llvm::Error::success();
}

llvm::Error Walk::collect(const CalibrationData &data,
                          std::vector<InputStatistics> &statistics) {
  if (llvm::Error error = cut([](Operation *op) {
        return isa<LinearOp>(op) && weightConstant(weightOperand(op));
      }))
    return error;
  if (llvm::Error error = load(data))
    return error;
  statistics.resize(sampleCounts.size());
  step();
  auto built = GraphLibrary::build(*graph.module, options.threads, diagnostics);
  if (!built)
    return built.takeError();
  library = std::move(*built);
  for (unsigned level = 0; level != graph.segments.size(); ++level) {
    if (level)
      step();
    if (llvm::Error error = runSegment(level))
      return error;
    release(level + 1);
    if (llvm::Error error = collectLevel(level, statistics))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error Walk::roundLayer(const SegmentLayer &layer,
                             const GramStatistics &statistics) {
  std::vector<uint8_t> storage;
  auto data = weightData(layer.weight, storage);
  if (!data)
    return data.takeError();
  GptqOptions rounding = options.rounding;
  rounding.threads = options.threads;
  auto rounded =
      roundWithGram(*data, *pendingFormat(layer.op), statistics, rounding);
  if (!rounded)
    return weightError(layer.weight, rounded.takeError());
  auto tensor = std::make_shared<Tensor>(
      MIXBIT_F32, std::vector<int64_t>{data->rows, data->cols});
  std::vector<float> values = dequantize(rounded->matrix);
  std::memcpy(tensor->data.data(), values.data(), tensor->data.size());
  roundedTensors[layer.weight] = tensor;
  result.layers.push_back(describeRounding(layer.op, *rounded));
  result.weights[{layer.weight, formatAttrOf(layer.op)}] =
      std::move(rounded->matrix);
  return llvm::Error::success();
}

/// The layers whose inputs have level `level`.
llvm::Error Walk::roundLevel(unsigned level) {
  llvm::SetVector<Value> inputs;
  for (const SegmentLayer &layer : graph.layers)
    if (isa<LinearOp>(layer.op) && layer.level == level + 1 &&
        !roundedTensors.contains(layer.weight))
      inputs.insert(layer.op->getOperand(0));
  for (Value input : inputs) {
    auto statistics = gather(input);
    if (!statistics)
      return statistics.takeError();
    for (const SegmentLayer &layer : graph.layers)
      if (isa<LinearOp>(layer.op) && layer.op->getOperand(0) == input &&
          !roundedTensors.contains(layer.weight))
        if (llvm::Error error = roundLayer(layer, *statistics))
          return error;
  }
  anyRounded |= !inputs.empty();
  return llvm::Error::success();
}

llvm::Error Walk::cut(llvm::function_ref<bool(Operation *)> isLayer) {
  SmallVector<Value> inputs, wanted;
  func.walk([&](Operation *op) {
    if (isa<LinearOp>(op) && isLayer(op))
      inputs.push_back(op->getOperand(0));
  });
  masks = findRowMasks(func, inputs);
  for (auto [input, mask] : masks)
    wanted.push_back(mask);
  auto segmented = segmentGraph(func, isLayer, wanted);
  if (failed(segmented))
    return llvm::createStringError("the network could not be cut into layers");
  graph = std::move(*segmented);
  return llvm::Error::success();
}

llvm::Error Walk::run(const CalibrationData &data) {
  auto isLayer = [](Operation *op) { return bool(pendingFormat(op)); };
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
} // namespace

llvm::Expected<CalibrationResult>
roundOnCalibration(ModuleOp module, const CalibrationData &data,
                   const CalibrateOptions &options, raw_ostream &diagnostics) {
  CalibrationResult result;
  for (auto func : module.getOps<func::FuncOp>())
    if (llvm::Error error = Walk(func, options, result, diagnostics).run(data))
      return std::move(error);
  return std::move(result);
}

llvm::Expected<std::vector<InputStatistics>>
collectInputStatistics(ModuleOp module, const CalibrationData &data,
                       const CalibrateOptions &options,
                       raw_ostream &diagnostics) {
  CalibrationResult unused;
  std::vector<InputStatistics> statistics;
  func::FuncOp func = *module.getOps<func::FuncOp>().begin();
  if (llvm::Error error =
          Walk(func, options, unused, diagnostics).collect(data, statistics))
    return std::move(error);
  return std::move(statistics);
}

/// The mix of a weight's matrices; empty where a domain has none.
static std::vector<float> mixGrams(ArrayRef<const InputStatistics *> domains,
                                   ArrayRef<double> shares, StringRef name) {
  std::vector<float> mix;
  for (auto [domain, share] : llvm::zip_equal(domains, shares)) {
    auto found = domain->gramOf.find(name.str());
    if (found == domain->gramOf.end())
      return {};
    const std::vector<float> &gram = domain->grams[found->second];
    mix.resize(gram.size());
    for (auto [into, value] : llvm::zip_equal(mix, gram))
      into += float(share) * value;
  }
  return mix;
}

llvm::Expected<CalibrationResult>
roundOnStatistics(ModuleOp module, ArrayRef<const InputStatistics *> domains,
                  ArrayRef<double> shares, const CalibrateOptions &options) {
  CalibrationResult result;
  llvm::DenseSet<Operation *> done;
  SmallVector<Operation *> layers;
  module.walk([&](Operation *op) {
    if (isa<LinearOp, EmbeddingOp>(op) && pendingFormat(op))
      layers.push_back(op);
  });
  GptqOptions rounding = options.rounding;
  rounding.threads = options.threads;
  int64_t count = 0;
  for (Operation *op : layers) {
    if (options.progress)
      options.progress(count++, layers.size());
    arith::ConstantOp constant = weightConstant(weightOperand(op));
    if (!done.insert(constant).second)
      continue; // the first format counts
    std::vector<uint8_t> storage;
    auto data = weightData(constant, storage);
    if (!data)
      return data.takeError();
    QuantizedMatrix &into = result.weights[{constant, formatAttrOf(op)}];
    if (isa<EmbeddingOp>(op)) {
      auto matrix =
          roundToSearchedScales(*data, *pendingFormat(op), {}, options.threads);
      if (!matrix)
        return weightError(constant, matrix.takeError());
      into = std::move(*matrix);
      continue;
    }
    std::string name = nodeName(constant.getLoc(), "weight");
    GramStatistics statistics{mixGrams(domains, shares, name), {}};
    if (statistics.gram.empty())
      return llvm::createStringError(
          "weight '" + name +
          "': expected statistics of the layer's input, "
          "but got none");
    auto rounded =
        roundWithGram(*data, *pendingFormat(op), statistics, rounding);
    if (!rounded)
      return weightError(constant, rounded.takeError());
    result.layers.push_back(describeRounding(op, *rounded));
    into = std::move(rounded->matrix);
  }
  return std::move(result);
}

} // namespace mixbit
