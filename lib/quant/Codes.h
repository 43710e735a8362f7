//===- Codes.h - Canonical bit-packing of codes -----------------*- C++ -*-===//
//
// The canonical payload of a quantized matrix: row after row, a row being a
// little-endian stream of bits (code i has bits i*b to i*b+b-1, low bits
// first), padded with zero bits to a whole byte. One code is one byte while
// it is worked on.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mixbit {

/// Bytes of a packed row.
inline int64_t packedRowBytes(int64_t cols, unsigned bits) {
  return cols / 8 * bits + (cols % 8 * bits + 7) / 8;
}

/// Packs one row; `out` has packedRowBytes(codes.size(), bits) bytes. Codes
/// have no bits above `bits`.
void packRow(llvm::ArrayRef<uint8_t> codes, unsigned bits, uint8_t *out);

/// Reads one row back; `codes.size()` says how many.
void unpackRow(const uint8_t *packed, unsigned bits,
               llvm::MutableArrayRef<uint8_t> codes);

/// One code of a packed row.
inline uint8_t readCode(const uint8_t *row, int64_t col, unsigned bits) {
  int64_t bit = col * bits;
  unsigned shift = bit % 8;
  unsigned value = row[bit / 8] >> shift;
  if (shift + bits > 8)
    value |= unsigned(row[bit / 8 + 1]) << (8 - shift);
  return value & ((1u << bits) - 1);
}

/// Packs a matrix of one byte a code.
std::vector<uint8_t> packMatrix(llvm::ArrayRef<uint8_t> codes, int64_t rows,
                                int64_t cols, unsigned bits);

/// The codes of a packed matrix, one byte each.
std::vector<uint8_t> unpackMatrix(llvm::ArrayRef<uint8_t> packed, int64_t rows,
                                  int64_t cols, unsigned bits);

} // namespace mixbit
