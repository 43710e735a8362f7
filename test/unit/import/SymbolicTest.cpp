//===- SymbolicTest.cpp - Arithmetic on symbolic extents ------------------===//
#include "dialects/onnx/Symbolic.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <numeric>

using namespace mlir;
using namespace mixbit::onnx;

namespace {
class Symbolic : public ::testing::Test {
protected:
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  AffineExpr s(unsigned position) {
    return getAffineSymbolExpr(position, &context);
  }
  /// The value for s0 = x, s1 = y.
  int64_t at(AffineExpr expr, int64_t x, int64_t y) {
    AffineExpr value = expr.replaceSymbols({c(x), c(y)});
    return *asConstant(canonical(value));
  }
  MLIRContext context;
};

TEST_F(Symbolic, equalPolynomialsAreTheSameObject) {
  EXPECT_EQ(multiply(s(0), s(1)), multiply(s(1), s(0)));
  EXPECT_EQ(multiply(add(s(0), c(1)), add(s(0), c(-1))),
            subtract(multiply(s(0), s(0)), c(1)));
  EXPECT_EQ(subtract(s(0), s(0)), c(0));
  EXPECT_EQ(canonical(s(1) * s(0) + s(0) * s(1)),
            multiply(c(2), multiply(s(0), s(1))));
}

TEST_F(Symbolic, dividesExactlyWhereItCan) {
  AffineExpr all = product({s(0), s(1), c(768)}, &context);
  EXPECT_EQ(floorDivide(all, product({s(1), c(64)}, &context)),
            multiply(s(0), c(12)));
  EXPECT_FALSE(floorDivide(s(0), s(1)));
  EXPECT_FALSE(floorDivide(s(0), c(0)));
  EXPECT_EQ(floorDivide(add(s(0), s(1)), add(s(1), s(0))), c(1));
}

TEST_F(Symbolic, roundsDownForAllValues) {
  for (int64_t divisor : {1, 2, 3, 4, 7, 8})
    for (int64_t a : {-5, -1, 0, 1, 4, 6})
      for (int64_t b : {-3, 0, 2})
        for (int64_t k : {-9, -1, 0, 5}) {
          AffineExpr sum =
              add(add(multiply(c(a), s(0)), multiply(c(b), s(1))), c(k));
          AffineExpr quotient = floorDivide(sum, c(divisor));
          ASSERT_TRUE(quotient);
          for (int64_t x : {1, 2, 5, 16})
            for (int64_t y : {1, 3, 4}) {
              int64_t value = a * x + b * y + k;
              int64_t want =
                  (value - ((value % divisor) + divisor) % divisor) / divisor;
              ASSERT_EQ(at(quotient, x, y), want)
                  << a << " " << b << " " << k << " / " << divisor;
              auto [low, high] = bounds(quotient);
              ASSERT_LE(low, want);
              ASSERT_GE(high, want);
            }
        }
}

TEST_F(Symbolic, refusesWhatOverflowsOrGrows) {
  AffineExpr huge = c(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(multiply(huge, c(2)));
  EXPECT_FALSE(add(huge, c(1)));
  EXPECT_FALSE(multiply(multiply(huge, s(0)), c(2)));
  EXPECT_FALSE(multiply(AffineExpr(), c(2)));
  AffineExpr power = s(0);
  for (int i = 0; i != 10 && power; ++i)
    power = multiply(power, power);
  EXPECT_FALSE(power);
  // Nested divisions stay bounded, too.
  AffineExpr nested = s(0);
  for (int i = 0; i != 1000 && nested; ++i)
    nested = floorDivide(add(multiply(nested, nested), c(1)), c(3));
  EXPECT_FALSE(nested);
}

TEST_F(Symbolic, boundsKnowThatSymbolsArePositive) {
  EXPECT_EQ(bounds(s(0)).first, 1);
  EXPECT_EQ(bounds(subtract(s(0), c(1))).first, 0);
  EXPECT_EQ(bounds(subtract(c(5), s(0))).second, 4);
  EXPECT_EQ(bounds(multiply(s(0), s(1))).first, 1);
  EXPECT_EQ(bounds(subtract(s(0), s(1))).first, -kUnbounded);
  EXPECT_EQ(bounds(subtract(s(0), s(1))).second, kUnbounded);
}
} // namespace
