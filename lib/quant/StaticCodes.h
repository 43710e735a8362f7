//===- StaticCodes.h - Activations with a scale known beforehand -*- C++
//-*-===//
//
// A whole tensor of activations shares a scale and a range of codes, found on
// samples before the network runs: the range is the one of least squared error
// over the values seen (as TensorRT and OpenVINO choose theirs; see also
// Nagel et al., "A White Paper on Neural Network Quantization", 2021, 3.1).
// Ranges are asymmetric: what values are never as low as -max wastes no codes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mixbit {

/// The element x stands for scale * code:
///
///   Divide    code = x / step, rounded half to even, clamped to low..high
///   Multiply  code = x * step, likewise
///   Sign      code = -1, 0 or 1
///   Binary    code = -1 where x < 0, else 1
///
/// The same as the attribute #mixbit.static_codes.
struct StaticCodes {
  enum class Kind { Divide, Multiply, Sign, Binary };
  Kind kind = Kind::Multiply;
  float step = 1, scale = 1;
  int64_t low = -127, high = 127;

  int64_t codeOf(float x) const;
};

/// Replaces values by scale * code.
void quantizeInPlace(llvm::MutableArrayRef<float> values,
                     const StaticCodes &codes, int threads);

/// Finds the range of a tensor from its values, seen twice: first to know how
/// far they reach, then to count them.
class RangeSearch {
public:
  /// Rows of `cols` values each; those with a weight of 0 are left out.
  void reach(llvm::ArrayRef<float> values, int64_t cols,
             llvm::ArrayRef<float> rowWeights);
  void count(llvm::ArrayRef<float> values, int64_t cols,
             llvm::ArrayRef<float> rowWeights);

  /// The codes of least squared error, each value weighted as its row. Of 3 to
  /// 8 bits: 2^bits of them (255 for 8 bits, so that they fit into bytes of
  /// either sign alike), zero among them. 2 bits: -1, 0, 1, or 0, 1, 2 where no
  /// value is below zero. 1 bit: -1 and 1 by Kind::Binary with the mean
  /// magnitude as scale, or 0 and 1 where no value is below zero.
  StaticCodes finish(unsigned bits) const;

private:
  float lowest = 0, highest = 0;
  double magnitudes = 0, total = 0; ///< sums of weight |x| and of weights
  std::vector<double> bins;         ///< weights, evenly from lowest to highest
};

} // namespace mixbit
