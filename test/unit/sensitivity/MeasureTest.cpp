//===- MeasureTest.cpp - Sensitivities against PyTorch's ------------------===//
//
// The references come from tools/models/sensitivities.py: PyTorch in double
// precision, eager attention, double backward.
//
//===----------------------------------------------------------------------===//
#include "lib/measure/Measure.h"

#include "lib/support/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mixbit;

namespace {
struct Measure : testing::Test {
  static std::string folder() { return MIXBIT_TEST_MODELS "/sections-small/"; }

  void SetUp() override {
    auto loaded = GraphModel::load({folder() + "legacy.onnx"}, 1, llvm::errs());
    ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
    model.emplace(std::move(*loaded));
    auto read = readNpz(folder() + "sensitivities.npz");
    ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
    reference = std::move(*read);
    auto arrays = readNpz(folder() + "calibration.npz");
    ASSERT_TRUE(bool(arrays)) << llvm::toString(arrays.takeError());
    data = std::move(*arrays);
  }

  mlir::func::FuncOp func() {
    return *model->module().getOps<mlir::func::FuncOp>().begin();
  }

  /// The first `count` samples.
  void take(int64_t count, llvm::StringRef labels) {
    NamedTensors part;
    for (const auto &[name, array] : data) {
      std::vector<int64_t> shape = array.shape;
      shape[0] = count;
      Tensor &tensor =
          part.emplace_back(name, Tensor(array.type, shape)).second;
      std::copy_n(array.data.begin(), tensor.data.size(), tensor.data.begin());
    }
    auto taken = SampleSet::take(func(), part, labels, "calibration.npz");
    ASSERT_TRUE(bool(taken)) << llvm::toString(taken.takeError());
    samples = std::move(*taken);
  }

  std::unique_ptr<SensitivityMeter> meter(MeasureOptions options) {
    if (options.threads == 0)
      options.threads = 1;
    auto made =
        SensitivityMeter::create(func(), samples, options, llvm::errs());
    EXPECT_TRUE(bool(made)) << llvm::toString(made.takeError());
    return made ? std::move(*made) : nullptr;
  }

  const Tensor &array(const std::string &name) {
    const Tensor *found = findTensor(reference, name);
    EXPECT_TRUE(found) << name;
    return *found;
  }

  std::optional<GraphModel> model;
  NamedTensors reference, data;
  SampleSet samples;
};
} // namespace

/// |a - b| / |b|.
static double relativeError(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b) {
  EXPECT_EQ(a.size(), b.size());
  double error = 0, norm = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    error += (double)(a[i] - b[i]) * (a[i] - b[i]);
    norm += (double)b[i] * b[i];
  }
  return std::sqrt(error / norm);
}

TEST_F(Measure, GradientsAreThoseOfPyTorch) {
  take(32, "labels");
  auto made = meter({});
  ASSERT_TRUE(made);
  auto gradients = made->gradients();
  ASSERT_TRUE(bool(gradients)) << llvm::toString(gradients.takeError());
  // Two blocks of six linears, the pooler and the classifier.
  ASSERT_EQ(gradients->size(), 14u);
  // Norms of all weights' gradients; one weight's in full at each end.
  llvm::ArrayRef<float> norms = array("gradient_norms").floats();
  for (size_t i = 0; i != 14; ++i) {
    double norm = 0;
    for (float value : (*gradients)[i])
      norm += (double)value * value;
    EXPECT_NEAR(std::sqrt(norm), norms[i], 1e-4 * norms[i])
        << made->result().weights[i].name;
  }
  EXPECT_LE(relativeError((*gradients)[0], array("gradient_0").floats()), 1e-4);
  EXPECT_LE(relativeError((*gradients)[13], array("gradient_13").floats()),
            1e-4);
}

TEST_F(Measure, FisherInformationIsThatOfPyTorch) {
  take(32, "labels");
  std::vector<Sensitivities> results;
  for (int threads : {1, 2}) {
    MeasureOptions options;
    options.groupRows = 48;
    options.threads = threads;
    // Batches change nothing but rounding.
    options.batchSize = 16;
    auto made = meter(options);
    ASSERT_TRUE(made);
    ASSERT_EQ(llvm::toString(made->measureFisher()), "");
    results.push_back(made->result());
  }
  const Sensitivities &result = results.front();
  EXPECT_EQ(result.loss, "cross-entropy");
  EXPECT_EQ(result.samples, 32);
  EXPECT_EQ(toJson(result), toJson(results.back()));
  EXPECT_LE(relativeError(result.weights[0].fisher, array("fisher_0").floats()),
            1e-4);
  // Then the tables: words, kinds of tokens, positions.
  ASSERT_EQ(result.weights.size(), 17u);
  for (size_t i = 0; i != 3; ++i) {
    const WeightSensitivity &table = result.weights[14 + i];
    llvm::ArrayRef<float> rows =
        array("fisher_table_" + std::to_string(i)).floats();
    ASSERT_EQ((int64_t)rows.size(), table.rows) << table.name;
    for (int64_t row = 0; row != table.rows; ++row) {
      double sum = 0;
      for (int64_t k = 0; k != table.cols; ++k)
        sum += table.fisher[row * table.cols + k];
      EXPECT_NEAR(sum, rows[row], 2e-4 * rows[row] + 1e-12)
          << table.name << " " << row;
    }
    EXPECT_EQ(table.values.count("gram"), 0u);
  }
  llvm::ArrayRef<float> means = array("fisher_means").floats();
  for (size_t i = 0; i != 14; ++i) {
    const WeightSensitivity &weight = result.weights[i];
    const std::vector<double> &groups = weight.values.at("fisher");
    EXPECT_EQ((int64_t)groups.size(), weight.numGroups()) << weight.name;
    double mean = 0;
    for (auto [group, value] : llvm::enumerate(groups)) {
      int64_t rows =
          weight.rowGroup
              ? std::min(weight.rows - (int64_t)group * 48, (int64_t)48)
              : weight.rows;
      mean += value * rows / weight.rows;
    }
    EXPECT_NEAR(mean, means[i], 2e-4 * means[i]) << weight.name;
  }
}

TEST_F(Measure, TopEigenvaluesAreThoseOfPyTorch) {
  take(32, "labels");
  MeasureOptions options;
  options.tolerance = 1e-3;
  auto made = meter(options);
  ASSERT_TRUE(made);
  std::vector<int64_t> all;
  for (int64_t i = 0; i != 32; ++i)
    all.push_back(i);
  llvm::ArrayRef<float> expected = array("eigenvalues").floats();
  for (size_t i = 0; i != 14; ++i) {
    std::vector<float> vector;
    int64_t rows = made->result().weights[i].rows;
    auto value = made->topEigenvalue(i, 0, rows, all, vector);
    ASSERT_TRUE(bool(value)) << llvm::toString(value.takeError());
    EXPECT_NEAR(*value, expected[i], 0.05 * std::abs(expected[i]))
        << made->result().weights[i].name;
  }
}

TEST_F(Measure, TheTraceIsCloseToTheExactOne) {
  take(32, "labels");
  MeasureOptions options;
  options.layers = {"bert.classifier.weight"};
  options.traceDraws = 64;
  options.groupRows = 5;
  auto made = meter(options);
  ASSERT_TRUE(made);
  ASSERT_EQ(llvm::toString(made->measureTrace()), "");
  const WeightSensitivity &weight = made->result().weights[0];
  const std::vector<double> &means = weight.values.at("trace");
  ASSERT_EQ(means.size(), 2u);
  double expected = array("trace_13").floats()[0];
  // Some 4% is the standard error of as many vectors.
  EXPECT_NEAR((means[0] + means[1]) * 5 * weight.cols, expected,
              0.15 * expected);
}

TEST_F(Measure, ADivergenceIsMeasuredFromTheModelItself) {
  take(16, "");
  MeasureOptions options;
  options.lossSamples = 16;
  options.layers = {"bert.classifier.weight"};
  auto made = meter(options);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->result().loss, "divergence");
  ASSERT_EQ(made->result().weights.size(), 1u);
  ASSERT_EQ(llvm::toString(made->measureLosses({"int8", "int4", "int2"})), "");
  auto values = made->result().weights[0].values;
  EXPECT_GE(values["loss:int8"][0], 0);
  EXPECT_LT(values["loss:int8"][0], values["loss:int4"][0]);
  EXPECT_LT(values["loss:int4"][0], values["loss:int2"][0]);
  // The gradient of the divergence is zero where it starts.
  auto gradients = made->gradients();
  ASSERT_TRUE(bool(gradients));
  for (float value : gradients->front())
    EXPECT_NEAR(value, 0, 1e-6);
  // To second order the loss of a small change is half of v H v.
  ASSERT_EQ(llvm::toString(made->measureFisher()), "");
  EXPECT_GT(made->result().weights[0].values.at("fisher")[0], 0);
}

TEST_F(Measure, OmegaIsAboveTheMeanEigenvalue) {
  take(24, "labels");
  MeasureOptions options;
  options.layers = {"bert.classifier.weight"};
  options.subsets = 3;
  options.subsetSamples = 8;
  auto made = meter(options);
  ASSERT_TRUE(made);
  ASSERT_EQ(llvm::toString(made->measureOmega()), "");
  double omega = made->result().weights[0].values.at("omega")[0];
  EXPECT_GT(omega, 0);
  // The same again: the subsets are seeded.
  auto again = meter(options);
  ASSERT_TRUE(again);
  ASSERT_EQ(llvm::toString(again->measureOmega()), "");
  EXPECT_EQ(again->result().weights[0].values.at("omega")[0], omega);
}

TEST_F(Measure, BadSamplesAreNamed) {
  auto errorOf = [&](const NamedTensors &arrays, llvm::StringRef labels = "") {
    auto taken = SampleSet::take(func(), arrays, labels, "f.npz");
    return taken ? std::string() : llvm::toString(taken.takeError());
  };
  auto with = [&](llvm::StringRef name, Tensor tensor) {
    NamedTensors arrays;
    for (const auto &[key, array] : data)
      arrays.emplace_back(key, key == name ? tensor : array);
    return arrays;
  };
  EXPECT_EQ(errorOf({}),
            "f.npz: input 'input_ids': expected an array of this name, but "
            "the file has: none");
  EXPECT_EQ(errorOf(with("input_ids", Tensor(MIXBIT_I64, {4}))),
            "f.npz: input 'input_ids': expected an array of shape [?, ?] with "
            "the samples first, but got [4]");
  EXPECT_EQ(errorOf(with("input_ids", Tensor(MIXBIT_I64, {0, 32}))),
            "f.npz: input 'input_ids': expected one sample or more, but got "
            "none");
  EXPECT_EQ(errorOf(with("attention_mask", Tensor(MIXBIT_I64, {3, 32}))),
            "f.npz: input 'attention_mask': expected 256 samples as of "
            "'input_ids', but got 3");
  EXPECT_EQ(errorOf(with("attention_mask", Tensor(MIXBIT_F32, {256, 32}))),
            "f.npz: input 'attention_mask': expected an array of int64, but "
            "got one of float32");
  EXPECT_EQ(errorOf(data, "gold"),
            "f.npz: labels 'gold': expected an array of this name, but the "
            "file has: input_ids, attention_mask, token_type_ids, labels");
  EXPECT_EQ(errorOf(with("labels", Tensor(MIXBIT_F32, {256})), "labels"),
            "f.npz: labels 'labels': expected integers, but got float32");
  EXPECT_EQ(errorOf(with("labels", Tensor(MIXBIT_I64, {3})), "labels"),
            "f.npz: labels 'labels': expected 256 samples, but got shape [3]");

  auto floats = mlir::parseSourceString<mlir::ModuleOp>(
      "func.func @f(%x: tensor<?x2xf32> {mixbit.name = \"x\", mixbit.dims = "
      "affine_map<()[s0] -> (s0, 2)>}) -> tensor<?x2xf32> attributes "
      "{mixbit.symbols = [\"batch\"]} { return %x : tensor<?x2xf32> }",
      model->module().getContext());
  Tensor x(MIXBIT_F32, {2, 2});
  x.setFloat(3, NAN);
  auto taken = SampleSet::take(*floats->getOps<mlir::func::FuncOp>().begin(),
                               {{"x", x}}, "", "f.npz");
  ASSERT_FALSE(bool(taken));
  EXPECT_EQ(llvm::toString(taken.takeError()),
            "f.npz: input 'x': expected finite values, but got NaN at element "
            "3");

  take(8, "labels");
  samples.labels->setInteger(3, 10);
  MeasureOptions options;
  options.layers = {"bert.classifier.weight"};
  auto made = meter(options);
  ASSERT_TRUE(made);
  EXPECT_EQ(llvm::toString(made->measureFisher()),
            "expected labels below 10, the number of classes, but got 10 for "
            "sample 3");
  options.layers = {"none"};
  auto none = SensitivityMeter::create(func(), samples, options, llvm::nulls());
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(llvm::toString(none.takeError()),
            "expected names of weights of linears");
}
