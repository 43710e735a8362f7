//===- FoldConstants.cpp - Computes what depends on constants alone -------===//
//
// Finds the results that something else than constant arithmetic reads, and
// evaluates the tree of operations behind each of them, in floats of 32 bits
// and integers of at most 32. What lies between is freed as soon as it has been
// used, so that a chain of quantizers needs memory for a few of its values.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/ConstantData.h"
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/simplify/Passes.h.inc"

namespace {
/// The location and number of elements of the largest constant of a tree: that
/// of the weight, whose name reports and patterns go by.
struct Leaf {
  Location location;
  int64_t elements = -1;
};

struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    GraphBuilder builder(func);
    if (failed(builder.computeShapes()))
      return signalPassFailure();
    foldable.clear();
    SmallVector<Operation *> roots;
    for (Operation &op : func.getBody().front())
      if (isFoldable(&op))
        foldable.insert(&op);
    for (Operation &op : func.getBody().front())
      if (foldable.contains(&op) && isRoot(&op))
        roots.push_back(&op);
    for (Operation *root : roots)
      fold(builder, root);
    eraseDeadOps(func);
  }

private:
  bool isConstantTree(Value value) const {
    Operation *op = value.getDefiningOp();
    if (!op)
      return false;
    if (foldable.contains(op))
      return true;
    ElementsAttr data = constantElements(value);
    return data && ConstantData::isServed(data.getElementType());
  }

  /// Whether ConstantData has the operation and its operands are constants.
  bool isFoldable(Operation *op) const {
    if (isWideCast(op))
      return true;
    if (!ConstantData::isServed(op))
      return false;
    int64_t largest = 0;
    for (Value operand : op->getOperands()) {
      if (!isConstantTree(operand))
        return false;
      largest = std::max(
          largest, cast<RankedTensorType>(operand.getType()).getNumElements());
    }
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    return type.hasStaticShape() && type.getNumElements() <= largest;
  }

  /// A small constant of a type that is not computed with becomes floats:
  /// exporters write scales as f64 and bounds as i64.
  static bool isWideCast(Operation *op) {
    auto convert = dyn_cast<CastOp>(op);
    ElementsAttr data =
        convert ? constantElements(convert.getX()) : ElementsAttr();
    return data && !ConstantData::isServed(data.getElementType()) &&
           (data.getElementType().isF64() ||
            data.getElementType().isInteger()) &&
           getElementTypeOrSelf(convert.getType()).isF32() &&
           data.size() <= foldedBytes;
  }

  /// Whether the result is worth a constant: something else reads it, and
  /// there is arithmetic behind it, not only movement (that of a weight is left
  /// to where it costs nothing).
  bool isRoot(Operation *op) const {
    return !op->use_empty() && !op->getResult(0).getType().isInteger(1) &&
           !builderType(op).isInteger(1) &&
           llvm::any_of(
               op->getUsers(),
               [&](Operation *user) { return !foldable.contains(user); }) &&
           hasArithmetic(op);
  }
  static Type builderType(Operation *op) {
    return getElementTypeOrSelf(op->getResult(0).getType());
  }
  bool hasArithmetic(Operation *op) const {
    if (!isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp>(op))
      return true;
    Operation *source = op->getOperand(0).getDefiningOp();
    return foldable.contains(source) && hasArithmetic(source);
  }

  std::optional<ConstantData> evaluate(Value value, Leaf &leaf) {
    Operation *op = value.getDefiningOp();
    if (ElementsAttr data = constantElements(value)) {
      if (data.size() > leaf.elements)
        leaf = {value.getLoc(), data.size()};
      return ConstantData::read(data);
    }
    if (isWideCast(op))
      return ConstantData::readWide(
          constantElements(op->getOperand(0)),
          cast<RankedTensorType>(op->getResult(0).getType()));
    SmallVector<ConstantData> operands;
    for (Value operand : op->getOperands()) {
      std::optional<ConstantData> data = evaluate(operand, leaf);
      if (!data)
        return std::nullopt;
      operands.push_back(std::move(*data));
    }
    return ConstantData::compute(op, operands);
  }

  void fold(GraphBuilder &builder, Operation *root) {
    Leaf leaf{root->getLoc()};
    std::optional<ConstantData> data = evaluate(root->getResult(0), leaf);
    if (!data)
      return; // data that is left out of the IR
    auto type = cast<RankedTensorType>(root->getResult(0).getType());
    builder.setInsertionPoint(root);
    Value constant = builder.constantOf(
        leaf.location, data->write(type, nodeNameOf(leaf.location)));
    root->getResult(0).replaceAllUsesWith(constant);
    ++numFolded;
  }
  static std::string nodeNameOf(Location location) {
    auto name = dyn_cast<NameLoc>(location);
    return name ? name.getName().str() : "folded";
  }

  llvm::SmallPtrSet<Operation *, 32> foldable;
};
} // namespace
} // namespace mixbit
