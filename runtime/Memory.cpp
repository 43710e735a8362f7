//===- Memory.cpp - Growing blocks ------------------------------*- C++ -*-===//
#include "runtime/Memory.h"

#include <sys/mman.h>

using namespace mixbit::runtime;

bool Block::reserve(int64_t bytes) {
  if (bytes <= capacity)
    return true;
  free(memory);
  memory = nullptr;
  capacity = 0;
  if (bytes < 0 || bytes > maxBytes)
    return false;
  // Large blocks are worth huge pages: fewer TLB misses, fewer page faults.
  constexpr int64_t hugePage = int64_t(2) << 20;
  int64_t slack = 128;
  int64_t unit = bytes >= 2 * hugePage ? hugePage : alignment;
  int64_t total = (bytes + slack + unit - 1) / unit * unit;
  memory = aligned_alloc(unit, total);
  if (!memory)
    return false;
  capacity = bytes;
  if (unit == hugePage)
    madvise(memory, total, MADV_HUGEPAGE); // Only a hint: may fail.
  return true;
}
