//===- InferNN.cpp - Inference of normalization, convolution, attention ---===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
static constexpr int64_t kAnyRank = std::numeric_limits<int64_t>::max();

/// Appends a result of the type of operand 0.
static SymbolicValue &likeFirst(Values operands, Results &results) {
  return results.emplace_back(
      SymbolicValue{operands[0].shape, operands[0].elementType, std::nullopt});
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

/// Fails unless operand `index` (if present) broadcasts to `shape`.
static LogicalResult requireBroadcast(Operation *op, Values operands,
                                      size_t index,
                                      ArrayRef<AffineExpr> shape) {
  if (!operands[index])
    return success();
  FailureOr<SymbolicShape> with =
      broadcastShapes(op, {shape, operands[index].shape});
  if (failed(with))
    return failure();
  if (ArrayRef<AffineExpr>(*with) != shape)
    return expected(op) << "input #" << index << " to broadcast to "
                        << describe(op, shape) << ", but got "
                        << describe(op, operands[index].shape);
  return success();
}

/// The common part of the normalizations over the last dimensions.
static FailureOr<int64_t> normalization(Operation *op, Values operands,
                                        int64_t axisAttr) {
  if (failed(requireElement(op, operands, 0, isFloat, "float")))
    return failure();
  FailureOr<int64_t> axis = normalizeAxis(op, axisAttr, operands[0].rank());
  if (failed(axis))
    return failure();
  ArrayRef<AffineExpr> normalized =
      ArrayRef(operands[0].shape).drop_front(*axis);
  for (size_t i = 1; i != operands.size(); ++i)
    if (failed(requireElement(op, operands, i, isFloat, "float", i > 1)) ||
        failed(requireBroadcast(op, operands, i, normalized)))
      return failure();
  return axis;
}

LogicalResult LayerNormalizationOp::inferSymbolic(Values operands,
                                                  Results &results) {
  FailureOr<int64_t> axis = normalization(*this, operands, getAxis());
  if (failed(axis))
    return failure();
  if (getStashType() != 1)
    return expected(*this) << "attribute 'stash_type' to be 1, but got "
                           << getStashType();
  if (getStatistics().size() > 2)
    return expected(*this) << "at most 3 outputs, but got "
                           << getStatistics().size() + 1;
  likeFirst(operands, results);
  for (size_t i = 0; i != getStatistics().size(); ++i) {
    SymbolicValue &statistic = results.emplace_back();
    statistic.elementType = Float32Type::get(getContext());
    statistic.shape = operands[0].shape;
    for (int64_t d = *axis; d != operands[0].rank(); ++d)
      statistic.shape[d] = constantExpr(*this, 1);
  }
  return success();
}

LogicalResult RMSNormalizationOp::inferSymbolic(Values operands,
                                                Results &results) {
  if (failed(normalization(*this, operands, getAxis())))
    return failure();
  if (getStashType() != 1)
    return expected(*this) << "attribute 'stash_type' to be 1, but got "
                           << getStashType();
  likeFirst(operands, results);
  return success();
}

/// Operands 1 and on are vectors of one element a channel.
static LogicalResult channelNormalization(Operation *op, Values operands,
                                          Results &results) {
  if (failed(requireElement(op, operands, 0, isFloat, "float")) ||
      failed(requireRank(op, operands, 0, 2, kAnyRank)))
    return failure();
  for (size_t i = 1; i != operands.size(); ++i)
    if (failed(requireElement(op, operands, i, isFloat, "float")) ||
        failed(requireRank(op, operands, i, 1)) ||
        failed(requireEqual(op, operands[i].shape[0], operands[0].shape[1],
                            "the extent of input #" + std::to_string(i))))
      return failure();
  likeFirst(operands, results);
  return success();
}

LogicalResult BatchNormalizationOp::inferSymbolic(Values operands,
                                                  Results &results) {
  if (getTrainingMode() != 0)
    return expected(*this) << "attribute 'training_mode' to be 0, but got "
                           << getTrainingMode();
  return channelNormalization(*this, operands, results);
}

LogicalResult InstanceNormalizationOp::inferSymbolic(Values operands,
                                                     Results &results) {
  return channelNormalization(*this, operands, results);
}

LogicalResult DropoutOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isFloat, "float")) ||
      failed(requireElement(*this, operands, 2, isBool, "BOOL", true)))
    return failure();
  if (operands[2]) {
    std::optional<SmallVector<int64_t>> training = operands[2].getConstants();
    if (!training || training->size() != 1 || training->front() != 0)
      return expected(*this) << "input 'training_mode' to be false: networks "
                                "are compiled for inference";
  }
  if (getMask().size() > 1)
    return expected(*this) << "at most 2 outputs, but got "
                           << getMask().size() + 1;
  likeFirst(operands, results);
  if (!getMask().empty())
    likeFirst(operands, results).elementType =
        IntegerType::get(getContext(), 1);
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// An attribute with one entry a spatial dimension (`times` 2: begins, ends).
static FailureOr<SmallVector<int64_t>>
windowAttribute(Operation *op, std::optional<ArrayRef<int64_t>> given,
                StringRef name, size_t count, int64_t missing, int64_t low) {
  if (!given)
    return SmallVector<int64_t>(count, missing);
  if (given->size() != count)
    return expected(op) << "attribute '" << name << "' to have " << count
                        << " entries, but got " << given->size();
  for (int64_t entry : *given)
    if (entry < low || entry > std::numeric_limits<int32_t>::max())
      return expected(op) << "attribute '" << name << "' to be at least " << low
                          << " and below 2^31, but got " << entry;
  return llvm::to_vector(*given);
}

/// Appends the spatial extents that a sliding window leaves to `shape`.
template <typename OpT>
static LogicalResult slide(OpT op, ArrayRef<AffineExpr> spatial,
                           ArrayRef<int64_t> window, bool ceilMode,
                           SymbolicShape &shape) {
  size_t count = spatial.size();
  auto strides = windowAttribute(op, op.getStrides(), "strides", count, 1, 1);
  auto dilations =
      windowAttribute(op, op.getDilations(), "dilations", count, 1, 1);
  auto pads = windowAttribute(op, op.getPads(), "pads", 2 * count, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  StringRef mode = op.getAutoPad();
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!same && mode != "NOTSET" && mode != "VALID")
    return expected(op) << "attribute 'auto_pad' to be NOTSET, VALID, "
                           "SAME_UPPER or SAME_LOWER, but got "
                        << mode;
  if (mode != "NOTSET" && op.getPads() &&
      llvm::any_of(*op.getPads(), [](int64_t pad) { return pad != 0; }))
    return expected(op) << "no attribute 'pads' where 'auto_pad' is " << mode;
  for (size_t i = 0; i != count; ++i) {
    AffineExpr stride = constantExpr(op, (*strides)[i]);
    AffineExpr extent = spatial[i];
    if (same) {
      extent =
          floorDivide(add(extent, constantExpr(op, (*strides)[i] - 1)), stride);
    } else {
      int64_t margin = (*pads)[i] + (*pads)[count + i] -
                       (*dilations)[i] * (window[i] - 1) - 1;
      AffineExpr room = add(extent, constantExpr(op, margin));
      if (failed(requireExtent(op, room, "room for the window")))
        return failure();
      int64_t up = ceilMode ? (*strides)[i] - 1 : 0;
      AffineExpr steps = floorDivide(add(room, constantExpr(op, up)), stride);
      // A window may not start in the end's padding.
      if (up && asConstant(steps) && asConstant(extent) &&
          *asConstant(steps) * (*strides)[i] >=
              *asConstant(extent) + (*pads)[i])
        steps = add(steps, constantExpr(op, -1));
      else if (up && !asConstant(extent))
        return expected(op) << "spatial dimensions that are constant with "
                               "'ceil_mode', but got "
                            << describe(op, extent);
      extent = add(steps, constantExpr(op, 1));
    }
    if (failed(requireExtent(op, extent, "a spatial extent")))
      return failure();
    shape.push_back(extent);
  }
  return success();
}

/// The result's shape from those of the data and the weight.
template <typename OpT>
static FailureOr<SymbolicShape> convolved(OpT op, ArrayRef<AffineExpr> x,
                                          ArrayRef<AffineExpr> w) {
  SmallVector<int64_t> window;
  for (AffineExpr extent : w.drop_front(2)) {
    std::optional<int64_t> value = asConstant(extent);
    if (!value || *value < 1 || *value > std::numeric_limits<int32_t>::max())
      return expected(op) << "a window of constant extents, but got "
                          << describe(op, extent);
    window.push_back(*value);
  }
  if (op.getKernelShape() && *op.getKernelShape() != ArrayRef<int64_t>(window))
    return expected(op) << "attribute 'kernel_shape' to be the weight's "
                        << describe(op, w.drop_front(2));
  std::optional<int64_t> outputs = asConstant(w[0]);
  if (op.getGroup() < 1 || !outputs || *outputs % op.getGroup() != 0)
    return expected(op) << "attribute 'group' to divide the weight's "
                        << describe(op, w[0]) << " outputs, but got "
                        << op.getGroup();
  if (failed(requireEqual(op, x[1],
                          multiply(w[1], constantExpr(op, op.getGroup())),
                          "the number of channels")))
    return failure();
  SymbolicShape shape{x[0], w[0]};
  if (failed(slide(op, x.drop_front(2), window, false, shape)))
    return failure();
  return shape;
}

/// Operand `index`, if present, is one for all outputs or, with `byOutput`, one
/// an output.
static LogicalResult requireOutputs(Operation *op, Values operands,
                                    size_t index, AffineExpr outputs,
                                    bool byOutput) {
  const SymbolicValue &value = operands[index];
  if (!value || value.rank() == 0 ||
      (value.rank() == 1 && value.shape[0] == constantExpr(op, 1)))
    return success();
  if (!byOutput)
    return expected(op) << "input #" << index << " to be a scalar, but got "
                        << describe(op, value.shape);
  if (failed(requireRank(op, operands, index, 1)))
    return failure();
  return requireEqual(op, value.shape[0], outputs,
                      "the extent of input #" + std::to_string(index));
}

LogicalResult ConvOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isFloat, "float")) ||
      failed(requireSame(*this, operands, 1)) ||
      failed(requireSame(*this, operands, 2)) ||
      failed(requireRank(*this, operands, 0, 3, kAnyRank)) ||
      failed(requireRank(*this, operands, 1, operands[0].rank())) ||
      failed(requireRank(*this, operands, 2, 1)))
    return failure();
  auto shape = convolved(*this, operands[0].shape, operands[1].shape);
  if (failed(shape) ||
      (operands[2] &&
       failed(requireEqual(*this, operands[2].shape[0], operands[1].shape[0],
                           "the bias' extent"))))
    return failure();
  results.push_back({*shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult ConvIntegerOp::inferSymbolic(Values operands, Results &results) {
  for (size_t i : {0, 1})
    if (failed(requireElement(*this, operands, i, isByte, "i8 or ui8")) ||
        failed(requireSame(*this, operands, i + 2, i)))
      return failure();
  if (failed(requireRank(*this, operands, 0, 3, kAnyRank)) ||
      failed(requireRank(*this, operands, 1, operands[0].rank())))
    return failure();
  AffineExpr outputs = operands[1].shape[0];
  auto shape = convolved(*this, operands[0].shape, operands[1].shape);
  if (failed(shape) ||
      failed(requireOutputs(*this, operands, 2, outputs, false)) ||
      failed(requireOutputs(*this, operands, 3, outputs, true)))
    return failure();
  results.push_back({*shape, IntegerType::get(getContext(), 32), std::nullopt});
  return success();
}

LogicalResult QLinearConvOp::inferSymbolic(Values operands, Results &results) {
  auto isBias = [](Type type) { return type.isSignlessInteger(32); };
  for (size_t i : {0, 3, 7})
    if (failed(requireElement(*this, operands, i, isByte, "i8 or ui8")))
      return failure();
  for (size_t i : {1, 4, 6})
    if (failed(requireElement(*this, operands, i, isFloat, "float")))
      return failure();
  if (failed(requireSame(*this, operands, 2, 0)) ||
      failed(requireSame(*this, operands, 5, 3)) ||
      failed(requireElement(*this, operands, 8, isBias, "i32", true)) ||
      failed(requireRank(*this, operands, 0, 3, kAnyRank)) ||
      failed(requireRank(*this, operands, 3, operands[0].rank())) ||
      failed(requireRank(*this, operands, 8, 1)))
    return failure();
  AffineExpr outputs = operands[3].shape[0];
  auto shape = convolved(*this, operands[0].shape, operands[3].shape);
  if (failed(shape))
    return failure();
  for (size_t i : {1, 2, 4, 5, 6, 7})
    if (failed(requireOutputs(*this, operands, i, outputs, i == 4 || i == 5)))
      return failure();
  if (operands[4].shape != operands[5].shape)
    return expected(*this) << "a zero point of the scale's shape "
                           << describe(*this, operands[4].shape) << ", but got "
                           << describe(*this, operands[5].shape);
  if (operands[8] && failed(requireEqual(*this, operands[8].shape[0], outputs,
                                         "the bias' extent")))
    return failure();
  results.push_back({*shape, operands[7].elementType, std::nullopt});
  return success();
}

template <typename OpT>
static LogicalResult pool(OpT op, Values operands, Results &results) {
  if (failed(requireElement(op, operands, 0, isFloat, "float")) ||
      failed(requireRank(op, operands, 0, 3, kAnyRank)) ||
      failed(requireFlag(op, "ceil_mode", op.getCeilMode())))
    return failure();
  ArrayRef<AffineExpr> x = operands[0].shape;
  auto window = windowAttribute(op, op.getKernelShape(), "kernel_shape",
                                x.size() - 2, 1, 1);
  SymbolicShape shape{x[0], x[1]};
  if (failed(window) ||
      failed(slide(op, x.drop_front(2), *window, op.getCeilMode(), shape)))
    return failure();
  results.push_back({shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult MaxPoolOp::inferSymbolic(Values operands, Results &results) {
  if (getStorageOrder() != 0)
    return expected(*this) << "attribute 'storage_order' to be 0, but got "
                           << getStorageOrder();
  return pool(*this, operands, results);
}

LogicalResult AveragePoolOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireFlag(*this, "count_include_pad", getCountIncludePad())))
    return failure();
  return pool(*this, operands, results);
}

static LogicalResult globalPool(Operation *op, Values operands,
                                Results &results) {
  if (failed(requireElement(op, operands, 0, isFloat, "float")) ||
      failed(requireRank(op, operands, 0, 3, kAnyRank)))
    return failure();
  SymbolicValue &result = likeFirst(operands, results);
  for (AffineExpr &extent : llvm::drop_begin(result.shape, 2))
    extent = constantExpr(op, 1);
  return success();
}

LogicalResult GlobalAveragePoolOp::inferSymbolic(Values operands,
                                                 Results &results) {
  return globalPool(*this, operands, results);
}
LogicalResult GlobalMaxPoolOp::inferSymbolic(Values operands,
                                             Results &results) {
  return globalPool(*this, operands, results);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::inferSymbolic(Values operands, Results &results) {
  if (operands[4] || operands[5])
    return expected(*this) << "no cache (past_key, past_value)";
  if (getQkMatmulOutputMode() != 0)
    return expected(*this) << "attribute 'qk_matmul_output_mode' to be 0, but "
                              "got "
                           << getQkMatmulOutputMode();
  if (failed(requireFlag(*this, "is_causal", getIsCausal())) ||
      failed(requireElement(*this, operands, 0, isFloat, "float")) ||
      failed(requireRank(*this, operands, 0, 3, 4)))
    return failure();
  int64_t rank = operands[0].rank();
  for (size_t i : {1, 2})
    if (failed(requireSame(*this, operands, i)) ||
        failed(requireRank(*this, operands, i, rank)))
      return failure();
  // Each as [batch, heads, length, head size].
  SymbolicShape shapes[3];
  for (size_t i = 0; i != 3; ++i) {
    shapes[i] = operands[i].shape;
    if (rank == 4)
      continue;
    std::optional<uint64_t> heads = i == 0 ? getQNumHeads() : getKvNumHeads();
    if (!heads || static_cast<int64_t>(*heads) < 1)
      return expected(*this)
             << "attributes 'q_num_heads' and 'kv_num_heads' of at least 1 for "
                "operands of rank 3";
    std::optional<int64_t> width = asConstant(shapes[i][2]);
    if (!width || *width % static_cast<int64_t>(*heads) != 0)
      return expected(*this)
             << "the number of heads to divide the width "
             << describe(*this, shapes[i][2]) << ", but got " << *heads;
    shapes[i] = {shapes[i][0], constantExpr(*this, *heads), shapes[i][1],
                 constantExpr(*this, *width / int64_t(*heads))};
  }
  SymbolicShape &q = shapes[0], &k = shapes[1], &v = shapes[2];
  std::optional<int64_t> heads = asConstant(q[1]), kvHeads = asConstant(k[1]);
  if (!heads || !kvHeads || *kvHeads < 1 || *heads % *kvHeads != 0)
    return expected(*this) << "the heads of the keys to divide those of the "
                              "queries, but got "
                           << describe(*this, k[1]) << " and "
                           << describe(*this, q[1]);
  if (failed(requireEqual(*this, k[0], q[0], "the keys' batch")) ||
      failed(requireEqual(*this, v[0], q[0], "the values' batch")) ||
      failed(requireEqual(*this, k[3], q[3], "the keys' head size")) ||
      failed(requireEqual(*this, v[1], k[1], "the values' heads")) ||
      failed(requireEqual(*this, v[2], k[2], "the values' length")))
    return failure();
  if (operands[3]) {
    Type mask = operands[3].elementType;
    if (!isBool(mask) && mask != operands[0].elementType)
      return expected(*this) << "a mask of BOOL or " << operands[0].elementType
                             << ", but got " << mask;
    SymbolicShape scores{q[0], q[1], q[2], k[2]};
    if (failed(requireBroadcast(*this, operands, 3, scores)))
      return failure();
  }
  SymbolicValue &result = likeFirst(operands, results);
  result.shape.back() =
      rank == 4 ? v[3] : multiply(constantExpr(*this, *heads), v[3]);
  return requireExtent(*this, result.shape.back(), "a width");
}
} // namespace mixbit::onnx
