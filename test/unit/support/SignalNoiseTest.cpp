//===- SignalNoiseTest.cpp ------------------------------------------------===//
#include "lib/support/SignalNoise.h"

#include "gtest/gtest.h"

using namespace mixbit;

TEST(SignalNoise, Decibels) {
  SignalNoise ratio;
  ratio.add(3, 3.3);
  ratio.add(-4, -4.4); // 25 over 0.25
  ASSERT_TRUE(ratio.decibels());
  EXPECT_NEAR(*ratio.decibels(), 20, 1e-9);
}

TEST(SignalNoise, EqualValuesHaveNone) {
  SignalNoise ratio;
  EXPECT_FALSE(ratio.decibels());
  ratio.add(1.5, 1.5);
  ratio.add(0, 0);
  EXPECT_FALSE(ratio.decibels());
}

TEST(SignalNoise, WhatIsNotFiniteIsNotEqual) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double infinity = std::numeric_limits<double>::infinity();
  for (auto [expected, value] : {std::pair(1.0, nan),
                                 {nan, 1.0},
                                 {1.0, infinity},
                                 {infinity, infinity}}) {
    SignalNoise ratio;
    ratio.add(2, 2);
    ratio.add(expected, value);
    ASSERT_TRUE(ratio.decibels()) << expected << " " << value;
    EXPECT_EQ(*ratio.decibels(), -infinity);
  }
}

TEST(SignalNoise, ZerosThatWereExpected) {
  SignalNoise ratio;
  ratio.add(0, 0.5);
  EXPECT_EQ(ratio.decibels(), -std::numeric_limits<double>::infinity());
}
