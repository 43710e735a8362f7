//===- Packing.h - Weights as the contraction kernels read them -*- C++ -*-===//
//
// The bytes of #mixbit.layout<panel, block, inner, bits>. Packed bytes are
// ordered [N/panel][K/block][panel/16][chunks][lines][64 B]. A line is 64
// bytes: 16 outputs x `inner` consecutive inputs; input k of output n is
// element n%16 * inner + k%inner of line k%block / inner. Below 8 bits, lines
// are stored densely: the bits of a code are cut into components of 4, 2 and 1
// bits (3 = 2 + 1, 5 = 4 + 1, 6 = 4 + 2, 7 = 4 + 2 + 1), the low bits first.
// 8/c consecutive lines share the 64 bytes of a component of c bits (planes),
// the first in the lowest bits. A chunk is as many lines as fill 64 bytes of
// the smallest component: its packed lines of the first component, then those
// of the next. N is padded to a multiple of `panel` and K to one of `block`,
// with Format::paddingCode() (the group's zero point where there is one).
//
// With inner 32 codes are cut into bit planes, for contractions that count
// bits: a line is one bit of the codes of 16 outputs x 32 inputs, input k of
// output n in bit k%32 of little-endian word n%16; the lines of 32 inputs are
// the code's bits, the lowest first. Padding is zero bits.
//
// With `trits` (ternary codes) five consecutive lines share 64 bytes. A byte
// holds ceil(v * 256 / 243), where v has the five codes as its digits to base
// 3, the first line's in front: digit i is then (byte * 3^i mod 256) * 3 / 256.
// The order is [N/panel][panel/16][lines/5][64 B]; of the L%5 lines that are
// left over of all of K, four codes share a byte, [panel/16][lines%5][16 B]
// behind the panel's whole lines: code i of a line is in byte i%16, from bit
// 2 * (i/16) on.
//
// Scales are [N/panel][groups along K][panel] in the format's type, zero
// points (of codes, a byte each) likewise; groups of several rows are repeated
// for each; padding has scale 0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

#include "llvm/ADT/SmallVector.h"

namespace mixbit {

/// The numbers of #mixbit.layout; see there.
struct PackedLayout {
  int64_t panel = 64, block = 64, inner = 4;
  unsigned bits = 8;
  bool trits = false; ///< five codes a byte; `bits` is 2

  bool operator==(const PackedLayout &other) const {
    return panel == other.panel && block == other.block &&
           inner == other.inner && bits == other.bits && trits == other.trits;
  }
  bool operator!=(const PackedLayout &other) const { return !(*this == other); }

  /// Whether Packing.cpp can lay bytes out so: `bits` of 1 to 8 with inner 4,
  /// 1 or 2 with inner 32, or 32 (floats) with inner 1; a panel of a multiple
  /// of 16, a block of whole chunks.
  bool isValid() const;
  /// Lines hold single bits of the codes.
  bool isBitPlanes() const { return inner == 32; }
  int64_t panels(int64_t n) const { return (n + panel - 1) / panel; }
  int64_t blocks(int64_t k) const { return (k + block - 1) / block; }
  int64_t paddedRows(int64_t n) const { return panels(n) * panel; }
  int64_t paddedCols(int64_t k) const { return blocks(k) * block; }
  /// Lines of codes over all of K.
  int64_t lines(int64_t k) const { return paddedCols(k) / inner; }
  /// Bytes of a panel, all of K.
  int64_t panelBytes(int64_t k) const {
    if (trits)
      return panel / 16 * (lines(k) / 5 * 64 + lines(k) % 5 * 16);
    return panel * paddedCols(k) / 8 * bits;
  }
  /// Bytes of a whole packed matrix, N outputs x K inputs.
  int64_t bytes(int64_t n, int64_t k) const {
    return panels(n) * panelBytes(k);
  }
  /// Elements of the packed scales of `format`.
  int64_t scaleCount(const Format &format, int64_t n, int64_t k) const {
    return paddedRows(n) * format.colGroups(k);
  }
};

/// How codes of `bits` bits, 1 to 8, are cut into components of powers of two,
/// the lowest bits first: 7 is {4, 2, 1}.
llvm::SmallVector<unsigned, 3> componentsOf(unsigned bits);

/// Lines of codes in a chunk: what fills a line of the smallest component.
inline int64_t linesOfChunk(unsigned bits) {
  return 8 / componentsOf(bits).back();
}

/// How tightly codes are packed for kernels.
enum class Density {
  Dense, ///< as many bits as the format has, ternary in fifths of a byte
  Planes ///< 1, 2, 4 or 8 bits: larger, cheaper to expand
};

/// The layout that kernels have for a format with data of `dataBits`: panel 64,
/// block 64, inner 4, or for fp32 panel 16, block 1, inner 1, or bit planes
/// (panel 64, block 32, inner 32) where data and codes have at most two bits.
PackedLayout layoutFor(const Format &format, Density density = Density::Dense,
                       unsigned dataBits = 8);

/// Whether kernels can read codes of `format` from `layout`.
bool layoutFits(const PackedLayout &layout, const Format &format);

/// Whether rows of a table can be looked up in a packed matrix, so that a table
/// that is a linear's weight too is stored once: fp32, and codes of whole
/// planes (no ternary digits, no bit planes) in groups of 32 inputs or more.
bool tableReadsLayout(const PackedLayout &layout, const Format &format);

/// What a weight takes in a library, its scales and zero points counted, as the
/// weight of a linear (padded to whole panels and blocks) or as a table of
/// rows. The sizes saturate instead of wrapping around.
uint64_t storedLinearBytes(const Format &format, int64_t rows, int64_t cols,
                           Density density = Density::Dense,
                           unsigned dataBits = 8);
uint64_t storedTableBytes(const Format &format, int64_t rows, int64_t cols);

/// Packs the codes; `out` has layout.bytes(rows, cols) bytes.
void packCodes(const QuantizedMatrix &weights, const PackedLayout &layout,
               llvm::MutableArrayRef<uint8_t> out);

/// Packs a float matrix as f32, padded with 0; `out` has
/// layout.bytes(rows, cols) / 4 elements.
void packFloats(const FloatMatrix &weights, const PackedLayout &layout,
                llvm::MutableArrayRef<float> out);

/// Packs the scales in the format's type; `out` has layout.scaleCount()
/// elements of it.
void packScales(const QuantizedMatrix &weights, const PackedLayout &layout,
                llvm::MutableArrayRef<uint8_t> out);

/// Packs the zero points of a format that has them, likewise, a byte each.
void packZeros(const QuantizedMatrix &weights, const PackedLayout &layout,
               llvm::MutableArrayRef<uint8_t> out);

/// Five ternary codes a byte, the rows of a table padded to whole bytes with
/// code 0: element c of a row is digit c%5 of byte c/5. `out` has rows *
/// tritRowBytes(cols) bytes.
inline int64_t tritRowBytes(int64_t cols) { return (cols + 4) / 5; }
void packTritRows(const QuantizedMatrix &table,
                  llvm::MutableArrayRef<uint8_t> out);

/// The codes [paddedRows(n), paddedCols(k)] of packed bytes, one byte each,
/// the padding included. For tests.
std::vector<uint8_t> unpackPacked(llvm::ArrayRef<uint8_t> packed,
                                  const PackedLayout &layout, int64_t n,
                                  int64_t k);

} // namespace mixbit
