//===- SegmentsTest.cpp - A network cut in front of its layers ------------===//
#include "lib/calibrate/Segments.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace mixbit;

namespace {

/// Two layers read the table's rows, one what comes of them; a residual skips
/// a level; the last layer is a head on one position.
constexpr StringLiteral kNetwork = R"mlir(
func.func @net(%ids: tensor<?x?xi64> {mixbit.name = "ids", mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>},
    %keep: tensor<?x?xi64> {mixbit.name = "keep", mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> (tensor<?x2xf32> {mixbit.name = "y"}) attributes {mixbit.symbols = ["batch", "sequence"]} {
  %t = arith.constant dense<1.0> : tensor<10x4xf32>
  %w = arith.constant dense<0.5> : tensor<4x4xf32>
  %w2 = arith.constant dense<0.25> : tensor<4x4xf32>
  %b = arith.constant dense<0.1> : tensor<4xf32>
  %h = arith.constant dense<0.3> : tensor<2x4xf32>
  %x = mixbit.embedding %t, %ids : (tensor<10x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %q = mixbit.linear %x, %w, %b : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %k = mixbit.linear %x, %w2 : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
  %a = mixbit.attention %q, %k, %k mask %keep {heads = 1 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
    : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %o = mixbit.linear %a, %w2 : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
  %s = mixbit.binary %o, %x {kind = #mixbit.binary_kind<add>} : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %p = mixbit.reduce %s {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>} : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  %y = mixbit.linear %p, %h : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
)mlir";

struct Network {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp func;
  SmallVector<Operation *> ops;

  Network() {
    context
        .loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kNetwork, &context);
    func = *module->getOps<func::FuncOp>().begin();
    for (Operation &op : func.getBody().front())
      if (!isa<arith::ConstantOp>(op))
        ops.push_back(&op);
  }
  // Of `ops`.
  enum { Table, Q, K, Attention, O, Sum, Pool, Head };
};

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

TEST(Segments, ByLevels) {
  Network net;
  ASSERT_TRUE(net.module);
  std::string before = textOf(*net.module);
  auto graph = segmentGraph(net.func, [](Operation *) { return true; });
  ASSERT_TRUE(succeeded(graph));
  EXPECT_EQ(textOf(*net.module), before);
  ASSERT_TRUE(succeeded(verify(*graph->module)));
  ASSERT_EQ(graph->layers.size(), 5u);
  std::vector<unsigned> levels;
  for (const SegmentLayer &layer : graph->layers)
    levels.push_back(layer.level);
  EXPECT_EQ(levels, (std::vector<unsigned>{0, 1, 1, 2, 3}));

  auto result = [&](int op) { return net.ops[op]->getResult(0); };
  ASSERT_EQ(graph->segments.size(), 3u); // the head itself need not run
  const GraphSegment &first = graph->segments[0];
  EXPECT_EQ(first.weights.size(), 1u);
  EXPECT_EQ(first.outputs, (SmallVector<Value>{result(Network::Table)}));
  const GraphSegment &second = graph->segments[1];
  EXPECT_TRUE(second.inputs.empty());
  EXPECT_EQ(second.rows, (SmallVector<Value>{result(Network::Table)}));
  EXPECT_EQ(second.weights.size(), 2u);
  EXPECT_EQ(second.outputs, (SmallVector<Value>{result(Network::Attention)}));
  const GraphSegment &third = graph->segments[2];
  // The residual is an input of its own, not the rows of a layer.
  EXPECT_EQ(third.inputs, (SmallVector<Value>{result(Network::Table)}));
  EXPECT_EQ(third.rows, (SmallVector<Value>{result(Network::Attention)}));
  EXPECT_EQ(third.outputs, (SmallVector<Value>{result(Network::Pool)}));
  auto function = graph->module->lookupSymbol<func::FuncOp>(third.name);
  ASSERT_TRUE(function);
  // ids, keep, the residual, rows, one weight.
  EXPECT_EQ(function.getNumArguments(), 5u);
}

TEST(Segments, OnlySomeLayers) {
  Network net;
  auto graph = segmentGraph(
      net.func, [&](Operation *op) { return op == net.ops[Network::O]; });
  ASSERT_TRUE(succeeded(graph));
  ASSERT_TRUE(succeeded(verify(*graph->module)));
  ASSERT_EQ(graph->segments.size(), 1u);
  EXPECT_TRUE(graph->segments[0].weights.empty());
  EXPECT_EQ(graph->segments[0].outputs,
            (SmallVector<Value>{net.ops[Network::Attention]->getResult(0)}));
}

TEST(Segments, Masks) {
  Network net;
  Value rows = net.ops[Network::Table]->getResult(0);
  Value pooled = net.ops[Network::Pool]->getResult(0);
  auto masks = findRowMasks(net.func, {rows, pooled});
  EXPECT_EQ(masks.lookup(rows), net.func.getArgument(1));
  EXPECT_FALSE(masks.contains(pooled));
}

} // namespace
