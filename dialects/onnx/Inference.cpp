//===- Inference.cpp - Checks and helpers of the shape inference ----------===//
#include "dialects/onnx/Inference.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mixbit::onnx {
LogicalResult requireElement(Operation *op, Values values, size_t index,
                             bool (*predicate)(Type), StringRef what,
                             bool optional) {
  if (!values[index]) {
    if (optional)
      return success();
    return expected(op) << "input #" << index << " to be given";
  }
  if (predicate(values[index].elementType))
    return success();
  return expected(op) << "input #" << index << " to have " << what
                      << " elements, but got " << values[index].elementType;
}

LogicalResult requireSame(Operation *op, Values values, size_t index,
                          size_t other) {
  if (!values[index] || values[index].elementType == values[other].elementType)
    return success();
  return expected(op) << "input #" << index << " to have the element type "
                      << values[other].elementType << " of input #" << other
                      << ", but got " << values[index].elementType;
}

LogicalResult requireRank(Operation *op, Values values, size_t index,
                          int64_t low, int64_t high) {
  int64_t rank = values[index].rank();
  if (!values[index] || (rank >= low && rank <= high))
    return success();
  auto message = expected(op) << "input #" << index << " of rank " << low;
  if (high == std::numeric_limits<int64_t>::max())
    message << " or more";
  else if (high != low)
    message << " to " << high;
  return message << ", but got " << rank;
}

void assumeNonNegative(Operation *op, AffineExpr expr) {
  if (bounds(expr).first >= 0)
    return;
  SmallVector<AffineExpr> all;
  if (auto known = op->getAttrOfType<AffineMapAttr>(kRequires))
    llvm::append_range(all, known.getValue().getResults());
  if (!llvm::is_contained(all, expr))
    all.push_back(expr);
  auto func = op->getParentOfType<func::FuncOp>();
  auto symbols =
      func ? func->getAttrOfType<ArrayAttr>("mixbit.symbols") : ArrayAttr();
  op->setAttr(kRequires,
              AffineMapAttr::get(AffineMap::get(0, symbols ? symbols.size() : 0,
                                                all, op->getContext())));
}

/// Whether the two can be equal, which is then recorded.
static bool assumeEqual(Operation *op, AffineExpr a, AffineExpr b) {
  if (a == b)
    return true;
  AffineExpr difference = subtract(a, b), reverse = subtract(b, a);
  auto [low, high] = bounds(difference);
  if (!difference || !reverse || low > 0 || high < 0)
    return false;
  assumeNonNegative(op, difference);
  assumeNonNegative(op, reverse);
  return true;
}

LogicalResult requireEqual(Operation *op, AffineExpr extent, AffineExpr known,
                           StringRef what) {
  if (assumeEqual(op, extent, known))
    return success();
  return expected(op) << what << " to be " << describe(op, known)
                      << ", but got " << describe(op, extent);
}

FailureOr<int64_t> normalizeAxis(Operation *op, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return expected(op) << "an axis of a tensor of rank " << rank
                        << ", but got " << axis;
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>>
normalizeAxes(Operation *op, ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normal = normalizeAxis(op, axis, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(result, *normal))
      return expected(op) << "different axes, but got " << axis << " again";
    result.push_back(*normal);
  }
  return result;
}

FailureOr<SmallVector<AffineExpr>>
requireContents(Operation *op, Values values, size_t index, StringRef what) {
  if (failed(requireElement(op, values, index, isIndex, "i32 or i64")) ||
      failed(requireRank(op, values, index, 0, 1)))
    return failure();
  if (!values[index].contents)
    return expected(op) << what
                        << " that follow from the shapes of the model's "
                           "inputs, but input #"
                        << index << " is computed from data";
  return *values[index].contents;
}

FailureOr<SmallVector<int64_t>> requireConstants(Operation *op, Values values,
                                                 size_t index, StringRef what) {
  FailureOr<SmallVector<AffineExpr>> contents =
      requireContents(op, values, index, what);
  if (failed(contents))
    return failure();
  if (std::optional<SmallVector<int64_t>> constants =
          values[index].getConstants())
    return *constants;
  return expected(op) << what << " that are constant, but got "
                      << describe(op, *contents);
}

LogicalResult requireFlag(Operation *op, StringRef name, int64_t value) {
  if (value == 0 || value == 1)
    return success();
  return expected(op) << "attribute '" << name << "' to be 0 or 1, but got "
                      << value;
}

LogicalResult requireExtent(Operation *op, AffineExpr extent, StringRef what,
                            int64_t low) {
  if (!extent)
    return expected(op) << what
                        << " that is a polynomial of the input's dimensions, "
                           "but got one that is not, or is too large";
  if (bounds(extent).second < low)
    return expected(op) << what << " of at least " << low << ", but got "
                        << describe(op, extent);
  return success();
}

FailureOr<SymbolicShape>
broadcastShapes(Operation *op, ArrayRef<ArrayRef<AffineExpr>> shapes) {
  size_t rank = 0;
  for (ArrayRef<AffineExpr> shape : shapes)
    rank = std::max(rank, shape.size());
  AffineExpr one = constantExpr(op, 1);
  SymbolicShape result(rank, one);
  for (ArrayRef<AffineExpr> shape : shapes)
    for (auto [index, extent] : llvm::enumerate(shape)) {
      AffineExpr &known = result[rank - shape.size() + index];
      if (known == one)
        known = extent;
      else if (extent != one && !assumeEqual(op, known, extent))
        return expected(op)
               << "shapes that broadcast, but got " << describe(op, known)
               << " and " << describe(op, extent) << " in dimension "
               << rank - shape.size() + index;
    }
  return result;
}

std::optional<SmallVector<int64_t>> smallShape(ArrayRef<AffineExpr> shape) {
  SmallVector<int64_t> result;
  size_t count = 1;
  for (AffineExpr extent : shape) {
    std::optional<int64_t> value = asConstant(extent);
    if (!value || *value < 0 || *value > static_cast<int64_t>(kMaxContents))
      return std::nullopt;
    result.push_back(*value);
    count *= *value;
    if (count > kMaxContents)
      return std::nullopt;
  }
  return result;
}

/// Whether a constant can be an element of the type.
static bool fits(AffineExpr element, Type type) {
  std::optional<int64_t> value = asConstant(element);
  unsigned width = type.getIntOrFloatBitWidth();
  if (!value || width >= 64)
    return true;
  if (width == 1 || type.isUnsignedInteger())
    return *value >= 0 && llvm::isUIntN(width, *value);
  return llvm::isIntN(width, *value);
}

void setContents(SymbolicValue &value, ArrayRef<AffineExpr> contents) {
  value.contents.reset();
  std::optional<SmallVector<int64_t>> shape = smallShape(value.shape);
  if (!shape || !isa<IntegerType>(value.elementType))
    return;
  size_t count = 1;
  for (int64_t extent : *shape)
    count *= extent;
  if (contents.size() == count && llvm::all_of(contents, [&](AffineExpr e) {
        return e && fits(e, value.elementType);
      }))
    value.contents = llvm::to_vector(contents);
}

/// Calls `f` with every multi-index of a small shape, in row-major order.
static void forEachIndex(ArrayRef<int64_t> shape,
                         function_ref<void(ArrayRef<int64_t>)> f) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t n = 0; n != count; ++n) {
    f(index);
    for (size_t d = shape.size(); d-- != 0;) {
      if (++index[d] != shape[d])
        break;
      index[d] = 0;
    }
  }
}

void foldElementwise(Values values, SymbolicValue &result,
                     function_ref<AffineExpr(ArrayRef<AffineExpr>)> f) {
  std::optional<SmallVector<int64_t>> shape = smallShape(result.shape);
  if (!shape || !llvm::all_of(values, [](const SymbolicValue &value) {
        return value.contents.has_value();
      }))
    return;
  SmallVector<AffineExpr> contents;
  forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
    SmallVector<AffineExpr> elements;
    for (const SymbolicValue &value : values) {
      int64_t offset = 0;
      size_t skip = shape->size() - value.shape.size();
      for (auto [d, extent] : llvm::enumerate(value.shape)) {
        int64_t size = *asConstant(extent);
        offset = offset * size + (size == 1 ? 0 : index[skip + d]);
      }
      elements.push_back((*value.contents)[offset]);
    }
    contents.push_back(f(elements));
  });
  setContents(result, contents);
}

void gatherContents(
    const SymbolicValue &source, SymbolicValue &result,
    function_ref<void(ArrayRef<int64_t>, MutableArrayRef<int64_t>)> index) {
  std::optional<SmallVector<int64_t>> from = smallShape(source.shape);
  std::optional<SmallVector<int64_t>> to = smallShape(result.shape);
  if (!source.contents || !from || !to)
    return;
  SmallVector<AffineExpr> contents;
  forEachIndex(*to, [&](ArrayRef<int64_t> target) {
    SmallVector<int64_t> position(from->size(), 0);
    index(target, position);
    int64_t offset = 0;
    bool inside = true;
    for (auto [extent, i] : llvm::zip_equal(*from, position)) {
      inside &= i >= 0 && i < extent;
      offset = offset * extent + i;
    }
    contents.push_back(inside ? (*source.contents)[offset] : AffineExpr());
  });
  setContents(result, contents);
}

FailureOr<SymbolicShape> matmulShape(Operation *op, ArrayRef<AffineExpr> a,
                                     ArrayRef<AffineExpr> b) {
  if (a.empty() || b.empty())
    return expected(op) << "operands of rank 1 or more, but got a scalar";
  AffineExpr inner = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (failed(requireEqual(op, inner, a.back(),
                          "the right operand's inner dimension")))
    return failure();
  ArrayRef<AffineExpr> batchA = a.drop_back(std::min<size_t>(2, a.size()));
  ArrayRef<AffineExpr> batchB = b.drop_back(std::min<size_t>(2, b.size()));
  FailureOr<SymbolicShape> result = broadcastShapes(op, {batchA, batchB});
  if (failed(result))
    return failure();
  if (a.size() > 1)
    result->push_back(a[a.size() - 2]);
  if (b.size() > 1)
    result->push_back(b.back());
  return result;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

FailureOr<SymbolicValue> symbolicArgument(func::FuncOp func, unsigned index) {
  auto type = dyn_cast<RankedTensorType>(func.getArgumentTypes()[index]);
  if (!type)
    return func.emitOpError() << "expected argument #" << index
                              << " to be a ranked tensor, but got "
                              << func.getArgumentTypes()[index];
  SymbolicValue value;
  value.elementType = type.getElementType();
  auto symbols = func->getAttrOfType<ArrayAttr>("mixbit.symbols");
  unsigned symbolCount = symbols ? symbols.size() : 0;
  auto dims = func.getArgAttrOfType<AffineMapAttr>(index, "mixbit.dims");
  if (dims) {
    AffineMap map = dims.getValue();
    if (map.getNumDims() != 0 || map.getNumSymbols() > symbolCount ||
        map.getNumResults() != static_cast<unsigned>(type.getRank()))
      return func.emitOpError()
             << "expected 'mixbit.dims' of argument #" << index
             << " to have a result a dimension over the function's symbols, "
                "but got "
             << dims;
  }
  for (int64_t d = 0; d != type.getRank(); ++d) {
    AffineExpr extent =
        dims ? canonical(dims.getValue().getResult(d)) : AffineExpr();
    if (!type.isDynamicDim(d))
      extent = getAffineConstantExpr(type.getDimSize(d), func.getContext());
    else if (!extent)
      return func.emitOpError() << "expected 'mixbit.dims' to name dimension "
                                << d << " of argument #" << index;
    value.shape.push_back(extent);
  }
  return value;
}

void collectRequirements(func::FuncOp func) {
  SmallVector<AffineExpr> all;
  if (auto known = func->getAttrOfType<AffineMapAttr>(kRequires))
    llvm::append_range(all, known.getValue().getResults());
  for (Operation &op : func.getOps()) {
    auto map = op.getAttrOfType<AffineMapAttr>(kRequires);
    if (!map)
      continue;
    for (AffineExpr expr : map.getValue().getResults())
      if (!llvm::is_contained(all, expr))
        all.push_back(expr);
    op.removeAttr(kRequires);
  }
  if (all.empty())
    return;
  auto symbols = func->getAttrOfType<ArrayAttr>("mixbit.symbols");
  func->setAttr(kRequires,
                AffineMapAttr::get(AffineMap::get(
                    0, symbols ? symbols.size() : 0, all, func.getContext())));
}

LogicalResult evaluate(func::FuncOp func,
                       llvm::DenseMap<Value, SymbolicValue> &values) {
  for (BlockArgument argument : func.getArguments()) {
    FailureOr<SymbolicValue> value =
        symbolicArgument(func, argument.getArgNumber());
    if (failed(value))
      return failure();
    values[argument] = std::move(*value);
  }
  for (Operation &op : func.getOps()) {
    auto interface = dyn_cast<OnnxShapeOpInterface>(op);
    if (!interface)
      continue;
    SmallVector<SymbolicValue> operands, results;
    bool known = true;
    for (Value operand : op.getOperands()) {
      SymbolicValue &value = operands.emplace_back();
      if (!isPresent(operand))
        continue;
      auto found = values.find(operand);
      if (found == values.end())
        known = false;
      else
        value = found->second;
    }
    if (!known)
      continue;
    if (failed(interface.inferSymbolic(operands, results)))
      return failure();
    if (results.size() != op.getNumResults())
      return expected(&op) << results.size() << " outputs, but got "
                           << op.getNumResults();
    for (auto [result, value] : llvm::zip_equal(op.getResults(), results))
      values[result] = std::move(value);
  }
  collectRequirements(func);
  return success();
}
} // namespace mixbit::onnx
