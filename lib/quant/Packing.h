//===- Packing.h - Weights as the contraction kernels read them -*- C++ -*-===//
//
// The bytes of #mixbit.layout<panel, block, inner, bits>. Packed bytes are
// ordered [N/panel][K/block][panel/16][lines][64 B]. A line is 64 bytes: 16
// outputs x `inner` consecutive inputs; input k of output n is element
// n%16 * inner + k%inner of line k%block / inner. Below 8 bits, 8/bits
// consecutive lines share the 64 bytes (planes), the first in the lowest
// bits. N is padded to a multiple of `panel` and K to one of `block`, with
// Format::paddingCode() (the group's zero point where there is one).
//
// With inner 32 codes are cut into bit planes, for contractions that count
// bits: a line is one bit of the codes of 16 outputs x 32 inputs, input k of
// output n in bit k%32 of little-endian word n%16; the lines of 32 inputs are
// the code's bits, the lowest first. Padding is zero bits.
//
// Scales (and zero points) are [N/panel][groups along K][panel]; groups of
// several rows are repeated for each; padding has scale 0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

namespace mixbit {

/// The numbers of #mixbit.layout; see there.
struct PackedLayout {
  int64_t panel = 64, block = 64, inner = 4;
  unsigned bits = 8;

  /// Whether Packing.cpp can lay bytes out so: `bits` of 1, 2, 4 or 8 with
  /// inner 4, 1 or 2 with inner 32, or 32 (floats) with inner 1; a panel of a
  /// multiple of 16, a block of whole groups of lines.
  bool isValid() const;
  /// Lines hold single bits of the codes.
  bool isBitPlanes() const { return inner == 32; }
  int64_t panels(int64_t n) const { return (n + panel - 1) / panel; }
  int64_t blocks(int64_t k) const { return (k + block - 1) / block; }
  int64_t paddedRows(int64_t n) const { return panels(n) * panel; }
  int64_t paddedCols(int64_t k) const { return blocks(k) * block; }
  /// Bytes of a whole packed matrix, N outputs x K inputs.
  int64_t bytes(int64_t n, int64_t k) const {
    return paddedRows(n) * paddedCols(k) / 8 * bits;
  }
  /// Elements of the packed scales of `format`.
  int64_t scaleCount(const Format &format, int64_t n, int64_t k) const {
    return paddedRows(n) * format.colGroups(k);
  }
};

/// Bits a code takes in the packed planes: 1, 2, 4 or 8 (3 in 4, 5 to 7 in 8);
/// 32 for fp32.
unsigned planeBits(const Format &format);

/// The layout that kernels have for a format with data of `dataBits`: panel 64,
/// block 64, inner 4, or for fp32 panel 16, block 1, inner 1, or bit planes
/// (panel 64, block 32, inner 32) where data and codes have at most two bits.
PackedLayout layoutFor(const Format &format, unsigned dataBits = 8);

/// Packs the codes; `out` has layout.bytes(rows, cols) bytes.
void packCodes(const QuantizedMatrix &weights, const PackedLayout &layout,
               llvm::MutableArrayRef<uint8_t> out);

/// Packs a float matrix as f32, padded with 0; `out` has
/// layout.bytes(rows, cols) / 4 elements.
void packFloats(const FloatMatrix &weights, const PackedLayout &layout,
                llvm::MutableArrayRef<float> out);

/// Packs the scales; `out` has layout.scaleCount() elements.
void packScales(const QuantizedMatrix &weights, const PackedLayout &layout,
                llvm::MutableArrayRef<float> out);

/// Packs the zero points of a format that has them, likewise.
void packZeros(const QuantizedMatrix &weights, const PackedLayout &layout,
               llvm::MutableArrayRef<int32_t> out);

/// The codes [paddedRows(n), paddedCols(k)] of packed bytes, one byte each,
/// the padding included. For tests.
std::vector<uint8_t> unpackPacked(llvm::ArrayRef<uint8_t> packed,
                                  const PackedLayout &layout, int64_t n,
                                  int64_t k);

} // namespace mixbit
