//===- MeasureFisher.cpp - Sums of gradients and their squares ------------===//
#include "lib/measure/MeasureState.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

/// Adds the squared gradients of each sample at the rows that it looks up.
static void addSquaredLookups(const WeightSensitivity &table, const Tensor &ids,
                              const Tensor &gradient, const Batch &batch,
                              MutableArrayRef<float> squares) {
  int64_t each = ids.numElements() / batch.size, cols = table.cols;
  std::vector<float> sum(cols);
  for (size_t sample = 0; sample != batch.samples.size(); ++sample) {
    int64_t begin = sample * each, end = begin + each;
    auto rowOf = [&](int64_t position) {
      int64_t id = ids.integerAt(position);
      return id < 0 ? id + table.rows : id;
    };
    for (int64_t i = begin; i < end; ++i) {
      int64_t row = rowOf(i);
      bool isFirst = true;
      for (int64_t j = begin; j < i && isFirst; ++j)
        isFirst = rowOf(j) != row;
      if (!isFirst)
        continue;
      std::fill(sum.begin(), sum.end(), 0.0f);
      for (int64_t j = i; j < end; ++j)
        if (rowOf(j) == row)
          for (int64_t k = 0; k < cols; ++k)
            sum[k] += gradient.floats()[j * cols + k];
      for (int64_t k = 0; k < cols; ++k)
        squares[row * cols + k] += sum[k] * sum[k];
    }
  }
}

Error SensitivityMeter::measureFisher() {
  State &s = *state;
  size_t numWeights = s.result.weights.size();
  std::vector<std::vector<float>> squares(numWeights);
  std::vector<double> gram(numWeights);
  std::vector<int64_t> tokens(numWeights);
  for (auto [weight, sum] : llvm::zip(s.result.weights, squares))
    sum.assign(weight.rows * weight.cols, 0);
  std::vector<Batch> batches =
      s.batcher->batches(s.chooseSamples(s.samples.count));
  int64_t draws = s.samples.labels ? 1 : s.options.labelDraws, done = 0;
  for (const Batch &batch : batches) {
    s.show("Fisher information: " + Twine(done) + " of " +
           Twine(s.samples.count) + " samples");
    Tensor own;
    for (int64_t draw = 0; draw < draws; ++draw) {
      Expected<Tensor> targets = Tensor();
      std::vector<Tensor> inputs = s.batcher->inputs(batch);
      if (s.samples.labels) {
        Expected<std::vector<int64_t>> shape = s.logitsShape(inputs);
        if (!shape)
          return shape.takeError();
        targets = s.labelTargets(batch, *shape);
        if (!targets)
          return targets.takeError();
      } else {
        if (draw == 0) {
          Expected<Tensor> logits = s.logits(inputs);
          if (!logits)
            return logits.takeError();
          own = std::move(*logits);
        }
        targets = s.ownTargets(batch, own, draw);
      }
      Expected<BatchGradients> at = s.gradients(batch, *targets);
      if (!at)
        return at.takeError();
      for (float value : at->logits.floats())
        if (!std::isfinite(value))
          return notFinite(value);
      for (size_t use = 0; use != s.lookups.size(); ++use)
        addSquaredLookups(s.result.weights[s.lookups[use].weight], at->ids[use],
                          at->dRows[use], batch,
                          squares[s.lookups[use].weight]);
      for (size_t index = 0; index != s.numLinears; ++index) {
        WeightSensitivity &weight = s.result.weights[index];
        std::vector<GradientRows> rows;
        for (size_t use = 0; use != s.uses.size(); ++use) {
          if (s.uses[use].weight != index)
            continue;
          rows.push_back({at->dy[use].floats(), at->x[use].floats(),
                          s.rowsPerSample(at->x[use], batch)});
          if (draw > 0)
            continue;
          ArrayRef<float> x = rows.back().x.take_front(
              batch.samples.size() * rows.back().rows * weight.cols);
          gram[index] += dot(x, x);
          tokens[index] += batch.samples.size() * rows.back().rows;
        }
        addSquaredGradients(rows, batch.samples.size(), weight.rows,
                            weight.cols, squares[index]);
      }
    }
    done += batch.samples.size();
  }
  for (auto [index, weight] : llvm::enumerate(s.result.weights)) {
    weight.fisher = std::move(squares[index]);
    std::vector<double> rowSums(weight.rows);
    for (int64_t row = 0; row < weight.rows; ++row)
      for (int64_t k = 0; k < weight.cols; ++k) {
        float &value = weight.fisher[row * weight.cols + k];
        value /= s.samples.count * draws;
        rowSums[row] += value;
      }
    weight.values["fisher"] = s.byGroups(weight, rowSums);
    if (index < s.numLinears)
      weight.values["gram"] = {gram[index] / tokens[index] / weight.cols};
  }
  return Error::success();
}

Expected<std::vector<std::vector<float>>> SensitivityMeter::gradients() {
  State &s = *state;
  std::vector<std::vector<float>> sums;
  for (const WeightSensitivity &weight :
       ArrayRef(s.result.weights).take_front(s.numLinears))
    sums.emplace_back(weight.rows * weight.cols, 0.0f);
  for (const Batch &batch :
       s.batcher->batches(s.chooseSamples(s.samples.count))) {
    Expected<BatchGradients> at = s.gradients(batch);
    if (!at)
      return at.takeError();
    for (auto [use, layer] : llvm::enumerate(s.uses)) {
      const WeightSensitivity &weight = s.weightOf(use);
      addOuterProducts(at->dy[use].floats(), at->x[use].floats(),
                       batch.size * s.rowsPerSample(at->x[use], batch),
                       weight.rows, weight.cols, sums[layer.weight]);
    }
  }
  for (std::vector<float> &sum : sums)
    for (float &value : sum)
      value /= s.samples.count;
  return sums;
}

} // namespace mixbit
