//===- Dense.h - Dense linear algebra of the compiler itself ----*- C++ -*-===//
//
// What rounding with Gram matrices needs, row-major, on one thread each:
// products that run near the speed of this machine's vectors, and Cholesky
// factors. Results depend on the machine's vectors (fused multiply-adds), not
// on the number of threads.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace mixbit {

/// A matrix inside of a larger one: element (i, j) is data[i * stride + j].
template <typename T>
struct MatrixRef {
  T *data = nullptr;
  int64_t rows = 0, cols = 0, stride = 0;

  T *row(int64_t i) const { return data + i * stride; }
  MatrixRef block(int64_t row, int64_t col, int64_t height,
                  int64_t width) const {
    return {data + row * stride + col, height, width, stride};
  }
  operator MatrixRef<const T>() const { return {data, rows, cols, stride}; }
};

/// c += alpha * op(a) * op(b), where op transposes on request; c must not
/// overlap the others. After transposition a is [c.rows, K], b [K, c.cols].
void multiplyAdd(MatrixRef<float> c, float alpha, MatrixRef<const float> a,
                 bool transposeA, MatrixRef<const float> b, bool transposeB);
void multiplyAdd(MatrixRef<double> c, double alpha, MatrixRef<const double> a,
                 bool transposeA, MatrixRef<const double> b, bool transposeB);

/// The right side of products, laid out once for many of them: columns in
/// panels of kWidth, padded with zeros.
template <typename T>
class PackedMatrix {
public:
  static constexpr int64_t kWidth = 64 / sizeof(T);

  PackedMatrix() = default;
  /// Of `b`, or of its transpose; it need not live on.
  explicit PackedMatrix(MatrixRef<const T> b, bool transpose = false,
                        int threads = 1);
  int64_t rows() const { return numRows; }
  int64_t cols() const { return numCols; }
  /// Columns from index * kWidth on, [rows, kWidth].
  const T *panel(int64_t index) const {
    return data.get() + index * numRows * kWidth;
  }

private:
  int64_t numRows = 0, numCols = 0;
  std::unique_ptr<T[]> data;
};

/// c += alpha * op(a) * b[firstRow + K, firstCol + c.cols], a block of `b`
/// whose first column must be a multiple of kWidth.
void multiplyAdd(MatrixRef<float> c, float alpha, MatrixRef<const float> a,
                 bool transposeA, const PackedMatrix<float> &b,
                 int64_t firstRow = 0, int64_t firstCol = 0);
void multiplyAdd(MatrixRef<double> c, double alpha, MatrixRef<const double> a,
                 bool transposeA, const PackedMatrix<double> &b,
                 int64_t firstRow = 0, int64_t firstCol = 0);

/// Replaces the lower triangle of a symmetric matrix by its factor L, a = L L',
/// and leaves what is above the diagonal as it was. Only the lower triangle is
/// read. False if the matrix is not positive definite; `a` is spoilt then.
bool factorCholesky(MatrixRef<double> a, int threads);

/// Solves L L' x = b for each column of `b`, in place; `factor` is the lower
/// triangle that factorCholesky leaves.
void solveCholesky(MatrixRef<const double> factor, MatrixRef<double> b,
                   int threads);

/// Calls `work(0)` to `work(count - 1)` on up to `threads` threads (0: one a
/// CPU), each once. Returns when all are done.
void parallelFor(int64_t count, int threads,
                 const std::function<void(int64_t)> &work);

} // namespace mixbit
