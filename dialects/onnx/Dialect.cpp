//===- Dialect.cpp - Registration of the onnx dialect ---------------------===//
#include "dialects/onnx/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

#include "dialects/onnx/OnnxDialect.cpp.inc"
#include "dialects/onnx/OnnxInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/onnx/OnnxOps.cpp.inc"

namespace mixbit::onnx {
void OnnxDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/onnx/OnnxOps.cpp.inc"
      >();
}

LogicalResult ConstantOp::verify() {
  if (getValue().getType() != getType())
    return emitOpError() << "expected a result of the value's type "
                         << getValue().getType() << ", but got " << getType();
  // The size of a resource is not checked by its parser.
  auto resource = dyn_cast<DenseResourceElementsAttr>(getValue());
  if (!resource)
    return success();
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  Type element = resource.getElementType();
  if (!blob || !element.isIntOrFloat())
    return success();
  // Booleans take a byte each.
  uint64_t bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8) *
                   static_cast<uint64_t>(resource.getNumElements());
  if (blob->getData().size() != bytes)
    return emitOpError() << "expected a resource of " << bytes << " bytes for "
                         << getType() << ", but got " << blob->getData().size();
  return success();
}
} // namespace mixbit::onnx
