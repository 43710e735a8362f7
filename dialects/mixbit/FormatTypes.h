//===- FormatTypes.h - Element types and plain formats ----------*- C++ -*-===//
//
// Converts between the quantized element types of the dialect and the plain
// descriptions of lib/quant, and reads the data of quantized constants.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "lib/quant/Segments.h"

#include <optional>

namespace mixbit {

/// The plain description of a float or uniform quantized element type; none
/// for any other (a mixed one too).
std::optional<Format> formatOf(mlir::Type elementType);

/// The element type of a format; f32 for fp32.
mlir::Type typeOf(mlir::MLIRContext *context, const Format &format);

/// The formats of a weight of `rows` rows: one segment of a float or uniform
/// type, those of a mixed one along axis 0. None for any other type.
std::optional<Segments> segmentsOf(mlir::Type elementType, int64_t rows);

/// The element type of segments: that of the format where there is one of them,
/// else a mixed one along axis 0.
mlir::Type typeOf(mlir::MLIRContext *context, llvm::ArrayRef<Segment> segments);

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

/// The segments of a constant, one of a uniform type, several of a mixed one
/// along axis 0 without floats; emits an error for others and where the data is
/// left out of the IR.
mlir::FailureOr<llvm::SmallVector<QuantizedMatrix, 1>>
readSegments(QuantizedConstantOp constant);

/// How a constant of these segments holds their scales: as the type that all
/// have, f32 where they differ.
FloatKind commonScale(llvm::ArrayRef<Segment> segments);

} // namespace mixbit
