//===- ContractIr.cpp - Shorthands of the generator ---------------------===//
//
// Index arithmetic that folds constants as it goes, constants, and loops.
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

static std::optional<int64_t> constantOf(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  return std::nullopt;
}

Value ContractIr::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value ContractIr::i32(int64_t value) {
  return arith::ConstantIntOp::create(b, loc, value, 32);
}
Value ContractIr::splat(VectorType type, int64_t value) {
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(type,
                             b.getIntegerAttr(type.getElementType(), value)));
}
Value ContractIr::splatFloat(VectorType type, double value) {
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(type,
                             b.getFloatAttr(type.getElementType(), value)));
}
Value ContractIr::add(Value lhs, Value rhs) {
  if (auto constant = constantOf(rhs))
    return add(lhs, *constant);
  return arith::AddIOp::create(b, loc, lhs, rhs,
                               arith::IntegerOverflowFlags::nsw);
}
Value ContractIr::add(Value lhs, int64_t rhs) {
  if (rhs == 0)
    return lhs;
  if (auto constant = constantOf(lhs))
    return index(*constant + rhs);
  return arith::AddIOp::create(b, loc, lhs, index(rhs),
                               arith::IntegerOverflowFlags::nsw);
}
Value ContractIr::sub(Value lhs, Value rhs) {
  return arith::SubIOp::create(b, loc, lhs, rhs,
                               arith::IntegerOverflowFlags::nsw);
}
Value ContractIr::mul(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return lhs;
  if (auto constant = constantOf(lhs))
    return index(*constant * rhs);
  return arith::MulIOp::create(b, loc, lhs, index(rhs),
                               arith::IntegerOverflowFlags::nsw);
}
Value ContractIr::min(Value lhs, Value rhs) {
  return arith::MinSIOp::create(b, loc, lhs, rhs);
}
Value ContractIr::max(Value lhs, Value rhs) {
  return arith::MaxSIOp::create(b, loc, lhs, rhs);
}
// Indices are never negative here, so unsigned division will do.
Value ContractIr::div(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return lhs;
  if (auto constant = constantOf(lhs))
    return index(*constant / rhs);
  return arith::DivUIOp::create(b, loc, lhs, index(rhs));
}
Value ContractIr::ceilDiv(Value lhs, int64_t rhs) {
  return div(add(lhs, rhs - 1), rhs);
}
Value ContractIr::rem(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return index(0);
  if (auto constant = constantOf(lhs))
    return index(*constant % rhs);
  return arith::RemUIOp::create(b, loc, lhs, index(rhs));
}

Value ContractIr::scales(VectorType type, Value buffer, ValueRange indices) {
  Type stored = cast<MemRefType>(buffer.getType()).getElementType();
  Value loaded = vector::LoadOp::create(
      b, loc, VectorType::get(type.getShape(), stored), buffer, indices);
  if (stored.isF32())
    return loaded;
  if (!stored.isInteger(16))
    return arith::ExtFOp::create(b, loc, type, loaded);
  // bf16, bound as i16: the upper half of an f32.
  auto wide = VectorType::get(type.getShape(), b.getI32Type());
  Value bits = arith::ExtUIOp::create(b, loc, wide, loaded);
  bits = arith::ShLIOp::create(b, loc, bits, splat(wide, 16));
  return arith::BitcastOp::create(b, loc, type, bits);
}

Value ContractIr::dot(Value acc, Value codes, Value data, int64_t maxCode) {
  return DotOp::create(b, loc, acc, codes, data, maxCode);
}

void ContractIr::fetch(Value buffer, ValueRange address, int hint) {
  memref::PrefetchOp::create(b, loc, buffer, address, /*isWrite=*/false, hint,
                             /*isDataCache=*/true);
}

Value ContractIr::triple(Value bytes) {
  Value twice = arith::AddIOp::create(b, loc, bytes, bytes);
  Value sum = arith::AddIOp::create(b, loc, twice, bytes);
  // A fence of floats costs no instruction and knows no type of its own.
  auto type = cast<VectorType>(bytes.getType());
  auto floats = VectorType::get(type.getNumElements() / 4, b.getF32Type());
  sum = vector::BitCastOp::create(b, loc, floats, sum);
  sum = LLVM::CallIntrinsicOp::create(
            b, loc, floats, b.getStringAttr("llvm.arithmetic.fence"), sum)
            .getResult(0);
  return vector::BitCastOp::create(b, loc, type, sum);
}

SmallVector<Value> ContractIr::loop(Value begin, Value end, int64_t step,
                                    ValueRange inits, Body body) {
  auto loop = scf::ForOp::create(
      b, loc, begin, end, index(step), inits,
      [&](OpBuilder &, Location, Value iv, ValueRange carried) {
        // `b` is moved by the builder's callback: it is the same object.
        SmallVector<Value> results = body(iv, carried);
        scf::YieldOp::create(b, loc, results);
      });
  return loop.getResults();
}

SmallVector<Value> ContractIr::loop(int64_t begin, int64_t end, int64_t step,
                                    ValueRange inits, Body body) {
  if (end - begin <= step)
    return body(index(begin), inits);
  return loop(index(begin), index(end), step, inits, body);
}

void ContractIr::loop(Value begin, Value end, int64_t step,
                      function_ref<void(Value)> body) {
  loop(begin, end, step, ValueRange(), [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

} // namespace mixbit
