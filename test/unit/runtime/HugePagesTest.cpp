//===- HugePagesTest.cpp ----------------------------------------*- C++ -*-===//
#include "runtime/HugePages.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <fstream>
#include <string>

#include <sys/mman.h>
#include <sys/resource.h>

using namespace mixbit::runtime;

namespace {

/// Pages of a "file": 3 huge pages and something on both sides.
class Mapping {
public:
  Mapping() {
    data = static_cast<char *>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (int64_t i = 0; i < bytes; ++i)
      data[i] = byteAt(i);
    mprotect(data, bytes, PROT_READ);
  }
  ~Mapping() { munmap(data, bytes); }
  static char byteAt(int64_t i) { return char(i % 251 + i / 4096); }
  bool isIntact() const {
    for (int64_t i = 0; i < bytes; ++i)
      if (data[i] != byteAt(i))
        return false;
    return true;
  }
  static constexpr int64_t bytes = 5 * hugePage;
  char *data;
};

/// What /proc/self/maps says of the mapping that `address` is in.
std::string permissionsAt(const void *address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin, end;
    char permissions[5];
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, permissions) ==
            3 &&
        begin <= uintptr_t(address) && uintptr_t(address) < end)
      return permissions;
  }
  return "";
}

TEST(HugePages, WholePagesOfARange) {
  auto at = [](int64_t address) {
    return reinterpret_cast<const void *>(address);
  };
  auto check = [&](int64_t begin, int64_t bytes, int64_t from, int64_t size) {
    PageRange range = wholeHugePages(at(begin), bytes);
    EXPECT_EQ(range.size, size) << begin << " " << bytes;
    if (size) {
      EXPECT_EQ(range.begin, at(from)) << begin << " " << bytes;
    }
  };
  check(hugePage, hugePage, hugePage, hugePage);
  check(hugePage + 1, 2 * hugePage, 2 * hugePage, hugePage);
  check(hugePage - 1, 2 * hugePage, hugePage, hugePage);
  check(hugePage, 3 * hugePage + 5, hugePage, 3 * hugePage);
  check(hugePage, hugePage - 1, 0, 0);
  check(hugePage + 1, hugePage, 0, 0);
  check(hugePage, 0, 0, 0);
  check(hugePage, -1, 0, 0);
}

TEST(HugePages, AdviceChangesNothing) {
  Mapping mapping;
  adviseHugePages(wholeHugePages(mapping.data, mapping.bytes));
  adviseHugePages({});
  EXPECT_TRUE(mapping.isIntact());
}

TEST(HugePages, ACopyTakesThePlace) {
  for (int protection : {PROT_READ, PROT_READ | PROT_EXEC}) {
    Mapping mapping;
    PageRange range = wholeHugePages(mapping.data, mapping.bytes);
    ASSERT_GE(range.size, 3 * hugePage);
    // Systems without huge pages, or where code must stay as it was mapped.
    if (!copyToHugePages(range, protection)) {
      EXPECT_TRUE(mapping.isIntact());
      GTEST_SKIP() << "the system refuses";
    }
    EXPECT_TRUE(mapping.isIntact());
    std::string expected = protection & PROT_EXEC ? "r-xp" : "r--p";
    EXPECT_EQ(permissionsAt(range.begin), expected);
    EXPECT_EQ(permissionsAt(range.begin + range.size - 1), expected);
    // Nothing around it has changed.
    if (range.begin > mapping.data) {
      EXPECT_EQ(permissionsAt(mapping.data), "r--p");
    }
    // And nothing is left of where the copy was made.
    EXPECT_FALSE(copyToHugePages({}, protection));
  }
}

TEST(HugePages, WithoutMemoryAllStaysAsItIs) {
  Mapping mapping;
  PageRange range = wholeHugePages(mapping.data, mapping.bytes);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1 << 20; // no new mapping of this size
  ASSERT_EQ(setrlimit(RLIMIT_AS, &small), 0);
  bool isDone = copyToHugePages(range, PROT_READ);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_FALSE(isDone);
  EXPECT_TRUE(mapping.isIntact());
}

/// The test's own code stays where it is, whatever is asked for.
TEST(HugePages, Request) {
  requestHugePages();
  requestHugePages();
  EXPECT_FALSE(
      permissionsAt(reinterpret_cast<const void *>(&permissionsAt)).empty());
}

} // namespace
