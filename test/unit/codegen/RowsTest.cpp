//===- RowsTest.cpp - mixbit.rows against scalar loops --------------------===//
#include "test/unit/codegen/Guarded.h"
#include "test/unit/codegen/KernelJit.h"

#include "lib/quant/Packing.h"
#include "lib/quant/Reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace mixbit;
using namespace mixbit::test;

namespace {

const int64_t kColumns[] = {1, 3, 7, 8, 9, 15, 17, 31, 100, 384};
const int64_t kRows[] = {0, 1, 3};

/// `text` with CC replaced: the number of columns, or ?.
std::string withColumns(std::string text, const std::string &columns) {
  for (size_t at; (at = text.find("CC")) != std::string::npos;)
    text.replace(at, 2, columns);
  return text;
}

const char *const kSoftmax = R"(
mixbit.kernel @k(%x: memref<?xCCxf32>, %y: memref<?xCCxf32>) {
  mixbit.rows ins(%x : memref<?xCCxf32>) outs(%y : memref<?xCCxf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    %max = mixbit.row_reduce %a {kind = #mixbit.reduce_kind<max>} : f32
    %d = arith.subf %a, %max : f32
    %e = math.exp %d : f32
    %sum = mixbit.row_reduce %e {kind = #mixbit.reduce_kind<add>} : f32
    %r = arith.divf %e, %sum : f32
    mixbit.yield %r : f32
  }
})";

void checkSoftmax(KernelJit &jit, int64_t rows, int64_t columns,
                  bool isDynamic) {
  auto x = randomFloats(rows * columns, 8.0f);
  auto y = guarded<float>(rows * columns), z = y;
  auto arguments = [&](std::vector<float> &out) {
    std::vector<int64_t> sizes = {rows};
    if (isDynamic)
      sizes.push_back(columns);
    return KernelJit::Arguments()
        .operand(x.data(), sizes)
        .operand(out.data(), sizes);
  };
  jit.run("k", arguments(y));
  for (int64_t i = 0; i < rows; ++i) {
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < columns; ++j)
      max = std::max(max, double(x[i * columns + j]));
    for (int64_t j = 0; j < columns; ++j)
      sum += std::exp(x[i * columns + j] - max);
    for (int64_t j = 0; j < columns; ++j)
      EXPECT_NEAR(y[i * columns + j], std::exp(x[i * columns + j] - max) / sum,
                  1e-6)
          << "row " << i << " column " << j << " of " << columns;
  }
  expectGuard(y);
  jit.run("k", arguments(z), 1);
  EXPECT_EQ(std::memcmp(y.data(), z.data(), y.size() * 4), 0);
}

class Rows : public testing::TestWithParam<std::string> {};

TEST_P(Rows, Softmax) {
  KernelJit dynamic(withColumns(kSoftmax, "?"), GetParam());
  ASSERT_TRUE(dynamic.valid());
  for (int64_t columns : kColumns) {
    KernelJit fixed(withColumns(kSoftmax, std::to_string(columns)), GetParam());
    ASSERT_TRUE(fixed.valid());
    for (int64_t rows : kRows) {
      checkSoftmax(dynamic, rows, columns, true);
      checkSoftmax(fixed, rows, columns, false);
    }
  }
}

TEST_P(Rows, LayerNormThenQuantize) {
  KernelJit jit(R"(
mixbit.kernel @k(%x: memref<?x?xf32>, %res: memref<?x?xf32>, %g: memref<?xf32>,
    %b: memref<?xf32>, %n: memref<?x?xf32>, %q: memref<?x?xi8>, %s: memref<?xf32>,
    %len: memref<f32>) {
  mixbit.rows ins(%x, %res, %g, %b, %len : memref<?x?xf32>, memref<?x?xf32>,
        memref<?xf32>, memref<?xf32>, memref<f32>)
      outs(%n, %q, %s : memref<?x?xf32>, memref<?x?xi8>, memref<?xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
            affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1)>,
            affine_map<(d0, d1) -> ()>,
            affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
            affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32, %r: f32, %gamma: f32, %beta: f32, %count: f32):
    %v = arith.addf %a, %r : f32
    %sum = mixbit.row_reduce %v {kind = #mixbit.reduce_kind<add>} : f32
    %mean = arith.divf %sum, %count : f32
    %d = arith.subf %v, %mean : f32
    %d2 = arith.mulf %d, %d : f32
    %sum2 = mixbit.row_reduce %d2 {kind = #mixbit.reduce_kind<add>} : f32
    %var = arith.divf %sum2, %count : f32
    %eps = arith.constant 1.0e-12 : f32
    %vareps = arith.addf %var, %eps : f32
    %std = math.sqrt %vareps : f32
    %one = arith.constant 1.0 : f32
    %inv = arith.divf %one, %std : f32
    %n0 = arith.mulf %d, %inv : f32
    %n1 = arith.mulf %n0, %gamma : f32
    %y = arith.addf %n1, %beta : f32
    %abs = math.absf %y : f32
    %max = mixbit.row_reduce %abs {kind = #mixbit.reduce_kind<max>} : f32
    %c = arith.constant 127.0 : f32
    %zero = arith.constant 0.0 : f32
    %i0 = arith.divf %c, %max : f32
    %none = arith.cmpf oeq, %max, %zero : f32
    %i = arith.select %none, %zero, %i0 : f32
    %t = arith.mulf %y, %i : f32
    %e = math.roundeven %t : f32
    %code = arith.fptosi %e : f32 to i8
    %scale = arith.divf %max, %c : f32
    mixbit.yield %y, %code, %scale : f32, i8, f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (int64_t columns : kColumns)
    for (int64_t rows : kRows) {
      auto x = randomFloats(rows * columns, 2.0f, 1);
      auto residual = randomFloats(rows * columns, 2.0f, 2);
      auto gamma = randomFloats(columns, 1.0f, 3);
      auto beta = randomFloats(columns, 1.0f, 4);
      auto normal = guarded<float>(rows * columns);
      auto codes = guarded<int8_t>(rows * columns);
      auto scales = guarded<float>(rows);
      float count = columns;
      jit.run("k", KernelJit::Arguments()
                       .operand(x.data(), {rows, columns})
                       .operand(residual.data(), {rows, columns})
                       .operand(gamma.data(), {columns})
                       .operand(beta.data(), {columns})
                       .operand(normal.data(), {rows, columns})
                       .operand(codes.data(), {rows, columns})
                       .operand(scales.data(), {rows})
                       .operand(&count));
      for (int64_t i = 0; i < rows; ++i) {
        double sum = 0, squares = 0;
        std::vector<double> v(columns);
        for (int64_t j = 0; j < columns; ++j)
          sum += v[j] = double(x[i * columns + j]) + residual[i * columns + j];
        for (double &value : v) {
          value -= sum / columns;
          squares += value * value;
        }
        double inverse = 1.0 / std::sqrt(squares / columns + 1e-12);
        float max = 0;
        for (int64_t j = 0; j < columns; ++j) {
          double expected = v[j] * inverse * gamma[j] + beta[j];
          if (columns > 1) {
            EXPECT_NEAR(normal[i * columns + j], expected, 2e-5)
                << "column " << j << " of " << columns;
          }
          max = std::max(max, std::fabs(normal[i * columns + j]));
        }
        EXPECT_EQ(scales[i], max / 127.0f);
        for (int64_t j = 0; j < columns; ++j)
          EXPECT_EQ(codes[i * columns + j],
                    std::nearbyint(normal[i * columns + j] *
                                   (max == 0 ? 0.0f : 127.0f / max)));
      }
      expectGuard(normal);
      expectGuard(codes);
      expectGuard(scales);
    }
}

/// Three embeddings of different formats, summed.
TEST_P(Rows, EmbeddingSum) {
  KernelJit jit(R"(
mixbit.kernel @k(%ids: memref<?xi64>, %t: memref<5x?xf32>, %q8: memref<?x?xi8>,
    %s8: memref<?x1xf32>, %q4: memref<?x?xi8>, %s4: memref<?x?xf32>, %y: memref<?x?xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    %a = mixbit.table_load %t[%id] : memref<5x?xf32>, i64 -> f32
    %b = mixbit.table_load %q8[%id] scales %s8 : memref<?x1xf32>
        {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<?x?xi8>, i64 -> f32
    %c = mixbit.table_load %q4[%id] scales %s4 : memref<?x?xf32>
        {format = !mixbit.int<4, group = [2, 32], scale = f32>} : memref<?x?xi8>, i64 -> f32
    %ab = arith.addf %a, %b : f32
    %abc = arith.addf %ab, %c : f32
    mixbit.yield %abc : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  const int64_t vocabulary = 5;
  for (int64_t columns : kColumns) {
    int64_t bytes = (columns + 1) / 2, groups = (columns + 31) / 32;
    auto table = randomFloats(vocabulary * columns, 1.0f, 1);
    auto noise = randomFloats(vocabulary * columns * 2, 128.0f, 2);
    std::vector<uint8_t> codes8(vocabulary * columns),
        codes4(vocabulary * bytes);
    for (size_t i = 0; i < codes8.size(); ++i)
      codes8[i] = uint8_t(int(noise[i]) + 128);
    for (size_t i = 0; i < codes4.size(); ++i)
      codes4[i] = uint8_t(int(noise[codes8.size() + i]) + 128);
    auto scales8 = randomFloats(vocabulary, 0.1f, 3);
    auto scales4 = randomFloats(3 * groups, 0.1f, 4);
    std::vector<int64_t> ids = {2, -1, 0};
    auto y = guarded<float>(3 * columns);
    auto run = [&] {
      return jit.run("k", KernelJit::Arguments()
                              .operand(ids.data(), {3})
                              .operand(table.data(), {columns})
                              .operand(codes8.data(), {vocabulary, columns})
                              .operand(scales8.data(), {vocabulary})
                              .operand(codes4.data(), {vocabulary, bytes})
                              .operand(scales4.data(), {3, groups})
                              .operand(y.data(), {3, columns}));
    };
    EXPECT_EQ(run().kind, 0);
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        int64_t id = ids[i] < 0 ? ids[i] + vocabulary : ids[i];
        float expected = table[id * columns + j];
        expected += (float(codes8[id * columns + j]) - 128) * scales8[id];
        int code = codes4[id * bytes + j / 2] >> (j % 2 * 4) & 15;
        expected += float(code - 8) * scales4[id / 2 * groups + j / 32];
        EXPECT_FLOAT_EQ(y[i * columns + j], expected) << j << " of " << columns;
      }
    expectGuard(y);
    for (int64_t bad : {5, -6, 1000000}) {
      ids[1] = bad;
      mxb_error error = run();
      EXPECT_EQ(error.kind, 1);
      EXPECT_EQ(error.value, bad);
      EXPECT_EQ(error.limit, vocabulary);
    }
  }
}

TEST_P(Rows, TablesOfOtherWidths) {
  for (int bits : {1, 2, 3, 5, 6, 7}) {
    std::string format =
        bits == 1   ? "!mixbit.binary<group = [1, 0], scale = f32>"
        : bits == 2 ? "!mixbit.ternary<group = [1, 0], scale = f32>"
                    : "!mixbit.int<" + std::to_string(bits) +
                          ", group = [1, 0], scale = f32>";
    KernelJit jit(R"(
mixbit.kernel @k(%id: memref<i32>, %q: memref<?x?xi8>, %s: memref<?x1xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%id : memref<i32>) outs(%y : memref<?xf32>)
      maps [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>] {
  ^bb0(%i: i32):
    %a = mixbit.table_load %q[%i] scales %s : memref<?x1xf32>
        {format = )" + format +
                      R"(} : memref<?x?xi8>, i32 -> f32
    mixbit.yield %a : f32
  }
})",
                  GetParam());
    ASSERT_TRUE(jit.valid());
    for (int64_t columns : kColumns) {
      bool trits = bits == 2;
      int64_t bytes = trits ? (columns + 4) / 5 : (columns * bits + 7) / 8;
      auto noise = randomFloats(2 * bytes, 128.0f);
      std::vector<uint8_t> codes(2 * bytes);
      for (size_t i = 0; i < codes.size(); ++i)
        codes[i] = uint8_t(int(noise[i]) + 128);
      // Not every byte is one of five ternary digits.
      for (uint8_t &byte : codes)
        if (trits)
          byte = (byte % 243 * 256 + 242) / 243;
      float scales[] = {0.5f, 0.25f};
      int32_t id = 1;
      auto y = guarded<float>(columns);
      jit.run("k", KernelJit::Arguments()
                       .operand(&id)
                       .operand(codes.data(), {2, bytes})
                       .operand(scales, {2})
                       .operand(y.data(), {columns}));
      for (int64_t j = 0; j < columns; ++j) {
        int code = 0;
        for (int b = 0; b < bits; ++b)
          code |= (codes[bytes + (j * bits + b) / 8] >> (j * bits + b) % 8 & 1)
                  << b;
        if (trits) {
          uint8_t byte = codes[bytes + j / 5];
          for (int64_t digit = 0; digit < j % 5; ++digit)
            byte *= 3;
          code = byte * 3 / 256;
        }
        float level = bits == 1   ? 2 * code - 1
                      : bits == 2 ? code - 1
                                  : code - (1 << (bits - 1));
        EXPECT_EQ(y[j], level * 0.25f) << bits << " bits, " << j;
      }
      expectGuard(y);
    }
  }
}

/// Zero points and scales of f16, both by groups of rows and columns.
TEST_P(Rows, TablesWithZeroPoints) {
  KernelJit jit(R"(
mixbit.kernel @k(%id: memref<i32>, %q: memref<4x?xi8>, %s: memref<2x?xf16>,
    %z: memref<2x?xi8>, %y: memref<?xf32>) {
  mixbit.rows ins(%id : memref<i32>) outs(%y : memref<?xf32>)
      maps [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>] {
  ^bb0(%i: i32):
    %a = mixbit.table_load %q[%i] scales %s : memref<2x?xf16> zeros %z : memref<2x?xi8>
        {format = !mixbit.int<5, group = [2, 32], scale = f16, zero = i8>}
        : memref<4x?xi8>, i32 -> f32
    mixbit.yield %a : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (int64_t columns : kColumns) {
    int64_t bytes = (columns * 5 + 7) / 8, groups = (columns + 31) / 32;
    auto noise = randomFloats(4 * bytes + 2 * groups, 128.0f);
    std::vector<uint8_t> codes(4 * bytes), zeros(2 * groups);
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = uint8_t(int(noise[i]) + 128);
    std::vector<uint16_t> scales(2 * groups);
    for (int64_t i = 0; i < 2 * groups; ++i) {
      zeros[i] = uint8_t(int(noise[codes.size() + i]) + 128) % 32;
      scales[i] = 0x3000 + 0x400 * (i % 4); // 1/8, 1/4, 1/2, 1
    }
    int32_t id = 3;
    auto y = guarded<float>(columns);
    jit.run("k", KernelJit::Arguments()
                     .operand(&id)
                     .operand(codes.data(), {bytes})
                     .operand(scales.data(), {groups})
                     .operand(zeros.data(), {groups})
                     .operand(y.data(), {columns}));
    for (int64_t j = 0; j < columns; ++j) {
      int code = 0;
      for (int b = 0; b < 5; ++b)
        code |= (codes[3 * bytes + (j * 5 + b) / 8] >> (j * 5 + b) % 8 & 1)
                << b;
      int64_t group = groups + j / 32;
      EXPECT_EQ(y[j], (code - zeros[group]) * 0.125f * (1 << group % 4)) << j;
    }
    expectGuard(y);
  }
}

/// A table that lies as a linear's weight: every width, groups, zero points.
TEST_P(Rows, PackedTables) {
  struct Case {
    Format format;
    const char *type;
  };
  const Case cases[] = {
      {Format::makeInt(8, 1, 0), "!mixbit.int<8, group = [1, 0], scale = f32>"},
      {Format::makeInt(4, 1, 32, FloatKind::F32, ZeroKind::I8),
       "!mixbit.int<4, group = [1, 32], scale = f32, zero = i8>"},
      {Format::makeInt(3, 2, 64),
       "!mixbit.int<3, group = [2, 64], scale = f32>"},
      {Format::makeInt(7, 1, 96),
       "!mixbit.int<7, group = [1, 96], scale = f32>"},
      {Format::makeInt(2, 1, 32),
       "!mixbit.int<2, group = [1, 32], scale = f32>"},
      {Format::makeBinary(1, 32),
       "!mixbit.binary<group = [1, 32], scale = f32>"}};
  const int64_t rows = 150;
  for (const Case &test : cases)
    for (int64_t columns : {5, 31, 100, 200}) {
      auto noise = randomFloats(rows * columns, 1.0f);
      auto table = roundToNearest({noise.data(), FloatKind::F32, rows, columns},
                                  test.format);
      ASSERT_TRUE(bool(table)) << llvm::toString(table.takeError());
      std::vector<float> expected = dequantize(*table);
      PackedLayout layout = layoutFor(test.format);
      int64_t bytes = layout.bytes(rows, columns);
      int64_t groups = test.format.colGroups(columns);
      std::vector<uint8_t> codes(bytes);
      packCodes(*table, layout, codes);
      std::vector<float> scales(layout.scaleCount(test.format, rows, columns));
      packScales(*table, layout,
                 {reinterpret_cast<uint8_t *>(scales.data()),
                  scales.size() * sizeof(float)});
      std::vector<uint8_t> zeros(scales.size());
      if (test.format.hasZero())
        packZeros(*table, layout, zeros);
      auto number = [](int64_t value) { return std::to_string(value); };
      std::string scaleType = "memref<3x" + number(groups) + "x64xf32>";
      std::string zeroType = "memref<3x" + number(groups) + "x64xi8>";
      std::string tableType = "memref<" + number(bytes) + "xi8>";
      std::string out = "memref<" + number(columns) + "xf32>";
      KernelJit jit("mixbit.kernel @k(%id: memref<i32>, %q: " + tableType +
                        ", %s: " + scaleType + ", %z: " + zeroType +
                        ", %y: " + out + R"() {
  mixbit.rows ins(%id : memref<i32>) outs(%y : )" +
                        out + R"()
      maps [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>] {
  ^bb0(%i: i32):
    %a = mixbit.table_load %q[%i] scales %s : )" +
                        scaleType +
                        (test.format.hasZero() ? " zeros %z : " + zeroType
                                               : std::string()) +
                        " {format = " + test.type +
                        ", layout = #mixbit.layout<panel = 64, block = 64, "
                        "inner = 4, bits = " +
                        number(layout.bits) + ">, shape = array<i64: 150, " +
                        number(columns) + ">} : " + tableType +
                        R"(, i32 -> f32
    mixbit.yield %a : f32
  }
})",
                    GetParam());
      ASSERT_TRUE(jit.valid()) << test.type;
      for (int32_t id : {0, 17, 63, 64, 149, -1}) {
        auto y = guarded<float>(columns);
        jit.run("k", KernelJit::Arguments()
                         .operand(&id)
                         .operand(codes.data())
                         .operand(scales.data())
                         .operand(zeros.data())
                         .operand(y.data()));
        int64_t row = id < 0 ? rows + id : id;
        for (int64_t j = 0; j < columns; ++j)
          EXPECT_EQ(y[j], expected[row * columns + j])
              << test.type << " row " << row << " column " << j;
        expectGuard(y);
      }
    }
}

/// The same of floats: lines of 16 rows.
TEST_P(Rows, PackedFloatTables) {
  const int64_t rows = 40, columns = 21;
  auto values = randomFloats(rows * columns, 1.0f);
  PackedLayout layout = layoutFor(Format::makeFloat());
  std::vector<float> packed(layout.bytes(rows, columns) / 4);
  packFloats({values.data(), FloatKind::F32, rows, columns}, layout, packed);
  KernelJit jit(R"(
mixbit.kernel @k(%id: memref<i64>, %t: memref<1008xf32>, %y: memref<21xf32>) {
  mixbit.rows ins(%id : memref<i64>) outs(%y : memref<21xf32>)
      maps [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>] {
  ^bb0(%i: i64):
    %a = mixbit.table_load %t[%i]
        {layout = #mixbit.layout<panel = 16, block = 1, inner = 1, bits = 32>,
         shape = array<i64: 40, 21>} : memref<1008xf32>, i64 -> f32
    mixbit.yield %a : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  ASSERT_EQ(packed.size(), 1008u);
  for (int64_t id : {0, 15, 16, 39}) {
    auto y = guarded<float>(columns);
    jit.run("k", KernelJit::Arguments()
                     .operand(&id)
                     .operand(packed.data())
                     .operand(y.data()));
    for (int64_t j = 0; j < columns; ++j)
      EXPECT_EQ(y[j], values[id * columns + j]) << id << " " << j;
    expectGuard(y);
  }
}

/// Transposes, integer division, columns, and maps with floordiv and mod.
TEST_P(Rows, StridesAndIntegers) {
  KernelJit jit(R"(
mixbit.kernel @transpose(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %z: memref<?x?xf32>) {
  mixbit.rows ins(%x : memref<?x?xf32>) outs(%y, %z : memref<?x?xf32>, memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>,
            affine_map<(d0, d1) -> (d1, d0)>] {
  ^bb0(%a: f32):
    mixbit.yield %a, %a : f32, f32
  }
}
mixbit.kernel @divide(%x: memref<?xi64>, %d: memref<?xi64>, %y: memref<?xi64>, %c: memref<?xi32>) {
  mixbit.rows ins(%x, %d : memref<?xi64>, memref<?xi64>) outs(%y, %c : memref<?xi64>, memref<?xi32>)
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
            affine_map<(d0) -> (d0)>] {
  ^bb0(%a: i64, %b: i64):
    %q = arith.divsi %a, %b : i64
    %j = mixbit.column : i32
    mixbit.yield %q, %j : i64, i32
  }
}
mixbit.kernel @fold(%x: memref<?x4xf32>, %y: memref<?x?xf32>) {
  mixbit.rows ins(%x : memref<?x4xf32>) outs(%y : memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d0 + d1 floordiv 4, d1 mod 4)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
})",
                GetParam());
  ASSERT_TRUE(jit.valid());
  for (int64_t columns : kColumns) {
    auto x = randomFloats(3 * columns, 1.0f);
    auto y = guarded<float>(3 * columns), z = y;
    jit.run("transpose", KernelJit::Arguments()
                             .operand(x.data(), {columns, 3})
                             .operand(y.data(), {3, columns})
                             .operand(z.data(), {columns, 3}));
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        EXPECT_EQ(y[i * columns + j], x[j * 3 + i]);
        EXPECT_EQ(z[j * 3 + i], x[j * 3 + i]);
      }
    expectGuard(y);
    expectGuard(z);

    std::vector<int64_t> a(columns), b(columns);
    for (int64_t j = 0; j < columns; ++j) {
      a[j] = j % 5 == 4 ? INT64_MIN : j * 7 - 11;
      b[j] = j % 5 - 2 == 2 ? -1 : j % 5 - 2;
    }
    auto quotient = guarded<int64_t>(columns);
    auto column = guarded<int32_t>(columns);
    jit.run("divide", KernelJit::Arguments()
                          .operand(a.data(), {columns})
                          .operand(b.data(), {columns})
                          .operand(quotient.data(), {columns})
                          .operand(column.data(), {columns}));
    for (int64_t j = 0; j < columns; ++j) {
      EXPECT_EQ(column[j], j);
      if (b[j] != 0 && a[j] != INT64_MIN) {
        EXPECT_EQ(quotient[j], a[j] / b[j]);
      }
    }
    expectGuard(quotient);

    auto source = randomFloats((2 + (columns + 3) / 4) * 4, 1.0f);
    auto folded = guarded<float>(2 * columns);
    jit.run("fold", KernelJit::Arguments()
                        .operand(source.data(), {2 + (columns + 3) / 4})
                        .operand(folded.data(), {2, columns}));
    for (int64_t i = 0; i < 2; ++i)
      for (int64_t j = 0; j < columns; ++j)
        EXPECT_EQ(folded[i * columns + j], source[i * 4 + j]);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Rows, testing::ValuesIn(runnableTargets()),
                         targetTestName);

} // namespace
