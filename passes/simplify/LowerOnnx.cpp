//===- LowerOnnx.cpp - onnx operations become mixbit primitives -----------===//
//
// The walk, and the values that arithmetic on shapes folds to. The lowerings
// themselves are in the other files of that name.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_LOWERONNX
#include "passes/simplify/Passes.h.inc"

OnnxLowering::OnnxLowering(func::FuncOp func)
    : func(func), builder(func), functions(values), location(func.getLoc()) {}

LogicalResult OnnxLowering::unsupported(const Twine &reason) {
  return emitNodeError(current) << reason << ", not supported";
}

LogicalResult OnnxLowering::set(Operation *op, Value value) {
  if (!value)
    return failure();
  lowered[op->getResult(0)] = value;
  return success();
}

std::optional<SmallVector<int64_t>> OnnxLowering::constants(Value value) const {
  auto found = values.find(value);
  return found == values.end() ? std::nullopt : found->second.getConstants();
}

Value OnnxLowering::get(Value value) {
  if (Value done = lowered.lookup(value))
    return done;
  if (auto constant = value.getDefiningOp<onnx::ConstantOp>()) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(constant);
    // Reports and patterns go by the initializer's name.
    Location name = constant.getLoc();
    if (std::optional<StringRef> given = constant.getName())
      name = NameLoc::get(builder.getStringAttr(*given));
    ElementsAttr elements = codesAsBytes(constant.getValue());
    if (!elements) {
      (void)unsupported("a constant of " +
                        Twine(constant.getValue().getNumElements()) +
                        " elements whose data is left out of the IR");
      return {};
    }
    return lowered[value] = builder.constantOf(name, elements);
  }
  if (Value made = materialize(value))
    return lowered[value] = made;
  auto product = codeProducts.find(value);
  if (product != codeProducts.end()) {
    emitNodeError(current)
        << "expected the INT32 product of node '"
        << nodeName(product->second.source)
        << "' to be cast to FLOAT and multiplied with the scale of each "
           "DynamicQuantizeLinear in front of it, but got it before that";
    return {};
  }
  (void)unsupported("an operand is not a tensor computed before");
  return {};
}

Value OnnxLowering::getOptional(Value value) {
  return onnx::isPresent(value) ? get(value) : Value();
}

/// A term coefficient * d_k, alone.
static bool matchProgression(AffineExpr expr, unsigned &dim, int64_t &step) {
  step = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expr)) {
    auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (expr.getKind() != AffineExprKind::Mul || !factor)
      return false;
    step = factor.getValue();
    expr = product.getLHS();
  }
  auto index = dyn_cast<AffineDimExpr>(expr);
  if (index)
    dim = index.getPosition();
  return (bool)index;
}

Value OnnxLowering::materializeFunction(const onnx::SymbolicValue &given,
                                        AffineExpr function) {
  onnx::SymbolicValue known = given;
  known.elementType = byteTypeOf(given.elementType);
  Type type = known.elementType;
  std::optional<int64_t> constant = constantValue(function);
  RankedTensorType tensor = known.getType();
  if (constant && tensor.hasStaticShape() &&
      tensor.getNumElements() <= foldedBytes)
    return builder.constantOf(
        location, DenseElementsAttr::get(
                      tensor, builder.getIntegerAttr(type, *constant)));
  if (constant)
    return builder.broadcast(
        location, builder.scalar(location, *constant, type), known.shape);
  if (!type.isInteger(64) && !type.isInteger(32))
    return {};
  SmallVector<AffineExpr> terms;
  collectTerms(function, terms);
  int64_t start = 0, step = 0;
  unsigned dim = 0;
  AffineExpr symbolic = builder.constant(0);
  for (AffineExpr term : terms) {
    unsigned position;
    int64_t factor;
    if (matchProgression(term, position, factor)) {
      if (step != 0)
        return {};
      dim = position;
      step = factor;
    } else {
      symbolic = symbolic + term;
    }
  }
  if (step == 0) {
    if (usesDims(function))
      return {};
    Value value =
        DimValueOp::create(builder, location, RankedTensorType::get({}, type),
                           builder.map({function}));
    if (failed(builder.computeShapes(value.getDefiningOp())))
      return {};
    return builder.broadcast(location, value, known.shape);
  }
  std::optional<int64_t> offset = constantValue(symbolic);
  if (!offset)
    return {};
  start = *offset;
  Value iota = builder.make<IotaOp>(
      location, type, builder.map({known.shape[dim]}), start, step);
  if (!iota)
    return {};
  SymbolicShape aligned(known.rank(), builder.constant(1));
  aligned[dim] = known.shape[dim];
  Value shaped = builder.reshape(location, iota, aligned);
  return builder.broadcast(location, shaped, known.shape);
}

Value OnnxLowering::materialize(Value value) {
  auto found = values.find(value);
  if (found == values.end() || !found->second.elementType ||
      !found->second.elementType.isInteger())
    return {};
  onnx::SymbolicValue known = found->second;
  known.elementType = byteTypeOf(known.elementType);
  if (AffineExpr function = functions.get(value))
    if (Value made = materializeFunction(known, function))
      return made;
  if (!known.contents)
    return {};
  if (auto constants = known.getConstants())
    return builder.constantOf(
        location,
        makeElements(known.getType(), SmallVector<double>(constants->begin(),
                                                          constants->end())));
  if (!known.elementType.isInteger(64) && !known.elementType.isInteger(32))
    return {};
  int64_t size = known.contents->size();
  Value flat = DimValueOp::create(
      builder, location, RankedTensorType::get({size}, known.elementType),
      builder.map(*known.contents));
  if (failed(builder.computeShapes(flat.getDefiningOp())))
    return {};
  return builder.reshape(location, flat, known.shape);
}

LogicalResult OnnxLowering::lower(Operation *op) {
  current = op;
  location = op->getLoc();
  builder.setInsertionPoint(op);
  if (isa<onnx::ConstantOp, onnx::NoneOp>(op))
    return success();
  functions.visit(op);
  // Arithmetic on shapes: made only where something needs it as data.
  bool folded = llvm::all_of(op->getResults(), [&](Value result) {
    auto found = values.find(result);
    if (found == values.end())
      return false;
    AffineExpr function = functions.get(result);
    return found->second.contents.has_value() ||
           (function && constantValue(function));
  });
  if (folded) {
    ++numShapeOps;
    return success();
  }
  // Index tensors are made from their function, whatever computed them.
  if (op->getNumResults() == 1 && functions.get(op->getResult(0)))
    if (Value made = materializeFunction(known(op->getResult(0)),
                                         functions.get(op->getResult(0)))) {
      ++numLowered;
      return set(op, made);
    }
  // What only moves codes moves the floats they still are.
  Value source = op->getNumOperands() ? op->getOperand(0) : Value();
  Value codes = source ? floatCodes.lookup(source) : Value();
  Value integers = codes ? lowered.lookup(source) : Value();
  bool movesCodes =
      integers &&
      isa<onnx::FlattenOp, onnx::IdentityOp, onnx::ReshapeOp, onnx::SliceOp,
          onnx::SqueezeOp, onnx::TransposeOp, onnx::UnsqueezeOp>(op);
  if (movesCodes)
    lowered[source] = codes;
  LogicalResult done = lowerByFamily(op);
  if (movesCodes) {
    lowered[source] = integers;
    Value result = op->getResult(0), moved = lowered.lookup(result);
    if (succeeded(done) && moved) {
      floatCodes[result] = moved;
      lowered[result] =
          builder.cast(location, moved, builder.elementType(integers));
    }
  }
  return done;
}

LogicalResult OnnxLowering::lowerByFamily(Operation *op) {
  bool handled = false;
  for (auto family :
       {&OnnxLowering::lowerIntegerProducts, &OnnxLowering::lowerMath,
        &OnnxLowering::lowerShape, &OnnxLowering::lowerNN,
        &OnnxLowering::lowerContrib, &OnnxLowering::lowerQuantization}) {
    LogicalResult result = (this->*family)(op, handled);
    if (failed(result))
      return failure();
    if (handled) {
      ++numLowered;
      return success();
    }
  }
  return unsupported("there is no graph operation for it");
}

LogicalResult OnnxLowering::run() {
  if (failed(builder.computeArgumentShapes()) ||
      failed(onnx::evaluate(func, values)))
    return failure();
  for (BlockArgument argument : func.getArguments())
    lowered[argument] = argument;
  Block &body = func.getBody().front();
  for (Operation &op : body)
    if (isa<onnx::ConstantOp>(op))
      functions.visit(&op);
  for (Operation &op : llvm::make_early_inc_range(body)) {
    if (isa_and_nonnull<onnx::OnnxDialect>(op.getDialect())) {
      if (failed(lower(&op)))
        return failure();
      continue;
    }
    auto finish = dyn_cast<func::ReturnOp>(op);
    if (!finish)
      continue;
    current = &op;
    location = op.getLoc();
    builder.setInsertionPoint(finish);
    SmallVector<Type> results;
    for (OpOperand &operand : finish->getOpOperands()) {
      Value value = get(operand.get());
      if (!value)
        return failure();
      operand.set(value);
      results.push_back(value.getType());
    }
    func.setType(FunctionType::get(
        func.getContext(), func.getFunctionType().getInputs(), results));
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isa_and_nonnull<onnx::OnnxDialect>(op.getDialect()))
      op.erase();
  eraseDeadOps(func);
  return success();
}

namespace {
struct LowerOnnx : impl::LowerOnnxBase<LowerOnnx> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isDeclaration())
      return;
    if (!llvm::hasSingleElement(func.getBody())) {
      func.emitError("expected a function of one block");
      return signalPassFailure();
    }
    OnnxLowering lowering(func);
    if (failed(lowering.run()))
      return signalPassFailure();
    numLowered += lowering.numLowered;
    numShapeOps += lowering.numShapeOps;
  }
};
} // namespace
} // namespace mixbit
