//===- MeasureHessian.cpp - Traces and top eigenvalues of the Hessian -----===//
//
// A change V of a weight changes the outputs of its linear by x V^T; the
// compiled function carries that to the changes d:dy of the gradients at the
// outputs, from which the product with the Hessian is summed.
//
//===----------------------------------------------------------------------===//
#include "lib/measure/MeasureState.h"

#include "llvm/Support/Parallel.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

static MutableArrayRef<float> mutableFloats(Tensor &tensor) {
  return {reinterpret_cast<float *>(tensor.data.data()),
          tensor.data.size() / sizeof(float)};
}

Error SensitivityMeter::State::expectLinears() const {
  if (numLinears > 0)
    return Error::success();
  return createStringError(
      "expected weights of linears to measure, but got only tables, which "
      "have no measure but fisher");
}

Error SensitivityMeter::State::cache(ArrayRef<int64_t> chosen) {
  if (!cached.empty() && ArrayRef(cachedSamples) == chosen)
    return Error::success();
  cached.clear();
  std::vector<size_t> numUses(result.weights.size());
  for (const LayerUse &use : uses)
    ++numUses[use.weight];
  for (const Batch &batch : batcher->batches(chosen)) {
    Expected<BatchGradients> at = gradients(batch);
    if (!at)
      return at.takeError();
    // Needed only where one use of a weight changes another's input.
    for (auto [use, dy] : llvm::zip(uses, at->dy))
      if (numUses[use.weight] == 1)
        dy = Tensor(MIXBIT_F32, {0});
    cached.push_back(std::move(*at));
  }
  cachedSamples = chosen.vec();
  return Error::success();
}

Error SensitivityMeter::State::hessianTimes(size_t index, int64_t begin,
                                            int64_t end, ArrayRef<float> vector,
                                            MutableArrayRef<float> product) {
  const WeightSensitivity &weight = result.weights[index];
  int64_t k = weight.cols, rows = end - begin;
  std::fill(product.begin(), product.end(), 0.0f);
  // The whole weight's change, zero elsewhere.
  std::vector<float> change(weight.rows * k, 0.0f);
  llvm::copy(vector, change.begin() + begin * k);
  size_t numUses = llvm::count_if(
      uses, [&](const LayerUse &use) { return use.weight == index; });
  for (const BatchGradients &at : cached) {
    std::vector<const Tensor *> inputs;
    for (const Tensor &input : at.inputs)
      inputs.push_back(&input);
    inputs.push_back(&at.targets);
    std::vector<Tensor> changes;
    for (size_t use = 0; use != uses.size(); ++use) {
      changes.push_back(zerosAtOutput(use, at.x[use]));
      if (uses[use].weight == index)
        timesTransposed(at.x[use].floats(), at.x[use].numElements() / k, change,
                        weight.rows, k, mutableFloats(changes.back()));
    }
    for (const Tensor &tensor : changes)
      inputs.push_back(&tensor);
    Expected<std::vector<Tensor>> outputs = run(Form::Hessian, inputs);
    if (!outputs)
      return outputs.takeError();
    auto add = [&](const Tensor &g, const Tensor &x) {
      // Only the rows asked for.
      int64_t tokens = x.numElements() / k;
      std::vector<float> part(tokens * rows);
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t i = 0; i < rows; ++i)
          part[t * rows + i] = g.floats()[t * weight.rows + begin + i];
      addOuterProducts(part, x.floats(), tokens, rows, k, product);
    };
    for (auto [use, layer] : llvm::enumerate(uses)) {
      if (layer.weight != index)
        continue;
      add((*outputs)[resultIndex(Form::Hessian, "d:dy:" + layer.mark)],
          at.x[use]);
      if (numUses > 1)
        add(at.dy[use],
            (*outputs)[resultIndex(Form::Hessian, "d:x:" + layer.mark)]);
    }
  }
  for (float &value : product)
    value /= cachedSamples.size();
  return Error::success();
}

/// Scales to length 1; false for zeros.
static bool normalizeVector(MutableArrayRef<float> vector) {
  double length = std::sqrt(dot(vector, vector));
  if (!(length > 0))
    return false;
  for (float &value : vector)
    value /= length;
  return true;
}

Expected<double> SensitivityMeter::topEigenvalue(size_t index, int64_t begin,
                                                 int64_t end,
                                                 ArrayRef<int64_t> samples,
                                                 std::vector<float> &vector) {
  State &s = *state;
  if (Error error = s.cache(samples))
    return error;
  int64_t size = (end - begin) * s.result.weights[index].cols;
  if (vector.empty()) {
    uint64_t stream = mixBits(s.options.seed ^ mixBits(index + 1));
    for (int64_t i = 0; i < size; ++i) // uniform in -1 to 1
      vector.push_back((double)(int64_t)mixBits(stream + begin + i) * 0x1p-63);
  }
  if (!normalizeVector(vector))
    return 0.0;
  std::vector<float> product(size);
  double previous = 0;
  for (int64_t step = 0; step < s.options.maxIterations; ++step) {
    if (Error error = s.hessianTimes(index, begin, end, vector, product))
      return error;
    double value = dot(vector, product);
    vector = product;
    if (!normalizeVector(vector))
      return 0.0;
    if (step > 0 &&
        std::abs(value - previous) <= s.options.tolerance * std::abs(previous))
      return value;
    previous = value;
  }
  return previous;
}

Error SensitivityMeter::measureOmega() {
  State &s = *state;
  if (Error error = s.expectLinears())
    return error;
  // A seeded order of the samples, cut into the subsets.
  std::vector<std::pair<uint64_t, int64_t>> order;
  for (int64_t i = 0; i < s.samples.count; ++i)
    order.push_back({mixBits(s.options.seed ^ mixBits(i)), i});
  llvm::sort(order);
  int64_t subsets = std::min(s.options.subsets, s.samples.count);
  // [weight][group][subset], and where the iterations ended.
  std::vector<std::vector<std::vector<double>>> values;
  std::vector<std::vector<std::vector<float>>> vectors;
  MutableArrayRef<WeightSensitivity> linears =
      MutableArrayRef(s.result.weights).take_front(s.numLinears);
  for (const WeightSensitivity &weight : linears) {
    values.emplace_back(weight.numGroups());
    vectors.emplace_back(weight.numGroups());
  }
  for (int64_t subset = 0; subset < subsets; ++subset) {
    int64_t first = subset * s.samples.count / subsets;
    int64_t last = (subset + 1) * s.samples.count / subsets;
    last = std::min(last, first + s.options.subsetSamples);
    std::vector<int64_t> chosen;
    for (int64_t i = first; i < last; ++i)
      chosen.push_back(order[i].second);
    llvm::sort(chosen);
    for (auto [index, weight] : llvm::enumerate(linears)) {
      s.show("Hessian eigenvalues: subset " + Twine(subset + 1) + " of " +
             Twine(subsets) + ", weight " + Twine(index + 1) + " of " +
             Twine(linears.size()));
      int64_t rows = weight.rowGroup ? weight.rowGroup : weight.rows;
      for (int64_t group = 0; group < weight.numGroups(); ++group) {
        // The last subset's eigenvector is close to this one's.
        Expected<double> value = topEigenvalue(
            index, group * rows, std::min(weight.rows, (group + 1) * rows),
            chosen, vectors[index][group]);
        if (!value)
          return value.takeError();
        values[index][group].push_back(*value);
      }
    }
  }
  for (auto [index, weight] : llvm::enumerate(linears)) {
    std::vector<double> &omega = weight.values["omega"];
    omega.clear();
    for (const std::vector<double> &lambdas : values[index]) {
      double mean = 0, variance = 0;
      for (double lambda : lambdas)
        mean += lambda / lambdas.size();
      for (double lambda : lambdas)
        variance += (lambda - mean) * (lambda - mean) / lambdas.size();
      omega.push_back(std::abs(mean) + std::sqrt(variance));
    }
  }
  return Error::success();
}

Error SensitivityMeter::measureTrace() {
  State &s = *state;
  if (Error error = s.expectLinears())
    return error;
  std::vector<int64_t> chosen = s.chooseSamples(s.options.traceSamples);
  std::vector<std::vector<double>> rowSums;
  MutableArrayRef<WeightSensitivity> linears =
      MutableArrayRef(s.result.weights).take_front(s.numLinears);
  for (const WeightSensitivity &weight : linears)
    rowSums.emplace_back(weight.rows);
  std::vector<Batch> batches = s.batcher->batches(chosen);
  for (int64_t draw = 0; draw < s.options.traceDraws; ++draw) {
    // Random signs for all weights at once: products between different
    // weights vanish in the mean.
    std::vector<std::vector<float>> signs;
    for (auto [index, weight] : llvm::enumerate(linears)) {
      std::vector<float> &vector =
          signs.emplace_back(weight.rows * weight.cols);
      uint64_t stream =
          mixBits(mixBits(s.options.seed ^ mixBits(draw + 1)) ^ (index + 1));
      for (size_t i = 0; i != vector.size(); ++i)
        vector[i] = mixBits(stream + i / 64) >> (i % 64) & 1 ? 1 : -1;
    }
    int64_t done = 0;
    for (const Batch &batch : batches) {
      s.show("Hessian trace: vector " + Twine(draw + 1) + " of " +
             Twine(s.options.traceDraws) + ", " + Twine(done) + " of " +
             Twine(chosen.size()) + " samples");
      done += batch.samples.size();
      Expected<BatchGradients> at = s.gradients(batch);
      if (!at)
        return at.takeError();
      std::vector<const Tensor *> inputs;
      for (const Tensor &input : at->inputs)
        inputs.push_back(&input);
      inputs.push_back(&at->targets);
      std::vector<Tensor> changes;
      auto times = [&](size_t use, const Tensor &x) {
        const WeightSensitivity &weight = s.weightOf(use);
        Tensor change = s.zerosAtOutput(use, x);
        timesTransposed(x.floats(), x.numElements() / weight.cols,
                        signs[s.uses[use].weight], weight.rows, weight.cols,
                        mutableFloats(change));
        return change;
      };
      for (size_t use = 0; use != s.uses.size(); ++use)
        changes.push_back(times(use, at->x[use]));
      for (const Tensor &tensor : changes)
        inputs.push_back(&tensor);
      Expected<std::vector<Tensor>> outputs = s.run(Form::Hessian, inputs);
      if (!outputs)
        return outputs.takeError();
      // v_i (H v)_i of each row i, without the product as a matrix.
      for (auto [use, layer] : llvm::enumerate(s.uses)) {
        const std::string &mark = layer.mark;
        auto result = [&](const char *kind) -> const Tensor & {
          return (*outputs)[s.resultIndex(Form::Hessian, kind + mark)];
        };
        std::vector<double> &sums = rowSums[layer.weight];
        auto add = [&](const Tensor &g, const Tensor &change) {
          for (int64_t i = 0, count = g.numElements(); i < count; ++i)
            sums[i % sums.size()] += (double)g.floats()[i] * change.floats()[i];
        };
        add(result("d:dy:"), changes[use]);
        add(at->dy[use], times(use, result("d:x:")));
      }
    }
  }
  for (auto [index, weight] : llvm::enumerate(linears)) {
    for (double &sum : rowSums[index])
      sum /= chosen.size() * s.options.traceDraws;
    weight.values["trace"] = s.byGroups(weight, rowSums[index]);
  }
  return Error::success();
}

} // namespace mixbit
