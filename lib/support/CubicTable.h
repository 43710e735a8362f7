//===- CubicTable.h - Functions as cubics of short intervals ----*- C++ -*-===//
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <array>

namespace mixbit {

/// A function of one variable as a cubic of each interval:
///
///   f(x) = c0[i] + c1[i] t + c2[i] t^2 + c3[i] t^3
///   i = round(x / step), t = x - i step
///
/// for 0 <= x < (size - 1/2) step. Each cubic goes through the function at the
/// four Chebyshev points of its interval, so that its error is at most
///
///   max |f''''| step^4 / 3072
///
/// (the remainder of interpolation at these points: Abramowitz and Stegun,
/// 25.2.2 with the least largest product, (step/2)^4 / 2^3).
struct CubicTable {
  double step = 0;
  /// coefficients[power][interval].
  std::array<llvm::SmallVector<float>, 4> coefficients;

  int size() const { return coefficients[0].size(); }
  /// At x, in single precision as the formula above has it.
  float evaluate(float x) const;
};

/// `function` is asked for values up to half a step below 0.
CubicTable fitCubics(llvm::function_ref<double(double)> function, double step,
                     int size);

} // namespace mixbit
