//===- RecoverLayerNorm.cpp - Layer normalization out of arithmetic -------===//
//
// The normalization proper is found first, at its division (or product with a
// reciprocal); a product with gamma and a sum with beta that follow, in either
// operand order, are taken in. TensorFlow's form, x*s + (beta - mean*s) with
// s = rsqrt(variance + epsilon) * gamma, is matched at its last addition.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVERLAYERNORM
#include "passes/simplify/Passes.h.inc"

namespace {
class Matcher {
public:
  explicit Matcher(GraphBuilder &builder) : builder(builder) {}

  /// The value that the layer norm replaces if a normalization ends at `op`.
  struct Match {
    Value x, gamma, beta, result;
    double epsilon;
    Location location;
  };
  std::optional<Match> match(BinaryOp op) {
    switch (op.getKind()) {
    case BinaryKind::Div: {
      std::optional<double> epsilon;
      if (Value x = matchNormalized(op.getLhs(), op.getRhs(), false, epsilon))
        return withScaleAndShift({x, {}, {}, op, *epsilon, op.getLoc()});
      return std::nullopt;
    }
    case BinaryKind::Mul:
      for (int side = 0; side != 2; ++side) {
        std::optional<double> epsilon;
        if (Value x = matchNormalized(op->getOperand(side),
                                      op->getOperand(1 - side), true, epsilon))
          return withScaleAndShift({x, {}, {}, op, *epsilon, op.getLoc()});
      }
      return std::nullopt;
    case BinaryKind::Add:
      return matchFolded(op);
    default:
      return std::nullopt;
    }
  }

private:
  /// x if `value` is its mean over the last dimension, which stays.
  Value meanOf(Value value) {
    auto reduce = value.getDefiningOp<ReduceOp>();
    if (!reduce || reduce.getKind() != ReduceKind::Mean ||
        !reduce.getKeepDims() || reduce.getAxes().size() != 1 ||
        reduce.getAxes()[0] != builder.rank(reduce.getX()) - 1)
      return {};
    return reduce.getX();
  }

  /// x if `value` is x minus its mean.
  Value centered(Value value) {
    BinaryOp sub = matchBinary(value, BinaryKind::Sub);
    return sub && meanOf(sub.getRhs()) == sub.getLhs() ? sub.getLhs() : Value();
  }

  /// y if `value` is y squared.
  Value squared(Value value) {
    if (BinaryOp mul = matchBinary(value, BinaryKind::Mul))
      return mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
    BinaryOp pow = matchBinary(value, BinaryKind::Pow);
    return pow && splatValue(pow.getRhs()) == 2.0 ? pow.getLhs() : Value();
  }

  /// x if `value` is x's variance plus an epsilon.
  Value varianceOf(Value value, std::optional<double> &epsilon) {
    OperandPair sum = matchOperand(value, BinaryKind::Add, [](Value operand) {
      return splatValue(operand).has_value();
    });
    Value square = sum ? meanOf(sum.other) : Value();
    Value difference = square ? squared(square) : Value();
    if (!difference)
      return {};
    epsilon = splatValue(sum.matched);
    return centered(difference);
  }

  /// x if `value` is the standard deviation of x, or its inverse.
  Value deviationOf(Value value, bool inverse, std::optional<double> &epsilon) {
    if (!inverse) {
      if (UnaryOp sqrt = matchUnary(value, UnaryKind::Sqrt))
        return varianceOf(sqrt.getX(), epsilon);
      BinaryOp pow = matchBinary(value, BinaryKind::Pow);
      return pow && splatValue(pow.getRhs()) == 0.5
                 ? varianceOf(pow.getLhs(), epsilon)
                 : Value();
    }
    if (UnaryOp rsqrt = matchUnary(value, UnaryKind::Rsqrt))
      return varianceOf(rsqrt.getX(), epsilon);
    if (UnaryOp reciprocal = matchUnary(value, UnaryKind::Reciprocal))
      return deviationOf(reciprocal.getX(), false, epsilon);
    if (BinaryOp div = matchBinary(value, BinaryKind::Div))
      return splatValue(div.getLhs()) == 1.0
                 ? deviationOf(div.getRhs(), false, epsilon)
                 : Value();
    BinaryOp pow = matchBinary(value, BinaryKind::Pow);
    return pow && splatValue(pow.getRhs()) == -0.5
               ? varianceOf(pow.getLhs(), epsilon)
               : Value();
  }

  Value matchNormalized(Value numerator, Value deviation, bool inverse,
                        std::optional<double> &epsilon) {
    Value x = centered(numerator);
    return x && deviationOf(deviation, inverse, epsilon) == x ? x : Value();
  }

  /// Whether a value is a vector along the last dimension of x.
  bool isVector(Value value, Value x) {
    ArrayRef<AffineExpr> shape = builder.shape(value);
    std::optional<int64_t> size = constantValue(builder.shape(x).back());
    return size && !shape.empty() && constantValue(shape.back()) == size &&
           llvm::all_of(shape.drop_back(), [](AffineExpr extent) {
             return constantValue(extent) == 1;
           });
  }

  std::optional<Match> withScaleAndShift(Match match) {
    if (!constantValue(builder.shape(match.x).back()))
      return std::nullopt;
    auto takeIn = [&](BinaryKind kind, Value &operand) {
      if (!match.result.hasOneUse())
        return;
      Operation *user = *match.result.user_begin();
      if (user->getNumResults() != 1)
        return;
      OperandPair pair = matchOperand(
          user->getResult(0), kind, [&](Value v) { return v == match.result; });
      if (pair && isVector(pair.other, match.x)) {
        operand = pair.other;
        match.result = user->getResult(0);
      }
    };
    takeIn(BinaryKind::Mul, match.gamma);
    takeIn(BinaryKind::Add, match.beta);
    return match;
  }

  /// x*s + (beta - mean*s)
  std::optional<Match> matchFolded(BinaryOp op) {
    for (int side = 0; side != 2; ++side) {
      BinaryOp shift = matchBinary(op->getOperand(side), BinaryKind::Sub);
      BinaryOp scaled = matchBinary(op->getOperand(1 - side), BinaryKind::Mul);
      if (!shift || !scaled)
        continue;
      OperandPair offset =
          matchOperand(shift.getRhs(), BinaryKind::Mul,
                       [&](Value value) { return (bool)meanOf(value); });
      if (!offset)
        continue;
      Value x = meanOf(offset.matched), scale = offset.other;
      bool isScaled = (scaled.getLhs() == x && scaled.getRhs() == scale) ||
                      (scaled.getRhs() == x && scaled.getLhs() == scale);
      std::optional<double> epsilon;
      OperandPair factors = matchOperand(scale, BinaryKind::Mul, [&](Value v) {
        return deviationOf(v, true, epsilon) == x;
      });
      if (isScaled && factors && isVector(factors.other, x) &&
          isVector(shift.getLhs(), x))
        return Match{x,  factors.other, shift.getLhs(),
                     op, *epsilon,      op.getLoc()};
    }
    return std::nullopt;
  }

  GraphBuilder &builder;
};

struct RecoverLayerNorm : impl::RecoverLayerNormBase<RecoverLayerNorm> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    Matcher matcher(builder);
    for (Operation &op : func.getBody().front()) {
      auto binary = dyn_cast<BinaryOp>(op);
      if (!binary || op.use_empty())
        continue;
      if (std::optional<Matcher::Match> match = matcher.match(binary)) {
        replace(builder, *match);
        ++numRecovered;
      }
    }
    eraseDeadOps(func);
  }

  static void replace(GraphBuilder &builder, const Matcher::Match &match) {
    builder.setInsertionPointAfterValue(match.result);
    Type type = builder.elementType(match.x);
    AffineExpr size = builder.shape(match.x).back();
    int64_t extent = *constantValue(size);
    auto vector = [&](Value value) {
      return builder.reshape(value.getLoc(), value, {size});
    };
    Value gamma = match.gamma
                      ? vector(match.gamma)
                      : builder.constantOf(
                            match.location,
                            makeElements(RankedTensorType::get({extent}, type),
                                         SmallVector<double>(extent, 1)));
    Value beta = match.beta ? vector(match.beta) : Value();
    Value norm =
        builder.make<LayerNormOp>(match.location, type, match.x, gamma, beta,
                                  llvm::APFloat((float)match.epsilon));
    Value result = match.result;
    result.replaceAllUsesWith(norm);
  }
};
} // namespace
} // namespace mixbit
