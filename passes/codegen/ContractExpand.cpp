//===- ContractExpand.cpp - Packed bytes to vectors of codes --------------===//
//
// Expand of the contraction generator. A line is 16 outputs x 4 inputs. Codes
// of 1, 2, 4 and 8 bits are planes: lines that share 64 bytes, unpacked by
// shifts and masks; other widths are put together from such components. A
// vector of fewer than 16 outputs takes its part of the line.
//
// Where that costs more than a product, tiles of several rows read bytes that
// were expanded before, once for all rows of a strip; ternary codes of five to
// a byte, whose lines do not fit blocks, are always read so. Where shifts and
// masks take the ports of products, the first tile of several leaves the codes
// that it unpacks to the others.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

SmallVector<Value> unpackChunk(ContractIr &ir, VectorType type,
                               ArrayRef<Value> packed, unsigned bits,
                               bool inPlace) {
  SmallVector<Value> lines;
  SmallVector<unsigned, 3> components = componentsOf(bits);
  for (int line = 0, e = linesOfChunk(bits); line < e; ++line) {
    Value codes;
    int start = 0, first = 0;
    for (int width : components) {
      int planes = 8 / width, plane = line % planes;
      Value part = packed[start + line / planes];
      int shift = plane * width - first;
      if (inPlace) {
        assert(components.size() == 1 && "one component stays in place");
        codes = arith::AndIOp::create(
            ir.b, ir.loc, part,
            ir.splat(type, int8_t(((1 << width) - 1) << shift)));
        continue;
      }
      if (shift > 0)
        part =
            arith::ShRUIOp::create(ir.b, ir.loc, part, ir.splat(type, shift));
      else if (shift < 0)
        part =
            arith::ShLIOp::create(ir.b, ir.loc, part, ir.splat(type, -shift));
      // Nothing is left above the last plane.
      if (first != 0 || plane != planes - 1)
        part = arith::AndIOp::create(
            ir.b, ir.loc, part, ir.splat(type, ((1 << width) - 1) << first));
      codes = codes ? arith::OrIOp::create(ir.b, ir.loc, codes, part) : part;
      start += e / planes;
      first += width;
    }
    lines.push_back(codes);
  }
  return lines;
}

Value biasTrits(ContractIr &ir, Value packed) {
  auto type = cast<VectorType>(packed.getType());
  return arith::XOrIOp::create(ir.b, ir.loc, packed, ir.splat(type, -128));
}

Value firstTrit(ContractIr &ir, Value biased) {
  auto type = cast<VectorType>(biased.getType());
  auto isAbove = [&](int64_t bound) -> Value {
    return arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::sgt,
                                 biased, ir.splat(type, bound - 128));
  };
  Value one = arith::ExtUIOp::create(ir.b, ir.loc, type, isAbove(85));
  Value two = arith::ExtSIOp::create(ir.b, ir.loc, type, isAbove(170));
  return arith::SubIOp::create(ir.b, ir.loc, one, two);
}

Value TileEmitter::vectorOffset(int j, Value column, int64_t stripBytes) {
  int64_t stride = place.columnStride ? place.columnStride : plan.lanes;
  Value output = ir.add(column, j * stride);
  // Whole lines on both sides keep the parts of the sum apart.
  return ir.add(ir.mul(ir.div(output, kLine), stripBytes),
                ir.mul(ir.rem(output, kLine), 4));
}

Value TileEmitter::vectorOffset(int j) {
  if (!vectorOffset_.empty())
    return vectorOffset_[j];
  int64_t expandedBytes = kLine * plan.paddedK;
  for (int v = 0; v < shape.vectors; ++v) {
    vectorOffset_.push_back(
        readsBytes() ? vectorOffset(v, place.expandedColumn, expandedBytes)
                     : vectorOffset(v, place.column, plan.stripBytes()));
    if (place.kept)
      keptOffset.push_back(
          vectorOffset(v, place.expandedColumn, expandedBytes));
  }
  return vectorOffset_[j];
}

Value TileEmitter::blockAddress(Value block) {
  Value address =
      readsBytes() ? ir.mul(block, kLine * kBlock)
                   : ir.add(ir.mul(place.panel, plan.panelBytes()),
                            ir.mul(block, kPanel / kLine * plan.stripBytes()));
  return firstLine ? ir.add(address, ir.mul(firstLine, 8 * codeBits()))
                   : address;
}

Value TileEmitter::blockInput(Value block) {
  Value k = ir.mul(block, kBlock);
  return firstLine ? ir.add(k, ir.mul(firstLine, 4)) : k;
}

void TileEmitter::fetchLine(Value source, Value address) {
  ir.fetch(source, ir.add(address, plan.prefetchBytes), fetchHint);
  if (plan.nearBytes && shape.rows == 1)
    ir.fetch(source, ir.add(address, plan.nearBytes));
}

void TileEmitter::fetchOfGroup(Value buffer, Value group) {
  if (!plan.nearBytes || shape.rows != 1)
    return;
  // No further: these lines are few, and memory's own prefetchers follow them.
  constexpr int64_t kGroupsAhead = 2;
  Type type = cast<MemRefType>(buffer.getType()).getElementType();
  int64_t outputs = 64 * 8 / type.getIntOrFloatBitWidth();
  Value next = ir.add(group, kGroupsAhead);
  for (int64_t n = 0; n < plan.columns(shape); n += outputs)
    ir.fetch(buffer, {place.panel, next, ir.add(place.column, n)});
}

void TileEmitter::fetchNextPanel(Value block) {
  if (!place.fetchLines)
    return;
  Value first = arith::MulIOp::create(ir.b, ir.loc, block, place.fetchLines);
  first = ir.add(place.fetchAddress, ir.mul(first, 64));
  auto fetch = [&](Value address) {
    // Into the L2: it is read when all rows have passed by.
    ir.fetch(buffers.w, address, /*hint=*/2);
  };
  // Blocks of their own: LLVM would make room for the prefetches among the
  // products. The end of a loop of a few turns is often mispredicted, at the
  // price of several products; a line that is asked for twice costs little.
  int64_t usual = plan.fetchLines(plan.stripRows / plan.tile.rows * 3 / 4);
  Value isUsual = arith::CmpIOp::create(ir.b, ir.loc, arith::CmpIPredicate::ule,
                                        place.fetchLines, ir.index(usual));
  auto branch =
      scf::IfOp::create(ir.b, ir.loc, isUsual, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(ir.b);
  ir.b.setInsertionPointToStart(branch.thenBlock());
  for (int64_t line = 0; line < usual; ++line)
    fetch(ir.add(first, line * 64));
  ir.b.setInsertionPointToStart(branch.elseBlock());
  ir.loop(ir.index(0), place.fetchLines, 1,
          [&](Value line) { fetch(ir.add(first, ir.mul(line, 64))); });
}

SmallVector<SmallVector<Value>> TileEmitter::loadCodes(Value base, int line) {
  Value source = readsBytes() ? place.expanded : buffers.w;
  int packedLines = chunkLines() * codeBits() / 8;
  SmallVector<Values> result;
  for (int j = firstVector; j < lastVector; ++j) {
    Values packed;
    Value first = ir.add(base, vectorOffset(j));
    for (int i = 0; i < packedLines; ++i) {
      Value address = ir.add(first, line * 8 * codeBits() + i * 64);
      // One request a line of 64 bytes; tiles of many rows that read less than
      // a line read it again soon.
      bool fetches = plan.prefetchBytes && !readsBytes() && !place.fetchLines &&
                     (shape.rows == 1 || plan.lanes >= kLine);
      if (fetches && (j * plan.lanes) % kLine == 0)
        fetchLine(source, address);
      auto bytes =
          vector::LoadOp::create(ir.b, ir.loc, codesType(), source, address);
      // On GPUs four single bytes would be loaded otherwise.
      if (plan.lanes == 1)
        bytes.setAlignment(4);
      packed.push_back(bytes);
    }
    result.push_back(
        unpackChunk(ir, codesType(), packed, codeBits(), sumsPlanes()));
    if (place.kept)
      keepCodes(result.back(), j, line);
  }
  return result;
}

void TileEmitter::keepCodes(const Values &codes, int vector, int line) {
  Value first = ir.add(keptBase, keptOffset[vector]);
  for (auto [i, value] : llvm::enumerate(codes))
    vector::StoreOp::create(ir.b, ir.loc, value, place.expanded,
                            ir.add(first, (line + i) * 64));
}

} // namespace mixbit
