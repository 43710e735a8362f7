//===- InferQuantization.cpp - Inference of quantized operations ----------===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
static bool isCode(Type type) {
  return isByte(type) || isPackedCode(type) || type.isInteger(16) ||
         type.isSignlessInteger(32);
}
constexpr StringLiteral kCodeTypes = "i2, ui2, i4, ui4, i8, ui8, i16 or i32";

/// Scale (operand 1) and zero point (operand 2): a scalar, a vector along the
/// axis, or blocks of `blockSize` along it.
static LogicalResult requireScale(Operation *op, Values operands,
                                  int64_t axisAttr, int64_t blockSize) {
  ArrayRef<AffineExpr> data = operands[0].shape, scale = operands[1].shape;
  if (failed(requireElement(op, operands, 1, isFloat, "float")))
    return failure();
  if (operands[2] && operands[2].shape != operands[1].shape)
    return expected(op) << "a zero point of the scale's shape "
                        << describe(op, scale) << ", but got "
                        << describe(op, operands[2].shape);
  if (blockSize < 0)
    return expected(op) << "attribute 'block_size' of at least 0, but got "
                        << blockSize;
  bool scalar =
      scale.empty() || (scale.size() == 1 && scale[0] == constantExpr(op, 1));
  if (scalar && blockSize == 0)
    return success();
  FailureOr<int64_t> axis = normalizeAxis(op, axisAttr, data.size());
  if (failed(axis))
    return failure();
  if (blockSize == 0) {
    if (failed(requireRank(op, operands, 1, 1)))
      return failure();
    return requireEqual(op, scale[0], data[*axis], "the scale's extent");
  }
  if (failed(requireRank(op, operands, 1, data.size())))
    return failure();
  for (auto [d, extent] : llvm::enumerate(data)) {
    AffineExpr want = extent;
    if (static_cast<int64_t>(d) == *axis)
      want = floorDivide(add(extent, constantExpr(op, blockSize - 1)),
                         constantExpr(op, blockSize));
    if (failed(
            requireEqual(op, scale[d], want,
                         "dimension " + std::to_string(d) + " of the scale")))
      return failure();
  }
  return success();
}

LogicalResult QuantizeLinearOp::inferSymbolic(Values operands,
                                              Results &results) {
  if (failed(requireElement(*this, operands, 0, isNumber, "numeric")) ||
      failed(requireElement(*this, operands, 2, isCode, kCodeTypes, true)) ||
      failed(requireScale(*this, operands, getAxis(), getBlockSize())))
    return failure();
  Type type = IntegerType::get(getContext(), 8, IntegerType::Unsigned);
  if (getOutputDtype())
    type = *getOutputDtype();
  if (operands[2]) {
    if (getOutputDtype() && operands[2].elementType != type)
      return expected(*this) << "attribute 'output_dtype' to be the zero "
                                "point's "
                             << operands[2].elementType << ", but got " << type;
    type = operands[2].elementType;
  }
  if (!isCode(type))
    return expected(*this) << "codes of " << kCodeTypes << ", but got " << type;
  results.push_back({operands[0].shape, type, std::nullopt});
  return success();
}

LogicalResult DequantizeLinearOp::inferSymbolic(Values operands,
                                                Results &results) {
  if (failed(requireElement(*this, operands, 0, isCode, kCodeTypes)) ||
      failed(requireSame(*this, operands, 2)) ||
      failed(requireScale(*this, operands, getAxis(), getBlockSize())))
    return failure();
  Type type = operands[1].elementType;
  if (getOutputDtype())
    type = *getOutputDtype();
  if (!isFloat(type))
    return expected(*this) << "attribute 'output_dtype' to be a float, but got "
                           << type;
  results.push_back({operands[0].shape, type, std::nullopt});
  return success();
}

LogicalResult DynamicQuantizeLinearOp::inferSymbolic(Values operands,
                                                     Results &results) {
  if (failed(requireElement(
          *this, operands, 0, [](Type type) { return type.isF32(); }, "f32")))
    return failure();
  Type code = IntegerType::get(getContext(), 8, IntegerType::Unsigned);
  results.push_back({operands[0].shape, code, std::nullopt});
  results.push_back({{}, operands[0].elementType, std::nullopt});
  results.push_back({{}, code, std::nullopt});
  return success();
}

LogicalResult MatMulIntegerOp::inferSymbolic(Values operands,
                                             Results &results) {
  for (size_t i : {0, 1})
    if (failed(requireElement(*this, operands, i, isByte, "i8 or ui8")) ||
        failed(requireSame(*this, operands, i + 2, i)))
      return failure();
  FailureOr<SymbolicShape> shape =
      matmulShape(*this, operands[0].shape, operands[1].shape);
  if (failed(shape))
    return failure();
  // A scalar, or one a row of A, a column of B.
  for (size_t i : {0, 1}) {
    const SymbolicValue &zero = operands[i + 2];
    if (!zero || zero.rank() == 0 ||
        (zero.rank() == 1 && zero.shape[0] == constantExpr(*this, 1)))
      continue;
    ArrayRef<AffineExpr> matrix = operands[i].shape;
    if (failed(requireRank(*this, operands, i + 2, 1)))
      return failure();
    if (matrix.size() < 2)
      return expected(*this) << "a scalar zero point for a vector, but got "
                             << describe(*this, zero.shape);
    if (failed(requireEqual(*this, zero.shape[0],
                            i == 0 ? matrix[matrix.size() - 2] : matrix.back(),
                            "a zero point's extent")))
      return failure();
  }
  results.push_back({*shape, IntegerType::get(getContext(), 32), std::nullopt});
  return success();
}

/// Scale (operand `index`) and zero point (the next one) of a matrix: scalars,
/// or a vector of the rows or columns of `matrix`.
static LogicalResult requireMatrixScale(Operation *op, Values operands,
                                        size_t index,
                                        ArrayRef<AffineExpr> matrix,
                                        bool ofRows) {
  if (failed(requireElement(op, operands, index, isFloat, "float")))
    return failure();
  ArrayRef<AffineExpr> scale = operands[index].shape;
  if (operands[index + 1].shape != operands[index].shape)
    return expected(op) << "a zero point of the scale's shape "
                        << describe(op, scale) << ", but got "
                        << describe(op, operands[index + 1].shape);
  if (scale.empty() || (scale.size() == 1 && scale[0] == constantExpr(op, 1)))
    return success();
  if (failed(requireRank(op, operands, index, 1)))
    return failure();
  if (matrix.size() < 2)
    return expected(op) << "a scalar scale for a vector, but got "
                        << describe(op, scale);
  return requireEqual(op, scale[0],
                      ofRows ? matrix[matrix.size() - 2] : matrix.back(),
                      "the extent of input #" + std::to_string(index));
}

LogicalResult QLinearMatMulOp::inferSymbolic(Values operands,
                                             Results &results) {
  for (size_t i : {0, 3, 7})
    if (failed(requireElement(*this, operands, i, isByte, "i8 or ui8")))
      return failure();
  if (failed(requireSame(*this, operands, 2, 0)) ||
      failed(requireSame(*this, operands, 5, 3)))
    return failure();
  FailureOr<SymbolicShape> shape =
      matmulShape(*this, operands[0].shape, operands[3].shape);
  if (failed(shape) ||
      failed(requireMatrixScale(*this, operands, 1, operands[0].shape, true)) ||
      failed(
          requireMatrixScale(*this, operands, 4, operands[3].shape, false)) ||
      failed(requireMatrixScale(*this, operands, 6, *shape, true)))
    return failure();
  results.push_back({*shape, operands[7].elementType, std::nullopt});
  return success();
}
} // namespace mixbit::onnx
