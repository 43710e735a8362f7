//===- Gptq.h - Rounding that compensates its errors ------------*- C++ -*-===//
//
// A linear layer y = x w' is rounded so that its outputs change least on the
// rows x of calibration data, not its weights. With the Gram matrix H = Xq'Xq
// of the inputs as the quantized network computes them, and the cross matrix
// C = Xq'Xf with those of the float network, each row of weights w has the
// target t = (H + r)^-1 (C + r) w, which aims at the float network's output,
// and its rounding v costs
//
//   (v - t)' (H + r) (v - t),      r = ridge * mean diagonal of H.
//
// 1. Each group's scale is that of least error weighted by H's diagonal
//    (ScaleSearch.h).
// 2. GPTQ (Frantar et al., ICLR 2023) with scales fixed, columns in descending
//    order of the diagonal. It is Babai's nearest-plane algorithm (Chen et al.,
//    The Geometry of LLM Quantization, 2025), so it is done with one Cholesky
//    factor of H and no inverse.
// 3. Rounds of least-squares scales for the codes, then coordinate descent on
//    the codes for the scales; both only lower the cost.
// 4. Rows that share scales keep what rounding to nearest gives where that is
//    better after all.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Segments.h"

namespace mixbit {

/// Sums over the rows of calibration data of one layer's inputs, each a matrix
/// of inputs x inputs, row by row.
struct GramStatistics {
  std::vector<float> gram;  ///< Xq'Xq, symmetric
  std::vector<float> cross; ///< Xq'Xf; empty if both are the same inputs
};

struct GptqOptions {
  /// Of the mean of the Gram matrix's diagonal; keeps directions that the data
  /// does not show from being rounded carelessly.
  double ridge = 0.1;
  /// Of least-squares scales and coordinate descent.
  int rounds = 3;
  /// 0 is one a CPU; the result does not depend on it.
  int threads = 0;
};

struct GptqResult {
  QuantizedMatrix matrix;
  /// The cost as above, summed over rows; of rounding to nearest; of a weight
  /// of zeros. error / energy is the relative error of the layer's output.
  double error = 0, nearestError = 0, energy = 0;
};

/// Rounds `weights` (outputs x inputs) to `format`. Fails as roundToNearest
/// does, and on statistics of another size or that are not finite.
llvm::Expected<GptqResult> roundWithGram(const FloatMatrix &weights,
                                         const Format &format,
                                         const GramStatistics &statistics,
                                         const GptqOptions &options = {});

/// The segments' matrices, in the order of rows, and the sums of the above.
struct SegmentedGptqResult {
  llvm::SmallVector<QuantizedMatrix, 1> segments;
  double error = 0, nearestError = 0, energy = 0;
};

/// The same for a weight whose rows lie in segments of several formats, none of
/// them floats: rows are independent given the Gram matrix, whose factor all
/// segments share.
llvm::Expected<SegmentedGptqResult> roundSegmentsWithGram(
    const FloatMatrix &weights, llvm::ArrayRef<Segment> segments,
    const GramStatistics &statistics, const GptqOptions &options = {});

/// Rounds with the scales of ScaleSearch.h, codes to nearest: what is best
/// without data. `importance` is one number a row of the matrix (how often it
/// is read, say), or empty; it matters where rows share a scale.
llvm::Expected<QuantizedMatrix>
roundToSearchedScales(const FloatMatrix &weights, const Format &format,
                      llvm::ArrayRef<float> importance = {}, int threads = 0);

} // namespace mixbit
