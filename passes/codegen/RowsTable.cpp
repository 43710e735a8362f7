//===- RowsTable.cpp - mixbit.table_load inside of a row ------------------===//
#include "passes/codegen/RowsTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

FailureOr<TableReader> TableReader::create(TableLoadOp op,
                                           const KernelBuilder &kernel) {
  TableReader reader(op);
  reader.table = kernel.runBuffer(op.getTable());
  if (LayoutAttr layout = op.getLayoutAttr()) {
    reader.layout = {layout.getPanel(), layout.getBlock(), layout.getInner(),
                     layout.getBits(), layout.getTrits()};
    reader.columns = (*op.getShape())[1];
  }
  if (!op.getFormat())
    return reader;
  auto format = dyn_cast<QuantizedTypeInterface>(*op.getFormat());
  if (!format || !op.getScales())
    return op.emitOpError() << "expected a table in a uniform quantized "
                               "format with scales, but got "
                            << *op.getFormat();
  reader.scales = kernel.runBuffer(op.getScales());
  if (op.getZeros())
    reader.zeros = kernel.runBuffer(op.getZeros());
  reader.bits = format.getCodeBits();
  reader.trits = isa<TernaryType>(*op.getFormat());
  reader.groupRows = format.getGroupShape()[0];
  reader.groupColumns = format.getGroupShape()[1];
  if (cast<MemRefType>(reader.scales.getType()).getDimSize(1) == 1 ||
      (reader.layout && reader.groupColumns >= reader.columns))
    reader.groupColumns = 0;
  return reader;
}

/// Keeps the first bad index in the context's mxb_error.
static void reportIndex(OpBuilder &builder, const KernelBuilder &kernel,
                        Location loc, Value bad, Value index, Value limit) {
  auto ifBad = scf::IfOp::create(builder, loc, bad, /*withElseRegion=*/false);
  OpBuilder inner = ifBad.getThenBodyBuilder();
  Value error = kernel.errorAddress(inner);
  Type i64 = inner.getI64Type();
  Value none = LLVM::ConstantOp::create(inner, loc, i64, 0);
  Value kind = LLVM::ConstantOp::create(inner, loc, i64, 1);
  // Several threads may meet bad indices: one of them wins.
  auto claim = LLVM::AtomicCmpXchgOp::create(inner, loc, error, none, kind,
                                             LLVM::AtomicOrdering::acq_rel,
                                             LLVM::AtomicOrdering::monotonic);
  Value won = LLVM::ExtractValueOp::create(inner, loc, claim, 1);
  auto ifWon = scf::IfOp::create(inner, loc, won, /*withElseRegion=*/false);
  OpBuilder winner = ifWon.getThenBodyBuilder();
  for (auto [field, value] : {std::pair(1, index), std::pair(2, limit)}) {
    Value address =
        LLVM::GEPOp::create(winner, loc, error.getType(), i64, error,
                            ArrayRef<LLVM::GEPArg>{int32_t(field)});
    LLVM::StoreOp::create(winner, loc, value, address);
  }
}

void TableReader::startRow(OpBuilder &builder, const KernelBuilder &kernel,
                           Value index) {
  Type i64 = builder.getI64Type();
  if (index.getType() != i64)
    index = arith::ExtSIOp::create(builder, loc, i64, index);
  Value zero = arith::ConstantIntOp::create(builder, loc, i64, 0);
  Value count =
      layout ? arith::ConstantIndexOp::create(builder, loc, (*op.getShape())[0])
                   .getResult()
             : memref::DimOp::create(builder, loc, table, 0).getResult();
  Value limit = arith::IndexCastOp::create(builder, loc, i64, count);
  Value negative = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::slt, index, zero);
  Value wrapped = arith::AddIOp::create(builder, loc, index, limit);
  Value actual =
      arith::SelectOp::create(builder, loc, negative, wrapped, index);
  // One unsigned comparison: what is still negative is huge.
  Value bad = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge,
                                    actual, limit);
  reportIndex(builder, kernel, loc, bad, index, limit);
  Value safe = arith::SelectOp::create(builder, loc, bad, zero, actual);
  row = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), safe);
  if (layout)
    startPackedRow(builder);
  if (!bits)
    return;
  scaleRow = arith::ConstantIndexOp::create(builder, loc, 0);
  if (groupRows == 1)
    scaleRow = row;
  else if (groupRows > 1)
    scaleRow = arith::DivUIOp::create(
        builder, loc, row,
        arith::ConstantIndexOp::create(builder, loc, groupRows));
  if (groupColumns != 0)
    return;
  Value column = arith::ConstantIndexOp::create(builder, loc, 0);
  rowScale = groupAccess(scales).loadScalar(builder, loc, groupPlace(column));
  if (zeros)
    rowZero = groupAccess(zeros).loadScalar(builder, loc, groupPlace(column));
}

SmallVector<Value, 3> TableReader::groupPlace(Value column) const {
  if (layout)
    return {panel, column, rowInPanel};
  return {scaleRow, column};
}

VectorAccess TableReader::groupAccess(Value buffer) const {
  Type stored = buffer == scales
                    ? getElementTypeOrSelf(op.getScales().getType())
                    : IntegerType::get(op.getContext(), 8);
  AffineExpr d0, d1, d2;
  bindDims(op.getContext(), d0, d1, d2);
  AffineExpr group = groupColumns ? d1.floorDiv(groupColumns) : d1;
  AffineMap map = layout
                      ? AffineMap::get(3, 0, {d0, group, d2}, op.getContext())
                      : AffineMap::get(2, 0, {d0, group}, op.getContext());
  return VectorAccess(buffer, map, 1, stored);
}

bool TableReader::isVectorized(int64_t lanes) const {
  // Lines of four inputs; a padded row ends with a whole block.
  if (layout)
    return bits && lanes % 4 == 0 && layout->block % lanes == 0;
  auto type = cast<MemRefType>(table.getType());
  auto map = AffineMap::getMultiDimIdentityMap(2, op.getContext());
  if (classifyAccess(type, map, 1) != AccessKind::Unit)
    return false;
  if (!bits)
    return true;
  if (groupColumns != 0 && groupColumns % lanes != 0)
    return false;
  return trits || lanes % (llvm::isPowerOf2_64(bits) ? 8 / bits : 8) == 0;
}

/// Codes, one a lane, as i8. The bytes of a vector hold 8/bits planes.
Value TableReader::codesByPlanes(OpBuilder &builder,
                                 const LaneRange &range) const {
  int64_t perByte = 8 / bits;
  VectorAccess bytes(table,
                     AffineMap::getMultiDimIdentityMap(2, op.getContext()), 1);
  Value per = arith::ConstantIndexOp::create(builder, loc, perByte);
  LaneRange byteRange{arith::DivUIOp::create(builder, loc, range.position, per),
                      range.lanes / perByte};
  if (range.isMasked())
    byteRange =
        maskedRange(builder, loc, byteRange.position,
                    arith::CeilDivUIOp::create(builder, loc, range.limit, per),
                    byteRange.lanes);
  Value packed = bytes.load(builder, loc, {row, byteRange.position}, byteRange);
  if (perByte == 1)
    return packed;
  Type i8 = builder.getI8Type();
  Value mask =
      splat(builder, loc,
            arith::ConstantIntOp::create(builder, loc, i8, (1 << bits) - 1),
            byteRange.lanes);
  SmallVector<Value> planes;
  for (int64_t plane = 0; plane < perByte; ++plane) {
    Value shift =
        splat(builder, loc,
              arith::ConstantIntOp::create(builder, loc, i8, plane * bits),
              byteRange.lanes);
    Value shifted = arith::ShRUIOp::create(builder, loc, packed, shift);
    planes.push_back(arith::AndIOp::create(builder, loc, shifted, mask));
  }
  // Interleaving p and p + half, again and again, restores the order.
  while (planes.size() > 1) {
    size_t half = planes.size() / 2;
    for (size_t i = 0; i < half; ++i)
      planes[i] = vector::InterleaveOp::create(builder, loc, planes[i],
                                               planes[i + half]);
    planes.resize(half);
  }
  return planes.front();
}

/// Eight codes are `bits` whole bytes: each lane takes the one or two bytes
/// that hold its code.
Value TableReader::codesByEights(OpBuilder &builder,
                                 const LaneRange &range) const {
  VectorAccess bytes(table,
                     AffineMap::getMultiDimIdentityMap(2, op.getContext()), 1);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  // Of `columns` codes, rounded up.
  auto bytesOf = [&](Value columns) -> Value {
    Value total = arith::MulIOp::create(builder, loc, columns, index(bits));
    return arith::CeilDivUIOp::create(builder, loc, total, index(8));
  };
  LaneRange byteRange{bytesOf(range.position), range.lanes / 8 * bits};
  if (range.isMasked())
    byteRange = maskedRange(builder, loc, byteRange.position,
                            bytesOf(range.limit), byteRange.lanes);
  Value packed = bytes.load(builder, loc, {row, byteRange.position}, byteRange);
  SmallVector<int64_t> low, high;
  SmallVector<int16_t> factors;
  for (int64_t lane = 0; lane < range.lanes; ++lane) {
    int64_t bit = lane * bits;
    low.push_back(bit / 8);
    high.push_back(std::min(bit / 8 + 1, byteRange.lanes - 1));
    // A shift left that is the same as the shift right by bit % 8 of what ends
    // in the upper byte: targets multiply lanes by different numbers, but not
    // all shift by them.
    factors.push_back(int16_t(1 << (8 - bit % 8)));
  }
  auto wide = VectorType::get(range.lanes, builder.getI16Type());
  auto splat16 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(wide, builder.getI16IntegerAttr(value)));
  };
  auto take = [&](ArrayRef<int64_t> lanes) -> Value {
    Value part = vector::ShuffleOp::create(builder, loc, packed, packed, lanes);
    return arith::ExtUIOp::create(builder, loc, wide, part);
  };
  Value factor = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(wide, ArrayRef(factors)));
  // (low << (8 - s)) >> 8 are the bits from s on, high << (8 - s) those above.
  Value first = arith::MulIOp::create(builder, loc, take(low), factor);
  first = arith::ShRUIOp::create(builder, loc, first, splat16(8));
  Value second = arith::MulIOp::create(builder, loc, take(high), factor);
  Value code = arith::OrIOp::create(builder, loc, first, second);
  code = arith::AndIOp::create(builder, loc, code, splat16((1 << bits) - 1));
  return arith::TruncIOp::create(
      builder, loc, VectorType::get(range.lanes, builder.getI8Type()), code);
}

/// Ternary codes, five to a byte. Lanes lie in a few bytes, which are read one
/// by one and spread by the lanes' numbers.
Value TableReader::codesByDigits(OpBuilder &builder,
                                 const LaneRange &range) const {
  auto wide = VectorType::get(range.lanes, builder.getI32Type());
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(wide, builder.getI32IntegerAttr(value)));
  };
  auto isAtLeast = [&](Value value, int32_t bound) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, value,
                                 constant(bound));
  };
  Value five = index(5);
  Value byte = arith::DivUIOp::create(builder, loc, range.position, five);
  Value start = arith::RemUIOp::create(builder, loc, range.position, five);
  start = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), start);
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < range.lanes; ++lane)
    numbers.push_back(lane);
  Value digit = arith::AddIOp::create(
      builder, loc, splat(builder, loc, start, range.lanes),
      arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(wide, ArrayRef(numbers))));
  // The byte of each lane, and which of its digits: 0 to 4.
  Value lastByte = arith::SubIOp::create(
      builder, loc, memref::DimOp::create(builder, loc, table, 1), index(1));
  Value packed, within = digit;
  for (int64_t i = 0; i * 5 < range.lanes + 4; ++i) {
    Value at = arith::AddIOp::create(builder, loc, byte, index(i));
    at = arith::MinUIOp::create(builder, loc, at, lastByte);
    Value scalar =
        memref::LoadOp::create(builder, loc, table, ValueRange{row, at});
    scalar = arith::ExtUIOp::create(builder, loc, builder.getI32Type(), scalar);
    Value spread = splat(builder, loc, scalar, range.lanes);
    if (i == 0) {
      packed = spread;
      continue;
    }
    Value beyond = isAtLeast(digit, i * 5);
    packed = arith::SelectOp::create(builder, loc, beyond, spread, packed);
    within = arith::SelectOp::create(
        builder, loc, beyond,
        arith::SubIOp::create(builder, loc, digit, constant(i * 5)), within);
  }
  Value power = constant(1);
  for (int32_t i = 1, value = 3; i < 5; ++i, value *= 3)
    power = arith::SelectOp::create(builder, loc, isAtLeast(within, i),
                                    constant(value), power);
  Value code = arith::MulIOp::create(builder, loc, packed, power);
  code = arith::AndIOp::create(builder, loc, code, constant(255));
  code = arith::MulIOp::create(builder, loc, code, constant(3));
  code = arith::ShRUIOp::create(builder, loc, code, constant(8));
  return arith::TruncIOp::create(
      builder, loc, VectorType::get(range.lanes, builder.getI8Type()), code);
}

/// Any width of codes, any strides: each lane on its own. A code may lie in
/// two bytes.
Value TableReader::codesByElement(OpBuilder &builder,
                                  const LaneRange &range) const {
  Type i32 = builder.getI32Type(), i8 = builder.getI8Type();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value lastByte = arith::SubIOp::create(
      builder, loc, memref::DimOp::create(builder, loc, table, 1), index(1));
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < range.lanes; ++lane) {
    Value column =
        arith::AddIOp::create(builder, loc, range.position, index(lane));
    Value bit = arith::MulIOp::create(builder, loc, column, index(bits));
    Value byte = arith::DivUIOp::create(builder, loc, bit, index(8));
    Value shift = arith::RemUIOp::create(builder, loc, bit, index(8));
    Value word;
    for (int64_t part = 0; part < 2; ++part) {
      Value at = arith::AddIOp::create(builder, loc, byte, index(part));
      at = arith::MinUIOp::create(builder, loc, at, lastByte);
      Value part8 =
          memref::LoadOp::create(builder, loc, table, ValueRange{row, at});
      Value part32 = arith::ExtUIOp::create(builder, loc, i32, part8);
      if (part == 0) {
        word = part32;
        continue;
      }
      Value high = arith::ShLIOp::create(
          builder, loc, part32,
          arith::ConstantIntOp::create(builder, loc, i32, 8));
      word = arith::OrIOp::create(builder, loc, word, high);
    }
    Value shift32 = arith::IndexCastOp::create(builder, loc, i32, shift);
    Value code = arith::AndIOp::create(
        builder, loc, arith::ShRUIOp::create(builder, loc, word, shift32),
        arith::ConstantIntOp::create(builder, loc, i32, (1 << bits) - 1));
    elements.push_back(arith::TruncIOp::create(builder, loc, i8, code));
  }
  return vector::FromElementsOp::create(
      builder, loc, VectorType::get(range.lanes, i8), elements);
}

/// Elements from the start of the table to those of the row, of which
/// neighbours in a line follow each other.
void TableReader::startPackedRow(OpBuilder &builder) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto times = [&](Value value, int64_t factor) -> Value {
    return arith::MulIOp::create(builder, loc, value, index(factor));
  };
  int64_t elementBytes = bits ? 1 : 4;
  panel = arith::DivUIOp::create(builder, loc, row, index(layout->panel));
  rowInPanel = arith::RemUIOp::create(builder, loc, row, index(layout->panel));
  Value strip = arith::DivUIOp::create(builder, loc, rowInPanel, index(16));
  Value inLine = arith::RemUIOp::create(builder, loc, rowInPanel, index(16));
  int64_t blockBytes = 16 * layout->block * layout->bits / 8;
  rowPlace = arith::AddIOp::create(
      builder, loc, times(panel, layout->panelBytes(columns) / elementBytes),
      times(strip, blockBytes / elementBytes));
  rowPlace = arith::AddIOp::create(builder, loc, rowPlace,
                                   times(inLine, layout->inner));
}

/// The codes of four inputs from `column` on, the bytes of a word.
Value TableReader::packedCodes(OpBuilder &builder, Value column) const {
  Type i32 = builder.getI32Type(), i8 = builder.getI8Type();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto times = [&](Value value, int64_t factor) -> Value {
    return arith::MulIOp::create(builder, loc, value, index(factor));
  };
  auto quotient = [&](Value value, int64_t divisor) -> Value {
    return arith::DivUIOp::create(builder, loc, value, index(divisor));
  };
  auto rest = [&](Value value, int64_t divisor) -> Value {
    return arith::RemUIOp::create(builder, loc, value, index(divisor));
  };
  auto plus = [&](Value lhs, Value rhs) -> Value {
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  };
  int64_t chunk = linesOfChunk(layout->bits);
  int64_t blockBytes = layout->panel * layout->block * layout->bits / 8;
  Value line = quotient(rest(column, layout->block), layout->inner);
  Value place =
      plus(rowPlace, times(quotient(column, layout->block), blockBytes));
  place = plus(place, times(quotient(line, chunk), chunk * 8 * layout->bits));
  Value inChunk = rest(line, chunk), word;
  int64_t first = 0;
  for (unsigned width : componentsOf(layout->bits)) {
    int64_t planes = 8 / width;
    Value at = plus(place, times(quotient(inChunk, planes), 64));
    Value bytes = vector::LoadOp::create(builder, loc, VectorType::get(4, i8),
                                         table, ValueRange{at});
    Value part = vector::ExtractOp::create(
        builder, loc,
        vector::BitCastOp::create(builder, loc, VectorType::get(1, i32), bytes),
        int64_t(0));
    if (planes > 1) {
      Value shift = times(rest(inChunk, planes), width);
      part = arith::ShRUIOp::create(
          builder, loc, part,
          arith::IndexCastOp::create(builder, loc, i32, shift));
      part = arith::AndIOp::create(
          builder, loc, part,
          arith::ConstantIntOp::create(builder, loc, i32,
                                       ((1 << width) - 1) * 0x01010101));
    }
    if (first)
      part = arith::ShLIOp::create(
          builder, loc, part,
          arith::ConstantIntOp::create(builder, loc, i32, first));
    word = word ? arith::OrIOp::create(builder, loc, word, part).getResult()
                : part;
    place = plus(place, index(chunk / planes * 64));
    first += width;
  }
  return word;
}

Value TableReader::codesByWords(OpBuilder &builder,
                                const LaneRange &range) const {
  Type i8 = builder.getI8Type(), i32 = builder.getI32Type();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  SmallVector<Value> elements;
  if (isVectorized(range.lanes)) {
    for (int64_t lane = 0; lane < range.lanes; lane += 4)
      elements.push_back(packedCodes(
          builder,
          arith::AddIOp::create(builder, loc, range.position, index(lane))));
    Value words = vector::FromElementsOp::create(
        builder, loc, VectorType::get(range.lanes / 4, i32), elements);
    return vector::BitCastOp::create(builder, loc,
                                     VectorType::get(range.lanes, i8), words);
  }
  Value last = index(columns - 1);
  for (int64_t lane = 0; lane < range.lanes; ++lane) {
    Value column =
        arith::AddIOp::create(builder, loc, range.position, index(lane));
    column = arith::MinUIOp::create(builder, loc, column, last);
    Value inWord = arith::RemUIOp::create(builder, loc, column, index(4));
    Value word = packedCodes(
        builder, arith::SubIOp::create(builder, loc, column, inWord));
    Value shift = arith::IndexCastOp::create(
        builder, loc, i32,
        arith::MulIOp::create(builder, loc, inWord, index(8)));
    elements.push_back(arith::TruncIOp::create(
        builder, loc, i8, arith::ShRUIOp::create(builder, loc, word, shift)));
  }
  return vector::FromElementsOp::create(
      builder, loc, VectorType::get(range.lanes, i8), elements);
}

/// A line holds one input of 16 rows.
Value TableReader::packedFloats(OpBuilder &builder,
                                const LaneRange &range) const {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value last = index(columns - 1), block = index(layout->block);
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < range.lanes; ++lane) {
    Value column =
        arith::AddIOp::create(builder, loc, range.position, index(lane));
    column = arith::MinUIOp::create(builder, loc, column, last);
    Value inBlock = arith::RemUIOp::create(builder, loc, column, block);
    Value blocks = arith::DivUIOp::create(builder, loc, column, block);
    Value at = arith::AddIOp::create(
        builder, loc,
        arith::MulIOp::create(builder, loc, blocks,
                              index(layout->panel * layout->block)),
        arith::MulIOp::create(builder, loc, inBlock, index(16)));
    at = arith::AddIOp::create(builder, loc, rowPlace, at);
    elements.push_back(
        memref::LoadOp::create(builder, loc, table, ValueRange{at}));
  }
  return vector::FromElementsOp::create(
      builder, loc, VectorType::get(range.lanes, op.getType()), elements);
}

Value TableReader::codes(OpBuilder &builder, const LaneRange &range) const {
  if (layout)
    return codesByWords(builder, range);
  if (trits)
    return codesByDigits(builder, range);
  if (!isVectorized(range.lanes))
    return codesByElement(builder, range);
  return llvm::isPowerOf2_64(bits) ? codesByPlanes(builder, range)
                                   : codesByEights(builder, range);
}

/// A scale or a zero point as the type that is computed with.
static Value widenTo(OpBuilder &builder, Location loc, Type type, Value value) {
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(type);
  if (value.getType() == type)
    return value;
  if (isa<IntegerType>(getElementTypeOrSelf(type)))
    return arith::ExtUIOp::create(builder, loc, type, value);
  return arith::ExtFOp::create(builder, loc, type, value);
}

Value TableReader::groupsOf(OpBuilder &builder, Value buffer, Value ofRow,
                            Type type, const LaneRange &range) const {
  if (groupColumns == 0)
    return splat(builder, loc, widenTo(builder, loc, type, ofRow), range.lanes);
  VectorAccess access = groupAccess(buffer);
  // A vector inside of one group has one of each.
  if (groupColumns % range.lanes == 0)
    return splat(
        builder, loc,
        widenTo(builder, loc, type,
                access.loadScalar(builder, loc, groupPlace(range.position))),
        range.lanes);
  return widenTo(builder, loc, type,
                 access.load(builder, loc, groupPlace(range.position), range));
}

Value TableReader::load(OpBuilder &builder, const LaneRange &range) const {
  if (!bits && layout)
    return packedFloats(builder, range);
  if (!bits) {
    VectorAccess access(table,
                        AffineMap::getMultiDimIdentityMap(2, op.getContext()),
                        1, op.getType());
    return access.load(builder, loc, {row, range.position}, range);
  }
  auto format = cast<QuantizedTypeInterface>(*op.getFormat());
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  Value code = arith::ExtUIOp::create(
      builder, loc, VectorType::get(range.lanes, i32), codes(builder, range));
  // Binary has its zero half way between the codes: 2c - 1 instead of c - 1/2.
  int64_t implicit = format.getDoubledImplicitZero();
  if (implicit % 2 == 0)
    implicit /= 2;
  else
    code = arith::AddIOp::create(builder, loc, code, code);
  Value zero =
      zeros ? groupsOf(builder, zeros, rowZero, i32, range)
            : splat(builder, loc,
                    arith::ConstantIntOp::create(builder, loc, i32, implicit),
                    range.lanes);
  code = arith::SubIOp::create(builder, loc, code, zero);
  Value level = arith::SIToFPOp::create(
      builder, loc, VectorType::get(range.lanes, f32), code);
  return arith::MulFOp::create(builder, loc, level,
                               groupsOf(builder, scales, rowScale, f32, range));
}

} // namespace mixbit
