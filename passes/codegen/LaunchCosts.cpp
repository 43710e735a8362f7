//===- LaunchCosts.cpp - What a launch moves and multiplies ---------------===//
#include "passes/codegen/LaunchCosts.h"

#include "dialects/mixbit/SymbolicMath.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace mixbit {
namespace {
/// The kernel's arguments with their extents.
class Costs {
public:
  Costs(KernelOp kernel, ArrayRef<SymbolicShape> shapes)
      : block(kernel.getBody().front()), shapes(shapes),
        context(kernel.getContext()) {}

  LaunchCost compute();

private:
  AffineExpr constant(int64_t value) {
    return getAffineConstantExpr(value, context);
  }
  /// The extents of a kernel argument; null for other values.
  const SymbolicShape *shapeOf(Value buffer) {
    auto argument = dyn_cast<BlockArgument>(buffer);
    return argument && argument.getOwner() == &block
               ? &shapes[argument.getArgNumber()]
               : nullptr;
  }
  AffineExpr elements(Value buffer, size_t drop = 0);
  AffineExpr argumentBytes(RowsOp rows);
  AffineExpr products(linalg::GenericOp op);

  Block &block;
  ArrayRef<SymbolicShape> shapes;
  MLIRContext *context;
};
} // namespace

/// The number of elements, without the last `drop` dimensions.
AffineExpr Costs::elements(Value buffer, size_t drop) {
  const SymbolicShape *shape = shapeOf(buffer);
  if (!shape)
    return constant(0);
  return product(ArrayRef(*shape).drop_back(std::min(drop, shape->size())),
                 context);
}

/// Every argument once; of tables only the rows that are looked up, one a row
/// of the first output.
AffineExpr Costs::argumentBytes(RowsOp rows) {
  // Elements of each table, its scales and its zero points that a row takes.
  llvm::SmallDenseMap<Value, AffineExpr, 4> ofRow;
  if (rows)
    rows.walk([&](TableLoadOp load) {
      for (Value buffer : {load.getTable(), load.getScales(), load.getZeros()})
        if (const SymbolicShape *shape = buffer ? shapeOf(buffer) : nullptr;
            shape && !shape->empty())
          ofRow[buffer] = shape->back();
      LayoutAttr layout = load.getLayoutAttr();
      if (!layout)
        return;
      // Packed: an even part of a panel, and a scale for each group along it.
      int64_t count = cast<MemRefType>(load.getTable().getType()).getDimSize(0);
      int64_t panels =
          llvm::divideCeil((*load.getShape())[0], layout.getPanel());
      ofRow[load.getTable()] = constant(count / (panels * layout.getPanel()));
      for (Value buffer : {load.getScales(), load.getZeros()})
        if (buffer)
          ofRow[buffer] =
              constant(cast<MemRefType>(buffer.getType()).getDimSize(1));
    });
  AffineExpr total = constant(0);
  for (BlockArgument argument : block.getArguments()) {
    auto type = cast<MemRefType>(argument.getType());
    int64_t unit = elementBytes(type.getElementType());
    AffineExpr count = elements(argument);
    if (auto found = ofRow.find(argument); found != ofRow.end())
      count = elements(rows.getOuts().front(), 1) * found->second;
    total = total + count * unit;
  }
  return normalize(total);
}

/// One product a point of the loops, if they add up along any.
AffineExpr Costs::products(linalg::GenericOp op) {
  if (op.getNumReductionLoops() == 0)
    return constant(0);
  SmallVector<AffineExpr> extents(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    const SymbolicShape *shape = shapeOf(operand.get());
    if (!shape)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [expr, extent] : llvm::zip(map.getResults(), *shape))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        extents[dim.getPosition()] = extent;
  }
  if (llvm::is_contained(extents, AffineExpr()))
    return constant(0);
  return product(extents, context);
}

LaunchCost Costs::compute() {
  LaunchCost cost{constant(0), constant(0), constant(0)};
  RowsOp rows;
  for (Operation &op : block) {
    if (auto contract = dyn_cast<ContractOp>(op)) {
      ArrayRef<int64_t> shape = contract.getShape();
      AffineExpr &products =
          contract.getAScales() ? cost.integerProducts : cost.floatProducts;
      products = products + elements(contract.getA(), 1) * shape[0] * shape[1];
    } else if (auto attention = dyn_cast<AttentionCoreOp>(op)) {
      const SymbolicShape *q = shapeOf(attention.getIns()[0]);
      const SymbolicShape *k = shapeOf(attention.getIns()[1]);
      const SymbolicShape *v = shapeOf(attention.getIns()[2]);
      if (q && k && v)
        cost.floatProducts =
            cost.floatProducts + product(ArrayRef(*q).drop_back(), context) *
                                     (*k)[1] * (q->back() + v->back());
    } else if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      cost.floatProducts = cost.floatProducts + products(generic);
    } else if (auto found = dyn_cast<RowsOp>(op)) {
      rows = found;
    }
  }
  cost.bytes = argumentBytes(rows);
  cost.floatProducts = normalize(cost.floatProducts);
  cost.integerProducts = normalize(cost.integerProducts);
  return cost;
}

LaunchCost costOfLaunch(KernelOp kernel, ArrayRef<SymbolicShape> shapes) {
  return Costs(kernel, shapes).compute();
}
} // namespace mixbit
