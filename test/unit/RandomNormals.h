//===- RandomNormals.h - Values for tests ----------------------*- C++ -*-===//
#pragma once

#include <random>
#include <vector>

namespace mixbit {

/// Normally distributed around 0, the same for the same seed.
inline std::vector<float> randoms(size_t count, unsigned seed,
                                  float deviation = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(generator);
  return values;
}

} // namespace mixbit
