//===- Smooth.h - Outliers of activations moved into weights ----*- C++ -*-===//
//
// Where a few columns of a layer's inputs are much larger than the rest, they
// take the quantizer's range for themselves. SmoothQuant (Xiao et al., ICML
// 2023) divides column j of the inputs by s_j and multiplies column j of the
// weight with it, which changes nothing but what is rounded:
//
//   s_j = max|x_j|^alpha / max|w_j|^(1 - alpha)
//
// Here s_j is the nearest power of two, so that neither product rounds: the
// network's floats stay what they are. Whether and how much to smooth is
// decided for each layer by the error of its output on samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace mixbit {

/// s of each column; 1 where either maximum is zero. Scales are divided by the
/// power of two nearest their geometric mean, which would only move the
/// exponents of all weights.
std::vector<float> smoothingScales(llvm::ArrayRef<float> inputMaxima,
                                   llvm::ArrayRef<float> weightMaxima,
                                   double alpha);

/// max|w_j| of each column.
std::vector<float> columnMaxima(const FloatMatrix &weights);

/// The weights with each column multiplied by its scale.
std::vector<float> scaleColumns(const FloatMatrix &weights,
                                llvm::ArrayRef<float> scales);

/// A weight that reads the inputs, and what it will be rounded to.
struct SmoothedWeight {
  FloatMatrix weights;
  Format format;
};

struct Smoothing {
  double alpha = 0;          ///< 0: none
  std::vector<float> scales; ///< empty: none
  /// Squared error of the outputs over their square, with it and without.
  double error = 0, plainError = 0;
};

/// The best of `alphas`, or none unless it takes 5% off the error. `rows` are
/// samples of the inputs, `inputMaxima` those of all inputs, `quantize`
/// replaces rows by what quantized activations make of them. Weights are
/// rounded to nearest, and of a large one only every so many rows. Fails as
/// rounding does.
llvm::Expected<Smoothing>
chooseSmoothing(llvm::ArrayRef<float> rows, llvm::ArrayRef<float> inputMaxima,
                llvm::ArrayRef<SmoothedWeight> weights,
                llvm::ArrayRef<double> alphas,
                llvm::function_ref<void(llvm::MutableArrayRef<float>)> quantize,
                int threads);

} // namespace mixbit
