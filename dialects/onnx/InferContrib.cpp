//===- InferContrib.cpp - Inference of com.microsoft's operations ---------===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
static bool isUnsignedByte(Type type) { return type.isUnsignedInteger(8); }

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

static LogicalResult requireBlock(Operation *op, int64_t block) {
  if (block >= 16 && block <= 65536 && llvm::isPowerOf2_64(block))
    return success();
  return expected(op) << "attribute 'block_size' to be a power of two of "
                         "at least 16, but got "
                      << block;
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
  if (failed(requireBlock(*this, block)))
    return failure();
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
LogicalResult MicrosoftGatherBlockQuantizedOp::inferSymbolic(Values operands,
                                                             Results &results) {
  auto isTable = [](Type type) {
    return isUnsignedByte(type) || type.isInteger(4);
  };
  if (failed(requireElement(*this, operands, 0, isTable, "i4, ui4 or ui8")) ||
      failed(requireElement(*this, operands, 1, isIndex, "i32 or i64")) ||
      failed(requireElement(*this, operands, 2, isFloat, "float")) ||
      failed(requireSame(*this, operands, 3, 0)) ||
      failed(requireRank(*this, operands, 0, 2)) ||
      failed(requireBlock(*this, getBlockSize())))
    return failure();
  bool isBytes = isUnsignedByte(operands[0].elementType);
  int64_t bits = isBytes ? getBits() : 4;
  if (bits != 2 && bits != 4 && bits != 8)
    return expected(*this) << "attribute 'bits' to be 2, 4 or 8, but got "
                           << bits;
  int64_t gatherAxis = getGatherAxis(), quantizeAxis = getQuantizeAxis();
  if (gatherAxis != 0 && gatherAxis != -2)
    return expected(*this) << "attribute 'gather_axis' to be 0, but got "
                           << gatherAxis;
  if (quantizeAxis != 1 && quantizeAxis != -1)
    return expected(*this) << "attribute 'quantize_axis' to be 1, but got "
                           << quantizeAxis;
  auto rows = asConstant(operands[0].shape[0]);
  auto width = asConstant(operands[0].shape[1]);
  if (!rows || !width || *width > std::numeric_limits<int32_t>::max())
    return expected(*this) << "a table of constant shape, but got "
                           << describe(*this, operands[0].shape);
  int64_t columns = isBytes ? *width * 8 / bits : *width;
  int64_t blocks = llvm::divideCeil(columns, getBlockSize());
  auto matrix = [&](int64_t extent) {
    return SymbolicShape{constantExpr(*this, *rows),
                         constantExpr(*this, extent)};
  };
  if (operands[2].shape != matrix(blocks))
    return expected(*this) << "scales of shape "
                           << describe(*this, matrix(blocks)) << ", but got "
                           << describe(*this, operands[2].shape);
  SymbolicShape zeros =
      matrix(isBytes ? llvm::divideCeil(blocks * bits, 8) : blocks);
  if (operands[3] && operands[3].shape != zeros)
    return expected(*this) << "zero points of shape " << describe(*this, zeros)
                           << ", but got "
                           << describe(*this, operands[3].shape);
  SymbolicValue &result = results.emplace_back();
  result.shape = operands[1].shape;
  result.shape.push_back(constantExpr(*this, columns));
  result.elementType = operands[2].elementType;
  return success();
}
} // namespace mixbit::onnx
