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
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

//===----------------------------------------------------------------------===//
// In a tile
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Into a buffer
//===----------------------------------------------------------------------===//

namespace {
/// Expands strips of 16 outputs one by one.
class StripExpander {
public:
  StripExpander(ContractIr &ir, const ContractPlan &plan, Value w,
                Value expanded)
      : ir(ir), plan(plan), w(w), expanded(expanded),
        type(VectorType::get(plan.lanes * 4, ir.b.getI8Type())) {}

  /// All inputs of strip `strip` of the panel at address `panel`, to `place`.
  void planes(Value panel, Value strip, Value place);
  void trits(Value panel, Value strip, Value place);

private:
  Value load(VectorType vector, Value address) {
    return vector::LoadOp::create(ir.b, ir.loc, vector, w, address);
  }
  void store(Value codes, Value address) {
    vector::StoreOp::create(ir.b, ir.loc, codes, expanded, address);
  }
  /// The digits of packed bytes, the first in front.
  SmallVector<Value> digits(Value packed);
  /// The same by vpmaddubsw, where there is one.
  SmallVector<Value> digitsByProducts(Value packed);

  ContractIr &ir;
  const ContractPlan &plan;
  Value w, expanded;
  VectorType type;
};
} // namespace

void StripExpander::planes(Value panel, Value strip, Value place) {
  int packedLines = plan.chunk * plan.bits / 8;
  panel = ir.add(panel, ir.mul(strip, plan.stripBytes()));
  auto chunk = [&](Value from, Value to) {
    SmallVector<Value> packed;
    for (int i = 0; i < packedLines; ++i)
      packed.push_back(load(type, ir.add(from, i * 64)));
    for (auto [i, codes] :
         llvm::enumerate(unpackChunk(ir, type, packed, plan.bits)))
      store(codes, ir.add(to, i * 64));
  };
  ir.loop(ir.index(0), ir.index(plan.blocks()), 1, [&](Value block) {
    Value from =
        ir.add(panel, ir.mul(block, kPanel / kLine * plan.stripBytes()));
    Value to = ir.add(place, ir.mul(block, kLine * kBlock));
    for (int line = 0; line < kBlock / 4; line += plan.chunk)
      for (int64_t part = 0; part < 64; part += type.getNumElements())
        chunk(ir.add(from, line * 8 * plan.bits + part),
              ir.add(to, line * 64 + part));
  });
}

SmallVector<Value> StripExpander::digits(Value packed) {
  if (SmallVector<Value> found = digitsByProducts(packed); !found.empty())
    return found;
  SmallVector<Value> result;
  packed = biasTrits(ir, packed);
  for (int digit = 0; digit < kTritDigits; ++digit) {
    if (digit != 0)
      packed = ir.triple(packed);
    result.push_back(firstTrit(ir, packed));
  }
  return result;
}

/// A product of a byte and 3 as 16 bits is the digit above what is left of the
/// fraction; the digit is multiplied by 0 the next time. Bytes at even and at
/// odd places are two chains: 4 instructions a digit, where comparisons, which
/// one port of Intel's cores has, and additions take 7.
SmallVector<Value> StripExpander::digitsByProducts(Value packed) {
  StringRef name;
  switch (plan.target->dot) {
  case DotIsa::Avx512Vnni:
    name = "llvm.x86.avx512.pmaddubs.w.512";
    break;
  case DotIsa::AvxVnni:
  case DotIsa::Avx2:
    name = "llvm.x86.avx2.pmadd.ub.sw";
    break;
  default:
    return {};
  }
  auto words = VectorType::get(type.getNumElements() / 2, ir.b.getI16Type());
  auto threeAt = [&](int parity) -> Value {
    SmallVector<int8_t> values;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      values.push_back(i % 2 == parity ? 3 : 0);
    return arith::ConstantOp::create(
        ir.b, ir.loc, DenseElementsAttr::get(type, ArrayRef<int8_t>(values)));
  };
  auto multiply = [&](Value bytes, Value by) -> Value {
    return LLVM::CallIntrinsicOp::create(
               ir.b, ir.loc, words, ir.b.getStringAttr(name),
               ValueRange{vector::BitCastOp::create(ir.b, ir.loc, type, bytes),
                          by})
        .getResult(0);
  };
  Value even = packed, odd = packed, atEven = threeAt(0), atOdd = threeAt(1);
  SmallVector<Value> result;
  for (int digit = 0; digit < kTritDigits; ++digit) {
    even = multiply(even, atEven);
    odd = multiply(odd, digit == 0 ? atOdd : atEven);
    Value low = arith::ShRUIOp::create(ir.b, ir.loc, even, ir.splat(words, 8));
    Value high =
        arith::AndIOp::create(ir.b, ir.loc, odd, ir.splat(words, 0xff00));
    Value both = arith::OrIOp::create(ir.b, ir.loc, low, high);
    result.push_back(vector::BitCastOp::create(ir.b, ir.loc, type, both));
  }
  return result;
}

void StripExpander::trits(Value panel, Value strip, Value place) {
  int64_t lines = plan.paddedK / 4, whole = lines / 5, rest = lines % 5;
  Value first = ir.add(panel, ir.mul(strip, whole * 64));
  if (whole)
    ir.loop(ir.index(0), ir.index(whole), 1, [&](Value line) {
      Value from = ir.add(first, ir.mul(line, 64));
      Value to = ir.add(place, ir.mul(line, 5 * 64));
      for (int64_t part = 0; part < 64; part += type.getNumElements()) {
        Value packed = load(type, ir.add(from, part));
        for (auto [i, codes] : llvm::enumerate(digits(packed)))
          store(codes, ir.add(to, i * 64 + part));
      }
    });
  // What fills no byte of five: 16 bytes a line.
  auto quarter = VectorType::get(16, ir.b.getI8Type());
  Value tail = ir.add(ir.add(panel, kPanel / kLine * whole * 64),
                      ir.mul(strip, rest * 16));
  for (int64_t line = 0; line < rest; ++line) {
    Value packed = load(quarter, ir.add(tail, line * 16));
    SmallVector<Value> parts = unpackChunk(ir, quarter, packed, 2);
    for (auto [i, codes] : llvm::enumerate(parts))
      store(codes, ir.add(place, (whole * 5 + line) * 64 + i * 16));
  }
}

void emitExpandColumns(ContractIr &ir, const ContractPlan &plan, Value w,
                       Value expanded, Value panel, Value column,
                       int64_t columns) {
  StripExpander expander(ir, plan, w, expanded);
  Value from = ir.mul(panel, plan.panelBytes());
  Value firstStrip = ir.div(column, kLine);
  ir.loop(ir.index(0), ir.index(columns / kLine), 1, [&](Value strip) {
    Value place = ir.mul(strip, kLine * plan.paddedK);
    Value source = ir.add(firstStrip, strip);
    if (plan.trits)
      expander.trits(from, source, place);
    else
      expander.planes(from, source, place);
  });
}

} // namespace mixbit
