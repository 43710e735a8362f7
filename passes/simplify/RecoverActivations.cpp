//===- RecoverActivations.cpp - GELU and SiLU out of arithmetic -----------===//
//
// Exporters write the same activation with its multiplications in many orders.
// Instead of listing them, an expression around an erf, tanh or sigmoid is
// evaluated as a function of a candidate input: what agrees with a known
// activation at all sample points is that activation. The two forms of GELU
// differ by 1e-4 at these points, the rounding of an exporter's constants by
// less than 1e-6.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVERACTIVATIONS
#include "passes/simplify/Passes.h.inc"

namespace {
constexpr double samples[] = {-6, -2, -1, -0.5, 0, 0.25, 1, 2, 5};
constexpr double tolerance = 5e-6;

struct Activation {
  UnaryKind kind;
  double (*function)(double);
};
const Activation activations[] = {
    {UnaryKind::GeluErf,
     [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }},
    {UnaryKind::GeluTanh,
     [](double x) {
       double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
       return x / 2 * (1 + std::tanh(inner));
     }},
    {UnaryKind::Silu, [](double x) { return x / (1 + std::exp(-x)); }},
};

/// The value of an expression of `x` and constants; nullopt if it has other
/// leaves or more than `budget` operations.
std::optional<double> evaluate(Value value, Value x, double at, int &budget) {
  if (value == x)
    return at;
  Operation *op = value.getDefiningOp();
  if (!op || --budget < 0)
    return std::nullopt;
  if (std::optional<double> constant = splatValue(value))
    return constant;
  if (auto unary = dyn_cast<UnaryOp>(op)) {
    std::optional<double> a = evaluate(unary.getX(), x, at, budget);
    if (!a)
      return std::nullopt;
    switch (unary.getKind()) {
    case UnaryKind::Neg:
      return -*a;
    case UnaryKind::Exp:
      return std::exp(*a);
    case UnaryKind::Erf:
      return std::erf(*a);
    case UnaryKind::Tanh:
      return std::tanh(*a);
    case UnaryKind::Sigmoid:
      return 1 / (1 + std::exp(-*a));
    case UnaryKind::Reciprocal:
      return 1 / *a;
    default:
      return std::nullopt;
    }
  }
  auto binary = dyn_cast<BinaryOp>(op);
  if (!binary)
    return std::nullopt;
  std::optional<double> a = evaluate(binary.getLhs(), x, at, budget);
  std::optional<double> b =
      a ? evaluate(binary.getRhs(), x, at, budget) : std::nullopt;
  if (!a || !b)
    return std::nullopt;
  switch (binary.getKind()) {
  case BinaryKind::Add:
    return *a + *b;
  case BinaryKind::Sub:
    return *a - *b;
  case BinaryKind::Mul:
    return *a * *b;
  case BinaryKind::Div:
    return *a / *b;
  case BinaryKind::Pow:
    return std::pow(*a, *b);
  default:
    return std::nullopt;
  }
}

/// The activation that `root` is as a function of `x`, if any.
std::optional<UnaryKind> identify(Value root, Value x) {
  constexpr int maxOperations = 48;
  for (const Activation &activation : activations) {
    bool agrees = llvm::all_of(samples, [&](double at) {
      int budget = maxOperations;
      std::optional<double> value = evaluate(root, x, at, budget);
      double expected = activation.function(at);
      return value && std::abs(*value - expected) <=
                          tolerance * (1 + std::abs(expected));
    });
    if (agrees)
      return activation.kind;
  }
  return std::nullopt;
}

/// Values reached from `start` in at most `steps` steps through `next`.
void reach(Value start, int steps, llvm::SetVector<Value> &reached,
           llvm::function_ref<void(Value, SmallVectorImpl<Value> &)> next) {
  SmallVector<Value> frontier{start};
  for (; steps != 0 && reached.size() < 32; --steps) {
    SmallVector<Value> following;
    for (Value value : frontier)
      next(value, following);
    frontier.clear();
    for (Value value : following)
      if (reached.insert(value))
        frontier.push_back(value);
  }
}

struct RecoverActivations : impl::RecoverActivationsBase<RecoverActivations> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    for (Operation &op : func.getBody().front()) {
      auto unary = dyn_cast<UnaryOp>(op);
      if (!unary || op.use_empty())
        continue;
      UnaryKind kind = unary.getKind();
      if (kind == UnaryKind::Erf || kind == UnaryKind::Tanh ||
          kind == UnaryKind::Sigmoid || kind == UnaryKind::Exp)
        recover(builder, unary);
    }
    eraseDeadOps(func);
  }

  void recover(GraphBuilder &builder, UnaryOp seed) {
    // Inputs: what the seed's argument is made of.
    llvm::SetVector<Value> inputs;
    inputs.insert(seed.getX());
    reach(seed.getX(), 5, inputs, [](Value value, SmallVectorImpl<Value> &to) {
      if (Operation *op = value.getDefiningOp<BinaryOp>())
        for (Value operand : op->getOperands())
          if (!splatValue(operand))
            to.push_back(operand);
      if (auto neg = value.getDefiningOp<UnaryOp>())
        to.push_back(neg.getX());
    });
    llvm::SetVector<Value> roots;
    reach(seed, 6, roots, [](Value value, SmallVectorImpl<Value> &to) {
      for (Operation *user : value.getUsers())
        if (isa<BinaryOp, UnaryOp>(user))
          to.push_back(user->getResult(0));
    });
    // The farthest root first: it takes in the most operations.
    for (Value root : llvm::reverse(roots.getArrayRef()))
      for (Value x : inputs) {
        if (root.getType() != x.getType() ||
            !isa<FloatType>(builder.elementType(x)))
          continue;
        std::optional<UnaryKind> kind = identify(root, x);
        if (!kind)
          continue;
        builder.setInsertionPointAfterValue(root);
        Value result = builder.unary(seed.getLoc(), *kind, x);
        root.replaceAllUsesWith(result);
        ++numRecovered;
        return;
      }
  }
};
} // namespace
} // namespace mixbit
