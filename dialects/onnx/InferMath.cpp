//===- InferMath.cpp - Inference of arithmetic, logic and reductions ------===//
#include "dialects/onnx/Inference.h"

using namespace mlir;

namespace mixbit::onnx {
//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// The first operand's type; the contents through `f`, if it is given.
static LogicalResult
unary(Operation *op, Values operands, Results &results, bool (*predicate)(Type),
      StringRef what,
      function_ref<AffineExpr(ArrayRef<AffineExpr>)> f = nullptr) {
  if (failed(requireElement(op, operands, 0, predicate, what)))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = operands[0].shape;
  result.elementType = operands[0].elementType;
  if (f)
    foldElementwise(operands, result, f);
  return success();
}

#define UNARY(OP, PREDICATE, WHAT)                                             \
  LogicalResult OP::inferSymbolic(Values operands, Results &results) {         \
    return unary(*this, operands, results, PREDICATE, WHAT);                   \
  }
UNARY(CeilOp, isFloat, "float")
UNARY(CosOp, isFloat, "float")
UNARY(ErfOp, isNumber, "numeric")
UNARY(ExpOp, isFloat, "float")
UNARY(FloorOp, isFloat, "float")
UNARY(LogOp, isFloat, "float")
UNARY(ReciprocalOp, isFloat, "float")
UNARY(ReluOp, isNumber, "numeric")
UNARY(RoundOp, isFloat, "float")
UNARY(SigmoidOp, isFloat, "float")
UNARY(SignOp, isNumber, "numeric")
UNARY(SinOp, isFloat, "float")
UNARY(SqrtOp, isFloat, "float")
UNARY(TanhOp, isFloat, "float")
#undef UNARY

LogicalResult AbsOp::inferSymbolic(Values operands, Results &results) {
  return unary(*this, operands, results, isNumber, "numeric",
               [&](ArrayRef<AffineExpr> in) -> AffineExpr {
                 auto [low, high] = bounds(in[0]);
                 if (low >= 0)
                   return in[0];
                 return high <= 0 ? multiply(in[0], constantExpr(*this, -1))
                                  : AffineExpr();
               });
}

LogicalResult NegOp::inferSymbolic(Values operands, Results &results) {
  return unary(*this, operands, results, isNumber, "numeric",
               [&](ArrayRef<AffineExpr> in) {
                 return multiply(in[0], constantExpr(*this, -1));
               });
}

LogicalResult NotOp::inferSymbolic(Values operands, Results &results) {
  return unary(*this, operands, results, isBool, "BOOL",
               [&](ArrayRef<AffineExpr> in) {
                 return subtract(constantExpr(*this, 1), in[0]);
               });
}

LogicalResult IsNaNOp::inferSymbolic(Values operands, Results &results) {
  if (failed(unary(*this, operands, results, isFloat, "float")))
    return failure();
  results.back().elementType = IntegerType::get(getContext(), 1);
  return success();
}

LogicalResult GeluOp::inferSymbolic(Values operands, Results &results) {
  if (getApproximate() != "none" && getApproximate() != "tanh")
    return expected(*this) << "attribute 'approximate' to be none or tanh, "
                              "but got "
                           << getApproximate();
  return unary(*this, operands, results, isFloat, "float");
}

LogicalResult ClipOp::inferSymbolic(Values operands, Results &results) {
  if (failed(unary(*this, operands, results, isNumber, "numeric")))
    return failure();
  for (size_t bound : {1, 2})
    if (failed(requireSame(*this, operands, bound)) ||
        failed(requireRank(*this, operands, bound, 0, 1)) ||
        (operands[bound].rank() == 1 &&
         failed(requireEqual(*this, operands[bound].shape[0],
                             constantExpr(*this, 1), "a bound's extent"))))
      return failure();
  return success();
}

/// Broadcasts all operands, of one element type, from operand `first` on.
static LogicalResult
broadcasting(Operation *op, Values operands, Results &results,
             bool (*predicate)(Type), StringRef what,
             function_ref<AffineExpr(ArrayRef<AffineExpr>)> f = nullptr,
             Type elementType = nullptr) {
  if (operands.empty())
    return expected(op) << "at least one input, but got none";
  SmallVector<ArrayRef<AffineExpr>> shapes;
  for (size_t i = 0; i != operands.size(); ++i) {
    if (failed(requireElement(op, operands, i, predicate, what)) ||
        failed(requireSame(op, operands, i)))
      return failure();
    shapes.push_back(operands[i].shape);
  }
  FailureOr<SymbolicShape> shape = broadcastShapes(op, shapes);
  if (failed(shape))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = *shape;
  result.elementType = elementType ? elementType : operands[0].elementType;
  if (f)
    foldElementwise(operands, result, f);
  return success();
}

LogicalResult AddOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(
      *this, operands, results, isNumber, "numeric",
      [](ArrayRef<AffineExpr> in) { return add(in[0], in[1]); });
}

LogicalResult SubOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(
      *this, operands, results, isNumber, "numeric",
      [](ArrayRef<AffineExpr> in) { return subtract(in[0], in[1]); });
}

LogicalResult MulOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(
      *this, operands, results, isNumber, "numeric",
      [](ArrayRef<AffineExpr> in) { return multiply(in[0], in[1]); });
}

LogicalResult DivOp::inferSymbolic(Values operands, Results &results) {
  // Integers divide towards zero, which is down where nothing is negative.
  return broadcasting(*this, operands, results, isNumber, "numeric",
                      [](ArrayRef<AffineExpr> in) {
                        if (bounds(in[0]).first < 0 || bounds(in[1]).first <= 0)
                          return AffineExpr();
                        return floorDivide(in[0], in[1]);
                      });
}

LogicalResult ModOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireFlag(*this, "fmod", getFmod())))
    return failure();
  if (failed(broadcasting(*this, operands, results, isNumber, "numeric",
                          [](ArrayRef<AffineExpr> in) {
                            if (bounds(in[0]).first < 0 ||
                                bounds(in[1]).first <= 0)
                              return AffineExpr();
                            AffineExpr quotient = floorDivide(in[0], in[1]);
                            return subtract(in[0], multiply(quotient, in[1]));
                          })))
    return failure();
  if (isFloat(results.back().elementType) && !getFmod())
    return expected(*this) << "attribute 'fmod' to be 1 for floats, but got 0";
  return success();
}

LogicalResult PowOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isNumber, "numeric")) ||
      failed(requireElement(*this, operands, 1, isNumber, "numeric")))
    return failure();
  FailureOr<SymbolicShape> shape =
      broadcastShapes(*this, {operands[0].shape, operands[1].shape});
  if (failed(shape))
    return failure();
  results.push_back({*shape, operands[0].elementType, std::nullopt});
  return success();
}

/// The larger (sign 1) or smaller (sign -1) of all, if it is always the same.
static AffineExpr extremum(ArrayRef<AffineExpr> in, int sign) {
  AffineExpr best = in[0];
  for (AffineExpr other : in.drop_front()) {
    auto [low, high] = bounds(subtract(other, best));
    if (sign > 0 ? low >= 0 : high <= 0)
      best = other;
    else if (!(sign > 0 ? high <= 0 : low >= 0))
      return {};
  }
  return best;
}

LogicalResult MaxOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(*this, operands, results, isNumber, "numeric",
                      [](ArrayRef<AffineExpr> in) { return extremum(in, 1); });
}

LogicalResult MinOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(*this, operands, results, isNumber, "numeric",
                      [](ArrayRef<AffineExpr> in) { return extremum(in, -1); });
}

LogicalResult SumOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(*this, operands, results, isFloat, "float");
}

//===----------------------------------------------------------------------===//
// Comparisons and booleans
//===----------------------------------------------------------------------===//

/// 1 or 0 where a - b decides it for all values of the symbols.
static LogicalResult
compare(Operation *op, Values operands, Results &results,
        function_ref<std::optional<bool>(int64_t low, int64_t high)> decide) {
  auto fold = [&](ArrayRef<AffineExpr> in) -> AffineExpr {
    auto [low, high] = bounds(subtract(in[0], in[1]));
    std::optional<bool> known = decide(low, high);
    return known ? constantExpr(op, *known) : AffineExpr();
  };
  auto any = [](Type) { return true; };
  return broadcasting(op, operands, results, any, "comparable", fold,
                      IntegerType::get(op->getContext(), 1));
}

/// true if `yes`, false if `no`, else unknown.
static std::optional<bool> decided(bool yes, bool no) {
  if (yes == no)
    return std::nullopt;
  return yes;
}

LogicalResult EqualOp::inferSymbolic(Values operands, Results &results) {
  return compare(*this, operands, results, [](int64_t low, int64_t high) {
    return decided(low == 0 && high == 0, low > 0 || high < 0);
  });
}

LogicalResult GreaterOp::inferSymbolic(Values operands, Results &results) {
  return compare(*this, operands, results, [](int64_t low, int64_t high) {
    return decided(low > 0, high <= 0);
  });
}

LogicalResult GreaterOrEqualOp::inferSymbolic(Values operands,
                                              Results &results) {
  return compare(*this, operands, results, [](int64_t low, int64_t high) {
    return decided(low >= 0, high < 0);
  });
}

LogicalResult LessOp::inferSymbolic(Values operands, Results &results) {
  return compare(*this, operands, results, [](int64_t low, int64_t high) {
    return decided(high < 0, low >= 0);
  });
}

LogicalResult LessOrEqualOp::inferSymbolic(Values operands, Results &results) {
  return compare(*this, operands, results, [](int64_t low, int64_t high) {
    return decided(high <= 0, low > 0);
  });
}

LogicalResult AndOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(
      *this, operands, results, isBool, "BOOL",
      [](ArrayRef<AffineExpr> in) { return multiply(in[0], in[1]); });
}

LogicalResult OrOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(*this, operands, results, isBool, "BOOL",
                      [](ArrayRef<AffineExpr> in) { return extremum(in, 1); });
}

LogicalResult XorOp::inferSymbolic(Values operands, Results &results) {
  return broadcasting(*this, operands, results, isBool, "BOOL",
                      [&](ArrayRef<AffineExpr> in) {
                        return constantExpr(*this, in[0] != in[1]);
                      });
}

LogicalResult WhereOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isBool, "BOOL")) ||
      failed(requireSame(*this, operands, 2, 1)))
    return failure();
  FailureOr<SymbolicShape> shape = broadcastShapes(
      *this, {operands[0].shape, operands[1].shape, operands[2].shape});
  if (failed(shape))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = *shape;
  result.elementType = operands[1].elementType;
  foldElementwise(operands, result, [](ArrayRef<AffineExpr> in) {
    std::optional<int64_t> condition = asConstant(in[0]);
    return condition ? in[*condition ? 1 : 2] : AffineExpr();
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------===//

LogicalResult CumSumOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireFlag(*this, "exclusive", getExclusive())) ||
      failed(requireFlag(*this, "reverse", getReverse())))
    return failure();
  FailureOr<SmallVector<int64_t>> axis =
      requireConstants(*this, operands, 1, "axes");
  if (failed(axis))
    return failure();
  if (axis->size() != 1)
    return expected(*this) << "one axis, but got " << axis->size();
  if (failed(normalizeAxis(*this, axis->front(), operands[0].rank())))
    return failure();
  return unary(*this, operands, results, isNumber, "numeric");
}

LogicalResult SoftmaxOp::inferSymbolic(Values operands, Results &results) {
  if (failed(normalizeAxis(*this, getAxis(), operands[0].rank())))
    return failure();
  return unary(*this, operands, results, isFloat, "float");
}

LogicalResult LogSoftmaxOp::inferSymbolic(Values operands, Results &results) {
  if (failed(normalizeAxis(*this, getAxis(), operands[0].rank())))
    return failure();
  return unary(*this, operands, results, isFloat, "float");
}

/// `shape` without `axes`, or with extents of 1 there.
static SymbolicShape withoutAxes(Operation *op, ArrayRef<AffineExpr> shape,
                                 ArrayRef<int64_t> axes, bool keep) {
  SymbolicShape result;
  for (auto [d, extent] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(d)))
      result.push_back(extent);
    else if (keep)
      result.push_back(constantExpr(op, 1));
  }
  return result;
}

/// `combine` folds the contents of a reduction to one element.
template <typename OpT>
static LogicalResult
reduce(OpT op, Values operands, Results &results,
       function_ref<AffineExpr(AffineExpr, AffineExpr)> combine = nullptr) {
  if (failed(requireElement(op, operands, 0, isNumber, "numeric")) ||
      failed(requireFlag(op, "keepdims", op.getKeepdims())) ||
      failed(
          requireFlag(op, "noop_with_empty_axes", op.getNoopWithEmptyAxes())))
    return failure();
  SmallVector<int64_t> axes;
  if (operands[1]) {
    FailureOr<SmallVector<int64_t>> given =
        requireConstants(op, operands, 1, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  FailureOr<SmallVector<int64_t>> normal =
      normalizeAxes(op, axes, operands[0].rank());
  if (failed(normal))
    return failure();
  axes = *normal;
  if (axes.empty() && !op.getNoopWithEmptyAxes())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, operands[0].rank()));
  SymbolicValue &result = results.emplace_back();
  result.shape = withoutAxes(op, operands[0].shape, axes, op.getKeepdims());
  result.elementType = operands[0].elementType;
  bool whole = static_cast<int64_t>(axes.size()) == operands[0].rank();
  if (combine && whole && operands[0].contents &&
      !operands[0].contents->empty()) {
    AffineExpr total = operands[0].contents->front();
    for (AffineExpr element : llvm::drop_begin(*operands[0].contents))
      total = total ? combine(total, element) : AffineExpr();
    setContents(result, {total});
  }
  return success();
}

LogicalResult ReduceMeanOp::inferSymbolic(Values operands, Results &results) {
  return reduce(*this, operands, results);
}
LogicalResult ReduceMaxOp::inferSymbolic(Values operands, Results &results) {
  return reduce(*this, operands, results,
                [](AffineExpr a, AffineExpr b) { return extremum({a, b}, 1); });
}
LogicalResult ReduceMinOp::inferSymbolic(Values operands, Results &results) {
  return reduce(*this, operands, results, [](AffineExpr a, AffineExpr b) {
    return extremum({a, b}, -1);
  });
}
LogicalResult ReduceProdOp::inferSymbolic(Values operands, Results &results) {
  return reduce(*this, operands, results, multiply);
}
LogicalResult ReduceSumOp::inferSymbolic(Values operands, Results &results) {
  return reduce(*this, operands, results, add);
}

LogicalResult ArgMaxOp::inferSymbolic(Values operands, Results &results) {
  FailureOr<int64_t> axis = normalizeAxis(*this, getAxis(), operands[0].rank());
  if (failed(axis) ||
      failed(requireElement(*this, operands, 0, isNumber, "numeric")) ||
      failed(requireFlag(*this, "keepdims", getKeepdims())) ||
      failed(requireFlag(*this, "select_last_index", getSelectLastIndex())))
    return failure();
  SymbolicValue &result = results.emplace_back();
  result.shape = withoutAxes(*this, operands[0].shape, *axis, getKeepdims());
  result.elementType = IntegerType::get(getContext(), 64);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LogicalResult MatMulOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isNumber, "numeric")) ||
      failed(requireSame(*this, operands, 1)))
    return failure();
  FailureOr<SymbolicShape> shape =
      matmulShape(*this, operands[0].shape, operands[1].shape);
  if (failed(shape))
    return failure();
  results.push_back({*shape, operands[0].elementType, std::nullopt});
  return success();
}

LogicalResult GemmOp::inferSymbolic(Values operands, Results &results) {
  if (failed(requireElement(*this, operands, 0, isNumber, "numeric")) ||
      failed(requireSame(*this, operands, 1)) ||
      failed(requireSame(*this, operands, 2)) ||
      failed(requireRank(*this, operands, 0, 2)) ||
      failed(requireRank(*this, operands, 1, 2)) ||
      failed(requireRank(*this, operands, 2, 0, 2)) ||
      failed(requireFlag(*this, "transA", getTransA())) ||
      failed(requireFlag(*this, "transB", getTransB())))
    return failure();
  SymbolicShape a = operands[0].shape, b = operands[1].shape;
  if (getTransA())
    std::swap(a[0], a[1]);
  if (getTransB())
    std::swap(b[0], b[1]);
  FailureOr<SymbolicShape> shape = matmulShape(*this, a, b);
  if (failed(shape))
    return failure();
  if (operands[2]) {
    FailureOr<SymbolicShape> with =
        broadcastShapes(*this, {*shape, operands[2].shape});
    if (failed(with))
      return failure();
    if (*with != *shape)
      return expected(*this)
             << "C to broadcast to " << describe(*this, *shape) << ", but got "
             << describe(*this, operands[2].shape);
  }
  results.push_back({*shape, operands[0].elementType, std::nullopt});
  return success();
}
} // namespace mixbit::onnx
