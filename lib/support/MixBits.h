//===- MixBits.h - Random bits from a counter -------------------*- C++ -*-===//
#pragma once

#include <cstdint>

namespace mixbit {

/// A hash of `value` whose bits are independent (splitmix64).
inline uint64_t mixBits(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

} // namespace mixbit
