//===- EmitRows.cpp - Groups that become mixbit.rows ----------------------===//
//
// All operations of the group become scalar arithmetic in one region. Operands
// from outside are inputs, whatever is read outside is an output. Dimensions
// that all of them run through alike are merged.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "passes/kernelize/KernelFormer.h"
#include "passes/kernelize/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mixbit {
static Value rowReduce(OpBuilder &builder, Location loc, Value x,
                       ReduceKind kind) {
  return RowReduceOp::create(builder, loc, x,
                             ReduceKindAttr::get(builder.getContext(), kind));
}

static Value add(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  return arith::AddFOp::create(b, loc, lhs, rhs);
}
static Value sub(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  return arith::SubFOp::create(b, loc, lhs, rhs);
}
static Value mul(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  return arith::MulFOp::create(b, loc, lhs, rhs);
}
static Value div(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  return arith::DivFOp::create(b, loc, lhs, rhs);
}

/// How many columns a row has, as f32: a constant where it is known.
static Value columnCount(OpBuilder &builder, Location loc, AffineExpr extent) {
  if (std::optional<int64_t> count = constantValue(extent))
    return floatConstant(builder, loc, builder.getF32Type(), *count);
  // The last column's index, plus one.
  Value column = ColumnOp::create(builder, loc, builder.getI32Type());
  Value last = rowReduce(builder, loc, column, ReduceKind::Max);
  Value one =
      arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(1));
  return arith::SIToFPOp::create(
      builder, loc, builder.getF32Type(),
      arith::AddIOp::create(builder, loc, last, one));
}

/// Layer normalization, softmax or a reduction of x along the row.
Value emitNormalization(OpBuilder &builder, Operation *op, Value x, Value gamma,
                        Value beta, Value count) {
  Location loc = op->getLoc();
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (reduce.getKind() != ReduceKind::Mean)
      return rowReduce(builder, loc, x, reduce.getKind());
    return div(builder, loc, rowReduce(builder, loc, x, ReduceKind::Add),
               count);
  }
  if (isa<SoftmaxOp>(op)) {
    Value max = rowReduce(builder, loc, x, ReduceKind::Max);
    Value e = math::ExpOp::create(builder, loc, sub(builder, loc, x, max));
    Value sum = rowReduce(builder, loc, e, ReduceKind::Add);
    Value one = floatConstant(builder, loc, x.getType(), 1);
    return mul(builder, loc, e, div(builder, loc, one, sum));
  }
  auto norm = cast<LayerNormOp>(op);
  Type type = x.getType();
  Value mean =
      div(builder, loc, rowReduce(builder, loc, x, ReduceKind::Add), count);
  Value centred = sub(builder, loc, x, mean);
  Value square = mul(builder, loc, centred, centred);
  Value variance = div(builder, loc,
                       rowReduce(builder, loc, square, ReduceKind::Add), count);
  Value epsilon =
      floatConstant(builder, loc, type, norm.getEpsilon().convertToDouble());
  Value deviation =
      math::SqrtOp::create(builder, loc, add(builder, loc, variance, epsilon));
  Value inverse =
      div(builder, loc, floatConstant(builder, loc, type, 1), deviation);
  Value y = mul(builder, loc, mul(builder, loc, centred, inverse), gamma);
  return beta ? add(builder, loc, y, beta) : y;
}

/// The same for one and two bits, whose scale is a multiple of mean|x|.
static std::pair<Value, Value>
emitQuantizeFew(OpBuilder &builder, QuantizeRowsOp op, Value x, Value count) {
  Location loc = op.getLoc();
  Type type = x.getType();
  auto constant = [&](double value) {
    return floatConstant(builder, loc, type, value);
  };
  auto less = [&](Value lhs, Value rhs) -> Value {
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, lhs,
                                 rhs);
  };
  auto select = [&](Value condition, Value yes, Value no) -> Value {
    return arith::SelectOp::create(builder, loc, condition, yes, no);
  };
  Value sum = rowReduce(builder, loc, math::AbsFOp::create(builder, loc, x),
                        ReduceKind::Add);
  Value scale = div(builder, loc, sum, count);
  Value code;
  if (op.getBits() == 1) {
    code = select(less(x, constant(0)), constant(-1), constant(1));
  } else {
    scale = mul(builder, loc, scale, constant(4.0 / 3.0));
    // round(x / scale) to -1, 0 or 1 without a division.
    Value half = mul(builder, loc, scale, constant(0.5));
    Value negative = math::CopySignOp::create(builder, loc, constant(1), x);
    code = select(less(half, math::AbsFOp::create(builder, loc, x)), negative,
                  constant(0));
  }
  code = arith::FPToSIOp::create(builder, loc, builder.getI8Type(), code);
  return {code, scale};
}

/// Codes and scale of mixbit.quantize_rows.
static std::pair<Value, Value>
emitQuantize(OpBuilder &builder, QuantizeRowsOp op, Value x, Value count) {
  if (op.getBits() <= 2)
    return emitQuantizeFew(builder, op, x, count);
  Location loc = op.getLoc();
  Type type = x.getType();
  double limit = (1 << (op.getBits() - 1)) - 1;
  Value largest = floatConstant(builder, loc, type, limit);
  Value zero = floatConstant(builder, loc, type, 0);
  Value max = rowReduce(builder, loc, math::AbsFOp::create(builder, loc, x),
                        ReduceKind::Max);
  // Also rows so small that limit / max would overflow are zero.
  Value isZero = arith::CmpFOp::create(
      builder, loc, arith::CmpFPredicate::OLT, max,
      floatConstant(builder, loc, type, limit / 3.4028234e38));
  Value scale = arith::SelectOp::create(
      builder, loc, isZero, zero,
      mul(builder, loc, max, floatConstant(builder, loc, type, 1 / limit)));
  Value inverse = arith::SelectOp::create(builder, loc, isZero, zero,
                                          div(builder, loc, largest, max));
  Value rounded =
      math::RoundEvenOp::create(builder, loc, mul(builder, loc, x, inverse));
  // Also what keeps NaN and infinities inside of the integers.
  rounded = arith::MaxNumFOp::create(builder, loc, rounded,
                                     floatConstant(builder, loc, type, -limit));
  rounded = arith::MinNumFOp::create(builder, loc, rounded, largest);
  Value code =
      arith::FPToSIOp::create(builder, loc, builder.getI8Type(), rounded);
  return {code, scale};
}

namespace {
/// One rows kernel in the making.
class RowsEmitter {
public:
  RowsEmitter(const Group &group, func::FuncOp func) : group(group) {
    for (Operation *op : group.ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !llvm::is_contained(group.ops, user);
            }))
          outputs.push_back(result);
  }

  const Group &group;
  SmallVector<Value> outputs;
  /// Inputs: the graph value and its view broadcast to the domain.
  llvm::MapVector<Value, View> inputs;
  /// Tables and their scales, read by mixbit.table_load.
  llvm::MapVector<Value, View> tables;
  llvm::MapVector<Value, View> tableScales, tableZeros;
  /// Tables that lie as a linear's weight.
  llvm::MapVector<Value, PackedLayout> tableLayouts;

  bool needsLastDimension() const {
    return llvm::any_of(group.ops,
                        [](Operation *op) { return !isElementwise(op); });
  }

  LogicalResult emitBody(OpBuilder &builder, Location loc, ValueRange inputArgs,
                         DenseMap<Value, Value> &tableArgs,
                         DenseMap<Value, Value> &scaleArgs,
                         DenseMap<Value, Value> &zeroArgs, AffineExpr columns);
};
} // namespace

/// A constant of one element may be written into the region.
static TypedAttr splatConstant(Value value) {
  DenseElementsAttr data;
  if (!matchPattern(value, m_Constant(&data)) || !data.isSplat())
    return {};
  return cast<TypedAttr>(data.getSplatValue<Attribute>());
}

LogicalResult RowsEmitter::emitBody(OpBuilder &builder, Location loc,
                                    ValueRange inputArgs,
                                    DenseMap<Value, Value> &tableArgs,
                                    DenseMap<Value, Value> &scaleArgs,
                                    DenseMap<Value, Value> &zeroArgs,
                                    AffineExpr columns) {
  IRMapping scalars;
  for (auto [input, argument] : llvm::zip(inputs, inputArgs)) {
    Type type = cast<RankedTensorType>(input.first.getType()).getElementType();
    scalars.map(input.first, fromMemory(builder, argument, type));
  }
  auto scalar = [&](Value value) -> Value {
    if (Value known = scalars.lookupOrNull(value))
      return known;
    Value constant =
        arith::ConstantOp::create(builder, loc, splatConstant(value));
    scalars.map(value, constant);
    return constant;
  };
  for (Operation *op : group.ops) {
    Location opLoc = op->getLoc();
    if (isElementwise(op)) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(scalar(operand));
      Value result = emitScalar(builder, op, operands);
      if (!result)
        return op->emitError()
               << "node '" << nodeName(opLoc, op->getName().getStringRef())
               << "': no kernel exists for " << op->getName().stripDialect()
               << " of " << op->getOperand(0).getType();
      scalars.map(op->getResult(0), result);
    } else if (auto embedding = dyn_cast<EmbeddingOp>(op)) {
      Value table = embedding.getTable();
      auto format = cast<RankedTensorType>(table.getType()).getElementType();
      bool quantized = isa<QuantizedTypeInterface>(format);
      LayoutAttr layout;
      DenseI64ArrayAttr shape;
      if (auto tied = tableLayouts.find(table); tied != tableLayouts.end()) {
        const PackedLayout &lies = tied->second;
        layout = LayoutAttr::get(builder.getContext(), lies.panel, lies.block,
                                 lies.inner, lies.bits, lies.trits);
        shape = builder.getDenseI64ArrayAttr(
            cast<RankedTensorType>(table.getType()).getShape());
      }
      Value value = TableLoadOp::create(
          builder, opLoc, quantized ? builder.getF32Type() : format,
          tableArgs.lookup(table), scalar(embedding.getIds()),
          scaleArgs.lookup(table), zeroArgs.lookup(table),
          quantized ? TypeAttr::get(format) : TypeAttr(), layout, shape);
      scalars.map(op->getResult(0), value);
    } else if (auto iota = dyn_cast<IotaOp>(op)) {
      Type type = cast<RankedTensorType>(iota.getType()).getElementType();
      auto constant = [&](int64_t value) -> Value {
        return arith::ConstantOp::create(builder, opLoc,
                                         builder.getIntegerAttr(type, value));
      };
      Value column = ColumnOp::create(builder, opLoc, type);
      Value scaled = arith::MulIOp::create(builder, opLoc, column,
                                           constant(iota.getStep()));
      Value sum = arith::AddIOp::create(builder, opLoc, scaled,
                                        constant(iota.getStart()));
      scalars.map(op->getResult(0), sum);
    } else if (auto quantize = dyn_cast<QuantizeRowsOp>(op)) {
      Value count = quantize.getBits() <= 2
                        ? columnCount(builder, opLoc, columns)
                        : Value();
      auto [code, scale] =
          emitQuantize(builder, quantize, scalar(quantize.getX()), count);
      scalars.map(quantize.getCodes(), code);
      scalars.map(quantize.getScales(), scale);
    } else {
      Value count, gamma, beta;
      if (auto norm = dyn_cast<LayerNormOp>(op)) {
        gamma = scalar(norm.getGamma());
        beta = norm.getBeta() ? scalar(norm.getBeta()) : Value();
      }
      if (!isa<SoftmaxOp>(op))
        count = columnCount(builder, opLoc, columns);
      scalars.map(op->getResult(0),
                  emitNormalization(builder, op, scalar(op->getOperand(0)),
                                    gamma, beta, count));
    }
  }
  SmallVector<Value> yielded;
  for (Value output : outputs)
    yielded.push_back(toMemory(builder, scalars.lookup(output)));
  YieldOp::create(builder, loc, yielded);
  return success();
}

/// The views without their dimensions of stride 0, and the maps that pick the
/// others out of the domain. What a broadcast stretched and no view runs along
/// stays with the first, which alone tells its extent.
static std::pair<SmallVector<View>, SmallVector<Attribute>>
dropStretched(ArrayRef<View> views, MLIRContext *context) {
  std::pair<SmallVector<View>, SmallVector<Attribute>> result;
  auto isStretched = [](const View &view, unsigned dim) {
    return constantValue(view.strides[dim]) == 0;
  };
  for (auto [index, view] : llvm::enumerate(views)) {
    View memory = view;
    memory.shape.clear();
    memory.strides.clear();
    SmallVector<AffineExpr> dims;
    for (unsigned i = 0; i != view.rank(); ++i) {
      bool isOnlyExtent =
          index == 0 && llvm::all_of(views, [&](const View &other) {
            return isStretched(other, i);
          });
      if (isStretched(view, i) && !isOnlyExtent)
        continue;
      dims.push_back(getAffineDimExpr(i, context));
      memory.shape.push_back(view.shape[i]);
      memory.strides.push_back(view.strides[i]);
    }
    result.first.push_back(memory);
    result.second.push_back(
        AffineMapAttr::get(AffineMap::get(view.rank(), 0, dims, context)));
  }
  return result;
}

/// What the profile calls the kernel: its operations, repetitions left out.
static std::string rowsName(const Group &group) {
  std::string name = "rows";
  StringRef last;
  int parts = 0;
  for (Operation *op : group.ops) {
    StringRef part = op->getName().stripDialect();
    if (auto unary = dyn_cast<UnaryOp>(op))
      part = stringifyUnaryKind(unary.getKind());
    else if (auto binary = dyn_cast<BinaryOp>(op))
      part = stringifyBinaryKind(binary.getKind());
    if (part == last || ++parts > 6)
      continue;
    name += "_" + part.str();
    last = part;
  }
  return name;
}

/// The operation whose ONNX node names the kernel: what is not elementwise.
static Location mainLocation(const Group &group) {
  for (Operation *op : group.ops)
    if (!isElementwise(op) && !isa<QuantizeRowsOp>(op))
      return op->getLoc();
  return group.ops.front()->getLoc();
}

/// The rows of a ternary table, five codes a byte.
static ElementsAttr tritTable(const QuantizedMatrix &matrix,
                              MLIRContext *context, StringRef name) {
  auto type = RankedTensorType::get({matrix.rows, tritRowBytes(matrix.cols)},
                                    IntegerType::get(context, 8));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(type.getNumElements(), 64);
  packTritRows(matrix,
               MutableArrayRef<uint8_t>(
                   reinterpret_cast<uint8_t *>(blob.getMutableData().data()),
                   type.getNumElements()));
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

LogicalResult KernelFormer::emitRows(const Group &group) {
  MLIRContext *context = builder.context();
  Location loc = mainLocation(group);
  RowsEmitter emitter(group, func);
  SymbolicShape domain = group.domain;
  if (domain.empty())
    domain.push_back(builder.constant(1));

  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if ((producer && llvm::is_contained(group.ops, producer)) ||
          emitter.inputs.count(operand) || emitter.tables.count(operand))
        continue;
      auto embedding = dyn_cast<EmbeddingOp>(op);
      if (embedding && operand == embedding.getTable()) {
        FailureOr<const PackedWeight *> tied = tiedWeight(embedding);
        if (failed(tied))
          return failure();
        if (const PackedWeight *packed = *tied) {
          emitter.tables[operand] = packed->codes;
          if (packed->scales.base)
            emitter.tableScales[operand] = packed->scales;
          if (packed->zeros.base)
            emitter.tableZeros[operand] = packed->zeros;
          emitter.tableLayouts[operand] = packed->layout;
          continue;
        }
        if (auto constant = operand.getDefiningOp<QuantizedConstantOp>()) {
          std::string name = nodeName(operand.getLoc(), "table");
          ElementsAttr codes = constant.getCodes();
          auto type = cast<RankedTensorType>(operand.getType());
          if (isa<TernaryType>(type.getElementType())) {
            FailureOr<QuantizedMatrix> matrix = readQuantized(constant);
            if (failed(matrix))
              return failure();
            codes = tritTable(*matrix, builder.context(), name);
          }
          emitter.tables[operand] = builder.weight(codes, name, loc);
          emitter.tableScales[operand] =
              builder.weight(constant.getScales(), name + "_scales", loc);
          if (constant.getZeros())
            emitter.tableZeros[operand] =
                builder.weight(*constant.getZeros(), name + "_zeros", loc);
          continue;
        }
        FailureOr<View> table = viewOf(operand);
        if (failed(table))
          return failure();
        emitter.tables[operand] = contiguous(*table, loc);
        continue;
      }
      if (splatConstant(operand))
        continue;
      FailureOr<View> view = viewOf(operand);
      if (failed(view))
        return failure();
      // Ids lack the last dimension, along which they are uniform.
      if (embedding) {
        view->shape.push_back(builder.constant(1));
        view->strides.push_back(builder.constant(0));
      }
      emitter.inputs[operand] = view->broadcast(domain);
    }
  }

  SmallVector<View> all;
  for (auto &[value, view] : emitter.inputs)
    all.push_back(view);
  for (Value output : emitter.outputs) {
    View view = allocate(output, loc);
    if (view.rank() != domain.size()) {
      view.shape.push_back(domain.back());
      view.strides.push_back(builder.constant(1));
    }
    if (isRowUniform(output))
      view.strides.back() = builder.constant(0);
    view.shape = domain;
    all.push_back(view);
  }
  collapseDomain(domain, all, emitter.needsLastDimension());

  auto stretched = dropStretched(all, context);
  SmallVector<View> &launched = stretched.first;
  ArrayRef<Attribute> maps = stretched.second;
  size_t numInputs = emitter.inputs.size();
  size_t numRowViews = launched.size();
  for (auto &[value, view] : emitter.tables)
    launched.push_back(view);
  for (auto &[value, view] : emitter.tableScales)
    launched.push_back(view);
  for (auto &[value, view] : emitter.tableZeros)
    launched.push_back(view);

  LogicalResult result = success();
  builder.launch(
      rowsName(group), launched, loc, [&](OpBuilder &inside, ValueRange args) {
        auto rows =
            RowsOp::create(inside, loc, args.take_front(numInputs),
                           args.slice(numInputs, numRowViews - numInputs),
                           inside.getArrayAttr(maps));
        Block &block = rows.getBody().emplaceBlock();
        for (size_t i = 0; i != numInputs; ++i)
          block.addArgument(launched[i].elementType, loc);
        DenseMap<Value, Value> tables, scales, zeros;
        size_t next = numRowViews;
        for (auto &[value, view] : emitter.tables)
          tables[value] = args[next++];
        for (auto &[value, view] : emitter.tableScales)
          scales[value] = args[next++];
        for (auto &[value, view] : emitter.tableZeros)
          zeros[value] = args[next++];
        OpBuilder body = OpBuilder::atBlockBegin(&block);
        result = emitter.emitBody(body, loc, block.getArguments(), tables,
                                  scales, zeros, domain.back());
      });
  return result;
}

LogicalResult KernelFormer::emitRowOp(Operation *op, const View &input,
                                      const View &output, bool uniform) {
  MLIRContext *context = builder.context();
  Location loc = op->getLoc();
  SymbolicShape domain = input.shape;
  View out = output;
  if (uniform)
    out.strides.push_back(builder.constant(0));
  out.shape = domain;
  SmallVector<View> all = {input.broadcast(domain), out};
  collapseDomain(domain, all, /*keepLast=*/true);
  auto stretched = dropStretched(all, context);
  ArrayRef<Attribute> maps = stretched.second;
  builder.launch("rows_" + op->getName().stripDialect().str(), stretched.first,
                 loc, [&](OpBuilder &inside, ValueRange args) {
                   auto rows = RowsOp::create(inside, loc, args[0], args[1],
                                              inside.getArrayAttr(maps));
                   Block &block = rows.getBody().emplaceBlock();
                   Value x = block.addArgument(input.elementType, loc);
                   OpBuilder body = OpBuilder::atBlockBegin(&block);
                   Value count = columnCount(body, loc, domain.back());
                   YieldOp::create(
                       body, loc,
                       emitNormalization(body, op, x, Value(), Value(), count));
                 });
  return success();
}
} // namespace mixbit
