//===- Round.h - Rounding weights to nearest --------------------*- C++ -*-===//
//
// Turns a float matrix into codes and scales, a group at a time, without data.
// Deterministic: the result depends on the weights and the format only.
//
// How a group's scale is found:
//   int8       absmax / 127, so that codes are 1 to 255 and the two signs are
//              treated alike
//   int1-int7  the smallest squared error among a few candidates: absmax at
//              the positive end, the signed extreme at the (longer) negative
//              end, and both shrunk a little
//   zero point (max - min) / levels, the range widened to hold zero
//   ternary    4/3 mean|w|, a weight above half of it becoming 1 (TBT)
//   binary     mean|w|, the sign of zero taken as positive (TBT)
// The scale is first rounded to the type it is stored in. A group of zeros has
// scale 0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Format.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace mixbit {

/// A dense float matrix that somebody else owns, rows one after the other.
struct FloatMatrix {
  const void *data = nullptr;
  FloatKind kind = FloatKind::F32;
  int64_t rows = 0, cols = 0;

  float at(int64_t row, int64_t col) const {
    return loadFloat(data, row * cols + col, kind);
  }
};

/// A weight as it is stored: canonical codes (Codes.h), then one scale and, if
/// the format has them, one zero point a group, in the order of the groups'
/// rows and columns.
struct QuantizedMatrix {
  Format format;
  int64_t rows = 0, cols = 0;
  std::vector<uint8_t> codes;
  std::vector<float> scales; ///< values that format.scale can hold
  std::vector<float> zeros;  ///< in codes; empty if the format has none

  int64_t groupOf(int64_t row, int64_t col) const {
    return row / format.rowsOfGroup(rows) * format.colGroups(cols) +
           col / format.colsOfGroup(cols);
  }
  /// The zero point of a group, in codes (binary: 0.5).
  float zeroOf(int64_t group) const {
    return zeros.empty() ? format.doubledImplicitZero() / 2.0f : zeros[group];
  }
};

/// Rounds `weights` to `format`, which is not fp32. Fails on a weight that is
/// not finite, and on one too large for the type of the scales, naming its
/// place.
llvm::Expected<QuantizedMatrix> roundToNearest(const FloatMatrix &weights,
                                               const Format &format);

/// The bytes of scales as the format stores them.
std::vector<uint8_t> encodeScales(llvm::ArrayRef<float> scales, FloatKind kind);
std::vector<float> decodeScales(llvm::ArrayRef<uint8_t> bytes, FloatKind kind);

/// The bytes of zero points as the format stores them.
std::vector<uint8_t> encodeZeros(llvm::ArrayRef<float> zeros, ZeroKind kind);
std::vector<float> decodeZeros(llvm::ArrayRef<uint8_t> bytes, ZeroKind kind);

} // namespace mixbit
