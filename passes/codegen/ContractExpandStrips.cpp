//===- ContractExpandStrips.cpp - Packed weights to bytes ---------------===//
//
// Strips of 16 outputs x all inputs as bytes, once for all rows of a strip of
// rows: what ContractExpand.cpp says costs more than a product.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {

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
