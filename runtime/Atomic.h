//===- Atomic.h - Atomic words ----------------------------------*- C++ -*-===//
//
// The runtime is cross-compiled where only a C library's headers are at hand,
// so it uses nothing of the C++ standard library, not even <atomic>.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_ATOMIC_H
#define MIXBIT_RUNTIME_ATOMIC_H

#include <stdint.h>

namespace mixbit::runtime {

/// 32 bits, as a futex wants them. Sequentially consistent unless it says
/// otherwise.
class AtomicWord {
public:
  uint32_t load() const { return __atomic_load_n(&value, __ATOMIC_SEQ_CST); }
  uint32_t loadAcquire() const {
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
  }
  void store(uint32_t to) { __atomic_store_n(&value, to, __ATOMIC_SEQ_CST); }
  uint32_t exchange(uint32_t to) {
    return __atomic_exchange_n(&value, to, __ATOMIC_SEQ_CST);
  }
  /// Both return the value before.
  uint32_t add(uint32_t n) {
    return __atomic_fetch_add(&value, n, __ATOMIC_SEQ_CST);
  }
  uint32_t subtract(uint32_t n) {
    return __atomic_fetch_sub(&value, n, __ATOMIC_SEQ_CST);
  }
  uint32_t *address() { return &value; }

private:
  uint32_t value = 0;
};

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_ATOMIC_H
