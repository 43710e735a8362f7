//===- LowerMath.cpp - Elementwise operations, products, reductions -------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/OnnxLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace mixbit {
LogicalResult OnnxLowering::lowerUnary(Operation *op, UnaryKind kind) {
  Value x = get(op->getOperand(0));
  return x ? set(op, builder.unary(location, kind, x)) : failure();
}

LogicalResult OnnxLowering::lowerBinary(Operation *op, BinaryKind kind) {
  Value lhs = get(op->getOperand(0));
  Value rhs = lhs ? get(op->getOperand(1)) : Value();
  if (!rhs)
    return failure();
  // Only Pow mixes types: the result has the base's.
  rhs = builder.cast(location, rhs, builder.elementType(lhs));
  return set(op, builder.binary(location, kind, lhs, rhs));
}

LogicalResult OnnxLowering::lowerVariadic(Operation *op, BinaryKind kind) {
  Value result = get(op->getOperand(0));
  for (Value operand : op->getOperands().drop_front()) {
    Value next = result ? get(operand) : Value();
    if (!next)
      return failure();
    result = builder.binary(location, kind, result, next);
  }
  return result ? set(op, result) : failure();
}

LogicalResult OnnxLowering::lowerReduce(Operation *op, ReduceKind kind) {
  Value data = op->getOperand(0), axesOperand = op->getOperand(1);
  int64_t rank = known(data).rank();
  SmallVector<int64_t> axes;
  if (onnx::isPresent(axesOperand)) {
    auto given = constants(axesOperand);
    if (!given)
      return unsupported("axes depend on data");
    axes = *given;
  }
  auto flag = [&](StringRef name, int64_t missing) {
    auto attribute = op->getAttrOfType<IntegerAttr>(name);
    return attribute ? attribute.getInt() : missing;
  };
  Value x = get(data);
  if (!x)
    return failure();
  if (axes.empty()) {
    if (flag("noop_with_empty_axes", 0) != 0)
      return set(op, x);
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  for (int64_t &axis : axes)
    axis = normalizedAxis(axis, rank);
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return set(op, builder.make<ReduceOp>(location, builder.elementType(x), x,
                                        kind, axes, flag("keepdims", 1) != 0));
}

LogicalResult OnnxLowering::lowerOp(onnx::ClipOp op) {
  Value x = get(op.getInput());
  Value low = getOptional(op.getMin()), high = getOptional(op.getMax());
  if (x && low)
    x = builder.binary(location, BinaryKind::Max, x, low);
  if (x && high)
    x = builder.binary(location, BinaryKind::Min, x, high);
  return set(op, x);
}

LogicalResult OnnxLowering::lowerOp(onnx::MatMulOp op) {
  Value lhs = get(op.getA());
  Value rhs = lhs ? get(op.getB()) : Value();
  return rhs ? set(op,
                   matrixProduct(lhs, rhs, shape(op), /*transposeRhs=*/false))
             : failure();
}

Value OnnxLowering::matrixProduct(Value lhs, Value rhs,
                                  ArrayRef<AffineExpr> shape,
                                  bool transposeRhs) {
  // Vectors are matrices of one row or one column whose dimension then goes.
  if (builder.rank(lhs) == 1) {
    SymbolicShape row{builder.constant(1), builder.shape(lhs)[0]};
    lhs = builder.reshape(location, lhs, row);
  }
  if (builder.rank(rhs) == 1) {
    SymbolicShape column{builder.shape(rhs)[0], builder.constant(1)};
    rhs = builder.reshape(location, rhs, column);
  }
  Value product = builder.make<MatmulOp>(location, builder.elementType(lhs),
                                         lhs, rhs, transposeRhs);
  return product ? builder.reshape(location, product, shape) : product;
}

LogicalResult OnnxLowering::lowerOp(onnx::GemmOp op) {
  Value a = get(op.getA());
  Value b = a ? get(op.getB()) : Value();
  if (!b)
    return failure();
  Type type = builder.elementType(a);
  if (op.getTransA() != 0)
    a = builder.transposeMatrix(location, a);
  Value result =
      builder.make<MatmulOp>(location, type, a, b, op.getTransB() != 0);
  auto scaled = [&](Value value, const APFloat &factor) {
    double by = factor.convertToFloat();
    return by == 1 ? value
                   : builder.binary(location, BinaryKind::Mul, value,
                                    builder.scalar(location, by, type));
  };
  if (result)
    result = scaled(result, op.getAlpha());
  if (!result || !onnx::isPresent(op.getC()) || op.getBeta().isZero())
    return set(op, result);
  Value c = get(op.getC());
  c = c ? scaled(c, op.getBeta()) : c;
  return c ? set(op, builder.binary(location, BinaryKind::Add, result, c))
           : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::SoftmaxOp op) {
  Value x = get(op.getInput());
  if (!x)
    return failure();
  return set(op, builder.make<SoftmaxOp>(
                     location, builder.elementType(x), x,
                     normalizedAxis(op.getAxis(), builder.rank(x))));
}

LogicalResult OnnxLowering::lowerOp(onnx::LogSoftmaxOp op) {
  // x - max - log(sum(exp(x - max))): the logarithm of a softmax would lose
  // what underflows.
  Value x = get(op.getInput());
  if (!x)
    return failure();
  Type type = builder.elementType(x);
  int64_t axis = normalizedAxis(op.getAxis(), builder.rank(x));
  Value max = builder.make<ReduceOp>(location, type, x, ReduceKind::Max,
                                     ArrayRef<int64_t>(axis), true);
  Value shifted = builder.binary(location, BinaryKind::Sub, x, max);
  Value exp = builder.unary(location, UnaryKind::Exp, shifted);
  Value sum = builder.make<ReduceOp>(location, type, exp, ReduceKind::Add,
                                     ArrayRef<int64_t>(axis), true);
  Value log = builder.unary(location, UnaryKind::Log, sum);
  return set(op, builder.binary(location, BinaryKind::Sub, shifted, log));
}

LogicalResult OnnxLowering::lowerOp(onnx::WhereOp op) {
  Value condition = get(op.getCondition());
  Value yes = condition ? get(op.getX()) : Value();
  Value no = yes ? get(op.getY()) : Value();
  if (!no)
    return failure();
  return set(op, builder.make<SelectOp>(location, builder.elementType(yes),
                                        condition, yes, no));
}

LogicalResult OnnxLowering::lowerOp(onnx::CastOp op) {
  Value x = get(op.getInput());
  return x ? set(op, builder.cast(location, x, known(op).elementType))
           : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::CastLikeOp op) {
  Value x = get(op.getInput());
  return x ? set(op, builder.cast(location, x, known(op).elementType))
           : failure();
}

LogicalResult OnnxLowering::lowerOp(onnx::GeluOp op) {
  return lowerUnary(op, op.getApproximate() == "tanh" ? UnaryKind::GeluTanh
                                                      : UnaryKind::GeluErf);
}

LogicalResult OnnxLowering::lowerMath(Operation *op, bool &handled) {
  handled = true;
#define UNARY(ONNX, KIND)                                                      \
  if (isa<onnx::ONNX>(op))                                                     \
    return lowerUnary(op, UnaryKind::KIND);
  UNARY(AbsOp, Abs)
  UNARY(CeilOp, Ceil)
  UNARY(CosOp, Cos)
  UNARY(ErfOp, Erf)
  UNARY(ExpOp, Exp)
  UNARY(FloorOp, Floor)
  UNARY(IsNaNOp, IsNaN)
  UNARY(LogOp, Log)
  UNARY(NegOp, Neg)
  UNARY(NotOp, Not)
  UNARY(ReciprocalOp, Reciprocal)
  UNARY(ReluOp, Relu)
  UNARY(RoundOp, Round)
  UNARY(SigmoidOp, Sigmoid)
  UNARY(SignOp, Sign)
  UNARY(SinOp, Sin)
  UNARY(SqrtOp, Sqrt)
  UNARY(TanhOp, Tanh)
#undef UNARY
#define BINARY(ONNX, KIND)                                                     \
  if (isa<onnx::ONNX>(op))                                                     \
    return lowerBinary(op, BinaryKind::KIND);
  BINARY(AddOp, Add)
  BINARY(AndOp, And)
  BINARY(DivOp, Div)
  BINARY(EqualOp, Equal)
  BINARY(GreaterOp, Greater)
  BINARY(GreaterOrEqualOp, GreaterEqual)
  BINARY(LessOp, Less)
  BINARY(LessOrEqualOp, LessEqual)
  BINARY(MulOp, Mul)
  BINARY(OrOp, Or)
  BINARY(PowOp, Pow)
  BINARY(SubOp, Sub)
  BINARY(XorOp, Xor)
#undef BINARY
#define VARIADIC(ONNX, KIND)                                                   \
  if (isa<onnx::ONNX>(op))                                                     \
    return lowerVariadic(op, BinaryKind::KIND);
  VARIADIC(MaxOp, Max)
  VARIADIC(MinOp, Min)
  VARIADIC(SumOp, Add)
#undef VARIADIC
#define REDUCE(ONNX, KIND)                                                     \
  if (isa<onnx::ONNX>(op))                                                     \
    return lowerReduce(op, ReduceKind::KIND);
  REDUCE(ReduceMaxOp, Max)
  REDUCE(ReduceMeanOp, Mean)
  REDUCE(ReduceMinOp, Min)
  REDUCE(ReduceProdOp, Mul)
  REDUCE(ReduceSumOp, Add)
#undef REDUCE
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<onnx::CastLikeOp, onnx::CastOp, onnx::ClipOp, onnx::GeluOp,
            onnx::GemmOp, onnx::LogSoftmaxOp, onnx::MatMulOp, onnx::SoftmaxOp,
            onnx::WhereOp>([&](auto typed) { return lowerOp(typed); })
      .Default([&](Operation *) {
        handled = false;
        return success();
      });
}
} // namespace mixbit
