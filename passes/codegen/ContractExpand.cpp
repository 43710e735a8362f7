//===- ContractExpand.cpp - Packed bytes to vectors of codes --------------===//
//
// Expand of the contraction generator. A line is 16 outputs x 4 inputs; below
// 8 bits, 8/bits consecutive lines share 64 bytes, the first in the lowest
// bits, so a packed vector yields its planes by shifts and masks. A vector of
// fewer than 16 outputs takes its part of the line.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

Value TileEmitter::vectorOffset(int j) {
  if (!vectorOffset_.empty())
    return vectorOffset_[j];
  int64_t lineBytes = plan.packedLines() * 64;
  int64_t stride = place.columnStride ? place.columnStride : plan.lanes;
  for (int v = 0; v < shape.vectors; ++v) {
    Value output = ir.add(place.column, v * stride);
    // Whole lines on both sides keep the parts of the sum apart.
    Value offset = ir.add(ir.mul(ir.div(output, kLine), lineBytes),
                          ir.mul(ir.rem(output, kLine), 4));
    vectorOffset_.push_back(offset);
  }
  return vectorOffset_[j];
}

SmallVector<Value> TileEmitter::unpack(Value packed) {
  SmallVector<Value> planes;
  VectorType type = codesType();
  for (int plane = 0; plane < plan.planes; ++plane) {
    Value codes = packed;
    if (plane != 0)
      codes = arith::ShRUIOp::create(ir.b, ir.loc, codes,
                                     ir.splat(type, plane * plan.bits));
    if (plane != plan.planes - 1)
      codes = arith::AndIOp::create(ir.b, ir.loc, codes,
                                    ir.splat(type, (1 << plan.bits) - 1));
    planes.push_back(codes);
  }
  return planes;
}

SmallVector<SmallVector<Value>> TileEmitter::loadCodes(Value block, int line) {
  SmallVector<Values> result;
  for (int j = firstVector; j < lastVector; ++j) {
    Value address = ir.add(ir.add(block, vectorOffset(j)), line * 64);
    // One request a line of 64 bytes; tiles of many rows that read less than a
    // line read it again soon.
    bool fetches =
        plan.prefetchBytes && (shape.rows == 1 || plan.lanes >= kLine);
    if (fetches && (j * plan.lanes) % kLine == 0) {
      Value ahead = ir.add(address, plan.prefetchBytes);
      memref::PrefetchOp::create(ir.b, ir.loc, buffers.w, ahead,
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
    }
    auto packed =
        vector::LoadOp::create(ir.b, ir.loc, codesType(), buffers.w, address);
    // On GPUs four single bytes would be loaded otherwise.
    if (plan.lanes == 1)
      packed.setAlignment(4);
    result.push_back(unpack(packed));
  }
  return result;
}

} // namespace mixbit
