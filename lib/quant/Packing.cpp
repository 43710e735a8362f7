//===- Packing.cpp - Weights as the contraction kernels read them ---------===//
#include "lib/quant/Packing.h"
#include "lib/quant/Codes.h"

#include <cassert>
#include <cstring>

using namespace llvm;

namespace mixbit {

/// Outputs of a line.
static constexpr int64_t kLineRows = 16;

bool PackedLayout::isValid() const {
  if (panel <= 0 || panel % kLineRows != 0 || block <= 0)
    return false;
  if (bits == 32)
    return inner == 1;
  if (isBitPlanes())
    return block % inner == 0 && (bits == 1 || bits == 2);
  if (inner != 4 || (bits != 1 && bits != 2 && bits != 4 && bits != 8))
    return false;
  return block % (inner * (8 / bits)) == 0;
}

unsigned planeBits(const Format &format) {
  if (format.isFloat())
    return 32;
  return format.bits <= 2 ? format.bits : format.bits <= 4 ? 4 : 8;
}

PackedLayout layoutFor(const Format &format, unsigned dataBits) {
  if (format.isFloat())
    return {16, 1, 1, 32};
  if (dataBits <= 2 && format.bits <= 2 && !format.hasZero() &&
      format.groupCols % 32 == 0)
    return {64, 32, 32, format.bits};
  return {64, 64, 4, planeBits(format)};
}

/// Fills `codes`, [panel][paddedCols], with the codes of a panel's rows, the
/// padding set to what means zero.
static void unpackPanel(const QuantizedMatrix &weights,
                        const PackedLayout &layout, int64_t panel,
                        std::vector<uint8_t> &codes) {
  const Format &format = weights.format;
  int64_t paddedCols = layout.paddedCols(weights.cols);
  int64_t rowBytes = packedRowBytes(weights.cols, format.bits);
  codes.assign(layout.panel * paddedCols, format.paddingCode());
  int64_t first = panel * layout.panel;
  int64_t rows = std::min(layout.panel, weights.rows - first);
  for (int64_t row = 0; row != rows; ++row) {
    uint8_t *out = codes.data() + row * paddedCols;
    unpackRow(weights.codes.data() + (first + row) * rowBytes, format.bits,
              MutableArrayRef(out, weights.cols));
    // The tail belongs to the last group, whose zero point is what means zero.
    if (!weights.zeros.empty() && weights.cols > 0) {
      int64_t group = weights.groupOf(first + row, weights.cols - 1);
      std::memset(out + weights.cols, int(weights.zeros[group]),
                  paddedCols - weights.cols);
    }
  }
}

/// A line of 16 x 4 codes at `codes`, shifted into place in `out`.
static void addLine(const uint8_t *codes, int64_t stride, unsigned shift,
                    uint8_t *out) {
  for (int64_t row = 0; row != kLineRows; ++row)
    for (int64_t k = 0; k != 4; ++k)
      out[row * 4 + k] |= codes[row * stride + k] << shift;
}

/// Bit `bit` of the codes of 16 outputs x 32 inputs.
static void writeBitLine(const uint8_t *codes, int64_t stride, unsigned bit,
                         uint8_t *out) {
  for (int64_t row = 0; row != kLineRows; ++row)
    for (int64_t k = 0; k != 32; ++k)
      out[row * 4 + k / 8] |= (codes[row * stride + k] >> bit & 1) << k % 8;
}

static void packBitPlanes(const QuantizedMatrix &weights,
                          const PackedLayout &layout, uint8_t *out) {
  int64_t stride = layout.paddedCols(weights.cols);
  std::vector<uint8_t> codes;
  for (int64_t panel = 0; panel != layout.panels(weights.rows); ++panel) {
    unpackPanel(weights, layout, panel, codes);
    for (int64_t row = 0; row != layout.panel; ++row) {
      bool isPadding = panel * layout.panel + row >= weights.rows;
      int64_t used = isPadding ? 0 : weights.cols;
      std::memset(codes.data() + row * stride + used, 0, stride - used);
    }
    for (int64_t k = 0; k < stride; k += layout.block)
      for (int64_t row = 0; row != layout.panel; row += kLineRows)
        for (int64_t word = 0; word != layout.block; word += layout.inner)
          for (unsigned bit = 0; bit != layout.bits; ++bit, out += 64)
            writeBitLine(codes.data() + row * stride + k + word, stride, bit,
                         out);
  }
}

void packCodes(const QuantizedMatrix &weights, const PackedLayout &layout,
               MutableArrayRef<uint8_t> out) {
  assert(layout.isValid() && layout.bits >= weights.format.bits &&
         int64_t(out.size()) == layout.bytes(weights.rows, weights.cols));
  std::memset(out.data(), 0, out.size());
  if (layout.isBitPlanes())
    return packBitPlanes(weights, layout, out.data());
  int64_t stride = layout.paddedCols(weights.cols);
  unsigned planes = 8 / layout.bits;
  std::vector<uint8_t> codes;
  uint8_t *place = out.data();
  for (int64_t panel = 0; panel != layout.panels(weights.rows); ++panel) {
    unpackPanel(weights, layout, panel, codes);
    for (int64_t k = 0; k < stride; k += layout.block)
      for (int64_t row = 0; row != layout.panel; row += kLineRows)
        for (int64_t line = 0; line != layout.block / layout.inner; ++line) {
          unsigned plane = line % planes;
          addLine(codes.data() + row * stride + k + line * layout.inner, stride,
                  plane * layout.bits, place);
          if (plane + 1 == planes)
            place += 64;
        }
  }
}

std::vector<uint8_t> unpackPacked(ArrayRef<uint8_t> packed,
                                  const PackedLayout &layout, int64_t n,
                                  int64_t k) {
  assert(layout.isValid() && layout.bits <= 8 &&
         int64_t(packed.size()) == layout.bytes(n, k));
  int64_t rows = layout.paddedRows(n), cols = layout.paddedCols(k);
  int64_t planes = 8 / layout.bits, lines = layout.block / layout.inner;
  std::vector<uint8_t> codes(rows * cols);
  if (layout.isBitPlanes()) {
    for (int64_t row = 0; row != rows; ++row)
      for (int64_t col = 0; col != cols; ++col)
        for (unsigned bit = 0; bit != layout.bits; ++bit) {
          int64_t line = row / layout.panel;
          line = line * layout.blocks(k) + col / layout.block;
          line = line * (layout.panel / kLineRows) +
                 row % layout.panel / kLineRows;
          line = line * lines + col % layout.block / layout.inner;
          line = line * layout.bits + bit;
          uint8_t byte = packed[line * 64 + row % kLineRows * 4 + col % 32 / 8];
          codes[row * cols + col] |= (byte >> col % 8 & 1) << bit;
        }
    return codes;
  }
  // Written from the definition, not from packCodes: tests compare the two.
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t col = 0; col != cols; ++col) {
      int64_t line = col % layout.block / layout.inner;
      int64_t chunk = row / layout.panel;
      chunk = chunk * layout.blocks(k) + col / layout.block;
      chunk =
          chunk * (layout.panel / kLineRows) + row % layout.panel / kLineRows;
      chunk = chunk * (lines / planes) + line / planes;
      uint8_t byte = packed[chunk * 64 + row % kLineRows * layout.inner +
                            col % layout.inner];
      codes[row * cols + col] =
          byte >> (line % planes * layout.bits) & ((1u << layout.bits) - 1);
    }
  return codes;
}

void packFloats(const FloatMatrix &weights, const PackedLayout &layout,
                MutableArrayRef<float> out) {
  assert(layout.isValid() && layout.bits == 32 &&
         int64_t(out.size()) * 4 == layout.bytes(weights.rows, weights.cols));
  std::memset(out.data(), 0, out.size() * sizeof(float));
  int64_t stride = layout.paddedCols(weights.cols);
  for (int64_t row = 0; row != weights.rows; ++row) {
    float *panel = out.data() + row / layout.panel * layout.panel * stride;
    int64_t inPanel = row % layout.panel;
    for (int64_t col = 0; col != weights.cols; ++col) {
      int64_t block = col / layout.block, line = col % layout.block;
      int64_t chunk =
          (block * (layout.panel / kLineRows) + inPanel / kLineRows) *
              layout.block +
          line;
      panel[chunk * kLineRows + inPanel % kLineRows] = weights.at(row, col);
    }
  }
}

/// Spreads one value a group to [N/panel][groups along K][panel].
template <typename Value>
static void spreadGroups(const QuantizedMatrix &weights,
                         const PackedLayout &layout, ArrayRef<float> groups,
                         MutableArrayRef<Value> out) {
  const Format &format = weights.format;
  int64_t across = format.colGroups(weights.cols);
  int64_t rowsOfGroup = format.rowsOfGroup(weights.rows);
  assert(int64_t(out.size()) ==
         layout.scaleCount(format, weights.rows, weights.cols));
  std::fill(out.begin(), out.end(), Value(0));
  for (int64_t row = 0; row != weights.rows; ++row)
    for (int64_t group = 0; group != across; ++group)
      out[(row / layout.panel * across + group) * layout.panel +
          row % layout.panel] =
          Value(groups[row / rowsOfGroup * across + group]);
}

void packScales(const QuantizedMatrix &weights, const PackedLayout &layout,
                MutableArrayRef<float> out) {
  spreadGroups(weights, layout, weights.scales, out);
}

void packZeros(const QuantizedMatrix &weights, const PackedLayout &layout,
               MutableArrayRef<int32_t> out) {
  assert(weights.format.hasZero() && "a format with zero points");
  spreadGroups(weights, layout, weights.zeros, out);
}

} // namespace mixbit
