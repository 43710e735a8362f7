//===- LearnedRounding.h - Codes and scales by gradient ---------*- C++ -*-===//
//
// A rounded weight whose codes and scales follow the gradient of a loss at its
// values. An element of group g has the value s_g q(u), where q(u) is the level
// nearest to a latent u that starts at the float weight over its scale, inside
// of the cell of the code that it has been rounded to. With D = dL/dW,
//
//   dL/ds_g = sum over g of D q(u)         (exact: codes are constants)
//   dL/du   = D s_g                        (straight through q: Bengio et al.
//                                           2013; latents of weights as in
//                                           BinaryConnect, Courbariaux 2015)
//
// Scales move by the logarithm, so that they keep their sign. Both take steps
// of Adam (Kingma, Ba 2015) with one second moment a matrix, as in Adam-mini
// (Zhang et al. 2024): what has large gradients moves first. With one an
// element all would move alike, most of them by the noise of few samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

namespace mixbit {

/// How far one step goes.
struct LearningRates {
  double codes = 0;  ///< of latents, in levels
  double scales = 0; ///< of scales, relative
};

class LearnedRounding {
public:
  /// Starts at `rounded`, the rounding of `weights`, which has its extents.
  LearnedRounding(const FloatMatrix &weights, QuantizedMatrix rounded);

  int64_t rows() const { return matrix.rows; }
  int64_t cols() const { return matrix.cols; }

  /// What the present codes and scales, as they would be stored, stand for;
  /// rows x cols.
  void values(llvm::MutableArrayRef<float> out) const;

  /// One step down a gradient at the values, rows x cols, which is finite.
  /// Groups whose scale is 0 stay as they are. No result depends on the number
  /// of threads (those of llvm::parallelFor).
  void step(llvm::ArrayRef<float> gradient, const LearningRates &rates);

  /// The present codes and scales.
  QuantizedMatrix rounded() const;

private:
  /// Calls `work` with each run of a group inside of a row: its group, where it
  /// begins in the matrix, and how long it is; groups of one band of rows.
  template <typename Work>
  void forRuns(int64_t band, Work work) const;
  int64_t bands() const { return matrix.format.rowGroups(matrix.rows); }

  QuantizedMatrix matrix;          ///< format, extents and zeros; no codes
  std::vector<float> latents;      ///< u, rows x cols
  std::vector<float> moments;      ///< mean of dL/du, rows x cols
  std::vector<float> scales;       ///< not yet rounded to their type, by group
  std::vector<float> scaleMoments; ///< mean of dL/dlog s, by group
  /// Means of (dL/du)^2 and (dL/dlog s)^2.
  double latentSquare = 0, scaleSquare = 0;
  int64_t steps = 0;
};

} // namespace mixbit
