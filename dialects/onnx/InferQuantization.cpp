//===- InferQuantization.cpp - Inference of quantized and contrib ops -----===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
static bool isUnsignedByte(Type type) { return type.isUnsignedInteger(8); }
static bool isCode(Type type) {
  return isByte(type) || isPackedCode(type) || type.isInteger(16) ||
         type.isSignlessInteger(32);
}
constexpr StringLiteral kCodeTypes = "i2, ui2, i4, ui4, i8, ui8, i16 or i32";

//===----------------------------------------------------------------------===//
// ai.onnx
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// com.microsoft
//===----------------------------------------------------------------------===//

/// Operand `index`, if present, is a vector of the last dimension of `data`.
static LogicalResult requireRow(Operation *op, Values operands, size_t index,
                                AffineExpr width, size_t like = 0) {
  if (!operands[index])
    return success();
  if (failed(requireSame(op, operands, index, like)) ||
      failed(requireRank(op, operands, index, 1)))
    return failure();
  return requireEqual(op, operands[index].shape[0], width,
                      "the extent of input #" + std::to_string(index));
}

LogicalResult MicrosoftGeluOp::inferSymbolic(Values operands,
                                             Results &results) {
  if (failed(requireElement(*this, operands, 0, isFloat, "float")))
    return failure();
  results.push_back({operands[0].shape, operands[0].elementType, std::nullopt});
  return success();
}

/// Gelu of a tensor plus an optional row.
static LogicalResult biasGelu(Operation *op, Values operands,
                              Results &results) {
  if (failed(requireElement(op, operands, 0, isFloat, "float")) ||
      failed(requireRank(op, operands, 0, 1,
                         std::numeric_limits<int64_t>::max())) ||
      failed(requireRow(op, operands, 1, operands[0].shape.back())))
    return failure();
  results.push_back({operands[0].shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult MicrosoftBiasGeluOp::inferSymbolic(Values operands,
                                                 Results &results) {
  return biasGelu(*this, operands, results);
}

LogicalResult MicrosoftFastGeluOp::inferSymbolic(Values operands,
                                                 Results &results) {
  return biasGelu(*this, operands, results);
}

LogicalResult
MicrosoftSkipLayerNormalizationOp::inferSymbolic(Values operands,
                                                 Results &results) {
  if (failed(requireElement(*this, operands, 0, isFloat, "float")) ||
      failed(requireRank(*this, operands, 0, 2, 3)) ||
      failed(requireSame(*this, operands, 1)))
    return failure();
  const SymbolicShape &shape = operands[0].shape;
  if (operands[1].shape != shape)
    return expected(*this) << "a skip of shape " << describe(*this, shape)
                           << ", but got "
                           << describe(*this, operands[1].shape);
  for (size_t i : {2, 3, 4})
    if (failed(requireRow(*this, operands, i, shape.back())))
      return failure();
  if (getFurther().size() > 3)
    return expected(*this) << "at most 4 outputs, but got "
                           << getFurther().size() + 1;
  results.push_back({shape, operands[0].elementType, std::nullopt});
  for (size_t i = 0; i != getFurther().size(); ++i) {
    SymbolicValue &result = results.emplace_back();
    result.shape = shape;
    result.elementType = operands[0].elementType;
    if (i == 2)
      continue;
    result.elementType = Float32Type::get(getContext());
    result.shape.back() = constantExpr(*this, 1);
  }
  return success();
}

LogicalResult
MicrosoftEmbedLayerNormalizationOp::inferSymbolic(Values operands,
                                                  Results &results) {
  auto isId = [](Type type) { return type.isSignlessInteger(32); };
  if (failed(requireElement(*this, operands, 2, isFloat, "float")) ||
      failed(requireElement(*this, operands, 0, isId, "i32")) ||
      failed(requireRank(*this, operands, 0, 2)))
    return failure();
  const SymbolicShape &ids = operands[0].shape;
  for (size_t i : {1, 7, 8}) {
    if (failed(requireElement(*this, operands, i, isId, "i32", true)) ||
        failed(requireRank(*this, operands, i, 2)))
      return failure();
    // Positions may be one row for all samples.
    if (operands[i] &&
        (operands[i].shape[1] != ids[1] ||
         (operands[i].shape[0] != ids[0] &&
          (i != 8 || operands[i].shape[0] != constantExpr(*this, 1)))))
      return expected(*this)
             << "input #" << i << " of shape " << describe(*this, ids)
             << ", but got " << describe(*this, operands[i].shape);
  }
  if (operands[1].operator bool() != operands[4].operator bool())
    return expected(*this) << "both or neither of segment_ids and "
                              "segment_embedding";
  for (size_t i : {2, 3, 4})
    if (failed(requireSame(*this, operands, i, 2)) ||
        failed(requireRank(*this, operands, i, 2)) ||
        (operands[i] &&
         failed(requireEqual(*this, operands[i].shape[1], operands[2].shape[1],
                             "an embedding's width"))))
      return failure();
  for (size_t i : {5, 6})
    if (failed(requireRow(*this, operands, i, operands[2].shape[1], 2)))
      return failure();
  if (getMaskIndexType() != 0 && getMaskIndexType() != 1)
    return expected(*this) << "attribute 'mask_index_type' to be 0 or 1, but "
                              "got "
                           << getMaskIndexType();
  if (getFurther().size() > 2)
    return expected(*this) << "at most 3 outputs, but got "
                           << getFurther().size() + 1;
  SymbolicShape shape = ids;
  shape.push_back(operands[2].shape[1]);
  results.push_back({shape, operands[2].elementType, std::nullopt});
  if (getFurther().size() >= 1)
    results.push_back({{ids[0]}, operands[0].elementType, std::nullopt});
  if (getFurther().size() == 2)
    results.push_back({shape, operands[2].elementType, std::nullopt});
  return success();
}

LogicalResult MicrosoftMatMulNBitsOp::inferSymbolic(Values operands,
                                                    Results &results) {
  if (failed(requireElement(*this, operands, 0, isFloat, "float")) ||
      failed(requireRank(*this, operands, 0, 1,
                         std::numeric_limits<int64_t>::max())) ||
      failed(requireElement(*this, operands, 1, isUnsignedByte, "ui8")) ||
      failed(requireSame(*this, operands, 2)))
    return failure();
  int64_t n = getN(), k = getK(), bits = getBits(), block = getBlockSize();
  if (bits != 2 && bits != 4 && bits != 8)
    return expected(*this) << "attribute 'bits' to be 2, 4 or 8, but got "
                           << bits;
  if (block < 16 || block > 65536 || (block & (block - 1)) != 0)
    return expected(*this) << "attribute 'block_size' to be a power of two of "
                              "at least 16, but got "
                           << block;
  if (n < 1 || k < 1 || n > std::numeric_limits<int32_t>::max() ||
      k > std::numeric_limits<int32_t>::max())
    return expected(*this) << "attributes 'N' and 'K' of 1 to 2^31 - 1, but "
                              "got "
                           << n << " and " << k;
  if (getWeightPrepacked() != 0)
    return expected(*this) << "attribute 'weight_prepacked' to be 0, but got "
                           << getWeightPrepacked();
  if (failed(requireEqual(*this, operands[0].shape.back(),
                          constantExpr(*this, k), "the last extent of A")))
    return failure();
  int64_t blocks = llvm::divideCeil(k, block);
  auto constants = [&](ArrayRef<int64_t> extents) {
    SymbolicShape shape;
    for (int64_t extent : extents)
      shape.push_back(constantExpr(*this, extent));
    return shape;
  };
  SymbolicShape codes = constants({n, blocks, block * bits / 8});
  if (operands[1].shape != codes)
    return expected(*this) << "B of shape " << describe(*this, codes)
                           << ", but got "
                           << describe(*this, operands[1].shape);
  SymbolicShape scales = constants({n, blocks}), flat = constants({n * blocks});
  if (operands[2].shape != scales && operands[2].shape != flat)
    return expected(*this) << "scales of shape " << describe(*this, scales)
                           << ", but got "
                           << describe(*this, operands[2].shape);
  if (operands[3]) {
    int64_t bytes = llvm::divideCeil(blocks * bits, 8);
    bool packed = isUnsignedByte(operands[3].elementType);
    SymbolicShape zeros = packed ? constants({n, bytes}) : scales;
    SymbolicShape flatZeros = packed ? constants({n * bytes}) : flat;
    if (!packed && failed(requireSame(*this, operands, 3)))
      return failure();
    if (operands[3].shape != zeros && operands[3].shape != flatZeros)
      return expected(*this)
             << "zero points of shape " << describe(*this, zeros)
             << ", but got " << describe(*this, operands[3].shape);
  }
  if (operands[4])
    return expected(*this) << "no input 'g_idx', which is deprecated";
  if (failed(requireRow(*this, operands, 5, constantExpr(*this, n))))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = operands[0].shape;
  result.shape.back() = constantExpr(*this, n);
  result.elementType = operands[0].elementType;
  return success();
}
} // namespace mixbit::onnx
