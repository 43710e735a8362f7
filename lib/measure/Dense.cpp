//===- Dense.cpp - Small products of float matrices -----------------------===//
//
// All loops run along a contiguous dimension without a reduction in it, so that
// the compiler makes vectors of them without reordering sums.
//
//===----------------------------------------------------------------------===//
#include "lib/measure/Dense.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <vector>

using namespace llvm;

// The same loops for the CPUs that most machines have; AVX2 is chosen when the
// program is loaded.
#if defined(__x86_64__) && defined(__linux__)
#define MIXBIT_WIDE __attribute__((target_clones("arch=haswell", "default")))
#else
#define MIXBIT_WIDE
#endif

namespace mixbit {

/// out[k] += sum over four rows of factor x[k], a row `stride` apart.
MIXBIT_WIDE
static void addFourRows(float *__restrict out, const float *__restrict x,
                        int64_t stride, const float *factors, int64_t k) {
  const float *a = x, *b = x + stride, *c = x + 2 * stride, *d = x + 3 * stride;
  float fa = factors[0], fb = factors[1], fc = factors[2], fd = factors[3];
  for (int64_t i = 0; i < k; ++i)
    out[i] += fa * a[i] + fb * b[i] + fc * c[i] + fd * d[i];
}

MIXBIT_WIDE
static void addRow(float *__restrict out, const float *__restrict x,
                   float factor, int64_t k) {
  for (int64_t i = 0; i < k; ++i)
    out[i] += factor * x[i];
}

MIXBIT_WIDE
static void addSquares(float *__restrict out, const float *__restrict x,
                       int64_t k) {
  for (int64_t i = 0; i < k; ++i)
    out[i] += x[i] * x[i];
}

/// out[k] += sum over t of factor(t) x[t, k].
template <typename Factor>
static void addRows(float *out, const float *x, int64_t rows, int64_t k,
                    Factor factor) {
  int64_t t = 0;
  for (; t + 4 <= rows; t += 4) {
    float factors[4] = {factor(t), factor(t + 1), factor(t + 2), factor(t + 3)};
    // Tokens without a gradient are many: padding, and the last layer's.
    if (factors[0] != 0 || factors[1] != 0 || factors[2] != 0 ||
        factors[3] != 0)
      addFourRows(out, x + t * k, k, factors, k);
  }
  for (; t < rows; ++t)
    if (float f = factor(t); f != 0)
      addRow(out, x + t * k, f, k);
}

void timesTransposed(ArrayRef<float> x, int64_t rows, ArrayRef<float> v,
                     int64_t n, int64_t k, MutableArrayRef<float> out) {
  // [K, N], so that the inner loop runs along the outputs.
  std::vector<float> transposed(n * k);
  constexpr int64_t block = 32;
  parallelFor(0, (k + block - 1) / block, [&](size_t part) {
    int64_t begin = part * block, end = std::min(k, begin + block);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = begin; j < end; ++j)
        transposed[j * n + i] = v[i * k + j];
  });
  constexpr int64_t strip = 16;
  parallelFor(0, (rows + strip - 1) / strip, [&](size_t part) {
    int64_t begin = part * strip, end = std::min(rows, begin + strip);
    std::fill(out.begin() + begin * n, out.begin() + end * n, 0.0f);
    // Some inputs at a time, whose rows of `transposed` stay in the cache.
    constexpr int64_t depth = 64;
    for (int64_t j = 0; j < k; j += depth)
      for (int64_t t = begin; t < end; ++t)
        addRows(out.data() + t * n, transposed.data() + j * n,
                std::min(depth, k - j), n,
                [&](int64_t i) { return x[t * k + j + i]; });
  });
}

void addOuterProducts(ArrayRef<float> g, ArrayRef<float> x, int64_t rows,
                      int64_t n, int64_t k, MutableArrayRef<float> out) {
  parallelFor(0, n, [&](size_t row) {
    addRows(out.data() + row * k, x.data(), rows, k,
            [&](int64_t t) { return g[t * n + row]; });
  });
}

void addSquaredGradients(ArrayRef<GradientRows> uses, int64_t samples,
                         int64_t n, int64_t k, MutableArrayRef<float> squares) {
  parallelFor(0, n, [&](size_t row) {
    std::vector<float> gradient(k);
    for (int64_t sample = 0; sample < samples; ++sample) {
      std::fill(gradient.begin(), gradient.end(), 0.0f);
      for (const GradientRows &use : uses) {
        int64_t first = sample * use.rows;
        addRows(gradient.data(), use.x.data() + first * k, use.rows, k,
                [&](int64_t t) { return use.g[(first + t) * n + row]; });
      }
      addSquares(squares.data() + row * k, gradient.data(), k);
    }
  });
}

double dot(ArrayRef<float> a, ArrayRef<float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += (double)a[i] * b[i];
  return sum;
}

} // namespace mixbit
