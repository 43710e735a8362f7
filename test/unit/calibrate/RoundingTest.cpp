//===- RoundingTest.cpp - Rounding a network on calibration data ----------===//
#include "lib/compiler/Calibrate.h"

#include "lib/calibrate/Gram.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/quant/Reference.h"
#include "lib/support/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace mixbit;

namespace {

/// relu(x w1') w2' with weights of 16 x 16 and 8 x 16.
std::string network(ArrayRef<float> w1, ArrayRef<float> w2) {
  auto hex = [](ArrayRef<float> values) {
    return "\"0x04000000" +
           llvm::toHex(StringRef(reinterpret_cast<const char *>(values.data()),
                                 values.size() * 4)) +
           "\"";
  };
  return R"mlir(
func.func @net(%x: tensor<?x16xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 16)>})
    -> (tensor<?x8xf32> {mixbit.name = "y"}) attributes {mixbit.symbols = ["batch"]} {
  %w1 = arith.constant dense_resource<w1> : tensor<16x16xf32>
  %w2 = arith.constant dense_resource<w2> : tensor<8x16xf32>
  %a = mixbit.linear %x, %w1 {format = #mixbit.format<!mixbit.int<3, group = [1, 0], scale = f32>, "default">,
      activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
  %r = mixbit.unary %a {kind = #mixbit.unary_kind<relu>} : (tensor<?x16xf32>) -> tensor<?x16xf32>
  %y = mixbit.linear %r, %w2 {format = #mixbit.format<!mixbit.ternary<group = [1, 8], scale = f32>, "default">,
      activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x16xf32>, tensor<8x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
{-# dialect_resources: { builtin: { w1: )mlir" +
         hex(w1) + ", w2: " + hex(w2) + " } } #-}";
}

std::vector<float> randoms(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> result(count);
  for (float &value : result)
    value = normal(generator);
  return result;
}

/// x w', row by row.
std::vector<float> multiply(ArrayRef<float> x, ArrayRef<float> w,
                            int64_t outputs, int64_t inputs) {
  std::vector<float> y(x.size() / inputs * outputs);
  for (size_t row = 0; row != x.size() / inputs; ++row)
    for (int64_t o = 0; o != outputs; ++o) {
      double sum = 0;
      for (int64_t i = 0; i != inputs; ++i)
        sum += double(x[row * inputs + i]) * w[o * inputs + i];
      y[row * outputs + o] = float(sum);
    }
  return y;
}

/// The walk rounds each weight with the statistics that loops over the samples
/// give: the second layer's inputs come from the first as rounded, its target
/// from the first in floats.
TEST(RoundOnCalibration, MatchesLoopsOverSamples) {
  auto w1 = randoms(256, 1), w2 = randoms(128, 2), x = randoms(70 * 16, 3);
  MLIRContext context;
  context.loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>(network(w1, w2), &context);
  ASSERT_TRUE(module);

  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("samples", "npz", path));
  Tensor samples(MIXBIT_F32, {70, 16});
  for (size_t i = 0; i != x.size(); ++i)
    samples.setFloat(i, x[i]);
  ASSERT_FALSE(bool(writeNpz(path, {{"x", samples}})));
  auto data = CalibrationData::load({path.str().str()});
  llvm::sys::fs::remove(path);
  ASSERT_TRUE(bool(data));

  std::string messages;
  llvm::raw_string_ostream diagnostics(messages);
  CalibrateOptions options;
  options.threads = 1;
  int64_t steps = 0;
  options.progress = [&](int64_t done, int64_t all) {
    EXPECT_EQ(done, steps++);
    EXPECT_LE(steps, all);
  };
  auto result = roundOnCalibration(*module, *data, options, diagnostics);
  ASSERT_TRUE(bool(result)) << llvm::toString(result.takeError()) << messages;
  EXPECT_EQ(steps, 2);
  ASSERT_EQ(result->weights.size(), 2u);
  ASSERT_EQ(result->layers.size(), 2u);
  const QuantizedMatrix &first = result->weights.begin()->second;
  const QuantizedMatrix &second = std::next(result->weights.begin())->second;

  auto expect = [&](ArrayRef<float> weights, int64_t rows,
                    const QuantizedMatrix &rounded, std::vector<float> inputs,
                    ArrayRef<float> exact, const LayerRounding &layer) {
    quantizeRowsInPlace(inputs, 16, 8, 1);
    GramAccumulator sums(16, true, 1);
    std::vector<float> each(70, 1.0f / 70);
    sums.add(inputs, exact, each);
    auto wanted = roundWithGram({weights.data(), FloatKind::F32, rows, 16},
                                rounded.format, sums.finish());
    ASSERT_TRUE(bool(wanted));
    EXPECT_EQ(wanted->matrix.codes, rounded.codes);
    for (size_t i = 0; i != rounded.scales.size(); ++i)
      EXPECT_NEAR(wanted->matrix.scales[i], rounded.scales[i], 1e-4);
    EXPECT_NEAR(layer.error, wanted->error / wanted->energy, 1e-3);
    EXPECT_LE(layer.error, layer.nearestError);
  };
  expect(w1, 16, first, x, x, result->layers[0]);
  auto relu = [](std::vector<float> values) {
    for (float &value : values)
      value = std::max(value, 0.0f);
    return values;
  };
  std::vector<float> quantized = x;
  quantizeRowsInPlace(quantized, 16, 8, 1);
  expect(w2, 8, second, relu(multiply(quantized, dequantize(first), 16, 16)),
         relu(multiply(x, w1, 16, 16)), result->layers[1]);

  // Neither threads nor the size of batches matter, but for the order of sums.
  options.threads = 2;
  steps = 0;
  auto again = roundOnCalibration(*module, *data, options, diagnostics);
  ASSERT_TRUE(bool(again));
  for (auto [one, other] : llvm::zip(result->weights, again->weights)) {
    EXPECT_EQ(one.second.codes, other.second.codes);
    EXPECT_EQ(one.second.scales, other.second.scales);
  }
}

} // namespace
