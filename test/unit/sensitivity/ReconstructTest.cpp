//===- ReconstructTest.cpp - Rounded weights improved by gradient ---------===//
#include "lib/measure/Reconstruct.h"

#include "lib/support/Npy.h"

#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/quantize/Weights.h"
#include "gtest/gtest.h"

using namespace mixbit;

namespace {
struct Reconstruct : testing::Test {
  static std::string folder() { return MIXBIT_TEST_MODELS "/sections-small/"; }

  void SetUp() override {
    auto loaded = GraphModel::load({folder() + "legacy.onnx"}, 1, llvm::errs());
    ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
    model.emplace(std::move(*loaded));
    auto arrays = readNpz(folder() + "calibration.npz");
    ASSERT_TRUE(bool(arrays)) << llvm::toString(arrays.takeError());
    auto taken = SampleSet::take(func(), *arrays, "", "calibration.npz");
    ASSERT_TRUE(bool(taken)) << llvm::toString(taken.takeError());
    samples = std::move(*taken);
    for (WeightUsers weight : collectWeights(model->module())) {
      names.push_back(nodeName(weight.constant.getLoc(), "weight"));
      std::vector<uint8_t> storage;
      auto floats = floatMatrix(weight.constant, storage);
      ASSERT_TRUE(succeeded(floats));
      auto format = parseFormat("int2:1x32");
      ASSERT_TRUE(bool(format));
      auto rounded = roundToNearest(*floats, *format);
      ASSERT_TRUE(bool(rounded)) << llvm::toString(rounded.takeError());
      start.push_back(std::move(*rounded));
    }
    for (int64_t sample = 7; sample < samples.count; sample += 8)
      options.heldOut.push_back(sample);
  }

  mlir::func::FuncOp func() {
    return *model->module().getOps<mlir::func::FuncOp>().begin();
  }

  llvm::Expected<Reconstruction> run(std::vector<QuantizedMatrix> &weights,
                                     int threads) {
    MeasureOptions measuring;
    measuring.threads = threads;
    measuring.layers = names;
    auto meter =
        SensitivityMeter::create(func(), samples, measuring, llvm::errs());
    if (!meter)
      return meter.takeError();
    std::vector<WeightToReconstruct> list;
    for (auto [name, weight] : llvm::zip_equal(names, weights))
      list.push_back({name, weight});
    return reconstruct(**meter, list, options);
  }

  std::optional<GraphModel> model;
  SampleSet samples;
  std::vector<std::string> names;
  std::vector<QuantizedMatrix> start;
  ReconstructOptions options;
};

size_t changed(llvm::ArrayRef<QuantizedMatrix> a,
               llvm::ArrayRef<QuantizedMatrix> b) {
  size_t count = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    count += x.codes != y.codes || x.scales != y.scales;
  return count;
}
} // namespace

// Rounding to nearest leaves much to improve, also on samples that are not
// learned from; the threads do not matter.
TEST_F(Reconstruct, LowersTheHeldOutLoss) {
  options.epochs = 4;
  options.rates = {0.005, 0.005};
  std::vector<QuantizedMatrix> one = start, two = start;
  auto report = run(one, 1);
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_GT(report->kept, 0);
  EXPECT_LT(report->after, 0.8 * report->before);
  EXPECT_LT(report->divergenceAfter, 0.8 * report->divergenceBefore);
  auto again = run(two, 2);
  ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(changed(one, two), 0u);
  EXPECT_EQ(report->after, again->after);
  // What is kept is what was measured.
  options.epochs = 0;
  auto kept = run(one, 1);
  ASSERT_TRUE(bool(kept)) << llvm::toString(kept.takeError());
  EXPECT_EQ(kept->before, report->after);
}

TEST_F(Reconstruct, KeepsTheStartWhereStepsDoHarm) {
  options.epochs = 2;
  options.rates = {3, 3};
  std::vector<QuantizedMatrix> weights = start;
  auto report = run(weights, 1);
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_EQ(report->kept, 0);
  EXPECT_EQ(report->after, report->before);
  EXPECT_EQ(changed(weights, start), 0u);
}

TEST_F(Reconstruct, NeedsSamplesOfBothKinds) {
  options.heldOut.clear();
  std::vector<QuantizedMatrix> weights = start;
  auto report = run(weights, 1);
  ASSERT_FALSE(bool(report));
  EXPECT_EQ(llvm::toString(report.takeError()),
            "expected samples to learn from and some to judge by (8 or more in "
            "all), but got 256");
}

TEST_F(Reconstruct, NeedsWeightsOfFewBits) {
  options.mostBits = 1;
  std::vector<QuantizedMatrix> weights = start;
  auto report = run(weights, 1);
  ASSERT_FALSE(bool(report));
  EXPECT_EQ(llvm::toString(report.takeError()),
            "expected linear layers in 1 bits or less, but got none");
}
