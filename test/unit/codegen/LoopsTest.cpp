//===- LoopsTest.cpp - linalg.generic kernels against scalar loops --------===//
#include "test/unit/codegen/KernelJit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace mixbit::test;

namespace {

class Loops : public testing::TestWithParam<std::string> {};

/// A 3x3 convolution of 2 channels to 3, strides 1 and 2, at ragged widths.
TEST_P(Loops, Convolution) {
  for (int64_t stride : {1, 2}) {
    std::string at = std::to_string(stride);
    KernelJit jit(R"(
mixbit.kernel @k(%x: memref<?x2x?x?xf32>, %w: memref<3x2x3x3xf32>, %y: memref<?x3x?x?xf32>) {
  linalg.generic {indexing_maps = [
      affine_map<(b, o, h, w, c, i, j) -> (b, c, h * )" +
                      at + " + i, w * " + at + R"( + j)>,
      affine_map<(b, o, h, w, c, i, j) -> (o, c, i, j)>,
      affine_map<(b, o, h, w, c, i, j) -> (b, o, h, w)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel",
                      "reduction", "reduction", "reduction"]}
    ins(%x, %w : memref<?x2x?x?xf32>, memref<3x2x3x3xf32>)
    outs(%y : memref<?x3x?x?xf32>) attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
})",
                  GetParam());
    ASSERT_TRUE(jit.valid());
    for (int64_t width : {1, 3, 8, 17, 31, 40}) {
      const int64_t batch = 2, height = 2;
      int64_t inHeight = (height - 1) * stride + 3;
      int64_t inWidth = (width - 1) * stride + 3;
      auto x = randomFloats(batch * 2 * inHeight * inWidth, 1.0f, 1);
      auto w = randomFloats(3 * 2 * 9, 1.0f, 2);
      size_t count = batch * 3 * height * width;
      std::vector<float> y(count + 16, 77.0f), parts = y;
      auto run = [&](std::vector<float> &out, int64_t part) {
        jit.run("k",
                KernelJit::Arguments()
                    .operand(x.data(), {batch, inHeight, inWidth})
                    .operand(w.data())
                    .operand(out.data(), {batch, height, width}),
                part);
      };
      run(y, 0);
      for (size_t n = 0; n < count; ++n) {
        int64_t column = n % width, row = n / width % height;
        int64_t o = n / width / height % 3, b = n / width / height / 3;
        double sum = 0;
        for (int64_t c = 0; c < 2; ++c)
          for (int64_t i = 0; i < 3; ++i)
            for (int64_t j = 0; j < 3; ++j)
              sum +=
                  double(
                      x[((b * 2 + c) * inHeight + row * stride + i) * inWidth +
                        column * stride + j]) *
                  w[((o * 2 + c) * 3 + i) * 3 + j];
        EXPECT_NEAR(y[n], sum, 1e-5) << "width " << width << " at " << n;
      }
      for (size_t n = count; n < y.size(); ++n)
        EXPECT_EQ(y[n], 77.0f);
      run(parts, 1);
      EXPECT_EQ(std::memcmp(y.data(), parts.data(), y.size() * 4), 0);
    }
  }
}

/// Maximum along the first axis, a sum of everything, a product of matrices.
TEST_P(Loops, Reductions) {
  KernelJit jit(R"(
mixbit.kernel @max(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
      iterator_types = ["reduction", "parallel"]}
    ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) attrs = {mixbit.init = 0xFF800000 : f32} {
  ^bb0(%a: f32, %s: f32):
    %r = arith.maximumf %s, %a : f32
    linalg.yield %r : f32
  }
}
mixbit.kernel @sum(%x: memref<?x?xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]}
    ins(%x : memref<?x?xf32>) outs(%y : memref<f32>) attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %s: f32):
    %r = arith.addf %s, %a : f32
    linalg.yield %r : f32
  }
}
mixbit.kernel @matmul(%x: memref<?x?xf32>, %w: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %w : memref<?x?xf32>, memref<?x?xf32>) outs(%y : memref<?x?xf32>)
    attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (int64_t columns : {1, 3, 7, 8, 9, 15, 17, 31, 100, 384}) {
    const int64_t rows = 5;
    auto x = randomFloats(rows * columns, 1.0f, 1);
    std::vector<float> max(columns + 16, 77.0f);
    float sum = 0;
    jit.run("max", KernelJit::Arguments()
                       .operand(x.data(), {rows, columns})
                       .operand(max.data(), {columns}));
    jit.run("sum", KernelJit::Arguments()
                       .operand(x.data(), {rows, columns})
                       .operand(&sum));
    double total = 0;
    for (int64_t j = 0; j < columns; ++j) {
      float expected = -INFINITY;
      for (int64_t i = 0; i < rows; ++i) {
        expected = std::max(expected, x[i * columns + j]);
        total += x[i * columns + j];
      }
      EXPECT_EQ(max[j], expected);
    }
    EXPECT_EQ(max[columns], 77.0f);
    EXPECT_NEAR(sum, total, 1e-4);

    const int64_t depth = 9;
    auto a = randomFloats(rows * depth, 1.0f, 2);
    auto b = randomFloats(depth * columns, 1.0f, 3);
    std::vector<float> c(rows * columns);
    jit.run("matmul", KernelJit::Arguments()
                          .operand(a.data(), {rows, depth})
                          .operand(b.data(), {depth, columns})
                          .operand(c.data(), {rows, columns}));
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        double expected = 0;
        for (int64_t k = 0; k < depth; ++k)
          expected += double(a[i * depth + k]) * b[k * columns + j];
        EXPECT_NEAR(c[i * columns + j], expected, 1e-5);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Loops, testing::ValuesIn(runnableTargets()),
                         targetTestName);

} // namespace
