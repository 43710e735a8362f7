//===- ContractCpu.cpp - Loops around the tiles on a CPU ------------------===//
//
// A work item is a strip of rows times a panel of 64 outputs, numbered as
// ContractStrips.cpp says. Of a strip, what all panels share is made once a
// range: sums of the rows' groups, and copies of rows that are not padded to
// whole blocks. In a panel the tile's columns are the outer loop and row tiles
// the inner one: the weights of a tile then stay in the L1 while the strip
// passes by.
//
// A tile leaves its sums in a buffer that the epilogue reads, in a loop of its
// own: the region is then emitted once, and needs no registers beside the
// accumulators.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/ContractAmx.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;

namespace mixbit {

namespace {
class CpuDriver {
public:
  CpuDriver(KernelBuilder &kernel, ContractOp op, const ContractPlan &plan)
      : kernel(kernel), op(op), plan(plan), ir(kernel.run, kernel.loc),
        amx(kernel.run, kernel.loc, plan, buffers) {}

  void emit();

private:
  void reserveScratch();
  /// Columns that are expanded at once: whole strips of 16.
  int64_t expandedColumns(TileShape shape) const {
    return std::max(plan.columns(shape), kLine);
  }
  void prepareStrip(Value firstRow, Value rows);
  void copyRow(Value source, Value row);
  void sumRow(Value buffer, Value source, Value row);
  void pairRow(Value buffer, Value source, Value row);
  void emitPanel(Value firstRow, Value rows, Value panel);
  /// All columns of a panel with tiles of `shape` and smaller.
  void emitColumns(TileShape shape, bool expand, Value firstRow, Value rows,
                   Value panel, Value columns);
  /// Columns [begin, end), with the codes of those from `begin` on expanded if
  /// `expanded`.
  void emitColumns(TileShape shape, bool isExpanded, Value firstRow, Value rows,
                   Value panel, Value begin, Value end, Value columns);
  std::pair<Value, Value> rowsOfTile(TileShape shape, Value begin, Value rows);
  void emitTiles(TileShape shape, const TilePlace &place, Value count);
  /// On sums [row][column] of tiles of `width` outputs.
  void emitEpilogue(Value sums, int64_t width, const TilePlace &place,
                    Value rows, Value columns);

  KernelBuilder &kernel;
  ContractOp op;
  const ContractPlan &plan;
  ContractIr ir;
  ContractBuffers buffers;
  AmxEmitter amx; ///< where plan.tiles
  Value tile;     ///< sums of a tile, [row][column]
  Value expanded; ///< codes as bytes, see emitExpandColumns
};
} // namespace

void CpuDriver::reserveScratch() {
  Type f32 = ir.b.getF32Type();
  int64_t rows = std::max(plan.tile.rows, plan.gemv.rows);
  // A second copy for tiles that add groups in memory.
  if (plan.floatsInMemory(plan.tile))
    rows *= 2;
  tile = kernel.reserveScratch(MemRefType::get({rows, kPanel}, f32), {}, {});
  if (plan.expandTiles || plan.keepCodes) {
    int64_t columns = expandedColumns(plan.tile);
    if (plan.trits && !plan.tritRows)
      columns = std::max(columns, expandedColumns(plan.gemv));
    expanded = kernel.reserveScratch(
        MemRefType::get(columns * plan.paddedK, ir.b.getI8Type()), {}, {});
  }
  if (plan.copyRows)
    buffers.rows = kernel.reserveScratch(
        MemRefType::get({plan.stripRows, plan.paddedK}, ir.b.getI8Type()), {},
        {});
  if (plan.bf16Products)
    buffers.rows = kernel.reserveScratch(
        MemRefType::get({plan.stripRows, plan.paddedK}, ir.b.getI16Type()), {},
        {});
  if (plan.mode == DotMode::RowPairs)
    buffers.pairs = kernel.reserveScratch(
        MemRefType::get({(plan.stripRows + 1) / 2, plan.paddedK * 2},
                        ir.b.getI8Type()),
        {}, {});
  if (plan.needSums)
    buffers.sums = kernel.reserveScratch(
        MemRefType::get({plan.stripRows, plan.paddedGroups()},
                        ir.b.getI32Type()),
        {}, {});
  if (plan.tiles)
    amx.reserve(kernel);
}

void CpuDriver::emit() {
  buffers = bindContractBuffers(kernel, op, plan);
  reserveScratch();
  OpBuilder &extent = kernel.extent;
  ContractIr extentIr(extent, kernel.loc);
  Value extentRows = memref::DimOp::create(extent, kernel.loc,
                                           kernel.extentBuffer(op.getA()), 0);
  StripSplit split = {plan.stripRows, plan.stripUnit()};
  Value size = extentIr.mul(split.strips(extentIr, extentRows), plan.panels());

  Value allRows = memref::DimOp::create(ir.b, ir.loc, buffers.a, 0);
  if (plan.tiles)
    amx.begin();
  split.forEach(ir, kernel, allRows,
                [&](Value firstRow, Value rows, Value first, Value last) {
                  prepareStrip(firstRow, rows);
                  if (plan.tiles)
                    amx.beginStrip(rows);
                  ir.loop(first, last, 1, [&](Value panel) {
                    emitPanel(firstRow, rows, panel);
                  });
                });
  if (plan.tiles)
    amx.end();
  kernel.finish(size);
}

//===----------------------------------------------------------------------===//
// What all panels of a strip share
//===----------------------------------------------------------------------===//

void CpuDriver::prepareStrip(Value firstRow, Value rows) {
  bool pairs = plan.mode == DotMode::RowPairs;
  if (!plan.copyRows && !plan.needSums && !pairs && !plan.bf16Products)
    return;
  ir.loop(ir.index(0), rows, 1, [&](Value row) {
    Value source = ir.add(firstRow, row);
    if (plan.bf16Products)
      return emitRoundRow(ir, plan, buffers.a, source, buffers.rows, row);
    if (plan.copyRows)
      copyRow(source, row);
    Value padded = plan.copyRows ? buffers.rows : buffers.a;
    if (plan.copyRows)
      source = row;
    if (plan.needSums)
      sumRow(padded, source, row);
    if (pairs)
      pairRow(padded, source, row);
  });
}

/// Lays the row beside its neighbour, 8 bytes of one after 8 of the other.
void CpuDriver::pairRow(Value buffer, Value source, Value row) {
  auto type = VectorType::get(8, ir.b.getI8Type());
  Value pair = ir.div(row, 2), place = ir.mul(ir.rem(row, 2), 8);
  ir.loop(ir.index(0), ir.index(plan.paddedK), 8, [&](Value k) {
    Value bytes = vector::LoadOp::create(ir.b, ir.loc, type, buffer,
                                         ValueRange{source, k});
    vector::StoreOp::create(ir.b, ir.loc, bytes, buffers.pairs,
                            ValueRange{pair, ir.add(ir.mul(k, 2), place)});
  });
}

/// The row's bytes, then zeros up to the padded width.
void CpuDriver::copyRow(Value source, Value row) {
  constexpr int64_t width = 16;
  auto type = VectorType::get(width, ir.b.getI8Type());
  int64_t whole = plan.k / width * width;
  if (whole)
    ir.loop(ir.index(0), ir.index(whole), width, [&](Value k) {
      Value bytes = vector::LoadOp::create(ir.b, ir.loc, type, buffers.a,
                                           ValueRange{source, k});
      vector::StoreOp::create(ir.b, ir.loc, bytes, buffers.rows,
                              ValueRange{row, k});
    });
  Value zero = ir.splat(type, 0);
  // The padded width is a multiple of 64, so the last store stays inside.
  for (int64_t k = whole; k < plan.paddedK; k += width)
    vector::StoreOp::create(ir.b, ir.loc, zero, buffers.rows,
                            ValueRange{row, ir.index(k)});
  if (whole < plan.k)
    ir.loop(ir.index(whole), ir.index(plan.k), 1, [&](Value k) {
      Value byte = memref::LoadOp::create(ir.b, ir.loc, buffers.a,
                                          ValueRange{source, k});
      memref::StoreOp::create(ir.b, ir.loc, byte, buffers.rows,
                              ValueRange{row, k});
    });
}

/// Sums of the row's groups, times the correction where that is one number.
void CpuDriver::sumRow(Value buffer, Value source, Value row) {
  // Groups may end within a register.
  int64_t width =
      std::gcd<int64_t>(std::max(plan.lanes, 4) * 4, plan.groupSize);
  auto codes = VectorType::get(width, ir.b.getI8Type());
  auto sums = VectorType::get(width / 4, ir.b.getI32Type());
  Value ones = ir.splat(codes, 1);
  ir.loop(ir.index(0), ir.index(plan.paddedGroups()), 1, [&](Value group) {
    Value first = ir.mul(group, plan.groupSize);
    Value last = ir.min(ir.add(first, plan.groupSize), ir.index(plan.paddedK));
    SmallVector<Value> sum =
        ir.loop(first, last, width, ValueRange(ir.splat(sums, 0)),
                [&](Value k, ValueRange carried) {
                  Value bytes = vector::LoadOp::create(
                      ir.b, ir.loc, codes, buffer, ValueRange{source, k});
                  return SmallVector<Value>{ir.dot(carried[0], ones, bytes, 1)};
                });
    Value total = vector::ReductionOp::create(
        ir.b, ir.loc, vector::CombiningKind::ADD, sum[0]);
    if (std::optional<int64_t> correction = plan.correction())
      total = arith::MulIOp::create(ir.b, ir.loc, total, ir.i32(*correction));
    memref::StoreOp::create(ir.b, ir.loc, total, buffers.sums,
                            ValueRange{row, group});
  });
}

//===----------------------------------------------------------------------===//
// A panel
//===----------------------------------------------------------------------===//

void CpuDriver::emitPanel(Value firstRow, Value rows, Value panel) {
  Value columns = ir.index(kPanel);
  if (plan.n % kPanel)
    columns = ir.min(ir.sub(ir.index(plan.n), ir.mul(panel, kPanel)), columns);
  Value single = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::eq,
                                       rows, ir.index(1));
  auto branch = scf::IfOp::create(ir.b, ir.loc, single, /*withElse=*/true);
  {
    OpBuilder::InsertionGuard guard(ir.b);
    ir.b.setInsertionPointToStart(branch.thenBlock());
    emitColumns(plan.gemv, plan.trits && !plan.tritRows, firstRow, rows, panel,
                columns);
    ir.b.setInsertionPointToStart(branch.elseBlock());
    if (plan.tiles) {
      amx.emitPanel(firstRow, rows, panel, columns);
      TilePlace place;
      place.row = firstRow;
      place.panel = panel;
      place.column = ir.index(0);
      emitEpilogue(amx.floats, kPanel, place, rows, columns);
      return;
    }
    emitColumns(plan.tile, plan.expandTiles, firstRow, rows, panel, columns);
  }
}

void CpuDriver::emitColumns(TileShape shape, bool expand, Value firstRow,
                            Value rows, Value panel, Value columns) {
  if (!expand)
    return emitColumns(shape, false, firstRow, rows, panel, ir.index(0),
                       columns, columns);
  // The panel is padded: whole strips are there.
  int64_t width = expandedColumns(shape);
  ir.loop(ir.index(0), columns, width, [&](Value begin) {
    emitExpandColumns(ir, plan, buffers.w, expanded, panel, begin, width);
    Value end = ir.add(begin, width);
    if (plan.n % width)
      end = ir.min(end, columns);
    emitColumns(shape, true, firstRow, rows, panel, begin, end, columns);
  });
}

void CpuDriver::emitColumns(TileShape shape, bool isExpanded, Value firstRow,
                            Value rows, Value panel, Value begin, Value end,
                            Value columns) {
  int64_t width = plan.columns(shape);
  Value rowTiles, fetchLines;
  if (plan.fetchPanels && shape.rows > 1 && plan.panels() > 1) {
    // What memory has to bring of the next panel is spread over all of this
    // one's tiles: its first tile would wait for it otherwise, as rows of it
    // are computed faster than weights come.
    rowTiles = ir.ceilDiv(rows, shape.rows);
    Value blocks = ir.mul(rowTiles, kPanel / width * plan.blocks());
    Value lines = ir.index((plan.panelBytes() + 63) / 64);
    lines = ir.add(ir.sub(lines, ir.index(1)), blocks);
    fetchLines = arith::DivUIOp::create(ir.b, ir.loc, lines, blocks);
  }
  ir.loop(begin, end, width, [&](Value column) {
    Value left = ir.min(ir.sub(columns, column), ir.index(width));
    ir.loop(ir.index(0), rows, shape.rows, [&](Value usualRow) {
      auto [localRow, count] = rowsOfTile(shape, usualRow, rows);
      TilePlace place;
      place.localRow = localRow;
      place.row = ir.add(firstRow, localRow);
      place.panel = panel;
      place.column = column;
      place.floats = tile;
      if (isExpanded) {
        place.expanded = expanded;
        place.expandedColumn = ir.sub(column, begin);
      }
      if (fetchLines) {
        Value index = arith::MulIOp::create(ir.b, ir.loc, ir.div(column, width),
                                            rowTiles);
        index = ir.add(index, ir.div(usualRow, shape.rows));
        Value part = arith::MulIOp::create(ir.b, ir.loc, index, fetchLines);
        place.fetchAddress = ir.add(ir.mul(ir.add(panel, 1), plan.panelBytes()),
                                    ir.mul(part, plan.blocks() * 64));
        place.fetchLines = fetchLines;
      }
      emitTiles(shape, place, count);
      emitEpilogue(tile, width, place, count, left);
    });
  });
}

/// One or two rows that are left over at the end of a strip take some of the
/// tile in front of them: they would wait for weights otherwise, having too few
/// products for each vector of them.
static constexpr int kFewRows = 2;

static bool sharesRows(TileShape shape) { return shape.rows > 2 * kFewRows; }

/// The least rows that the first tile of several can have, and those behind it,
/// see rowsOfTile.
static int leastFirstRows(TileShape shape) {
  return sharesRows(shape) ? (shape.rows + 2) / 2 : shape.rows;
}
static int leastLaterRows(TileShape shape) {
  return sharesRows(shape) ? (shape.rows + 1) / 2 : 1;
}

/// The first row and the number of them of the tile that starts at `begin`, a
/// multiple of `shape.rows`.
std::pair<Value, Value> CpuDriver::rowsOfTile(TileShape shape, Value begin,
                                              Value rows) {
  Value left = ir.sub(rows, begin);
  if (shape.rows == 1)
    return {begin, left};
  Value size = ir.index(shape.rows);
  Value count = ir.min(left, size);
  if (!sharesRows(shape))
    return {begin, count};
  auto less = [&](Value lhs, Value rhs) -> Value {
    return arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::ult, lhs,
                                 rhs);
  };
  auto both = [&](Value lhs, Value rhs) -> Value {
    return arith::AndIOp::create(ir.b, ir.loc, lhs, rhs);
  };
  auto select = [&](Value condition, Value lhs, Value rhs) -> Value {
    return arith::SelectOp::create(ir.b, ir.loc, condition, lhs, rhs);
  };
  // The last tile of few rows, and the one in front of it.
  Value isLast =
      both(less(left, ir.index(kFewRows + 1)), less(ir.index(0), begin));
  Value isBefore =
      both(less(size, left), less(left, ir.index(shape.rows + kFewRows + 1)));
  Value half = ir.ceilDiv(left, 2);
  Value taken = ir.div(ir.sub(size, left), 2);
  return {select(isLast, ir.sub(begin, taken), begin),
          select(isBefore, half, select(isLast, ir.add(left, taken), count))};
}

/// The tile of `count` rows.
void CpuDriver::emitTiles(TileShape shape, const TilePlace &place,
                          Value count) {
  auto emitTile = [&](TileShape some, const TilePlace &where) {
    TileEmitter emitter(ir.b, ir.loc, plan, buffers);
    SmallVector<Value> sums = emitter.emit(some, where);
    if (plan.floatsInMemory(some))
      return;
    for (int i = 0; i < some.rows; ++i)
      for (int j = 0; j < some.vectors; ++j)
        vector::StoreOp::create(
            ir.b, ir.loc, sums[i * some.vectors + j], tile,
            ValueRange{ir.index(i), ir.index(j * plan.lanes)});
  };
  if (shape.rows == 1)
    return emitTile(shape, place);

  // Which of the bodies: a tile of so many rows, at such a place.
  SmallVector<std::pair<int, TilePlace>> bodies;
  SmallVector<int64_t> cases;
  auto add = [&](int least, int most, const TilePlace &where, int64_t start) {
    for (int some = least; some <= most; ++some) {
      bodies.emplace_back(some, where);
      cases.push_back(start + some);
    }
  };
  Value choice = count;
  if (!plan.keepCodes) {
    add(1, shape.rows, place, 0);
  } else {
    // Of several tiles the first keeps codes, and the others read bytes. A
    // strip's only tile need not keep them, but has the first one's code if it
    // has as many rows.
    TilePlace first = place, other = place;
    first.expanded = other.expanded = expanded;
    first.expandedColumn = other.expandedColumn = ir.index(0);
    first.kept = true;
    add(1, leastFirstRows(shape) - 1, place, 0);
    add(leastFirstRows(shape), shape.rows, first, 0);
    add(leastLaterRows(shape), shape.rows, other, shape.rows);
    Value isFirst = arith::CmpIOp::create(
        ir.b, ir.loc, arith::CmpIPredicate::eq, place.localRow, ir.index(0));
    choice = ir.add(count,
                    arith::SelectOp::create(ir.b, ir.loc, isFirst, ir.index(0),
                                            ir.index(shape.rows)));
  }
  // The last one is the usual one, and every other count's.
  cases.pop_back();
  auto branch = scf::IndexSwitchOp::create(ir.b, ir.loc, TypeRange(), choice,
                                           cases, cases.size());
  OpBuilder::InsertionGuard guard(ir.b);
  auto fill = [&](Region &region, int some, const TilePlace &where) {
    ir.b.setInsertionPointToStart(&region.emplaceBlock());
    // Few rows have few accumulators: more phases keep the units busy.
    int phases = std::max(1, 8 / (some * shape.vectors));
    emitTile({some, shape.vectors, some == shape.rows ? shape.phases : phases},
             where);
    scf::YieldOp::create(ir.b, ir.loc);
  };
  fill(branch.getDefaultRegion(), bodies.back().first, bodies.back().second);
  for (auto [region, body] : llvm::zip(branch.getCaseRegions(), bodies))
    fill(region, body.first, body.second);
}

void CpuDriver::emitEpilogue(Value sums, int64_t width, const TilePlace &place,
                             Value rows, Value columns) {
  EpilogueEmitter epilogue(ir.b, ir.loc, op, plan, buffers);
  epilogue.emitTile(sums, place, rows, columns, width);
}

void emitContractCpu(KernelBuilder &kernel, ContractOp op,
                     const ContractPlan &plan) {
  CpuDriver(kernel, op, plan).emit();
}

} // namespace mixbit
