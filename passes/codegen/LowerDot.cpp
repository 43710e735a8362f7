//===- LowerDot.cpp - mixbit.dot to a target's instructions ---------------===//
//
// One case an instruction set; a new one is a new case here and a row of
// lib/target/Targets.cpp. What no instruction serves is widened, which any
// target can do. The forms are (accumulator, element): (i32, i8) four at a
// time, (i32, i16) and (i16, i8) two at a time.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/Mixbit.h"
#include "lib/target/Targets.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_LOWERDOT
#include "passes/codegen/Passes.h.inc"

namespace {

class DotLowering {
public:
  DotLowering(DotOp op, DotIsa isa)
      : op(op), isa(isa), b(op), loc(op.getLoc()),
        accType(cast<VectorType>(op.getAcc().getType())),
        type(cast<VectorType>(op.getCodes().getType())),
        accBits(accType.getElementTypeBitWidth()),
        bits(type.getElementTypeBitWidth()),
        registerBits(type.getNumElements() * bits) {}

  /// Null if this instruction set has none for the operation.
  Value lower();
  Value widen();

private:
  Value call(StringRef name, Type result, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(b, loc, result, b.getStringAttr(name),
                                         operands)
        .getResult(0);
  }
  VectorType vectorOf(int64_t size, unsigned width) {
    return VectorType::get(size, b.getIntegerType(width));
  }
  Value splat(VectorType vector, int64_t value) {
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(
            vector, b.getIntegerAttr(vector.getElementType(), value)));
  }
  Value addTo(Value sum) {
    return arith::AddIOp::create(b, loc, op.getAcc(), sum);
  }
  /// codes - 128 as signed bytes, where the target's offset says so.
  Value signedCodes() {
    Value codes = op.getCodes();
    if (dotCodeOffset(isa, op.getMaxCode()) == 0)
      return codes;
    return arith::XOrIOp::create(b, loc, codes, splat(type, -128));
  }
  /// Every `stride`th element from `first` on.
  Value every(Value vector, int64_t first, int64_t stride) {
    SmallVector<int64_t> lanes;
    int64_t size = cast<VectorType>(vector.getType()).getNumElements();
    for (int64_t lane = first; lane < size; lane += stride)
      lanes.push_back(lane);
    return vector::ShuffleOp::create(b, loc, vector, vector, lanes);
  }

  Value lowerAvx2();
  Value pairsOfBytes(Value unsignedCodes, Value data);
  Value pairsOfWords(Value lhs, Value rhs);

  DotOp op;
  DotIsa isa;
  OpBuilder b;
  Location loc;
  VectorType accType, type;
  unsigned accBits, bits;
  int64_t registerBits;
};

/// vpmaddubsw: sums of two products as i16.
Value DotLowering::pairsOfBytes(Value unsignedCodes, Value data) {
  StringRef name = registerBits == 256 ? "llvm.x86.avx2.pmadd.ub.sw"
                                       : "llvm.x86.ssse3.pmadd.ub.sw.128";
  return call(name, vectorOf(registerBits / 16, 16), {unsignedCodes, data});
}

/// vpmaddwd: sums of two products as i32.
Value DotLowering::pairsOfWords(Value lhs, Value rhs) {
  StringRef name =
      registerBits == 256 ? "llvm.x86.avx2.pmadd.wd" : "llvm.x86.sse2.pmadd.wd";
  return call(name, vectorOf(registerBits / 32, 32), {lhs, rhs});
}

Value DotLowering::lowerAvx2() {
  if (registerBits != 128 && registerBits != 256)
    return {};
  if (accBits == 32 && bits == 16)
    return addTo(pairsOfWords(op.getCodes(), op.getData()));
  if (accBits == 16 && op.getMaxCode() <= 127)
    return addTo(pairsOfBytes(op.getCodes(), op.getData()));
  if (accBits != 32 || bits != 8)
    return {};
  Value codes = op.getCodes(), data = op.getData();
  if (op.getMaxCode() > 127 && op.getFullRange()) {
    // The sign of a negative code has no byte for data of -128, and pairs of
    // such products no i16: bytes at even and at odd places as words.
    Value w = signedCodes();
    auto words = vectorOf(registerBits / 16, 16);
    auto part = [&](Value bytes, bool isOdd) -> Value {
      Value value = vector::BitCastOp::create(b, loc, words, bytes);
      if (!isOdd)
        value = arith::ShLIOp::create(b, loc, value, splat(words, 8));
      return arith::ShRSIOp::create(b, loc, value, splat(words, 8));
    };
    Value even = pairsOfWords(part(w, false), part(data, false));
    Value odd = pairsOfWords(part(w, true), part(data, true));
    return addTo(arith::AddIOp::create(b, loc, even, odd));
  }
  if (op.getMaxCode() > 127) {
    // |w| * sign(a, w) with w = code - 128: two products are at most
    // 2 * 128 * 127, so nothing saturates. What depends on the codes only is
    // the same for all rows of a tile; CSE leaves one of it.
    Value w = signedCodes();
    codes = LLVM::AbsOp::create(b, loc, type, w, /*is_int_min_poison=*/false);
    StringRef name = registerBits == 256 ? "llvm.x86.avx2.psign.b"
                                         : "llvm.x86.ssse3.psign.b.128";
    data = call(name, type, {data, w});
  }
  Value words = pairsOfBytes(codes, data);
  Value ones = splat(cast<VectorType>(words.getType()), 1);
  return addTo(pairsOfWords(words, ones));
}

Value DotLowering::lower() {
  switch (isa) {
  case DotIsa::Avx512Vnni:
  case DotIsa::AvxVnni: // the VEX form of the same operation
    if (accBits == 32 && bits == 8 &&
        (registerBits == 128 || registerBits == 256 ||
         (registerBits == 512 && isa == DotIsa::Avx512Vnni)))
      return call("llvm.x86.avx512.vpdpbusd." + std::to_string(registerBits),
                  accType, {op.getAcc(), op.getCodes(), op.getData()});
    return {};
  case DotIsa::Avx2:
    return lowerAvx2();
  case DotIsa::NeonDot:
    if (accBits == 32 && bits == 8 &&
        (registerBits == 64 || registerBits == 128))
      return call(registerBits == 128 ? "llvm.aarch64.neon.sdot.v4i32.v16i8"
                                      : "llvm.aarch64.neon.sdot.v2i32.v8i8",
                  accType, {op.getAcc(), signedCodes(), op.getData()});
    return {};
  case DotIsa::NeonI8mm:
    if (accBits == 32 && bits == 8 &&
        (registerBits == 64 || registerBits == 128))
      return call(registerBits == 128 ? "llvm.aarch64.neon.usdot.v4i32.v16i8"
                                      : "llvm.aarch64.neon.usdot.v2i32.v8i8",
                  accType, {op.getAcc(), op.getCodes(), op.getData()});
    return {};
  case DotIsa::Nvptx: {
    if (accBits != 32 || bits != 8 || registerBits != 32)
      return {};
    Value acc = vector::ExtractOp::create(b, loc, op.getAcc(), 0);
    auto kind = NVVM::DotAccumulateTypeAttr::get(
        b.getContext(), NVVM::DotAccumulateType::SIGNED);
    Value sum = NVVM::DotAccumulate4WayOp::create(
        b, loc, b.getI32Type(), signedCodes(), kind, op.getData(), kind, acc);
    return vector::BroadcastOp::create(b, loc, accType, sum);
  }
  case DotIsa::Generic:
    return {};
  }
  llvm_unreachable("unknown dot");
}

/// Exact on every target: products of pairs in i32 (for which x86 and AArch64
/// have instructions), then sums of neighbours.
Value DotLowering::widen() {
  int64_t inner = accBits / bits;
  Value codes = op.getCodes();
  int64_t offset = dotCodeOffset(isa, op.getMaxCode());
  // Codes of 16 bits are signed: they are sums of smaller products.
  auto words = vectorOf(type.getNumElements(), 16);
  Value data = op.getData();
  if (bits == 8) {
    codes = arith::ExtUIOp::create(b, loc, words, codes);
    data = arith::ExtSIOp::create(b, loc, words, data);
    if (offset)
      codes = arith::SubIOp::create(b, loc, codes, splat(words, offset));
  }
  auto wide = vectorOf(words.getNumElements() / 2, 32);
  auto half = [&](Value vector, int64_t first) -> Value {
    return arith::ExtSIOp::create(b, loc, wide, every(vector, first, 2));
  };
  Value even = arith::MulIOp::create(b, loc, half(codes, 0), half(data, 0));
  Value odd = arith::MulIOp::create(b, loc, half(codes, 1), half(data, 1));
  Value sum = arith::AddIOp::create(b, loc, even, odd);
  if (inner == 4)
    sum = arith::AddIOp::create(b, loc, every(sum, 0, 2), every(sum, 1, 2));
  if (accBits == 16)
    sum = arith::TruncIOp::create(b, loc, accType, sum);
  return addTo(sum);
}

/// vpshufb, where the target has it for the whole vector.
Value lowerLookup(LookupOp op, const Target &target) {
  StringRef name;
  auto type = cast<VectorType>(op.getTable().getType());
  int64_t bits = type.getNumElements() * 8;
  bool isX86 = target.triple.starts_with("x86_64");
  if (!isX86 || bits > target.vectorBits)
    return {};
  if (bits == 512)
    name = "llvm.x86.avx512.pshuf.b.512";
  else if (bits == 256)
    name = "llvm.x86.avx2.pshuf.b";
  else
    return {};
  OpBuilder b(op);
  return LLVM::CallIntrinsicOp::create(
             b, op.getLoc(), type, b.getStringAttr(name),
             ValueRange{op.getTable(), op.getIndices()})
      .getResult(0);
}

/// Four levels of selections by the indices' bits, for any target.
Value selectLookup(LookupOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getTable().getType());
  int64_t size = type.getNumElements();
  SmallVector<Value> entries;
  for (int64_t entry = 0; entry < 16; ++entry) {
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < size; ++lane)
      lanes.push_back(lane / 16 * 16 + entry);
    entries.push_back(
        vector::ShuffleOp::create(b, loc, op.getTable(), op.getTable(), lanes));
  }
  auto splat = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, b.getI8IntegerAttr(value)));
  };
  for (int64_t bit = 0; bit < 4; ++bit) {
    Value masked = arith::AndIOp::create(b, loc, op.getIndices(),
                                         splat(int64_t(1) << bit));
    Value isSet = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                        masked, splat(0));
    for (size_t i = 0; i < entries.size() / 2; ++i)
      entries[i] = arith::SelectOp::create(b, loc, isSet, entries[2 * i + 1],
                                           entries[2 * i]);
    entries.resize(entries.size() / 2);
  }
  return entries.front();
}

/// vdpbf16ps as products of f32, which those of bf16 are exactly.
Value widenBf16(LLVM::CallIntrinsicOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value sum = op.getArgs()[0];
  auto type = cast<VectorType>(sum.getType());
  auto words = VectorType::get(type.getNumElements(), b.getI32Type());
  auto splat = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(words, b.getI32IntegerAttr(value)));
  };
  // The odd inputs, then the even ones.
  auto half = [&](Value pairs, bool isOdd) -> Value {
    Value bits = vector::BitCastOp::create(b, loc, words, pairs);
    bits = isOdd ? Value(arith::AndIOp::create(b, loc, bits,
                                               splat(int32_t(0xffff0000))))
                 : Value(arith::ShLIOp::create(b, loc, bits, splat(16)));
    return vector::BitCastOp::create(b, loc, type, bits);
  };
  for (bool isOdd : {true, false})
    sum = vector::FMAOp::create(b, loc, half(op.getArgs()[1], isOdd),
                                half(op.getArgs()[2], isOdd), sum);
  return sum;
}

struct LowerDot : impl::LowerDotBase<LowerDot> {
  using LowerDotBase::LowerDotBase;

  void runOnOperation() override {
    SmallVector<DotOp> dots;
    SmallVector<LookupOp> lookups;
    getOperation()->walk([&](DotOp op) { dots.push_back(op); });
    getOperation()->walk([&](LookupOp op) { lookups.push_back(op); });
    SmallVector<LLVM::CallIntrinsicOp> bf16;
    if (emulate)
      getOperation()->walk([&](LLVM::CallIntrinsicOp op) {
        if (op.getIntrin().starts_with("llvm.x86.avx512bf16.dpbf16ps"))
          bf16.push_back(op);
      });
    for (LLVM::CallIntrinsicOp op : bf16) {
      op.getResult(0).replaceAllUsesWith(widenBf16(op));
      op.erase();
    }
    if (dots.empty() && lookups.empty())
      return;
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (DotOp op : dots) {
      DotLowering lowering(op, target->dot);
      Value result = emulate ? Value() : lowering.lower();
      if (!result)
        result = lowering.widen();
      op.replaceAllUsesWith(result);
      op.erase();
    }
    for (LookupOp op : lookups) {
      Value result = emulate ? Value() : lowerLookup(op, *target);
      if (!result)
        result = selectLookup(op);
      op.replaceAllUsesWith(result);
      op.erase();
    }
  }
};

} // namespace
} // namespace mixbit
