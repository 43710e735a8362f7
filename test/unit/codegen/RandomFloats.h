//===- RandomFloats.h - Deterministic numbers -------------------*- C++ -*-===//
//
// Test code only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace mixbit::test {

/// Deterministic numbers in [-range, range).
inline std::vector<float> randomFloats(size_t count, float range,
                                       unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = range * (float(generator() >> 8) / float(1 << 23) - 1.0f);
  return values;
}

} // namespace mixbit::test
