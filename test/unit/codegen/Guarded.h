//===- Guarded.h - Buffers that show writes behind their end ----*- C++ -*-===//
//
// Test code only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <gtest/gtest.h>

#include <vector>

namespace mixbit::test {

/// `count` elements, and 16 that expectGuard looks at.
template <typename T>
std::vector<T> guarded(size_t count) {
  return std::vector<T>(count + 16, T(77));
}

template <typename T>
void expectGuard(const std::vector<T> &buffer) {
  for (size_t i = buffer.size() - 16; i < buffer.size(); ++i)
    EXPECT_EQ(buffer[i], T(77)) << "written out of bounds";
}

} // namespace mixbit::test
