//===- Graph.cpp - Reading and building the graph level -------------------===//
#include "passes/simplify/Graph.h"

#include "passes/simplify/Constants.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace mixbit {
std::string nodeName(Operation *op) {
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    return name.getName().str();
  return op->getName().getStringRef().str();
}

InFlightDiagnostic emitNodeError(Operation *op) {
  return op->emitError() << "node '" << nodeName(op) << "' ("
                         << op->getName().stripDialect() << "): ";
}

GraphBuilder::GraphBuilder(func::FuncOp func)
    : OpBuilder(func.getContext()), func(func) {
  auto names = func->getAttrOfType<ArrayAttr>("mixbit.symbols");
  symbols = names ? names.size() : 0;
}

AffineMap GraphBuilder::map(ArrayRef<AffineExpr> results) const {
  SmallVector<AffineExpr> normal;
  for (AffineExpr result : results)
    normal.push_back(normalize(result));
  return AffineMap::get(0, symbols, normal, getContext());
}

LogicalResult GraphBuilder::computeArgumentShapes() {
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    auto dims = func.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(),
                                                     "mixbit.dims");
    SymbolicShape &shape = shapes[argument];
    if (dims) {
      AffineMap map = dims.getValue();
      if ((int64_t)map.getNumResults() != type.getRank() ||
          map.getNumDims() != 0 || map.getNumSymbols() > symbols)
        return func.emitError()
               << "expected mixbit.dims of argument " << argument.getArgNumber()
               << " to give " << type.getRank() << " extents over " << symbols
               << " symbols, but got " << dims;
      llvm::append_range(shape, map.getResults());
      continue;
    }
    for (int64_t extent : type.getShape()) {
      if (ShapedType::isDynamic(extent))
        return func.emitError()
               << "expected mixbit.dims for argument "
               << argument.getArgNumber() << " of type " << type;
      shape.push_back(constant(extent));
    }
  }
  return success();
}

LogicalResult GraphBuilder::computeShapes(Operation *op) {
  if (auto infer = dyn_cast<SymbolicShapeOpInterface>(op)) {
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op->getOperands()) {
      auto known = shapes.find(operand);
      if (known == shapes.end())
        return emitNodeError(op) << "expected operands of known shape, but got "
                                 << operand.getType();
      operands.push_back(known->second);
    }
    if (failed(infer.inferSymbolicShapes(operands, results)))
      return failure();
    for (auto [result, shape] : llvm::zip(op->getResults(), results))
      setShape(result, shape);
    return success();
  }
  for (Value result : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || !type.hasStaticShape())
      continue;
    SymbolicShape &shape = shapes[result];
    for (int64_t extent : type.getShape())
      shape.push_back(constant(extent));
  }
  return success();
}

LogicalResult GraphBuilder::computeShapes() {
  shapes.clear();
  if (failed(computeArgumentShapes()))
    return failure();
  for (Operation &op : func.getBody().front())
    if (failed(computeShapes(&op)))
      return failure();
  return success();
}

ArrayRef<AffineExpr> GraphBuilder::shape(Value value) const {
  auto known = shapes.find(value);
  return known == shapes.end() ? ArrayRef<AffineExpr>() : known->second;
}

void GraphBuilder::setShape(Value value, ArrayRef<AffineExpr> shape) {
  SymbolicShape normal;
  for (AffineExpr extent : shape)
    normal.push_back(normalize(extent));
  shapes[value] = std::move(normal);
}

bool GraphBuilder::sameShape(ArrayRef<AffineExpr> lhs,
                             ArrayRef<AffineExpr> rhs) const {
  return lhs.size() == rhs.size() &&
         llvm::all_of(llvm::zip(lhs, rhs), [](auto pair) {
           return provablyEqual(std::get<0>(pair), std::get<1>(pair));
         });
}

Value GraphBuilder::finish(Operation *op) {
  if (failed(computeShapes(op))) {
    op->erase();
    return {};
  }
  Value result = op->getResult(0);
  SmallVector<int64_t> extents;
  for (AffineExpr extent : shape(result))
    extents.push_back(staticExtent(extent));
  result.setType(RankedTensorType::get(extents, elementType(result)));
  return result;
}

Value GraphBuilder::unary(Location location, UnaryKind kind, Value x) {
  Type type = kind == UnaryKind::IsNaN ? getI1Type() : elementType(x);
  return make<UnaryOp>(location, type, x, kind);
}

Value GraphBuilder::binary(Location location, BinaryKind kind, Value lhs,
                           Value rhs) {
  bool compares = kind >= BinaryKind::Equal && kind <= BinaryKind::GreaterEqual;
  return make<BinaryOp>(location, compares ? getI1Type() : elementType(lhs),
                        lhs, rhs, kind);
}

Value GraphBuilder::cast(Location location, Value x, Type type) {
  return elementType(x) == type ? x : make<CastOp>(location, type, x);
}

Value GraphBuilder::reshape(Location location, Value x,
                            ArrayRef<AffineExpr> newShape) {
  if (sameShape(shape(x), newShape))
    return x;
  return make<ReshapeOp>(location, elementType(x), x, map(newShape));
}

Value GraphBuilder::transpose(Location location, Value x,
                              ArrayRef<int64_t> permutation) {
  if (llvm::all_of(llvm::enumerate(permutation), [](auto entry) {
        return (int64_t)entry.index() == entry.value();
      }))
    return x;
  return make<TransposeOp>(location, elementType(x), x, permutation);
}

Value GraphBuilder::transposeMatrix(Location location, Value x) {
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, rank(x)));
  std::swap(permutation.back(), permutation[permutation.size() - 2]);
  return transpose(location, x, permutation);
}

Value GraphBuilder::broadcast(Location location, Value x,
                              ArrayRef<AffineExpr> newShape) {
  if (sameShape(shape(x), newShape))
    return x;
  return make<BroadcastOp>(location, elementType(x), x, map(newShape));
}

Value GraphBuilder::scalar(Location location, double value, Type type) {
  auto tensor = RankedTensorType::get({}, type);
  Attribute element = isa<FloatType>(type)
                          ? (Attribute)getFloatAttr(type, value)
                          : getIntegerAttr(type, (int64_t)value);
  return constantOf(location, DenseElementsAttr::get(tensor, element));
}

Value GraphBuilder::constantOf(Location location, ElementsAttr value) {
  Value result = arith::ConstantOp::create(*this, location, value);
  SymbolicShape &shape = shapes[result];
  shape.clear();
  for (int64_t extent : value.getShapedType().getShape())
    shape.push_back(constant(extent));
  return result;
}

std::optional<SymbolicShape> broadcastShapes(ArrayRef<AffineExpr> lhs,
                                             ArrayRef<AffineExpr> rhs,
                                             MLIRContext *context) {
  if (lhs.size() < rhs.size())
    std::swap(lhs, rhs);
  SymbolicShape result(lhs);
  size_t skip = lhs.size() - rhs.size();
  for (auto [index, extent] : llvm::enumerate(rhs)) {
    AffineExpr &known = result[skip + index];
    if (provablyEqual(extent, known) || constantValue(extent) == 1)
      continue;
    if (constantValue(known) == 1)
      known = extent;
    else if (constantValue(known) && constantValue(extent))
      return std::nullopt;
    else if (constantValue(extent))
      known = extent;
  }
  return result;
}

std::optional<SmallVector<AffineExpr>>
unitReshapeIndices(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                   MLIRContext *context) {
  SmallVector<AffineExpr> indices(from.size(),
                                  getAffineConstantExpr(0, context));
  size_t next = 0;
  auto skipOnes = [&] {
    while (next != to.size() && constantValue(to[next]) == 1)
      ++next;
  };
  for (auto [dim, extent] : llvm::enumerate(from)) {
    if (constantValue(extent) == 1)
      continue;
    skipOnes();
    if (next == to.size() || !provablyEqual(to[next], extent))
      return std::nullopt;
    indices[dim] = getAffineDimExpr(next++, context);
  }
  skipOnes();
  if (next != to.size())
    return std::nullopt;
  return indices;
}

void eraseDeadOps(func::FuncOp func) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

std::optional<double> splatValue(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto elements = dyn_cast<ElementsAttr>(constant.getValue());
      return elements ? readSplat(elements) : std::nullopt;
    }
    bool transparent = isa<ReshapeOp, BroadcastOp>(op);
    if (auto cast = dyn_cast<CastOp>(op))
      transparent =
          isa<FloatType>(getElementTypeOrSelf(cast.getX().getType())) &&
          isa<FloatType>(getElementTypeOrSelf(cast.getType()));
    if (!transparent)
      break;
    value = op->getOperand(0);
  }
  return std::nullopt;
}

BinaryOp matchBinary(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

UnaryOp matchUnary(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

OperandPair matchOperand(Value value, BinaryKind kind,
                         llvm::function_ref<bool(Value)> is) {
  BinaryOp op = matchBinary(value, kind);
  if (!op)
    return {};
  if (is(op.getRhs()))
    return {op.getRhs(), op.getLhs()};
  bool commutes = kind == BinaryKind::Add || kind == BinaryKind::Mul ||
                  kind == BinaryKind::Min || kind == BinaryKind::Max ||
                  kind == BinaryKind::And || kind == BinaryKind::Or;
  if (commutes && is(op.getLhs()))
    return {op.getLhs(), op.getRhs()};
  return {};
}
} // namespace mixbit
