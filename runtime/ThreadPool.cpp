//===- ThreadPool.cpp - The threads of a context ----------------*- C++ -*-===//
#include "runtime/ThreadPool.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace mixbit::runtime;

static void futexWait(AtomicWord &word, uint32_t value) {
  syscall(SYS_futex, word.address(), FUTEX_WAIT_PRIVATE, value, nullptr,
          nullptr, 0);
}

static void futexWake(AtomicWord &word, int count) {
  syscall(SYS_futex, word.address(), FUTEX_WAKE_PRIVATE, count, nullptr,
          nullptr, 0);
}

static inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  // Unlike `yield`, this takes some tens of cycles, as x86's pause does.
  asm volatile("isb" ::: "memory");
#endif
}

int mixbit::runtime::availableCpus() {
  // Large machines have more CPUs than a cpu_set_t: the system call takes any
  // size and says how many bytes it wrote.
  unsigned long mask[1024] = {};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  int count = 0;
  for (long i = 0; i < bytes / long(sizeof(long)); ++i)
    count += __builtin_popcountl(mask[i]);
  return count > 0 ? count : 1;
}

bool ThreadPool::start(int threads) {
  if (threads <= 1)
    return true;
  // Some 50 microseconds. With more threads than CPUs, spinning would only
  // keep the others from working.
  spins = threads <= availableCpus() ? 2000 : 50;
  if (!workers.allocate(threads - 1))
    return false;
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (Worker &worker : workers) {
    worker.pool = this;
    worker.index = numWorkers + 1;
    if (pthread_create(&worker.thread, nullptr, workerMain, &worker) != 0)
      break;
    ++numWorkers;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return numWorkers == threads - 1;
}

ThreadPool::~ThreadPool() {
  if (numWorkers == 0)
    return;
  stopping = true;
  generation.add(1);
  futexWake(generation, INT_MAX);
  for (int i = 0; i < numWorkers; ++i)
    pthread_join(workers[i].thread, nullptr);
}

void ThreadPool::run(Task newTask, void *data, int count) {
  if (count > threads())
    count = threads();
  if (count > 1) {
    task = newTask;
    taskData = data;
    taskThreads = count;
    pending.store(numWorkers);
    // The increment publishes the fields above. A worker that goes to sleep
    // announces itself first and the futex compares the generation, so either
    // it sees the new one or is seen here.
    generation.add(1);
    if (sleepers.load() > 0)
      futexWake(generation, INT_MAX);
  }
  newTask(data, 0);
  if (count > 1)
    waitForWorkers();
}

void ThreadPool::waitForWorkers() {
  for (int i = 0; i < spins; ++i) {
    if (pending.loadAcquire() == 0)
      return;
    relax();
  }
  callerSleeps.store(1);
  while (uint32_t left = pending.load())
    futexWait(pending, left);
  callerSleeps.store(0);
}

uint32_t ThreadPool::waitForWork(uint32_t seen) {
  for (int i = 0; i < spins; ++i) {
    uint32_t now = generation.loadAcquire();
    if (now != seen)
      return now;
    relax();
  }
  sleepers.add(1);
  uint32_t now;
  while ((now = generation.load()) == seen)
    futexWait(generation, seen);
  sleepers.subtract(1);
  return now;
}

void *ThreadPool::workerMain(void *argument) {
  Worker *worker = static_cast<Worker *>(argument);
  worker->pool->work(worker->index);
  return nullptr;
}

void ThreadPool::work(int index) {
  // Starts before the first increment: no run can come before start returns.
  for (uint32_t seen = 0;;) {
    seen = waitForWork(seen);
    if (stopping)
      return;
    if (index < taskThreads)
      task(taskData, index);
    if (pending.subtract(1) == 1 && callerSleeps.load())
      futexWake(pending, 1);
  }
}
