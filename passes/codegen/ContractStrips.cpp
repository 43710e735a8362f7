//===- ContractStrips.cpp - How contractions are split to work items ------===//
//
// Rows are split to strips of about equal length, so that 133 rows are not 132
// and one. An item is a strip times a panel, and items count strips first:
// whatever the strips, a thread's range then holds as many panels of each as
// any other's. It takes the strips one after the other, for what its panels
// share of one.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mixbit {

static Value divide(ContractIr &ir, Value lhs, Value rhs) {
  return arith::DivUIOp::create(ir.b, ir.loc, lhs, rhs);
}

static Value ceilDivide(ContractIr &ir, Value lhs, Value rhs) {
  return divide(ir, ir.sub(ir.add(lhs, rhs), ir.index(1)), rhs);
}

Value StripSplit::rowsOfStrip(ContractIr &ir, Value allRows) const {
  Value strips = ir.max(ir.ceilDiv(allRows, most), ir.index(1));
  Value rows = ceilDivide(ir, allRows, strips);
  // Divided by below, even where there are no rows.
  rows = ir.max(rows, ir.index(1));
  return ir.mul(ir.ceilDiv(rows, unit), unit);
}

Value StripSplit::strips(ContractIr &ir, Value allRows) const {
  return ceilDivide(ir, allRows, rowsOfStrip(ir, allRows));
}

void StripSplit::forEach(ContractIr &ir, const KernelBuilder &kernel,
                         Value allRows, Body body) const {
  Value each = rowsOfStrip(ir, allRows);
  Value count = strips(ir, allRows);
  ir.loop(ir.index(0), count, 1, [&](Value strip) {
    // Panels p of which the item p * count + strip is in the range.
    Value before = ir.sub(ir.sub(count, ir.index(1)), strip);
    Value first = divide(ir, ir.add(kernel.begin, before), count);
    Value last = divide(ir, ir.add(kernel.end, before), count);
    Value any = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::ult,
                                      first, last);
    auto branch =
        scf::IfOp::create(ir.b, ir.loc, any, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(ir.b);
    ir.b.setInsertionPointToStart(branch.thenBlock());
    Value firstRow = arith::MulIOp::create(ir.b, ir.loc, strip, each);
    Value rows = ir.min(ir.sub(allRows, firstRow), each);
    body(firstRow, rows, first, last);
  });
}

} // namespace mixbit
