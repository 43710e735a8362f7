//===- Roofline.h - What this machine can do at best ------------*- C++ -*-===//
//
// Measured in the process whose kernels are compared with it, so that clock,
// cooling and neighbours are those of the same minute.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace mixbit::tool {

/// All of the given number of threads together; 0: not known here.
struct Roofline {
  /// Bytes a second read from memory, from a block much larger than caches.
  double bandwidth = 0;
  /// Products (with their additions) a second, on registers alone, by the
  /// instructions that a target's code uses: fused multiply-adds of f32, and
  /// products of bytes with sums of 32 bits.
  double floatProducts = 0, integerProducts = 0;

  /// The least time for such work, in seconds.
  double secondsFor(double bytes, double floats, double integers) const;
};

/// Measures for the code of `target` (a name of --target): some 0.3 seconds.
Roofline measureRoofline(llvm::StringRef target, int threads);

} // namespace mixbit::tool
