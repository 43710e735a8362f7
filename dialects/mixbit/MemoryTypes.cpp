//===- MemoryTypes.cpp - Elements as the C ABI names them -----------------===//
#include "dialects/mixbit/MemoryTypes.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace mixbit {

std::optional<mixbit_type> memoryTypeOf(Type element) {
  if (element.isF32())
    return MIXBIT_F32;
  if (element.isF16())
    return MIXBIT_F16;
  if (element.isBF16())
    return MIXBIT_BF16;
  if (element.isInteger(1))
    return MIXBIT_BOOL;
  if (element.isUnsignedInteger(8))
    return MIXBIT_U8;
  if (element.isInteger(8))
    return MIXBIT_I8;
  if (element.isInteger(32))
    return MIXBIT_I32;
  if (element.isInteger(64))
    return MIXBIT_I64;
  return std::nullopt;
}

} // namespace mixbit
