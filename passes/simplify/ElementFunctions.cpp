//===- ElementFunctions.cpp - Integer tensors as functions of indices -----===//
#include "passes/simplify/ElementFunctions.h"

#include "dialects/mixbit/SymbolicMath.h"
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace mixbit {
/// Constants of up to this many elements are searched for a function.
constexpr int64_t maxElements = 1 << 16;

void collectTerms(AffineExpr expr, SmallVectorImpl<AffineExpr> &terms) {
  if (expr.getKind() == AffineExprKind::Add) {
    auto sum = cast<AffineBinaryOpExpr>(expr);
    collectTerms(sum.getLHS(), terms);
    collectTerms(sum.getRHS(), terms);
    return;
  }
  terms.push_back(expr);
}

/// The constant factor of a normalized term.
static int64_t coefficient(AffineExpr term) {
  if (auto constant = dyn_cast<AffineConstantExpr>(term))
    return constant.getValue();
  auto product = dyn_cast<AffineBinaryOpExpr>(term);
  if (product && term.getKind() == AffineExprKind::Mul)
    if (auto constant = dyn_cast<AffineConstantExpr>(product.getRHS()))
      return constant.getValue();
  return 1;
}

bool usesDims(AffineExpr expr) {
  return expr
      .walk([](AffineExpr part) {
        return isa<AffineDimExpr>(part) ? WalkResult::interrupt()
                                        : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Only sums and products of dims, symbols and constants.
static bool isPolynomial(AffineExpr expr) {
  return !expr.walk([](AffineExpr part) {
                bool other = part.getKind() == AffineExprKind::FloorDiv ||
                             part.getKind() == AffineExprKind::CeilDiv ||
                             part.getKind() == AffineExprKind::Mod;
                return other ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

bool provablyNonNegative(AffineExpr expr, ArrayRef<AffineExpr> shape) {
  if (!isPolynomial(expr))
    return false;
  // Where an index counts negatively, its last value is the worst.
  SmallVector<AffineExpr> last, terms;
  for (AffineExpr extent : shape)
    last.push_back(extent - 1);
  AffineExpr worst = getAffineConstantExpr(0, expr.getContext());
  collectTerms(normalize(expr), terms);
  for (AffineExpr term : terms)
    worst = worst + (coefficient(term) < 0 ? term.replaceDims(last) : term);
  terms.clear();
  collectTerms(normalize(worst), terms);
  int64_t bound = 0;
  for (AffineExpr term : terms) {
    int64_t factor = coefficient(term);
    if (factor < 0 && !isa<AffineConstantExpr>(term))
      return false;
    // Indices are at least 0, symbols at least 1.
    if (!usesDims(term))
      bound += factor;
  }
  return bound >= 0;
}

/// The affine function that has these values, if there is one.
static AffineExpr fit(ArrayRef<int64_t> elements, ArrayRef<int64_t> shape,
                      MLIRContext *context) {
  if (elements.empty())
    return {};
  SmallVector<int64_t> strides(shape.size(), 1), steps(shape.size(), 0);
  for (int64_t dim = (int64_t)shape.size() - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * shape[dim + 1];
  AffineExpr result = getAffineConstantExpr(elements[0], context);
  for (size_t dim = 0; dim != shape.size(); ++dim) {
    if (shape[dim] == 1)
      continue;
    steps[dim] = elements[strides[dim]] - elements[0];
    result = result + getAffineDimExpr(dim, context) * steps[dim];
  }
  for (int64_t i = 0, e = elements.size(); i != e; ++i) {
    int64_t expected = elements[0];
    for (size_t dim = 0; dim != shape.size(); ++dim)
      expected += i / strides[dim] % shape[dim] * steps[dim];
    if (expected != elements[i])
      return {};
  }
  return normalize(result);
}

static SmallVector<int64_t> staticShape(const onnx::SymbolicValue &value) {
  SmallVector<int64_t> shape;
  for (AffineExpr extent : value.shape)
    shape.push_back(staticExtent(extent));
  return shape;
}

void ElementFunctions::visit(Operation *op) {
  for (Value result : op->getResults()) {
    auto known = values.find(result);
    if (known == values.end() || !known->second.elementType ||
        !known->second.elementType.isInteger())
      continue;
    AffineExpr function;
    if (known->second.contents) {
      if (auto constants = known->second.getConstants())
        function =
            fit(*constants, staticShape(known->second), op->getContext());
      else if (!known->second.contents->empty() &&
               llvm::all_equal(*known->second.contents))
        function = known->second.contents->front();
    }
    if (!function)
      function = infer(op, result);
    if (function)
      functions[result] = normalize(function);
  }
}

AffineExpr ElementFunctions::broadcast(Value operand, Value result) {
  AffineExpr function = get(operand);
  if (!function)
    return {};
  ArrayRef<AffineExpr> from = values.find(operand)->second.shape;
  int64_t skip = values.find(result)->second.rank() - (int64_t)from.size();
  if (skip < 0)
    return {};
  SmallVector<AffineExpr> dims;
  for (auto [dim, extent] : llvm::enumerate(from))
    dims.push_back(constantValue(extent) == 1
                       ? getAffineConstantExpr(0, function.getContext())
                       : getAffineDimExpr(skip + dim, function.getContext()));
  return function.replaceDims(dims);
}

AffineExpr ElementFunctions::infer(Operation *op, Value result) {
  MLIRContext *context = op->getContext();
  if (auto constant = dyn_cast<onnx::ConstantOp>(op)) {
    auto elements = readIntegers(constant.getValue(), maxElements);
    return elements
               ? fit(*elements, constant.getValue().getShapedType().getShape(),
                     context)
               : AffineExpr();
  }
  if (auto range = dyn_cast<onnx::RangeOp>(op)) {
    AffineExpr start = get(range.getStart()), delta = get(range.getDelta());
    if (!start || !delta)
      return {};
    return start + getAffineDimExpr(0, context) * delta;
  }
  if (auto filled = dyn_cast<onnx::ConstantOfShapeOp>(op)) {
    auto value =
        filled.getValue() ? readIntegers(*filled.getValue(), 1) : std::nullopt;
    return value && value->size() == 1
               ? getAffineConstantExpr(value->front(), context)
               : AffineExpr();
  }
  if (isa<onnx::IdentityOp, onnx::ExpandOp>(op))
    return broadcast(op->getOperand(0), result);
  if (isa<onnx::CastOp>(op)) {
    AffineExpr function = get(op->getOperand(0));
    Type type = values.find(result)->second.elementType;
    if (!function || type == values.find(op->getOperand(0))->second.elementType)
      return function;
    if (type.isInteger(64) || type.isInteger(32))
      return function;
    std::optional<int64_t> constant = constantValue(function);
    return type.isInteger(1) && constant
               ? getAffineConstantExpr(*constant != 0, context)
               : AffineExpr();
  }
  if (isa<onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::ReshapeOp, onnx::FlattenOp>(
          op)) {
    AffineExpr function = get(op->getOperand(0));
    if (!function || !usesDims(function))
      return function;
    auto dims = unitReshapeIndices(values.find(op->getOperand(0))->second.shape,
                                   values.find(result)->second.shape, context);
    return dims ? function.replaceDims(*dims) : AffineExpr();
  }
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    AffineExpr function = get(transpose.getData());
    int64_t rank = values.find(result)->second.rank();
    SmallVector<AffineExpr> dims(rank);
    for (int64_t dim = 0; dim != rank; ++dim) {
      int64_t source =
          transpose.getPerm() ? (*transpose.getPerm())[dim] : rank - 1 - dim;
      dims[source] = getAffineDimExpr(dim, context);
    }
    return function ? function.replaceDims(dims) : AffineExpr();
  }
  if (auto slice = dyn_cast<onnx::SliceOp>(op))
    return inferSlice(slice);
  if (isa<onnx::AddOp, onnx::SubOp, onnx::MulOp>(op)) {
    AffineExpr lhs = broadcast(op->getOperand(0), result);
    AffineExpr rhs = broadcast(op->getOperand(1), result);
    if (!lhs || !rhs)
      return {};
    if (isa<onnx::AddOp>(op))
      return lhs + rhs;
    if (isa<onnx::SubOp>(op))
      return lhs - rhs;
    // d0 * d1 is no affine function, and of no use as an index.
    return usesDims(lhs) && usesDims(rhs) ? AffineExpr() : normalize(lhs * rhs);
  }
  return inferLogical(op, result);
}

AffineExpr ElementFunctions::inferSlice(onnx::SliceOp op) {
  AffineExpr function = get(op.getData());
  if (!function || !usesDims(function))
    return function;
  auto constants = [&](Value operand) {
    return values.find(operand)->second.getConstants();
  };
  const onnx::SymbolicValue &data = values.find(op.getData())->second;
  auto starts = constants(op.getStarts());
  if (!starts)
    return {};
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  SmallVector<int64_t> steps(starts->size(), 1);
  if (onnx::isPresent(op.getAxes())) {
    auto given = constants(op.getAxes());
    if (!given)
      return {};
    axes = *given;
  }
  if (onnx::isPresent(op.getSteps())) {
    auto given = constants(op.getSteps());
    if (!given)
      return {};
    steps = *given;
  }
  SmallVector<AffineExpr> dims;
  for (int64_t dim = 0; dim != data.rank(); ++dim)
    dims.push_back(getAffineDimExpr(dim, op.getContext()));
  for (auto [axis, start, step] : llvm::zip(axes, *starts, steps)) {
    // A start within the data for all lengths, forwards only.
    int64_t dim = axis < 0 ? axis + data.rank() : axis;
    if (start < 0 || step <= 0 ||
        !provablyNonNegative(data.shape[dim] - 1 - start, {}))
      return {};
    dims[dim] = dims[dim] * step + start;
  }
  return function.replaceDims(dims);
}

/// The truth of lhs >= rhs for all indices; nullopt if it varies.
static std::optional<bool> alwaysAtLeast(AffineExpr lhs, AffineExpr rhs,
                                         ArrayRef<AffineExpr> shape) {
  if (provablyNonNegative(lhs - rhs, shape))
    return true;
  if (provablyNonNegative(rhs - lhs - 1, shape))
    return false;
  return std::nullopt;
}

AffineExpr ElementFunctions::inferLogical(Operation *op, Value result) {
  MLIRContext *context = op->getContext();
  ArrayRef<AffineExpr> shape = values.find(result)->second.shape;
  auto truth = [&](std::optional<bool> value) {
    return value ? getAffineConstantExpr(*value, context) : AffineExpr();
  };
  if (isa<onnx::GreaterOrEqualOp, onnx::LessOp, onnx::LessOrEqualOp,
          onnx::GreaterOp, onnx::EqualOp>(op)) {
    AffineExpr lhs = broadcast(op->getOperand(0), result);
    AffineExpr rhs = broadcast(op->getOperand(1), result);
    if (!lhs || !rhs)
      return {};
    if (isa<onnx::EqualOp>(op)) {
      if (provablyEqual(lhs, rhs))
        return truth(true);
      bool differ = provablyNonNegative(lhs - rhs - 1, shape) ||
                    provablyNonNegative(rhs - lhs - 1, shape);
      return differ ? truth(false) : AffineExpr();
    }
    if (isa<onnx::LessOrEqualOp, onnx::GreaterOp>(op))
      std::swap(lhs, rhs);
    std::optional<bool> atLeast = alwaysAtLeast(lhs, rhs, shape);
    if (atLeast && isa<onnx::LessOp, onnx::GreaterOp>(op))
      atLeast = !*atLeast;
    return truth(atLeast);
  }
  auto constant = [&](unsigned operand) -> std::optional<int64_t> {
    AffineExpr function = get(op->getOperand(operand));
    return function ? constantValue(function) : std::nullopt;
  };
  if (isa<onnx::NotOp>(op)) {
    std::optional<int64_t> x = constant(0);
    return x ? truth(*x == 0) : AffineExpr();
  }
  if (isa<onnx::AndOp, onnx::OrOp>(op)) {
    bool absorbing = isa<onnx::OrOp>(op);
    std::optional<int64_t> a = constant(0), b = constant(1);
    if ((a && (*a != 0) == absorbing) || (b && (*b != 0) == absorbing))
      return truth(absorbing);
    return a && b ? truth(!absorbing) : AffineExpr();
  }
  if (isa<onnx::WhereOp>(op)) {
    std::optional<int64_t> condition = constant(0);
    return condition
               ? broadcast(op->getOperand(*condition != 0 ? 1 : 2), result)
               : AffineExpr();
  }
  return {};
}
} // namespace mixbit
