//===- MeasureLosses.cpp - The loss of each layer at each format ----------===//
#include "lib/measure/MeasureState.h"

#include "lib/quant/Reference.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

double divergenceOf(const Tensor &logits, const Tensor &targets) {
  int64_t classes = logits.shape.back();
  double loss = 0;
  for (int64_t row = 0; row < logits.numElements() / classes; ++row) {
    double most = -INFINITY, sum = 0, total = 0;
    int64_t begin = row * classes, end = begin + classes;
    for (int64_t c = begin; c < end; ++c) {
      most = std::max<double>(most, logits.floatAt(c));
      total += targets.floatAt(c);
    }
    for (int64_t c = begin; c < end; ++c)
      sum += std::exp(logits.floatAt(c) - most);
    for (int64_t c = begin; c < end; ++c)
      if (double t = targets.floatAt(c))
        loss += t * (std::log(t / total) + most + std::log(sum) -
                     logits.floatAt(c));
  }
  return loss;
}

Error SensitivityMeter::measureLosses(ArrayRef<std::string> formats) {
  State &s = *state;
  if (Error error = s.expectLinears())
    return error;
  std::vector<Format> parsed;
  for (const std::string &name : formats) {
    Expected<Format> format = parseFormat(name);
    if (!format)
      return format.takeError();
    if (format->isFloat())
      return createStringError("expected formats to round to, but got " + name);
    parsed.push_back(*format);
  }
  std::vector<int64_t> chosen = s.chooseSamples(s.options.lossSamples);
  s.show("measured loss: reference");
  if (Error error = s.cache(chosen))
    return error;
  double before = 0;
  for (const BatchGradients &at : s.cached)
    before += divergenceOf(at.logits, at.targets);
  for (size_t index = 0; index != s.numLinears; ++index) {
    WeightSensitivity &weight = s.result.weights[index];
    FloatMatrix matrix;
    matrix.data = s.weights[index].data();
    matrix.rows = weight.rows;
    matrix.cols = weight.cols;
    for (auto [name, format] : llvm::zip(formats, parsed)) {
      s.show("measured loss: weight " + Twine(index + 1) + " of " +
             Twine(s.numLinears) + ", " + name);
      Expected<QuantizedMatrix> rounded = roundToNearest(matrix, format);
      if (!rounded)
        return createStringError("weight '" + weight.name +
                                 "': " + toString(rounded.takeError()));
      std::vector<float> change = dequantize(*rounded);
      for (auto [value, original] : llvm::zip(change, s.weights[index]))
        value -= original;
      double loss = 0;
      for (const BatchGradients &at : s.cached) {
        std::vector<const Tensor *> inputs;
        for (const Tensor &input : at.inputs)
          inputs.push_back(&input);
        std::vector<Tensor> changes;
        for (size_t use = 0; use != s.uses.size(); ++use) {
          const Tensor &x = at.x[use];
          Tensor &tensor = changes.emplace_back(s.zerosAtOutput(use, x));
          if (s.uses[use].weight == index)
            timesTransposed(x.floats(), x.numElements() / weight.cols, change,
                            weight.rows, weight.cols,
                            {reinterpret_cast<float *>(tensor.data.data()),
                             tensor.data.size() / sizeof(float)});
        }
        for (const Tensor &tensor : changes)
          inputs.push_back(&tensor);
        Expected<std::vector<Tensor>> outputs = s.run(Form::Perturbed, inputs);
        if (!outputs)
          return outputs.takeError();
        loss += divergenceOf((*outputs)[s.options.output], at.targets);
      }
      weight.values["loss:" + name] = {(loss - before) / chosen.size()};
    }
  }
  return Error::success();
}

} // namespace mixbit
