//===- InferShape.cpp - Inference of constants and of shape changes -------===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::inferSymbolic(Values, Results &results) {
  results.push_back(SymbolicValue::ofConstant(getValue()));
  return success();
}

/// Extents given as data: none negative. A scalar counts as no shape.
static FailureOr<SymbolicShape> requireShape(Operation *op, Values operands,
                                             size_t index) {
  FailureOr<SmallVector<AffineExpr>> extents =
      requireContents(op, operands, index, "extents");
  if (failed(extents) || failed(requireRank(op, operands, index, 1)))
    return failure();
  for (AffineExpr extent : *extents)
    if (failed(requireExtent(op, extent, "an extent")))
      return failure();
  return SymbolicShape(ArrayRef(*extents));
}

LogicalResult ConstantOfShapeOp::inferSymbolic(Values operands,
                                               Results &results) {
  FailureOr<SymbolicShape> shape = requireShape(*this, operands, 0);
  if (failed(shape))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = *shape;
  result.elementType = Float32Type::get(getContext());
  std::optional<ElementsAttr> value = getValue();
  if (!value)
    return success();
  if (value->getNumElements() != 1)
    return expected(*this) << "attribute 'value' to have one element, but got "
                           << value->getNumElements();
  SymbolicValue element = SymbolicValue::ofConstant(*value);
  result.elementType = element.elementType;
  std::optional<SmallVector<int64_t>> small = smallShape(*shape);
  if (element.contents && small) {
    size_t count = 1;
    for (int64_t extent : *small)
      count *= extent;
    setContents(result,
                SmallVector<AffineExpr>(count, element.contents->front()));
  }
  return success();
}

LogicalResult RangeOp::inferSymbolic(Values operands, Results &results) {
  SmallVector<AffineExpr, 3> parts;
  for (size_t i = 0; i != 3; ++i) {
    if (failed(requireElement(*this, operands, i, isIndex, "i32 or i64")) ||
        failed(requireSame(*this, operands, i)))
      return failure();
    FailureOr<SmallVector<AffineExpr>> part =
        requireContents(*this, operands, i, "bounds");
    if (failed(part))
      return failure();
    if (part->size() != 1)
      return expected(*this) << "input #" << i << " to be a scalar, but got "
                             << part->size() << " elements";
    parts.push_back(part->front());
  }
  std::optional<int64_t> delta = asConstant(parts[2]);
  if (!delta || *delta == 0 || *delta == std::numeric_limits<int64_t>::min())
    return expected(*this) << "a constant delta other than zero, but got "
                           << describe(*this, parts[2]);
  // The number of steps, rounded up.
  AffineExpr span =
      *delta > 0 ? subtract(parts[1], parts[0]) : subtract(parts[0], parts[1]);
  AffineExpr step = constantExpr(*this, std::abs(*delta));
  AffineExpr count =
      floorDivide(add(span, add(step, constantExpr(*this, -1))), step);
  if (!count)
    return requireExtent(*this, count, "a length");
  if (bounds(count).second <= 0)
    count = constantExpr(*this, 0);
  else
    assumeNonNegative(*this, count);
  SymbolicValue &result = results.emplace_back();
  result.shape.push_back(count);
  result.elementType = operands[0].elementType;
  if (std::optional<SmallVector<int64_t>> small = smallShape(result.shape)) {
    SmallVector<AffineExpr> contents;
    for (int64_t i = 0; i != small->front(); ++i)
      contents.push_back(
          add(parts[0], multiply(parts[2], constantExpr(*this, i))));
    setContents(result, contents);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult IdentityOp::inferSymbolic(Values operands, Results &results) {
  results.push_back(operands[0]);
  return success();
}

/// Integers and booleans keep their contents where they fit.
static LogicalResult cast(Operation *op, const SymbolicValue &source, Type to,
                          Results &results) {
  if (!isNumber(to) && !isBool(to))
    return expected(op) << "a number or boolean to cast to, but got " << to;
  SymbolicValue &result = results.emplace_back();
  result.shape = source.shape;
  result.elementType = to;
  foldElementwise(source, result, [&](ArrayRef<AffineExpr> in) -> AffineExpr {
    if (!isBool(to))
      return in[0];
    auto [low, high] = bounds(in[0]);
    if (low > 0 || high < 0)
      return constantExpr(op, 1);
    return low == 0 && high == 0 ? in[0] : AffineExpr();
  });
  return success();
}

LogicalResult CastOp::inferSymbolic(Values operands, Results &results) {
  return cast(*this, operands[0], getTo(), results);
}

LogicalResult CastLikeOp::inferSymbolic(Values operands, Results &results) {
  return cast(*this, operands[0], operands[1].elementType, results);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

LogicalResult ShapeOp::inferSymbolic(Values operands, Results &results) {
  int64_t rank = operands[0].rank();
  auto clamp = [&](int64_t position) {
    if (position < 0)
      position += rank;
    return std::clamp<int64_t>(position, 0, rank);
  };
  int64_t start = clamp(getStart());
  int64_t end = clamp(getEnd() ? static_cast<int64_t>(*getEnd()) : rank);
  ArrayRef<AffineExpr> part =
      ArrayRef(operands[0].shape)
          .slice(start, std::max<int64_t>(0, end - start));
  SymbolicValue &result = results.emplace_back();
  result.shape.push_back(constantExpr(*this, part.size()));
  result.elementType = IntegerType::get(getContext(), 64);
  setContents(result, part);
  return success();
}

LogicalResult SizeOp::inferSymbolic(Values operands, Results &results) {
  SymbolicValue &result = results.emplace_back();
  result.elementType = IntegerType::get(getContext(), 64);
  setContents(result, {product(operands[0].shape, getContext())});
  return success();
}

/// The product of `all` divided by that of `some`; equal factors cancel first,
/// so that any polynomial extent may be among them.
static AffineExpr quotient(Operation *op, ArrayRef<AffineExpr> all,
                           ArrayRef<AffineExpr> some) {
  SmallVector<AffineExpr> left(all), right;
  for (AffineExpr factor : some) {
    auto *found = llvm::find(left, factor);
    if (found != left.end())
      left.erase(found);
    else
      right.push_back(factor);
  }
  AffineExpr dividend = product(left, op->getContext());
  AffineExpr divisor = product(right, op->getContext());
  AffineExpr result = floorDivide(dividend, divisor);
  // Only an exact division is one.
  if (!result || multiply(result, divisor) != dividend)
    return {};
  return result;
}

LogicalResult ReshapeOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireFlag(*this, "allowzero", getAllowzero())))
    return failure();
  FailureOr<SmallVector<AffineExpr>> target =
      requireContents(*this, operands, 1, "extents");
  if (failed(target) || failed(requireRank(*this, operands, 1, 1)))
    return failure();
  ArrayRef<AffineExpr> source = operands[0].shape;
  SymbolicShape shape(ArrayRef<AffineExpr>{*target});
  std::optional<size_t> open;
  SmallVector<AffineExpr> known;
  for (auto [d, extent] : llvm::enumerate(shape)) {
    std::optional<int64_t> value = asConstant(extent);
    if (value == -1) {
      if (open)
        return expected(*this) << "at most one extent of -1, but got "
                               << describe(*this, *target);
      open = d;
      continue;
    }
    if (value == 0 && !getAllowzero()) {
      if (d >= source.size())
        return expected(*this)
               << "an extent of 0 to copy one of the data's " << source.size()
               << " dimensions, but got one in dimension " << d;
      extent = source[d];
    }
    if (failed(requireExtent(*this, extent, "an extent")))
      return failure();
    known.push_back(extent);
  }
  AffineExpr rest = quotient(*this, source, known);
  if (open) {
    if (!rest)
      return expected(*this)
             << "an extent that fills " << describe(*this, *target)
             << " with the elements of " << describe(*this, source)
             << ", but there is none";
    shape[*open] = rest;
  } else if (product(source, getContext()) != product(known, getContext())) {
    return expected(*this) << "as many elements as " << describe(*this, source)
                           << " has, but got " << describe(*this, known);
  }
  SymbolicValue &result = results.emplace_back();
  result.shape = shape;
  result.elementType = operands[0].elementType;
  if (operands[0].contents)
    setContents(result, *operands[0].contents);
  return success();
}

LogicalResult FlattenOp::inferSymbolic(Values operands, Results &results) {
  int64_t rank = operands[0].rank(), axis = getAxis();
  if (axis < -rank || axis > rank)
    return expected(*this) << "an axis of -" << rank << " to " << rank
                           << ", but got " << axis;
  if (axis < 0)
    axis += rank;
  ArrayRef<AffineExpr> source = operands[0].shape;
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  for (ArrayRef<AffineExpr> part :
       {source.take_front(axis), source.drop_front(axis)}) {
    result.shape.push_back(product(part, getContext()));
    if (failed(requireExtent(*this, result.shape.back(), "an extent")))
      return failure();
  }
  if (operands[0].contents)
    setContents(result, *operands[0].contents);
  return success();
}

LogicalResult SqueezeOp::inferSymbolic(Values operands, Results &results) {
  ArrayRef<AffineExpr> source = operands[0].shape;
  AffineExpr one = constantExpr(*this, 1);
  SmallVector<int64_t> axes;
  if (operands[1]) {
    FailureOr<SmallVector<int64_t>> given =
        requireConstants(*this, operands, 1, "axes");
    if (failed(given))
      return failure();
    FailureOr<SmallVector<int64_t>> normal =
        normalizeAxes(*this, *given, source.size());
    if (failed(normal))
      return failure();
    axes = *normal;
    for (int64_t axis : axes)
      if (failed(
              requireEqual(*this, source[axis], one,
                           "the extent of dimension " + std::to_string(axis))))
        return failure();
  } else {
    for (auto [d, extent] : llvm::enumerate(source)) {
      if (extent == one)
        axes.push_back(d);
      else if (!asConstant(extent) && bounds(extent).first <= 1)
        return expected(*this)
               << "axes where extents are symbolic, but got none for "
               << describe(*this, source);
    }
  }
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  for (auto [d, extent] : llvm::enumerate(source))
    if (!llvm::is_contained(axes, static_cast<int64_t>(d)))
      result.shape.push_back(extent);
  if (operands[0].contents)
    setContents(result, *operands[0].contents);
  return success();
}

LogicalResult UnsqueezeOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<SmallVector<int64_t>> given =
      requireConstants(*this, operands, 1, "axes");
  if (failed(given))
    return failure();
  int64_t rank = operands[0].rank() + given->size();
  FailureOr<SmallVector<int64_t>> axes = normalizeAxes(*this, *given, rank);
  if (failed(axes))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  size_t next = 0;
  for (int64_t d = 0; d != rank; ++d)
    result.shape.push_back(llvm::is_contained(*axes, d)
                               ? constantExpr(*this, 1)
                               : operands[0].shape[next++]);
  if (operands[0].contents)
    setContents(result, *operands[0].contents);
  return success();
}

LogicalResult ExpandOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<SymbolicShape> target = requireShape(*this, operands, 1);
  if (failed(target))
    return failure();
  FailureOr<SymbolicShape> shape =
      broadcastShapes(*this, {operands[0].shape, *target});
  if (failed(shape))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = *shape;
  result.elementType = operands[0].elementType;
  foldElementwise(operands[0], result,
                  [](ArrayRef<AffineExpr> in) { return in[0]; });
  return success();
}

LogicalResult TransposeOp::inferSymbolic(Values operands, Results &results) {
  int64_t rank = operands[0].rank();
  SmallVector<int64_t> perm =
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (getPerm()) {
    FailureOr<SmallVector<int64_t>> given =
        normalizeAxes(*this, *getPerm(), rank);
    if (failed(given))
      return failure();
    perm = *given;
    if (static_cast<int64_t>(perm.size()) != rank)
      return expected(*this) << "attribute 'perm' to have " << rank
                             << " entries, but got " << perm.size();
  }
  SymbolicValue &result = results.emplace_back();
  result.elementType = operands[0].elementType;
  for (int64_t source : perm)
    result.shape.push_back(operands[0].shape[source]);
  gatherContents(operands[0], result,
                 [&](ArrayRef<int64_t> to, MutableArrayRef<int64_t> from) {
                   for (auto [d, source] : llvm::enumerate(perm))
                     from[source] = to[d];
                 });
  return success();
}
} // namespace mixbit::onnx
