//===- RowsAnalysis.cpp - Passes over a row -------------------------------===//
#include "passes/codegen/RowsAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace mixbit {

/// Values that cost more than this are kept, not computed again: about what a
/// store and a load of a buffer in the first cache take.
static constexpr int kRecomputeLimit = 4;

/// Cost of one operation a point, an addition being 1.
static int costOf(Operation *op) {
  if (isa<arith::ConstantOp, ColumnOp, arith::ExtFOp, arith::ExtSIOp>(op))
    return 1;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return 5;
  if (auto table = dyn_cast<TableLoadOp>(op))
    return table.getFormat() ? 6 : 2;
  if (isa<math::AbsFOp, math::AbsIOp, math::FmaOp, math::CopySignOp>(op))
    return 1;
  if (isa_and_nonnull<math::MathDialect>(op->getDialect()))
    return 20;
  return 1;
}

RowsAnalysis::RowsAnalysis(RowsOp op) : op(op) {}

bool RowsAnalysis::dependsOnColumn(AffineMap map) const {
  return numDims != 0 && map.isFunctionOfDim(numDims - 1);
}

LogicalResult RowsAnalysis::analyzeOp(Operation &inner) {
  if (!isa<RowReduceOp, ColumnOp, TableLoadOp>(inner) &&
      !OpTrait::hasElementwiseMappableTraits(&inner) &&
      !inner.hasTrait<OpTrait::ConstantLike>())
    return inner.emitOpError()
           << "expected an elementwise operation in mixbit.rows, but got "
           << inner.getName();
  RowValue value{true, 0, costOf(&inner)};
  for (Value operand : inner.getOperands()) {
    if (isa<MemRefType>(operand.getType()))
      continue; // tables
    auto it = values.find(operand);
    if (it == values.end())
      return inner.emitOpError() << "expected operands from inside of "
                                    "mixbit.rows, but got one from outside";
    value.level = std::max(value.level, it->second.level);
    value.uniform &= it->second.uniform;
    if (!it->second.uniform)
      value.cost = std::min(value.cost + it->second.cost, 1000);
  }
  if (isa<ColumnOp>(inner)) {
    value.uniform = false;
  } else if (auto table = dyn_cast<TableLoadOp>(inner)) {
    if (!value.uniform)
      return inner.emitOpError()
             << "expected a row-uniform index, but got one of each column";
    value.uniform = false;
  } else if (isa<RowReduceOp>(inner)) {
    value = {true, value.level + 1, 0};
  }
  for (Value result : inner.getResults())
    values[result] = value;
  return success();
}

/// Adds what pass `pass` needs to compute `value` at a point.
void RowsAnalysis::need(unsigned pass, Value value,
                        llvm::SmallDenseSet<Value> &seen) {
  const RowValue &info = values[value];
  if (info.uniform || !seen.insert(value).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    passes[pass].inputs.push_back(argument);
    return;
  }
  bool keep = info.level < (int)pass && info.cost > kRecomputeLimit &&
              !value.getType().isInteger(1);
  if (keep) {
    passes[info.level].kept.insert(value);
    passes[pass].readBack.push_back(value);
    return;
  }
  Operation *definition = value.getDefiningOp();
  passes[pass].ops.push_back(definition);
  for (Value operand : definition->getOperands())
    if (!isa<MemRefType>(operand.getType()))
      need(pass, operand, seen);
}

LogicalResult RowsAnalysis::run() {
  Block &body = op.getBody().front();
  unsigned numIns = op.getIns().size();
  auto maps = op.getMaps().getAsValueRange<AffineMapAttr>();
  for (AffineMap map : maps)
    (inputMaps.size() < numIns ? inputMaps : outputMaps).push_back(map);
  numDims = (*maps.begin()).getNumDims();

  for (auto [argument, map] : llvm::zip(body.getArguments(), inputMaps))
    values[argument] = {!dependsOnColumn(map), 0, 1};
  for (Operation &inner : body.without_terminator())
    if (failed(analyzeOp(inner)))
      return failure();

  // Which pass feeds what.
  int last = 0;
  auto yields = body.getTerminator()->getOperands();
  for (auto [number, value, map] : llvm::enumerate(yields, outputMaps)) {
    const RowValue &info = values[value];
    if (!dependsOnColumn(map) && !info.uniform)
      return op.emitOpError()
             << "expected a row-uniform value for output " << number
             << ", whose map lacks the last dimension, but got one of each "
                "column";
    last = std::max(last, info.level);
  }
  for (Operation &inner : body)
    if (auto reduce = dyn_cast<RowReduceOp>(inner))
      last = std::max(last, values[reduce.getX()].level);
  passes.resize(last + 1);
  for (auto [number, value, map] : llvm::enumerate(yields, outputMaps))
    if (dependsOnColumn(map))
      passes[values[value].level].outputs.push_back(number);
  for (Operation &inner : body)
    if (auto reduce = dyn_cast<RowReduceOp>(inner))
      passes[values[reduce.getX()].level].reduces.push_back(reduce);

  // Later passes first: they say what earlier ones keep.
  for (int p = last; p >= 0; --p) {
    llvm::SmallDenseSet<Value> seen;
    RowPass &pass = passes[p];
    for (RowReduceOp reduce : pass.reduces)
      need(p, reduce.getX(), seen);
    for (unsigned output : pass.outputs)
      need(p, yields[output], seen);
    for (Value kept : pass.kept)
      need(p, kept, seen);
    llvm::sort(pass.ops, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    for (Operation *inner : pass.ops)
      pass.cost += costOf(inner);
  }
  return success();
}

} // namespace mixbit
