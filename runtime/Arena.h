//===- Arena.h - Memory of a run's intermediate results ---------*- C++ -*-===//
//
// One block of memory for all buffers of an entry. Buffers that are not alive
// at the same time share bytes. Where each lies depends on the symbols (batch,
// sequence ...) alone and is laid out once for each set of them; a few layouts
// are remembered.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_ARENA_H
#define MIXBIT_RUNTIME_ARENA_H

#include "runtime/Memory.h"

namespace mixbit::runtime {

/// Greedy best fit: buffers are placed from large to small, each into the
/// smallest gap that fits between those alive with it. `live` holds the first
/// and last launch of each buffer. `order` is working memory, `count` long.
/// Returns the bytes needed, or -1 if a size is negative or the sum too large.
int64_t layOutBuffers(int32_t count, const int32_t *live, const int64_t *bytes,
                      int64_t *offsets, int32_t *order);

class Arena {
public:
  /// Called once. False if there is not enough memory.
  bool initialize(int32_t numSymbols, int32_t numBuffers, const int32_t *live);

  enum class Status { Ok, TooLarge, OutOfMemory };
  /// Makes `addresses` (one a buffer) hold for these symbols. `sizes(bytes)`
  /// fills in the size of each buffer and is called for new symbols only.
  template <typename Sizes>
  Status prepare(const int64_t *symbols, const Sizes &sizes) {
    const Layout *layout = find(symbols);
    if (!layout) {
      sizes(bytes.data());
      layout = add(symbols);
      if (!layout)
        return Status::TooLarge;
    }
    return place(*layout) ? Status::Ok : Status::OutOfMemory;
  }

  void **addresses() const { return buffers.data(); }
  /// What the last prepared layout needs.
  int64_t usedBytes() const { return used; }

private:
  struct Layout {
    Array<int64_t> symbols;
    Array<int64_t> offsets;
    int64_t bytes = -1; ///< -1: empty slot
  };
  const Layout *find(const int64_t *symbols) const;
  const Layout *add(const int64_t *symbols);
  bool place(const Layout &layout);

  static constexpr int numLayouts = 8;
  Layout layouts[numLayouts];
  int next = 0; ///< slot that the next new layout takes
  int32_t symbolCount = 0, bufferCount = 0;
  const int32_t *live = nullptr;
  Array<int64_t> bytes;
  Array<int32_t> order;
  Array<void *> buffers;
  Block block;
  int64_t used = 0;
};

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_ARENA_H
