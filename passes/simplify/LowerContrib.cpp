//===- LowerContrib.cpp - Operators of com.microsoft ----------------------===//
#include "passes/simplify/OnnxLowering.h"

using namespace mlir;

namespace mixbit {
/// Gelu, BiasGelu, FastGelu: an optional vector is added first.
static Value biased(GraphBuilder &builder, Location location, Value x,
                    Value bias) {
  return bias ? builder.binary(location, BinaryKind::Add, x, bias) : x;
}

LogicalResult OnnxLowering::lowerContrib(Operation *op, bool &handled) {
  handled = true;
  auto anyUsed = [](ValueRange results) {
    return llvm::any_of(results, [](Value v) { return !v.use_empty(); });
  };
  /// The operands as mixbit values, null where missing.
  SmallVector<Value> operands;
  auto read = [&] {
    for (Value operand : op->getOperands()) {
      operands.push_back(getOptional(operand));
      if (onnx::isPresent(operand) && !operands.back())
        return false;
    }
    return true;
  };
  if (isa<onnx::MicrosoftGeluOp, onnx::MicrosoftBiasGeluOp,
          onnx::MicrosoftFastGeluOp>(op)) {
    if (!read())
      return failure();
    Value x = biased(builder, location, operands[0],
                     operands.size() > 1 ? operands[1] : Value());
    UnaryKind kind = isa<onnx::MicrosoftFastGeluOp>(op) ? UnaryKind::GeluTanh
                                                        : UnaryKind::GeluErf;
    return x ? set(op, builder.unary(location, kind, x)) : failure();
  }
  if (auto norm = dyn_cast<onnx::MicrosoftSkipLayerNormalizationOp>(op)) {
    // Only the last result, the sum, is more than statistics.
    OperandRange inputs = norm->getOperands();
    ResultRange further = norm.getFurther();
    if (anyUsed(further.take_front(std::min<size_t>(further.size(), 2))))
      return unsupported("the mean or deviation as a result");
    if (!read() || inputs.empty())
      return failure();
    Value sum =
        builder.binary(location, BinaryKind::Add, operands[0], operands[1]);
    sum = sum ? biased(builder, location, sum, operands[4]) : sum;
    if (!sum)
      return failure();
    if (further.size() > 2)
      lowered[further[2]] = sum;
    return set(op, layerNorm(sum, operands[2], operands[3],
                             builder.rank(sum) - 1, norm.getEpsilon()));
  }
  auto embed = dyn_cast<onnx::MicrosoftEmbedLayerNormalizationOp>(op);
  if (!embed) {
    handled = false;
    return success();
  }
  ResultRange further = embed.getFurther();
  if (!further.empty() && !further[0].use_empty())
    return unsupported("the mask index as a result");
  if (!read())
    return failure();
  auto lookUp = [&](Value table, Value ids) {
    return builder.make<GatherOp>(location, builder.elementType(table), table,
                                  ids, 0);
  };
  Value ids = operands[0], segments = operands[1], positions = operands[8];
  if (!positions)
    positions =
        builder.make<IotaOp>(location, builder.elementType(ids),
                             builder.map({builder.shape(ids)[1]}), 0, 1);
  Value sum =
      builder.binary(location, BinaryKind::Add, lookUp(operands[2], ids),
                     lookUp(operands[3], positions));
  if (sum && segments && operands[4])
    sum = builder.binary(location, BinaryKind::Add, sum,
                         lookUp(operands[4], segments));
  if (!sum)
    return failure();
  if (further.size() > 1)
    lowered[further[1]] = sum;
  return set(op, layerNorm(sum, operands[5], operands[6], builder.rank(sum) - 1,
                           embed.getEpsilon()));
}
} // namespace mixbit
