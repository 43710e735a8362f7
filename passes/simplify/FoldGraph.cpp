//===- FoldGraph.cpp - What changes nothing goes --------------------------===//
//
// Movement of data that cancels out or has no effect, and operations that a
// constant operand makes trivial. Each rule looks at one operation whose
// operands are already folded; rounds repeat until none applies.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_FOLDGRAPH
#include "passes/simplify/Passes.h.inc"

namespace {
class Folder {
public:
  explicit Folder(GraphBuilder &builder) : builder(builder) {}

  /// What computes the same as `op` more simply, else null.
  Value fold(Operation *op) {
    loc = op->getLoc();
    builder.setInsertionPoint(op);
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, CastOp, ConcatOp,
              GatherOp, BinaryOp, SelectOp, UnaryOp>(
            [&](auto typed) { return rule(typed); })
        .Default(Value());
  }

private:
  ArrayRef<AffineExpr> shape(Value value) { return builder.shape(value); }

  Value rule(ReshapeOp op) {
    Value x = op.getX();
    if (builder.sameShape(shape(x), shape(op)))
      return x;
    if (auto inner = x.getDefiningOp<ReshapeOp>())
      return builder.reshape(loc, inner.getX(), shape(op));
    if (Value transposed = foldJoinedTranspose(op))
      return transposed;
    // A reduction that keeps the dimensions which this drops.
    auto reduce = x.getDefiningOp<ReduceOp>();
    if (reduce && reduce.getKeepDims() && x.hasOneUse()) {
      SymbolicShape dropped;
      for (auto [index, extent] : llvm::enumerate(shape(x)))
        if (!llvm::is_contained(reduce.getAxes(), (int64_t)index))
          dropped.push_back(extent);
      if (builder.sameShape(dropped, shape(op)))
        return builder.make<ReduceOp>(reduce.getLoc(), builder.elementType(x),
                                      reduce.getX(), reduce.getKind(),
                                      reduce.getAxes(), /*keep_dims=*/false);
    }
    if (ElementsAttr constant = constantElements(x)) {
      auto type = cast<RankedTensorType>(op.getType());
      if (type.hasStaticShape())
        if (ElementsAttr folded = reshapeElements(constant, type.getShape()))
          return builder.constantOf(x.getLoc(), folded);
    }
    return {};
  }

  /// A transpose between a reshape that joins the leading dimensions and one
  /// that splits them again, as PyTorch transposes the keys of its attention:
  /// [a, b, c, d] -> [a*b, c, d] -> [a*b, d, c] -> [a, b, d, c].
  Value foldJoinedTranspose(ReshapeOp split) {
    auto transpose = split.getX().getDefiningOp<TransposeOp>();
    auto join =
        transpose ? transpose.getX().getDefiningOp<ReshapeOp>() : ReshapeOp();
    if (!join || transpose.getPermutation().empty() ||
        transpose.getPermutation()[0] != 0)
      return {};
    ArrayRef<AffineExpr> from = shape(join.getX()), joined = shape(join),
                         to = shape(split);
    if (from.size() < joined.size())
      return {};
    // All but the first dimension are the same before and after, so the first
    // one is the product of the leading ones.
    size_t leading = from.size() - joined.size() + 1;
    if (!builder.sameShape(from.drop_front(leading), joined.drop_front()) ||
        to.size() != from.size() ||
        !builder.sameShape(to.take_front(leading), from.take_front(leading)) ||
        !builder.sameShape(to.drop_front(leading),
                           shape(transpose).drop_front()))
      return {};
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, leading));
    for (int64_t source : transpose.getPermutation().drop_front())
      permutation.push_back(source - 1 + leading);
    return builder.transpose(loc, join.getX(), permutation);
  }

  Value rule(TransposeOp op) {
    Value x = op.getX();
    ArrayRef<int64_t> permutation = op.getPermutation();
    if (auto inner = x.getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> composed;
      for (int64_t source : permutation)
        composed.push_back(inner.getPermutation()[source]);
      return builder.transpose(loc, inner.getX(), composed);
    }
    // One that only moves dimensions of extent 1 is a reshape.
    int64_t last = -1;
    for (int64_t source : permutation) {
      if (constantValue(shape(x)[source]) == 1)
        continue;
      if (source < last)
        return {};
      last = source;
    }
    return builder.reshape(loc, x, shape(op));
  }

  Value rule(BroadcastOp op) {
    if (builder.sameShape(shape(op.getX()), shape(op)))
      return op.getX();
    if (auto inner = op.getX().getDefiningOp<BroadcastOp>())
      return builder.broadcast(loc, inner.getX(), shape(op));
    return {};
  }

  Value rule(SliceOp op) {
    bool all = builder.sameShape(shape(op.getX()), shape(op)) &&
               llvm::all_of(op.getSteps(), [](int64_t s) { return s == 1; });
    return all ? op.getX() : Value();
  }

  Value rule(CastOp op) {
    Type type = builder.elementType(op);
    Value x = op.getX();
    if (builder.elementType(x) == type)
      return x;
    auto inner = x.getDefiningOp<CastOp>();
    if (!inner)
      return {};
    // From booleans every wider type can be come back from, and whether an
    // integer is zero survives every wider integer.
    Type from = builder.elementType(inner.getX());
    if (from.isInteger(1) && !builder.elementType(x).isInteger(1))
      return builder.cast(loc, inner.getX(), type);
    return {};
  }

  Value rule(ConcatOp op) {
    return op.getInputs().size() == 1 ? op.getInputs()[0] : Value();
  }

  /// One constant index: a slice, which later stages turn into a view.
  Value rule(GatherOp op) {
    ElementsAttr indices = constantElements(op.getIndices());
    Value x = op.getX();
    if (!indices || indices.size() != 1)
      return {};
    auto index = readIntegers(indices, 1);
    int64_t axis = op.getAxis();
    if (!index)
      return {};
    AffineExpr start = builder.constant(index->front());
    if (index->front() < 0)
      start = start + shape(x)[axis];
    std::optional<int64_t> extent = constantValue(shape(x)[axis]);
    if (extent && (index->front() >= *extent || index->front() < -*extent))
      return {};
    SymbolicShape starts(builder.rank(x), builder.constant(0));
    SymbolicShape sizes(shape(x));
    starts[axis] = start;
    sizes[axis] = builder.constant(1);
    SmallVector<int64_t> steps(builder.rank(x), 1);
    Value slice =
        builder.make<SliceOp>(loc, builder.elementType(x), x,
                              builder.map(starts), builder.map(sizes), steps);
    return slice ? builder.reshape(loc, slice, shape(op)) : Value();
  }

  /// `value` without a broadcast, or without leading extents of 1, if the
  /// other operands give the result its shape anyway.
  Value strip(Value value, ValueRange others, ArrayRef<AffineExpr> result) {
    Value source;
    if (auto broadcast = value.getDefiningOp<BroadcastOp>())
      source = broadcast.getX();
    else if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
      ArrayRef<AffineExpr> inner = shape(reshape.getX());
      ArrayRef<AffineExpr> outer = shape(value);
      if (inner.size() < outer.size() &&
          builder.sameShape(inner, outer.take_back(inner.size())))
        source = reshape.getX();
    }
    if (!source)
      return {};
    std::optional<SymbolicShape> without(shape(source));
    for (Value other : others)
      if (without && other != value)
        without = broadcastShapes(*without, shape(other), op_context());
    return without && builder.sameShape(*without, result) ? source : Value();
  }
  MLIRContext *op_context() { return builder.getContext(); }

  /// Strips what it can from the operands, in place.
  bool stripOperands(Operation *op) {
    bool changed = false;
    for (OpOperand &operand : op->getOpOperands())
      if (Value source = strip(operand.get(), op->getOperands(),
                               shape(op->getResult(0)))) {
        operand.set(source);
        changed = true;
      }
    return changed;
  }

  Value rule(BinaryOp op) {
    stripped |= stripOperands(op);
    bool isFloat = isa<FloatType>(builder.elementType(op.getLhs()));
    for (int side = 0; side != 2; ++side) {
      Value constant = op->getOperand(side), other = op->getOperand(1 - side);
      std::optional<double> value = splatValue(constant);
      if (!value || !neutral(op.getKind(), side, *value, isFloat))
        continue;
      return builder.broadcast(loc, other, shape(op));
    }
    return {};
  }

  /// Whether x op value is x, bit for bit (so no x + 0 for floats: -0 + 0).
  static bool neutral(BinaryKind kind, int side, double value, bool isFloat) {
    switch (kind) {
    case BinaryKind::Mul:
      return value == 1;
    case BinaryKind::Div:
    case BinaryKind::Pow:
      return side == 1 && value == 1;
    case BinaryKind::Add:
      return value == 0 && !isFloat;
    case BinaryKind::Sub:
      return side == 1 && value == 0 && !std::signbit(value);
    case BinaryKind::And:
      return value == 1 && !isFloat;
    case BinaryKind::Or:
    case BinaryKind::Xor:
      return value == 0 && !isFloat;
    default:
      return false;
    }
  }

  Value rule(SelectOp op) {
    stripped |= stripOperands(op);
    if (std::optional<double> condition = splatValue(op.getCondition()))
      return builder.broadcast(
          loc, *condition != 0 ? op.getOnTrue() : op.getOnFalse(), shape(op));
    return {};
  }

  Value rule(UnaryOp op) {
    // not (not x), - (- x)
    if (op.getKind() != UnaryKind::Not && op.getKind() != UnaryKind::Neg)
      return {};
    UnaryOp inner = matchUnary(op.getX(), op.getKind());
    return inner ? inner.getX() : Value();
  }

public:
  /// Whether a rule changed operands in place.
  bool stripped = false;

private:
  GraphBuilder &builder;
  Location loc = builder.getUnknownLoc();
};

struct FoldGraph : impl::FoldGraphBase<FoldGraph> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    Folder folder(builder);
    // Every rule removes an operation or moves one towards the inputs; the
    // bound only guards against a mistake in that.
    for (int round = 0; round != 64; ++round) {
      bool changed = false;
      folder.stripped = false;
      for (Operation &op : func.getBody().front()) {
        if (op.getNumResults() != 1 || op.use_empty())
          continue;
        Value result = op.getResult(0), folded = folder.fold(&op);
        if (!folded || folded.getType() != result.getType())
          continue;
        result.replaceAllUsesWith(folded);
        ++numFolded;
        changed = true;
      }
      if (!changed && !folder.stripped)
        break;
    }
    eraseDeadOps(func);
  }
};
} // namespace
} // namespace mixbit
