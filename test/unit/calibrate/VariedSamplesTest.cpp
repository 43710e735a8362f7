//===- VariedSamplesTest.cpp - More samples from few ----------------------===//
#include "lib/calibrate/VariedSamples.h"

#include "dialects/mixbit/Mixbit.h"
#include "lib/compiler/Calibrate.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/quant/Reference.h"
#include "lib/support/MixBits.h"
#include "lib/support/Npy.h"
#include "test/unit/RandomNormals.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace mixbit;

namespace {

std::string hex(ArrayRef<float> values) {
  return "\"0x04000000" +
         llvm::toHex(StringRef(reinterpret_cast<const char *>(values.data()),
                               values.size() * 4)) +
         "\"";
}

/// Rows of a table of `rows` x 16, times a weight of 8 x 16.
std::string network(int64_t rows, ArrayRef<float> table, ArrayRef<float> weight,
                    StringRef activations = "per_token, dynamic") {
  std::string type = "tensor<" + std::to_string(rows) + "x16xf32>";
  return R"mlir(
func.func @net(%ids: tensor<?x4xi64> {mixbit.name = "ids", mixbit.dims = affine_map<()[s0] -> (s0, 4)>})
    -> (tensor<?x4x8xf32> {mixbit.name = "y"}) attributes {mixbit.symbols = ["batch"]} {
  %t = arith.constant dense_resource<t> : )mlir" +
         type + R"mlir(
  %w = arith.constant dense_resource<w> : tensor<8x16xf32>
  %x = mixbit.embedding %t, %ids : ()mlir" +
         type + R"mlir(, tensor<?x4xi64>) -> tensor<?x4x16xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<2, group = [1, 0], scale = f32>, "default">,
      activations = #mixbit.activations<8, )mlir" +
         activations.str() +
         R"mlir(>} : (tensor<?x4x16xf32>, tensor<8x16xf32>) -> tensor<?x4x8xf32>
  return %y : tensor<?x4x8xf32>
}
{-# dialect_resources: { builtin: { t: )mlir" +
         hex(table) + ", w: " + hex(weight) + " } } #-}";
}

Tensor integers(std::vector<int64_t> shape, ArrayRef<int64_t> values) {
  Tensor tensor(MIXBIT_I64, std::move(shape));
  for (auto [at, value] : llvm::enumerate(values))
    tensor.setInteger(at, value);
  return tensor;
}

struct VariedSamples : testing::Test {
  VariedSamples() {
    context
        .loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
    // 7 in all samples, 20 to 37 in one each.
    for (int64_t sample = 0; sample != 6; ++sample)
      for (int64_t i = 0; i != 4; ++i)
        values.push_back(i == 0 ? 7 : 20 + sample * 3 + i - 1);
    inputs.push_back(integers({6, 4}, values));
  }

  std::vector<VariedInput> find(int64_t rows, ArrayRef<Tensor> samples) {
    module = parseSourceString<ModuleOp>(
        network(rows, randoms(rows * 16, 1), randoms(128, 2)), &context);
    return findVariedInputs(*module->getOps<func::FuncOp>().begin(), samples,
                            samples.front().shape[0]);
  }

  CalibrationResult round(StringRef text, const CalibrateOptions &options) {
    module = parseSourceString<ModuleOp>(text, &context);
    llvm::SmallString<128> path;
    llvm::cantFail(llvm::errorCodeToError(
        llvm::sys::fs::createTemporaryFile("samples", "npz", path)));
    llvm::cantFail(writeNpz(path, {{"ids", inputs.front()}}));
    auto data = llvm::cantFail(CalibrationData::load({path.str().str()}));
    llvm::sys::fs::remove(path);
    return llvm::cantFail(
        roundOnCalibration(*module, data, options, llvm::nulls()));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<int64_t> values;
  std::vector<Tensor> inputs;
};

} // namespace

TEST_F(VariedSamples, FindsIdsOfLargeTables) {
  auto found = find(300, inputs);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].argument, 0u);
  EXPECT_EQ(found[0].rows, 300);
  // One of six samples is less than a quarter.
  EXPECT_EQ(found[0].kept, std::set<int64_t>({7}));
  EXPECT_TRUE(find(255, inputs).empty());
  // Each id of one of four samples is in a quarter of them: all stay.
  EXPECT_TRUE(
      find(300, {integers({4, 4}, ArrayRef(values).take_front(16))}).empty());
}

TEST_F(VariedSamples, LeavesIdsThatOthersReadToo) {
  std::string text = network(300, randoms(4800, 1), randoms(128, 2));
  StringRef at = "  return";
  text.insert(text.find(at.str()),
              "  %c = mixbit.cast %ids : (tensor<?x4xi64>) -> "
              "tensor<?x4xf32>\n  %m = mixbit.unary %c {kind = "
              "#mixbit.unary_kind<relu>} : (tensor<?x4xf32>) -> "
              "tensor<?x4xf32>\n");
  module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(
      findVariedInputs(*module->getOps<func::FuncOp>().begin(), inputs, 6)
          .empty());
}

TEST_F(VariedSamples, ReplacesAShareByRowsOfTheTable) {
  Tensor ids(MIXBIT_I64, {400, 50});
  for (int64_t i = 0; i != 20000; ++i)
    ids.setInteger(i, i % 50 == 0 ? 7 : 20);
  VariedInput input{0, 300, {7}};
  std::vector<uint64_t> streams;
  for (uint64_t sample = 0; sample != 390; ++sample)
    streams.push_back(mixBits(sample));
  std::vector<Tensor> varied = {ids};
  varyInputs(varied, input, streams, 1);
  int64_t changed = 0, few = 0, many = 0;
  std::set<int64_t> seen;
  for (int64_t sample = 0; sample != 400; ++sample) {
    int64_t own = 0;
    EXPECT_EQ(varied[0].integerAt(sample * 50), 7);
    for (int64_t i = 1; i != 50; ++i) {
      int64_t id = varied[0].integerAt(sample * 50 + i);
      EXPECT_TRUE(id >= 0 && id < 300);
      seen.insert(id);
      own += id != 20;
    }
    EXPECT_TRUE(sample < 390 || own == 0);
    changed += own;
    few += own < 10;
    many += own > 40;
  }
  // Half of all on the average, but of one sample anything.
  EXPECT_NEAR(changed / (390 * 49.0), 0.5, 0.05);
  EXPECT_GT(few, 40);
  EXPECT_GT(many, 40);
  EXPECT_EQ(seen.size(), 300u);

  // A sample's ids do not depend on the others, nor on what is cut off.
  std::vector<Tensor> one = {Tensor(MIXBIT_I64, {1, 30})};
  for (int64_t i = 0; i != 30; ++i)
    one[0].setInteger(i, ids.integerAt(17 * 50 + i));
  varyInputs(one, input, streams[17], 1);
  for (int64_t i = 0; i != 30; ++i)
    EXPECT_EQ(one[0].integerAt(i), varied[0].integerAt(17 * 50 + i));
  // Less, and none.
  std::vector<Tensor> less = {ids}, none = {ids};
  varyInputs(less, input, streams, 0.5);
  varyInputs(none, input, streams, 0);
  int64_t changedLess = 0;
  for (int64_t i = 0; i != 20000; ++i)
    changedLess += less[0].integerAt(i) != ids.integerAt(i);
  EXPECT_NEAR(changedLess / (390 * 49.0), 0.25, 0.05);
  EXPECT_EQ(none[0].data, ids.data);
}

/// Samples look up rows of a plane alone; copies show the rest of the table.
TEST_F(VariedSamples, RoundingSeesRowsThatNoSampleHas) {
  std::vector<float> table = randoms(4800, 1), weight = randoms(128, 2);
  for (int64_t row = 0; row != 64; ++row)
    for (int64_t i = 2; i != 16; ++i)
      table[row * 16 + i] = 0;
  std::string text = network(300, table, weight);
  auto errorOf = [&](const CalibrationResult &result) {
    std::vector<float> rounded =
        dequantize(result.weights.begin()->second.front());
    double error = 0;
    for (int64_t row = 0; row != 300; ++row)
      for (int64_t o = 0; o != 8; ++o) {
        double sum = 0;
        for (int64_t i = 0; i != 16; ++i)
          sum +=
              table[row * 16 + i] * (rounded[o * 16 + i] - weight[o * 16 + i]);
        error += sum * sum;
      }
    return error;
  };
  CalibrateOptions options;
  options.threads = 1;
  CalibrationResult plain = round(text, options);
  options.variedCopies = 20;
  CalibrationResult varied = round(text, options);
  EXPECT_LT(errorOf(varied), 0.8 * errorOf(plain));

  options.threads = 2;
  CalibrationResult again = round(text, options);
  EXPECT_EQ(varied.weights.begin()->second.front().codes,
            again.weights.begin()->second.front().codes);
  EXPECT_EQ(varied.weights.begin()->second.front().scales,
            again.weights.begin()->second.front().scales);
  // Copies that count nothing.
  options.copyWeight = 0;
  CalibrationResult nothing = round(text, options);
  EXPECT_EQ(plain.weights.begin()->second.front().codes,
            nothing.weights.begin()->second.front().codes);
}

/// Ranges are those of the samples, whatever the copies have.
TEST_F(VariedSamples, RangesOfActivationsAreOfTheSamples) {
  std::vector<float> table = randoms(4800, 1);
  for (float &value : MutableArrayRef(table).drop_front(64 * 16))
    value *= 1000;
  std::string text = network(300, table, randoms(128, 2), "per_tensor, static");
  CalibrateOptions options;
  options.threads = 1;
  CalibrationResult plain = round(text, options);
  options.variedCopies = 3;
  CalibrationResult varied = round(text, options);
  ASSERT_EQ(plain.activations.size(), 1u);
  EXPECT_EQ(plain.activations.begin()->second.scale,
            varied.activations.begin()->second.scale);
  EXPECT_NE(plain.weights.begin()->second.front().codes,
            varied.weights.begin()->second.front().codes);
}
