//===- EmitContract.cpp - Linears and their epilogues ---------------------===//
//
// The weight is packed for the generator at this point; the elementwise
// operations of the group become the epilogue's region, after the bias.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "lib/quant/Halves.h"
#include "lib/quant/Packing.h"
#include "passes/kernelize/KernelFormer.h"
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mixbit {
/// A dense_resource over freshly allocated memory that `write` fills, as
/// elements or, with T of uint8_t, as bytes.
template <typename T>
static ElementsAttr packedAttr(ArrayRef<int64_t> shape, Type elementType,
                               StringRef name,
                               function_ref<void(MutableArrayRef<T>)> write) {
  auto type = RankedTensorType::get(shape, elementType);
  size_t count = type.getNumElements() *
                 llvm::divideCeil(type.getElementTypeBitWidth(), 8) / sizeof(T);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(count * sizeof(T), 64);
  write(MutableArrayRef<T>(reinterpret_cast<T *>(blob.getMutableData().data()),
                           count));
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

namespace {
struct PackedWeight {
  View codes, scales, zeros; ///< the last two empty (no base) if absent
  Type format;
  PackedLayout layout;
  int64_t outputs, inputs;
};
} // namespace

static FailureOr<PackedWeight> packWeight(Value weight, unsigned dataBits,
                                          PlanBuilder &builder, Density density,
                                          Operation *user) {
  Location loc = weight.getLoc();
  std::string name = nodeName(loc, "weight");
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t n = type.getDimSize(0), k = type.getDimSize(1);
  MLIRContext *context = builder.context();
  Type f32 = Float32Type::get(context);
  PackedWeight packed;
  packed.outputs = n;
  packed.inputs = k;
  packed.format = type.getElementType();

  if (auto constant = weight.getDefiningOp<QuantizedConstantOp>()) {
    FailureOr<QuantizedMatrix> matrix = readQuantized(constant);
    if (failed(matrix))
      return failure();
    packed.layout = layoutFor(matrix->format, density, dataBits);
    const PackedLayout &layout = packed.layout;
    packed.codes =
        builder.weight(packedAttr<uint8_t>(layout.bytes(n, k),
                                           IntegerType::get(context, 8), name,
                                           [&](MutableArrayRef<uint8_t> out) {
                                             packCodes(*matrix, layout, out);
                                           }),
                       name, loc);
    int64_t shape[] = {layout.panels(n), matrix->format.colGroups(k),
                       layout.panel};
    auto format = cast<QuantizedTypeInterface>(packed.format);
    packed.scales =
        builder.weight(packedAttr<uint8_t>(shape, format.getScaleElementType(),
                                           name + "_scales",
                                           [&](MutableArrayRef<uint8_t> out) {
                                             packScales(*matrix, layout, out);
                                           }),
                       name + "_scales", loc);
    if (matrix->format.hasZero())
      packed.zeros = builder.weight(
          packedAttr<uint8_t>(shape, IntegerType::get(context, 8),
                              name + "_zeros",
                              [&](MutableArrayRef<uint8_t> out) {
                                packZeros(*matrix, layout, out);
                              }),
          name + "_zeros", loc);
    return packed;
  }

  DenseElementsAttr dense;
  DenseResourceElementsAttr resource;
  std::optional<Format> format = formatOf(packed.format);
  if (format && !format->isFloat())
    format.reset();
  FloatMatrix source;
  source.rows = n;
  source.cols = k;
  std::vector<float> expanded;
  if (format && matchPattern(weight, m_Constant(&resource)) &&
      resource.getRawHandle().getBlob()) {
    source.data = resource.getRawHandle().getBlob()->getData().data();
    source.kind = format->scale;
  } else if (matchPattern(weight, m_Constant(&dense))) {
    for (APFloat value : dense.getValues<APFloat>())
      expanded.push_back(value.convertToDouble());
    source.data = expanded.data();
  }
  if (!source.data || !format || typeOf(context, *format) != packed.format)
    return user->emitError()
           << "node '" << nodeName(user->getLoc(), "linear")
           << "': expected a constant weight of f32, f16, bf16 or of a "
              "quantized type, but got "
           << type;
  packed.layout = layoutFor(*format);
  const PackedLayout &layout = packed.layout;
  int64_t shape[] = {layout.bytes(n, k) / 4};
  if (format->bits == 16)
    packed.codes = builder.weight(
        packedAttr<uint8_t>(
            layout.bytes(n, k), IntegerType::get(context, 8), name,
            [&](MutableArrayRef<uint8_t> out) {
              packHalves(
                  source, layout, format->scale,
                  MutableArrayRef(reinterpret_cast<uint16_t *>(out.data()),
                                  out.size() / 2));
            }),
        name, loc);
  else
    packed.codes =
        builder.weight(packedAttr<float>(shape, f32, name,
                                         [&](MutableArrayRef<float> out) {
                                           packFloats(source, layout, out);
                                         }),
                       name, loc);
  if (weight.hasOneUse())
    releaseData(weight.getDefiningOp<arith::ConstantOp>());
  return packed;
}

/// "int8", "int4_g128", "fp32", ...: formats in kernels' names.
static std::string shortName(Type format) {
  std::optional<Format> parsed = formatOf(format);
  std::string name = formatName(*parsed);
  if (!parsed->isFloat() && parsed->groupCols)
    name += "_g" + std::to_string(parsed->groupCols);
  return name;
}

LogicalResult KernelFormer::emitContract(const Group &group) {
  MLIRContext *context = builder.context();
  Operation *op = group.ops.front();
  Location loc = op->getLoc();
  auto quantized = dyn_cast<QuantizedLinearOp>(op);
  auto linear = dyn_cast<LinearOp>(op);
  Value weight = quantized ? quantized.getWeight() : linear.getWeight();
  Value bias = quantized ? quantized.getBias() : linear.getBias();
  if (linear && isa<QuantizedTypeInterface, MixedType>(
                    cast<RankedTensorType>(weight.getType()).getElementType()))
    return unsupported(op, "a quantized weight with float activations");

  FailureOr<View> a = asMatrix(op->getOperand(0), loc);
  if (failed(a))
    return failure();
  unsigned dataBits = quantized ? quantized.getBits() : 32;
  FailureOr<PackedWeight> packed =
      packWeight(weight, dataBits, builder, density, op);
  if (failed(packed))
    return failure();

  // Operands in the order of the kernel's arguments.
  SmallVector<View> operands = {*a, packed->codes};
  if (quantized) {
    FailureOr<View> scales = viewOf(quantized.getScales());
    if (failed(scales))
      return failure();
    SymbolicShape rows = {a->shape[0]};
    operands.push_back(*contiguous(*scales, loc).reshape(rows));
    operands.push_back(packed->scales);
    if (packed->zeros.base)
      operands.push_back(packed->zeros);
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
    operands.push_back(isColumn ? contiguous(*view, loc)
                                : asMatrix(*view, loc));
    maps.push_back(AffineMapAttr::get(isColumn ? columnMap : pointMap));
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
      bool isSplat =
          matchPattern(operand, m_Constant(&constant)) && constant.isSplat();
      if (!inside && !isSplat && failed(addExtra(operand)))
        return failure();
    }
  Value result = group.ops.back()->getResult(0);
  View out = allocate(result, loc);
  operands.push_back(asMatrix(out, loc));
  maps.push_back(AffineMapAttr::get(pointMap));

  std::string name = "linear_" + shortName(packed->format);
  if (dataBits < 8)
    name += "_a" + std::to_string(dataBits);
  name += "_" + std::to_string(packed->inputs) + "x" +
          std::to_string(packed->outputs);
  for (Operation *member : ArrayRef(group.ops).drop_front()) {
    if (auto unary = dyn_cast<UnaryOp>(member))
      name += "_" + stringifyUnaryKind(unary.getKind()).str();
    else if (auto binary = dyn_cast<BinaryOp>(member))
      name += "_" + stringifyBinaryKind(binary.getKind()).str();
  }
  LogicalResult status = success();
  builder.launch(name, operands, loc, [&](OpBuilder &inside, ValueRange args) {
    Value scalesOfA = quantized ? args[2] : Value();
    Value scalesOfW = quantized ? args[3] : Value();
    Value zerosOfW = packed->zeros.base ? args[4] : Value();
    const PackedLayout &layout = packed->layout;
    auto contract = ContractOp::create(
        inside, loc, args[0], scalesOfA, args[1], scalesOfW, zerosOfW,
        args.slice(numFixed, extras.size()), args.take_back(1),
        inside.getArrayAttr(maps), TypeAttr::get(packed->format),
        inside.getDenseI64ArrayAttr({packed->outputs, packed->inputs}),
        LayoutAttr::get(context, layout.panel, layout.block, layout.inner,
                        layout.bits, layout.trits),
        layout.isBitPlanes() ? inside.getI64IntegerAttr(dataBits)
                             : IntegerAttr());
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
