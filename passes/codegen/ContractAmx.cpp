//===- ContractAmx.cpp - Panels on the tile registers of AMX --------------===//
//
// Dot of the contraction generator for tdpbsud: a tile register of 16 rows of
// data (64 signed bytes each) times one of 16 lines of weights (16 outputs x 4
// unsigned codes each) is added to 16 x 16 sums in i32. Sixteen lines that
// follow each other are one operand, so that weights of 8 bits are read where
// they lie; others are expanded once a strip and panel.
//
// Whole tiles are two by two: registers 0 to 3 are sums, 4 and 5 rows, 6 and 7
// lines. What is left of the rows below 32 has a configuration of its own:
// more than 16 are two by two again, up to 16 one by four, where the lines take
// turns in registers 5 to 7. The registers are named here, not allocated, so
// nothing can spill.
//
// Weights of bf16 (tdpbf16ps) are lines of 16 outputs x 2 inputs, data rounded
// to bf16 by the driver; an operand is 32 inputs, and what is left over of K is
// copied with zeros behind. The sums are floats.
//
// With several groups along K the sums leave the registers at the end of each;
// their scales are applied in the order of K, as everywhere. Groups below 64
// inputs, and single rows, take the target's vector tiles instead.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/ContractAmx.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// Rows of a tile register, and bytes of one of its rows.
static constexpr int64_t kTileRows = 16, kTileBytes = 64;
/// Outputs of a tile register.
static constexpr int64_t kTileOutputs = 16;
/// Rows of two by two tiles.
static constexpr int64_t kRows = 2 * kTileRows;

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

void AmxEmitter::call(StringRef name, ValueRange operands) {
  LLVM::CallIntrinsicOp::create(ir.b, ir.loc, ir.b.getStringAttr(name),
                                operands);
}

Value AmxEmitter::tileRegister(int number) {
  return arith::ConstantIntOp::create(ir.b, ir.loc, number, 8);
}

Value AmxEmitter::i64(Value index) {
  return arith::IndexCastOp::create(ir.b, ir.loc, ir.b.getI64Type(), index);
}

Value AmxEmitter::address(Value buffer, Value byteOffset) {
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(ir.b, ir.loc, buffer);
  return LLVM::IntToPtrOp::create(ir.b, ir.loc,
                                  LLVM::LLVMPointerType::get(ir.b.getContext()),
                                  i64(ir.add(base, byteOffset)));
}

void AmxEmitter::zero(int tile) {
  call("llvm.x86.tilezero", tileRegister(tile));
}
void AmxEmitter::load(int tile, Value address, Value stride) {
  call("llvm.x86.tileloadd64", {tileRegister(tile), address, i64(stride)});
}
void AmxEmitter::store(int tile, Value address, Value stride) {
  call("llvm.x86.tilestored64", {tileRegister(tile), address, i64(stride)});
}
void AmxEmitter::multiply(int sums, int rows, int lines) {
  call(plan.bf16Products ? "llvm.x86.tdpbf16ps" : "llvm.x86.tdpbsud",
       {tileRegister(sums), tileRegister(rows), tileRegister(lines)});
}

//===----------------------------------------------------------------------===//
// Configurations
//===----------------------------------------------------------------------===//

/// A palette with 64 bytes a row in all registers, and 16 rows.
static Value wholePalette(ContractIr &ir) {
  SmallVector<int8_t> bytes(64, 0);
  bytes[0] = 1;
  for (int tile = 0; tile < 8; ++tile) {
    bytes[16 + 2 * tile] = kTileBytes;
    bytes[48 + tile] = kTileRows;
  }
  auto type = VectorType::get(64, ir.b.getI8Type());
  return arith::ConstantOp::create(
      ir.b, ir.loc, DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes)));
}

void AmxEmitter::reserve(KernelBuilder &kernel) {
  Type i8 = ir.b.getI8Type(), i32 = ir.b.getI32Type();
  palettes = kernel.reserveScratch(MemRefType::get({2, 64}, i8), {}, {});
  // One group is turned into floats where it lies.
  int64_t rows = plan.groups == 1 ? plan.stripRows : kRows;
  if (!plan.bf16Products)
    products =
        kernel.reserveScratch(MemRefType::get({rows, kPanel}, i32), {}, {});
  floats = kernel.reserveScratch(
      MemRefType::get({plan.stripRows, kPanel}, ir.b.getF32Type()), {}, {});
  if (hasTail())
    tails = kernel.reserveScratch(
        MemRefType::get(kPanel / kTileOutputs * kTileRows * kTileBytes, i8), {},
        {});
  if (!plan.bf16Products && plan.bits < 8)
    codes = kernel.reserveScratch(MemRefType::get(kPanel * plan.paddedK, i8),
                                  {}, {});
}

void AmxEmitter::begin() {
  vector::StoreOp::create(ir.b, ir.loc, wholePalette(ir), palettes,
                          ValueRange{ir.index(0), ir.index(0)});
  vector::StoreOp::create(ir.b, ir.loc, wholePalette(ir), palettes,
                          ValueRange{ir.index(1), ir.index(0)});
  auto metadata =
      memref::ExtractStridedMetadataOp::create(ir.b, ir.loc, padded());
  int64_t bytes = plan.bf16Products ? 2 : 1;
  rowStride = ir.mul(metadata.getStrides()[0], bytes);
  rowOffset = ir.mul(metadata.getOffset(), bytes);
}

/// Fills in the rows of the second palette, for what is left of a strip.
void AmxEmitter::beginStrip(Value rows) {
  Value rest = ir.rem(rows, kRows);
  Value twice = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::sgt,
                                      rest, ir.index(kTileRows));
  auto choose = [&](Value whenTwice, Value otherwise) -> Value {
    Value chosen =
        arith::SelectOp::create(ir.b, ir.loc, twice, whenTwice, otherwise);
    return arith::IndexCastOp::create(ir.b, ir.loc, ir.b.getI8Type(), chosen);
  };
  Value whole = ir.index(kTileRows);
  Value second = arith::SubIOp::create(ir.b, ir.loc, rest, whole);
  Value upper = choose(whole, rest), lower = choose(second, rest);
  Value lines = choose(second, whole);
  SmallVector<Value> counts{upper, upper, lower, lower, upper, lines};
  for (auto [tile, count] : llvm::enumerate(counts))
    memref::StoreOp::create(ir.b, ir.loc, count, palettes,
                            ValueRange{ir.index(1), ir.index(48 + tile)});
}

void AmxEmitter::configure(int palette) {
  call("llvm.x86.ldtilecfg", address(palettes, ir.index(64 * palette)));
}

void AmxEmitter::end() { call("llvm.x86.tilerelease", {}); }

//===----------------------------------------------------------------------===//
// A panel
//===----------------------------------------------------------------------===//

/// Where the operand of `block` starts in weights of bf16. Their panels are 16
/// wide; one beyond the last is that again: its results are never stored.
Value AmxEmitter::pairLines(Value panel, Value block, Value column) {
  int64_t last = (plan.n + kLine - 1) / kLine - 1;
  Value strip = ir.add(ir.mul(panel, kPanel / kLine), ir.div(column, kLine));
  strip = ir.min(strip, ir.index(last));
  return ir.add(ir.mul(strip, (plan.k + 1) / 2 * kTileBytes),
                ir.mul(block, kTileRows * kTileBytes));
}

/// The operand of `block` for outputs from `column` on.
Value AmxEmitter::lines(Value panel, Value block, Value column) {
  int64_t tileBytes = kTileRows * kTileBytes;
  if (plan.bf16Products)
    return address(buffers.w, pairLines(panel, block, column));
  // Expanded strips of 16 outputs hold all of K.
  if (codes)
    return address(
        codes, ir.add(ir.mul(column, plan.paddedK), ir.mul(block, tileBytes)));
  Value offset = ir.add(ir.mul(block, kPanel * kBlock),
                        ir.mul(column, tileBytes / kTileOutputs));
  return address(buffers.w,
                 ir.add(offset, ir.mul(panel, kPanel * plan.paddedK)));
}

/// Sums of blocks [first, last), left in `products` from `target` on.
void AmxEmitter::emitTiles(bool twoByTwo, Value panel, Value localRow,
                           Value column, Value first, Value last,
                           Value target) {
  for (int tile = 0; tile < 4; ++tile)
    zero(tile);
  bool isCopied = plan.copyRows || plan.bf16Products;
  Value row = isCopied ? localRow : ir.add(firstRow, localRow);
  Value rowStart =
      ir.add(rowOffset, arith::MulIOp::create(ir.b, ir.loc, row, rowStride));
  Value stride = ir.index(kTileBytes);
  auto step = [&](Value block, function_ref<Value(Value)> linesOf) {
    Value data = ir.add(rowStart, ir.mul(block, kTileBytes));
    load(4, address(padded(), data), rowStride);
    if (twoByTwo) {
      Value below =
          arith::MulIOp::create(ir.b, ir.loc, rowStride, ir.index(kTileRows));
      load(6, linesOf(column), stride);
      multiply(0, 4, 6);
      load(5, address(padded(), ir.add(data, below)), rowStride);
      multiply(2, 5, 6);
      load(7, linesOf(ir.add(column, kTileOutputs)), stride);
      multiply(1, 4, 7);
      multiply(3, 5, 7);
      return;
    }
    for (int tile = 0; tile < 4; ++tile) {
      int operand = 5 + tile % 3;
      load(operand, linesOf(ir.add(column, tile * kTileOutputs)), stride);
      multiply(tile, 4, operand);
    }
  };
  ir.loop(first, last, 1, [&](Value block) {
    step(block, [&](Value at) { return lines(panel, block, at); });
  });
  if (hasTail())
    step(ir.index(wholeBlocks()), [&](Value at) {
      return address(tails, ir.mul(at, kTileRows * kTileBytes / kTileOutputs));
    });
  Value width = ir.index(kPanel * 4);
  Value sums = plan.bf16Products ? floats : products;
  for (int tile = 0; tile < 4; ++tile) {
    Value down = ir.add(target, twoByTwo ? tile / 2 * kTileRows : 0);
    Value right = ir.add(column, (twoByTwo ? tile % 2 : tile) * kTileOutputs);
    store(tile,
          address(sums, ir.add(ir.mul(down, kPanel * 4), ir.mul(right, 4))),
          width);
  }
}

/// A group's products [target, target + rows) x `columns` to floats.
void AmxEmitter::applyGroup(Value panel, Value localRow, Value column,
                            int64_t columns, Value rows, Value target,
                            Value group) {
  auto ints = VectorType::get(kTileOutputs, ir.b.getI32Type());
  auto reals = VectorType::get(kTileOutputs, ir.b.getF32Type());
  auto broadcast = [&](Value value) -> Value {
    return vector::BroadcastOp::create(ir.b, ir.loc, ints, value);
  };
  ir.loop(ir.index(0), rows, 1, [&](Value i) {
    Value row = ir.add(localRow, i), from = ir.add(target, i);
    Value rowSum;
    if (plan.needSums)
      rowSum = broadcast(memref::LoadOp::create(ir.b, ir.loc, buffers.sums,
                                                ValueRange{row, group}));
    for (int64_t j = 0; j < columns; j += kTileOutputs) {
      Value at = ir.add(column, j);
      Value sum = vector::LoadOp::create(ir.b, ir.loc, ints, products,
                                         ValueRange{from, at});
      if (plan.binary) {
        // 2 * sum(code * a) - sum(a)
        sum = arith::AddIOp::create(ir.b, ir.loc, sum, sum);
        sum = arith::SubIOp::create(ir.b, ir.loc, sum, rowSum);
      } else if (buffers.wZeros) {
        Value zeros = vector::LoadOp::create(
            ir.b, ir.loc, VectorType::get(kTileOutputs, ir.b.getI8Type()),
            buffers.wZeros, ValueRange{panel, group, at});
        zeros = arith::ExtUIOp::create(ir.b, ir.loc, ints, zeros);
        Value rest = arith::MulIOp::create(ir.b, ir.loc, zeros, rowSum);
        sum = arith::SubIOp::create(ir.b, ir.loc, sum, rest);
      } else if (plan.needSums) {
        sum = arith::AddIOp::create(ir.b, ir.loc, sum, rowSum);
      }
      Value real = arith::SIToFPOp::create(ir.b, ir.loc, reals, sum);
      if (plan.groups > 1) {
        Value scale = ir.scales(reals, buffers.wScales, {panel, group, at});
        Value before = vector::LoadOp::create(ir.b, ir.loc, reals, floats,
                                              ValueRange{row, at});
        real = vector::FMAOp::create(ir.b, ir.loc, real, scale, before);
      }
      vector::StoreOp::create(ir.b, ir.loc, real, floats, ValueRange{row, at});
    }
  });
}

/// `rows` rows from `localRow` on, for the outputs [column, column + columns).
void AmxEmitter::emitRows(bool twoByTwo, Value panel, Value localRow,
                          Value rows, Value column) {
  int64_t columns = twoByTwo ? 2 * kTileOutputs : kPanel;
  if (plan.groups == 1) {
    emitTiles(twoByTwo, panel, localRow, column, ir.index(0),
              ir.index(wholeBlocks()), localRow);
    if (plan.bf16Products)
      return;
    applyGroup(panel, localRow, column, columns, rows, localRow, ir.index(0));
    return;
  }
  auto type = VectorType::get(kTileOutputs, ir.b.getF32Type());
  Value zero = ir.splatFloat(type, 0);
  ir.loop(localRow, ir.add(localRow, rows), 1, [&](Value row) {
    for (int64_t j = 0; j < columns; j += kTileOutputs)
      vector::StoreOp::create(ir.b, ir.loc, zero, floats,
                              ValueRange{row, ir.add(column, j)});
  });
  int64_t blocks = plan.groupSize / kBlock;
  ir.loop(ir.index(0), ir.index(plan.groups), 1, [&](Value group) {
    Value first = ir.mul(group, blocks);
    Value last = ir.add(first, blocks);
    if (plan.blocks() % blocks)
      last = ir.min(last, ir.index(plan.blocks()));
    emitTiles(twoByTwo, panel, localRow, column, first, last, ir.index(0));
    applyGroup(panel, localRow, column, columns, rows, ir.index(0), group);
  });
}

/// The lines of bf16 that fill no operand, with zeros behind: what lies there
/// is another panel's, or nothing.
void AmxEmitter::copyTails(Value panel) {
  auto line = VectorType::get(kTileBytes, ir.b.getI8Type());
  int64_t rest = (plan.k % 32 + 1) / 2, tileBytes = kTileRows * kTileBytes;
  for (int64_t part = 0; part < kPanel / kTileOutputs; ++part) {
    Value start = pairLines(panel, ir.index(wholeBlocks()),
                            ir.index(part * kTileOutputs));
    for (int64_t i = 0; i < kTileRows; ++i) {
      Value bytes =
          i < rest
              ? Value(vector::LoadOp::create(ir.b, ir.loc, line, buffers.w,
                                             ir.add(start, i * kTileBytes)))
              : ir.splat(line, 0);
      vector::StoreOp::create(ir.b, ir.loc, bytes, tails,
                              ir.index(part * tileBytes + i * kTileBytes));
    }
  }
}

void AmxEmitter::emitPanel(Value row, Value rows, Value panel, Value columns) {
  firstRow = row;
  if (hasTail())
    copyTails(panel);
  if (codes)
    emitExpandColumns(ir, plan, buffers.w, codes, panel, ir.index(0), kPanel);
  Value rest = ir.rem(rows, kRows), whole = ir.sub(rows, rest);
  auto when = [&](arith::CmpIPredicate predicate, Value lhs, int64_t rhs,
                  function_ref<void()> then, function_ref<void()> otherwise) {
    Value condition =
        arith::CmpIOp::create(ir.b, ir.loc, predicate, lhs, ir.index(rhs));
    auto branch = scf::IfOp::create(ir.b, ir.loc, condition,
                                    /*withElse=*/bool(otherwise));
    OpBuilder::InsertionGuard guard(ir.b);
    ir.b.setInsertionPointToStart(branch.thenBlock());
    then();
    if (!otherwise)
      return;
    ir.b.setInsertionPointToStart(branch.elseBlock());
    otherwise();
  };
  auto halves = [&](function_ref<void(Value)> body) {
    ir.loop(ir.index(0), columns, 2 * kTileOutputs, body);
  };
  constexpr auto above = arith::CmpIPredicate::sgt;
  when(
      above, whole, 0,
      [&] {
        configure(0);
        halves([&](Value column) {
          ir.loop(ir.index(0), whole, kRows, [&](Value localRow) {
            emitRows(true, panel, localRow, ir.index(kRows), column);
          });
        });
      },
      nullptr);
  when(
      above, rest, 0,
      [&] {
        configure(1);
        when(
            above, rest, kTileRows,
            [&] {
              halves([&](Value column) {
                emitRows(true, panel, whole, rest, column);
              });
            },
            [&] { emitRows(false, panel, whole, rest, ir.index(0)); });
      },
      nullptr);
}

} // namespace mixbit
