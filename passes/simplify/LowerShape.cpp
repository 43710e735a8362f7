//===- LowerShape.cpp - Movement of data ----------------------------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace mixbit {
/// Reshape, Flatten, Squeeze, Unsqueeze, Identity: what differs between them
/// is how they say the shape.
LogicalResult OnnxLowering::lowerReshape(Operation *op) {
  Value x = get(op->getOperand(0));
  return x ? set(op, builder.reshape(location, x, shape(op->getResult(0))))
           : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::ExpandOp op) {
  Value x = get(op.getInput());
  return x ? set(op, builder.broadcast(location, x, shape(op))) : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::TransposeOp op) {
  Value x = get(op.getData());
  if (!x)
    return failure();
  SmallVector<int64_t> permutation;
  if (op.getPerm())
    permutation.assign(op.getPerm()->begin(), op.getPerm()->end());
  else
    for (int64_t dim = builder.rank(x) - 1; dim >= 0; --dim)
      permutation.push_back(dim);
  for (int64_t &source : permutation)
    source = normalizedAxis(source, builder.rank(x));
  return set(op, builder.transpose(location, x, permutation));
}

LogicalResult OnnxLowering::lowerOp(onnx::ConcatOp op) {
  SmallVector<Value> inputs;
  for (Value input : op.getInputs()) {
    Value value = get(input);
    if (!value)
      return failure();
    inputs.push_back(value);
  }
  return set(op, builder.make<ConcatOp>(
                     location, builder.elementType(inputs.front()), inputs,
                     normalizedAxis(op.getAxis(), known(op).rank())));
}

Value OnnxLowering::slice(Value x, ArrayRef<AffineExpr> starts,
                          ArrayRef<AffineExpr> sizes, ArrayRef<int64_t> steps) {
  return builder.make<SliceOp>(location, builder.elementType(x), x,
                               builder.map(starts), builder.map(sizes), steps);
}

LogicalResult OnnxLowering::lowerOp(onnx::SplitOp op) {
  Value x = get(op.getInput());
  if (!x)
    return failure();
  int64_t axis = normalizedAxis(op.getAxis(), builder.rank(x));
  SymbolicShape starts(builder.rank(x), builder.constant(0));
  SmallVector<int64_t> steps(builder.rank(x), 1);
  for (Value part : op.getOutputs()) {
    Value value = slice(x, starts, shape(part), steps);
    if (!value)
      return failure();
    lowered[part] = value;
    starts[axis] = starts[axis] + shape(part)[axis];
  }
  return success();
}

bool OnnxLowering::holds(AffineExpr expr) const {
  if (provablyNonNegative(expr, {}))
    return true;
  auto required = func->getAttrOfType<AffineMapAttr>(onnx::kRequires);
  return required &&
         llvm::any_of(required.getValue().getResults(), [&](AffineExpr known) {
           return provablyNonNegative(expr - known, {});
         });
}

std::optional<AffineExpr> OnnxLowering::firstElement(AffineExpr start,
                                                     AffineExpr extent,
                                                     AffineExpr size,
                                                     int64_t step) const {
  AffineExpr first = start;
  if (std::optional<int64_t> constant = constantValue(start)) {
    if (*constant < 0)
      first = extent + *constant;
    std::optional<int64_t> end = constantValue(extent);
    AffineExpr last = step < 0 ? extent - 1 : extent;
    if (end) {
      int64_t at = *constant < 0 ? *constant + *end : *constant;
      int64_t high = std::max<int64_t>(step < 0 ? *end - 1 : *end, 0);
      first = getAffineConstantExpr(std::clamp<int64_t>(at, 0, high),
                                    start.getContext());
    } else if (*constant > std::numeric_limits<int32_t>::max()) {
      first = last;
    }
  }
  if (constantValue(size) == 0)
    return normalize(first);
  AffineExpr last = first + (size - 1) * step;
  // An empty slice has no first element to lie inside of the data.
  AffineExpr lowest = step < 0 ? last : first;
  AffineExpr highest = step < 0 ? first : last;
  if (!holds(lowest) || !holds(extent - 1 - highest))
    return std::nullopt;
  return normalize(first);
}

LogicalResult OnnxLowering::lowerOp(onnx::SliceOp op) {
  Value x = get(op.getData());
  if (!x)
    return failure();
  int64_t rank = builder.rank(x);
  const onnx::SymbolicValue &startsValue = known(op.getStarts());
  if (!startsValue.contents)
    return unsupported("starts depend on data");
  SmallVector<int64_t> axes, steps(rank, 1);
  if (onnx::isPresent(op.getAxes())) {
    auto given = constants(op.getAxes());
    if (!given)
      return unsupported("axes depend on data");
    axes = *given;
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, startsValue.contents->size()));
  }
  if (onnx::isPresent(op.getSteps())) {
    auto given = constants(op.getSteps());
    if (!given || given->size() != axes.size())
      return unsupported("steps depend on data");
    for (auto [axis, step] : llvm::zip(axes, *given))
      steps[normalizedAxis(axis, rank)] = step;
  }
  SymbolicShape starts(rank, builder.constant(0));
  for (auto [given, start] : llvm::zip(axes, *startsValue.contents)) {
    int64_t axis = normalizedAxis(given, rank);
    AffineExpr extent = builder.shape(x)[axis];
    std::optional<AffineExpr> first =
        firstElement(start, extent, shape(op)[axis], steps[axis]);
    if (!first)
      return unsupported("a start may lie outside of the data");
    starts[axis] = *first;
  }
  return set(op, slice(x, starts, shape(op), steps));
}

LogicalResult OnnxLowering::lowerOp(onnx::TileOp op) {
  const onnx::SymbolicValue &repeats = known(op.getRepeats());
  if (!repeats.contents)
    return unsupported("repeats depend on data");
  Value x = get(op.getInput());
  if (!x)
    return failure();
  // [a, b] -> [1, a, 1, b] -> [ra, a, rb, b] -> [ra*a, rb*b]
  SymbolicShape apart, stretched;
  for (auto [extent, repeat] : llvm::zip(builder.shape(x), *repeats.contents)) {
    apart.append({builder.constant(1), extent});
    stretched.append({repeat, extent});
  }
  x = builder.reshape(location, x, apart);
  x = x ? builder.broadcast(location, x, stretched) : x;
  return x ? set(op, builder.reshape(location, x, shape(op))) : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::PadOp op) {
  if (op.getMode() != "constant")
    return unsupported("mode '" + op.getMode() + "'");
  const onnx::SymbolicValue &pads = known(op.getPads());
  if (!pads.contents)
    return unsupported("pads depend on data");
  Value x = get(op.getData());
  if (!x)
    return failure();
  int64_t rank = builder.rank(x);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (onnx::isPresent(op.getAxes())) {
    auto given = constants(op.getAxes());
    if (!given)
      return unsupported("axes depend on data");
    axes = *given;
  }
  Type type = builder.elementType(x);
  Value fill = onnx::isPresent(op.getConstantValue())
                   ? get(op.getConstantValue())
                   : builder.scalar(location, 0, type);
  if (!fill || builder.elementType(fill) != type ||
      pads.contents->size() != 2 * axes.size())
    return unsupported("pads of this form");
  fill = builder.reshape(location, fill, {});
  if (!fill)
    return failure();
  for (auto [index, given] : llvm::enumerate(axes)) {
    int64_t axis = normalizedAxis(given, rank);
    SmallVector<Value> parts{x};
    for (bool end : {false, true}) {
      AffineExpr margin = (*pads.contents)[index + (end ? axes.size() : 0)];
      if (!provablyNonNegative(margin, {}))
        return unsupported("negative pads");
      if (constantValue(margin) == 0)
        continue;
      SymbolicShape extents(builder.shape(x));
      extents[axis] = margin;
      Value part = builder.broadcast(location, fill, extents);
      parts.insert(end ? parts.end() : parts.begin(), part);
    }
    if (parts.size() > 1)
      x = builder.make<ConcatOp>(location, type, parts, axis);
    if (!x)
      return failure();
  }
  return set(op, x);
}

LogicalResult OnnxLowering::lowerOp(onnx::RangeOp op) {
  // One that is known was made from its function.
  return unsupported("a range of floats, or of values that depend on data");
}

LogicalResult OnnxLowering::lowerOp(onnx::ConstantOfShapeOp op) {
  Value fill;
  if (op.getValue()) {
    ElementsAttr scalar = reshapeElements(*op.getValue(), {});
    fill = scalar ? builder.constantOf(location, scalar) : Value();
  } else {
    fill = builder.scalar(location, 0, builder.getF32Type());
  }
  return fill ? set(op, builder.broadcast(location, fill, shape(op)))
              : unsupported("a value of this form");
}

LogicalResult OnnxLowering::lowerShape(Operation *op, bool &handled) {
  handled = true;
  if (isa<onnx::FlattenOp, onnx::IdentityOp, onnx::ReshapeOp, onnx::SqueezeOp,
          onnx::UnsqueezeOp>(op))
    return lowerReshape(op);
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<onnx::ConcatOp, onnx::ConstantOfShapeOp, onnx::ExpandOp,
            onnx::GatherNDOp, onnx::GatherOp, onnx::PadOp, onnx::RangeOp,
            onnx::SliceOp, onnx::SplitOp, onnx::TileOp, onnx::TransposeOp>(
          [&](auto typed) { return lowerOp(typed); })
      .Default([&](Operation *) {
        handled = false;
        return success();
      });
}
} // namespace mixbit
