//===- Reference.h - Scalar references of the kernels -----------*- C++ -*-===//
//
// What the generated kernels must compute, written for reading: integer sums
// are exact, floats are added in the order of K. Kernel tests compare against
// these; where only the order of float additions differs, within a bound.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

namespace mixbit {

/// Rows of data quantized to integers, each with a scale of its own (a token).
struct QuantizedRows {
  int64_t rows = 0, cols = 0;
  std::vector<int8_t> codes; ///< at most 2^(bits-1) - 1 in size; 1 bit: +-1
  std::vector<float> scales;
};

/// `bits` of 3 to 8, with limit = 2^(bits-1) - 1: scale = absmax / limit, code
/// = round half to even of x * (limit / absmax), clamped to +-limit. A row
/// whose absmax is 0, or so small that limit / absmax is infinite, has scale 0
/// and codes 0.
///
/// 2 bits: scale = 4/3 mean|x|, code = sign(x) where |x| > scale / 2, else 0.
/// 1 bit: scale = mean|x|, code = -1 where x < 0, else 1. (Liu et al., "Binary
/// and Ternary Natural Language Generation", with the scale of a token instead
/// of a learned one.) Kernels add |x| in another order, so that their scale is
/// this one but for rounding.
QuantizedRows quantizeActivations(llvm::ArrayRef<float> x, int64_t rows,
                                  int64_t cols, unsigned bits = 8);

/// The value of each element.
std::vector<float> dequantize(const QuantizedMatrix &matrix);
std::vector<float> dequantize(const QuantizedRows &rows);

/// out[m, n] = x_scale[m] * sum over groups of K of
///   w_scale[n, g] * (sum of x[m, k] * (w[n, k] - zero)) + bias[n].
/// The inner sum is an exact integer (for binary twice the value), the outer
/// one a chain of fused multiply-adds in the order of K. Zero points are
/// integers. `bias` may be empty.
std::vector<float> referenceLinear(const QuantizedRows &x,
                                   const QuantizedMatrix &weights,
                                   llvm::ArrayRef<float> bias = {});

/// The product of float matrices [M, K] x [N, K]', each element summed in
/// double, so that it is the nearest float but for rare ties.
std::vector<float> referenceLinear(llvm::ArrayRef<float> x, int64_t rows,
                                   const FloatMatrix &weights,
                                   llvm::ArrayRef<float> bias = {});

} // namespace mixbit
