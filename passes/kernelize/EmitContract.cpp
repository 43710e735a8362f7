//===- EmitContract.cpp - Linears and their epilogues ---------------------===//
//
// The elementwise operations of the group become the epilogue's region, after
// the bias. A weight in segments of several formats is a launch for each, which
// writes its columns of the one result.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "passes/kernelize/KernelFormer.h"
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mixbit {
/// "int8", "int4_g128", "fp32", ...: formats in kernels' names.
static std::string shortName(Type format) {
  std::optional<Format> parsed = formatOf(format);
  std::string name = formatName(*parsed);
  if (!parsed->isFloat() && parsed->groupCols)
    name += "_g" + std::to_string(parsed->groupCols);
  return name;
}

/// Columns [first, first + count) of a view's last dimension.
static View columnsOf(const View &view, int64_t first, int64_t count,
                      PlanBuilder &builder) {
  if (constantValue(view.shape.back()) == count)
    return view;
  SmallVector<AffineExpr> starts(view.rank(), builder.constant(0));
  SymbolicShape sizes = view.shape;
  starts.back() = builder.constant(first);
  sizes.back() = builder.constant(count);
  SmallVector<int64_t> steps(view.rank(), 1);
  return view.slice(starts, sizes, steps);
}

LogicalResult KernelFormer::emitContract(const Group &group) {
  Operation *op = group.ops.front();
  Location loc = op->getLoc();
  auto quantized = dyn_cast<QuantizedLinearOp>(op);
  auto linear = dyn_cast<LinearOp>(op);
  Value weight = quantized ? quantized.getWeight() : linear.getWeight();
  if (linear && isa<QuantizedTypeInterface, MixedType>(
                    cast<RankedTensorType>(weight.getType()).getElementType()))
    return unsupported(op, "a quantized weight with float activations");

  FailureOr<View> a = asMatrix(op->getOperand(0), loc);
  if (failed(a))
    return failure();
  auto packed = packWeight(weight, quantized ? quantized.getBits() : 32, op);
  if (failed(packed))
    return failure();
  View out = asMatrix(allocate(group.ops.back()->getResult(0), loc), loc);
  for (const PackedWeight &segment : *packed)
    if (failed(emitSegment(group, segment, *a, out)))
      return failure();
  return success();
}

LogicalResult KernelFormer::emitSegment(const Group &group,
                                        const PackedWeight &packed,
                                        const View &a, const View &out) {
  MLIRContext *context = builder.context();
  Operation *op = group.ops.front();
  Location loc = op->getLoc();
  auto quantized = dyn_cast<QuantizedLinearOp>(op);
  auto linear = dyn_cast<LinearOp>(op);
  Value bias = quantized ? quantized.getBias() : linear.getBias();
  unsigned dataBits = quantized ? quantized.getBits() : 32;
  auto columns = [&](const View &view) {
    return columnsOf(view, packed.first, packed.outputs, builder);
  };

  // Operands in the order of the kernel's arguments.
  SmallVector<View> operands = {a, packed.codes};
  if (quantized) {
    FailureOr<View> scales = viewOf(quantized.getScales());
    if (failed(scales))
      return failure();
    SymbolicShape rows = {a.shape[0]};
    operands.push_back(scales->rank() == 0
                           ? scales->broadcast(rows)
                           : *contiguous(*scales, loc).reshape(rows));
    operands.push_back(packed.scales);
    if (packed.zeros.base)
      operands.push_back(packed.zeros);
  }
  size_t numFixed = operands.size();

  AffineExpr m = getAffineDimExpr(0, context), n = getAffineDimExpr(1, context);
  AffineMap columnMap = AffineMap::get(2, 0, n);
  AffineMap pointMap = AffineMap::get(2, 0, {m, n}, context);
  SmallVector<Attribute> maps;
  llvm::MapVector<Value, unsigned> extras; // value -> region argument
  auto addExtra = [&](Value value) -> LogicalResult {
    if (extras.count(value))
      return success();
    FailureOr<View> view = viewOf(value);
    if (failed(view))
      return failure();
    bool isColumn = view->rank() == 1 && group.domain.size() != 1;
    isColumn |= value == bias;
    if (view->rank() == 0) {
      operands.push_back(*view);
      maps.push_back(AffineMapAttr::get(AffineMap::get(2, 0, context)));
    } else {
      operands.push_back(
          columns(isColumn ? contiguous(*view, loc) : asMatrix(*view, loc)));
      maps.push_back(AffineMapAttr::get(isColumn ? columnMap : pointMap));
    }
    unsigned position = extras.size() + 1;
    extras[value] = position;
    return success();
  };
  if (bias && failed(addExtra(bias)))
    return failure();
  for (Operation *member : ArrayRef(group.ops).drop_front())
    for (Value operand : member->getOperands()) {
      DenseElementsAttr constant;
      Operation *producer = operand.getDefiningOp();
      bool inside = producer && llvm::is_contained(group.ops, producer);
      bool isSplat = matchPattern(operand, m_Constant(&constant)) &&
                     constant.isSplat() && !isKernelArgument(member, operand);
      if (!inside && !isSplat && failed(addExtra(operand)))
        return failure();
    }
  Value result = group.ops.back()->getResult(0);
  operands.push_back(columns(out));
  maps.push_back(AffineMapAttr::get(pointMap));

  std::string name = "linear_" + shortName(packed.format);
  if (dataBits < 8)
    name += "_a" + std::to_string(dataBits);
  name += "_" + std::to_string(packed.inputs) + "x" +
          std::to_string(packed.outputs);
  for (Operation *member : ArrayRef(group.ops).drop_front()) {
    if (auto unary = dyn_cast<UnaryOp>(member))
      name += "_" + stringifyUnaryKind(unary.getKind()).str();
    else if (auto binary = dyn_cast<BinaryOp>(member))
      name += "_" + stringifyBinaryKind(binary.getKind()).str();
    else if (isa<QuantizeOp>(member))
      name += "_quantize";
  }
  LogicalResult status = success();
  builder.launch(name, operands, loc, [&](OpBuilder &inside, ValueRange args) {
    Value scalesOfA = quantized ? args[2] : Value();
    Value scalesOfW = quantized ? args[3] : Value();
    Value zerosOfW = packed.zeros.base ? args[4] : Value();
    const PackedLayout &layout = packed.layout;
    auto contract = ContractOp::create(
        inside, loc, args[0], scalesOfA, args[1], scalesOfW, zerosOfW,
        args.slice(numFixed, extras.size()), args.take_back(1),
        inside.getArrayAttr(maps), TypeAttr::get(packed.format),
        inside.getDenseI64ArrayAttr({packed.outputs, packed.inputs}),
        LayoutAttr::get(context, layout.panel, layout.block, layout.inner,
                        layout.bits, layout.trits),
        layout.isBitPlanes() ? inside.getI64IntegerAttr(dataBits)
                             : IntegerAttr(),
        quantized ? quantized.getFullRangeAttr() : UnitAttr());
    Block &block = contract.getEpilogue().emplaceBlock();
    Type f32 = inside.getF32Type();
    for (size_t i = 0; i != extras.size() + 1; ++i)
      block.addArgument(f32, loc);
    OpBuilder body = OpBuilder::atBlockBegin(&block);
    IRMapping scalars;
    for (auto [value, position] : extras)
      scalars.map(value, block.getArgument(position));
    Value value = block.getArgument(0);
    if (bias)
      value = arith::AddFOp::create(body, loc, value,
                                    block.getArgument(extras[bias]));
    scalars.map(op->getResult(0), value);
    for (Operation *member : ArrayRef(group.ops).drop_front()) {
      SmallVector<Value> inputs;
      for (Value operand : member->getOperands()) {
        DenseElementsAttr constant;
        if (!scalars.contains(operand) &&
            matchPattern(operand, m_Constant(&constant)))
          scalars.map(operand, arith::ConstantOp::create(
                                   body, loc,
                                   cast<TypedAttr>(
                                       constant.getSplatValue<Attribute>())));
        inputs.push_back(scalars.lookup(operand));
      }
      Value scalar = emitScalar(body, member, inputs);
      if (!scalar) {
        status = unsupported(member, "an epilogue of this element type");
        scalar = inputs.front();
      }
      scalars.map(member->getResult(0), scalar);
    }
    YieldOp::create(body, loc, scalars.lookup(result));
  });
  return status;
}
} // namespace mixbit
