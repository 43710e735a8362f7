//===- ThreadPoolTest.cpp ---------------------------------------*- C++ -*-===//
#include "runtime/ThreadPool.h"

#include "gtest/gtest.h"

#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

using namespace mixbit::runtime;

TEST(SplitRange, CoversTheWholeOnceInEqualParts) {
  for (int64_t size : {0, 1, 2, 7, 64, 1000})
    for (int64_t count : {1, 2, 3, 8, 13}) {
      int64_t next = 0;
      for (int64_t t = 0; t < count; ++t) {
        Range range = splitRange(size, t, count);
        EXPECT_EQ(range.begin, next);
        EXPECT_GE(range.end - range.begin, size / count);
        EXPECT_LE(range.end - range.begin, size / count + 1);
        next = range.end;
      }
      EXPECT_EQ(next, size);
    }
  Range last = splitRange(INT64_MAX, 12, 13);
  EXPECT_EQ(last.end, INT64_MAX);
}

TEST(ThreadPool, RunsATaskOnceOnEachThread) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool;
    ASSERT_TRUE(pool.start(threads));
    EXPECT_EQ(pool.threads(), threads);
    for (int used = 1; used <= threads; ++used) {
      std::vector<std::atomic<int>> counts(threads);
      struct Data {
        std::vector<std::atomic<int>> &counts;
        std::vector<std::thread::id> ids;
      } data{counts, std::vector<std::thread::id>(threads)};
      pool.run(
          [](void *data, int thread) {
            ++static_cast<Data *>(data)->counts[thread];
            static_cast<Data *>(data)->ids[thread] = std::this_thread::get_id();
          },
          &data, used);
      for (int t = 0; t < threads; ++t)
        EXPECT_EQ(counts[t], t < used ? 1 : 0);
      EXPECT_EQ(data.ids[0], std::this_thread::get_id());
      for (int t = 1; t < used; ++t)
        EXPECT_NE(data.ids[t], data.ids[0]);
    }
  }
}

/// Waking up must work after workers and the caller fell asleep, too.
TEST(ThreadPool, NoLostWakeUps) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(3));
  std::atomic<int> total{0};
  for (int i = 0; i < 3000; ++i) {
    if (i % 300 == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    struct Data {
      std::atomic<int> &total;
      int round;
    } data{total, i};
    pool.run(
        [](void *pointer, int thread) {
          Data *data = static_cast<Data *>(pointer);
          if (thread == 2 && data->round % 500 == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          ++data->total;
        },
        &data, 3);
    ASSERT_EQ(total, 3 * (i + 1));
  }
}

TEST(ThreadPool, IdleThreadsUseNoTime) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(4));
  pool.run([](void *, int) {}, nullptr, 4);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  clock_t before = clock(); // Of all threads of the process.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(double(clock() - before) / CLOCKS_PER_SEC, 0.1);
}
