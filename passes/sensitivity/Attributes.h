//===- Attributes.h - Sensitivities in the IR -------------------*- C++ -*-===//
#pragma once

#include "lib/sensitivity/Sensitivity.h"

#include "mlir/IR/BuiltinOps.h"

namespace mixbit {

/// On a function: the text of a file of sensitivities that the ONNX file
/// carried in its metadata (kSensitivityMetadataKey).
inline constexpr llvm::StringLiteral kSensitivitiesAttr =
    "mixbit.sensitivities";

/// Sets `sensitivity` on the linears and embeddings of the weights that have
/// values of `measure`; values below zero become zero. An error has been
/// emitted on failure: a weight that the module does not have, or not of that
/// shape, or that has no such measure. `source` names where the values are
/// from.
llvm::LogicalResult attachSensitivities(mlir::ModuleOp module,
                                        const Sensitivities &sensitivities,
                                        llvm::StringRef measure,
                                        llvm::StringRef source);

/// What the metadata of the ONNX file `path`, from which the module was
/// imported, say. Errors begin with the path.
llvm::Expected<Sensitivities> annotatedSensitivities(mlir::ModuleOp module,
                                                     llvm::StringRef path);

/// What the `sensitivity` attributes of the module say, one entry a weight.
Sensitivities sensitivitiesOf(mlir::ModuleOp module);

} // namespace mixbit
