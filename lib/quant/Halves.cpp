//===- Halves.cpp - Weights as floats of 16 bits --------------------------===//
#include "lib/quant/Halves.h"

#include <cassert>
#include <cmath>

using namespace llvm;

namespace mixbit {

Format makeFloatFormat(FloatKind kind) {
  Format format;
  format.bits = 8 * floatBytes(kind);
  format.scale = kind;
  return format;
}

Expected<std::vector<uint8_t>> roundFloats(const FloatMatrix &weights,
                                           FloatKind kind) {
  int64_t count = weights.rows * weights.cols;
  std::vector<uint8_t> bytes(count * floatBytes(kind));
  for (int64_t i = 0; i != count; ++i) {
    float value = loadFloat(weights.data, i, weights.kind);
    storeFloat(bytes.data(), i, kind, value);
    if (!std::isfinite(loadFloat(bytes.data(), i, kind)))
      return createStringError(
          inconvertibleErrorCode(),
          "expected values that %s holds, but got %g at row %lld, column %lld",
          formatName(makeFloatFormat(kind)).c_str(), value,
          (long long)(i / weights.cols), (long long)(i % weights.cols));
  }
  return bytes;
}

void packHalves(const FloatMatrix &weights, const PackedLayout &layout,
                FloatKind kind, MutableArrayRef<uint16_t> out) {
  assert(layout.isValid() && layout.bits == 16 && kind != FloatKind::F32 &&
         layout.block == layout.inner &&
         int64_t(out.size()) * 2 == layout.bytes(weights.rows, weights.cols));
  std::fill(out.begin(), out.end(), 0);
  int64_t stride = layout.paddedCols(weights.cols), inner = layout.inner;
  for (int64_t row = 0; row != weights.rows; ++row)
    for (int64_t col = 0; col != weights.cols; ++col) {
      // [N/panel][K/inner][panel][inner]
      int64_t line = row / layout.panel * (stride / inner) + col / inner;
      int64_t place =
          (line * layout.panel + row % layout.panel) * inner + col % inner;
      storeFloat(out.data(), place, kind, weights.at(row, col));
    }
}

} // namespace mixbit
