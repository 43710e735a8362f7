//===- Reconstruct.cpp - Rounded weights improved by gradient -------------===//
#include "lib/measure/Reconstruct.h"

#include "lib/calibrate/VariedSamples.h"
#include "lib/measure/MeasureState.h"
#include "lib/quant/Reference.h"
#include "lib/quant/Segments.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llvm;

namespace mixbit {
namespace {

/// What one batch is to give.
struct BatchTargets {
  Batch batch;
  std::vector<Tensor> inputs;
  Tensor probabilities;
  std::vector<Tensor> points, pulls;
};

struct Losses {
  double all = 0, divergence = 0;
};

/// One weight as the compiled function takes it.
struct Parameter {
  std::string name;
  Tensor exact, values;
  /// None: it is given. Else one a segment, null where that is given.
  std::vector<std::unique_ptr<LearnedRounding>> learned;
  MutableArrayRef<QuantizedMatrix> segments;
};

MutableArrayRef<float> floatsOf(Tensor &tensor) {
  return {reinterpret_cast<float *>(tensor.data.data()),
          tensor.data.size() / sizeof(float)};
}
} // namespace

class Reconstructor {
public:
  Reconstructor(SensitivityMeter &meter, const ReconstructOptions &options)
      : s(*meter.state), options(options) {}

  Error prepare(MutableArrayRef<WeightToReconstruct> weights);
  Expected<Reconstruction> run();

private:
  Expected<std::vector<Tensor>> runBatch(const BatchTargets &at,
                                         bool isExact = false);
  Error setTargets(BatchTargets &at);
  void weigh(BatchTargets &at);
  void vary(BatchTargets &at, int64_t epoch) const;
  Losses lossesOf(const BatchTargets &at, ArrayRef<Tensor> outputs) const;
  Expected<std::vector<Losses>> heldOutLosses();
  void learn(const BatchTargets &at, ArrayRef<Tensor> outputs, double share);
  double weightOf(int64_t sample) const {
    return options.sampleWeights.empty() ? 1 : options.sampleWeights[sample];
  }
  size_t result(const Twine &name) const {
    return s.resultIndex(Form::Parameterized, name.str());
  }

  SensitivityMeter::State &s;
  const ReconstructOptions &options;
  std::vector<Parameter> parameters;
  std::vector<std::string> arguments; ///< behind the model's inputs
  size_t numPoints = 0;
  std::vector<VariedInput> tokens;
  std::vector<Batch> training;
  std::vector<BatchTargets> heldOut;
};

Error Reconstructor::prepare(MutableArrayRef<WeightToReconstruct> weights) {
  llvm::DenseSet<int64_t> isHeldOut(options.heldOut.begin(),
                                    options.heldOut.end());
  std::vector<int64_t> learnt;
  for (int64_t sample = 0; sample != s.samples.count; ++sample)
    if (!isHeldOut.contains(sample))
      learnt.push_back(sample);
  if (learnt.empty() || options.heldOut.empty())
    return createStringError("expected samples to learn from and some to judge "
                             "by (8 or more in all), but got " +
                             Twine(s.samples.count));
  auto compiled = s.library(Form::Parameterized);
  if (!compiled)
    return compiled.takeError();
  arguments = s.arguments.at(Form::Parameterized);
  for (StringRef argument : arguments) {
    numPoints += argument.starts_with("pull:");
    if (!argument.consume_front("w:"))
      continue;
    Parameter &parameter = parameters.emplace_back();
    parameter.name = argument.str();
    auto values = s.constantValues(argument);
    if (!values)
      return values.takeError();
    parameter.exact = std::move(*values);
    parameter.values = parameter.exact;
  }
  training = s.batcher->batches(learnt);
  // One by one, so that the losses of each can be compared.
  for (int64_t sample : options.heldOut) {
    BatchTargets &at = heldOut.emplace_back();
    at.batch = s.batcher->batches(sample).front();
    at.inputs = s.batcher->inputs(at.batch);
    if (Error error = setTargets(at))
      return error;
  }
  tokens = findVariedInputs(s.func, s.samples.inputs, s.samples.count);
  bool any = false;
  for (WeightToReconstruct &weight : weights) {
    auto parameter = llvm::find_if(
        parameters, [&](const Parameter &p) { return p.name == weight.name; });
    // Nothing that the outputs depend on, or the weight's second format.
    if (parameter == parameters.end() || !parameter->segments.empty())
      continue;
    bool isLinear = llvm::any_of(s.uses, [&](const LayerUse &use) {
      return s.result.weights[use.weight].name == weight.name;
    });
    MutableArrayRef<float> values = floatsOf(parameter->values);
    int64_t cols = parameter->values.shape[1], row = 0;
    FloatMatrix matrix{parameter->exact.data.data(), FloatKind::F32,
                       parameter->values.shape[0], cols};
    parameter->segments = weight.segments;
    for (QuantizedMatrix &segment : weight.segments) {
      auto &learned = parameter->learned.emplace_back();
      if (isLinear && segment.format.bits <= options.mostBits)
        learned = std::make_unique<LearnedRounding>(
            rowsOf(matrix, row, segment.rows), segment);
      any |= bool(learned);
      llvm::copy(dequantize(segment), values.begin() + row * cols);
      row += segment.rows;
    }
    if (llvm::none_of(parameter->learned, [](auto &l) { return bool(l); }))
      parameter->learned.clear();
  }
  if (!any)
    return createStringError("expected linear layers in " +
                             Twine(options.mostBits) +
                             " bits or less, but got none");
  return Error::success();
}

Expected<std::vector<Tensor>> Reconstructor::runBatch(const BatchTargets &at,
                                                      bool isExact) {
  std::vector<const Tensor *> inputs;
  for (const Tensor &input : at.inputs)
    inputs.push_back(&input);
  size_t parameter = 0, target = 0, pull = 0;
  for (StringRef argument : arguments) {
    inputs.push_back(argument.starts_with("w:")
                         ? (isExact ? &parameters[parameter].exact
                                    : &parameters[parameter].values)
                     : argument.starts_with("target:") ? &at.points[target++]
                     : argument.starts_with("pull:")   ? &at.pulls[pull++]
                                                       : &at.probabilities);
    parameter += argument.starts_with("w:");
  }
  return s.run(Form::Parameterized, inputs);
}

/// Runs the network in floats on the batch's inputs, and has what it gives as
/// targets.
Error Reconstructor::setTargets(BatchTargets &at) {
  auto none = s.noTargets(at.inputs);
  if (!none)
    return none.takeError();
  at.probabilities = std::move(*none);
  at.points.resize(numPoints);
  at.pulls.resize(numPoints);
  for (size_t point = 0; point != numPoints; ++point) {
    auto shape = s.shapeOf(s.pointExtents[point], at.inputs);
    if (!shape)
      return shape.takeError();
    at.points[point] = Tensor(MIXBIT_F32, *shape);
    shape->back() = 1;
    at.pulls[point] = Tensor(MIXBIT_F32, *shape);
  }
  auto outputs = runBatch(at, /*isExact=*/true);
  if (!outputs)
    return outputs.takeError();
  const Tensor &logits = (*outputs)[s.options.output];
  for (float value : logits.floats())
    if (!std::isfinite(value))
      return notFinite(value);
  at.probabilities = s.ownTargets(at.batch, logits, std::nullopt);
  for (size_t point = 0; point != numPoints; ++point)
    at.points[point] = std::move((*outputs)[result("point:" + Twine(point))]);
  weigh(at);
  return Error::success();
}

/// The weight of each row.
void Reconstructor::weigh(BatchTargets &at) {
  int64_t count = at.batch.samples.size();
  for (size_t point = 0; point != numPoints; ++point) {
    int64_t cols = at.points[point].shape.back();
    int64_t rows = at.pulls[point].numElements() / at.batch.size;
    auto isLeftOut = [&](int64_t row) {
      return s.isLeftOut(at.batch, row, rows);
    };
    double energy = 0;
    for (int64_t row = 0; row != count * rows; ++row) {
      ArrayRef<float> h = at.points[point].floats().slice(row * cols, cols);
      energy += isLeftOut(row) ? 0 : dot(h, h);
    }
    double each = energy > 0 ? options.match * count / (energy * numPoints) : 0;
    for (int64_t row = 0; row != count * rows; ++row)
      if (!isLeftOut(row))
        at.pulls[point].setFloat(
            row, float(each * weightOf(at.batch.samples[row / rows])));
  }
  // A row of targets counts as their sum.
  int64_t each = at.probabilities.numElements() / at.batch.size;
  for (int64_t i = 0; i != count * each; ++i)
    floatsOf(at.probabilities)[i] *=
        float(weightOf(at.batch.samples[i / each]));
}

/// Another variation in each epoch.
void Reconstructor::vary(BatchTargets &at, int64_t epoch) const {
  std::vector<uint64_t> streams;
  for (int64_t sample : at.batch.samples)
    streams.push_back(
        mixBits(options.seed ^ mixBits(epoch * s.samples.count + sample)));
  varyInputs(at.inputs, tokens, streams, options.variation);
}

Losses Reconstructor::lossesOf(const BatchTargets &at,
                               ArrayRef<Tensor> outputs) const {
  Losses losses;
  losses.divergence = divergenceOf(outputs[s.options.output], at.probabilities);
  losses.all = losses.divergence;
  for (size_t point = 0; point != numPoints; ++point) {
    ArrayRef<float> h = outputs[result("point:" + Twine(point))].floats();
    ArrayRef<float> target = at.points[point].floats();
    ArrayRef<float> pulls = at.pulls[point].floats();
    size_t cols = at.points[point].shape.back();
    for (size_t row = 0; row != pulls.size(); ++row) {
      double sum = 0;
      for (size_t i = row * cols; i != (row + 1) * cols; ++i)
        sum += double(h[i] - target[i]) * (h[i] - target[i]);
      losses.all += pulls[row] ? pulls[row] * sum / 2 : 0;
    }
  }
  return losses;
}

/// Of each sample, in proportion to its weight; their sums are the means.
Expected<std::vector<Losses>> Reconstructor::heldOutLosses() {
  std::vector<Losses> result;
  double all = 0;
  for (int64_t sample : options.heldOut)
    all += weightOf(sample);
  for (const BatchTargets &at : heldOut) {
    auto outputs = runBatch(at);
    if (!outputs)
      return outputs.takeError();
    Losses losses = lossesOf(at, *outputs);
    result.push_back({losses.all / all, losses.divergence / all});
  }
  return result;
}

static Losses sumOf(ArrayRef<Losses> losses) {
  Losses sum;
  for (const Losses &each : losses) {
    sum.all += each.all;
    sum.divergence += each.divergence;
  }
  return sum;
}

/// Whether the sum is smaller by more than two standard errors of the paired
/// differences: what few samples show may be chance.
static bool isClearlySmaller(ArrayRef<Losses> losses, ArrayRef<Losses> before) {
  double count = losses.size(), sum = 0, squares = 0;
  for (auto [now, then] : llvm::zip_equal(losses, before)) {
    sum += then.all - now.all;
    squares += (then.all - now.all) * (then.all - now.all);
  }
  if (count < 2)
    return false;
  double variance = (squares - sum * sum / count) / (count - 1);
  return sum > 2 * std::sqrt(std::max(0.0, variance) * count);
}

/// One step of all weights down the gradient of a batch.
void Reconstructor::learn(const BatchTargets &at, ArrayRef<Tensor> outputs,
                          double share) {
  LearningRates rates = {options.rates.codes * share,
                         options.rates.scales * share};
  for (Parameter &parameter : parameters) {
    if (parameter.learned.empty())
      continue;
    int64_t rows = parameter.values.shape[0], cols = parameter.values.shape[1];
    std::vector<float> gradient(rows * cols);
    for (const LayerUse &use : s.uses) {
      if (s.result.weights[use.weight].name != parameter.name)
        continue;
      const Tensor &x = outputs[result("x:" + use.mark)];
      addOuterProducts(outputs[result("dy:" + use.mark)].floats(), x.floats(),
                       x.numElements() / cols, rows, cols, gradient);
    }
    int64_t row = 0;
    for (auto [learned, segment] :
         llvm::zip_equal(parameter.learned, parameter.segments)) {
      size_t begin = row * cols, count = segment.rows * cols;
      row += segment.rows;
      if (!learned)
        continue;
      learned->step(ArrayRef(gradient).slice(begin, count), rates);
      learned->values(floatsOf(parameter.values).slice(begin, count));
    }
  }
}

Expected<Reconstruction> Reconstructor::run() {
  Reconstruction report;
  auto start = heldOutLosses();
  if (!start)
    return start.takeError();
  Losses first = sumOf(*start);
  report.before = report.after = first.all;
  report.divergenceBefore = report.divergenceAfter = first.divergence;
  int64_t best = 0;
  double least = first.all;
  int64_t steps = options.epochs * training.size(), step = 0;
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    std::vector<std::pair<uint64_t, size_t>> order;
    for (size_t i = 0; i != training.size(); ++i)
      order.push_back(
          {mixBits(options.seed ^ mixBits(epoch * training.size() + i)), i});
    llvm::sort(order);
    for (auto [index, next] : llvm::enumerate(order)) {
      s.show(formatv("reconstruct: epoch {0}/{1}, {2}/{3}, held-out loss "
                     "{4:f4} of {5:f4}",
                     epoch, options.epochs, index, order.size(), report.after,
                     report.before));
      BatchTargets at;
      at.batch = training[next.second];
      at.inputs = s.batcher->inputs(at.batch);
      vary(at, epoch);
      if (Error error = setTargets(at))
        return std::move(error);
      auto outputs = runBatch(at);
      if (!outputs)
        return outputs.takeError();
      learn(at, *outputs, (1 + std::cos(M_PI * step++ / steps)) / 2);
    }
    auto losses = heldOutLosses();
    if (!losses)
      return losses.takeError();
    report.epochs = epoch;
    Losses sum = sumOf(*losses);
    if (sum.all < least) {
      least = sum.all;
      best = epoch;
    }
    if (sum.all < report.after && isClearlySmaller(*losses, *start)) {
      report.kept = epoch;
      report.after = sum.all;
      report.divergenceAfter = sum.divergence;
      for (Parameter &parameter : parameters)
        if (!parameter.learned.empty())
          for (auto [learned, segment] :
               llvm::zip_equal(parameter.learned, parameter.segments))
            if (learned)
              segment = learned->rounded();
    }
    if (epoch - best >= options.patience)
      break;
  }
  return report;
}

Expected<Reconstruction>
reconstruct(SensitivityMeter &meter,
            MutableArrayRef<WeightToReconstruct> weights,
            const ReconstructOptions &options) {
  Reconstructor reconstructor(meter, options);
  if (Error error = reconstructor.prepare(weights))
    return error;
  return reconstructor.run();
}

} // namespace mixbit
