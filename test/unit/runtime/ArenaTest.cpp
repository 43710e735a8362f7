//===- ArenaTest.cpp --------------------------------------------*- C++ -*-===//
#include "runtime/Arena.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace mixbit::runtime;

namespace {
struct Buffers {
  std::vector<int32_t> live;
  std::vector<int64_t> bytes, offsets;
  int64_t total = 0;

  void layOut() {
    std::vector<int32_t> order(bytes.size());
    offsets.assign(bytes.size(), -1);
    total = layOutBuffers(int32_t(bytes.size()), live.data(), bytes.data(),
                          offsets.data(), order.data());
  }
};
} // namespace

TEST(Arena, BuffersAliveTogetherNeverShareBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Buffers b;
    int64_t sum = 0;
    for (int i = 0, n = 1 + random() % 40; i < n; ++i) {
      int first = random() % 30;
      b.live.push_back(first);
      b.live.push_back(first + random() % 6);
      b.bytes.push_back(random() % 5 ? random() % 5000 : 0);
      sum += alignUp(b.bytes.back());
    }
    b.layOut();
    ASSERT_GE(b.total, 0);
    ASSERT_LE(b.total, sum);
    for (size_t i = 0; i < b.bytes.size(); ++i) {
      ASSERT_GE(b.offsets[i], 0);
      ASSERT_EQ(b.offsets[i] % alignment, 0);
      ASSERT_LE(b.offsets[i] + b.bytes[i], b.total);
      for (size_t j = 0; j < i; ++j) {
        bool alive = b.live[2 * i] <= b.live[2 * j + 1] &&
                     b.live[2 * j] <= b.live[2 * i + 1];
        bool apart = b.offsets[i] + b.bytes[i] <= b.offsets[j] ||
                     b.offsets[j] + b.bytes[j] <= b.offsets[i];
        ASSERT_TRUE(!alive || apart || !b.bytes[i] || !b.bytes[j]);
      }
    }
  }
}

TEST(Arena, AChainNeedsTwoBuffers) {
  Buffers b;
  for (int i = 0; i < 20; ++i) {
    b.live.push_back(i);
    b.live.push_back(i + 1);
    b.bytes.push_back(640);
  }
  b.layOut();
  EXPECT_EQ(b.total, 2 * 640);
}

TEST(Arena, RejectsSizesThatOverflow) {
  Buffers b{{0, 1, 0, 1}, {maxBytes, 64}, {}};
  b.layOut();
  EXPECT_EQ(b.total, -1);
  b.bytes = {-1, 64};
  b.layOut();
  EXPECT_EQ(b.total, -1);
  b.bytes = {INT64_MAX, INT64_MAX};
  b.layOut();
  EXPECT_EQ(b.total, -1);
}

TEST(Arena, LaysOutOnceASetOfSymbols) {
  Arena arena;
  int32_t live[] = {0, 1, 1, 2};
  ASSERT_TRUE(arena.initialize(1, 2, live));
  int calls = 0;
  auto prepare = [&](int64_t symbol) {
    return arena.prepare(&symbol, [&](int64_t *bytes) {
      ++calls;
      bytes[0] = bytes[1] = symbol * 100;
    });
  };
  EXPECT_EQ(prepare(1), Arena::Status::Ok);
  EXPECT_EQ(arena.usedBytes(), 256);
  EXPECT_EQ(prepare(1000000), Arena::Status::Ok);
  char *big = static_cast<char *>(arena.addresses()[0]);
  char *other = static_cast<char *>(arena.addresses()[1]);
  big[99999999] = other[99999999] = 1;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(big) % alignment, 0u);
  EXPECT_EQ(prepare(1), Arena::Status::Ok);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(arena.usedBytes(), 256);
  EXPECT_EQ(prepare(int64_t(1) << 50), Arena::Status::TooLarge);
  EXPECT_EQ(prepare(int64_t(1) << 36), Arena::Status::OutOfMemory);
  // It recovers from both.
  EXPECT_EQ(prepare(2), Arena::Status::Ok);
  static_cast<char *>(arena.addresses()[1])[199] = 1;
}
