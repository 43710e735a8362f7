//===- GridModelsTest.cpp - Weights that training quantized ---------------===//
//
// The codes and scales that the compiler stores are those that PyTorch trained
// (tools/models/grids.py, tools/models/qat.py), equal as integers and as
// floats. Of models that come quantized (tools/models/quantized.py) the weights
// come back equal, whatever codes and scales stand for them.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "lib/compiler/Stages.h"
#include "lib/quant/Codes.h"
#include "lib/quant/Reference.h"
#include "lib/support/Npy.h"

#include "gtest/gtest.h"

using namespace mixbit;

namespace {
/// The quantized weights of a model of test/models, in order.
std::vector<QuantizedMatrix> weightsOf(const std::string &model) {
  CompileOptions options;
  options.models = {std::string(MIXBIT_TEST_MODELS) + "/" + model};
  std::string text;
  llvm::raw_string_ostream diagnostics(text);
  Compilation compilation(options, diagnostics);
  std::vector<QuantizedMatrix> weights;
  EXPECT_TRUE(compilation.import() && compilation.simplify() &&
              compilation.quantize())
      << text;
  compilation.getModule().walk([&](mlir::Operation *op) {
    mlir::Value weight;
    if (auto linear = llvm::dyn_cast<LinearOp>(op))
      weight = linear.getWeight();
    else if (auto embedding = llvm::dyn_cast<EmbeddingOp>(op))
      weight = embedding.getTable();
    else
      return;
    auto constant = weight.getDefiningOp<QuantizedConstantOp>();
    ASSERT_TRUE(constant);
    auto matrix = readQuantized(constant);
    ASSERT_TRUE(succeeded(matrix));
    weights.push_back(std::move(*matrix));
  });
  return weights;
}

NamedTensors arraysOf(const std::string &folder) {
  auto arrays =
      readNpz(std::string(MIXBIT_TEST_MODELS) + "/" + folder + "/test.npz");
  EXPECT_TRUE(bool(arrays));
  return arrays ? std::move(*arrays) : NamedTensors();
}

const Tensor &arrayOf(const NamedTensors &arrays, const std::string &name) {
  static const Tensor none;
  const Tensor *found = findTensor(arrays, name);
  EXPECT_TRUE(found) << "no array " << name;
  return found ? *found : none;
}

class GridModelsTest
    : public testing::TestWithParam<std::pair<const char *, const char *>> {};

TEST_P(GridModelsTest, CodesAndScalesAreThoseOfTraining) {
  auto [folder, name] = GetParam();
  auto arrays = arraysOf(folder);
  auto weights = weightsOf(std::string(folder) + "/" + name + ".onnx");
  ASSERT_EQ(weights.size(), 3u);
  for (auto [layer, matrix] : llvm::enumerate(weights)) {
    std::string index = std::to_string(layer);
    const Tensor &codes = arrayOf(arrays, std::string(name) + "_codes" + index);
    const Tensor &scales =
        arrayOf(arrays, std::string(name) + "_scales" + index);
    ASSERT_EQ(codes.shape, (std::vector<int64_t>{matrix.rows, matrix.cols}));
    bool isBinary = matrix.format.kind == FormatKind::Binary;
    std::vector<uint8_t> stored = unpackMatrix(matrix.codes, matrix.rows,
                                               matrix.cols, matrix.format.bits);
    for (int64_t row = 0; row != matrix.rows; ++row) {
      float scale = matrix.scales[matrix.groupOf(row, 0)];
      float trained = scales.floatAt(scales.numElements() == 1 ? 0 : row);
      // A step that was learned may end up negative: the same weights have the
      // opposite codes at its opposite.
      int64_t sign = trained < 0 ? -1 : 1;
      trained *= sign;
      // A mean that the graph computes adds up in another order.
      if (std::string(name) == "elastic")
        EXPECT_FLOAT_EQ(scale, trained) << "layer " << layer << " row " << row;
      else
        EXPECT_EQ(scale, trained)
            << name << " layer " << layer << " row " << row;
      for (int64_t col = 0; col != matrix.cols; ++col) {
        int64_t at = row * matrix.cols + col;
        float zero = matrix.zeroOf(matrix.groupOf(row, col));
        int64_t value =
            sign * int64_t((isBinary ? 2 : 1) * (stored[at] - zero));
        ASSERT_EQ(value, codes.integerAt(at))
            << name << " layer " << layer << " row " << row << " column "
            << col;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, GridModelsTest,
    testing::Values(std::pair("grids", "ternary"), std::pair("grids", "binary"),
                    std::pair("qat", "qdq"), std::pair("qat", "full"),
                    std::pair("qat", "lsq"), std::pair("qat", "elastic")),
    [](const auto &info) {
      return std::string(info.param.first) + "_" + info.param.second;
    });

/// Blocks with zero points: the values are equal, bit for bit.
TEST(GridModels, BlocksComeBackEqual) {
  auto weights = weightsOf("qat/blocked.onnx");
  ASSERT_EQ(weights.size(), 1u);
  EXPECT_EQ(weights[0].format,
            Format::makeInt(4, 1, 32, FloatKind::F32, ZeroKind::I8));
  auto arrays = arraysOf("qat");
  auto expected = arrayOf(arrays, "blocked_weight").floats();
  EXPECT_EQ(dequantize(weights[0]), expected.vec());
}

class QuantizedModelsTest : public testing::TestWithParam<const char *> {};

TEST_P(QuantizedModelsTest, WeightsComeBackEqual) {
  std::string name = GetParam();
  auto arrays = arraysOf("quantized");
  auto weights = weightsOf("quantized/" + name + ".onnx");
  ASSERT_GE(weights.size(), 3u);
  for (auto [index, matrix] : llvm::enumerate(weights)) {
    const Tensor &expected =
        arrayOf(arrays, name + "_weight" + std::to_string(index));
    ASSERT_EQ(expected.shape, (std::vector<int64_t>{matrix.rows, matrix.cols}));
    EXPECT_EQ(dequantize(matrix), expected.floats().vec())
        << name << " weight " << index << " as "
        << describeFormat(matrix.format);
  }
}

INSTANTIATE_TEST_SUITE_P(All, QuantizedModelsTest,
                         testing::Values("int4", "nbits", "tables", "dynamic",
                                         "dynamic-u8", "qlinear"),
                         [](const auto &info) {
                           std::string name = info.param;
                           llvm::replace(name, '-', '_');
                           return name;
                         });
} // namespace
