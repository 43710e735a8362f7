//===- ContractGpu.cpp - Blocks and threads around the tiles --------------===//
//
// The tile of the CPUs with vectors of one output: a block of threads serves a
// strip of rows and a panel of 64 outputs; 16 neighbouring threads read one
// line of the weights, each 4 outputs that lie 16 apart, and 8 such groups
// take 4 rows each. Sums of the rows are made beside the products.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

/// A special register as an index.
template <typename Register>
static Value readRegister(ContractIr &ir) {
  Value value = Register::create(ir.b, ir.loc, ir.b.getI32Type());
  return arith::IndexCastUIOp::create(ir.b, ir.loc, ir.b.getIndexType(), value);
}

static Value isBelow(ContractIr &ir, Value value, Value limit) {
  return arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::slt, value,
                               limit);
}

void emitContractGpu(KernelBuilder &kernel, ContractOp op,
                     const ContractPlan &plan) {
  ContractIr ir(kernel.run, kernel.loc);
  ContractBuffers buffers = bindContractBuffers(kernel, op, plan);
  ContractIr extentIr(kernel.extent, kernel.loc);
  Value extentRows = memref::DimOp::create(kernel.extent, kernel.loc,
                                           kernel.extentBuffer(op.getA()), 0);
  Value size =
      extentIr.mul(extentIr.ceilDiv(extentRows, plan.stripRows), plan.panels());

  Value allRows = memref::DimOp::create(ir.b, ir.loc, buffers.a, 0);
  Value thread = readRegister<NVVM::ThreadIdXOp>(ir);
  Value item = ir.add(kernel.begin, readRegister<NVVM::BlockIdXOp>(ir));
  auto guard = scf::IfOp::create(ir.b, ir.loc, isBelow(ir, item, kernel.end));
  OpBuilder::InsertionGuard restore(ir.b);
  ir.b.setInsertionPointToStart(guard.thenBlock());

  Value panel = ir.rem(item, plan.panels());
  Value firstRow = ir.mul(ir.div(item, plan.panels()), plan.stripRows);
  Value lastRow = ir.min(ir.add(firstRow, plan.stripRows), allRows);
  int64_t rowsAtOnce = kGpuThreads / kLine * plan.tile.rows;
  Value lane = ir.rem(thread, kLine);
  Value threadRow = ir.mul(ir.div(thread, kLine), plan.tile.rows);
  ir.loop(firstRow, lastRow, rowsAtOnce, [&](Value blockRow) {
    TilePlace place;
    place.row = ir.add(blockRow, threadRow);
    place.localRow = place.row;
    place.panel = panel;
    place.column = lane;
    place.columnStride = kLine;
    place.rowLimit = lastRow;
    TileEmitter emitter(ir.b, ir.loc, plan, buffers);
    SmallVector<Value> sums = emitter.emit(plan.tile, place);
    EpilogueEmitter epilogue(ir.b, ir.loc, op, plan, buffers);
    for (int i = 0; i < plan.tile.rows; ++i) {
      Value m = ir.add(place.row, i);
      for (int j = 0; j < plan.tile.vectors; ++j) {
        Value column = ir.add(lane, j * kLine);
        Value n = ir.add(ir.mul(panel, kPanel), column);
        Value stored = isBelow(ir, m, lastRow);
        if (plan.n % kPanel)
          stored = arith::AndIOp::create(ir.b, ir.loc, stored,
                                         isBelow(ir, n, ir.index(plan.n)));
        auto inside = scf::IfOp::create(ir.b, ir.loc, stored);
        OpBuilder::InsertionGuard after(ir.b);
        ir.b.setInsertionPointToStart(inside.thenBlock());
        epilogue.emit(sums[i * plan.tile.vectors + j], m, LaneRange{n, 1},
                      panel, column);
      }
    }
  });
  kernel.finish(size);
}

} // namespace mixbit
