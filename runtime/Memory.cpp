//===- Memory.cpp - Growing blocks ------------------------------*- C++ -*-===//
#include "runtime/Memory.h"

#include "runtime/HugePages.h"

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
  int64_t slack = 128;
  int64_t unit = bytes >= leastForHugePages ? hugePage : alignment;
  int64_t total = (bytes + slack + unit - 1) / unit * unit;
  memory = aligned_alloc(unit, total);
  if (!memory)
    return false;
  capacity = bytes;
  if (unit == hugePage)
    adviseHugePages({static_cast<char *>(memory), total});
  return true;
}
