//===- Reference.cpp - Scalar references of the kernels -------------------===//
#include "lib/quant/Reference.h"
#include "lib/quant/Codes.h"

#include "llvm/ADT/STLExtras.h"

#include <cassert>
#include <cmath>

using namespace llvm;

namespace mixbit {

/// One or two bits a code.
static float quantizeFew(ArrayRef<float> x, unsigned bits,
                         MutableArrayRef<int8_t> codes) {
  double sum = 0;
  for (float value : x)
    sum += std::fabs(value);
  float mean = x.empty() ? 0 : float(sum) / float(x.size());
  float scale = bits == 1 ? mean : mean * float(4.0 / 3.0);
  for (auto [value, code] : zip_equal(x, codes)) {
    int8_t sign = value < 0 ? -1 : 1;
    code = bits == 1 || std::fabs(value) > scale * 0.5f ? sign : 0;
  }
  return scale;
}

QuantizedRows quantizeActivations(ArrayRef<float> x, int64_t rows, int64_t cols,
                                  unsigned bits) {
  assert(int64_t(x.size()) == rows * cols && "a whole matrix");
  assert(bits >= 1 && bits <= 8 && "what a byte holds");
  float limit = (1 << (bits - 1)) - 1;
  QuantizedRows result{rows, cols, std::vector<int8_t>(rows * cols),
                       std::vector<float>(rows)};
  for (int64_t row = 0; row != rows; ++row) {
    ArrayRef<float> values = x.slice(row * cols, cols);
    if (bits <= 2) {
      result.scales[row] = quantizeFew(
          values, bits, MutableArrayRef(result.codes).slice(row * cols, cols));
      continue;
    }
    float largest = 0;
    for (float value : values)
      largest = std::fmax(largest, std::fabs(value));
    float inverse = largest == 0 ? INFINITY : limit / largest;
    if (std::isinf(inverse))
      continue;
    result.scales[row] = largest / limit;
    for (int64_t col = 0; col != cols; ++col) {
      float code = std::nearbyint(values[col] * inverse);
      result.codes[row * cols + col] =
          int8_t(std::fmin(std::fmax(code, -limit), limit));
    }
  }
  return result;
}

std::vector<float> dequantize(const QuantizedMatrix &matrix) {
  std::vector<uint8_t> codes =
      unpackMatrix(matrix.codes, matrix.rows, matrix.cols, matrix.format.bits);
  bool isBinary = matrix.format.kind == FormatKind::Binary;
  std::vector<float> values(codes.size());
  for (int64_t row = 0; row != matrix.rows; ++row)
    for (int64_t col = 0; col != matrix.cols; ++col) {
      int64_t index = row * matrix.cols + col;
      int64_t group = matrix.groupOf(row, col);
      float distance = codes[index] - matrix.zeroOf(group);
      values[index] = matrix.scales[group] * ((isBinary ? 2 : 1) * distance);
    }
  return values;
}

std::vector<float> dequantize(const QuantizedRows &rows) {
  std::vector<float> values(rows.codes.size());
  for (size_t i = 0; i != values.size(); ++i)
    values[i] = rows.scales[i / rows.cols] * rows.codes[i];
  return values;
}

std::vector<float> referenceLinear(const QuantizedRows &x,
                                   const QuantizedMatrix &weights,
                                   ArrayRef<float> bias) {
  assert(x.cols == weights.cols && "the inner dimensions agree");
  const Format &format = weights.format;
  std::vector<uint8_t> codes =
      unpackMatrix(weights.codes, weights.rows, weights.cols, format.bits);
  int64_t k = x.cols, groupCols = format.colsOfGroup(k);
  bool isBinary = format.kind == FormatKind::Binary;
  std::vector<float> out(x.rows * weights.rows);
  for (int64_t m = 0; m != x.rows; ++m)
    for (int64_t n = 0; n != weights.rows; ++n) {
      float sum = 0;
      for (int64_t first = 0; first < k; first += groupCols) {
        int64_t group = weights.groupOf(n, first);
        // As kernels do it: unsigned codes, the zero taken off by the sum of
        // the data; for binary 2 * product - sum.
        int64_t product = 0, data = 0;
        for (int64_t i = first, e = std::min(first + groupCols, k); i != e;
             ++i) {
          product += int64_t(x.codes[m * k + i]) * codes[n * k + i];
          data += x.codes[m * k + i];
        }
        int64_t exact = isBinary
                            ? 2 * product - data
                            : product - int64_t(weights.zeroOf(group)) * data;
        sum = std::fma(float(exact), weights.scales[group], sum);
      }
      out[m * weights.rows + n] =
          sum * x.scales[m] + (bias.empty() ? 0 : bias[n]);
    }
  return out;
}

std::vector<float> referenceLinear(ArrayRef<float> x, int64_t rows,
                                   const FloatMatrix &weights,
                                   ArrayRef<float> bias) {
  assert(int64_t(x.size()) == rows * weights.cols && "a whole matrix");
  std::vector<float> out(rows * weights.rows);
  for (int64_t m = 0; m != rows; ++m)
    for (int64_t n = 0; n != weights.rows; ++n) {
      double sum = bias.empty() ? 0 : bias[n];
      for (int64_t k = 0; k != weights.cols; ++k)
        sum += double(x[m * weights.cols + k]) * weights.at(n, k);
      out[m * weights.rows + n] = float(sum);
    }
  return out;
}

} // namespace mixbit
