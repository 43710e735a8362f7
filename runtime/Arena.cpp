//===- Arena.cpp - Memory of a run's intermediate results -------*- C++ -*-===//
#include "runtime/Arena.h"

#include <string.h>

using namespace mixbit::runtime;

int64_t mixbit::runtime::layOutBuffers(int32_t count, const int32_t *live,
                                       const int64_t *bytes, int64_t *offsets,
                                       int32_t *order) {
  // Insertion sort: std::sort of the few hundred buffers would do as well, but
  // runs once a shape. Equal sizes keep their order, for one layout always.
  for (int32_t i = 0; i < count; ++i) {
    if (bytes[i] < 0 || bytes[i] > maxBytes)
      return -1;
    int32_t at = i;
    for (; at > 0 && bytes[order[at - 1]] < bytes[i]; --at)
      order[at] = order[at - 1];
    order[at] = i;
  }
  int64_t total = 0;
  for (int32_t i = 0; i < count; ++i) {
    int32_t buffer = order[i];
    int64_t size = alignUp(bytes[buffer]);
    auto overlaps = [&](int32_t other) {
      return live[2 * buffer] <= live[2 * other + 1] &&
             live[2 * other] <= live[2 * buffer + 1];
    };
    // Gaps begin at 0 or at the end of a placed buffer that is alive.
    int64_t best = -1, bestGap = 0;
    for (int32_t j = -1; j < i; ++j) {
      if (j >= 0 && !overlaps(order[j]))
        continue;
      int64_t start = j < 0 ? 0 : offsets[order[j]] + alignUp(bytes[order[j]]);
      int64_t end = INT64_MAX;
      bool isFree = true;
      for (int32_t k = 0; k < i && isFree; ++k) {
        if (!overlaps(order[k]) || bytes[order[k]] == 0)
          continue;
        int64_t from = offsets[order[k]];
        int64_t to = from + alignUp(bytes[order[k]]);
        if (from <= start && start < to)
          isFree = false;
        else if (from >= start && from < end)
          end = from;
      }
      int64_t gap = end - start;
      if (isFree && gap >= size &&
          (best < 0 || gap < bestGap || (gap == bestGap && start < best))) {
        best = start;
        bestGap = gap;
      }
    }
    offsets[buffer] = best;
    if (best + size > total)
      total = best + size;
    if (total > maxBytes)
      return -1;
  }
  return total;
}

bool Arena::initialize(int32_t numSymbols, int32_t numBuffers,
                       const int32_t *lifetimes) {
  symbolCount = numSymbols;
  bufferCount = numBuffers;
  live = lifetimes;
  for (Layout &layout : layouts)
    if (!layout.symbols.allocate(numSymbols) ||
        !layout.offsets.allocate(numBuffers))
      return false;
  return bytes.allocate(numBuffers) && order.allocate(numBuffers) &&
         buffers.allocate(numBuffers);
}

const Arena::Layout *Arena::find(const int64_t *symbols) const {
  for (const Layout &layout : layouts)
    if (layout.bytes >= 0 &&
        (symbolCount == 0 || memcmp(layout.symbols.data(), symbols,
                                    symbolCount * sizeof(int64_t)) == 0))
      return &layout;
  return nullptr;
}

const Arena::Layout *Arena::add(const int64_t *symbols) {
  Layout &layout = layouts[next];
  layout.bytes = layOutBuffers(bufferCount, live, bytes.data(),
                               layout.offsets.data(), order.data());
  if (layout.bytes < 0)
    return nullptr;
  for (int32_t i = 0; i < symbolCount; ++i)
    layout.symbols[i] = symbols[i];
  next = (next + 1) % numLayouts;
  return &layout;
}

bool Arena::place(const Layout &layout) {
  // One byte at least: buffers of no elements have an address too.
  if (!block.reserve(layout.bytes > 0 ? layout.bytes : 1)) {
    used = 0;
    return false;
  }
  used = layout.bytes;
  for (int32_t i = 0; i < bufferCount; ++i)
    buffers[i] = block.data() + layout.offsets[i];
  return true;
}
