//===- Dense.cpp - Small products of float matrices -----------------------===//
#include "lib/measure/Dense.h"

#include "lib/quant/Dense.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <vector>

using namespace llvm;

namespace mixbit {

/// Rows that a thread takes at a time, and columns that stay in its cache.
static constexpr int64_t kStrip = 48, kColumns = 512;

static MatrixRef<const float> view(const float *data, int64_t rows,
                                   int64_t cols) {
  return {data, rows, cols, cols};
}

/// Calls `work` with the first row of each strip and how many it has.
static void forStrips(int64_t rows, function_ref<void(int64_t, int64_t)> work) {
  llvm::parallelFor(0, (rows + kStrip - 1) / kStrip, [&](size_t strip) {
    int64_t first = strip * kStrip;
    work(first, std::min(kStrip, rows - first));
  });
}

void timesTransposed(ArrayRef<float> x, int64_t rows, ArrayRef<float> v,
                     int64_t n, int64_t k, MutableArrayRef<float> out) {
  PackedMatrix<float> packed(view(v.data(), n, k), true);
  llvm::fill(out, 0.0f);
  forStrips(rows, [&](int64_t first, int64_t height) {
    multiplyAdd({out.data() + first * n, height, n, n}, 1.0f,
                view(x.data() + first * k, height, k), false, packed);
  });
}

void addOuterProducts(ArrayRef<float> g, ArrayRef<float> x, int64_t rows,
                      int64_t n, int64_t k, MutableArrayRef<float> out) {
  PackedMatrix<float> packed(view(x.data(), rows, k));
  forStrips(n, [&](int64_t first, int64_t height) {
    multiplyAdd({out.data() + first * k, height, k, k}, 1.0f,
                view(g.data(), rows, n).block(0, first, rows, height), true,
                packed);
  });
}

namespace {
/// The rows of one sample with a gradient: tokens without are many, of padding
/// and of a last layer of which one token counts.
struct SampleRows {
  std::vector<float> g; ///< [rows, n]
  PackedMatrix<float> x;
};
} // namespace

static SampleRows rowsOf(const GradientRows &use, int64_t sample, int64_t n,
                         int64_t k) {
  SampleRows result;
  std::vector<float> x;
  for (int64_t t = sample * use.rows; t != (sample + 1) * use.rows; ++t) {
    ArrayRef<float> gradient = use.g.slice(t * n, n);
    if (llvm::all_of(gradient, [](float value) { return value == 0; }))
      continue;
    llvm::append_range(result.g, gradient);
    llvm::append_range(x, use.x.slice(t * k, k));
  }
  int64_t rows = x.size() / k;
  result.x = PackedMatrix<float>(view(x.data(), rows, k));
  return result;
}

void addSquaredGradients(ArrayRef<GradientRows> uses, int64_t samples,
                         int64_t n, int64_t k, MutableArrayRef<float> squares) {
  for (int64_t sample = 0; sample < samples; ++sample) {
    std::vector<SampleRows> parts;
    for (const GradientRows &use : uses)
      parts.push_back(rowsOf(use, sample, n, k));
    forStrips(n, [&](int64_t first, int64_t height) {
      std::vector<float> gradient(height * kColumns);
      for (int64_t col = 0; col < k; col += kColumns) {
        int64_t width = std::min(kColumns, k - col);
        std::fill(gradient.begin(), gradient.end(), 0.0f);
        for (const SampleRows &part : parts)
          multiplyAdd({gradient.data(), height, width, kColumns}, 1.0f,
                      view(part.g.data(), part.x.rows(), n)
                          .block(0, first, part.x.rows(), height),
                      true, part.x, 0, col);
        for (int64_t row = 0; row != height; ++row) {
          const float *value = gradient.data() + row * kColumns;
          float *sum = squares.data() + (first + row) * k + col;
          for (int64_t i = 0; i != width; ++i)
            sum[i] += value[i] * value[i];
        }
      }
    });
  }
}

double dot(ArrayRef<float> a, ArrayRef<float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += (double)a[i] * b[i];
  return sum;
}

} // namespace mixbit
