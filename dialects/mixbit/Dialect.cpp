//===- Dialect.cpp - Registration of the mixbit dialect -------------------===//
#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/mixbit/MixbitDialect.cpp.inc"
#include "dialects/mixbit/MixbitEnums.cpp.inc"
#include "dialects/mixbit/MixbitOpInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/mixbit/MixbitOps.cpp.inc"

namespace mixbit {
void MixbitDialect::initialize() {
  registerTypesAndAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/mixbit/MixbitOps.cpp.inc"
      >();
}
} // namespace mixbit
