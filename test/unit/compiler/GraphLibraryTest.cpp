//===- GraphLibraryTest.cpp - Graphs in memory, compiled and run ----------===//
#include "lib/compiler/GraphLibrary.h"

#include "dialects/mixbit/Mixbit.h"
#include "lib/support/Npy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace mixbit;

namespace {
/// Owns a context and parses modules in it.
struct Source {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string messages;
  llvm::raw_string_ostream diagnostics{messages};

  explicit Source(StringRef text) {
    context
        .loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(text, &context);
  }
};
} // namespace

static Tensor floats(std::vector<int64_t> shape, ArrayRef<float> values) {
  Tensor tensor(MIXBIT_F32, std::move(shape));
  for (auto [index, value] : llvm::enumerate(values))
    tensor.setFloat(index, value);
  return tensor;
}

static constexpr StringLiteral kScale = R"mlir(
  func.func @scale(
      %x: tensor<?x2xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 2)>},
      %w: tensor<2xf32> {mixbit.name = "w"})
      -> (tensor<?x2xf32> {mixbit.name = "y"}, tensor<?x3xf32> {mixbit.name = "z"})
      attributes {mixbit.symbols = ["batch"]} {
    %m = arith.constant dense_resource<m> : tensor<3x2xf32>
    %y = mixbit.binary %x, %w {kind = #mixbit.binary_kind<mul>} : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %z = mixbit.linear %y, %m : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
    return %y, %z : tensor<?x2xf32>, tensor<?x3xf32>
  }
  {-#
    dialect_resources: { builtin: { m: "0x040000000000803f0000004000004040000080400000a0400000c040" } }
  #-}
)mlir";

TEST(GraphLibrary, RunsAFunctionWhoseWeightIsAnInput) {
  Source source(kScale);
  ASSERT_TRUE(source.module);
  for (int threads : {1, 2}) {
    // Twice: building leaves the module and its data as they were.
    auto library =
        GraphLibrary::build(*source.module, threads, source.diagnostics);
    ASSERT_TRUE(bool(library))
        << llvm::toString(library.takeError()) << source.messages;
    for (int64_t rows : {1, 3}) {
      Tensor x(MIXBIT_F32, {rows, 2});
      for (int64_t i = 0; i != 2 * rows; ++i)
        x.setFloat(i, i + 1);
      auto outputs = library->run("scale", {x, floats({2}, {2, -1})});
      ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
      ASSERT_EQ(outputs->size(), 2u);
      EXPECT_EQ((*outputs)[0].shape, (std::vector<int64_t>{rows, 2}));
      for (int64_t row = 0; row != rows; ++row) {
        float a = 2 * (2 * row + 1), b = -(2 * row + 2);
        EXPECT_EQ((*outputs)[0].floatAt(2 * row), a);
        EXPECT_EQ((*outputs)[0].floatAt(2 * row + 1), b);
        for (int64_t n = 0; n != 3; ++n)
          EXPECT_EQ((*outputs)[1].floatAt(3 * row + n),
                    a * (2 * n + 1) + b * (2 * n + 2));
      }
    }
  }
}

TEST(GraphLibrary, WhatDoesNotFitIsAnError) {
  Source source(kScale);
  ASSERT_TRUE(source.module);
  auto library = GraphLibrary::build(*source.module, 1, source.diagnostics);
  ASSERT_TRUE(bool(library)) << llvm::toString(library.takeError());
  auto errorOf = [&](StringRef entry, std::vector<Tensor> inputs) {
    auto outputs = library->run(entry, inputs);
    return outputs ? std::string() : llvm::toString(outputs.takeError());
  };
  Tensor w = floats({2}, {1, 1}), x = floats({1, 2}, {1, 1});
  EXPECT_EQ(errorOf("other", {x, w}),
            "expected one of the entries scale, but got 'other'");
  EXPECT_EQ(errorOf("scale", {x}), "scale: expected 2 inputs, but got 1");
  EXPECT_NE(errorOf("scale", {w, w}), "");
  EXPECT_NE(errorOf("scale", {floats({1, 3}, {1, 1, 1}), w}), "");
  EXPECT_NE(errorOf("scale", {x, Tensor(MIXBIT_I64, {2})}), "");
  // And the next run is fine.
  EXPECT_EQ(errorOf("scale", {x, w}), "");
}

TEST(GraphLibrary, AGraphWithoutKernelsIsReported) {
  Source source(R"mlir(
    func.func @f(%x: tensor<2xf64> {mixbit.name = "x"}) -> (tensor<2xf64> {mixbit.name = "y"}) {
      %y = mixbit.softmax %x {axis = 0 : i64} : (tensor<2xf64>) -> tensor<2xf64>
      return %y : tensor<2xf64>
    }
  )mlir");
  ASSERT_TRUE(source.module);
  auto library = GraphLibrary::build(*source.module, 1, source.diagnostics);
  ASSERT_FALSE(bool(library));
  EXPECT_EQ(llvm::toString(library.takeError()),
            "the graph could not be compiled");
  EXPECT_NE(source.messages, "");
}

TEST(GraphModel, AModelFromAFileRunsAsItsReference) {
  std::string folder = MIXBIT_TEST_MODELS "/sections-small/";
  std::string messages;
  llvm::raw_string_ostream diagnostics(messages);
  auto model = GraphModel::load({folder + "legacy.onnx"}, 2, diagnostics);
  ASSERT_TRUE(bool(model)) << messages;
  auto library = GraphLibrary::build(model->module(), 2, diagnostics);
  ASSERT_TRUE(bool(library)) << messages;
  auto data = readNpz(folder + "test.npz");
  ASSERT_TRUE(bool(data));
  std::vector<const Tensor *> inputs;
  for (StringRef name : {"input_ids", "attention_mask", "token_type_ids"}) {
    inputs.push_back(findTensor(*data, name));
    ASSERT_TRUE(inputs.back());
  }
  auto outputs = library->run("legacy", inputs);
  ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
  const Tensor *logits = findTensor(*data, "logits");
  ASSERT_TRUE(logits);
  ASSERT_EQ(outputs->front().shape, logits->shape);
  for (int64_t i = 0; i != logits->numElements(); ++i)
    ASSERT_NEAR(outputs->front().floatAt(i), logits->floatAt(i), 1e-4);

  auto missing = GraphModel::load({folder + "none.onnx"}, 1, diagnostics);
  ASSERT_FALSE(bool(missing));
  llvm::consumeError(missing.takeError());
  EXPECT_NE(messages.find("none.onnx: error: "), std::string::npos);
}
