//===- Smooth.cpp - Outliers of activations moved into weights ------------===//
#include "lib/quant/Smooth.h"

#include "lib/quant/Dense.h"
#include "lib/quant/Gptq.h"
#include "lib/quant/Reference.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mixbit {

/// Rows of a weight that are looked at.
constexpr int64_t kWeightRows = 256;
/// What smoothing has to save to be worth a product for each input.
constexpr double kWorthwhile = 0.95;

std::vector<float> smoothingScales(ArrayRef<float> inputMaxima,
                                   ArrayRef<float> weightMaxima, double alpha) {
  std::vector<double> exponents;
  double sum = 0;
  int64_t count = 0;
  for (auto [x, w] : zip_equal(inputMaxima, weightMaxima)) {
    bool isUsable = x > 0 && w > 0 && std::isfinite(x) && std::isfinite(w);
    double exponent = isUsable ? alpha * std::log2(double(x)) -
                                     (1 - alpha) * std::log2(double(w))
                               : NAN;
    exponents.push_back(exponent);
    if (isUsable) {
      sum += exponent;
      ++count;
    }
  }
  double mean = count ? std::nearbyint(sum / count) : 0;
  std::vector<float> scales;
  for (double exponent : exponents) {
    double power =
        std::isnan(exponent)
            ? 0
            : std::clamp(std::nearbyint(exponent - mean), -20.0, 20.0);
    scales.push_back(std::ldexp(1.0f, int(power)));
  }
  return scales;
}

std::vector<float> columnMaxima(const FloatMatrix &weights) {
  std::vector<float> maxima(weights.cols, 0.0f);
  for (int64_t row = 0; row != weights.rows; ++row)
    for (int64_t col = 0; col != weights.cols; ++col)
      maxima[col] = std::max(maxima[col], std::fabs(weights.at(row, col)));
  return maxima;
}

std::vector<float> scaleColumns(const FloatMatrix &weights,
                                ArrayRef<float> scales) {
  std::vector<float> scaled(weights.rows * weights.cols);
  for (int64_t row = 0; row != weights.rows; ++row)
    for (int64_t col = 0; col != weights.cols; ++col)
      scaled[row * weights.cols + col] = weights.at(row, col) * scales[col];
  return scaled;
}

namespace {
/// The error of the outputs for given scales.
class ErrorMeter {
public:
  ErrorMeter(ArrayRef<float> rows, int64_t cols,
             ArrayRef<SmoothedWeight> weights, int threads)
      : rows(rows), count(int64_t(rows.size()) / cols), cols(cols),
        threads(threads) {
    for (const SmoothedWeight &weight : weights) {
      // Whole groups of rows, so that they are rounded as they will be.
      int64_t group = weight.format.rowsOfGroup(weight.weights.rows);
      int64_t groups = weight.weights.rows / group;
      int64_t step = std::max<int64_t>(1, groups * group / kWeightRows);
      Part part{{}, 0, weight.format};
      for (int64_t first = 0; first < groups; first += step)
        for (int64_t row = first * group; row != (first + 1) * group; ++row) {
          for (int64_t col = 0; col != cols; ++col)
            part.values.push_back(weight.weights.at(row, col));
          ++part.rows;
        }
      if (part.rows)
        parts.push_back(std::move(part));
    }
  }

  Expected<double>
  measure(ArrayRef<float> scales,
          function_ref<void(MutableArrayRef<float>)> quantize) const {
    std::vector<float> inputs = rows.vec();
    for (int64_t i = 0; i != count * cols; ++i)
      inputs[i] /= scales[i % cols];
    quantize(inputs);
    double error = 0, energy = 0;
    for (const Part &part : parts) {
      FloatMatrix exact{part.values.data(), FloatKind::F32, part.rows, cols};
      std::vector<float> scaled = scaleColumns(exact, scales);
      auto rounded = roundToSearchedScales(
          {scaled.data(), FloatKind::F32, part.rows, cols}, part.format, {},
          threads);
      if (!rounded)
        return rounded.takeError();
      std::vector<float> values = dequantize(*rounded);
      std::vector<float> outputs = product(rows, part.values, part.rows),
                         got = product(inputs, values, part.rows);
      for (auto [want, have] : zip_equal(outputs, got)) {
        error += (double(want) - have) * (double(want) - have);
        energy += double(want) * want;
      }
    }
    return energy > 0 ? error / energy : 0;
  }

private:
  struct Part {
    std::vector<float> values;
    int64_t rows;
    Format format;
  };

  /// x w', a strip of rows at a time.
  std::vector<float> product(ArrayRef<float> x, ArrayRef<float> w,
                             int64_t outputs) const {
    std::vector<float> y(count * outputs);
    constexpr int64_t strip = 32;
    parallelFor((count + strip - 1) / strip, threads, [&](int64_t index) {
      int64_t first = index * strip, height = std::min(strip, count - first);
      multiplyAdd(
          MatrixRef<float>{&y[first * outputs], height, outputs, outputs}, 1.0f,
          MatrixRef<const float>{&x[first * cols], height, cols, cols}, false,
          MatrixRef<const float>{w.data(), outputs, cols, cols}, true);
    });
    return y;
  }

  ArrayRef<float> rows;
  int64_t count, cols;
  int threads;
  std::vector<Part> parts;
};
} // namespace

Expected<Smoothing>
chooseSmoothing(ArrayRef<float> rows, ArrayRef<float> inputMaxima,
                ArrayRef<SmoothedWeight> weights, ArrayRef<double> alphas,
                function_ref<void(MutableArrayRef<float>)> quantize,
                int threads) {
  int64_t cols = inputMaxima.size();
  std::vector<float> weightMaxima(cols, 0.0f);
  for (const SmoothedWeight &weight : weights)
    for (auto [most, other] :
         zip_equal(weightMaxima, columnMaxima(weight.weights)))
      most = std::max(most, other);
  ErrorMeter meter(rows, cols, weights, threads);
  Smoothing best;
  auto plain = meter.measure(std::vector<float>(cols, 1.0f), quantize);
  if (!plain)
    return plain.takeError();
  best.error = best.plainError = *plain;
  for (double alpha : alphas) {
    auto scales = smoothingScales(inputMaxima, weightMaxima, alpha);
    auto error = meter.measure(scales, quantize);
    if (!error)
      return error.takeError();
    if (*error < best.error && *error < kWorthwhile * best.plainError) {
      best.alpha = alpha;
      best.scales = std::move(scales);
      best.error = *error;
    }
  }
  return best;
}

} // namespace mixbit
