//===- Codes.cpp - Canonical bit-packing of codes -------------------------===//
#include "lib/quant/Codes.h"

#include <cassert>
#include <cstring>

using namespace llvm;

namespace mixbit {

void packRow(ArrayRef<uint8_t> codes, unsigned bits, uint8_t *out) {
  if (bits == 8) {
    std::memcpy(out, codes.data(), codes.size());
    return;
  }
  // Eight codes are `bits` whole bytes, whatever the width.
  size_t col = 0;
  for (; col + 8 <= codes.size(); col += 8) {
    uint64_t stream = 0;
    for (unsigned i = 0; i != 8; ++i)
      stream |= uint64_t(codes[col + i]) << (i * bits);
    for (unsigned i = 0; i != bits; ++i)
      *out++ = uint8_t(stream >> (8 * i));
  }
  uint64_t stream = 0;
  unsigned filled = 0;
  for (; col != codes.size(); ++col, filled += bits)
    stream |= uint64_t(codes[col]) << filled;
  for (unsigned i = 0; i * 8 < filled; ++i)
    *out++ = uint8_t(stream >> (8 * i));
}

void unpackRow(const uint8_t *packed, unsigned bits,
               MutableArrayRef<uint8_t> codes) {
  if (bits == 8) {
    std::memcpy(codes.data(), packed, codes.size());
    return;
  }
  uint8_t mask = (1u << bits) - 1;
  size_t col = 0;
  for (; col + 8 <= codes.size(); col += 8) {
    uint64_t stream = 0;
    for (unsigned i = 0; i != bits; ++i)
      stream |= uint64_t(*packed++) << (8 * i);
    for (unsigned i = 0; i != 8; ++i)
      codes[col + i] = uint8_t(stream >> (i * bits)) & mask;
  }
  for (size_t first = col; col != codes.size(); ++col)
    codes[col] = readCode(packed, col - first, bits);
}

std::vector<uint8_t> packMatrix(ArrayRef<uint8_t> codes, int64_t rows,
                                int64_t cols, unsigned bits) {
  assert(int64_t(codes.size()) == rows * cols && "one byte a code");
  int64_t rowBytes = packedRowBytes(cols, bits);
  std::vector<uint8_t> packed(rows * rowBytes);
  for (int64_t row = 0; row != rows; ++row)
    packRow(codes.slice(row * cols, cols), bits,
            packed.data() + row * rowBytes);
  return packed;
}

std::vector<uint8_t> unpackMatrix(ArrayRef<uint8_t> packed, int64_t rows,
                                  int64_t cols, unsigned bits) {
  int64_t rowBytes = packedRowBytes(cols, bits);
  assert(int64_t(packed.size()) == rows * rowBytes && "whole rows");
  std::vector<uint8_t> codes(rows * cols);
  for (int64_t row = 0; row != rows; ++row)
    unpackRow(packed.data() + row * rowBytes, bits,
              MutableArrayRef(codes).slice(row * cols, cols));
  return codes;
}

} // namespace mixbit
