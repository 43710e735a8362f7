//===- Dense.h - Small products of float matrices ---------------*- C++ -*-===//
//
// What stands between the compiled functions: few rows (the tokens of a batch)
// against the matrices of one weight. Matrices are row-major and contiguous.
// Sums are in float; work is split over threads so that no result depends on
// their number. Products are those of lib/quant/Dense.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace mixbit {

/// out[t, n] = sum over k of x[t, k] v[n, k]; out is overwritten.
void timesTransposed(llvm::ArrayRef<float> x, int64_t rows,
                     llvm::ArrayRef<float> v, int64_t n, int64_t k,
                     llvm::MutableArrayRef<float> out);

/// out[n, k] += sum over t of g[t, n] x[t, k].
void addOuterProducts(llvm::ArrayRef<float> g, llvm::ArrayRef<float> x,
                      int64_t rows, int64_t n, int64_t k,
                      llvm::MutableArrayRef<float> out);

/// The gradient of one use of a weight: `rows` rows for each sample.
struct GradientRows {
  llvm::ArrayRef<float> g; ///< [samples * rows, n]
  llvm::ArrayRef<float> x; ///< [samples * rows, k]
  int64_t rows;
};

/// squares[n, k] += sum over samples of (sum over uses and their rows t of
/// g[t, n] x[t, k])^2: squared gradients of each sample. Only the first
/// `samples` samples count.
void addSquaredGradients(llvm::ArrayRef<GradientRows> uses, int64_t samples,
                         int64_t n, int64_t k,
                         llvm::MutableArrayRef<float> squares);

double dot(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b);

} // namespace mixbit
