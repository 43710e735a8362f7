//===- Candidates.h - Formats to choose among, and what they cost -*- C++ -*-=//
//
// The loss that a format is predicted to add. To second order, with the
// Hessian's diagonal in the place of the Hessian (LeCun et al., "Optimal Brain
// Damage", 1990), rounding W to Q adds
//
//   1/2 sum_ij h_ij (w_ij - q_ij)^2,
//
// where the empirical Fisher information stands for h. Q is rounded to nearest
// and each group's scale then fitted to the codes by weighted least squares,
//
//   s = sum h w c / sum h c^2,
//
// which costs one pass over the weights and follows what a better rounding
// reaches closely enough to compare formats. Measures of whole rows (Omega of
// Q-BERT, HAWQ's trace) give all weights of a group of rows one h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Packing.h"

namespace mixbit {

/// What a candidate format is for.
enum class WeightUse { Linear, Table };

/// The formats worth considering for a matrix, each served by our kernels:
/// for linears int8 to int2, ternary and binary in groups of 128, 64 and 32,
/// for tables int8 to int3; scales are f16 below 8 bits.
std::vector<Format> candidateFormats(WeightUse use, int64_t rows, int64_t cols);

/// What a matrix takes in a library, scales and padding counted (Packing.h).
uint64_t storedBytes(WeightUse use, const Format &format, int64_t rows,
                     int64_t cols, Density density = Density::Dense,
                     unsigned dataBits = 8);

/// "int4:1x64", "ternary:1x0", "fp32": one word that parseFormat reads, save
/// for the type of the scales.
std::string formatKey(const Format &format);

/// h for each weight: `each` of rows x cols, or else `rowValues` (one, or one
/// for each `rowGroup` rows).
struct Curvature {
  llvm::ArrayRef<float> each;
  llvm::ArrayRef<double> rowValues;
  int64_t rowGroup = 0; ///< 0 is all rows
};

/// The predicted loss above, without the factor 1/2. For a table, whose rows
/// are looked up as often as inputs say, the error of each column is a mean
/// over all rows, weighted by the column's sum of h: rows that no sample looks
/// up are not free. Fails as roundToNearest does.
llvm::Expected<double> predictedLoss(const FloatMatrix &weights,
                                     const Format &format,
                                     const Curvature &curvature, WeightUse use);

/// The predicted loss of each row of a linear, as if it stood alone.
llvm::Expected<std::vector<double>>
predictedRowLosses(const FloatMatrix &weights, const Format &format,
                   const Curvature &curvature);

} // namespace mixbit
