//===- VerifyQuantized.cpp - The contract at the end of the stage ---------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_VERIFYQUANTIZED
#include "passes/quantize/Passes.h.inc"

namespace {
struct VerifyQuantized : impl::VerifyQuantizedBase<VerifyQuantized> {
  using VerifyQuantizedBase::VerifyQuantizedBase;

  void runOnOperation() override {
    // All that does not fit is named, not only the first.
    bool isGood = true;
    getOperation().walk([&](Operation *op) {
      isGood &= succeeded(verifyWeight(op)) && succeeded(verifyOperands(op));
    });
    if (!isGood)
      signalPassFailure();
  }

private:
  static InFlightDiagnostic complain(Operation *op) {
    return op->emitError() << "node '"
                           << nodeName(op->getLoc(),
                                       op->getName().stripDialect())
                           << "': ";
  }

  /// The format of a weight has a kernel.
  static LogicalResult verifyWeight(Operation *op) {
    if (formatAttrOf(op))
      return complain(op) << "expected formats that have been applied, but "
                             "got "
                          << formatAttrOf(op);
    OpOperand *weight = weightOperand(op);
    if (!weight)
      return success();
    auto type = cast<RankedTensorType>(weight->get().getType());
    auto linear = dyn_cast<LinearOp>(op);
    int64_t rows = type.getDimSize(0), cols = type.getDimSize(1);
    std::optional<Segments> segments = segmentsOf(type.getElementType(), rows);
    if (!segments)
      return complain(op) << "no kernel exists for " << type.getElementType();
    if (!linear && segments->size() > 1)
      return complain(op) << "no kernel exists for " << segmentsName(*segments)
                          << ": tables are served in one format";
    std::string why;
    for (const Segment &segment : *segments) {
      const Format &format = segment.format;
      if (!(linear ? kernelServes(format, segment.rows, cols, &why)
                   : tableServes(format, segment.rows, cols, &why)))
        return complain(op) << "no kernel exists for " << why;
      if (isa<MixedType>(type.getElementType()) && format.isFloat())
        return complain(op)
               << "no kernel exists for " << segmentsName(*segments)
               << ": floats are served for whole weights only";
    }
    const Format &format = segments->front().format;
    if (!linear || format.isFloat())
      return success();
    auto activations = linear.getActivations();
    if (!activations)
      return complain(op) << "no kernel exists for " << segmentsName(*segments)
                          << " weights with fp32 activations";
    if (activations->getCodes())
      return success();
    bool isPerToken = activations->getGranularity() == Granularity::PerToken;
    bool isStatic = activations->getMode() == RangeMode::Static;
    if (isStatic && !isPerToken)
      return complain(op) << "expected calibration data for static "
                             "activations, but got none";
    if (isStatic || !isPerToken)
      return complain(op) << "no kernel exists for activations of "
                          << *activations;
    return success();
  }

  /// Quantized values are only read as weights.
  static LogicalResult verifyOperands(Operation *op) {
    OpOperand *weight = weightOperand(op);
    for (OpOperand &operand : op->getOpOperands())
      if (&operand != weight &&
          isa<QuantizedTypeInterface, MixedType>(
              getElementTypeOrSelf(operand.get().getType())))
        return complain(op) << "expected quantized values as weights only, "
                               "but got operand "
                            << operand.getOperandNumber() << " of "
                            << operand.get().getType();
    return success();
  }
};
} // namespace
} // namespace mixbit
