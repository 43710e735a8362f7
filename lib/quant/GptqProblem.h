//===- GptqProblem.h - What rounding a layer aims at ------------*- C++ -*-===//
//
// The part of rounding with Gram matrices (Gptq.h) that does not depend on the
// formats: rows are independent given the matrix, so that segments of several
// formats share its factor and their targets.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Dense.h"
#include "lib/quant/Gptq.h"

namespace mixbit {

struct GptqProblem {
  int64_t n = 0, k = 0;
  std::vector<float> target;  ///< t of each row, [n, k]
  std::vector<float> gram;    ///< [k, k], with the ridge
  std::vector<float> pulls;   ///< target * gram, [n, k]
  std::vector<int64_t> order; ///< the column at each place of the factor
  std::vector<float> factor;  ///< L of the permuted Gram matrix, [k, k]
  PackedMatrix<float> packedGram, packedFactor;

  /// Fails on statistics of another size or that are not finite.
  static llvm::Expected<GptqProblem> create(const FloatMatrix &weights,
                                            const GramStatistics &statistics,
                                            const GptqOptions &options);
};

/// A vector of rows as a matrix.
inline MatrixRef<float> asMatrix(std::vector<float> &data, int64_t cols) {
  return {data.data(), int64_t(data.size()) / cols, cols, cols};
}
inline MatrixRef<const float> asMatrix(const std::vector<float> &data,
                                       int64_t cols) {
  return {data.data(), int64_t(data.size()) / cols, cols, cols};
}

/// Sums in doubles.
double dotProduct(const float *a, const float *b, int64_t count);

} // namespace mixbit
