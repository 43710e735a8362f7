//===- Packing.cpp - Weights as the contraction kernels read them ---------===//
#include "lib/quant/Packing.h"
#include "lib/quant/Codes.h"

#include "llvm/Support/MathExtras.h"

#include <cassert>
#include <cstring>

using namespace llvm;

namespace mixbit {

/// Outputs of a line.
static constexpr int64_t kLineRows = 16;

SmallVector<unsigned, 3> componentsOf(unsigned bits) {
  SmallVector<unsigned, 3> components;
  for (unsigned width : {8, 4, 2, 1})
    if (bits & width)
      components.push_back(width);
  return components;
}

bool PackedLayout::isValid() const {
  if (panel <= 0 || panel % kLineRows != 0 || block <= 0)
    return false;
  if (bits == 16)
    return !trits && (inner == 1 || inner == 2) && block % inner == 0;
  if (bits == 32)
    return inner == 1 && !trits;
  if (isBitPlanes())
    return block % inner == 0 && (bits == 1 || bits == 2) && !trits;
  if (inner != 4 || bits < 1 || bits > 8 || (trits && bits != 2))
    return false;
  return block % (inner * linesOfChunk(bits)) == 0;
}

PackedLayout layoutFor(const Format &format, Density density,
                       unsigned dataBits) {
  if (format.isFloat()) {
    // Two inputs of bf16 share a word.
    int64_t inner = format.scale == FloatKind::BF16 ? 2 : 1;
    return {16, inner, inner, format.bits};
  }
  if (dataBits <= 2 && format.bits <= 2 && !format.hasZero() &&
      format.groupCols % 32 == 0)
    return {64, 32, 32, format.bits};
  if (density == Density::Planes)
    return {64, 64, 4, unsigned(PowerOf2Ceil(format.bits))};
  return {64, 64, 4, format.bits, format.kind == FormatKind::Ternary};
}

bool layoutFits(const PackedLayout &layout, const Format &format) {
  if (!layout.isValid())
    return false;
  if (layout.isBitPlanes())
    return layout.bits == format.bits && !format.hasZero();
  for (Density density : {Density::Dense, Density::Planes}) {
    PackedLayout own = layoutFor(format, density);
    if (layout.bits == own.bits && layout.trits == own.trits)
      return true;
  }
  return false;
}

bool tableReadsLayout(const PackedLayout &layout, const Format &format) {
  if (format.isFloat())
    return layout.bits == 32;
  return !layout.trits && !layout.isBitPlanes() && format.groupCols % 32 == 0;
}

uint64_t storedLinearBytes(const Format &format, int64_t rows, int64_t cols,
                           Density density, unsigned dataBits) {
  if (rows <= 0 || cols <= 0)
    return 0;
  PackedLayout layout = layoutFor(format, density, dataBits);
  // Padding first, in unsigned arithmetic that saturates.
  auto pad = [](int64_t value, int64_t to) {
    return SaturatingMultiply((uint64_t(value) + to - 1) / to, uint64_t(to));
  };
  uint64_t paddedRows = pad(rows, layout.panel);
  uint64_t panels = paddedRows / layout.panel;
  uint64_t paddedCols = pad(cols, layout.block);
  if (format.isFloat())
    return SaturatingMultiply(SaturatingMultiply(paddedRows, paddedCols),
                              uint64_t(format.bits / 8));
  uint64_t panelBytes;
  if (layout.trits) {
    uint64_t lines = paddedCols / layout.inner;
    panelBytes = SaturatingMultiply(lines / 5 * 64 + lines % 5 * 16,
                                    uint64_t(layout.panel / kLineRows));
  } else {
    panelBytes = SaturatingMultiply(paddedCols / 8 * layout.bits,
                                    uint64_t(layout.panel));
  }
  uint64_t perGroup = floatBytes(format.scale) + (format.hasZero() ? 1 : 0);
  uint64_t scales = SaturatingMultiply(
      SaturatingMultiply(paddedRows, uint64_t(format.colGroups(cols))),
      perGroup);
  return SaturatingAdd(SaturatingMultiply(panels, panelBytes), scales);
}

uint64_t storedTableBytes(const Format &format, int64_t rows, int64_t cols) {
  if (format.isFloat())
    return SaturatingMultiply(
        SaturatingMultiply(uint64_t(rows), uint64_t(cols)),
        uint64_t(format.bits / 8));
  uint64_t rowBytes = format.kind == FormatKind::Ternary
                          ? (uint64_t(cols) + 4) / 5
                          : format.rowBytes(cols);
  return SaturatingAdd(SaturatingMultiply(uint64_t(rows), rowBytes),
                       SaturatingAdd(format.scaleBytes(rows, cols),
                                     format.zeroBytes(rows, cols)));
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

/// Bits [first, first + bits) of a line of 16 x 4 codes at `codes`, shifted
/// into place in `out`.
static void addLine(const uint8_t *codes, int64_t stride, unsigned first,
                    unsigned bits, unsigned shift, uint8_t *out) {
  unsigned mask = (1u << bits) - 1;
  for (int64_t row = 0; row != kLineRows; ++row)
    for (int64_t k = 0; k != 4; ++k)
      out[row * 4 + k] |= (codes[row * stride + k] >> first & mask) << shift;
}

/// Five digits to base 3, the first in front, as a fraction of 256.
static uint8_t packTrits(const uint8_t *codes, int64_t stride) {
  unsigned value = 0;
  for (int64_t i = 0; i != 5; ++i)
    value = value * 3 + codes[i * stride];
  return (value * 256 + 242) / 243;
}

/// Digit `index` of a byte.
static uint8_t unpackTrit(uint8_t byte, int64_t index) {
  for (; index != 0; --index)
    byte *= 3;
  return byte * 3 >> 8;
}

/// A panel of ternary codes, [panel][stride].
static void packTritPanel(const uint8_t *codes, int64_t stride,
                          const PackedLayout &layout, uint8_t *out) {
  int64_t lines = stride / layout.inner, whole = lines / 5 * 5;
  for (int64_t strip = 0; strip != layout.panel; strip += kLineRows)
    for (int64_t line = 0; line != whole; line += 5)
      for (int64_t i = 0; i != 64; ++i)
        *out++ = packTrits(codes + (strip + i / 4) * stride + line * 4 + i % 4,
                           layout.inner);
  for (int64_t strip = 0; strip != layout.panel; strip += kLineRows)
    for (int64_t line = whole; line != lines; ++line, out += 16)
      for (int64_t i = 0; i != 64; ++i)
        out[i % 16] |= codes[(strip + i / 4) * stride + line * 4 + i % 4]
                       << (i / 16 * 2);
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
  SmallVector<unsigned, 3> components = componentsOf(layout.bits);
  int64_t chunk = linesOfChunk(layout.bits);
  std::vector<uint8_t> codes;
  uint8_t *place = out.data();
  for (int64_t panel = 0; panel != layout.panels(weights.rows); ++panel) {
    unpackPanel(weights, layout, panel, codes);
    if (layout.trits) {
      packTritPanel(codes.data(), stride, layout, place);
      place += layout.panelBytes(weights.cols);
      continue;
    }
    for (int64_t k = 0; k < stride; k += layout.block)
      for (int64_t row = 0; row != layout.panel; row += kLineRows)
        for (int64_t line = 0; line != layout.block / layout.inner;
             line += chunk) {
          unsigned first = 0;
          for (unsigned bits : components) {
            int64_t planes = 8 / bits;
            for (int64_t i = 0; i != chunk; ++i) {
              addLine(codes.data() + row * stride + k +
                          (line + i) * layout.inner,
                      stride, first, bits, i % planes * bits, place);
              if (i % planes + 1 == planes)
                place += 64;
            }
            first += bits;
          }
        }
  }
}

/// The code of row `row`, column `col` of a panel, from the definition.
static uint8_t readPacked(const uint8_t *panel, const PackedLayout &layout,
                          int64_t k, int64_t row, int64_t col) {
  int64_t strip = row / kLineRows, strips = layout.panel / kLineRows;
  int64_t element = row % kLineRows * layout.inner + col % layout.inner;
  if (layout.trits) {
    int64_t lines = layout.lines(k), line = col / layout.inner;
    if (line < lines / 5 * 5)
      return unpackTrit(panel[(strip * (lines / 5) + line / 5) * 64 + element],
                        line % 5);
    const uint8_t *rest = panel + strips * (lines / 5) * 64;
    rest += (strip * (lines % 5) + line % 5) * 16;
    return rest[element % 16] >> (element / 16 * 2) & 3;
  }
  int64_t chunk = linesOfChunk(layout.bits);
  int64_t line = col % layout.block / layout.inner;
  const uint8_t *place = panel + (col / layout.block * strips + strip) *
                                     kLineRows * layout.block / 8 * layout.bits;
  place += line / chunk * chunk * 64 / 8 * layout.bits;
  unsigned code = 0, first = 0;
  for (unsigned bits : componentsOf(layout.bits)) {
    int64_t planes = 8 / bits, i = line % chunk;
    code |= (place[i / planes * 64 + element] >> (i % planes * bits) &
             ((1u << bits) - 1))
            << first;
    place += chunk / planes * 64;
    first += bits;
  }
  return code;
}

std::vector<uint8_t> unpackPacked(ArrayRef<uint8_t> packed,
                                  const PackedLayout &layout, int64_t n,
                                  int64_t k) {
  assert(layout.isValid() && layout.bits <= 8 &&
         int64_t(packed.size()) == layout.bytes(n, k));
  int64_t rows = layout.paddedRows(n), cols = layout.paddedCols(k);
  std::vector<uint8_t> codes(rows * cols);
  if (layout.isBitPlanes()) {
    for (int64_t row = 0; row != rows; ++row)
      for (int64_t col = 0; col != cols; ++col)
        for (unsigned bit = 0; bit != layout.bits; ++bit) {
          int64_t line = row / layout.panel;
          line = line * layout.blocks(k) + col / layout.block;
          line = line * (layout.panel / kLineRows) +
                 row % layout.panel / kLineRows;
          line = line * (layout.block / layout.inner) +
                 col % layout.block / layout.inner;
          line = line * layout.bits + bit;
          uint8_t byte = packed[line * 64 + row % kLineRows * 4 + col % 32 / 8];
          codes[row * cols + col] |= (byte >> col % 8 & 1) << bit;
        }
    return codes;
  }
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t col = 0; col != cols; ++col)
      codes[row * cols + col] =
          readPacked(packed.data() + row / layout.panel * layout.panelBytes(k),
                     layout, k, row % layout.panel, col);
  return codes;
}

void packTritRows(const QuantizedMatrix &table, MutableArrayRef<uint8_t> out) {
  int64_t rowBytes = packedRowBytes(table.cols, table.format.bits);
  int64_t tritBytes = tritRowBytes(table.cols);
  assert(int64_t(out.size()) == table.rows * tritBytes);
  std::vector<uint8_t> codes(tritBytes * 5);
  for (int64_t row = 0; row != table.rows; ++row) {
    unpackRow(table.codes.data() + row * rowBytes, table.format.bits,
              MutableArrayRef(codes).take_front(table.cols));
    for (int64_t i = 0; i != tritBytes; ++i)
      out[row * tritBytes + i] = packTrits(codes.data() + i * 5, 1);
  }
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

/// Spreads values, one a group, over [N/panel][groups along K][panel]; `write`
/// gets a place and a value.
static void spreadGroups(const QuantizedMatrix &weights,
                         const PackedLayout &layout, ArrayRef<float> groups,
                         function_ref<void(int64_t, float)> write) {
  const Format &format = weights.format;
  int64_t across = format.colGroups(weights.cols);
  int64_t rowsOfGroup = format.rowsOfGroup(weights.rows);
  for (int64_t row = 0; row != weights.rows; ++row)
    for (int64_t group = 0; group != across; ++group)
      write((row / layout.panel * across + group) * layout.panel +
                row % layout.panel,
            groups[row / rowsOfGroup * across + group]);
}

void packScales(const QuantizedMatrix &weights, const PackedLayout &layout,
                MutableArrayRef<uint8_t> out) {
  FloatKind kind = weights.format.scale;
  assert(int64_t(out.size()) ==
         layout.scaleCount(weights.format, weights.rows, weights.cols) *
             floatBytes(kind));
  std::memset(out.data(), 0, out.size());
  spreadGroups(weights, layout, weights.scales,
               [&](int64_t index, float value) {
                 storeFloat(out.data(), index, kind, value);
               });
}

void packZeros(const QuantizedMatrix &weights, const PackedLayout &layout,
               MutableArrayRef<uint8_t> out) {
  assert(weights.format.hasZero() && "a format with zero points");
  std::memset(out.data(), 0, out.size());
  spreadGroups(weights, layout, weights.zeros, [&](int64_t index, float value) {
    out[index] = uint8_t(value);
  });
}

} // namespace mixbit
