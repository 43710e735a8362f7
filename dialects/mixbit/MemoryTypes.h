//===- MemoryTypes.h - Elements as the C ABI names them ---------*- C++ -*-===//
#pragma once

#include "mixbit/runtime.h"

#include "mlir/IR/Types.h"

#include <optional>

namespace mixbit {

/// The runtime's name of an element type; none if tensors of it cannot be
/// handed over.
std::optional<mixbit_type> memoryTypeOf(mlir::Type element);

} // namespace mixbit
