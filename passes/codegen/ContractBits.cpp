//===- ContractBits.cpp - Loops around tiles that count bits --------------===//
//
// Strips of rows and panels of 64 outputs as in ContractCpu.cpp. Once a strip,
// rows of codes become words of bits, or nibbles that choose tables, and their
// corrections; once a panel and strip, Tables unpacks the panel's nibbles.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/ContractBits.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// Inputs of a word.
static constexpr int64_t kWord = 32;

namespace {
class BitsDriver {
public:
  BitsDriver(KernelBuilder &kernel, ContractOp op, const ContractPlan &plan)
      : kernel(kernel), op(op), plan(plan), ir(kernel.run, kernel.loc) {
    chooseTiles();
  }

  void emit();

private:
  void chooseTiles();
  void reserveScratch();
  Value countTables();
  void prepareRow(Value source, Value row);
  void copyRow(Value source);
  /// Writes a word's bits and offsets; adds to the counts of (neg, nz).
  std::pair<Value, Value> prepareWord(Value codes, Value row, Value word);
  void unpackPanel(Value panel);
  void emitColumns(const BitTile &tile, Value firstRow, Value rows, Value panel,
                   Value columns);
  void emitTiles(const BitTile &tile, const TilePlace &place, Value rows);

  KernelBuilder &kernel;
  ContractOp op;
  const ContractPlan &plan;
  ContractIr ir;
  ContractBuffers buffers;
  BitBuffers bits;
  BitTile many, one; ///< for many rows, and for a few one by one
  int64_t stripRows;
  Value padded; ///< a row's codes with zeros behind
};
} // namespace

void BitsDriver::chooseTiles() {
  const Target &target = *plan.target;
  bool isX86 = target.triple.starts_with("x86_64");
  bool native = target.features.contains("+avx512vpopcntdq");
  // Counts of 8 bits a word each: 15 words fit in 7 bits, as mixbit.dot wants.
  int64_t wordChunk = native ? INT64_MAX / 64 : 15;
  int lanes = plan.lanes;
  bool wide = target.numRegisters >= 32;
  many = {false, native, native ? 6 : 4, wide ? 4 : 2, lanes, wordChunk};
  // The whole panel where it fits, so that lines are read in order.
  int vectors = std::min<int>(kPanel / lanes, target.numRegisters / 2);
  one = {false, native, 1, vectors, lanes, wordChunk};
  if (isX86 && target.vectorBits >= 256 && !native) {
    // Counts of 4 bits, 8 a word: 7 words fit in a byte. All 64 outputs.
    int bytes = target.vectorBits / 8;
    many = {true, false, wide ? 8 : 4, int(kPanel / bytes), bytes, 7};
  }
  stripRows = (128 + many.rows - 1) / many.rows * many.rows;
}

void BitsDriver::reserveScratch() {
  OpBuilder &b = ir.b;
  auto reserve = [&](ArrayRef<int64_t> shape, Type type) {
    return kernel.reserveScratch(MemRefType::get(shape, type), {}, {});
  };
  int64_t words = plan.paddedK / kWord;
  bits.sums = reserve({many.rows, kPanel}, b.getF32Type());
  bits.counts = reserve({many.rows, kPanel}, b.getI32Type());
  bits.corrections = reserve({stripRows, plan.groups}, b.getI32Type());
  bits.words = reserve({stripRows, words * plan.dataBits}, b.getI32Type());
  if (plan.copyRows)
    padded = reserve({plan.paddedK}, b.getI8Type());
  if (many.tables) {
    bits.offsets = reserve({stripRows, words * 8}, b.getI16Type());
    bits.nibbles = reserve({words * plan.bits * 8 * kPanel}, b.getI8Type());
    bits.tables = countTables();
  }
}

/// Table neg | nz << 4 holds the counts of (b & nz) ^ neg for nibbles b.
Value BitsDriver::countTables() {
  OpBuilder &b = ir.b;
  StringRef name = "mixbit_bit_counts";
  auto type = MemRefType::get({256 * 16}, b.getI8Type());
  auto module = op->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    SmallVector<int8_t> counts;
    for (unsigned table = 0; table < 256; ++table)
      for (unsigned nibble = 0; nibble < 16; ++nibble)
        counts.push_back(llvm::popcount((nibble & table >> 4) ^ (table & 15)));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    memref::GlobalOp::create(
        b, ir.loc, name, b.getStringAttr("private"), type,
        DenseElementsAttr::get(
            RankedTensorType::get(type.getShape(), b.getI8Type()),
            ArrayRef<int8_t>(counts)),
        /*constant=*/true, b.getI64IntegerAttr(64));
  }
  return memref::GetGlobalOp::create(b, ir.loc, type, name);
}

void BitsDriver::emit() {
  buffers = bindContractBuffers(kernel, op, plan);
  reserveScratch();
  ContractIr extent(kernel.extent, kernel.loc);
  Value extentRows = memref::DimOp::create(kernel.extent, kernel.loc,
                                           kernel.extentBuffer(op.getA()), 0);
  StripSplit split = {stripRows, many.rows};
  Value size = extent.mul(split.strips(extent, extentRows), plan.panels());

  Value allRows = memref::DimOp::create(ir.b, ir.loc, buffers.a, 0);
  auto emitStrip = [&](Value firstRow, Value rows, Value first, Value last) {
    ir.loop(ir.index(0), rows, 1,
            [&](Value row) { prepareRow(ir.add(firstRow, row), row); });
    ir.loop(first, last, 1, [&](Value panel) {
      Value columns = ir.index(kPanel);
      if (plan.n % kPanel)
        columns =
            ir.min(ir.sub(ir.index(plan.n), ir.mul(panel, kPanel)), columns);
      // Unpacking a panel pays from four rows on.
      Value few = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::ule,
                                        rows, ir.index(many.tables ? 3 : 1));
      auto branch =
          scf::IfOp::create(ir.b, ir.loc, few, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(ir.b);
      ir.b.setInsertionPointToStart(branch.thenBlock());
      emitColumns(one, firstRow, rows, panel, columns);
      ir.b.setInsertionPointToStart(branch.elseBlock());
      if (many.tables)
        unpackPanel(panel);
      emitColumns(many, firstRow, rows, panel, columns);
    });
  };
  split.forEach(ir, kernel, allRows, emitStrip);
  kernel.finish(size);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// The row's codes in `padded`, zeros up to whole words.
void BitsDriver::copyRow(Value source) {
  auto type = VectorType::get(kWord, ir.b.getI8Type());
  int64_t whole = plan.k / kWord * kWord;
  ir.loop(ir.index(0), ir.index(whole), kWord, [&](Value k) {
    Value codes = vector::LoadOp::create(ir.b, ir.loc, type, buffers.a,
                                         ValueRange{source, k});
    vector::StoreOp::create(ir.b, ir.loc, codes, padded, k);
  });
  vector::StoreOp::create(ir.b, ir.loc, ir.splat(type, 0), padded,
                          ir.index(whole));
  ir.loop(ir.index(whole), ir.index(plan.k), 1, [&](Value k) {
    Value code =
        memref::LoadOp::create(ir.b, ir.loc, buffers.a, ValueRange{source, k});
    memref::StoreOp::create(ir.b, ir.loc, code, padded, k);
  });
}

void BitsDriver::prepareRow(Value source, Value row) {
  if (plan.copyRows)
    copyRow(source);
  auto type = VectorType::get(kWord, ir.b.getI8Type());
  int64_t words = plan.paddedK / kWord, groupWords = plan.groupSize / kWord;
  ir.loop(ir.index(0), ir.index(plan.groups), 1, [&](Value group) {
    Value first = ir.mul(group, groupWords);
    Value last = ir.min(ir.add(first, groupWords), ir.index(words));
    Value zero = ir.i32(0);
    SmallVector<Value> counts = ir.loop(
        first, last, 1, {zero, zero}, [&](Value word, ValueRange carried) {
          Value k = ir.mul(word, kWord);
          Value codes =
              plan.copyRows
                  ? vector::LoadOp::create(ir.b, ir.loc, type, padded, k)
                  : vector::LoadOp::create(ir.b, ir.loc, type, buffers.a,
                                           ValueRange{source, k});
          auto [negative, nonzero] = prepareWord(codes, row, word);
          return SmallVector<Value>{
              arith::AddIOp::create(ir.b, ir.loc, carried[0], negative),
              arith::AddIOp::create(ir.b, ir.loc, carried[1], nonzero)};
        });
    // The planes' sum is that of code * a and (2^planes - 1) * neg; what a code
    // for zero adds is zero * sum(a), with sum(a) = nz - 2 * neg. A binary
    // weight is 2 * code - 1: 2 * (counts - neg) - (nz - 2 * neg).
    int64_t negatives =
        plan.binary ? 0 : 2 * *plan.zero - ((1 << plan.bits) - 1);
    int64_t nonzeros = plan.binary ? -1 : -*plan.zero;
    auto times = [&](Value count, int64_t factor) -> Value {
      return arith::MulIOp::create(ir.b, ir.loc, count, ir.i32(factor));
    };
    Value correction = arith::AddIOp::create(
        ir.b, ir.loc, times(counts[0], negatives), times(counts[1], nonzeros));
    memref::StoreOp::create(ir.b, ir.loc, correction, bits.corrections,
                            ValueRange{row, group});
  });
}

std::pair<Value, Value> BitsDriver::prepareWord(Value codes, Value row,
                                                Value word) {
  auto bytes = cast<VectorType>(codes.getType());
  Value zeros = ir.splat(bytes, 0);
  Value isNegative = arith::CmpIOp::create(
      ir.b, ir.loc, arith::CmpIPredicate::slt, codes, zeros);
  Value isNonzero = arith::CmpIOp::create(
      ir.b, ir.loc, arith::CmpIPredicate::ne, codes, zeros);
  auto toWord = [&](Value mask) -> Value {
    auto type = VectorType::get(1, ir.b.getI32Type());
    Value cast = vector::BitCastOp::create(ir.b, ir.loc, type, mask);
    return vector::ExtractOp::create(ir.b, ir.loc, cast, 0);
  };
  Value negative = toWord(isNegative), nonzero = toWord(isNonzero);
  Value at = ir.mul(word, plan.dataBits);
  memref::StoreOp::create(ir.b, ir.loc, negative, bits.words,
                          ValueRange{row, at});
  if (plan.dataBits == 2)
    memref::StoreOp::create(ir.b, ir.loc, nonzero, bits.words,
                            ValueRange{row, ir.add(at, 1)});
  if (many.tables) {
    // Bit k%4 of each nibble, then the nibbles of 4 neighbours in one byte.
    SmallVector<int8_t> minus, plus;
    for (int64_t k = 0; k < kWord; ++k) {
      minus.push_back(int8_t(17 << k % 4));
      plus.push_back(int8_t(16 << k % 4));
    }
    auto constant = [&](ArrayRef<int8_t> values) -> Value {
      return arith::ConstantOp::create(ir.b, ir.loc,
                                       DenseElementsAttr::get(bytes, values));
    };
    auto select = [&](Value condition, Value yes, Value no) -> Value {
      return arith::SelectOp::create(ir.b, ir.loc, condition, yes, no);
    };
    Value part = select(isNegative, constant(minus),
                        select(isNonzero, constant(plus), zeros));
    auto fours = VectorType::get(kWord / 4, ir.b.getI32Type());
    Value tables = vector::BitCastOp::create(ir.b, ir.loc, fours, part);
    for (int64_t shift : {16, 8}) {
      Value moved =
          arith::ShRUIOp::create(ir.b, ir.loc, tables, ir.splat(fours, shift));
      tables = arith::OrIOp::create(ir.b, ir.loc, tables, moved);
    }
    tables = arith::AndIOp::create(ir.b, ir.loc, tables, ir.splat(fours, 255));
    // Tables are 16 bytes.
    tables = arith::ShLIOp::create(ir.b, ir.loc, tables, ir.splat(fours, 4));
    tables = arith::TruncIOp::create(
        ir.b, ir.loc, VectorType::get(kWord / 4, ir.b.getI16Type()), tables);
    vector::StoreOp::create(ir.b, ir.loc, tables, bits.offsets,
                            ValueRange{row, ir.mul(word, 8)});
  }
  auto count = [&](Value x) -> Value {
    return math::CtPopOp::create(ir.b, ir.loc, x);
  };
  return {count(negative), count(nonzero)};
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

/// Nibbles of the panel as bytes, [plane][K / 4][64 outputs].
void BitsDriver::unpackPanel(Value panel) {
  auto line = VectorType::get(64, ir.b.getI8Type());
  int64_t words = plan.paddedK / kWord, planes = plan.bits;
  constexpr int64_t lines = kPanel / kLine;
  // Byte b of output o is at 4 * o + b.
  SmallVector<int64_t> byBytes;
  for (int64_t lane = 0; lane < 64; ++lane)
    byBytes.push_back(lane % kLine * 4 + lane / kLine);
  Value first = ir.mul(panel, words * lines * planes * 64);
  ir.loop(ir.index(0), ir.index(words), 1, [&](Value word) {
    Value from = ir.add(first, ir.mul(word, lines * planes * 64));
    Value to = ir.mul(word, 8 * kPanel);
    for (int64_t part = 0; part < lines * planes; ++part) {
      int64_t group = part / planes, plane = part % planes;
      Value codes = vector::LoadOp::create(ir.b, ir.loc, line, buffers.w,
                                           ir.add(from, part * 64));
      codes = vector::ShuffleOp::create(ir.b, ir.loc, codes, codes, byBytes);
      Value mask = ir.splat(line, 15);
      Value high =
          arith::ShRUIOp::create(ir.b, ir.loc, codes, ir.splat(line, 4));
      Value halves[] = {arith::AndIOp::create(ir.b, ir.loc, codes, mask), high};
      for (int64_t nibble = 0; nibble < 8; ++nibble) {
        Value bytes = vector::ExtractStridedSliceOp::create(
            ir.b, ir.loc, halves[nibble % 2],
            ArrayRef<int64_t>{nibble / 2 * kLine}, ArrayRef<int64_t>{kLine},
            ArrayRef<int64_t>{1});
        vector::StoreOp::create(
            ir.b, ir.loc, bytes, bits.nibbles,
            ir.add(to, (plane * words * 8 + nibble) * kPanel + group * kLine));
      }
    }
  });
}

void BitsDriver::emitColumns(const BitTile &tile, Value firstRow, Value rows,
                             Value panel, Value columns) {
  int64_t width = tile.columns();
  ir.loop(ir.index(0), columns, width, [&](Value column) {
    Value left = ir.min(ir.sub(columns, column), ir.index(width));
    ir.loop(ir.index(0), rows, tile.rows, [&](Value localRow) {
      TilePlace place;
      place.localRow = localRow;
      place.row = ir.add(firstRow, localRow);
      place.panel = panel;
      place.column = column;
      Value count = ir.sub(rows, localRow);
      if (tile.rows > 1)
        count = ir.min(count, ir.index(tile.rows));
      emitTiles(tile, place, count);
      EpilogueEmitter epilogue(ir.b, ir.loc, op, plan, buffers);
      epilogue.emitTile(bits.sums, place, count, left, width);
    });
  });
}

/// The tile of as many rows as there are.
void BitsDriver::emitTiles(const BitTile &tile, const TilePlace &place,
                           Value rows) {
  BitTileEmitter emitter(ir.b, ir.loc, plan, buffers, bits);
  if (tile.rows == 1)
    return emitter.emit(tile, place);
  SmallVector<int64_t> cases;
  for (int64_t r = 1; r < tile.rows; ++r)
    cases.push_back(r);
  auto choice = scf::IndexSwitchOp::create(ir.b, ir.loc, TypeRange(), rows,
                                           cases, cases.size());
  OpBuilder::InsertionGuard guard(ir.b);
  auto fill = [&](Region &region, int count) {
    ir.b.setInsertionPointToStart(&region.emplaceBlock());
    BitTile some = tile;
    some.rows = count;
    emitter.emit(some, place);
    scf::YieldOp::create(ir.b, ir.loc);
  };
  fill(choice.getDefaultRegion(), tile.rows);
  for (auto [region, count] : llvm::zip(choice.getCaseRegions(), cases))
    fill(region, count);
}

void emitContractBits(KernelBuilder &kernel, ContractOp op,
                      const ContractPlan &plan) {
  BitsDriver(kernel, op, plan).emit();
}

} // namespace mixbit
