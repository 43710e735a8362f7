//===- Dense.cpp - Dense linear algebra of the compiler itself ------------===//
//
// Products are blocked as by Goto and van de Geijn: both sides are packed a
// block at a time, a tile of 6 x 2 vectors stays in registers. The kernel is
// compiled twice, for plain x86-64 (or another architecture) and for AVX2.
//
//===----------------------------------------------------------------------===//
#include "lib/quant/Dense.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

namespace mixbit {

void parallelFor(int64_t count, int threads,
                 const std::function<void(int64_t)> &work) {
  int64_t wanted = threads > 0 ? threads : std::thread::hardware_concurrency();
  wanted = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(count, 1));
  std::atomic<int64_t> next{0};
  auto take = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;)
      work(i);
  };
  std::vector<std::thread> others;
  for (int64_t i = 1; i < wanted; ++i)
    others.emplace_back(take);
  take();
  for (std::thread &other : others)
    other.join();
}

namespace {
/// Rows and vectors of a tile; inputs and rows of a block.
constexpr int64_t kRows = 6, kVectors = 2, kDepth = 256, kStrip = 126;

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(32)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(32)));
};
template <typename T>
using Vector = typename VectorOf<T>::type;
template <typename T>
constexpr int64_t kLanes = 32 / sizeof(T);
template <typename T>
constexpr int64_t kWidth = PackedMatrix<T>::kWidth;
static_assert(kWidth<float> == kVectors * kLanes<float>);

/// sums[6][width] = sum over k of a[k][6] * b[k][width], both packed.
template <typename T>
[[gnu::always_inline]] inline void runTile(const T *a, const T *b,
                                           int64_t depth, T *sums) {
  Vector<T> acc[kRows][kVectors] = {};
  for (int64_t k = 0; k != depth; ++k) {
    Vector<T> b0, b1;
    __builtin_memcpy(&b0, b + k * kWidth<T>, 32);
    __builtin_memcpy(&b1, b + k * kWidth<T> + kLanes<T>, 32);
#pragma clang loop unroll(full)
    for (int64_t i = 0; i != kRows; ++i) {
      T x = a[k * kRows + i];
      acc[i][0] = acc[i][0] + x * b0;
      acc[i][1] = acc[i][1] + x * b1;
    }
  }
  for (int64_t i = 0; i != kRows; ++i)
    for (int64_t j = 0; j != kVectors; ++j)
      __builtin_memcpy(sums + i * kWidth<T> + j * kLanes<T>, &acc[i][j], 32);
}

template <typename T>
void tilePlain(const T *a, const T *b, int64_t depth, T *sums) {
  runTile(a, b, depth, sums);
}
#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx2,fma"))) void tileAvx2(const T *a, const T *b,
                                                  int64_t depth, T *sums) {
  runTile(a, b, depth, sums);
}
#endif

template <typename T>
using TileFunction = void (*)(const T *, const T *, int64_t, T *);

template <typename T>
TileFunction<T> tileFunction() {
#if defined(__x86_64__)
  static const bool hasAvx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hasAvx2)
    return tileAvx2<T>;
#endif
  return tilePlain<T>;
}

/// A strip of op(a) in tiles of kRows rows, [count, kRows] each, times alpha.
template <typename T>
void packStrip(MatrixRef<const T> a, bool transposed, T alpha, int64_t row,
               int64_t height, int64_t depth, int64_t count, T *out) {
  for (int64_t i = 0; i < height; i += kRows, out += count * kRows) {
    int64_t used = std::min(kRows, height - i);
    if (used != kRows)
      std::fill_n(out, count * kRows, T(0));
    // Along the rows of the matrix, whichever they are.
    if (transposed) {
      for (int64_t k = 0; k != count; ++k) {
        const T *from = a.row(depth + k) + row + i;
        for (int64_t r = 0; r != used; ++r)
          out[k * kRows + r] = alpha * from[r];
      }
      continue;
    }
    for (int64_t r = 0; r != used; ++r) {
      const T *from = a.row(row + i + r) + depth;
      for (int64_t k = 0; k != count; ++k)
        out[k * kRows + r] = alpha * from[k];
    }
  }
}

template <typename T>
void multiplyPacked(MatrixRef<T> c, T alpha, MatrixRef<const T> a,
                    bool transposed, const PackedMatrix<T> &b, int64_t firstRow,
                    int64_t firstCol) {
  constexpr int64_t width = PackedMatrix<T>::kWidth;
  int64_t depth = transposed ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0 || depth == 0)
    return;
  TileFunction<T> tile = tileFunction<T>();
  int64_t panels = (c.cols + width - 1) / width;
  int64_t tiles = (std::min(kStrip, c.rows) + kRows - 1) / kRows;
  std::unique_ptr<T[]> packed(new T[tiles * kRows * std::min(kDepth, depth)]);
  T sums[kRows * width];
  for (int64_t k0 = 0; k0 < depth; k0 += kDepth) {
    int64_t count = std::min(kDepth, depth - k0);
    for (int64_t i0 = 0; i0 < c.rows; i0 += kStrip) {
      int64_t height = std::min(kStrip, c.rows - i0);
      packStrip(a, transposed, alpha, i0, height, k0, count, packed.get());
      for (int64_t panel = 0; panel != panels; ++panel) {
        const T *columns =
            b.panel(firstCol / width + panel) + (firstRow + k0) * width;
        int64_t first = panel * width, used = std::min(width, c.cols - first);
        for (int64_t i = 0; i < height; i += kRows) {
          tile(packed.get() + i * count, columns, count, sums);
          int64_t rows = std::min(kRows, height - i);
          for (int64_t r = 0; r != rows; ++r) {
            T *out = c.row(i0 + i + r) + first;
            const T *sum = sums + r * width;
            if (used == width) // a count that the compiler knows
              for (int64_t j = 0; j != width; ++j)
                out[j] += sum[j];
            else
              for (int64_t j = 0; j != used; ++j)
                out[j] += sum[j];
          }
        }
      }
    }
  }
}
} // namespace

template <typename T>
PackedMatrix<T>::PackedMatrix(MatrixRef<const T> b, bool transpose, int threads)
    : numRows(transpose ? b.cols : b.rows),
      numCols(transpose ? b.rows : b.cols) {
  int64_t panels = (numCols + kWidth - 1) / kWidth;
  data.reset(new T[panels * numRows * kWidth]);
  parallelFor(panels, threads, [&](int64_t panel) {
    T *out = data.get() + panel * numRows * kWidth;
    int64_t first = panel * kWidth, used = std::min(kWidth, numCols - first);
    if (used != kWidth)
      std::fill_n(out, numRows * kWidth, T(0));
    if (transpose) {
      // Its rows are the columns: read along them.
      for (int64_t j = 0; j != used; ++j) {
        const T *from = b.row(first + j);
        for (int64_t k = 0; k != numRows; ++k)
          out[k * kWidth + j] = from[k];
      }
    } else {
      for (int64_t k = 0; k != numRows; ++k)
        std::copy_n(b.row(k) + first, used, out + k * kWidth);
    }
  });
}
template class PackedMatrix<float>;
template class PackedMatrix<double>;

void multiplyAdd(MatrixRef<float> c, float alpha, MatrixRef<const float> a,
                 bool transposeA, const PackedMatrix<float> &b,
                 int64_t firstRow, int64_t firstCol) {
  multiplyPacked(c, alpha, a, transposeA, b, firstRow, firstCol);
}
void multiplyAdd(MatrixRef<double> c, double alpha, MatrixRef<const double> a,
                 bool transposeA, const PackedMatrix<double> &b,
                 int64_t firstRow, int64_t firstCol) {
  multiplyPacked(c, alpha, a, transposeA, b, firstRow, firstCol);
}
void multiplyAdd(MatrixRef<float> c, float alpha, MatrixRef<const float> a,
                 bool transposeA, MatrixRef<const float> b, bool transposeB) {
  multiplyAdd(c, alpha, a, transposeA, PackedMatrix<float>(b, transposeB));
}
void multiplyAdd(MatrixRef<double> c, double alpha, MatrixRef<const double> a,
                 bool transposeA, MatrixRef<const double> b, bool transposeB) {
  multiplyAdd(c, alpha, a, transposeA, PackedMatrix<double>(b, transposeB));
}

//===----------------------------------------------------------------------===//
// Cholesky
//===----------------------------------------------------------------------===//

/// Columns of a step, and rows or columns that a thread takes at a time.
static constexpr int64_t kStep = 64, kChunk = 192;

/// x L' = row for a triangle L: one row of the factor below it.
static void solveRow(MatrixRef<const double> triangle, double *row) {
  for (int64_t j = 0; j != triangle.rows; ++j) {
    const double *left = triangle.row(j);
    double sum = row[j];
    for (int64_t k = 0; k != j; ++k)
      sum -= row[k] * left[k];
    row[j] = sum / left[j];
  }
}

bool factorCholesky(MatrixRef<double> a, int threads) {
  int64_t n = a.rows;
  for (int64_t j = 0; j < n; j += kStep) {
    int64_t step = std::min(kStep, n - j), below = j + step;
    MatrixRef<double> corner = a.block(j, j, step, step);
    for (int64_t i = 0; i != step; ++i) {
      double *row = corner.row(i);
      double pivot = row[i];
      for (int64_t k = 0; k != i; ++k) {
        double sum = row[k];
        const double *upper = corner.row(k);
        for (int64_t t = 0; t != k; ++t)
          sum -= row[t] * upper[t];
        row[k] = sum / upper[k];
        pivot -= row[k] * row[k];
      }
      if (!(pivot > 0) || !std::isfinite(pivot))
        return false;
      row[i] = std::sqrt(pivot);
    }
    int64_t chunks = (n - below + kChunk - 1) / kChunk;
    parallelFor(chunks, threads, [&](int64_t chunk) {
      int64_t first = below + chunk * kChunk;
      int64_t last = std::min(first + kChunk, n);
      for (int64_t i = first; i != last; ++i)
        solveRow(corner, a.row(i) + j);
    });
    // The rest of the lower triangle, a chunk of its rows at a time.
    parallelFor(chunks, threads, [&](int64_t chunk) {
      int64_t first = below + chunk * kChunk;
      int64_t height = std::min(kChunk, n - first);
      if (int64_t whole = first - below)
        multiplyAdd(a.block(first, below, height, whole), -1.0,
                    a.block(first, j, height, step), false,
                    a.block(below, j, whole, step), true);
      // The square on the diagonal, of which the lower half is kept.
      std::vector<double> square(height * height);
      MatrixRef<double> products{square.data(), height, height, height};
      multiplyAdd(products, 1.0, a.block(first, j, height, step), false,
                  a.block(first, j, height, step), true);
      for (int64_t i = 0; i != height; ++i)
        for (int64_t k = 0; k <= i; ++k)
          a.row(first + i)[first + k] -= products.row(i)[k];
    });
  }
  return true;
}

void solveCholesky(MatrixRef<const double> factor, MatrixRef<double> b,
                   int threads) {
  int64_t n = factor.rows;
  int64_t chunks = (b.cols + kChunk - 1) / kChunk;
  parallelFor(chunks, threads, [&](int64_t chunk) {
    int64_t first = chunk * kChunk, width = std::min(kChunk, b.cols - first);
    MatrixRef<double> x = b.block(0, first, n, width);
    // L y = b from the top, then L' x = y from the bottom.
    for (int64_t j = 0; j < n; j += kStep) {
      int64_t step = std::min(kStep, n - j), below = j + step;
      for (int64_t i = j; i != below; ++i) {
        double *row = x.row(i);
        for (int64_t k = j; k != i; ++k) {
          double value = factor.row(i)[k];
          for (int64_t c = 0; c != width; ++c)
            row[c] -= value * x.row(k)[c];
        }
        double pivot = factor.row(i)[i];
        for (int64_t c = 0; c != width; ++c)
          row[c] /= pivot;
      }
      if (below < n)
        multiplyAdd(x.block(below, 0, n - below, width), -1.0,
                    factor.block(below, j, n - below, step), false,
                    x.block(j, 0, step, width), false);
    }
    for (int64_t below = n; below > 0;) {
      int64_t j = (below - 1) / kStep * kStep, step = below - j;
      for (int64_t i = below; i-- > j;) {
        double *row = x.row(i);
        for (int64_t k = i + 1; k != below; ++k) {
          double value = factor.row(k)[i];
          for (int64_t c = 0; c != width; ++c)
            row[c] -= value * x.row(k)[c];
        }
        double pivot = factor.row(i)[i];
        for (int64_t c = 0; c != width; ++c)
          row[c] /= pivot;
      }
      if (j > 0)
        multiplyAdd(x.block(0, 0, j, width), -1.0, factor.block(j, 0, step, j),
                    true, x.block(j, 0, step, width), false);
      below = j;
    }
  });
}

} // namespace mixbit
