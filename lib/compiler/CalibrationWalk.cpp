//===- CalibrationWalk.cpp - A network run layer by layer
//------------------===//
#include "lib/compiler/CalibrationWalk.h"

#include "dialects/mixbit/MemoryTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/calibrate/VariedSamples.h"
#include "lib/support/MixBits.h"

#include <numeric>

using namespace mlir;

namespace mixbit {

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

/// Whether the layer's static activations wait for their codes.
bool needsCodes(Operation *op) {
  auto linear = dyn_cast<LinearOp>(op);
  auto activations = linear ? linear.getActivations() : std::nullopt;
  return activations && activations->getMode() == RangeMode::Static &&
         !activations->getCodes() && weightConstant(weightOperand(op));
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

/// The input that is the mask of all rows, if what it hides at the end of a
/// batch can be left out: its second dimension is a symbol that is nowhere but
/// the second dimension of inputs, which `trims` marks.
std::optional<size_t>
CalibrationWalk::findTrimmedInputs(SmallVectorImpl<bool> &trims) {
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
llvm::Error CalibrationWalk::load(const CalibrationData &data) {
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
    std::vector<int64_t> order(domain.samples), lengths(domain.samples, 0);
    std::iota(order.begin(), order.end(), 0);
    if (options.holdsOut)
      llvm::erase_if(order, isHeldOut);
    int64_t count = order.size();
    if (count < fixedBatch)
      return llvm::createStringError(
          domain.path + ": expected " + Twine(fixedBatch) +
          " samples or more for the network's fixed batch, but got " +
          Twine(count));
    // A fixed batch leaves out what does not fill it.
    int64_t used = fixedBatch ? count / batch * batch : count;
    sampleCounts.push_back(double(used));
    if (mask) {
      lengths = domain.lengths(*mask);
      llvm::sort(order, [&](int64_t a, int64_t b) {
        return std::pair(lengths[a], a) < std::pair(lengths[b], b);
      });
    }
    std::vector<VariedInput> varied;
    if (options.variedCopies > 0) {
      varied = findVariedInputs(func, domain.inputs, domain.samples);
      if (varied.empty())
        return llvm::createStringError(
            domain.path + ": expected an input to vary, of ids that are looked "
                          "up in a table of 256 rows or more, some of which "
                          "fewer than a quarter of the samples have, but got "
                          "none");
    }
    double shares = 1 + options.variedCopies * options.copyWeight;
    for (int64_t copy = 0; copy <= options.variedCopies; ++copy)
      for (int64_t first = 0; first < used; first += batch) {
        auto samples =
            ArrayRef(order).slice(first, std::min(batch, used - first));
        std::vector<Tensor> tensors =
            domain.select(samples, trims, lengths[samples.back()]);
        std::vector<uint64_t> streams;
        for (int64_t sample : copy ? samples : ArrayRef<int64_t>())
          streams.push_back(mixBits(mixBits(index) ^
                                    mixBits(copy * domain.samples + sample)));
        varyInputs(tensors, varied, streams, options.variation);
        double share = (copy ? options.copyWeight : 1) / shares;
        batchWeights.push_back(float(domain.weight * share / used));
        isVaried.push_back(copy > 0);
        batchDomains.push_back(index);
        batchPaths.push_back(domain.path);
        for (auto [argument, tensor] :
             llvm::zip(func.getArguments(), tensors)) {
          auto shared = std::make_shared<const Tensor>(std::move(tensor));
          stored[argument].exact.push_back(shared);
          stored[argument].rounded.push_back(shared);
        }
      }
  }
  return llvm::Error::success();
}

llvm::Expected<TensorPtr>
CalibrationWalk::weightTensor(arith::ConstantOp constant, bool isRounded) {
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
CalibrationWalk::runPath(const GraphSegment &segment,
                         ArrayRef<TensorPtr> weights, bool isRounded,
                         size_t batch) {
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
CalibrationWalk::weightsOf(const GraphSegment &segment, bool isRounded) {
  SmallVector<TensorPtr> tensors;
  for (arith::ConstantOp weight : segment.weights) {
    auto tensor = weightTensor(weight, isRounded);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return std::move(tensors);
}

llvm::Error CalibrationWalk::runSegment(unsigned level) {
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
void CalibrationWalk::release(unsigned level) {
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

/// The weight of each row of a batch: none for what a mask hides.
std::vector<float> CalibrationWalk::rowWeights(Value input,
                                               size_t batch) const {
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

llvm::Error
CalibrationWalk::cut(llvm::function_ref<bool(Operation *)> isLayer) {
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

} // namespace mixbit
