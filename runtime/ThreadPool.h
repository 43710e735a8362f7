//===- ThreadPool.h - The threads of a context ------------------*- C++ -*-===//
//
// Threads stay alive between runs. A task runs once on each of them, the caller
// being thread 0. Waiting spins for some microseconds, as the next kernel
// usually follows at once, and then sleeps on a futex: an idle context costs no
// CPU time.
//
// Futexes and not condition variables: a library refers to libc's functions
// without versions, for which the dynamic linker would choose glibc's oldest
// pthread_cond_*, which are other functions than today's.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_THREADPOOL_H
#define MIXBIT_RUNTIME_THREADPOOL_H

#include "runtime/Atomic.h"
#include "runtime/Memory.h"

#include <pthread.h>

namespace mixbit::runtime {

/// A range of an iteration space.
struct Range {
  int64_t begin, end;
};

/// The part of [0, size) that thread `index` of `count` runs: contiguous, as
/// equal as can be, and the same in every run.
inline Range splitRange(int64_t size, int64_t index, int64_t count) {
  int64_t each = size / count, more = size % count;
  int64_t begin = index * each + (index < more ? index : more);
  return {begin, begin + each + (index < more)};
}

class ThreadPool {
public:
  using Task = void (*)(void *data, int thread);

  ThreadPool() = default;
  ~ThreadPool();

  /// Starts threads - 1 workers; called once. False if the system has no more.
  bool start(int threads);
  int threads() const { return numWorkers + 1; }

  /// Runs task(data, t) for all t below `count`, which is at most threads(),
  /// and returns when all are done. Called by one thread at a time.
  void run(Task task, void *data, int count);

private:
  struct Worker {
    ThreadPool *pool = nullptr;
    int index = 0;
    pthread_t thread = {};
  };
  static void *workerMain(void *worker);
  void work(int index);
  uint32_t waitForWork(uint32_t seen);
  void waitForWorkers();

  Array<Worker> workers;
  int numWorkers = 0; ///< started
  int spins = 0;
  Task task = nullptr;
  void *taskData = nullptr;
  int taskThreads = 0;
  bool stopping = false;
  // Each on a line of its own, as both are polled.
  alignas(64) AtomicWord generation;
  AtomicWord sleepers;
  alignas(64) AtomicWord pending;
  AtomicWord callerSleeps;
};

/// CPUs that this process may use, at least 1.
int availableCpus();

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_THREADPOOL_H
