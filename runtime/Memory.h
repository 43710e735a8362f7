//===- Memory.h - Growing blocks and checked sizes --------------*- C++ -*-===//
#ifndef MIXBIT_RUNTIME_MEMORY_H
#define MIXBIT_RUNTIME_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

namespace mixbit::runtime {

/// Selects the operator new below: <new> belongs to the C++ library.
struct InPlace {};
} // namespace mixbit::runtime

inline void *operator new(size_t, mixbit::runtime::InPlace, void *memory) {
  return memory;
}

namespace mixbit::runtime {

/// What every buffer given to a kernel is aligned to.
constexpr int64_t alignment = 64;

/// No block may be larger: sums of a few such sizes cannot overflow.
constexpr int64_t maxBytes = int64_t(1) << 46;

/// a * b into `result`; false if it overflows or is above maxBytes. Both are
/// not negative.
inline bool multiply(int64_t a, int64_t b, int64_t &result) {
  return !__builtin_mul_overflow(a, b, &result) && result <= maxBytes;
}

/// `bytes` rounded up to the alignment.
inline int64_t alignUp(int64_t bytes) {
  return (bytes + alignment - 1) & -alignment;
}

/// Memory that only grows; the contents are lost when it does. Kernels load
/// whole vectors, so a little memory behind the last byte is readable too.
class Block {
public:
  Block() = default;
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;
  ~Block() { free(memory); }

  /// False if there is not enough memory; the block is empty then.
  bool reserve(int64_t bytes);
  char *data() const { return static_cast<char *>(memory); }
  int64_t size() const { return capacity; }

private:
  void *memory = nullptr;
  int64_t capacity = 0;
};

/// A fixed number of default-constructed values; `new` would need libstdc++.
template <typename T>
class Array {
public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() {
    for (int64_t i = 0; i < count; ++i)
      items[i].~T();
    free(items);
  }

  /// Called once. False if there is not enough memory.
  bool allocate(int64_t number) {
    int64_t bytes;
    if (number < 0 || !multiply(number, sizeof(T), bytes))
      return false;
    items = static_cast<T *>(malloc(bytes ? bytes : 1));
    if (!items)
      return false;
    for (count = 0; count < number; ++count)
      new (InPlace(), items + count) T();
    return true;
  }
  T *data() const { return items; }
  int64_t size() const { return count; }
  T &operator[](int64_t i) const { return items[i]; }
  T *begin() const { return items; }
  T *end() const { return items + count; }

private:
  T *items = nullptr;
  int64_t count = 0;
};

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_MEMORY_H
