//===- MaskAnalysis.cpp - What an additive attention mask means -----------===//
//
// A value is followed to its leaf, an argument of the function, through
// elementwise operations and movements that only insert, drop, permute or
// stretch dimensions. What is computed on the way: the value for a zero and
// for a one in the leaf, and which element of the leaf an element depends on,
// as affine expressions d0, d1, ... over the value's own indices.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/MaskAnalysis.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
namespace {
struct Known {
  double zero = 0, one = 0;
  /// Null: a constant, `zero` equal to `one`.
  Value leaf;
  SmallVector<AffineExpr> index;
};

class Analysis {
public:
  explicit Analysis(GraphBuilder &builder) : builder(builder) {}

  std::optional<Known> visit(Value value) {
    if (std::optional<double> constant = splatValue(value))
      return Known{*constant, *constant, {}, {}};
    if (isa<BlockArgument>(value)) {
      Known leaf{0, 1, value, {}};
      for (unsigned i = 0, e = builder.rank(value); i != e; ++i)
        leaf.index.push_back(builder.getAffineDimExpr(i));
      return leaf;
    }
    // Masks are short expressions; anything longer is none.
    if (++visits > 64)
      return std::nullopt;
    return llvm::TypeSwitch<Operation *, std::optional<Known>>(
               value.getDefiningOp())
        .Case<CastOp, UnaryOp, BinaryOp, SelectOp, ReshapeOp, BroadcastOp,
              TransposeOp>([&](auto op) { return follow(op); })
        .Default(std::nullopt);
  }

private:
  /// Rounds as the element type of `value` does.
  static double rounded(double number, Value value) {
    Type type = getElementTypeOrSelf(value.getType());
    if (type.isInteger(1))
      return number != 0;
    if (type.isInteger())
      return std::trunc(number);
    return type.isF32() ? (double)(float)number : number;
  }

  std::optional<Known> follow(CastOp op) {
    std::optional<Known> known = visit(op.getX());
    if (known) {
      known->zero = rounded(known->zero, op);
      known->one = rounded(known->one, op);
    }
    return known;
  }

  std::optional<Known> follow(UnaryOp op) {
    std::optional<Known> known = visit(op.getX());
    if (!known)
      return std::nullopt;
    auto apply = [&](double &number) {
      switch (op.getKind()) {
      case UnaryKind::Not:
        number = number == 0;
        return true;
      case UnaryKind::Neg:
        number = -number;
        return true;
      default:
        return false;
      }
    };
    return apply(known->zero) && apply(known->one) ? known : std::nullopt;
  }

  static std::optional<double> apply(BinaryKind kind, double a, double b) {
    switch (kind) {
    case BinaryKind::Add:
      return a + b;
    case BinaryKind::Sub:
      return a - b;
    case BinaryKind::Mul:
      return a * b;
    case BinaryKind::Div:
      return a / b;
    case BinaryKind::Min:
      return std::min(a, b);
    case BinaryKind::Max:
      return std::max(a, b);
    case BinaryKind::Equal:
      return a == b;
    case BinaryKind::Less:
      return a < b;
    case BinaryKind::LessEqual:
      return a <= b;
    case BinaryKind::Greater:
      return a > b;
    case BinaryKind::GreaterEqual:
      return a >= b;
    case BinaryKind::And:
      return a != 0 && b != 0;
    case BinaryKind::Or:
      return a != 0 || b != 0;
    default:
      return std::nullopt;
    }
  }

  std::optional<Known> follow(BinaryOp op) {
    // Logic on integers is bitwise; only booleans are followed.
    bool logical =
        op.getKind() == BinaryKind::And || op.getKind() == BinaryKind::Or;
    if (logical && !builder.elementType(op).isInteger(1))
      return std::nullopt;
    std::optional<Known> lhs = broadcastTo(op.getLhs(), op);
    std::optional<Known> rhs = lhs ? broadcastTo(op.getRhs(), op) : lhs;
    if (!rhs || !sameLeaf(*lhs, *rhs))
      return std::nullopt;
    std::optional<double> zero = apply(op.getKind(), lhs->zero, rhs->zero);
    std::optional<double> one = apply(op.getKind(), lhs->one, rhs->one);
    if (!zero || !one)
      return std::nullopt;
    return Known{rounded(*zero, op), rounded(*one, op), lhs->leaf,
                 std::move(lhs->index)};
  }

  std::optional<Known> follow(SelectOp op) {
    std::optional<Known> condition = broadcastTo(op.getCondition(), op);
    std::optional<Known> yes =
        condition ? broadcastTo(op.getOnTrue(), op) : condition;
    std::optional<Known> no = yes ? broadcastTo(op.getOnFalse(), op) : yes;
    if (!no || !sameLeaf(*condition, *yes) || !sameLeaf(*condition, *no))
      return std::nullopt;
    return Known{condition->zero != 0 ? yes->zero : no->zero,
                 condition->one != 0 ? yes->one : no->one, condition->leaf,
                 std::move(condition->index)};
  }

  /// Whether two can depend on one leaf element; both then say which.
  static bool sameLeaf(Known &a, Known &b) {
    if (!a.leaf) {
      a.leaf = b.leaf;
      a.index = b.index;
    }
    return !b.leaf || (a.leaf == b.leaf && a.index == b.index);
  }

  /// What is known of an operand, over the indices of `result`.
  std::optional<Known> broadcastTo(Value operand, Value result) {
    std::optional<Known> known = visit(operand);
    if (known && known->leaf)
      known->index = broadcastIndex(known->index, operand, result);
    return known;
  }
  SmallVector<AffineExpr> broadcastIndex(ArrayRef<AffineExpr> index,
                                         Value operand, Value result) {
    int64_t skip = builder.rank(result) - builder.rank(operand);
    SmallVector<AffineExpr> replacements;
    for (auto [dim, extent] : llvm::enumerate(builder.shape(operand)))
      replacements.push_back(constantValue(extent) == 1
                                 ? builder.constant(0)
                                 : builder.getAffineDimExpr(skip + dim));
    return substitute(index, replacements);
  }
  static SmallVector<AffineExpr> substitute(ArrayRef<AffineExpr> index,
                                            ArrayRef<AffineExpr> dims) {
    SmallVector<AffineExpr> result;
    for (AffineExpr expr : index)
      result.push_back(expr.replaceDims(dims));
    return result;
  }

  std::optional<Known> follow(BroadcastOp op) {
    return broadcastTo(op.getX(), op);
  }

  std::optional<Known> follow(TransposeOp op) {
    std::optional<Known> known = visit(op.getX());
    if (!known || !known->leaf)
      return known;
    SmallVector<AffineExpr> dims(builder.rank(op));
    for (auto [dim, source] : llvm::enumerate(op.getPermutation()))
      dims[source] = builder.getAffineDimExpr(dim);
    known->index = substitute(known->index, dims);
    return known;
  }

  /// Only insertion and removal of dimensions of extent 1.
  std::optional<Known> follow(ReshapeOp op) {
    std::optional<Known> known = visit(op.getX());
    if (!known || !known->leaf)
      return known;
    auto dims = unitReshapeIndices(builder.shape(op.getX()), builder.shape(op),
                                   builder.getContext());
    if (!dims)
      return std::nullopt;
    known->index = substitute(known->index, *dims);
    return known;
  }

  GraphBuilder &builder;
  int visits = 0;
};
} // namespace

MaskMeaning analyzeMask(GraphBuilder &builder, Value additive, AffineExpr batch,
                        AffineExpr keys) {
  MaskMeaning meaning;
  std::optional<Known> known = Analysis(builder).visit(additive);
  if (!known)
    return meaning;
  if (!known->leaf || known->zero == known->one) {
    if (std::isfinite(known->zero) && known->zero == known->one)
      meaning.kind = MaskMeaning::Constant;
    return meaning;
  }
  // Over [batch, heads, queries, keys].
  int64_t skip = 4 - builder.rank(additive);
  if (skip < 0)
    return meaning;
  SmallVector<AffineExpr> index;
  for (AffineExpr expr : known->index)
    index.push_back(expr.shiftDims(builder.rank(additive), skip));
  ArrayRef<AffineExpr> shape = builder.shape(known->leaf);
  // A leaf's dimension of extent 1 has index 0 whatever stands for it.
  auto follows = [&](unsigned dim, unsigned position) {
    return index[dim] == builder.getAffineDimExpr(position) ||
           constantValue(shape[dim]) == 1;
  };
  if (index.size() != 2 || !follows(0, 0) || !follows(1, 3) ||
      !provablyEqual(shape[0], batch) || !provablyEqual(shape[1], keys) ||
      !builder.elementType(known->leaf).isInteger())
    return meaning;
  // Far enough below every score that exp gives zero.
  constexpr double hidden = -1e4;
  if (known->one == 0 && known->zero <= hidden) {
    meaning.kind = MaskMeaning::Keep;
    meaning.mask = known->leaf;
  }
  return meaning;
}
} // namespace mixbit
