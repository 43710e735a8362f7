//===- ViewTest.cpp - Strided views with symbolic shapes ------------------===//
#include "passes/kernelize/View.h"

#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mixbit;

namespace {
struct ViewTest : ::testing::Test {
  MLIRContext context;
  AffineExpr batch = getAffineSymbolExpr(0, &context);
  AffineExpr length = getAffineSymbolExpr(1, &context);
  Type f32 = Float32Type::get(&context);
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  /// A view needs no base as long as nothing is emitted.
  View view(SymbolicShape shape) {
    View result;
    result.offset = c(0);
    result.strides = rowMajorStrides(shape, &context);
    result.shape = std::move(shape);
    result.elementType = f32;
    return result;
  }
};

TEST_F(ViewTest, ReshapeOfContiguous) {
  View x = view({batch, length, c(384)});
  std::optional<View> heads = x.reshape({batch, length, c(12), c(32)});
  ASSERT_TRUE(heads);
  EXPECT_TRUE(heads->isContiguous());
  EXPECT_EQ(heads->strides[1], c(384));
  EXPECT_EQ(heads->strides[0], normalize(length * 384));
}

TEST_F(ViewTest, ReshapeOfTransposed) {
  View x = view({batch, length, c(12), c(32)}).transpose({0, 2, 1, 3});
  EXPECT_FALSE(x.isContiguous());
  // Merging dimensions that are apart in memory needs a copy...
  EXPECT_FALSE(x.reshape({batch * 12, length, c(32)}));
  // ... splitting one does not.
  std::optional<View> split = x.reshape({batch, c(12), length, c(4), c(8)});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->strides[1], c(32));
  EXPECT_EQ(split->strides[2], c(384));
  EXPECT_EQ(split->strides[3], c(8));
}

TEST_F(ViewTest, SliceOfRows) {
  View x = view({batch, length, c(8)});
  View first = x.slice({c(0), c(0), c(0)}, {batch, c(1), c(8)}, {1, 1, 1});
  std::optional<View> rows = first.reshape({batch, c(8)});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->strides[0], normalize(length * 8));
  EXPECT_EQ(rows->strides[1], c(1));
  View backwards =
      x.slice({c(0), length - 1, c(0)}, {batch, length, c(8)}, {1, -1, 1});
  EXPECT_EQ(backwards.strides[1], c(-8));
  EXPECT_EQ(backwards.offset, normalize(length * 8 - 8));
}

TEST_F(ViewTest, BroadcastHasStrideZero) {
  View bias = view({c(1), c(8)}).broadcast({batch, length, c(8)});
  EXPECT_EQ(bias.strides[0], c(0));
  EXPECT_EQ(bias.strides[1], c(0));
  EXPECT_EQ(bias.strides[2], c(1));
}

TEST_F(ViewTest, CollapseMergesWhatAllRunThroughAlike) {
  SymbolicShape domain = {batch, length, c(384)};
  View alike[] = {view(domain), view({c(384)}).broadcast(domain)};
  collapseDomain(domain, alike, /*keepLast=*/true);
  ASSERT_EQ(domain.size(), 2u);
  EXPECT_EQ(domain[0], normalize(batch * length));

  // One that repeats for each batch keeps the dimensions apart.
  SymbolicShape other = {batch, length, c(384)};
  View apart[] = {view(other), view({length, c(384)}).broadcast(other)};
  collapseDomain(other, apart, /*keepLast=*/true);
  EXPECT_EQ(other.size(), 3u);
}

TEST_F(ViewTest, CollapseKeepsTheRowOfReductions) {
  SymbolicShape domain = {batch, c(4), c(1)};
  View x[] = {view(domain)};
  collapseDomain(domain, x, /*keepLast=*/true);
  ASSERT_EQ(domain.size(), 2u);
  EXPECT_EQ(domain[1], c(1));
  SymbolicShape image = {batch, c(16), c(8), c(8)};
  View y[] = {view(image)};
  collapseDomain(image, y, /*keepLast=*/false);
  // A short row takes its neighbour in.
  EXPECT_EQ(image.back(), c(64));
}

TEST_F(ViewTest, KernelTypes) {
  View x = view({batch, c(384)});
  EXPECT_EQ(x.kernelType(), MemRefType::get({ShapedType::kDynamic, 384}, f32));
  View columns = x.transpose({1, 0});
  auto layout = cast<StridedLayoutAttr>(columns.kernelType().getLayout());
  EXPECT_EQ(layout.getStrides()[0], 1);
  EXPECT_EQ(layout.getStrides()[1], 384);
  EXPECT_EQ(layout.getOffset(), 0);
}
} // namespace
