//===- ContractEpilogue.cpp - The region of a contraction on vectors ------===//
//
// Epilogue of the contraction generator: the scales that hold for all of K,
// then the region's scalar operations on vectors of outputs. Extras and
// outputs are accessed as their maps allow (see VectorAccess.h).
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mixbit {

EpilogueEmitter::EpilogueEmitter(OpBuilder &builder, Location loc,
                                 ContractOp op, const ContractPlan &plan,
                                 const ContractBuffers &buffers)
    : ir(builder, loc), op(op), plan(plan), buffers(buffers) {
  SmallVector<AffineMap> maps(op.getMaps().getAsValueRange<AffineMapAttr>());
  for (auto [i, buffer] : llvm::enumerate(buffers.extras))
    extras.emplace_back(buffer, maps[i], /*vectorDim=*/1);
  for (auto [i, buffer] : llvm::enumerate(buffers.outs))
    outs.emplace_back(buffer, maps[buffers.extras.size() + i],
                      /*vectorDim=*/1);
}

Value EpilogueEmitter::applyScales(Value sums, Value m, Value panel,
                                   Value column) {
  if (plan.mode == DotMode::Float)
    return sums;
  auto type = cast<VectorType>(sums.getType());
  if (plan.groups == 1) {
    // Whole panels of scales are there, also beyond the last output.
    Value scale =
        ir.scales(type, buffers.wScales, {panel, ir.index(0), column});
    sums = arith::MulFOp::create(ir.b, ir.loc, sums, scale);
  }
  Value scale = memref::LoadOp::create(ir.b, ir.loc, buffers.aScales, m);
  scale = vector::BroadcastOp::create(ir.b, ir.loc, type, scale);
  return arith::MulFOp::create(ir.b, ir.loc, sums, scale);
}

void EpilogueEmitter::emit(Value sums, Value m, const LaneRange &range,
                           Value panel, Value column) {
  Block &body = op.getEpilogue().front();
  SmallVector<Value> point{m, range.position};
  IRMapping values;
  values.map(body.getArgument(0), applyScales(sums, m, panel, column));
  for (auto [i, access] : llvm::enumerate(extras))
    values.map(body.getArgument(1 + i),
               access.load(ir.b, ir.loc, point, range));

  auto vectorOf = [&](Type type) { return VectorType::get(range.lanes, type); };
  for (Operation &scalar : body.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
      auto type = vectorOf(constant.getType());
      values.map(constant.getResult(),
                 arith::ConstantOp::create(
                     ir.b, constant.getLoc(),
                     DenseElementsAttr::get(type, constant.getValue())));
      continue;
    }
    // What comes from outside of the region is the same for all lanes.
    for (Value operand : scalar.getOperands())
      if (!values.contains(operand))
        values.map(operand, vector::BroadcastOp::create(
                                ir.b, scalar.getLoc(),
                                vectorOf(operand.getType()), operand));
    Operation *wide = ir.b.clone(scalar, values);
    for (OpResult result : wide->getResults())
      result.setType(vectorOf(result.getType()));
  }
  for (auto [access, value] :
       llvm::zip(outs, body.getTerminator()->getOperands())) {
    Value stored = values.lookupOrNull(value);
    if (!stored)
      stored = vector::BroadcastOp::create(ir.b, ir.loc,
                                           vectorOf(value.getType()), value);
    access.store(ir.b, ir.loc, point, range, stored);
  }
}

void EpilogueEmitter::emitTile(Value tile, const TilePlace &place, Value rows,
                               Value columns, int64_t width) {
  int64_t lanes = plan.epilogueLanes;
  auto type = VectorType::get(lanes, ir.b.getF32Type());
  Value firstOutput = ir.add(ir.mul(place.panel, kPanel), place.column);
  Value limit = ir.index(plan.n);
  ir.loop(ir.index(0), rows, 1, [&](Value i) {
    Value m = ir.add(place.row, i);
    auto vector = [&](Value j, bool masked) {
      Value sums =
          vector::LoadOp::create(ir.b, ir.loc, type, tile, ValueRange{i, j});
      Value n = ir.add(firstOutput, j);
      LaneRange range = masked ? maskedRange(ir.b, ir.loc, n, limit, lanes)
                               : LaneRange{n, lanes};
      emit(sums, m, range, place.panel, ir.add(place.column, j));
    };
    if (plan.n % width == 0) {
      ir.loop(ir.index(0), ir.index(width), lanes,
              [&](Value j) { vector(j, false); });
      return;
    }
    Value whole = ir.mul(ir.div(columns, lanes), lanes);
    ir.loop(ir.index(0), whole, lanes, [&](Value j) { vector(j, false); });
    if (plan.n % lanes == 0)
      return;
    ir.loop(whole, columns, lanes, [&](Value j) { vector(j, true); });
  });
}

} // namespace mixbit
