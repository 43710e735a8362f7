//===- TrimPadding.cpp - Whether padding can be left out ------------------===//
//
// A run may leave out the positions that no sample of its batch keeps: the
// runtime then computes with a shorter sequence. That is exact if no kept
// position sees how long the sequence is, which this pass proves. It follows
// the one dimension of each value that grows with the sequence:
//
//   - Position p of a value depends on positions p of its operands, on
//     attention whose hidden keys weigh nothing, or on values without
//     positions.
//   - A value is `blank` where it is zero at all positions that are left out,
//     as the mask is; so its sum over the positions is the same.
//
// Whatever else joins positions is refused, with its node's name.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_TRIMPADDING
#include "passes/simplify/Passes.h.inc"

namespace {
/// What stands in the way, and where.
struct Obstacle {
  Operation *op = nullptr; ///< null: the function
  std::string text;
};

/// The proof for one mask and the symbol of its last dimension.
class TrimProof {
public:
  TrimProof(func::FuncOp func, GraphBuilder &shapes, BlockArgument mask,
            unsigned symbol)
      : func(func), shapes(shapes), mask(mask), symbol(symbol) {}

  /// Nothing if trimming is exact.
  std::optional<Obstacle> find();

private:
  /// A value's dimension of positions, -1 if it has none.
  struct Positions {
    int64_t dim = -1;
    bool blank = false;
  };
  bool grows(AffineExpr extent) const {
    return extent.isFunctionOfSymbol(symbol);
  }
  /// Sets the dimension from the shape; text if that is not one of positions.
  std::string locate(Value value, Positions &result) const;
  /// Why this operation joins positions, or empty; sets `blank`.
  std::string check(Operation *op, bool &blank);
  std::string checkElementwise(Operation *op);
  std::string checkReshape(ReshapeOp op) const;
  std::string checkSlice(SliceOp op) const;
  std::string checkAttention(AttentionOp op) const;

  int64_t dim(Value value) const { return positions.lookup(value).dim; }
  bool isBlank(Value value) const { return positions.lookup(value).blank; }
  /// `axis` counted from the front.
  int64_t axisOf(Value value, int64_t axis) const {
    return axis < 0 ? axis + shapes.rank(value) : axis;
  }

  func::FuncOp func;
  GraphBuilder &shapes;
  BlockArgument mask;
  unsigned symbol;
  DenseMap<Value, Positions> positions;
};

std::string TrimProof::locate(Value value, Positions &result) const {
  AffineExpr length = getAffineSymbolExpr(symbol, value.getContext());
  for (auto [index, extent] : llvm::enumerate(shapes.shape(value))) {
    if (!grows(extent))
      continue;
    if (result.dim >= 0)
      return "a value with one dimension of positions, but got two";
    AffineExpr others = divideExactly(extent, length);
    if (!others || grows(others))
      return "an extent that is a multiple of the sequence's length, but got "
             "another function of it";
    result.dim = index;
  }
  return "";
}

std::string TrimProof::checkElementwise(Operation *op) {
  Value result = op->getResult(0);
  int64_t at = dim(result);
  bool anyPositions = llvm::any_of(
      op->getOperands(), [&](Value operand) { return dim(operand) >= 0; });
  constexpr const char *fixed =
      "operands of the sequence's length, but got one of a fixed length";
  if (at < 0)
    return anyPositions ? fixed : "";
  int64_t fromRight = shapes.rank(result) - at;
  AffineExpr extent = shapes.shape(result)[at];
  for (Value operand : op->getOperands()) {
    int64_t rank = shapes.rank(operand);
    if (rank < fromRight)
      continue;
    AffineExpr own = shapes.shape(operand)[rank - fromRight];
    if (constantValue(own) != 1 && !provablyEqual(own, extent))
      return fixed;
  }
  return "";
}

std::string TrimProof::checkReshape(ReshapeOp op) const {
  Value from = op.getX(), to = op.getResult();
  if (dim(from) < 0 && dim(to) < 0)
    return "";
  if (dim(from) >= 0 && dim(to) >= 0) {
    MLIRContext *context = op.getContext();
    auto inside = [&](Value value) {
      return product(shapes.shape(value).drop_front(dim(value) + 1), context);
    };
    if (provablyEqual(inside(from), inside(to)))
      return "";
  }
  return "a reshape that keeps positions apart, but got one that mixes them "
         "with other dimensions";
}

std::string TrimProof::checkSlice(SliceOp op) const {
  Value from = op.getX();
  for (auto [d, sizes] : llvm::enumerate(op.getSizes().getResults())) {
    AffineExpr start = normalize(op.getStarts().getResult(d));
    AffineExpr size = normalize(sizes);
    bool isPrefix = constantValue(start) == 0 && op.getSteps()[d] == 1;
    bool fromPositions = dim(from) == (int64_t)d;
    if (!fromPositions && !grows(size) && !grows(start))
      continue;
    // All of them, the first ones of a table, or the first token.
    if (isPrefix && (grows(size) || constantValue(size) == 1) &&
        (!fromPositions || !grows(size) ||
         provablyEqual(size, shapes.shape(from)[d])))
      continue;
    return "a slice of all positions or of the first one, but got another";
  }
  return "";
}

std::string TrimProof::checkAttention(AttentionOp op) const {
  if (dim(op.getQ()) >= 0 && dim(op.getQ()) != 1)
    return "queries with positions in dimension 1, but got others";
  if (dim(op.getK()) < 0 && dim(op.getV()) < 0) {
    if (op.getMask() && dim(op.getMask()) >= 0)
      return "a mask without positions where keys have none, but got one";
    return "";
  }
  if (dim(op.getK()) != 1 || dim(op.getV()) != 1)
    return "keys and values with positions in dimension 1, but got others";
  if (!op.getMask() || op.getMaskKind() != MaskKind::Keep ||
      dim(op.getMask()) != 1 || !isBlank(op.getMask()))
    return "attention whose hidden keys are those of '" +
           nodeName(mask.getLoc(), "the mask") + "', but got other keys";
  return "";
}

std::string TrimProof::check(Operation *op, bool &blank) {
  Value result = op->getResult(0);
  auto anyPositions = llvm::any_of(
      op->getOperands(), [&](Value operand) { return dim(operand) >= 0; });
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    Value x = reduce.getX();
    for (int64_t axis : reduce.getAxes())
      if (axisOf(x, axis) == dim(x) && dim(x) >= 0 &&
          !(reduce.getKind() == ReduceKind::Add && isBlank(x)))
        return "reductions over positions to be sums of what the mask keeps, "
               "but got another";
    return "";
  }
  if (auto softmax = dyn_cast<SoftmaxOp>(op)) {
    if (dim(softmax.getX()) >= 0 &&
        axisOf(softmax.getX(), softmax.getAxis()) == dim(softmax.getX()))
      return "a softmax within a position, but got one over positions";
    return "";
  }
  if (isa<LayerNormOp, LinearOp>(op)) {
    Value x = op->getOperand(0);
    if (dim(x) >= 0 && dim(x) == shapes.rank(x) - 1)
      return "work within a position, but got some over positions";
    return "";
  }
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    if ((dim(lhs) >= 0 && dim(lhs) == shapes.rank(lhs) - 1) ||
        (dim(rhs) >= 0 && dim(rhs) == shapes.rank(rhs) - 2))
      return "a product within a position, but got one over positions";
    return "";
  }
  if (auto attention = dyn_cast<AttentionOp>(op))
    return checkAttention(attention);
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    blank = isBlank(reshape.getX());
    return checkReshape(reshape);
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    blank = isBlank(transpose.getX());
    return "";
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    blank = isBlank(slice.getX()) && dim(result) >= 0;
    return checkSlice(slice);
  }
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    if (dim(result) >= 0 && axisOf(result, concat.getAxis()) == dim(result))
      return "a concatenation of other dimensions, but got one of positions";
    return "";
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    Value x = gather.getX();
    if (dim(x) < 0 || axisOf(x, gather.getAxis()) != dim(x) ||
        splatValue(gather.getIndices()) == 0.0)
      return "";
    return "the first position to be gathered, but got others";
  }
  if (isa<UnaryOp, BinaryOp, SelectOp, CastOp, BroadcastOp>(op)) {
    blank = dim(result) >= 0 && isa<CastOp, BroadcastOp>(op) &&
            isBlank(op->getOperand(0));
    if (auto binary = dyn_cast<BinaryOp>(op))
      blank = binary.getKind() == BinaryKind::Mul &&
              (isBlank(binary.getLhs()) || isBlank(binary.getRhs()));
    return checkElementwise(op);
  }
  if (isa<IotaOp>(op))
    return "";
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return dim(embedding.getTable()) < 0
               ? ""
               : "a table without positions, but got one with";
  if (auto value = dyn_cast<DimValueOp>(op))
    return llvm::none_of(value.getValues().getResults(),
                         [&](AffineExpr extent) { return grows(extent); })
               ? ""
               : "values that do not depend on the sequence's length, but got "
                 "one that does";
  if (anyPositions || dim(result) >= 0)
    return "operations whose positions are known, but got " +
           op->getName().stripDialect().str();
  return "";
}

std::optional<Obstacle> TrimProof::find() {
  AffineExpr length = getAffineSymbolExpr(symbol, func.getContext());
  for (BlockArgument argument : func.getArguments()) {
    Positions own;
    if (std::string text = locate(argument, own); !text.empty())
      return Obstacle{nullptr, text};
    if (own.dim >= 0 && !provablyEqual(shapes.shape(argument)[own.dim], length))
      return Obstacle{nullptr, "inputs of the sequence's length, but got one "
                               "of a multiple of it"};
    own.blank = argument == mask;
    positions[argument] = own;
  }
  for (Operation &op : func.getBody().front()) {
    if (isa<arith::ConstantOp, QuantizedConstantOp, func::ReturnOp>(op))
      continue;
    for (Value result : op.getResults()) {
      Positions own;
      if (std::string text = locate(result, own); !text.empty())
        return Obstacle{&op, text};
      positions[result] = own;
    }
    bool blank = false;
    if (std::string text = check(&op, blank); !text.empty())
      return Obstacle{&op, text};
    positions[op.getResult(0)].blank = blank;
  }
  return std::nullopt;
}

struct TrimPadding : impl::TrimPaddingBase<TrimPadding> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isDeclaration())
      return;
    GraphBuilder shapes(func);
    if (failed(shapes.computeShapes()))
      return signalPassFailure();
    std::optional<Obstacle> first;
    for (auto attention : func.getBody().front().getOps<AttentionOp>()) {
      BlockArgument mask = maskInput(attention);
      if (!mask)
        continue;
      auto length = dyn_cast<AffineSymbolExpr>(shapes.shape(mask).back());
      if (!length)
        continue;
      std::optional<Obstacle> obstacle =
          TrimProof(func, shapes, mask, length.getPosition()).find();
      if (!obstacle) {
        func->setAttr(kTrimAttr, Builder(func).getDenseI64ArrayAttr(
                                     {mask.getArgNumber(),
                                      (int64_t)length.getPosition()}));
        return;
      }
      if (!first)
        first = obstacle;
    }
    if (!first)
      func.emitError() << "--trim-padding: expected attention whose keys an "
                          "input of integers hides, but '"
                       << func.getSymName() << "' has none";
    else if (first->op)
      emitNodeError(first->op) << "--trim-padding: expected " << first->text;
    else
      func.emitError() << "--trim-padding: expected " << first->text;
    signalPassFailure();
  }

  /// The input that a `keep` mask is, seen through what keeps zeros zero.
  static BlockArgument maskInput(AttentionOp op) {
    if (!op.getMask() || op.getMaskKind() != MaskKind::Keep)
      return {};
    Value value = op.getMask();
    while (Operation *producer = value.getDefiningOp()) {
      if (!isa<CastOp, ReshapeOp, BroadcastOp>(producer))
        return {};
      value = producer->getOperand(0);
    }
    auto argument = cast<BlockArgument>(value);
    return cast<RankedTensorType>(value.getType()).getRank() > 0
               ? argument
               : BlockArgument();
  }
};
} // namespace
} // namespace mixbit
