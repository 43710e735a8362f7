//===- ScaleSearch.h - Scales of least squared error ------------*- C++ -*-===//
//
// The scale s (and zero point z) of one group that makes
//
//   sum over i of importance[i] * (values[i] - s * level[i])^2
//
// least, each level the nearest that the format has. The scales tried shrink
// from the full range in even steps (as in GPTQ's and AWQ's code); the best is
// then improved by alternating between levels and the least-squares scale, sum
// h v q / sum h q^2. Two formats have their optimum in closed form: binary, the
// mean magnitude (XNOR-Net, Rastegari et al. 2016), and ternary, the mean of
// the k largest magnitudes for the best k (Ternary Weight Networks, Li et al.
// 2016).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Format.h"
#include "llvm/ADT/ArrayRef.h"

namespace mixbit {

/// The levels that a group's elements take: integers from `low` to `high`
/// times the scale, or for binary -1 and 1.
struct LevelRange {
  float low = 0, high = 0;
  bool binary = false;

  /// The nearest level to value / scale, given 1 / scale (0 for a group whose
  /// scale is 0). Halves go to the even level.
  float nearest(float value, float inverse) const {
    if (binary)
      return value * inverse >= 0 ? 1 : -1;
    float level = value * inverse;
    level = level < low ? low : level;
    level = level > high ? high : level;
    constexpr float shift = 12582912.0f; // 1.5 * 2^23: rounds half to even
    return (level + shift) - shift;
  }
};

/// Of a group with zero point `zero` (in codes; ignored where the format has
/// none). Symmetric int8 leaves its lowest code out.
LevelRange levelsOf(const Format &format, float zero);

/// Whether values can be divided by `scale`: it and its inverse are finite and
/// normal.
bool isUsableScale(float scale);

struct GroupScale {
  float scale = 0; ///< a value that format.scale can hold; 0 if none is usable
  float zero = 0;  ///< in codes; Format::paddingCode() without zero points
};

/// `importance` is one number not below zero a value, or empty for all equal.
/// Values are finite; zero points, if any, are ZeroKind::I8.
GroupScale searchScale(llvm::ArrayRef<float> values,
                       llvm::ArrayRef<float> importance, const Format &format);

} // namespace mixbit
