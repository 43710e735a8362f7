//===- RoundingTest.cpp - Rounding a network on calibration data ----------===//
#include "lib/compiler/Calibrate.h"

#include "lib/calibrate/Gram.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/quant/Reference.h"
#include "lib/support/Npy.h"
#include "test/unit/RandomNormals.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

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
  const QuantizedMatrix &first = result->weights.begin()->second.front();
  const QuantizedMatrix &second =
      std::next(result->weights.begin())->second.front();

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
    EXPECT_EQ(one.second.front().codes, other.second.front().codes);
    EXPECT_EQ(one.second.front().scales, other.second.front().scales);
  }
}

/// A network whose activations are static, and samples for it; columns 3 and 9
/// of the samples are larger by `outliers`.
struct StaticCase {
  StaticCase(float outliers, std::vector<double> smoothing) {
    for (size_t i = 0; i != x.size(); ++i)
      if (i % 16 == 3 || i % 16 == 9)
        x[i] *= outliers;
    context
        .loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
    std::string text = network(w1, w2);
    StringRef dynamic = "per_token, dynamic", fixed = "per_tensor, static";
    for (size_t at; (at = text.find(dynamic.str())) != std::string::npos;)
      text.replace(at, dynamic.size(), fixed.str());
    for (StringRef format : {"!mixbit.int<3,", "!mixbit.ternary<"}) {
      size_t at = text.find(format.str());
      text.replace(at, format.size(), "!mixbit.int<8,");
    }
    module = parseSourceString<ModuleOp>(text, &context);
    llvm::SmallString<128> path;
    if (!module || llvm::sys::fs::createTemporaryFile("samples", "npz", path))
      return;
    Tensor samples(MIXBIT_F32, {70, 16});
    for (size_t i = 0; i != x.size(); ++i)
      samples.setFloat(i, x[i]);
    llvm::cantFail(writeNpz(path, {{"x", samples}}));
    auto data = llvm::cantFail(CalibrationData::load({path.str().str()}));
    llvm::sys::fs::remove(path);
    CalibrateOptions options;
    options.threads = 1;
    options.smoothing = smoothing;
    result = llvm::cantFail(
        roundOnCalibration(*module, data, options, llvm::nulls()));
  }

  /// What the two layers compute in the end, with codes, scales and rounded
  /// weights of the result, against floats.
  double outputError() const {
    auto reluOf = [](std::vector<float> values) {
      for (float &value : values)
        value = std::max(value, 0.0f);
      return values;
    };
    std::vector<float> values = x;
    SmallVector<Operation *> linears;
    module.get()->walk([&](LinearOp op) { linears.push_back(op); });
    for (auto [index, op] : llvm::enumerate(linears)) {
      auto smoothing = result.smoothing.find(op->getOperand(0));
      if (smoothing != result.smoothing.end())
        for (size_t i = 0; i != values.size(); ++i)
          values[i] /= smoothing->second.scales[i % 16];
      quantizeInPlace(values, result.activations.find(op)->second, 1);
      auto matrix = std::next(result.weights.begin(), index)->second.front();
      values = multiply(values, dequantize(matrix), matrix.rows, 16);
      if (index == 0)
        values = reluOf(values);
    }
    std::vector<float> exact =
        multiply(reluOf(multiply(x, w1, 16, 16)), w2, 8, 16);
    double error = 0, energy = 0;
    for (auto [want, got] : llvm::zip_equal(exact, values)) {
      error += (want - got) * (want - got);
      energy += want * want;
    }
    return error / energy;
  }

  std::vector<float> w1 = randoms(256, 1), w2 = randoms(128, 2),
                     x = randoms(70 * 16, 3);
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  CalibrationResult result;
};

/// The codes are those of the layer's inputs: in floats for the first, behind
/// the first as it was rounded for the second.
TEST(RoundOnCalibration, FindsStaticCodes) {
  StaticCase test(1, {});
  ASSERT_EQ(test.result.activations.size(), 2u);
  EXPECT_TRUE(test.result.smoothing.empty());
  auto expect = [](const StaticCodes &got, ArrayRef<float> inputs) {
    RangeSearch search;
    std::vector<float> each(inputs.size() / 16, 1.0f / 70);
    search.reach(inputs, 16, each);
    search.count(inputs, 16, each);
    StaticCodes wanted = search.finish(8);
    EXPECT_EQ(got.low, wanted.low);
    EXPECT_EQ(got.high, wanted.high);
    EXPECT_NEAR(got.scale, wanted.scale, 1e-5 * wanted.scale);
  };
  auto first = test.result.activations.begin();
  expect(first->second, test.x);
  std::vector<float> values = test.x;
  quantizeInPlace(values, first->second, 1);
  values = multiply(
      values, dequantize(test.result.weights.begin()->second.front()), 16, 16);
  for (float &value : values)
    value = std::max(value, 0.0f);
  expect(std::next(first)->second, values);
  EXPECT_EQ(std::next(first)->second.low, 0);
  EXPECT_LT(test.outputError(), 1e-3);
}

/// Two columns that are a hundred times larger than the others.
TEST(RoundOnCalibration, SmoothsPlantedOutliers) {
  StaticCase plain(100, {}), smoothed(100, {0.35, 0.5, 0.65, 0.8});
  auto func = *smoothed.module->getOps<func::FuncOp>().begin();
  auto found = smoothed.result.smoothing.find(func.getArgument(0));
  ASSERT_NE(found, smoothed.result.smoothing.end());
  const Smoothing &smoothing = found->second;
  EXPECT_GT(smoothing.scales[3], smoothing.scales[4]);
  EXPECT_GT(smoothing.scales[9], smoothing.scales[10]);
  EXPECT_LT(smoothed.outputError(), 0.7 * plain.outputError());

  // In the graph: a product in front of the linears, and codes at them.
  applyActivations(smoothed.result);
  int products = 0;
  smoothed.module.get()->walk([&](LinearOp op) {
    EXPECT_TRUE(op.getActivations()->getCodes());
    auto product = op.getX().getDefiningOp<BinaryOp>();
    products += product && product.getKind() == BinaryKind::Mul;
  });
  // The second layer may be smoothed too.
  EXPECT_EQ(products, int(smoothed.result.smoothing.size()));
}

} // namespace
