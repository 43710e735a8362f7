//===- QuantizeActivations.cpp - Rows are quantized once ------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Reference.h"
#include "passes/kernelize/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/kernelize/Passes.h.inc"

namespace {
/// Codes of a value, and their scale: one a row, or one for all.
struct Codes {
  Value codes, scales;
  int64_t shift = 0; ///< what codes are short of
  bool fullRange = false;
};

struct QuantizeActivations
    : impl::QuantizeActivationsBase<QuantizeActivations> {
  using QuantizeActivationsBase::QuantizeActivationsBase;

  void runOnOperation() override {
    // By value and kind, so that queries, keys and values share theirs.
    DenseMap<std::pair<Value, Attribute>, Codes> known;
    SmallVector<LinearOp> linears;
    getOperation().walk([&](LinearOp op) {
      if (op.getActivations())
        linears.push_back(op);
    });
    for (LinearOp op : linears)
      if (failed(rewrite(op, known)))
        return signalPassFailure();
  }

private:
  static InFlightDiagnostic complain(LinearOp op) {
    return op.emitError() << "node '" << nodeName(op.getLoc(), "linear")
                          << "': ";
  }

  LogicalResult rewrite(LinearOp op,
                        DenseMap<std::pair<Value, Attribute>, Codes> &known) {
    ActivationsAttr activations = *op.getActivations();
    bool isStatic = bool(activations.getCodes());
    if (!isStatic && (activations.getGranularity() != Granularity::PerToken ||
                      activations.getMode() != RangeMode::Dynamic))
      return complain(op) << "no kernel exists for activations other than per "
                             "token and dynamic, or static with codes, but got "
                          << activations;
    OpBuilder builder(op);
    Codes &codes = known[{op.getX(), activations}];
    if (!codes.codes) {
      builder.setInsertionPointAfterValue(op.getX());
      Location loc =
          op.getX().getDefiningOp() ? op.getX().getLoc() : op.getLoc();
      codes = isStatic ? quantize(builder, loc, op.getX(), activations)
                       : quantizeRows(builder, loc, op.getX(), activations);
      builder.setInsertionPoint(op);
    }
    Value bias = op.getBias();
    if (codes.shift) {
      FailureOr<Value> made = shiftedBias(builder, op, codes.shift);
      if (failed(made))
        return failure();
      bias = *made;
    }
    auto result = QuantizedLinearOp::create(
        builder, op.getLoc(), op.getType(), codes.codes, codes.scales,
        op.getWeight(), bias, activations.getBits(), codes.fullRange);
    op.getResult().replaceAllUsesWith(result.getResult());
    op.erase();
    return success();
  }

  static Codes quantizeRows(OpBuilder &builder, Location loc, Value x,
                            ActivationsAttr activations) {
    auto type = cast<RankedTensorType>(x.getType());
    auto quantize = QuantizeRowsOp::create(
        builder, loc,
        RankedTensorType::get(type.getShape(), builder.getI8Type()),
        RankedTensorType::get(type.getShape().drop_back(),
                              builder.getF32Type()),
        x, builder.getI64IntegerAttr(activations.getBits()));
    return {quantize.getCodes(), quantize.getScales()};
  }

  /// Codes as signed bytes: those that fit as they are, others shifted.
  static Codes quantize(OpBuilder &builder, Location loc, Value x,
                        ActivationsAttr activations) {
    StaticCodesAttr codes = activations.getCodes();
    int64_t low = codes.getLow(), high = codes.getHigh();
    Codes result;
    if (activations.getBits() <= 2)
      result.shift = low < -1 || high > 1 ? low + 1 : 0;
    else if (low < -127 || high > 127)
      result.shift = high - low <= 254 ? low + 127 : low + 128;
    low -= result.shift;
    high -= result.shift;
    result.fullRange = low < -127;
    auto scalar = [&](const APFloat &value) -> Value {
      auto type = RankedTensorType::get({}, builder.getF32Type());
      return arith::ConstantOp::create(builder, loc,
                                       DenseElementsAttr::get(type, value));
    };
    SmallVector<Value> scalars;
    if (codes.getKind() == CodeKind::Divide ||
        codes.getKind() == CodeKind::Multiply)
      scalars = {scalar(codes.getStep().getValue()),
                 scalar(APFloat(float(result.shift)))};
    auto type = cast<RankedTensorType>(x.getType());
    result.codes = QuantizeOp::create(
        builder, loc,
        RankedTensorType::get(type.getShape(), builder.getI8Type()), x, scalars,
        codes.getKind(), low, high);
    result.scales = scalar(codes.getScale().getValue());
    return result;
  }

  /// The bias plus what a shift of all codes leaves out: scale * shift times
  /// the sum of each row of the weight.
  static FailureOr<Value> shiftedBias(OpBuilder &builder, LinearOp op,
                                      int64_t shift) {
    auto weight = op.getWeight().getDefiningOp<QuantizedConstantOp>();
    if (!weight)
      return complain(op) << "expected a quantized constant weight, but got "
                          << op.getWeight().getType();
    FailureOr<QuantizedMatrix> matrix = readQuantized(weight);
    if (failed(matrix))
      return failure();
    double scale =
        op.getActivations()->getCodes().getScale().getValueAsDouble();
    SmallVector<double> sums(matrix->rows, 0);
    std::vector<float> values = dequantize(*matrix);
    for (int64_t row = 0; row != matrix->rows; ++row) {
      for (int64_t col = 0; col != matrix->cols; ++col)
        sums[row] += values[row * matrix->cols + col];
      sums[row] *= scale * double(shift);
    }
    auto type = RankedTensorType::get({matrix->rows}, builder.getF32Type());
    auto constant = [&](Location loc) -> Value {
      SmallVector<float> floats(sums.begin(), sums.end());
      return arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(type, ArrayRef<float>(floats)));
    };
    if (!op.getBias())
      return constant(op.getLoc());
    std::vector<uint8_t> storage;
    auto known = op.getBias().getDefiningOp<arith::ConstantOp>();
    auto bytes =
        known ? constantBytes(cast<ElementsAttr>(known.getValue()), storage)
              : std::nullopt;
    if (known && bytes && bytes->size() == sums.size() * sizeof(float)) {
      for (auto [row, sum] : llvm::enumerate(sums))
        sum += loadFloat(bytes->data(), row, FloatKind::F32);
      return constant(known.getLoc());
    }
    Value shifted = constant(op.getLoc());
    return BinaryOp::create(builder, op.getLoc(), type, op.getBias(), shifted,
                            BinaryKind::Add)
        .getResult();
  }
};
} // namespace
} // namespace mixbit
