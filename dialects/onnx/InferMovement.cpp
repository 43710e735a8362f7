//===- InferMovement.cpp - Inference of gathers, slices, pads -------------===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
LogicalResult ConcatOp::inferSymbolic(Values operands, Results &results) {
  if (operands.empty())
    return expected(*this) << "at least one input, but got none";
  FailureOr<int64_t> axis = normalizeAxis(*this, getAxis(), operands[0].rank());
  if (failed(axis))
    return failure();
  SymbolicValue result = operands[0];
  result.contents.reset();
  SmallVector<int64_t> starts{0};
  for (size_t i = 1; i != operands.size(); ++i) {
    if (failed(requireSame(*this, operands, i)) ||
        failed(requireRank(*this, operands, i, operands[0].rank())))
      return failure();
    for (auto [d, extent] : llvm::enumerate(operands[i].shape))
      if (static_cast<int64_t>(d) != *axis &&
          failed(requireEqual(*this, extent, result.shape[d],
                              "dimension " + std::to_string(d) + " of input #" +
                                  std::to_string(i))))
        return failure();
    starts.push_back(asConstant(result.shape[*axis]).value_or(0));
    result.shape[*axis] = add(result.shape[*axis], operands[i].shape[*axis]);
    if (failed(requireExtent(*this, result.shape[*axis], "an extent")))
      return failure();
  }
  bool known = llvm::all_of(
      operands, [](const SymbolicValue &v) { return v.contents.has_value(); });
  if (known && result.rank() == 1) {
    SmallVector<AffineExpr> contents;
    for (const SymbolicValue &operand : operands)
      llvm::append_range(contents, *operand.contents);
    setContents(result, contents);
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult SplitOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<int64_t> axis = normalizeAxis(*this, getAxis(), operands[0].rank());
  if (failed(axis))
    return failure();
  AffineExpr whole = operands[0].shape[*axis];
  int64_t count = getNumResults();
  if (count == 0)
    return expected(*this) << "at least one output, but got none";
  if (getNumOutputs() && static_cast<int64_t>(*getNumOutputs()) != count)
    return expected(*this) << "attribute 'num_outputs' to be the " << count
                           << " outputs, but got " << *getNumOutputs();
  SmallVector<AffineExpr> parts;
  if (operands[1]) {
    if (getNumOutputs())
      return expected(*this) << "only one of input 'split' and attribute "
                                "'num_outputs'";
    FailureOr<SmallVector<AffineExpr>> given =
        requireContents(*this, operands, 1, "parts");
    if (failed(given))
      return failure();
    if (static_cast<int64_t>(given->size()) != count)
      return expected(*this)
             << "a part an output, " << count << ", but got " << given->size();
    AffineExpr total = constantExpr(*this, 0);
    for (AffineExpr part : *given) {
      if (failed(requireExtent(*this, part, "a part")))
        return failure();
      total = add(total, part);
    }
    if (failed(requireEqual(*this, total, whole, "the sum of the parts")))
      return failure();
    parts = *given;
  } else {
    std::optional<int64_t> extent = asConstant(whole);
    AffineExpr part = floorDivide(whole, constantExpr(*this, count));
    AffineExpr all = part ? multiply(part, constantExpr(*this, count)) : part;
    parts.assign(count, part);
    if (!part || all != whole) {
      if (!extent || !getNumOutputs())
        return expected(*this)
               << "an extent that " << count << " outputs divide, but got "
               << describe(*this, whole);
      int64_t size = llvm::divideCeil(*extent, count);
      if (size * (count - 1) > *extent)
        return expected(*this)
               << "an extent for " << count << " outputs, but got " << *extent;
      parts.assign(count, constantExpr(*this, size));
      parts.back() = constantExpr(*this, *extent - size * (count - 1));
    }
  }
  int64_t start = 0;
  for (AffineExpr part : parts) {
    SymbolicValue &result = results.emplace_back();
    result.shape = operands[0].shape;
    result.shape[*axis] = part;
    result.elementType = operands[0].elementType;
    gatherContents(operands[0], result,
                   [&](ArrayRef<int64_t> to, MutableArrayRef<int64_t> from) {
                     llvm::copy(to, from.begin());
                     from[*axis] += start;
                   });
    start += asConstant(part).value_or(0);
  }
  return success();
}

/// A start or end of a slice counted from the front and clamped to low..high.
/// Where the symbols' values decide whether it is clamped, it must not be at
/// run time. Null if they decide from which end it counts.
static AffineExpr clampPosition(Operation *op, AffineExpr position,
                                AffineExpr extent, AffineExpr low,
                                AffineExpr high) {
  auto [least, most] = bounds(position);
  // The largest and smallest integers mean the end and the beginning; adding
  // extents to them would overflow.
  if (asConstant(position) && *asConstant(position) >= (int64_t(1) << 31) - 1)
    return high;
  if (asConstant(position) && *asConstant(position) <= -(int64_t(1) << 31) + 1)
    return low;
  if (most < 0)
    position = add(position, extent);
  else if (least < 0)
    return {};
  if (bounds(subtract(position, high)).first >= 0)
    return high;
  if (bounds(subtract(position, low)).second <= 0)
    return low;
  AffineExpr above = subtract(position, low), below = subtract(high, position);
  if (!above || !below)
    return {};
  assumeNonNegative(op, above);
  assumeNonNegative(op, below);
  return position;
}

LogicalResult SliceOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<SmallVector<AffineExpr>> starts =
      requireContents(*this, operands, 1, "starts");
  if (failed(starts))
    return failure();
  FailureOr<SmallVector<AffineExpr>> ends =
      requireContents(*this, operands, 2, "ends");
  if (failed(ends))
    return failure();
  size_t count = starts->size();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, count));
  SmallVector<int64_t> steps(count, 1);
  for (auto [index, list, what] :
       {std::tuple(size_t(3), &axes, "axes"), {size_t(4), &steps, "steps"}}) {
    if (!operands[index])
      continue;
    FailureOr<SmallVector<int64_t>> given =
        requireConstants(*this, operands, index, what);
    if (failed(given))
      return failure();
    *list = *given;
  }
  if (ends->size() != count || axes.size() != count || steps.size() != count)
    return expected(*this) << "as many starts as ends, axes and steps, but got "
                           << count << ", " << ends->size() << ", "
                           << axes.size() << " and " << steps.size();
  FailureOr<SmallVector<int64_t>> normal =
      normalizeAxes(*this, axes, operands[0].rank());
  if (failed(normal))
    return failure();
  SymbolicValue result = operands[0];
  result.contents.reset();
  SmallVector<int64_t> first(result.rank(), 0), stride(result.rank(), 1);
  AffineExpr zero = constantExpr(*this, 0), minus = constantExpr(*this, -1);
  for (size_t i = 0; i != count; ++i) {
    int64_t axis = (*normal)[i], step = steps[i];
    if (step == 0 || std::abs(step) > std::numeric_limits<int32_t>::max())
      return expected(*this) << "a step other than zero, but got " << step;
    AffineExpr extent = operands[0].shape[axis];
    AffineExpr last = add(extent, minus);
    // Forwards: 0..extent; backwards: from at most the last, to before 0.
    AffineExpr start = clampPosition(*this, (*starts)[i], extent, zero,
                                     step > 0 ? extent : last);
    AffineExpr end =
        clampPosition(*this, (*ends)[i], extent, step > 0 ? zero : minus,
                      step > 0 ? extent : last);
    if (!start || !end)
      return expected(*this) << "a slice whose extent is known, but got "
                             << describe(*this, (*starts)[i]) << " to "
                             << describe(*this, (*ends)[i]) << " of "
                             << describe(*this, extent);
    AffineExpr span = step > 0 ? subtract(end, start) : subtract(start, end);
    AffineExpr size =
        floorDivide(add(span, constantExpr(*this, std::abs(step) - 1)),
                    constantExpr(*this, std::abs(step)));
    if (!size)
      return requireExtent(*this, size, "an extent");
    if (bounds(size).second < 0)
      size = zero;
    else
      assumeNonNegative(*this, size);
    result.shape[axis] = size;
    first[axis] = asConstant(start).value_or(0);
    stride[axis] = step;
  }
  gatherContents(operands[0], result,
                 [&](ArrayRef<int64_t> to, MutableArrayRef<int64_t> from) {
                   for (size_t d = 0; d != to.size(); ++d)
                     from[d] = first[d] + to[d] * stride[d];
                 });
  results.push_back(std::move(result));
  return success();
}

LogicalResult GatherOp::inferSymbolic(Values operands, Results &results) {
  const SymbolicValue &data = operands[0], &indices = operands[1];
  FailureOr<int64_t> axis = normalizeAxis(*this, getAxis(), data.rank());
  if (failed(axis) ||
      failed(requireElement(*this, operands, 1, isIndex, "i32 or i64")))
    return failure();
  std::optional<int64_t> extent = asConstant(data.shape[*axis]);
  std::optional<SmallVector<int64_t>> known = indices.getConstants();
  if (extent && known)
    for (int64_t index : *known)
      if (index < -*extent || index >= *extent)
        return expected(*this) << "an index of -" << *extent << " to "
                               << *extent - 1 << ", but got " << index;
  SymbolicValue &result = results.emplace_back();
  result.elementType = data.elementType;
  ArrayRef<AffineExpr> shape = data.shape;
  llvm::append_range(result.shape, shape.take_front(*axis));
  llvm::append_range(result.shape, indices.shape);
  llvm::append_range(result.shape, shape.drop_front(*axis + 1));
  if (!known || !extent)
    return success();
  gatherContents(
      data, result, [&](ArrayRef<int64_t> to, MutableArrayRef<int64_t> from) {
        int64_t offset = 0;
        for (int64_t d = 0; d != indices.rank(); ++d)
          offset = offset * *asConstant(indices.shape[d]) + to[*axis + d];
        int64_t index = (*known)[offset];
        for (int64_t d = 0; d != data.rank(); ++d)
          from[d] = d < *axis    ? to[d]
                    : d == *axis ? (index < 0 ? index + *extent : index)
                                 : to[d - 1 + indices.rank()];
      });
  return success();
}

LogicalResult GatherElementsOp::inferSymbolic(Values operands,
                                              Results &results) {
  FailureOr<int64_t> axis = normalizeAxis(*this, getAxis(), operands[0].rank());
  if (failed(axis) ||
      failed(requireElement(*this, operands, 1, isIndex, "i32 or i64")) ||
      failed(requireRank(*this, operands, 1, operands[0].rank())))
    return failure();
  for (int64_t d = 0; d != operands[0].rank(); ++d)
    if (d != *axis &&
        bounds(subtract(operands[0].shape[d], operands[1].shape[d])).first < 0)
      return expected(*this)
             << "dimension " << d << " of the indices to be at most "
             << describe(*this, operands[0].shape[d]) << ", but got "
             << describe(*this, operands[1].shape[d]);
  results.push_back({operands[1].shape, operands[0].elementType, std::nullopt});
  return success();
}

/// The length of the index tuples, checked against the data's rank.
static FailureOr<int64_t> tupleLength(Operation *op, Values operands,
                                      int64_t batchDims) {
  if (failed(requireElement(op, operands, 1, isIndex, "i32 or i64")) ||
      failed(
          requireRank(op, operands, 1, 1, std::numeric_limits<int64_t>::max())))
    return failure();
  std::optional<int64_t> length = asConstant(operands[1].shape.back());
  int64_t rank = operands[0].rank();
  if (!length || *length < 1 || *length > rank - batchDims)
    return expected(op) << "index tuples of 1 to " << rank - batchDims
                        << " entries, but got "
                        << describe(op, operands[1].shape.back());
  return *length;
}

LogicalResult GatherNDOp::inferSymbolic(Values operands, Results &results) {
  int64_t batch = getBatchDims();
  if (batch < 0 || batch >= std::min(operands[0].rank(), operands[1].rank()))
    return expected(*this) << "attribute 'batch_dims' below both ranks, but "
                              "got "
                           << batch;
  FailureOr<int64_t> length = tupleLength(*this, operands, batch);
  if (failed(length))
    return failure();
  ArrayRef<AffineExpr> data = operands[0].shape, indices = operands[1].shape;
  for (int64_t d = 0; d != batch; ++d)
    if (failed(requireEqual(*this, indices[d], data[d],
                            "batch dimension " + std::to_string(d))))
      return failure();
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  llvm::append_range(result.shape, indices.drop_back());
  llvm::append_range(result.shape, data.drop_front(batch + *length));
  return success();
}

LogicalResult ScatterNDOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<int64_t> length = tupleLength(*this, operands, 0);
  if (failed(length) || failed(requireSame(*this, operands, 2)))
    return failure();
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, getReduction()))
    return expected(*this) << "attribute 'reduction' to be none, add, mul, "
                              "max or min, but got "
                           << getReduction();
  SymbolicShape updates(ArrayRef(operands[1].shape).drop_back());
  llvm::append_range(updates, ArrayRef(operands[0].shape).drop_front(*length));
  if (updates != operands[2].shape)
    return expected(*this) << "updates of shape " << describe(*this, updates)
                           << ", but got "
                           << describe(*this, operands[2].shape);
  results.push_back({operands[0].shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult TileOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<SmallVector<AffineExpr>> repeats =
      requireContents(*this, operands, 1, "repeats");
  if (failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != operands[0].rank())
    return expected(*this) << "a repeat a dimension, " << operands[0].rank()
                           << ", but got " << repeats->size();
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  for (auto [extent, repeat] : llvm::zip_equal(operands[0].shape, *repeats)) {
    if (failed(requireExtent(*this, repeat, "a repeat")))
      return failure();
    result.shape.push_back(multiply(extent, repeat));
    if (failed(requireExtent(*this, result.shape.back(), "an extent")))
      return failure();
  }
  gatherContents(operands[0], result,
                 [&](ArrayRef<int64_t> to, MutableArrayRef<int64_t> from) {
                   for (size_t d = 0; d != to.size(); ++d)
                     from[d] = to[d] % *asConstant(operands[0].shape[d]);
                 });
  return success();
}

LogicalResult TriluOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireRank(*this, operands, 0, 2,
                         std::numeric_limits<int64_t>::max())) ||
      failed(requireFlag(*this, "upper", getUpper())))
    return failure();
  if (operands[1]) {
    FailureOr<SmallVector<int64_t>> k =
        requireConstants(*this, operands, 1, "diagonals");
    if (failed(k))
      return failure();
    if (k->size() != 1)
      return expected(*this) << "one diagonal, but got " << k->size();
  }
  results.push_back({operands[0].shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult PadOp::inferSymbolic(Values operands, Results &results) {
  if (!llvm::is_contained({"constant", "reflect", "edge", "wrap"}, getMode()))
    return expected(*this) << "attribute 'mode' to be constant, reflect, edge "
                              "or wrap, but got "
                           << getMode();
  FailureOr<SmallVector<AffineExpr>> pads =
      requireContents(*this, operands, 1, "pads");
  if (failed(pads) || failed(requireSame(*this, operands, 2)))
    return failure();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, operands[0].rank()));
  if (operands[3]) {
    FailureOr<SmallVector<int64_t>> given =
        requireConstants(*this, operands, 3, "axes");
    if (failed(given))
      return failure();
    FailureOr<SmallVector<int64_t>> normal =
        normalizeAxes(*this, *given, operands[0].rank());
    if (failed(normal))
      return failure();
    axes = *normal;
  }
  if (pads->size() != 2 * axes.size())
    return expected(*this) << "two pads an axis, " << 2 * axes.size()
                           << ", but got " << pads->size();
  SymbolicValue &result = results.emplace_back();
  result.shape = operands[0].shape;
  result.elementType = operands[0].elementType;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    AffineExpr &extent = result.shape[axis];
    extent = add(extent, add((*pads)[i], (*pads)[axes.size() + i]));
    if (failed(requireExtent(*this, extent, "an extent")))
      return failure();
  }
  return success();
}
} // namespace mixbit::onnx
