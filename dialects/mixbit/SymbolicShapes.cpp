//===- SymbolicShapes.cpp - Shapes of all values of a graph ---------------===//
#include "dialects/mixbit/SymbolicShapes.h"

#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mixbit {
/// Normalizes a shape against its value's type and records it.
static LogicalResult record(SymbolicShapes &shapes, Value value,
                            SymbolicShape shape, Operation *op) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return op->emitOpError()
           << "expected ranked tensors, but got " << value.getType();
  if ((int64_t)shape.size() != type.getRank())
    return op->emitOpError() << "expected a result of rank " << shape.size()
                             << ", but got " << type;
  for (auto [extent, expr] : llvm::zip(type.getShape(), shape)) {
    expr = normalize(expr);
    std::optional<int64_t> inferred = constantValue(expr);
    if (ShapedType::isDynamic(extent))
      continue;
    if (inferred && *inferred != extent)
      return op->emitOpError()
             << "expected a dimension of " << *inferred << ", but got " << type;
    expr = getAffineConstantExpr(extent, value.getContext());
  }
  shapes[value] = std::move(shape);
  return success();
}

static SymbolicShape staticShape(RankedTensorType type) {
  SymbolicShape shape;
  for (int64_t extent : type.getShape())
    shape.push_back(getAffineConstantExpr(extent, type.getContext()));
  return shape;
}

FailureOr<SymbolicShapes> inferSymbolicShapes(func::FuncOp func) {
  SymbolicShapes shapes;
  for (BlockArgument arg : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    auto dims =
        func.getArgAttrOfType<AffineMapAttr>(arg.getArgNumber(), kDimsAttr);
    SymbolicShape shape;
    if (dims)
      shape = SymbolicShape(dims.getValue().getResults());
    else if (type && type.hasStaticShape())
      shape = staticShape(type);
    else
      return func.emitOpError()
             << "expected '" << kDimsAttr << "' on argument "
             << arg.getArgNumber() << " of type " << arg.getType();
    if (failed(record(shapes, arg, std::move(shape), func)))
      return failure();
  }
  WalkResult walk = func.getBody().walk([&](Operation *op) {
    if (op->hasTrait<OpTrait::IsTerminator>())
      return WalkResult::advance();
    SmallVector<SymbolicShape> results;
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      if (auto type = dyn_cast<RankedTensorType>(constant.getType()))
        results.push_back(staticShape(type));
    } else if (auto shaped = dyn_cast<SymbolicShapeOpInterface>(op)) {
      SmallVector<SymbolicShape> operands;
      for (Value operand : op->getOperands())
        operands.push_back(shapes.lookup(operand));
      if (failed(shaped.inferSymbolicShapes(operands, results)))
        return WalkResult::interrupt();
    }
    if (results.size() != op->getNumResults()) {
      op->emitOpError() << "expected an operation of the mixbit graph (ONNX "
                           "node '"
                        << nodeName(op->getLoc()) << "')";
      return WalkResult::interrupt();
    }
    for (auto [value, shape] : llvm::zip(op->getResults(), results))
      if (failed(record(shapes, value, std::move(shape), op)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return shapes;
}

std::string nodeName(Location loc, StringRef fallback) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = nodeName(part); !name.empty())
        return name;
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nodeName(call.getCallee(), fallback);
  return fallback.str();
}
} // namespace mixbit
