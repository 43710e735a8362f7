//===- CubicTable.cpp - Functions as cubics of short intervals ------------===//
#include "lib/support/CubicTable.h"

#include <cmath>

namespace mixbit {

float CubicTable::evaluate(float x) const {
  int interval = int(std::nearbyint(x / step));
  float t = x - float(interval * step);
  float sum = coefficients[3][interval];
  for (int power : {2, 1, 0})
    sum = std::fma(sum, t, coefficients[power][interval]);
  return sum;
}

CubicTable fitCubics(llvm::function_ref<double(double)> function, double step,
                     int size) {
  constexpr int points = 4;
  std::array<double, points> at;
  for (int p = 0; p < points; ++p)
    at[p] = std::cos((2 * p + 1) * M_PI / (2 * points)) * step / 2;
  CubicTable table;
  table.step = step;
  for (int interval = 0; interval < size; ++interval) {
    // Newton's divided differences, then powers of t by Horner's rule.
    std::array<double, points> differences;
    for (int p = 0; p < points; ++p)
      differences[p] = function(interval * step + at[p]);
    for (int order = 1; order < points; ++order)
      for (int p = points - 1; p >= order; --p)
        differences[p] =
            (differences[p] - differences[p - 1]) / (at[p] - at[p - order]);
    std::array<double, points> powers = {};
    for (int p = points - 1; p >= 0; --p) {
      for (int power = points - 1; power > 0; --power)
        powers[power] = powers[power - 1] - at[p] * powers[power];
      powers[0] = differences[p] - at[p] * powers[0];
    }
    for (int power = 0; power < points; ++power)
      table.coefficients[power].push_back(float(powers[power]));
  }
  return table;
}

} // namespace mixbit
