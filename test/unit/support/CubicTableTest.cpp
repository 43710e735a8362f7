//===- CubicTableTest.cpp -------------------------------------------------===//
#include "lib/support/CubicTable.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mixbit;

TEST(CubicTable, CubicsAreThemselves) {
  auto cubic = [](double x) { return ((2 * x - 3) * x + 0.5) * x + 7; };
  CubicTable table = fitCubics(cubic, 0.25, 8);
  ASSERT_EQ(table.size(), 8);
  // The coefficients of the interval around 1, where t = x - 1.
  EXPECT_FLOAT_EQ(table.coefficients[0][4], 6.5f);
  EXPECT_FLOAT_EQ(table.coefficients[1][4], 0.5f);
  EXPECT_FLOAT_EQ(table.coefficients[2][4], 3.0f);
  EXPECT_FLOAT_EQ(table.coefficients[3][4], 2.0f);
  for (float x = 0; x < 1.87f; x += 0.01f)
    EXPECT_NEAR(table.evaluate(x), cubic(x), 1e-6) << x;
}

TEST(CubicTable, ErrorStaysBelowTheRemainder) {
  constexpr double step = 0.5;
  CubicTable table =
      fitCubics([](double x) { return std::sin(3 * x); }, step, 12);
  double bound = 81 * std::pow(step, 4) / 3072, worst = 0;
  for (float x = 0; x < 5.74f; x += 0.001f)
    worst = std::max(worst, std::abs(table.evaluate(x) - std::sin(3.0 * x)));
  EXPECT_LT(worst, bound + 1e-6);
  EXPECT_GT(worst, bound / 2); // else the bound says little
}
