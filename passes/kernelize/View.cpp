//===- View.cpp - Strided views with symbolic shapes ----------------------===//
#include "passes/kernelize/View.h"

#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace mixbit {
static AffineExpr constant(int64_t value, MLIRContext *context) {
  return getAffineConstantExpr(value, context);
}

static bool isOne(AffineExpr extent) { return constantValue(extent) == 1; }

SymbolicShape rowMajorStrides(ArrayRef<AffineExpr> shape,
                              MLIRContext *context) {
  SymbolicShape strides(shape.size());
  AffineExpr stride = constant(1, context);
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride = normalize(stride * shape[i]);
  }
  return strides;
}

View View::contiguous(Value base, SymbolicShape shape, Type elementType) {
  MLIRContext *context = base.getContext();
  for (AffineExpr &extent : shape)
    extent = normalize(extent);
  SymbolicShape strides = rowMajorStrides(shape, context);
  return {base, constant(0, context), std::move(shape), std::move(strides),
          elementType};
}

bool View::isContiguous() const {
  SymbolicShape expected = rowMajorStrides(shape, elementType.getContext());
  for (auto [extent, stride, wanted] : llvm::zip(shape, strides, expected))
    if (!isOne(extent) && stride != wanted)
      return false;
  return true;
}

View View::transpose(ArrayRef<int64_t> permutation) const {
  View result = *this;
  for (auto [index, source] : llvm::enumerate(permutation)) {
    result.shape[index] = shape[source];
    result.strides[index] = strides[source];
  }
  return result;
}

View View::slice(ArrayRef<AffineExpr> starts, ArrayRef<AffineExpr> sizes,
                 ArrayRef<int64_t> steps) const {
  View result = *this;
  for (size_t i = 0; i != rank(); ++i) {
    result.offset = normalize(result.offset + starts[i] * strides[i]);
    result.shape[i] = normalize(sizes[i]);
    result.strides[i] = normalize(strides[i] * steps[i]);
  }
  return result;
}

View View::broadcast(ArrayRef<AffineExpr> to) const {
  View result = *this;
  MLIRContext *context = elementType.getContext();
  result.shape.assign(to.begin(), to.end());
  result.strides.assign(to.size(), constant(0, context));
  size_t skip = to.size() - rank();
  for (size_t i = 0; i != rank(); ++i)
    if (!isOne(shape[i]))
      result.strides[skip + i] = strides[i];
  return result;
}

std::optional<View> View::reshape(ArrayRef<AffineExpr> to) const {
  MLIRContext *context = elementType.getContext();
  View result = *this;
  result.shape.assign(to.begin(), to.end());
  for (AffineExpr &extent : result.shape)
    extent = normalize(extent);
  if (isContiguous()) {
    result.strides = rowMajorStrides(result.shape, context);
    return result;
  }
  result.strides.assign(to.size(), constant(0, context));
  // Pair runs of old dimensions with runs of new ones of equal size.
  size_t oldEnd = 0, newEnd = 0;
  while (oldEnd != rank() || newEnd != to.size()) {
    size_t oldBegin = oldEnd, newBegin = newEnd;
    AffineExpr oldSize = constant(1, context), newSize = oldSize;
    do {
      // Grow the side with fewer dimensions so far; extents of 1 come along.
      bool growOld =
          newEnd == to.size() ||
          (oldEnd != rank() && (oldEnd - oldBegin <= newEnd - newBegin));
      if (growOld && oldEnd == rank())
        return std::nullopt;
      if (growOld)
        oldSize = normalize(oldSize * shape[oldEnd++]);
      else
        newSize = normalize(newSize * result.shape[newEnd++]);
      if (oldEnd == rank() && newEnd == to.size())
        break;
    } while (oldSize != newSize);
    if (oldSize != newSize)
      return std::nullopt;
    // The old run must be one progression...
    AffineExpr innermost;
    AffineExpr expected;
    for (size_t i = oldEnd; i-- > oldBegin;) {
      if (isOne(shape[i]))
        continue;
      if (!innermost)
        innermost = expected = strides[i];
      if (strides[i] != expected)
        return std::nullopt;
      expected = normalize(strides[i] * shape[i]);
    }
    // ... which the new one divides.
    AffineExpr stride = innermost ? innermost : constant(0, context);
    for (size_t i = newEnd; i-- > newBegin;) {
      result.strides[i] = stride;
      stride = normalize(stride * result.shape[i]);
    }
  }
  return result;
}

MemRefType View::kernelType() const {
  SmallVector<int64_t> extents, steps;
  for (AffineExpr extent : shape)
    extents.push_back(staticExtent(extent));
  if (isContiguous())
    return MemRefType::get(extents, elementType);
  for (AffineExpr stride : strides)
    steps.push_back(staticExtent(stride));
  return MemRefType::get(
      extents, elementType,
      StridedLayoutAttr::get(elementType.getContext(), 0, steps));
}

Value View::materialize(OpBuilder &builder, Location loc,
                        unsigned numSymbols) const {
  MLIRContext *context = builder.getContext();
  auto baseType = cast<MemRefType>(base.getType());
  MemRefType type = kernelType();
  if (isContiguous() && constantValue(offset) == 0 && type == baseType)
    return base;
  if (!isContiguous()) {
    auto layout = cast<StridedLayoutAttr>(type.getLayout());
    type = MemRefType::get(type.getShape(), elementType,
                           StridedLayoutAttr::get(context, staticExtent(offset),
                                                  layout.getStrides()));
  }
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(0, numSymbols, results, context);
  };
  return BufferViewOp::create(builder, loc, type, base, map(offset), map(shape),
                              map(strides));
}

void collapseDomain(SymbolicShape &domain, MutableArrayRef<View> views,
                    bool keepLast) {
  auto erase = [&](size_t dim) {
    domain.erase(domain.begin() + dim);
    for (View &view : views) {
      view.shape.erase(view.shape.begin() + dim);
      view.strides.erase(view.strides.begin() + dim);
    }
  };
  for (size_t dim = domain.size(); dim-- > 0;) {
    bool isLast = dim + 1 == domain.size();
    if (isOne(domain[dim]) && domain.size() > 1 && !(isLast && keepLast))
      erase(dim);
  }
  // Rows shorter than this are mostly loop overhead; merging makes them longer.
  constexpr int64_t kShortRow = 64;
  auto mergeInto = [&](size_t dim) {
    bool merges = llvm::all_of(views, [&](const View &view) {
      return provablyEqual(view.strides[dim],
                           view.strides[dim + 1] * domain[dim + 1]);
    });
    if (!merges)
      return;
    AffineExpr extent = normalize(domain[dim] * domain[dim + 1]);
    domain[dim + 1] = extent;
    for (View &view : views)
      view.shape[dim + 1] = extent;
    erase(dim);
  };
  if (!keepLast && domain.size() > 2 &&
      constantValue(domain.back()).value_or(kShortRow) < kShortRow)
    mergeInto(domain.size() - 2);
  for (size_t dim = domain.size() < 2 ? 0 : domain.size() - 2; dim-- > 0;)
    mergeInto(dim);
}
} // namespace mixbit
