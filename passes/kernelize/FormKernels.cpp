//===- FormKernels.cpp - From the graph to kernels and a plan -------------===//
//
// Walks the groups of a function in order, keeps for each graph value the view
// where it lies, and hands each group to its emitter. The function is replaced
// by a mixbit.plan of the same name.
//
//===----------------------------------------------------------------------===//
#include "passes/kernelize/KernelFormer.h"
#include "passes/kernelize/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/kernelize/Passes.h.inc"

LogicalResult KernelFormer::unsupported(Operation *op, const Twine &why) {
  return op->emitError() << "node '"
                         << nodeName(op->getLoc(), op->getName().getStringRef())
                         << "': no kernel exists for "
                         << op->getName().stripDialect() << ": " << why;
}

FailureOr<View> KernelFormer::viewOf(Value value) {
  auto known = views.find(value);
  if (known != views.end())
    return known->second;
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto data =
      constant ? dyn_cast<ElementsAttr>(constant.getValue()) : ElementsAttr();
  if (!data)
    return func.emitError() << "expected a value computed before its use, but "
                               "got "
                            << value;
  std::string name = "constant";
  if (std::string node = nodeName(value.getLoc()); !node.empty())
    name = node;
  View view = builder.weight(data, name, value.getLoc());
  views[value] = view;
  return view;
}

View KernelFormer::allocate(Value value, Location loc) {
  auto output = pendingOutputs.find(value);
  View view;
  if (output != pendingOutputs.end()) {
    view = output->second;
    pendingOutputs.erase(output);
  } else {
    view = builder.buffer(shapeOf(value), elementOf(value), loc);
  }
  views[value] = view;
  return view;
}

View KernelFormer::contiguous(const View &view, Location loc) {
  if (view.isContiguous())
    return view;
  View result = builder.buffer(view.shape, view.elementType, loc);
  copy(view, result, loc);
  return result;
}

View KernelFormer::asMatrix(const View &view, Location loc) {
  SymbolicShape matrix;
  matrix.push_back(
      product(ArrayRef(view.shape).drop_back(), builder.context()));
  matrix.push_back(view.shape.back());
  std::optional<View> result = view.reshape(matrix);
  if (!result ||
      (constantValue(result->strides[1]) != 1 && constantValue(matrix[1]) != 1))
    result = contiguous(view, loc).reshape(matrix);
  return *result;
}

FailureOr<View> KernelFormer::asMatrix(Value value, Location loc) {
  FailureOr<View> view = viewOf(value);
  if (failed(view))
    return failure();
  return asMatrix(*view, loc);
}

LogicalResult KernelFormer::emitView(Operation *op) {
  FailureOr<View> source = viewOf(op->getOperand(0));
  if (failed(source))
    return failure();
  const SymbolicShape &shape = shapeOf(op->getResult(0));
  View result;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    result = source->transpose(transpose.getPermutation());
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    result = source->slice(slice.getStarts().getResults(),
                           slice.getSizes().getResults(), slice.getSteps());
  } else if (isa<BroadcastOp>(op)) {
    result = source->broadcast(shape);
  } else {
    std::optional<View> reshaped = source->reshape(shape);
    if (!reshaped)
      reshaped = contiguous(*source, op->getLoc()).reshape(shape);
    result = *reshaped;
  }
  views[op->getResult(0)] = result;
  return success();
}

LogicalResult KernelFormer::emit(const Group &group) {
  Operation *op = group.ops.front();
  switch (group.kind) {
  case Group::View:
    return emitView(op);
  case Group::Rows:
    return emitRows(group);
  case Group::Contract:
    return emitContract(group);
  case Group::Single:
    break;
  }
  if (auto conv = dyn_cast<ConvOp>(op))
    return emitConv(conv);
  if (auto pool = dyn_cast<PoolOp>(op))
    return emitPool(pool);
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return emitMatmul(matmul);
  if (auto attention = dyn_cast<AttentionOp>(op))
    return emitAttention(attention);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return emitConcat(concat);
  if (auto gather = dyn_cast<GatherOp>(op))
    return emitGather(gather);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return emitReduce(reduce);
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return emitSoftmax(softmax);
  if (auto dimValue = dyn_cast<DimValueOp>(op))
    return emitDimValue(dimValue);
  return unsupported(op, "this operation");
}

LogicalResult KernelFormer::emitReturn() {
  auto terminator =
      cast<func::ReturnOp>(func.getBody().front().getTerminator());
  unsigned numInputs = plan.getNumInputs();
  for (auto [index, value] : llvm::enumerate(terminator.getOperands())) {
    Value argument = plan.getBody().getArgument(numInputs + index);
    FailureOr<View> view = viewOf(value);
    if (failed(view))
      return failure();
    if (view->base == argument)
      continue;
    copy(*view,
         View::contiguous(argument, shapeOf(value),
                          memoryType(elementOf(value))),
         value.getLoc());
  }
  return success();
}

LogicalResult KernelFormer::run() {
  auto terminator =
      cast<func::ReturnOp>(func.getBody().front().getTerminator());
  unsigned numInputs = plan.getNumInputs();
  for (auto [index, value] : llvm::enumerate(func.getArguments()))
    views[value] =
        View::contiguous(plan.getBody().getArgument(index), shapeOf(value),
                         memoryType(elementOf(value)));
  for (auto [index, value] : llvm::enumerate(terminator.getOperands()))
    pendingOutputs.try_emplace(
        value, View::contiguous(plan.getBody().getArgument(numInputs + index),
                                shapeOf(value), memoryType(elementOf(value))));
  for (const Group &group : groupOperations(func, shapes))
    if (failed(emit(group)))
      return failure();
  return emitReturn();
}

namespace {
/// The plan's interface, from the function's attributes.
FailureOr<PlanOp> createPlan(func::FuncOp func, const SymbolicShapes &shapes) {
  MLIRContext *context = func.getContext();
  OpBuilder builder(func);
  auto symbols = func->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  if (!symbols)
    symbols = builder.getArrayAttr({});
  SmallVector<Attribute> names, maps, types;
  SmallVector<Type> buffers;
  auto addPort = [&](Value value, Attribute name, const Twine &fallback) {
    const SymbolicShape &shape = shapes.find(value)->second;
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> extents;
    for (AffineExpr extent : shape)
      extents.push_back(staticExtent(extent));
    names.push_back(name ? name : builder.getStringAttr(fallback));
    maps.push_back(
        AffineMapAttr::get(AffineMap::get(0, symbols.size(), shape, context)));
    types.push_back(TypeAttr::get(type.getElementType()));
    buffers.push_back(
        MemRefType::get(extents, memoryType(type.getElementType())));
  };
  for (BlockArgument argument : func.getArguments())
    addPort(argument, func.getArgAttr(argument.getArgNumber(), kNameAttr),
            "input" + Twine(argument.getArgNumber()));
  Operation *terminator = func.getBody().front().getTerminator();
  for (auto [index, value] : llvm::enumerate(terminator->getOperands()))
    addPort(value, func.getResultAttr(index, kNameAttr),
            "output" + Twine(index));
  StringAttr name = func.getSymNameAttr();
  auto plan = PlanOp::create(
      builder, func.getLoc(), name, symbols, builder.getArrayAttr(names),
      builder.getI64IntegerAttr(func.getNumArguments()),
      builder.getArrayAttr(maps), builder.getArrayAttr(types));
  // What the importer had to assume of the symbols; checked at each run.
  if (Attribute required = func->getAttr(kRequiresAttr))
    plan->setAttr(kRequiresAttr, required);
  if (Attribute trim = func->getAttr(kTrimAttr))
    plan->setAttr(kTrimAttr, trim);
  Block &block = plan.getBody().emplaceBlock();
  for (Type type : buffers)
    block.addArgument(type, func.getLoc());
  return plan;
}

struct FormKernels : impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto func : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (!func.isDeclaration() && failed(convert(module, func)))
        return signalPassFailure();
  }

  LogicalResult convert(ModuleOp module, func::FuncOp func) {
    if (!func.getBody().hasOneBlock())
      return func.emitError() << "expected a function of one block";
    FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
    if (failed(shapes))
      return failure();
    FailureOr<PlanOp> plan = createPlan(func, *shapes);
    if (failed(plan))
      return failure();
    KernelFormer former(func, *plan, std::move(*shapes), module,
                        planes ? Density::Planes : Density::Dense);
    if (failed(former.run()))
      return failure();
    func.erase();
    return success();
  }
};
} // namespace
} // namespace mixbit
