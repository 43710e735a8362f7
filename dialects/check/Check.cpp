//===- Check.cpp - Operations for tests only ------------------------------===//
#include "dialects/check/Check.h"

#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;

#include "dialects/check/CheckDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/check/CheckOps.cpp.inc"

namespace mixbit::check {
void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/check/CheckOps.cpp.inc"
      >();
}

LogicalResult ExpectCloseOp::verify() {
  double bound = getBound().convertToDouble();
  if (!(bound >= 0) || std::isinf(bound))
    return emitOpError() << "expected a finite bound of 0 or more, but got "
                         << getBoundAttr();
  Type element = cast<RankedTensorType>(getActual().getType()).getElementType();
  if (isa<FloatType>(element) || (isa<IntegerType>(element) && bound == 0))
    return success();
  return emitOpError() << "expected floats, or integers and a bound of 0, but "
                          "got "
                       << getActual().getType();
}
} // namespace mixbit::check
