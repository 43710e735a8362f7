//===- Grouping.cpp - Which graph operations share a kernel ---------------===//
#include "passes/kernelize/Grouping.h"

#include "dialects/mixbit/SymbolicMath.h"
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace mixbit {
bool reducesLastDimension(Operation *op) {
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || reduce.getAxes().size() != 1 ||
      reduce.getKind() == ReduceKind::Mul)
    return false;
  auto type = cast<RankedTensorType>(reduce.getX().getType());
  return reduce.getAxes()[0] == type.getRank() - 1 &&
         isa<Float32Type>(type.getElementType());
}

static bool normalizesLastDimension(Operation *op) {
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return (int64_t)softmax.getAxis() ==
           cast<RankedTensorType>(softmax.getType()).getRank() - 1;
  return isa<LayerNormOp>(op);
}

bool isRowUniform(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto quantize = dyn_cast<QuantizeRowsOp>(op))
    return value == quantize.getScales();
  return reducesLastDimension(op);
}

namespace {
class Grouper {
public:
  Grouper(func::FuncOp func, const SymbolicShapes &shapes)
      : func(func), shapes(shapes) {}

  std::vector<Group> run();

private:
  void add(Operation *op);
  Group::Kind classify(Operation *op);
  const SymbolicShape &domainOf(Operation *op);
  bool joinsEpilogue(Operation *op, Value operand, const Group &group);
  bool joinsRows(Operation *op, Value operand, const Group &group);
  bool dependsAround(ArrayRef<Operation *> from, ArrayRef<Operation *> to);
  std::vector<Group> order();

  func::FuncOp func;
  const SymbolicShapes &shapes;
  std::vector<Group> groups; ///< merged ones are left empty
  DenseMap<Operation *, size_t> groupOf;
};

Group::Kind Grouper::classify(Operation *op) {
  if (isElementwise(op) || normalizesLastDimension(op) ||
      reducesLastDimension(op) || isa<EmbeddingOp, IotaOp, QuantizeRowsOp>(op))
    return Group::Rows;
  if (isa<LinearOp, QuantizedLinearOp>(op))
    return Group::Contract;
  if (isa<ReshapeOp, TransposeOp, SliceOp, BroadcastOp>(op))
    return Group::View;
  return Group::Single;
}

/// The points that the operation computes.
const SymbolicShape &Grouper::domainOf(Operation *op) {
  bool readsRows = isa<QuantizeRowsOp>(op) || reducesLastDimension(op);
  return shapes.find(readsRows ? op->getOperand(0) : op->getResult(0))->second;
}

static bool isConstant(Value value) {
  return matchPattern(value, m_Constant());
}

/// Whether some operation outside of both lists lies on a path from `from` to
/// `to`.
bool Grouper::dependsAround(ArrayRef<Operation *> from,
                            ArrayRef<Operation *> to) {
  Operation *last = to.front();
  for (Operation *op : to)
    if (last->isBeforeInBlock(op))
      last = op;
  // The search runs over groups: to enter one of its operations is to wait for
  // all of them.
  llvm::SmallPtrSet<Operation *, 32> seen;
  SmallVector<Operation *> work;
  auto visit = [&](Operation *op) {
    for (Operation *user : op->getUsers()) {
      if (llvm::is_contained(from, user) || llvm::is_contained(to, user))
        continue;
      auto group = groupOf.find(user);
      if (group == groupOf.end())
        continue;
      for (Operation *member : groups[group->second].ops)
        if (seen.insert(member).second)
          work.push_back(member);
    }
  };
  for (Operation *op : from)
    visit(op);
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    for (Operation *user : op->getUsers())
      if (llvm::is_contained(to, user))
        return true;
    visit(op);
  }
  return false;
}

/// An elementwise user of a contraction's result, whose other operands the
/// epilogue can read by row and column.
bool Grouper::joinsEpilogue(Operation *op, Value operand, const Group &group) {
  if (!isElementwise(op) || !operand.hasOneUse() ||
      shapes.find(op->getResult(0))->second != group.domain)
    return false;
  for (Value other : op->getOperands()) {
    if (other == operand)
      continue;
    const SymbolicShape &shape = shapes.find(other)->second;
    bool isColumn = shape.size() == 1 && shape[0] == group.domain.back();
    bool isScalar = llvm::all_of(
        shape, [](AffineExpr extent) { return constantValue(extent) == 1; });
    if (shape != group.domain && !isColumn && !(isScalar && isConstant(other)))
      return false;
    Type element = cast<RankedTensorType>(other.getType()).getElementType();
    if (!isa<Float32Type>(element))
      return false;
  }
  // Codes are not worked on further.
  return isa<QuantizeOp>(op) ||
         isa<Float32Type>(cast<RankedTensorType>(op->getResult(0).getType())
                              .getElementType());
}

/// A rows operation over the same points, which reads its operand where the
/// group computes it.
bool Grouper::joinsRows(Operation *op, Value operand, const Group &group) {
  if (domainOf(op) != group.domain || isa<IotaOp>(op))
    return false;
  // Ids are read a row at a time, from memory.
  if (isa<EmbeddingOp>(op))
    return false;
  const SymbolicShape &shape = shapes.find(operand)->second;
  if (!isRowUniform(operand))
    return shape == group.domain;
  // Row-uniform values line up only with their last dimension kept.
  return isElementwise(op) && shape.size() == group.domain.size() &&
         constantValue(shape.back()) == 1;
}

void Grouper::add(Operation *op) {
  Group::Kind kind = classify(op);
  size_t index = groups.size();
  groups.push_back({kind, {}, {op}});
  if (kind == Group::Rows || kind == Group::Contract)
    groups.back().domain = domainOf(op);
  groupOf[op] = index;
  if (kind != Group::Rows)
    return;
  for (Value operand : op->getOperands()) {
    auto producer = groupOf.find(operand.getDefiningOp());
    if (!operand.getDefiningOp() || producer == groupOf.end())
      continue;
    size_t target = producer->second;
    size_t self = groupOf[op];
    if (target == self || groups[self].kind != Group::Rows)
      continue;
    Group &group = groups[target];
    bool joins =
        group.kind == Group::Contract
            ? groups[self].ops.size() == 1 && joinsEpilogue(op, operand, group)
            : group.kind == Group::Rows && joinsRows(op, operand, group);
    if (!joins || dependsAround(group.ops, groups[self].ops))
      continue;
    for (Operation *member : groups[self].ops) {
      group.ops.push_back(member);
      groupOf[member] = target;
    }
    groups[self].ops.clear();
    llvm::sort(group.ops, [](Operation *lhs, Operation *rhs) {
      return lhs->isBeforeInBlock(rhs);
    });
  }
}

/// Repeatedly takes the first group (by its first operation) whose operands are
/// all there.
std::vector<Group> Grouper::order() {
  llvm::sort(groups, [](const Group &lhs, const Group &rhs) {
    if (lhs.ops.empty() || rhs.ops.empty())
      return !lhs.ops.empty() && rhs.ops.empty();
    return lhs.ops.front()->isBeforeInBlock(rhs.ops.front());
  });
  while (!groups.empty() && groups.back().ops.empty())
    groups.pop_back();
  for (auto [index, group] : llvm::enumerate(groups))
    for (Operation *op : group.ops)
      groupOf[op] = index;
  std::vector<Group> ordered;
  std::vector<bool> done(groups.size());
  // Depth first over producers, in graph order: deterministic and close to
  // the file's order, which keeps live ranges short.
  SmallVector<std::pair<size_t, bool>> stack;
  for (size_t i = groups.size(); i-- > 0;)
    stack.push_back({i, false});
  while (!stack.empty()) {
    auto [index, expanded] = stack.pop_back_val();
    if (done[index])
      continue;
    if (expanded) {
      done[index] = true;
      ordered.push_back(groups[index]);
      continue;
    }
    stack.push_back({index, true});
    for (Operation *op : llvm::reverse(groups[index].ops))
      for (Value operand : llvm::reverse(op->getOperands())) {
        auto producer = groupOf.find(operand.getDefiningOp());
        if (operand.getDefiningOp() && producer != groupOf.end() &&
            producer->second != index && !done[producer->second])
          stack.push_back({producer->second, false});
      }
  }
  return ordered;
}

std::vector<Group> Grouper::run() {
  for (Operation &op : func.getBody().front())
    if (!op.hasTrait<OpTrait::IsTerminator>() &&
        !isa<arith::ConstantOp, QuantizedConstantOp>(op))
      add(&op);
  return order();
}
} // namespace

std::vector<Group> groupOperations(func::FuncOp func,
                                   const SymbolicShapes &shapes) {
  return Grouper(func, shapes).run();
}
} // namespace mixbit
