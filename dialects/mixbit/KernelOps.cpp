//===- KernelOps.cpp - Verifiers of the tile operations -------------------===//
//
// Codegen relies on these: operands' types, maps and regions fit together, so
// that expanding a tile operation cannot fail halfway.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/VerifyHelpers.h"
#include "lib/quant/Packing.h"

using namespace mlir;
using namespace mixbit::verify;

namespace mixbit {

static MemRefType memrefOf(Value value) {
  return cast<MemRefType>(value.getType());
}

/// A memref of `element` with exactly this static shape.
static LogicalResult expectBuffer(Operation *op, StringRef what, Value value,
                                  ArrayRef<int64_t> shape, Type element) {
  MemRefType type = memrefOf(value);
  if (type.getShape() == shape && type.getElementType() == element)
    return success();
  return op->emitOpError() << "expected " << what << " of "
                           << MemRefType::get(shape, element) << ", but got "
                           << type;
}

/// One map a value, over `dims` dimensions and no symbols, with a result for
/// each dimension of the value.
static LogicalResult verifyMaps(Operation *op, ArrayAttr maps, ValueRange first,
                                ValueRange second, unsigned dims) {
  if (maps.size() != first.size() + second.size())
    return op->emitOpError()
           << "expected a map for each of " << first.size() + second.size()
           << " buffers, but got " << maps.size();
  for (auto [index, attr] : llvm::enumerate(maps)) {
    AffineMap map = cast<AffineMapAttr>(attr).getValue();
    Value value =
        index < first.size() ? first[index] : second[index - first.size()];
    if (map.getNumDims() != dims || map.getNumSymbols() != 0 ||
        map.getNumResults() != unsigned(memrefOf(value).getRank()))
      return op->emitOpError()
             << "expected a map of " << dims << " dimensions to the "
             << memrefOf(value).getRank() << " of " << value.getType()
             << ", but got " << attr;
  }
  return success();
}

/// The region ends in a yield of one element of each output.
static LogicalResult verifyYield(Operation *op, Block &body, ValueRange outs) {
  auto yield = body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.back());
  if (!yield)
    return op->emitOpError() << "expected a region that ends in mixbit.yield";
  if (yield.getValues().size() != outs.size())
    return yield.emitOpError()
           << "expected " << outs.size() << " values, but got "
           << yield.getValues().size();
  for (auto [value, out] : llvm::zip(yield.getValues(), outs))
    if (value.getType() != memrefOf(out).getElementType())
      return yield.emitOpError() << "expected an element of " << out.getType()
                                 << ", but got " << value.getType();
  return success();
}

/// The region's arguments: `leading` and then an element of each value.
static LogicalResult verifyArguments(Operation *op, Block &body,
                                     ArrayRef<Type> leading,
                                     ValueRange values) {
  SmallVector<Type> expected(leading);
  for (Value value : values)
    expected.push_back(memrefOf(value).getElementType());
  if (llvm::equal(expected, body.getArgumentTypes()))
    return success();
  auto diagnostic = op->emitOpError() << "expected region arguments (";
  llvm::interleaveComma(expected, diagnostic);
  diagnostic << "), but got (";
  llvm::interleaveComma(body.getArgumentTypes(), diagnostic);
  return diagnostic << ")";
}

//===----------------------------------------------------------------------===//
// mixbit.contract
//===----------------------------------------------------------------------===//

namespace {
/// A weight as contractions read it.
struct PackedOperands {
  Value codes, scales, zeros;
  Type format;
};
} // namespace

/// The packed weight with its scales and zero points.
static LogicalResult verifyPacked(Operation *op, const PackedOperands &weight,
                                  const Format &format,
                                  const PackedLayout &layout, int64_t n,
                                  int64_t k) {
  MemRefType w = memrefOf(weight.codes);
  unsigned width = format.isFloat() && w.getElementType().isF32() ? 4 : 1;
  if ((width == 1 && !w.getElementType().isInteger(8)) || w.getRank() != 1 ||
      !w.hasStaticShape() || w.getDimSize(0) * width != layout.bytes(n, k))
    return op->emitOpError() << "expected packed weights of "
                             << layout.bytes(n, k) << " bytes, but got " << w;
  if (bool(weight.scales) == format.isFloat() ||
      bool(weight.zeros) != (!format.isFloat() && format.hasZero()))
    return op->emitOpError()
           << "expected scales and zero points exactly if the format has "
              "them, but got "
           << weight.format << (weight.scales ? " with" : " without")
           << " scales and" << (weight.zeros ? " with" : " without")
           << " zero points";
  int64_t shape[] = {layout.panels(n), format.colGroups(k), layout.panel};
  Builder builder(op->getContext());
  if (weight.scales) {
    auto type = cast<QuantizedTypeInterface>(weight.format);
    if (failed(expectBuffer(op, "scales", weight.scales, shape,
                            type.getScaleElementType())))
      return failure();
  }
  if (weight.zeros && failed(expectBuffer(op, "zero points", weight.zeros,
                                          shape, builder.getI8Type())))
    return failure();
  return success();
}

static PackedLayout layoutOf(LayoutAttr attr) {
  return {attr.getPanel(), attr.getBlock(), attr.getInner(), attr.getBits(),
          attr.getTrits()};
}

LogicalResult ContractOp::verify() {
  Builder builder(getContext());
  std::optional<Format> format = formatOf(getFormat());
  if (!format ||
      (format->isFloat() && typeOf(getContext(), *format) != getFormat()))
    return emitOpError() << "expected a quantized format, f32, f16 or bf16, "
                            "but got "
                         << getFormat();
  if (failed(expectNumbers(*this, "extents of the weight", getShape(), 2, 1)))
    return failure();
  int64_t n = getShape()[0], k = getShape()[1];
  LayoutAttr attr = getLayout();
  PackedLayout layout = layoutOf(attr);
  if (!layoutFits(layout, *format))
    return emitOpError() << "expected a layout that " << getFormat()
                         << " can be packed in, but got " << attr;

  if (getABits() && (*getABits() < 1 || *getABits() > 2))
    return emitOpError() << "expected a_bits of 1 or 2, but got "
                         << *getABits();
  if (layout.isBitPlanes() != getABits().has_value())
    return emitOpError() << "expected a_bits exactly with weights in bit "
                            "planes, but got "
                         << attr << (getABits() ? " with" : " without")
                         << " a_bits";

  MemRefType a = memrefOf(getA());
  if (failed(expectRank(*this, "a", a, 2)))
    return failure();
  // Wider rows are padded with zeros.
  if (a.isDynamicDim(1) || a.getDimSize(1) < k)
    return emitOpError() << "expected rows of " << k
                         << " inputs or more, but got " << a;
  bool isQuantized = a.getElementType().isInteger(8);
  if (!isQuantized && !a.getElementType().isF32())
    return emitOpError() << "expected a of f32 or i8, but got " << a;
  if (isQuantized && format->isFloat())
    return emitOpError() << "expected a of f32 with weights of floats, but got "
                         << a;
  if (getABits() && !isQuantized)
    return emitOpError() << "expected a of i8 with a_bits, but got " << a;
  if (getFullRange() && (!isQuantized || getABits()))
    return emitOpError() << "expected a of i8 and no a_bits with a full range, "
                            "but got "
                         << a << (getABits() ? " with" : " without")
                         << " a_bits";
  if (bool(getAScales()) != isQuantized)
    return emitOpError() << "expected scales of a exactly if it is i8, but got "
                         << a << (getAScales() ? " with" : " without")
                         << " scales";
  if (isQuantized &&
      (failed(expectRank(*this, "scales of a", getAScales().getType(), 1)) ||
       failed(expectElement(*this, "scales of a", getAScales().getType(),
                            builder.getF32Type())) ||
       failed(expectExtent(*this, "scales of a", getAScales().getType(), 0,
                           a.getDimSize(0)))))
    return failure();
  PackedOperands weight{getW(), getWScales(), getWZeros(), getFormat()};
  if (failed(verifyPacked(*this, weight, *format, layout, n, k)))
    return failure();

  if (getOuts().empty())
    return emitOpError() << "expected one output or more, but got none";
  if (failed(verifyMaps(*this, getMaps(), getExtras(), getOuts(), 2)) ||
      failed(verifyArguments(*this, getEpilogue().front(),
                             {builder.getF32Type()}, getExtras())))
    return failure();
  return verifyYield(*this, getEpilogue().front(), getOuts());
}

//===----------------------------------------------------------------------===//
// mixbit.rows
//===----------------------------------------------------------------------===//

/// Extents along the dimensions that plain map results name agree, and each
/// dimension has one.
static LogicalResult verifyExtents(RowsOp op, unsigned dims) {
  SmallVector<int64_t> extents(dims, ShapedType::kDynamic);
  SmallVector<bool> named(dims, false);
  size_t numIns = op.getIns().size();
  for (size_t index = op.getMaps().size(); index-- != 0;) {
    AffineMap map = cast<AffineMapAttr>(op.getMaps()[index]).getValue();
    bool isOut = index >= numIns;
    Value value = isOut ? op.getOuts()[index - numIns] : op.getIns()[index];
    if (isOut && !map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return op.emitOpError()
             << "expected outputs' maps that name each dimension at most "
                "once, but got "
             << op.getMaps()[index];
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        continue;
      int64_t extent = memrefOf(value).getDimSize(position);
      int64_t &known = extents[dim.getPosition()];
      named[dim.getPosition()] = true;
      if (!agree(known, extent))
        return op.emitOpError()
               << "expected " << known << " along d" << dim.getPosition()
               << ", but got " << value.getType();
      if (ShapedType::isDynamic(known))
        known = extent;
    }
  }
  for (auto [index, isNamed] : llvm::enumerate(named))
    if (!isNamed)
      return op.emitOpError() << "expected a map that names d" << index
                              << ", but got " << op.getMaps();
  return success();
}

/// Only scalar arithmetic in the region, and a row-uniform value where one is
/// needed.
static LogicalResult verifyRowsBody(RowsOp op, unsigned dims) {
  Block &body = op.getBody().front();
  AffineExpr along = getAffineDimExpr(dims - 1, op.getContext());
  auto varies = [&](size_t index) {
    AffineMap map = cast<AffineMapAttr>(op.getMaps()[index]).getValue();
    return map.isFunctionOfDim(cast<AffineDimExpr>(along).getPosition());
  };
  llvm::SmallPtrSet<Value, 16> varying;
  for (BlockArgument arg : body.getArguments())
    if (varies(arg.getArgNumber()))
      varying.insert(arg);
  auto isVarying = [&](Value value) { return varying.contains(value); };
  for (Operation &inner : body) {
    if (isa<RowReduceOp>(inner))
      continue;
    if (auto load = dyn_cast<TableLoadOp>(inner)) {
      if (isVarying(load.getRow()))
        return load.emitOpError()
               << "expected a row-uniform index, but got one that varies "
                  "along the row";
      if (load.getTable().getParentRegion() == &op.getBody())
        return load.emitOpError()
               << "expected a table from outside of the region";
      varying.insert(load.getResult());
      continue;
    }
    if (auto yield = dyn_cast<YieldOp>(inner)) {
      for (auto [index, value] : llvm::enumerate(yield.getValues()))
        if (isVarying(value) && !varies(op.getIns().size() + index))
          return yield.emitOpError()
                 << "expected a row-uniform value for output " << index
                 << ", but got one that varies along the row";
      continue;
    }
    StringRef dialect = inner.getName().getDialectNamespace();
    if ((dialect != "arith" && dialect != "math" && !isa<ColumnOp>(inner)) ||
        inner.getNumRegions() != 0)
      return inner.emitError()
             << "expected arith, math or row operations in mixbit.rows, but "
                "got "
             << inner.getName();
    if (isa<ColumnOp>(inner) || llvm::any_of(inner.getOperands(), isVarying))
      varying.insert(inner.result_begin(), inner.result_end());
  }
  return success();
}

LogicalResult RowsOp::verify() {
  if (getOuts().empty())
    return emitOpError() << "expected one output or more, but got none";
  if (getMaps().empty())
    return emitOpError() << "expected maps, but got none";
  unsigned dims = cast<AffineMapAttr>(getMaps()[0]).getValue().getNumDims();
  if (dims == 0)
    return emitOpError() << "expected one dimension or more, but got "
                         << getMaps();
  if (failed(verifyMaps(*this, getMaps(), getIns(), getOuts(), dims)) ||
      failed(verifyExtents(*this, dims)) ||
      failed(verifyArguments(*this, getBody().front(), {}, getIns())) ||
      failed(verifyYield(*this, getBody().front(), getOuts())))
    return failure();
  return verifyRowsBody(*this, dims);
}

LogicalResult RowReduceOp::verify() {
  if (llvm::is_contained({ReduceKind::Add, ReduceKind::Max, ReduceKind::Min},
                         getKind()))
    return success();
  return emitOpError() << "expected add, max or min, but got "
                       << stringifyReduceKind(getKind());
}

/// A table that lies as contractions read it.
static LogicalResult verifyPackedTable(TableLoadOp op) {
  Type type = op.getFormat() ? *op.getFormat() : op.getType();
  std::optional<Format> format = formatOf(type);
  PackedLayout layout = layoutOf(*op.getLayout());
  if (!format || !layoutFits(layout, *format) ||
      !tableReadsLayout(layout, *format))
    return op.emitOpError()
           << "expected a layout whose rows a table of " << type
           << " can be read by, but got " << *op.getLayout();
  if (!op.getShape())
    return op.emitOpError() << "expected a shape with a layout, but got none";
  if (failed(expectNumbers(op, "extents of the table", *op.getShape(), 2, 1)))
    return failure();
  if (!op.getType().isF32())
    return op.emitOpError()
           << "expected a result of f32, but got " << op.getType();
  PackedOperands table{op.getTable(), op.getScales(), op.getZeros(), type};
  return verifyPacked(op, table, *format, layout, (*op.getShape())[0],
                      (*op.getShape())[1]);
}

LogicalResult TableLoadOp::verify() {
  if (getLayout())
    return verifyPackedTable(*this);
  if (getShape())
    return emitOpError() << "expected a layout with a shape, but got none";
  MemRefType table = memrefOf(getTable());
  if (failed(expectRank(*this, "a table", table, 2)))
    return failure();
  if (!getFormat()) {
    if (getScales() || getZeros())
      return emitOpError() << "expected a format with scales, but got none";
    if (getType() != table.getElementType())
      return emitOpError() << "expected a result of " << table.getElementType()
                           << ", but got " << getType();
    return success();
  }
  auto format = formatOf(*getFormat());
  if (!format || format->isFloat())
    return emitOpError() << "expected a uniform quantized format, but got "
                         << *getFormat();
  if (!getType().isF32())
    return emitOpError() << "expected a result of f32, but got " << getType();
  Builder builder(getContext());
  if (failed(
          expectElement(*this, "a table of codes", table, builder.getI8Type())))
    return failure();
  if (!getScales())
    return emitOpError() << "expected scales with a format, but got none";
  Type scales = getScales().getType();
  if (failed(expectRank(*this, "scales", scales, 2)) ||
      failed(expectFloat(*this, "scales", scales)))
    return failure();
  if (bool(getZeros()) != format->hasZero())
    return emitOpError() << "expected zero points exactly if the format has "
                            "them, but got "
                         << *getFormat() << (getZeros() ? " with" : " without")
                         << " them";
  if (getZeros()) {
    Type zeros = getZeros().getType();
    if (failed(expectRank(*this, "zero points", zeros, 2)) ||
        failed(
            expectElement(*this, "zero points", zeros, builder.getI8Type())) ||
        failed(expectExtent(*this, "zero points", zeros, 0,
                            cast<MemRefType>(scales).getDimSize(0))) ||
        failed(expectExtent(*this, "zero points", zeros, 1,
                            cast<MemRefType>(scales).getDimSize(1))))
      return failure();
  }
  if (!ShapedType::isDynamic(table.getDimSize(0)))
    return expectExtent(*this, "scales", scales, 0,
                        format->rowGroups(table.getDimSize(0)));
  return success();
}

//===----------------------------------------------------------------------===//
// mixbit.attention_core and what is below the tile
//===----------------------------------------------------------------------===//

LogicalResult AttentionCoreOp::verify() {
  size_t count = getMaskKind() ? 4 : 3;
  if (getIns().size() != count)
    return emitOpError() << "expected " << count << " inputs"
                         << (getMaskKind() ? " with" : " without")
                         << " a kind of mask, but got " << getIns().size();
  Value q = getIns()[0], k = getIns()[1], v = getIns()[2], out = getOut();
  for (auto [name, value] : {std::pair<StringRef, Value>{"q", q},
                             {"k", k},
                             {"v", v},
                             {"out", out}}) {
    MemRefType type = memrefOf(value);
    if (failed(expectRank(*this, name, type, 4)) ||
        failed(
            expectElement(*this, name, type, Float32Type::get(getContext()))))
      return failure();
    auto [strides, offset] = type.getStridesAndOffset();
    if (strides.back() != 1)
      return emitOpError() << "expected " << name
                           << " of stride 1 along the last dimension, but got "
                           << type;
  }
  auto extent = [](Value value, int64_t dim) {
    return memrefOf(value).getDimSize(dim);
  };
  struct Same {
    StringRef name;
    Value value;
    int64_t dim;
    Value other;
    int64_t otherDim;
  };
  for (const Same &same :
       {Same{"k", k, 0, q, 0}, Same{"v", v, 0, q, 0}, Same{"out", out, 0, q, 0},
        Same{"v", v, 1, k, 1}, Same{"out", out, 1, q, 1}, Same{"k", k, 2, q, 2},
        Same{"v", v, 2, q, 2}, Same{"out", out, 2, q, 2}, Same{"k", k, 3, q, 3},
        Same{"out", out, 3, v, 3}})
    if (failed(expectExtent(*this, same.name, same.value.getType(), same.dim,
                            extent(same.other, same.otherDim))))
      return failure();
  if (!getScale().isFinite())
    return emitOpError() << "expected a finite scale, but got "
                         << getScaleAttr();
  if (!getMaskKind())
    return success();
  Type mask = getIns()[3].getType();
  if (*getMaskKind() == MaskKind::Keep) {
    if (failed(expectRank(*this, "a mask", mask, 2)) ||
        failed(expectExtent(*this, "a mask", mask, 0, extent(q, 0))) ||
        failed(expectExtent(*this, "a mask", mask, 1, extent(k, 1))))
      return failure();
    if (!isa<IntegerType>(getElementTypeOrSelf(mask)))
      return emitOpError() << "expected a mask of integers, but got " << mask;
    return success();
  }
  if (failed(expectRank(*this, "a mask", mask, 4)) ||
      failed(expectFloat(*this, "a mask", mask)))
    return failure();
  int64_t full[] = {extent(q, 0), extent(q, 2), extent(q, 1), extent(k, 1)};
  for (auto [dim, size] : llvm::enumerate(full))
    if (cast<MemRefType>(mask).getDimSize(dim) != 1 &&
        failed(expectExtent(*this, "a mask", mask, dim, size)))
      return failure();
  return success();
}

LogicalResult LookupOp::verify() {
  auto type = cast<VectorType>(getTable().getType());
  if (type.getRank() != 1 || type.isScalable() ||
      type.getNumElements() % 16 != 0)
    return emitOpError() << "expected a vector of a multiple of 16 bytes, but "
                            "got "
                         << type;
  return success();
}

LogicalResult DotOp::verify() {
  auto acc = cast<VectorType>(getAcc().getType());
  auto codes = cast<VectorType>(getCodes().getType());
  if (acc.getRank() != 1 || codes.getRank() != 1 || acc.isScalable() ||
      codes.isScalable())
    return emitOpError() << "expected vectors of one dimension, but got "
                         << codes << " for " << acc;
  // Four bytes fill an i32, two fill an i16.
  unsigned accBits = acc.getElementTypeBitWidth();
  unsigned codeBits = codes.getElementTypeBitWidth();
  if (accBits == codeBits ||
      codes.getDimSize(0) * codeBits != acc.getDimSize(0) * accBits)
    return emitOpError()
           << "expected codes that fill the sums' vector, but got " << codes
           << " for " << acc;
  if (getMaxCode() < 1 || getMaxCode() > 255)
    return emitOpError() << "expected a largest code of 1 to 255, but got "
                         << getMaxCode();
  return success();
}

LogicalResult KernelArgOp::verify() {
  if (getIndex() >= 1)
    return success();
  return emitOpError() << "expected a word after the error's, 1 or more, but "
                          "got "
                       << getIndex();
}

LogicalResult ScratchOp::verify() {
  MemRefType type = memrefOf(getBuffer());
  if (size_t(type.getNumDynamicDims()) == getSizes().size())
    return success();
  return emitOpError() << "expected a size for each of "
                       << type.getNumDynamicDims()
                       << " dynamic dimensions, but got " << getSizes().size();
}
} // namespace mixbit
