//===- TestLibrary.h - A library written by hand ----------------*- C++ -*-===//
//
// What the compiler would emit for a small model, in C++:
//
//   entry "main", symbols batch and sequence:
//     ids [batch, sequence] int64, scale [batch] float32, keep [sequence] bool
//     sums [batch] float32: sum of table[ids] where kept, times scale
//     echo [batch, sequence] int64: ids + 1
//   entry "trimmed": as main, in runs without the positions that `keep` hides
//   at the end
//   entry "pooled": ids -> first [batch] int64: the first id of each row
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/abi.h"

#include <cstdint>

/// Ids from -tableSize to tableSize - 1 are valid.
constexpr int64_t tableSize = 10;
constexpr float tableValue(int64_t row) { return float(row) * 0.5f; }
