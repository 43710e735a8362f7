//===- RulesElementwise.cpp - Derivatives of elementwise functions --------===//
//
// An elementwise operation's Jacobian is diagonal, so both directions multiply
// by the same partial derivatives.
//
//===----------------------------------------------------------------------===//
#include "passes/sensitivity/Differentiable.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
namespace {
/// Arithmetic in the builder, for formulas.
struct Formula {
  GraphBuilder &builder;
  Location loc;

  Value add(Value a, Value b) {
    return builder.binary(loc, BinaryKind::Add, a, b);
  }
  Value mul(Value a, Value b) {
    return builder.binary(loc, BinaryKind::Mul, a, b);
  }
  Value div(Value a, Value b) {
    return builder.binary(loc, BinaryKind::Div, a, b);
  }
  Value apply(UnaryKind kind, Value a) { return builder.unary(loc, kind, a); }
  /// a * factor + offset.
  Value linear(Value a, double factor, double offset) {
    Type type = builder.elementType(a);
    Value product = factor == 1 ? a : mul(a, builder.scalar(loc, factor, type));
    return offset == 0 ? product
                       : add(product, builder.scalar(loc, offset, type));
  }
  /// 1 where the comparison holds, else 0.
  Value indicator(BinaryKind comparison, Value a, Value b, Type type) {
    return builder.cast(loc, builder.binary(loc, comparison, a, b), type);
  }
};
} // namespace

/// The derivative of a unary function at x, where it is y; null for zero.
static FailureOr<Value> derivative(GraphBuilder &builder, UnaryOp op) {
  Formula f{builder, op.getLoc()};
  Value x = op.getX(), y = op.getResult();
  Type type = builder.elementType(x);
  switch (op.getKind()) {
  case UnaryKind::Neg:
    return builder.scalar(f.loc, -1, type);
  case UnaryKind::Abs:
    return f.apply(UnaryKind::Sign, x);
  case UnaryKind::Exp:
    return y;
  case UnaryKind::Log:
    return f.apply(UnaryKind::Reciprocal, x);
  case UnaryKind::Sqrt:
    return f.linear(f.apply(UnaryKind::Reciprocal, y), 0.5, 0);
  case UnaryKind::Rsqrt:
    return f.linear(f.mul(y, f.mul(y, y)), -0.5, 0);
  case UnaryKind::Reciprocal:
    return f.linear(f.mul(y, y), -1, 0);
  case UnaryKind::Erf: // 2 / sqrt(pi) exp(-x^2)
    return f.linear(f.apply(UnaryKind::Exp, f.linear(f.mul(x, x), -1, 0)),
                    2 / std::sqrt(M_PI), 0);
  case UnaryKind::Tanh:
    return f.linear(f.mul(y, y), -1, 1);
  case UnaryKind::Sigmoid:
    return f.mul(y, f.linear(y, -1, 1));
  case UnaryKind::Relu:
    return f.indicator(BinaryKind::Greater, x, builder.scalar(f.loc, 0, type),
                       type);
  case UnaryKind::GeluErf: { // Phi(x) + x phi(x), of the normal distribution
    Value cdf = f.linear(f.apply(UnaryKind::Erf, f.linear(x, std::sqrt(.5), 0)),
                         0.5, 0.5);
    Value density = f.apply(UnaryKind::Exp, f.linear(f.mul(x, x), -0.5, 0));
    return f.add(cdf, f.mul(x, f.linear(density, 1 / std::sqrt(2 * M_PI), 0)));
  }
  case UnaryKind::GeluTanh: {
    // u = c (x + a x^3), t = tanh u:
    // (1 + t) / 2 + x / 2 (1 - t^2) c (1 + 3 a x^2)
    double c = std::sqrt(2 / M_PI), a = 0.044715;
    Value square = f.mul(x, x);
    Value t = f.apply(UnaryKind::Tanh, f.mul(x, f.linear(square, c * a, c)));
    Value inner = f.mul(f.linear(f.mul(t, t), -1, 1),
                        f.linear(square, 1.5 * a * c, 0.5 * c));
    return f.add(f.linear(t, 0.5, 0.5), f.mul(x, inner));
  }
  case UnaryKind::Silu: { // s (1 + x (1 - s))
    Value s = f.apply(UnaryKind::Sigmoid, x);
    return f.mul(s, f.linear(f.mul(x, f.linear(s, -1, 1)), 1, 1));
  }
  case UnaryKind::Sin:
    return f.apply(UnaryKind::Cos, x);
  case UnaryKind::Cos:
    return f.linear(f.apply(UnaryKind::Sin, x), -1, 0);
  case UnaryKind::Sign:
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::Round:
  case UnaryKind::Not:
  case UnaryKind::IsNaN:
    break;
  }
  return failure();
}

namespace {
struct UnaryRules
    : DifferentiableOpInterface::ExternalModel<UnaryRules, UnaryOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    auto unary = cast<UnaryOp>(op);
    FailureOr<Value> factor = derivative(builder, unary);
    if (failed(factor))
      return notDifferentiable(op, "'" + stringifyUnaryKind(unary.getKind()) +
                                       "' is a step");
    gradients.push_back(
        builder.binary(op->getLoc(), BinaryKind::Mul, g, *factor));
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    auto unary = cast<UnaryOp>(op);
    // The sign is what abs has as its derivative: constant almost everywhere.
    if (unary.getKind() == UnaryKind::Sign || !isFloatResult(op))
      return success();
    FailureOr<Value> factor = derivative(builder, unary);
    if (failed(factor))
      return notDifferentiable(op, "'" + stringifyUnaryKind(unary.getKind()) +
                                       "' is a step");
    tangent =
        builder.binary(op->getLoc(), BinaryKind::Mul, tangents[0], *factor);
    return success();
  }
  static bool isFloatResult(Operation *op) {
    return isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
  }
};

/// A partial derivative: plus or minus one, zero, or a value.
struct Partial {
  enum Kind { Zero, One, MinusOne, Factor } kind = Zero;
  Value factor;

  Value times(GraphBuilder &builder, Location loc, Value g) const {
    switch (kind) {
    case Zero:
      return {};
    case One:
      return g;
    case MinusOne:
      return builder.unary(loc, UnaryKind::Neg, g);
    case Factor:
      return builder.binary(loc, BinaryKind::Mul, g, factor);
    }
    return {};
  }
};

/// By both operands, as far as `wanted`.
static LogicalResult partials(GraphBuilder &builder, BinaryOp op,
                              ArrayRef<bool> wanted, Partial &left,
                              Partial &right) {
  Formula f{builder, op.getLoc()};
  Value l = op.getLhs(), r = op.getRhs(), y = op.getResult();
  Type type = builder.elementType(l);
  auto factor = [](Value value) { return Partial{Partial::Factor, value}; };
  switch (op.getKind()) {
  case BinaryKind::Add:
    left.kind = right.kind = Partial::One;
    return success();
  case BinaryKind::Sub:
    left.kind = Partial::One;
    right.kind = Partial::MinusOne;
    return success();
  case BinaryKind::Mul:
    left = factor(r);
    right = factor(l);
    return success();
  case BinaryKind::Div: { // 1 / r, -y / r
    Value inverse = f.apply(UnaryKind::Reciprocal, r);
    left = factor(inverse);
    if (wanted[1])
      right = factor(f.linear(f.mul(y, inverse), -1, 0));
    return success();
  }
  case BinaryKind::Pow: {
    if (wanted[0]) { // r l^(r - 1)
      std::optional<double> exponent = splatValue(r);
      left = factor(exponent == 2.0
                        ? f.linear(l, 2, 0)
                        : f.mul(r, builder.binary(f.loc, BinaryKind::Pow, l,
                                                  f.linear(r, 1, -1))));
    }
    if (wanted[1]) // y log l
      right = factor(f.mul(y, f.apply(UnaryKind::Log, l)));
    return success();
  }
  case BinaryKind::Min:
  case BinaryKind::Max: { // Equal operands: the left one.
    bool isMin = op.getKind() == BinaryKind::Min;
    left = factor(f.indicator(
        isMin ? BinaryKind::LessEqual : BinaryKind::GreaterEqual, l, r, type));
    if (wanted[1])
      right = factor(f.linear(left.factor, -1, 1));
    return success();
  }
  case BinaryKind::Mod:
    return notDifferentiable(op, "'mod' jumps");
  default: // comparisons and logic: constant almost everywhere
    return success();
  }
}

struct BinaryRules
    : DifferentiableOpInterface::ExternalModel<BinaryRules, BinaryOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    Partial sides[2];
    if (failed(
            partials(builder, cast<BinaryOp>(op), wanted, sides[0], sides[1])))
      return failure();
    for (int i : {0, 1}) {
      Value term =
          wanted[i] ? sides[i].times(builder, op->getLoc(), g) : Value();
      gradients.push_back(term ? sumTo(builder, op->getLoc(), term,
                                       builder.shape(op->getOperand(i)))
                               : Value());
    }
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    if (!UnaryRules::isFloatResult(op))
      return success();
    Partial sides[2];
    bool wanted[2] = {(bool)tangents[0], (bool)tangents[1]};
    if (failed(
            partials(builder, cast<BinaryOp>(op), wanted, sides[0], sides[1])))
      return failure();
    for (int i : {0, 1})
      if (tangents[i])
        tangent = addTerms(builder, op->getLoc(), tangent,
                           sides[i].times(builder, op->getLoc(), tangents[i]));
    if (tangent)
      tangent = builder.broadcast(op->getLoc(), tangent,
                                  builder.shape(op->getResult(0)));
    return success();
  }
};

struct SelectRules
    : DifferentiableOpInterface::ExternalModel<SelectRules, SelectOp> {
  /// `onTrue` or `onFalse` where it is chosen, zero for null ones.
  static Value choose(GraphBuilder &builder, SelectOp op, Value onTrue,
                      Value onFalse) {
    Type type = builder.elementType(op.getResult());
    Value zero =
        onTrue && onFalse ? Value() : builder.scalar(op.getLoc(), 0, type);
    return builder.make<SelectOp>(op.getLoc(), type, op.getCondition(),
                                  onTrue ? onTrue : zero,
                                  onFalse ? onFalse : zero);
  }
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool> wanted,
                               SmallVectorImpl<Value> &gradients) const {
    auto select = cast<SelectOp>(op);
    gradients.push_back({});
    for (int i : {1, 2})
      gradients.push_back(
          wanted[i] ? sumTo(builder, op->getLoc(),
                            choose(builder, select, i == 1 ? g : Value(),
                                   i == 2 ? g : Value()),
                            builder.shape(op->getOperand(i)))
                    : Value());
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    if (tangents[1] || tangents[2])
      tangent = builder.broadcast(
          op->getLoc(),
          choose(builder, cast<SelectOp>(op), tangents[1], tangents[2]),
          builder.shape(op->getResult(0)));
    return success();
  }
};

struct CastRules : DifferentiableOpInterface::ExternalModel<CastRules, CastOp> {
  LogicalResult buildGradients(Operation *op, GraphBuilder &builder, Value g,
                               ArrayRef<bool>,
                               SmallVectorImpl<Value> &gradients) const {
    gradients.push_back(
        builder.cast(op->getLoc(), g, builder.elementType(op->getOperand(0))));
    return success();
  }
  LogicalResult buildTangent(Operation *op, GraphBuilder &builder,
                             ArrayRef<Value> tangents, Value &tangent) const {
    tangent = builder.cast(op->getLoc(), tangents[0],
                           builder.elementType(op->getResult(0)));
    return success();
  }
};
} // namespace

void attachElementwiseRules(MLIRContext *context) {
  UnaryOp::attachInterface<UnaryRules>(*context);
  BinaryOp::attachInterface<BinaryRules>(*context);
  SelectOp::attachInterface<SelectRules>(*context);
  CastOp::attachInterface<CastRules>(*context);
}
} // namespace mixbit
