//===- RecoverLinear.cpp - Products with constant matrices ----------------===//
//
// Three steps: products become linears, additions of constant vectors become
// their biases, and reshapes in front of them move behind, where they meet
// their inverses.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVERLINEAR
#include "passes/simplify/Passes.h.inc"

namespace {
struct RecoverLinear : impl::RecoverLinearBase<RecoverLinear> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    transposed.clear();
    Block &body = func.getBody().front();
    for (Operation &op : body)
      if (auto matmul = dyn_cast<MatmulOp>(op))
        if (failed(recover(builder, matmul)))
          return signalPassFailure();
    for (Operation &op : body)
      if (auto add = dyn_cast<BinaryOp>(op))
        if (add.getKind() == BinaryKind::Add)
          takeBias(builder, add);
    for (Operation &op : body)
      if (auto linear = dyn_cast<LinearOp>(op))
        moveReshape(builder, linear);
    eraseDeadOps(func);
  }

  /// The matrix that `value` is the transpose of; null if it is none.
  static Value transposedMatrix(Value value) {
    auto transpose = value.getDefiningOp<TransposeOp>();
    bool isMatrix =
        transpose && transpose.getPermutation() == ArrayRef<int64_t>{1, 0};
    return isMatrix ? transpose.getX() : Value();
  }

  /// x W, W a constant matrix or its transpose.
  LogicalResult recover(GraphBuilder &builder, MatmulOp matmul) {
    // A head that is tied to a table has the table's rows as they are.
    if (Value matrix = transposedMatrix(matmul.getRhs());
        matrix && !matmul.getTransposeRhs() && constantElements(matrix) &&
        builder.rank(matmul.getLhs()) >= 1 &&
        isa<FloatType>(builder.elementType(matrix))) {
      builder.setInsertionPoint(matmul);
      Value linear = makeLinear(builder, matmul.getLoc(), matmul.getLhs(),
                                matrix, Value());
      matmul.getResult().replaceAllUsesWith(linear);
      ++numRecovered;
      return success();
    }
    ElementsAttr weight = constantElements(matmul.getRhs());
    if (!weight || builder.rank(matmul.getRhs()) != 2 ||
        builder.rank(matmul.getLhs()) < 1 ||
        !isa<FloatType>(builder.elementType(matmul.getRhs())))
      return success();
    builder.setInsertionPoint(matmul);
    Value rows = matmul.getRhs();
    if (!matmul.getTransposeRhs()) {
      Value &known = transposed[weight];
      if (!known) {
        ElementsAttr data = transposeElements(weight);
        if (!data)
          return emitNodeError(matmul)
                 << "expected the data of the weight to be present and of the "
                    "size its type says, but got "
                 << rows.getType();
        // Beside the original, so that it dominates all of its users.
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointAfterValue(rows);
        known = builder.constantOf(rows.getLoc(), data);
      }
      rows = known;
    }
    Value linear =
        makeLinear(builder, matmul.getLoc(), matmul.getLhs(), rows, Value());
    matmul.getResult().replaceAllUsesWith(linear);
    ++numRecovered;
    return success();
  }

  static Value makeLinear(GraphBuilder &builder, Location location, Value x,
                          Value weight, Value bias) {
    return builder.make<LinearOp>(location, builder.elementType(x), x, weight,
                                  bias, ActivationsAttr(), SensitivityAttr(),
                                  FormatAttr());
  }

  /// linear + constant vector
  static void takeBias(GraphBuilder &builder, BinaryOp add) {
    OperandPair pair = matchOperand(add, BinaryKind::Add, [](Value value) {
      auto linear = value.getDefiningOp<LinearOp>();
      return linear && !linear.getBias() && value.hasOneUse();
    });
    ElementsAttr vector = pair ? constantElements(pair.other) : ElementsAttr();
    if (!vector)
      return;
    auto linear = pair.matched.getDefiningOp<LinearOp>();
    int64_t outputs =
        cast<RankedTensorType>(linear.getWeight().getType()).getDimSize(0);
    ArrayRef<int64_t> shape = vector.getShapedType().getShape();
    if (vector.size() != outputs || shape.empty() || shape.back() != outputs ||
        !builder.sameShape(builder.shape(add), builder.shape(linear)))
      return;
    builder.setInsertionPoint(add);
    Value bias = pair.other;
    if (shape.size() != 1) {
      ElementsAttr flat = reshapeElements(vector, {outputs});
      if (!flat)
        return;
      bias = builder.constantOf(bias.getLoc(), flat);
    }
    Value result = makeLinear(builder, linear.getLoc(), linear.getX(),
                              linear.getWeight(), bias);
    add.getResult().replaceAllUsesWith(result);
  }

  /// linear(reshape(x)) is reshape(linear(x)) if the last dimension stays.
  static void moveReshape(GraphBuilder &builder, LinearOp linear) {
    auto reshape = linear.getX().getDefiningOp<ReshapeOp>();
    if (!reshape || linear->use_empty())
      return;
    Value x = reshape.getX();
    if (builder.shape(x).empty() ||
        !provablyEqual(builder.shape(x).back(),
                       builder.shape(linear.getX()).back()))
      return;
    builder.setInsertionPoint(linear);
    Value result = makeLinear(builder, linear.getLoc(), x, linear.getWeight(),
                              linear.getBias());
    Value shaped =
        builder.reshape(reshape.getLoc(), result, builder.shape(linear));
    linear.getResult().replaceAllUsesWith(shaped);
  }

  /// Transposed weights: one for all users of a constant.
  llvm::DenseMap<Attribute, Value> transposed;
};
} // namespace
} // namespace mixbit
