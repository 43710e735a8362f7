//===- Measure.cpp - Compiled gradients and what they add up to -----------===//
#include "lib/measure/MeasureState.h"

#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/Parallel.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace mixbit {

SensitivityMeter::State::State(func::FuncOp func, const SampleSet &samples,
                               MeasureOptions options,
                               llvm::raw_ostream &diagnostics)
    : func(func), samples(samples), options(std::move(options)),
      diagnostics(diagnostics) {
  result.loss = samples.labels ? "cross-entropy" : "divergence";
  result.samples = samples.count;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// The weight's values as floats.
static std::optional<std::vector<float>> readWeight(arith::ConstantOp op) {
  std::vector<uint8_t> storage;
  auto data = dyn_cast<ElementsAttr>(op.getValue());
  std::optional<ArrayRef<uint8_t>> bytes =
      data ? constantBytes(data, storage) : std::nullopt;
  auto type = cast<RankedTensorType>(op.getType());
  if (!bytes || !type.getElementType().isF32() || type.getRank() != 2)
    return std::nullopt;
  const auto *begin = reinterpret_cast<const float *>(bytes->data());
  return std::vector<float>(begin, begin + type.getNumElements());
}

Error SensitivityMeter::State::prepare() {
  Operation *end = func.getBody().front().getTerminator();
  if (options.output < 0 || options.output >= (int64_t)end->getNumOperands())
    return createStringError("expected the index of one of " +
                             Twine(end->getNumOperands()) +
                             " outputs, but got " + Twine(options.output));
  // The marks alone, on a copy, say which weights there are.
  OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto copy = cast<func::FuncOp>(builder.clone(*func));
  MarkLayersOptions marks;
  for (const std::string &name : options.layers)
    marks.layers.push_back(name);
  marks.tables = true;
  PassManager manager(func.getContext(), func::FuncOp::getOperationName());
  manager.addPass(createMarkLayers(marks));
  if (failed(manager.run(copy)))
    return createStringError("expected names of weights of linears");
  FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(copy);
  if (failed(shapes))
    return createStringError("the graph's shapes cannot be inferred");
  Operation *copyEnd = copy.getBody().front().getTerminator();
  logitsExtents = (*shapes)[copyEnd->getOperand(options.output)];
  if (logitsExtents.empty() || !constantValue(logitsExtents.back()))
    return createStringError(
        "expected logits whose last dimension is the number of classes");

  batcher.emplace(func, samples, options.batchSize);
  bool isBatchMajor = true;
  AffineExpr batch;
  if (func.getNumArguments() > 0) {
    const SymbolicShape &first = (*shapes)[copy.getArgument(0)];
    batch = first.empty() ? AffineExpr() : first.front();
  }
  llvm::DenseMap<Operation *, size_t> known;
  auto add = [&](Operation *op, Value weight, Value rows,
                 std::vector<LayerUse> &list) {
    auto mark = op->getAttrOfType<StringAttr>(kLayerAttr);
    auto constant = weight.getDefiningOp<arith::ConstantOp>();
    bool isLinear = &list == &uses;
    std::optional<std::vector<float>> values;
    if (!mark || (isLinear && !known.count(constant) &&
                  !(values = readWeight(constant))))
      return;
    auto [entry, isNew] = known.try_emplace(constant, result.weights.size());
    if (isNew) {
      auto type = cast<RankedTensorType>(constant.getType());
      WeightSensitivity &measured = result.weights.emplace_back();
      measured.name = nodeName(constant.getLoc(), "weight");
      measured.rows = type.getDimSize(0);
      measured.cols = type.getDimSize(1);
      measured.rowGroup =
          options.groupRows < measured.rows ? options.groupRows : 0;
      if (isLinear)
        weights.push_back(std::move(*values));
    } else if (!isLinear && entry->second < numLinears) {
      return; // a table tied to a linear: measured there
    }
    list.push_back({mark.getValue().str(), entry->second});
    const SymbolicShape &shape = (*shapes)[rows];
    isBatchMajor &= !isLinear || (batch && !shape.empty() &&
                                  (provablyEqual(shape.front(), batch) ||
                                   (bool)divideExactly(shape.front(), batch)));
  };
  copy.walk([&](LinearOp op) { add(op, op.getWeight(), op.getX(), uses); });
  numLinears = result.weights.size();
  copy.walk(
      [&](EmbeddingOp op) { add(op, op.getTable(), op.getIds(), lookups); });
  if (uses.empty() && lookups.empty())
    return createStringError(
        "expected a linear layer with a float weight, but the model has none");
  // Rows of several samples cannot be told apart otherwise.
  if (!isBatchMajor)
    batcher.emplace(func, samples, 1);

  if (!batcher->trims())
    return Error::success();
  // A mask may mean something else than that padding does not matter.
  Batch probe = batcher->batches(chooseSamples(options.batchSize)).front();
  Batch whole = probe;
  whole.length = 0;
  auto outputOf = [&](const Batch &given) {
    std::vector<Tensor> inputs = batcher->inputs(given);
    return logits(inputs);
  };
  Expected<Tensor> trimmed = outputOf(probe), padded = outputOf(whole);
  if (!trimmed)
    return trimmed.takeError();
  if (!padded)
    return padded.takeError();
  double error = 0, scale = 1e-6;
  // Outputs a token have the trimmed ones in front.
  int64_t classes = trimmed->shape.back();
  int64_t rows = trimmed->numElements() / classes / probe.size;
  int64_t allRows = padded->numElements() / classes / probe.size;
  for (int64_t i = 0; i < probe.size; ++i)
    for (int64_t j = 0; j < rows * classes; ++j) {
      int64_t row = i * rows + j / classes;
      if (isLeftOut(probe, row, rows))
        continue;
      float value = trimmed->floatAt(i * rows * classes + j);
      error = std::max<double>(
          error, std::abs(value - padded->floatAt(i * allRows * classes + j)));
      scale = std::max<double>(scale, std::abs(value));
    }
  if (!(error <= 1e-3 * scale))
    batcher->stopTrimming();
  return Error::success();
}

Expected<GraphLibrary *> SensitivityMeter::State::library(Form form) {
  auto known = libraries.find(form);
  if (known != libraries.end())
    return &known->second;
  show(form == Form::Gradients ? "compiling the gradient"
       : form == Form::Hessian ? "compiling the second derivative"
                               : "compiling the forward pass");
  OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto copy = cast<func::FuncOp>(builder.clone(*func));
  copy.setSymName("entry");
  MarkLayersOptions marks;
  for (const std::string &name : options.layers)
    marks.layers.push_back(name);
  // Second derivatives and measured losses are of linears only; with names
  // of tables among the layers they are marked, and left alone.
  marks.tables = form == Form::Gradients;
  if (!marks.tables && !options.layers.empty()) {
    marks.layers.clear();
    for (size_t i = 0; i != numLinears; ++i)
      marks.layers.push_back(result.weights[i].name);
  }
  DifferentiateOptions differentiate;
  differentiate.output = options.output;
  PassManager manager(func.getContext());
  if (form == Form::Parameterized) {
    marks.tables = true;
    marks.layers = {};
    for (const WeightSensitivity &weight : result.weights)
      marks.layers.push_back(weight.name);
    differentiate.points = true;
    OpPassManager &nested = manager.nest<func::FuncOp>();
    nested.addPass(createMarkLayers(marks));
    nested.addPass(createParameterizeLayers());
    nested.addPass(createDecomposeAttention());
    nested.addPass(createDifferentiate(differentiate));
    nested.addPass(createCSEPass());
  } else if (form == Form::Perturbed) {
    manager.addNestedPass<func::FuncOp>(createMarkLayers(marks));
    manager.addNestedPass<func::FuncOp>(createPerturbLayers());
  } else {
    buildDifferentiatePipeline(manager, marks, differentiate,
                               form == Form::Hessian);
  }
  if (failed(manager.run(*module)))
    return createStringError("the graph could not be differentiated");
  for (unsigned i = 0; i != copy.getNumResults(); ++i)
    if (auto name = copy.getResultAttrOfType<StringAttr>(i, kNameAttr))
      results[form][name.getValue().str()] = i;
  for (unsigned i = func.getNumArguments(); i != copy.getNumArguments(); ++i) {
    auto name = copy.getArgAttrOfType<StringAttr>(i, kNameAttr);
    arguments[form].push_back(name.str());
    auto dims = copy.getArgAttrOfType<AffineMapAttr>(i, kDimsAttr);
    if (name.getValue().starts_with("target:"))
      pointExtents.emplace_back(dims.getValue().getResults());
  }
  Expected<GraphLibrary> built =
      GraphLibrary::build(*module, options.threads, diagnostics);
  if (!built)
    return built.takeError();
  return &libraries.emplace(form, std::move(*built)).first->second;
}

Expected<Tensor> SensitivityMeter::State::constantValues(StringRef name) {
  std::optional<Tensor> found;
  func.walk([&](arith::ConstantOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (found || !type || nodeName(op.getLoc(), "weight") != name)
      return;
    if (std::optional<std::vector<float>> values = readWeight(op)) {
      found.emplace(MIXBIT_F32, type.getShape().vec());
      std::memcpy(found->data.data(), values->data(), found->data.size());
    }
  });
  if (!found)
    return createStringError("weight '" + name + "': expected a matrix of f32");
  return std::move(*found);
}

Expected<std::vector<Tensor>>
SensitivityMeter::State::run(Form form, ArrayRef<const Tensor *> inputs) {
  Expected<GraphLibrary *> compiled = library(form);
  if (!compiled)
    return compiled.takeError();
  return (*compiled)->run("entry", inputs);
}

size_t SensitivityMeter::State::resultIndex(Form form, StringRef name) const {
  return results.at(form).at(name.str());
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

Error notFinite(float value) {
  return createStringError("expected finite outputs of the model, but got " +
                           std::to_string(value));
}

Expected<BatchGradients>
SensitivityMeter::State::gradients(const Batch &batch, const Tensor &targets) {
  BatchGradients gradients;
  gradients.batch = batch;
  gradients.inputs = batcher->inputs(batch);
  gradients.targets = targets;
  std::vector<const Tensor *> inputs;
  for (const Tensor &input : gradients.inputs)
    inputs.push_back(&input);
  inputs.push_back(&gradients.targets);
  Expected<std::vector<Tensor>> outputs = run(Form::Gradients, inputs);
  if (!outputs)
    return outputs.takeError();
  gradients.logits = (*outputs)[options.output];
  for (const LayerUse &use : uses) {
    gradients.x.push_back(
        std::move((*outputs)[resultIndex(Form::Gradients, "x:" + use.mark)]));
    gradients.dy.push_back(
        std::move((*outputs)[resultIndex(Form::Gradients, "dy:" + use.mark)]));
  }
  for (const LayerUse &use : lookups) {
    gradients.ids.push_back(
        std::move((*outputs)[resultIndex(Form::Gradients, "x:" + use.mark)]));
    gradients.dRows.push_back(
        std::move((*outputs)[resultIndex(Form::Gradients, "dy:" + use.mark)]));
  }
  return gradients;
}

Expected<BatchGradients>
SensitivityMeter::State::gradients(const Batch &batch) {
  std::vector<Tensor> inputs = batcher->inputs(batch);
  Expected<Tensor> targets = noTargets(inputs);
  if (!targets)
    return targets.takeError();
  if (samples.labels) {
    targets = labelTargets(batch, targets->shape);
    if (!targets)
      return targets.takeError();
  } else {
    Expected<Tensor> own = logits(inputs);
    if (!own)
      return own.takeError();
    *targets = ownTargets(batch, *own, std::nullopt);
  }
  return gradients(batch, *targets);
}

Expected<Tensor> SensitivityMeter::State::logits(ArrayRef<Tensor> inputs) {
  Expected<Tensor> targets = noTargets(inputs);
  if (!targets)
    return targets.takeError();
  std::vector<const Tensor *> all;
  for (const Tensor &input : inputs)
    all.push_back(&input);
  all.push_back(&*targets);
  Expected<std::vector<Tensor>> outputs = run(Form::Gradients, all);
  if (!outputs)
    return outputs.takeError();
  Tensor &logits = (*outputs)[options.output];
  for (float value : logits.floats())
    if (!std::isfinite(value))
      return notFinite(value);
  return std::move(logits);
}

Tensor SensitivityMeter::State::zerosAtOutput(size_t use,
                                              const Tensor &x) const {
  std::vector<int64_t> shape = x.shape;
  shape.back() = result.weights[uses[use].weight].rows;
  return Tensor(MIXBIT_F32, shape);
}

std::vector<double>
SensitivityMeter::State::byGroups(const WeightSensitivity &weight,
                                  ArrayRef<double> rowSums) const {
  std::vector<double> values;
  int64_t rows = weight.rowGroup ? weight.rowGroup : weight.rows;
  for (int64_t begin = 0; begin < weight.rows; begin += rows) {
    int64_t end = std::min(weight.rows, begin + rows);
    double sum = 0;
    for (int64_t row = begin; row < end; ++row)
      sum += rowSums[row];
    values.push_back(sum / ((end - begin) * weight.cols));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// The meter
//===----------------------------------------------------------------------===//

SensitivityMeter::SensitivityMeter(std::unique_ptr<State> state)
    : state(std::move(state)) {}
SensitivityMeter::~SensitivityMeter() = default;

Expected<std::unique_ptr<SensitivityMeter>>
SensitivityMeter::create(func::FuncOp func, const SampleSet &samples,
                         MeasureOptions options,
                         llvm::raw_ostream &diagnostics) {
  llvm::parallel::strategy = llvm::hardware_concurrency(options.threads);
  auto state =
      std::make_unique<State>(func, samples, std::move(options), diagnostics);
  if (Error error = state->prepare())
    return error;
  return std::unique_ptr<SensitivityMeter>(
      new SensitivityMeter(std::move(state)));
}

const Sensitivities &SensitivityMeter::result() const { return state->result; }

} // namespace mixbit
