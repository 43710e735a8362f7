//===- main.cpp - Runs a unit test binary -----------------------*- C++ -*-===//
//
// As gtest_main, but a binary in which no test ran has failed.
//
//===----------------------------------------------------------------------===//
#include "gtest/gtest.h"

#include <cstdio>

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  int status = RUN_ALL_TESTS();
  if (status == 0 && !testing::GTEST_FLAG(list_tests) &&
      testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::fprintf(stderr, "expected at least one test, but found none\n");
    return 1;
  }
  return status;
}
