//===- Gram.h - Statistics of a layer's inputs ------------------*- C++ -*-===//
#pragma once

#include "lib/quant/Gptq.h"

namespace mixbit {

/// Adds up Xq' D Xq and Xq' D Xf (Gptq.h) over the rows of calibration data, D
/// the rows' weights. The order of additions is that of the calls.
class GramAccumulator {
public:
  /// Of rows of `inputs` elements; `threads` as of parallelFor.
  GramAccumulator(int64_t inputs, bool withCross, int threads);

  /// Rows as the quantized and as the float path compute them (the same array
  /// without cross statistics), with one weight a row, not below zero. Rows of
  /// weight 0 are left out; no weights at all are ones.
  void add(llvm::ArrayRef<float> quantized, llvm::ArrayRef<float> exact,
           llvm::ArrayRef<float> weights = {});

  /// Sum of the rows' weights.
  double weight() const { return total; }

  /// What has been added up; the accumulator is empty afterwards.
  GramStatistics finish();

private:
  int64_t inputs;
  bool withCross;
  int threads;
  double total = 0;
  GramStatistics sums;
};

/// Replaces rows by what a quantized linear computes with: codes of `bits`
/// (2 to 8) times the row's scale, max|x| / (2^(bits-1) - 1).
void quantizeRowsInPlace(llvm::MutableArrayRef<float> values, int64_t cols,
                         unsigned bits, int threads);

} // namespace mixbit
