//===- ExpandProducts.cpp - Products of two matrices of data --------------===//
//
// out[..., m, n] = sum over k of lhs[..., m, k] * rhs[..., k, n] of f32 in any
// strides, blocked as by Goto and van de Geijn (Anatomy of High-Performance
// Matrix Multiplication, 2008). A work item is a strip of rows times a panel
// of 64 columns. For each block of K the right side is packed into columns of
// a tile's width, the left side only where its rows are not contiguous; tiles
// of accumulators then run over the block as those of mixbit.contract do. The
// order of additions depends on K alone.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPANDPRODUCTS
#include "passes/codegen/Passes.h.inc"

namespace {
/// Inputs of a block: a tile's columns of it stay in the L1.
constexpr int64_t kDepth = 256;
/// Rows of the packed left side lie a line more than a power of two apart.
constexpr int64_t kPackedRow = kDepth + 16;

/// Which dimension of a linalg.generic is which.
struct ProductDims {
  unsigned m, n, k;
  SmallVector<unsigned> batch;
};

/// Whether the region is sum + lhs * rhs.
bool isMultiplyAdd(Block &body) {
  auto yielded =
      body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!yielded)
    return false;
  for (auto [sum, product] : {std::pair(yielded.getLhs(), yielded.getRhs()),
                              std::pair(yielded.getRhs(), yielded.getLhs())}) {
    auto multiply = product.getDefiningOp<arith::MulFOp>();
    if (!multiply || sum != body.getArgument(2))
      continue;
    Value a = body.getArgument(0), b = body.getArgument(1);
    return (multiply.getLhs() == a && multiply.getRhs() == b) ||
           (multiply.getLhs() == b && multiply.getRhs() == a);
  }
  return false;
}

/// The dimensions if `op` is a product whose output is contiguous along n.
std::optional<ProductDims> matchProduct(linalg::GenericOp op) {
  auto init = op->getAttrOfType<FloatAttr>("mixbit.init");
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || !init ||
      !init.getValue().isZero() || !isMultiplyAdd(*op.getBody()))
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (auto [operand, map] : llvm::zip(op->getOperands(), maps)) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type || !type.getElementType().isF32() || map.getNumResults() == 0 ||
        !map.isProjectedPermutation())
      return std::nullopt;
  }
  ProductDims dims;
  auto last = cast<AffineDimExpr>(maps[2].getResults().back());
  dims.n = last.getPosition();
  std::optional<unsigned> m, k;
  for (auto [dim, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool inLhs = maps[0].isFunctionOfDim(dim);
    bool inRhs = maps[1].isFunctionOfDim(dim);
    if (iterator == utils::IteratorType::reduction) {
      if (k || !inLhs || !inRhs)
        return std::nullopt;
      k = dim;
    } else if (!maps[2].isFunctionOfDim(dim)) {
      return std::nullopt;
    } else if (dim == dims.n) {
      if (inLhs || !inRhs)
        return std::nullopt;
    } else if (inLhs && !inRhs) {
      if (m)
        dims.batch.push_back(*m);
      m = dim;
    } else {
      dims.batch.push_back(dim);
    }
  }
  if (!m || !k ||
      classifyAccess(cast<MemRefType>(op.getOutputs()[0].getType()), maps[2],
                     dims.n) != AccessKind::Unit)
    return std::nullopt;
  dims.m = *m;
  dims.k = *k;
  return dims;
}

class ProductExpansion {
public:
  ProductExpansion(KernelOp kernelOp, linalg::GenericOp op, ProductDims dims,
                   const Target &target)
      : kernel(kernelOp), op(op), dims(std::move(dims)),
        maps(op.getIndexingMapsArray()),
        lanes(std::max(1, target.vectorBits / 32)), ir(kernel.run, kernel.loc) {
    switch (target.dot) {
    case DotIsa::Avx512Vnni:
    case DotIsa::NeonDot:
      tile = {6, 4, 1};
      break;
    case DotIsa::Avx2:
      tile = {6, 2, 1};
      break;
    default:
      tile =
          target.numRegisters >= 32 ? TileShape{6, 4, 1} : TileShape{4, 2, 1};
    }
    width = tile.vectors * lanes;
    strip = (128 + tile.rows - 1) / tile.rows * tile.rows;
  }

  void emit();

private:
  Value extentOf(OpBuilder &builder, unsigned dim, bool inRun);
  StripSplit split() const { return {strip, tile.rows}; }
  VectorAccess access(unsigned operand, unsigned vectorDim) {
    return VectorAccess(kernel.runBuffer(op->getOperand(operand)),
                        maps[operand], vectorDim);
  }
  Value divide(Value lhs, Value rhs) {
    return arith::DivUIOp::create(ir.b, ir.loc, lhs, rhs);
  }
  Value multiply(Value lhs, Value rhs) {
    return arith::MulIOp::create(ir.b, ir.loc, lhs, rhs);
  }
  Value remainder(Value lhs, Value rhs) {
    return arith::RemUIOp::create(ir.b, ir.loc, lhs, rhs);
  }
  VectorType vectorType() { return VectorType::get(lanes, ir.b.getF32Type()); }

  void emitStrip(Value outer, Value firstPanel, Value lastPanel);
  void packRows(Value firstRow, Value rows, Value begin, Value depth);
  void packColumns(Value firstColumn, Value columns, Value begin, Value depth);
  void emitTiles(Value firstRow, Value rows, Value firstColumn, Value columns,
                 Value begin, Value depth);
  void emitTile(int rows, Value firstRow, Value localRow, Value group,
                Value begin, Value depth);
  void addToOutput(Value row, Value rows, Value column, Value columns,
                   Value begin);

  KernelBuilder kernel;
  linalg::GenericOp op;
  ProductDims dims;
  SmallVector<AffineMap> maps;
  int64_t lanes;
  ContractIr ir;
  TileShape tile;
  int64_t width; ///< columns of a tile
  int64_t strip; ///< rows of a work item

  bool packsRows = false;
  SmallVector<Value> point; ///< of the loops; m, n, k are set as needed
  Value packedRows;         ///< [strip][kPackedRow], the first kDepth in use
  Value packedColumns;      ///< [kPanel / width][kDepth][width]
  Value sums;               ///< of a tile, [rows][width]
};

Value ProductExpansion::extentOf(OpBuilder &builder, unsigned dim, bool inRun) {
  // A static extent if any operand has one.
  AffineExpr expr = getAffineDimExpr(dim, op.getContext());
  std::optional<std::pair<unsigned, unsigned>> found;
  for (auto [operand, map] : llvm::enumerate(maps))
    for (auto [position, result] : llvm::enumerate(map.getResults())) {
      auto type = cast<MemRefType>(op->getOperand(operand).getType());
      if (result == expr && (!found || !type.isDynamicDim(position)))
        found = {operand, position};
    }
  Value buffer = op->getOperand(found->first);
  return memref::DimOp::create(builder, kernel.loc,
                               inRun ? kernel.runBuffer(buffer)
                                     : kernel.extentBuffer(buffer),
                               found->second);
}

void ProductExpansion::emit() {
  Type f32 = ir.b.getF32Type();
  packsRows = access(0, dims.k).kind != AccessKind::Unit;
  if (packsRows)
    packedRows = kernel.reserveScratch(
        MemRefType::get({strip, kPackedRow}, f32), {}, {});
  packedColumns = kernel.reserveScratch(
      MemRefType::get({kPanel / width, kDepth, width}, f32), {}, {});
  sums =
      kernel.reserveScratch(MemRefType::get({tile.rows, width}, f32), {}, {});

  ContractIr extent(kernel.extent, kernel.loc);
  Value size = extent.ceilDiv(extentOf(kernel.extent, dims.n, false), kPanel);
  size = arith::MulIOp::create(
      kernel.extent, kernel.loc, size,
      split().strips(extent, extentOf(kernel.extent, dims.m, false)));
  for (unsigned dim : dims.batch)
    size = arith::MulIOp::create(kernel.extent, kernel.loc, size,
                                 extentOf(kernel.extent, dim, false));

  point.assign(op.getNumLoops(), ir.index(0));
  Value panels = ir.ceilDiv(extentOf(ir.b, dims.n, true), kPanel);
  // Without columns there are no items; the division must not fail even then.
  panels = ir.max(panels, ir.index(1));
  Value first = divide(kernel.begin, panels);
  Value last = divide(ir.sub(ir.add(kernel.end, panels), ir.index(1)), panels);
  ir.loop(first, last, 1, [&](Value outer) {
    Value items = multiply(outer, panels);
    Value firstPanel = ir.max(ir.sub(kernel.begin, items), ir.index(0));
    Value lastPanel = ir.min(ir.sub(kernel.end, items), panels);
    emitStrip(outer, firstPanel, lastPanel);
  });
  kernel.finish(size);
}

/// Panels of one strip, a block of K after the other.
void ProductExpansion::emitStrip(Value outer, Value firstPanel,
                                 Value lastPanel) {
  Value allRows = extentOf(ir.b, dims.m, true);
  Value allColumns = extentOf(ir.b, dims.n, true);
  Value allDepth = extentOf(ir.b, dims.k, true);
  // Also where there are no rows, and so no items, the division must not fail.
  Value strips = ir.max(split().strips(ir, allRows), ir.index(1));
  Value each = split().rowsOfStrip(ir, allRows);
  Value firstRow = multiply(remainder(outer, strips), each);
  Value rest = divide(outer, strips);
  for (unsigned dim : llvm::reverse(dims.batch)) {
    Value extent = extentOf(ir.b, dim, true);
    point[dim] = remainder(rest, extent);
    rest = divide(rest, extent);
  }
  Value rows = ir.min(ir.sub(allRows, firstRow), each);
  // One block at least, so that an empty sum is written as zero.
  Value end = ir.max(allDepth, ir.index(1));
  ir.loop(ir.index(0), end, kDepth, [&](Value begin) {
    Value depth = ir.min(ir.sub(allDepth, begin), ir.index(kDepth));
    if (packsRows)
      packRows(firstRow, rows, begin, depth);
    ir.loop(firstPanel, lastPanel, 1, [&](Value panel) {
      Value firstColumn = ir.mul(panel, kPanel);
      Value columns = ir.min(ir.sub(allColumns, firstColumn), ir.index(kPanel));
      packColumns(firstColumn, columns, begin, depth);
      emitTiles(firstRow, rows, firstColumn, columns, begin, depth);
    });
  });
}

/// The block of the left side, row by row.
void ProductExpansion::packRows(Value firstRow, Value rows, Value begin,
                                Value depth) {
  VectorAccess lhs = access(0, dims.k);
  ir.loop(ir.index(0), depth, 1, [&](Value k) {
    ir.loop(ir.index(0), rows, 1, [&](Value row) {
      SmallVector<Value> at = point;
      at[dims.m] = ir.add(firstRow, row);
      at[dims.k] = ir.add(begin, k);
      memref::StoreOp::create(ir.b, ir.loc, lhs.loadScalar(ir.b, ir.loc, at),
                              packedRows, ValueRange{row, k});
    });
  });
}

/// The block of the right side; columns beyond the last one repeat it, their
/// sums are never stored.
void ProductExpansion::packColumns(Value firstColumn, Value columns,
                                   Value begin, Value depth) {
  VectorAccess rhs = access(1, dims.n);
  auto place = [&](Value column, Value k) {
    return SmallVector<Value>{ir.div(column, width), k, ir.rem(column, width)};
  };
  SmallVector<Value> at = point;
  if (rhs.kind != AccessKind::Unit) {
    Value padded = ir.mul(ir.ceilDiv(columns, width), width);
    Value lastColumn = ir.sub(columns, ir.index(1));
    ir.loop(ir.index(0), padded, 1, [&](Value column) {
      at[dims.n] = ir.add(firstColumn, ir.min(column, lastColumn));
      ir.loop(ir.index(0), depth, 1, [&](Value k) {
        at[dims.k] = ir.add(begin, k);
        memref::StoreOp::create(ir.b, ir.loc, rhs.loadScalar(ir.b, ir.loc, at),
                                packedColumns, place(column, k));
      });
    });
    return;
  }
  Value whole = ir.mul(ir.div(columns, lanes), lanes);
  Value limit = ir.add(firstColumn, columns);
  ir.loop(ir.index(0), depth, 1, [&](Value k) {
    at[dims.k] = ir.add(begin, k);
    auto copy = [&](Value column, bool masked) {
      Value position = ir.add(firstColumn, column);
      at[dims.n] = position;
      LaneRange range = masked
                            ? maskedRange(ir.b, ir.loc, position, limit, lanes)
                            : LaneRange{position, lanes};
      vector::StoreOp::create(ir.b, ir.loc, rhs.load(ir.b, ir.loc, at, range),
                              packedColumns, place(column, k));
    };
    ir.loop(ir.index(0), whole, lanes,
            [&](Value column) { copy(column, false); });
    ir.loop(whole, columns, lanes, [&](Value column) { copy(column, true); });
  });
}

/// Accumulators of `rows` rows over a block, left in `sums`.
void ProductExpansion::emitTile(int rows, Value firstRow, Value localRow,
                                Value group, Value begin, Value depth) {
  VectorAccess lhs = access(0, dims.k);
  VectorType type = vectorType();
  SmallVector<Value> zeros(rows * tile.vectors, ir.splatFloat(type, 0));
  auto loop = [&](Value from, Value to, int64_t unroll, ValueRange inits) {
    return ir.loop(from, to, unroll, inits, [&](Value k, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t u = 0; u < unroll; ++u) {
        Value position = ir.add(k, u);
        SmallVector<Value> columns;
        for (int j = 0; j < tile.vectors; ++j)
          columns.push_back(vector::LoadOp::create(
              ir.b, ir.loc, type, packedColumns,
              ValueRange{group, position, ir.index(j * lanes)}));
        for (int i = 0; i < rows; ++i) {
          Value row = ir.add(localRow, i), x;
          if (packsRows) {
            x = memref::LoadOp::create(ir.b, ir.loc, packedRows,
                                       ValueRange{row, position});
          } else {
            SmallVector<Value> at = point;
            at[dims.m] = ir.add(firstRow, row);
            at[dims.k] = ir.add(begin, position);
            x = lhs.loadScalar(ir.b, ir.loc, at);
          }
          x = vector::BroadcastOp::create(ir.b, ir.loc, type, x);
          for (int j = 0; j < tile.vectors; ++j) {
            Value &sum = next[i * tile.vectors + j];
            sum = vector::FMAOp::create(ir.b, ir.loc, x, columns[j], sum);
          }
        }
      }
      return next;
    });
  };
  constexpr int64_t unroll = 4;
  Value whole = ir.mul(ir.div(depth, unroll), unroll);
  SmallVector<Value> result = loop(ir.index(0), whole, unroll, zeros);
  result = loop(whole, depth, 1, result);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < tile.vectors; ++j)
      vector::StoreOp::create(ir.b, ir.loc, result[i * tile.vectors + j], sums,
                              ValueRange{ir.index(i), ir.index(j * lanes)});
}

void ProductExpansion::emitTiles(Value firstRow, Value rows, Value firstColumn,
                                 Value columns, Value begin, Value depth) {
  ir.loop(ir.index(0), columns, width, [&](Value column) {
    Value group = ir.div(column, width);
    Value left = ir.min(ir.sub(columns, column), ir.index(width));
    ir.loop(ir.index(0), rows, tile.rows, [&](Value localRow) {
      Value count = ir.min(ir.sub(rows, localRow), ir.index(tile.rows));
      SmallVector<int64_t> cases;
      for (int64_t r = 1; r < tile.rows; ++r)
        cases.push_back(r);
      auto choice = scf::IndexSwitchOp::create(ir.b, ir.loc, TypeRange(), count,
                                               cases, cases.size());
      auto fill = [&](Region &region, int number) {
        OpBuilder::InsertionGuard guard(ir.b);
        ir.b.setInsertionPointToStart(&region.emplaceBlock());
        emitTile(number, firstRow, localRow, group, begin, depth);
        scf::YieldOp::create(ir.b, ir.loc);
      };
      fill(choice.getDefaultRegion(), tile.rows);
      for (auto [region, number] : llvm::zip(choice.getCaseRegions(), cases))
        fill(region, number);
      addToOutput(ir.add(firstRow, localRow), count,
                  ir.add(firstColumn, column), left, begin);
    });
  });
}

/// A tile's sums: the output in the first block, added to it in the others.
void ProductExpansion::addToOutput(Value row, Value rows, Value column,
                                   Value columns, Value begin) {
  VectorAccess out = access(2, dims.n);
  Value limit = ir.add(column, columns);
  Value isFirst = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::eq,
                                        begin, ir.index(0));
  auto store = [&](bool add) {
    ir.loop(ir.index(0), rows, 1, [&](Value i) {
      SmallVector<Value> at = point;
      at[dims.m] = ir.add(row, i);
      auto vector = [&](Value j, bool masked) {
        Value position = ir.add(column, j);
        at[dims.n] = position;
        LaneRange range =
            masked ? maskedRange(ir.b, ir.loc, position, limit, lanes)
                   : LaneRange{position, lanes};
        Value value = vector::LoadOp::create(ir.b, ir.loc, vectorType(), sums,
                                             ValueRange{i, j});
        if (add)
          value = arith::AddFOp::create(
              ir.b, ir.loc, out.load(ir.b, ir.loc, at, range), value);
        out.store(ir.b, ir.loc, at, range, value);
      };
      Value whole = ir.mul(ir.div(columns, lanes), lanes);
      ir.loop(ir.index(0), whole, lanes, [&](Value j) { vector(j, false); });
      ir.loop(whole, columns, lanes, [&](Value j) { vector(j, true); });
    });
  };
  auto branch = scf::IfOp::create(ir.b, ir.loc, isFirst, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(ir.b);
  ir.b.setInsertionPointToStart(branch.thenBlock());
  store(false);
  ir.b.setInsertionPointToStart(branch.elseBlock());
  store(true);
}

struct ExpandProducts : impl::ExpandProductsBase<ExpandProducts> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<KernelOp, linalg::GenericOp>> work;
    getOperation().walk([&](linalg::GenericOp op) {
      if (auto kernel = op->getParentOfType<KernelOp>())
        work.push_back({kernel, op});
    });
    if (work.empty())
      return;
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (auto [kernel, op] : work)
      if (std::optional<ProductDims> dims = matchProduct(op);
          dims && !target->isGpu())
        ProductExpansion(kernel, op, std::move(*dims), *target).emit();
  }
};

} // namespace
} // namespace mixbit
