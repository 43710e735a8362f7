//===- SymbolicMathTest.cpp - Normal forms of symbolic extents ------------===//
#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/IR/BuiltinTypes.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mixbit;

namespace {
struct SymbolicMath : ::testing::Test {
  MLIRContext context;
  AffineExpr s0 = getAffineSymbolExpr(0, &context);
  AffineExpr s1 = getAffineSymbolExpr(1, &context);
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
};

TEST_F(SymbolicMath, ProductsCommute) {
  EXPECT_EQ(normalize(s0 * s1 * 12), normalize(s1 * 3 * (s0 * 4)));
  EXPECT_NE(normalize(s0 * s1 * 12), normalize(s0 * s1 * 13));
  EXPECT_NE(normalize(s0 * s0), normalize(s0 * s1));
}

TEST_F(SymbolicMath, ProductsDistribute) {
  EXPECT_TRUE(provablyEqual((s0 + 2) * (s1 - 1), s0 * s1 - s0 + s1 * 2 - 2));
  EXPECT_TRUE(provablyEqual(s0 - s0, c(0)));
}

TEST_F(SymbolicMath, ExactDivisionVanishes) {
  EXPECT_EQ(normalize((s0 * s1 * 384).floorDiv(384)), normalize(s0 * s1));
  EXPECT_EQ(normalize((s0 * 6).ceilDiv(3)), normalize(s0 * 2));
  EXPECT_EQ(divideExactly(s0 * s1 * 12, s1 * 4), normalize(s0 * 3));
}

TEST_F(SymbolicMath, InexactDivisionStays) {
  EXPECT_FALSE(divideExactly(s0 * 3, c(2)));
  EXPECT_FALSE(divideExactly(s0, s1));
  EXPECT_FALSE(divideExactly(s0, s0 + 1));
  EXPECT_FALSE(divideExactly(s0, c(0)));
  EXPECT_FALSE(constantValue((s0 + 1).floorDiv(2)));
}

TEST_F(SymbolicMath, Constants) {
  EXPECT_EQ(constantValue(c(3) * 4 + 1), 13);
  EXPECT_EQ(constantValue(s0 - s0 + 5), 5);
  EXPECT_EQ(staticExtent(s0), ShapedType::kDynamic);
  EXPECT_EQ(staticExtent(c(7)), 7);
  EXPECT_EQ(product({}, &context), c(1));
  EXPECT_EQ(product({s1, c(2), s0}, &context), normalize(s0 * s1 * 2));
}
} // namespace
