//===- RecoverAttention.cpp - Attention around a softmax ------------------===//
//
//   softmax(scale (Q K') + mask) V, Q, K and V of rank 4 [B, H, S, D] or of
//   rank 3 [B, S, D] (one head)
//
// mixbit.attention takes [B, S, H*D] tensors, so Q, K and V are brought there
// by the inverse of what split their heads (transpose, then reshape) and the
// result is split again; fold-graph cancels these against the exporter's.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Graph.h"
#include "passes/simplify/MaskAnalysis.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVERATTENTION
#include "passes/simplify/Passes.h.inc"

namespace {
/// The scores of an attention: the product and what is done to it.
struct Scores {
  MatmulOp product;
  double scale = 1;
  /// Additive masks, of the scale they are added at.
  SmallVector<Value> masks;
};

class Recovery {
public:
  explicit Recovery(GraphBuilder &builder) : builder(builder) {}

  bool recover(SoftmaxOp softmax) {
    int64_t rank = builder.rank(softmax);
    int64_t axis = softmax.getAxis();
    if ((rank != 3 && rank != 4) || (axis < 0 ? axis + rank : axis) != rank - 1)
      return false;
    MatmulOp output = findOutput(softmax);
    if (!output)
      return false;
    builder.setInsertionPoint(output);
    location = output.getLoc();
    Scores scores;
    if (!findScores(softmax.getX(), scores, 0))
      return false;
    Value q = withoutScale(scores.product.getLhs(), scores.scale);
    Value k = withoutScale(scores.product.getRhs(), scores.scale);
    if (!scores.product.getTransposeRhs())
      k = builder.transposeMatrix(location, k);
    Value v = output.getRhs();
    if (output.getTransposeRhs())
      v = builder.transposeMatrix(location, v);
    if (!std::isfinite(scores.scale) || !shapesFit(q, k, v, rank))
      return false;
    // A mask that broadcasts the scores is none of attention's.
    SymbolicShape expected(builder.shape(q).drop_back());
    expected.push_back(builder.shape(k)[rank - 2]);
    if (!builder.sameShape(builder.shape(softmax), expected))
      return false;

    int64_t heads = rank == 4 ? *constantValue(builder.shape(q)[1]) : 1;
    Value mask;
    MaskKindAttr kind;
    if (!makeMask(scores, q, k, mask, kind))
      return false;
    Value joined = builder.make<AttentionOp>(
        location, builder.elementType(output), joinHeads(q), joinHeads(k),
        joinHeads(v), mask, heads, llvm::APFloat((float)scores.scale), kind,
        ProductKindAttr());
    if (!joined)
      return false;
    output.getResult().replaceAllUsesWith(
        splitHeads(joined, builder.shape(output)));
    return true;
  }

private:
  /// The product of the probabilities with V, if nothing else uses them. A
  /// guard against rows that are NaN because all their keys are hidden by
  /// -inf is seen through: mixbit.attention has no such rows.
  static MatmulOp findOutput(SoftmaxOp softmax) {
    Value probabilities = softmax.getResult();
    for (Operation *user : probabilities.getUsers())
      if (auto select = dyn_cast<SelectOp>(user)) {
        UnaryOp isNaN = matchUnary(select.getCondition(), UnaryKind::IsNaN);
        if (isNaN && isNaN.getX() == probabilities && isNaN->hasOneUse() &&
            splatValue(select.getOnTrue()) == 0.0 &&
            select.getOnFalse() == probabilities &&
            llvm::all_of(probabilities.getUsers(), [&](Operation *other) {
              return other == select || other == isNaN;
            })) {
          probabilities = select.getResult();
          break;
        }
      }
    if (!probabilities.hasOneUse())
      return {};
    auto matmul = dyn_cast<MatmulOp>(*probabilities.user_begin());
    return matmul && matmul.getLhs() == probabilities ? matmul : MatmulOp();
  }

  /// Whether the product of queries and keys is below `value`.
  static bool leadsToProduct(Value value, int depth) {
    Operation *op = value.getDefiningOp();
    if (!op || depth > 8)
      return false;
    if (isa<MatmulOp>(op))
      return true;
    if (auto select = dyn_cast<SelectOp>(op))
      return leadsToProduct(select.getOnTrue(), depth + 1) ||
             leadsToProduct(select.getOnFalse(), depth + 1);
    return isa<BinaryOp>(op) && (leadsToProduct(op->getOperand(0), depth + 1) ||
                                 leadsToProduct(op->getOperand(1), depth + 1));
  }

  /// The factor by which `value` scales one operand, which is returned.
  static std::optional<double> matchScale(Value value, Value &scaled) {
    OperandPair pair = matchOperand(value, BinaryKind::Mul, [](Value operand) {
      return splatValue(operand).has_value();
    });
    if (pair) {
      scaled = pair.other;
      return splatValue(pair.matched);
    }
    BinaryOp div = matchBinary(value, BinaryKind::Div);
    std::optional<double> divisor =
        div ? splatValue(div.getRhs()) : std::nullopt;
    if (!divisor || *divisor == 0)
      return std::nullopt;
    scaled = div.getLhs();
    return 1 / *divisor;
  }

  bool findScores(Value value, Scores &scores, int depth) {
    if (depth > 8)
      return false;
    if (auto product = value.getDefiningOp<MatmulOp>()) {
      scores.product = product;
      return true;
    }
    Value scaled;
    if (std::optional<double> factor = matchScale(value, scaled)) {
      scores.scale *= *factor;
      return findScores(scaled, scores, depth + 1);
    }
    if (BinaryOp add = matchBinary(value, BinaryKind::Add)) {
      bool left = leadsToProduct(add.getLhs(), 0);
      if (left == leadsToProduct(add.getRhs(), 0))
        return false;
      Value mask = left ? add.getRhs() : add.getLhs();
      scores.masks.push_back(scaledMask(mask, scores.scale));
      return findScores(left ? add.getLhs() : add.getRhs(), scores, depth + 1);
    }
    // Scores replaced by a number far below them.
    auto select = value.getDefiningOp<SelectOp>();
    if (!select)
      return false;
    bool onTrue = leadsToProduct(select.getOnTrue(), 0);
    Value kept = onTrue ? select.getOnTrue() : select.getOnFalse();
    Value other = onTrue ? select.getOnFalse() : select.getOnTrue();
    std::optional<double> hidden = splatValue(other);
    constexpr double farBelow = -1e8;
    if (!hidden || *hidden * scores.scale > farBelow || scores.scale <= 0)
      return false;
    Type type = builder.elementType(value);
    Value zero = builder.scalar(location, 0, type);
    Value low = builder.scalar(location, *hidden * scores.scale, type);
    scores.masks.push_back(
        builder.make<SelectOp>(location, type, select.getCondition(),
                               onTrue ? zero : low, onTrue ? low : zero));
    return findScores(kept, scores, depth + 1);
  }

  Value scaledMask(Value mask, double scale) {
    if (scale == 1)
      return mask;
    return builder.binary(
        location, BinaryKind::Mul, mask,
        builder.scalar(location, scale, builder.elementType(mask)));
  }

  /// `value` without a scale that may lie behind transposes and reshapes,
  /// which are repeated on what it scales.
  Value withoutScale(Value value, double &scale) {
    Value scaled;
    if (std::optional<double> factor = matchScale(value, scaled)) {
      scale *= *factor;
      return withoutScale(scaled, scale);
    }
    Operation *op = value.getDefiningOp();
    if (!op || !isa<TransposeOp, ReshapeOp>(op))
      return value;
    Value source = withoutScale(op->getOperand(0), scale);
    if (source == op->getOperand(0))
      return value;
    if (auto transpose = dyn_cast<TransposeOp>(op))
      return builder.transpose(op->getLoc(), source,
                               transpose.getPermutation());
    return builder.reshape(op->getLoc(), source, builder.shape(value));
  }

  bool shapesFit(Value q, Value k, Value v, int64_t rank) {
    if (builder.rank(q) != rank || builder.rank(k) != rank ||
        builder.rank(v) != rank)
      return false;
    ArrayRef<AffineExpr> qs = builder.shape(q), ks = builder.shape(k),
                         vs = builder.shape(v);
    // Heads and head sizes are static in every network; attention needs them.
    if (!constantValue(qs.back()) || !constantValue(vs.back()) ||
        (rank == 4 && !constantValue(qs[1])))
      return false;
    size_t leading = rank - 2;
    return builder.sameShape(qs.take_front(leading), ks.take_front(leading)) &&
           builder.sameShape(qs.take_front(leading), vs.take_front(leading)) &&
           provablyEqual(qs.back(), ks.back()) &&
           provablyEqual(ks[leading], vs[leading]);
  }

  /// [B, H, S, D] to [B, S, H*D]
  Value joinHeads(Value value) {
    if (builder.rank(value) == 3)
      return value;
    ArrayRef<AffineExpr> shape = builder.shape(value);
    SymbolicShape joined{shape[0], shape[2], normalize(shape[1] * shape[3])};
    return builder.reshape(
        location, builder.transpose(location, value, {0, 2, 1, 3}), joined);
  }

  /// [B, S, H*D] to `shape`, [B, H, S, D]
  Value splitHeads(Value value, ArrayRef<AffineExpr> shape) {
    if (shape.size() == 3)
      return value;
    SymbolicShape split{shape[0], shape[2], shape[1], shape[3]};
    return builder.transpose(location, builder.reshape(location, value, split),
                             {0, 2, 1, 3});
  }

  /// The masks as one operand of attention. False if they do not fit.
  bool makeMask(Scores &scores, Value q, Value k, Value &mask,
                MaskKindAttr &kind) {
    Value additive;
    AffineExpr batch = builder.shape(q)[0];
    AffineExpr keys = builder.shape(k)[builder.rank(k) - 2];
    MLIRContext *context = builder.getContext();
    for (Value part : scores.masks) {
      if (!part)
        return false;
      Value aligned = part;
      if (builder.rank(q) == 3 && builder.rank(part) == 3) {
        ArrayRef<AffineExpr> shape = builder.shape(part);
        aligned = builder.reshape(
            location, part,
            SymbolicShape{shape[0], builder.constant(1), shape[1], shape[2]});
      }
      MaskMeaning meaning = analyzeMask(builder, aligned, batch, keys);
      if (meaning.kind == MaskMeaning::Constant)
        continue;
      if (meaning.kind == MaskMeaning::Keep &&
          (!mask || mask == meaning.mask)) {
        mask = meaning.mask;
        continue;
      }
      additive = additive ? builder.binary(location, BinaryKind::Add, additive,
                                           aligned)
                          : aligned;
      if (!additive)
        return false;
    }
    if (!additive) {
      if (mask)
        kind = MaskKindAttr::get(context, MaskKind::Keep);
      return true;
    }
    // One operand: where other masks are added, the kept one is too.
    if (mask) {
      additive = {};
      for (Value part : scores.masks) {
        additive =
            additive ? builder.binary(location, BinaryKind::Add, additive, part)
                     : part;
        if (!additive)
          return false;
      }
    }
    SymbolicShape shape(builder.shape(additive));
    if (shape.size() > 4)
      return false;
    if (builder.rank(q) == 3 && shape.size() == 3)
      shape.insert(shape.begin() + 1, builder.constant(1));
    while (shape.size() < 4)
      shape.insert(shape.begin(), builder.constant(1));
    mask = builder.reshape(location, additive, shape);
    kind = MaskKindAttr::get(context, MaskKind::Additive);
    return true;
  }

  GraphBuilder &builder;
  Location location = builder.getUnknownLoc();
};

struct RecoverAttention : impl::RecoverAttentionBase<RecoverAttention> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    Recovery recovery(builder);
    for (Operation &op : func.getBody().front())
      if (auto softmax = dyn_cast<SoftmaxOp>(op))
        numRecovered += recovery.recover(softmax);
    eraseDeadOps(func);
  }
};
} // namespace
} // namespace mixbit
