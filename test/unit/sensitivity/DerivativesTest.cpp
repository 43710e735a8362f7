//===- DerivativesTest.cpp - Rules of differentiation by differences ------===//
//
// Each rule stands behind a linear in a small function. Its gradients are
// compared with central differences of the loss, and the derivatives of those
// gradients with central differences of the gradients, all in compiled code.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/Mixbit.h"
#include "lib/compiler/GraphLibrary.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace mixbit;

namespace {
/// A body that turns %h, the linear's output of type !H = tensor<?x3x6xf32>,
/// into %o of the given type. %x is the linear's input, %m a mask [B, 3].
struct Rule {
  const char *name;
  const char *body;
  const char *type = "tensor<?x3x6xf32>";
};
} // namespace

#define UNARY(KIND)                                                            \
  {"unary_" #KIND,                                                             \
   "%o = mixbit.unary %h {kind = #mixbit.unary_kind<" #KIND ">} : (!H) -> !H"}
// Of positive numbers.
#define POSITIVE(KIND)                                                         \
  {"unary_" #KIND,                                                             \
   "%p = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H\n"      \
   "%o = mixbit.unary %p {kind = #mixbit.unary_kind<" #KIND ">} : (!H) -> !H"}
#define OF_TWO(KIND)                                                           \
  {"binary_" #KIND,                                                            \
   "%p = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H\n"      \
   "%q = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H\n"      \
   "%o = mixbit.binary %p, %q {kind = #mixbit.binary_kind<" #KIND              \
   ">} : (!H, !H) -> !H"}
// A row and a column against the whole.
#define STRETCHED(KIND)                                                        \
  {"stretched_" #KIND,                                                         \
   "%p = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H\n"      \
   "%q = mixbit.reduce %p {kind = #mixbit.reduce_kind<add>, "                  \
   "axes = array<i64: 1>, keep_dims} : (!H) -> tensor<?x1x6xf32>\n"            \
   "%s = mixbit.binary %q, %h {kind = #mixbit.binary_kind<" #KIND              \
   ">} : (tensor<?x1x6xf32>, !H) -> !H\n"                                      \
   "%c = arith.constant dense<[1.0, 2.0, -1.5, 0.5, 3.0, -2.0]> : "            \
   "tensor<6xf32>\n"                                                           \
   "%o = mixbit.binary %c, %s {kind = #mixbit.binary_kind<" #KIND              \
   ">} : (tensor<6xf32>, !H) -> !H"}

static constexpr Rule kRules[] = {
    UNARY(neg),
    UNARY(abs),
    UNARY(exp),
    UNARY(erf),
    UNARY(tanh),
    UNARY(sigmoid),
    UNARY(relu),
    UNARY(gelu_erf),
    UNARY(gelu_tanh),
    UNARY(silu),
    UNARY(sin),
    UNARY(cos),
    POSITIVE(log),
    POSITIVE(sqrt),
    POSITIVE(rsqrt),
    POSITIVE(reciprocal),
    OF_TWO(add),
    OF_TWO(sub),
    OF_TWO(mul),
    {"binary_div", R"(
      %p = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %q = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %o = mixbit.binary %q, %p {kind = #mixbit.binary_kind<div>} : (!H, !H) -> !H)"},
    OF_TWO(pow),
    OF_TWO(min),
    OF_TWO(max),
    STRETCHED(add),
    STRETCHED(sub),
    STRETCHED(mul),
    {"power_of_two", R"(
      %two = arith.constant dense<2.0> : tensor<f32>
      %o = mixbit.binary %h, %two {kind = #mixbit.binary_kind<pow>} : (!H, tensor<f32>) -> !H)"},
    {"select", R"(
      %zero = arith.constant dense<0.0> : tensor<f32>
      %c = mixbit.binary %h, %zero {kind = #mixbit.binary_kind<greater>} : (!H, tensor<f32>) -> tensor<?x3x6xi1>
      %q = mixbit.reduce %h {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 2>, keep_dims} : (!H) -> tensor<?x3x1xf32>
      %p = mixbit.binary %h, %h {kind = #mixbit.binary_kind<mul>} : (!H, !H) -> !H
      %o = mixbit.select %c, %p, %q : (tensor<?x3x6xi1>, !H, tensor<?x3x1xf32>) -> !H)"},
    {"reduce_mean_of_batch", R"(
      %p = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %o = mixbit.reduce %p {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0>} : (!H) -> tensor<3x6xf32>)",
     "tensor<3x6xf32>"},
    {"reduce_add", R"(
      %p = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %o = mixbit.reduce %p {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>} : (!H) -> tensor<?x6xf32>)",
     "tensor<?x6xf32>"},
    {"reduce_max", R"(
      %p = mixbit.binary %h, %h {kind = #mixbit.binary_kind<mul>} : (!H, !H) -> !H
      %o = mixbit.reduce %p {kind = #mixbit.reduce_kind<max>, axes = array<i64: 1>} : (!H) -> tensor<?x6xf32>)",
     "tensor<?x6xf32>"},
    {"reduce_min", R"(
      %p = mixbit.binary %h, %h {kind = #mixbit.binary_kind<mul>} : (!H, !H) -> !H
      %q = mixbit.reduce %p {kind = #mixbit.reduce_kind<min>, axes = array<i64: 2>, keep_dims} : (!H) -> tensor<?x3x1xf32>
      %o = mixbit.binary %q, %h {kind = #mixbit.binary_kind<mul>} : (tensor<?x3x1xf32>, !H) -> !H)"},
    {"softmax", R"(
      %p = mixbit.softmax %h {axis = 2 : i64} : (!H) -> !H
      %q = mixbit.softmax %h {axis = 1 : i64} : (!H) -> !H
      %o = mixbit.binary %p, %q {kind = #mixbit.binary_kind<sub>} : (!H, !H) -> !H)"},
    {"layer_norm", R"(
      %g = arith.constant dense<[1.0, 2.0, -1.5, 0.5, 3.0, -2.0]> : tensor<6xf32>
      %b = arith.constant dense<[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]> : tensor<6xf32>
      %p = mixbit.layer_norm %h, %g, %b {epsilon = 0.01 : f32} : (!H, tensor<6xf32>, tensor<6xf32>) -> !H
      %o = mixbit.layer_norm %p, %b {epsilon = 0.01 : f32} : (!H, tensor<6xf32>) -> !H)"},
    {"layer_norm_parameters", R"(
      %g = mixbit.reduce %h {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0, 1>} : (!H) -> tensor<6xf32>
      %b = mixbit.unary %g {kind = #mixbit.unary_kind<sin>} : (tensor<6xf32>) -> tensor<6xf32>
      %o = mixbit.layer_norm %h, %g, %b {epsilon = 0.01 : f32} : (!H, tensor<6xf32>, tensor<6xf32>) -> !H)"},
    {"movement", R"(
      %e = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %t = mixbit.transpose %e {permutation = array<i64: 2, 0, 1>} : (!H) -> tensor<6x?x3xf32>
      %s = mixbit.slice %t {starts = affine_map<()[s0] -> (1, 0, 0)>, sizes = affine_map<()[s0] -> (3, s0, 2)>, steps = array<i64: 1, 1, 1>} : (tensor<6x?x3xf32>) -> tensor<3x?x2xf32>
      %b = mixbit.transpose %s {permutation = array<i64: 1, 2, 0>} : (tensor<3x?x2xf32>) -> tensor<?x2x3xf32>
      %r = mixbit.reshape %b {shape = affine_map<()[s0] -> (s0, 1, 6)>} : (tensor<?x2x3xf32>) -> tensor<?x1x6xf32>
      %wide = mixbit.broadcast %r {shape = affine_map<()[s0] -> (s0, 2, 6)>} : (tensor<?x1x6xf32>) -> tensor<?x2x6xf32>
      %f = mixbit.slice %h {starts = affine_map<()[s0] -> (0, 2, 0)>, sizes = affine_map<()[s0] -> (s0, 1, 6)>, steps = array<i64: 1, 1, 1>} : (!H) -> tensor<?x1x6xf32>
      %o = mixbit.concat %wide, %f {axis = 1 : i64} : (tensor<?x2x6xf32>, tensor<?x1x6xf32>) -> !H)"},
    {"concat_with_input", R"(
      %e = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %c = mixbit.concat %x, %e {axis = 2 : i64} : (tensor<?x3x4xf32>, !H) -> tensor<?x3x10xf32>
      %o = mixbit.binary %c, %c {kind = #mixbit.binary_kind<mul>} : (tensor<?x3x10xf32>, tensor<?x3x10xf32>) -> tensor<?x3x10xf32>)",
     "tensor<?x3x10xf32>"},
    {"matmul_transposed", R"(
      %q = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %o = mixbit.matmul %h, %q {transpose_rhs} : (!H, !H) -> tensor<?x3x3xf32>)",
     "tensor<?x3x3xf32>"},
    {"matmul_stretched", R"(
      %m0 = mixbit.reduce %h {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0>} : (!H) -> tensor<3x6xf32>
      %q = mixbit.transpose %m0 {permutation = array<i64: 1, 0>} : (tensor<3x6xf32>) -> tensor<6x3xf32>
      %o = mixbit.matmul %h, %q : (!H, tensor<6x3xf32>) -> tensor<?x3x3xf32>)",
     "tensor<?x3x3xf32>"},
    {"linear_by_computed_weight", R"(
      %m0 = mixbit.reduce %h {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0>} : (!H) -> tensor<3x6xf32>
      %b = mixbit.reduce %m0 {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>} : (tensor<3x6xf32>) -> tensor<3xf32>
      %q = mixbit.matmul %h, %m0 {transpose_rhs} : (!H, tensor<3x6xf32>) -> tensor<?x3x3xf32>
      %o = mixbit.binary %q, %b {kind = #mixbit.binary_kind<add>} : (tensor<?x3x3xf32>, tensor<3xf32>) -> tensor<?x3x3xf32>)",
     "tensor<?x3x3xf32>"},
    {"attention_keep", R"(
      %q = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %v = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %o = mixbit.attention %q, %h, %v mask %m {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>} : (!H, !H, !H, tensor<?x3xi64>) -> !H)"},
    {"attention_additive", R"(
      %a = arith.constant dense<[[[[0.0, 0.5, -0.5], [0.0, 0.0, 1.0], [0.25, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
      %q = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %o = mixbit.attention %q, %h, %h mask %a {heads = 3 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<additive>} : (!H, !H, !H, tensor<1x1x3x3xf32>) -> !H)"},
    {"conv", R"(
      %k = arith.constant dense<[[[[1.0, -0.5], [0.25, 2.0]]], [[[0.5, 1.5], [-1.0, 0.75]]], [[[1.0, 0.0], [0.5, -2.0]]], [[[0.3, 0.2], [0.1, -0.4]]]]> : tensor<4x1x2x2xf32>
      %e = mixbit.unary %h {kind = #mixbit.unary_kind<sin>} : (!H) -> !H
      %i = mixbit.reshape %e {shape = affine_map<()[s0] -> (s0, 2, 3, 3)>} : (!H) -> tensor<?x2x3x3xf32>
      %c = mixbit.conv %i, %k {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 1>, dilations = array<i64: 1, 2>, groups = 2 : i64} : (tensor<?x2x3x3xf32>, tensor<4x1x2x2xf32>) -> tensor<?x4x2x2xf32>
      %o = mixbit.binary %c, %c {kind = #mixbit.binary_kind<mul>} : (tensor<?x4x2x2xf32>, tensor<?x4x2x2xf32>) -> tensor<?x4x2x2xf32>)",
     "tensor<?x4x2x2xf32>"},
    {"pool", R"(
      %e = mixbit.unary %h {kind = #mixbit.unary_kind<exp>} : (!H) -> !H
      %i = mixbit.reshape %e {shape = affine_map<()[s0] -> (s0, 2, 3, 3)>} : (!H) -> tensor<?x2x3x3xf32>
      %c = mixbit.pool %i {kind = #mixbit.reduce_kind<mean>, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
      %d = mixbit.pool %i {kind = #mixbit.reduce_kind<mean>, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, count_pads} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
      %o = mixbit.binary %c, %d {kind = #mixbit.binary_kind<mul>} : (tensor<?x2x3x3xf32>, tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>)",
     "tensor<?x2x3x3xf32>"},
};

/// Two functions a rule: NAME_gradients, of x, mask, u and targets, and
/// NAME_hessian, of x, mask, targets and u.
static std::string functionOf(const Rule &rule, StringRef suffix) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "func.func @" << rule.name << suffix
     << "(%x: tensor<?x3x4xf32> {mixbit.name = \"x\", mixbit.dims = "
        "affine_map<()[s0] -> (s0, 3, 4)>}, %m: tensor<?x3xi64> {mixbit.name = "
        "\"mask\", mixbit.dims = affine_map<()[s0] -> (s0, 3)>}) -> ("
     << rule.type << " {mixbit.name = \"o\"}) attributes {mixbit.symbols = "
     << "[\"batch\"]} {\n"
     << "%w = arith.constant dense<[[0.5, -1.0, 0.25, 0.75], [1.0, 0.5, -0.5, "
        "0.125], [-0.75, 0.375, 1.0, -0.25], [0.625, 0.5, 0.25, -1.0], [-0.5, "
        "0.875, -0.25, 0.5], [0.25, -0.375, 0.75, 1.0]]> : tensor<6x4xf32> "
        "loc(\"w\")\n"
     << "%h = mixbit.linear %x, %w : (tensor<?x3x4xf32>, tensor<6x4xf32>) -> "
        "!H\n"
     << rule.body << "\nreturn %o : " << rule.type << "\n}\n";
  return text;
}

/// sum over rows of (sum t) logsumexp(z) - sum t z.
static double lossOf(const Tensor &logits, const Tensor &targets) {
  int64_t classes = logits.shape.back();
  double loss = 0;
  for (int64_t row = 0; row != logits.numElements() / classes; ++row) {
    double sum = 0, total = 0, hit = 0;
    for (int64_t c = row * classes; c != (row + 1) * classes; ++c) {
      sum += std::exp((double)logits.floatAt(c));
      total += targets.floatAt(c);
      hit += (double)targets.floatAt(c) * logits.floatAt(c);
    }
    loss += total * std::log(sum) - hit;
  }
  return loss;
}

static double dot(const Tensor &a, const Tensor &b) {
  double sum = 0;
  for (int64_t i = 0; i != a.numElements(); ++i)
    sum += (double)a.floatAt(i) * b.floatAt(i);
  return sum;
}

static Tensor randomTensor(std::mt19937 &random, std::vector<int64_t> shape) {
  Tensor tensor(MIXBIT_F32, std::move(shape));
  for (int64_t i = 0; i != tensor.numElements(); ++i)
    tensor.setFloat(i, (int64_t)(random() % 2001 - 1000.0) / 1000.0);
  return tensor;
}

static Tensor sum(const Tensor &a, const Tensor &b, double factor) {
  Tensor result = a;
  for (int64_t i = 0; i != a.numElements(); ++i)
    result.setFloat(i, a.floatAt(i) + factor * b.floatAt(i));
  return result;
}

TEST(Derivatives, AgreeWithDifferences) {
  MLIRContext context;
  context.loadDialect<MixbitDialect, arith::ArithDialect, func::FuncDialect>();
  std::string text = "!H = tensor<?x3x6xf32>\n";
  for (const Rule &rule : kRules)
    text += functionOf(rule, "_gradients") + functionOf(rule, "_hessian");
  auto module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  for (auto func : module->getOps<func::FuncOp>()) {
    bool second = func.getSymName().ends_with("_hessian");
    PassManager manager(&context, func::FuncOp::getOperationName());
    manager.addPass(createMarkLayers());
    manager.addPass(createDecomposeAttention());
    if (!second)
      manager.addPass(createPerturbLayers());
    manager.addPass(createDifferentiate());
    if (second)
      manager.addPass(createLinearize());
    ASSERT_TRUE(succeeded(manager.run(func))) << func.getSymName().str();
  }
  auto library = GraphLibrary::build(*module, 2, llvm::errs());
  ASSERT_TRUE(bool(library)) << llvm::toString(library.takeError());

  for (const Rule &rule : kRules) {
    SCOPED_TRACE(rule.name);
    std::mt19937 random(7);
    Tensor x = randomTensor(random, {2, 3, 4}), mask(MIXBIT_I64, {2, 3});
    for (int64_t i = 0; i != 6; ++i)
      mask.setInteger(i, i != 2);
    Tensor zero(MIXBIT_F32, {2, 3, 6});
    Tensor direction = randomTensor(random, {2, 3, 6});
    std::string entry = std::string(rule.name) + "_gradients";
    auto run = [&](StringRef name, ArrayRef<Tensor> inputs) {
      auto outputs = library->run(name, inputs);
      EXPECT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
      return outputs ? *outputs : std::vector<Tensor>();
    };
    // The shape of the targets is that of the result: that of the first run.
    auto api = &library->api();
    int32_t index = cantFail(library->findEntry(entry));
    const mixbit_port *port = api->output(api, index, 0);
    std::vector<int64_t> shape(port->dims, port->dims + port->rank);
    for (int64_t &extent : shape)
      extent = extent < 0 ? 2 : extent;
    Tensor targets = randomTensor(random, shape);
    for (int64_t i = 0; i != targets.numElements(); ++i)
      targets.setFloat(i, std::abs(targets.floatAt(i)));

    // Outputs: o, x:w of the perturbation, x:w, dy:w.
    std::vector<Tensor> at = run(entry, {x, mask, zero, targets});
    double step = 1.0 / 256;
    std::vector<Tensor> above =
        run(entry, {x, mask, sum(zero, direction, step), targets});
    std::vector<Tensor> below =
        run(entry, {x, mask, sum(zero, direction, -step), targets});
    std::vector<Tensor> second =
        run(std::string(rule.name) + "_hessian", {x, mask, targets, direction});
    ASSERT_EQ(at.size(), 4u);
    ASSERT_EQ(second.size(), 3u);
    double slope = dot(at[3], direction);
    EXPECT_NEAR((lossOf(above[0], targets) - lossOf(below[0], targets)) /
                    (2 * step),
                slope, 2e-3 * (1 + std::abs(slope)));
    auto compare = [&](const Tensor &tangent, int output) {
      double scale = std::sqrt(dot(tangent, tangent));
      ASSERT_EQ(tangent.shape, above[output].shape);
      for (int64_t i = 0; i != tangent.numElements(); ++i)
        EXPECT_NEAR((above[output].floatAt(i) - below[output].floatAt(i)) /
                        (2 * step),
                    tangent.floatAt(i), 4e-3 * (0.2 + scale))
            << "element " << i << " of output " << output;
    };
    compare(second[0], 0);
    EXPECT_EQ(dot(second[1], second[1]), 0);
    compare(second[2], 3);
  }
}
