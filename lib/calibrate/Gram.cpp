//===- Gram.cpp - Statistics of a layer's inputs --------------------------===//
#include "lib/calibrate/Gram.h"

#include "lib/quant/Dense.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mixbit {

/// Rows that are gathered before they are multiplied; columns of the result
/// that a thread takes at a time.
static constexpr int64_t kRows = 2048, kColumns = 192;

GramAccumulator::GramAccumulator(int64_t inputs, bool withCross, int threads)
    : inputs(inputs), withCross(withCross), threads(threads) {
  sums.gram.assign(inputs * inputs, 0);
  if (withCross)
    sums.cross.assign(inputs * inputs, 0);
}

void GramAccumulator::add(ArrayRef<float> quantized, ArrayRef<float> exact,
                          ArrayRef<float> weights) {
  int64_t rows = int64_t(quantized.size()) / inputs;
  std::vector<int64_t> kept;
  for (int64_t row = 0; row != rows; ++row)
    if (weights.empty() || weights[row] > 0)
      kept.push_back(row);
  std::vector<float> left, right, other;
  for (size_t first = 0; first < kept.size(); first += kRows) {
    ArrayRef<int64_t> chunk = ArrayRef(kept).slice(
        first, std::min<size_t>(kRows, kept.size() - first));
    int64_t count = chunk.size();
    left.resize(count * inputs);
    right.resize(count * inputs);
    other.resize(withCross ? count * inputs : 0);
    for (auto [to, row] : enumerate(chunk)) {
      float weight = weights.empty() ? 1 : weights[row];
      total += weight;
      const float *from = quantized.data() + row * inputs;
      for (int64_t i = 0; i != inputs; ++i)
        left[to * inputs + i] = weight * from[i];
      std::copy_n(from, inputs, right.begin() + to * inputs);
      if (withCross)
        std::copy_n(exact.data() + row * inputs, inputs,
                    other.begin() + to * inputs);
    }
    MatrixRef<const float> a{left.data(), count, inputs, inputs};
    PackedMatrix<float> b({right.data(), count, inputs, inputs}, false,
                          threads);
    PackedMatrix<float> c;
    if (withCross)
      c = PackedMatrix<float>({other.data(), count, inputs, inputs}, false,
                              threads);
    MatrixRef<float> gram{sums.gram.data(), inputs, inputs, inputs};
    MatrixRef<float> cross{sums.cross.data(), inputs, inputs, inputs};
    int64_t parts = (inputs + kColumns - 1) / kColumns;
    parallelFor(parts, threads, [&](int64_t part) {
      // The largest first. Of the Gram matrix only what is left of the
      // diagonal's blocks.
      int64_t begin = (parts - 1 - part) * kColumns;
      int64_t height = std::min(kColumns, inputs - begin);
      multiplyAdd(gram.block(begin, 0, height, begin + height), 1.0f,
                  a.block(0, begin, count, height), true, b);
      if (withCross)
        multiplyAdd(cross.block(begin, 0, height, inputs), 1.0f,
                    a.block(0, begin, count, height), true, c);
    });
  }
}

GramStatistics GramAccumulator::finish() {
  GramStatistics result = std::move(sums);
  for (int64_t i = 0; i != inputs; ++i)
    for (int64_t j = i + 1; j != inputs; ++j)
      result.gram[i * inputs + j] = result.gram[j * inputs + i];
  *this = GramAccumulator(inputs, withCross, threads);
  return result;
}

void quantizeRowsInPlace(MutableArrayRef<float> values, int64_t cols,
                         unsigned bits, int threads) {
  float top = float((1 << (bits - 1)) - 1);
  constexpr int64_t strip = 64;
  int64_t rows = int64_t(values.size()) / cols;
  parallelFor((rows + strip - 1) / strip, threads, [&](int64_t index) {
    int64_t last = std::min((index + 1) * strip, rows);
    for (int64_t row = index * strip; row != last; ++row) {
      float *x = values.data() + row * cols, largest = 0;
      for (int64_t i = 0; i != cols; ++i)
        largest = std::max(largest, std::fabs(x[i]));
      float inverse = top / largest, scale = largest / top;
      if (!std::isfinite(inverse)) {
        std::fill_n(x, cols, 0.0f);
        continue;
      }
      for (int64_t i = 0; i != cols; ++i) {
        constexpr float shift = 12582912.0f; // rounds half to even
        x[i] = ((x[i] * inverse + shift) - shift) * scale;
      }
    }
  });
}

} // namespace mixbit
