//===- FormatTypes.h - Element types and plain formats ----------*- C++ -*-===//
//
// Converts between the quantized element types of the dialect and the plain
// descriptions of lib/quant, and reads the data of quantized constants.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "lib/quant/Round.h"

#include <optional>

namespace mixbit {

/// The plain description of a float or uniform quantized element type; none
/// for any other (a mixed one too).
std::optional<Format> formatOf(mlir::Type elementType);

/// The element type of a format; f32 for fp32.
mlir::Type typeOf(mlir::MLIRContext *context, const Format &format);

/// A tensor as the matrix that quantization sees: [first dimension, product of
/// the others]. The type is static and of rank 1 or more.
struct MatrixShape {
  int64_t rows, cols;
};
MatrixShape matrixShapeOf(mlir::RankedTensorType type);

/// The bytes of constant data. A splat is written out; `storage` then owns
/// them. None if the data is left out of the IR (a resource without a blob) or
/// not of whole bytes.
std::optional<llvm::ArrayRef<uint8_t>>
constantBytes(mlir::ElementsAttr data, std::vector<uint8_t> &storage);

/// A constant of a uniform quantized type with its data; emits an error if the
/// type is mixed or the data is left out of the IR.
mlir::FailureOr<QuantizedMatrix> readQuantized(QuantizedConstantOp constant);

} // namespace mixbit
