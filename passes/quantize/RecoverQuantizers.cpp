//===- RecoverQuantizers.cpp - Quantizers that training has left ----------===//
//
// A quantizer is read from its result inwards: the product with the scale, what
// happens to the integers (clamping, zero points, conversions), the rounding,
// and what makes of a value the number that is rounded. Clamping may stand on
// either side of the rounding, which is monotonic.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_RECOVERQUANTIZERS
#include "passes/quantize/Passes.h.inc"

namespace {
struct Quantizer {
  Value x; ///< what is rounded, as it enters
  StaticCodesAttr codes;
  /// Where the quantizer has taken it off x and adds it again: a value of one
  /// element. x is then without it.
  Value minimum;
};

/// The one element of a constant, or the one that all of its elements are.
std::optional<double> scalarOf(Value value) {
  DenseElementsAttr data;
  if (!matchPattern(value, m_Constant(&data)) || !data.isSplat())
    return std::nullopt;
  if (isa<FloatType>(data.getElementType()))
    return data.getSplatValue<APFloat>().convertToDouble();
  APInt integer = data.getSplatValue<APInt>();
  return data.getElementType().isUnsignedInteger()
             ? double(integer.getZExtValue())
             : double(integer.getSExtValue());
}

/// A binary operation with one operand constant.
struct WithConstant {
  BinaryKind kind;
  Value x;
  double constant;
};
std::optional<WithConstant> withConstant(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op)
    return std::nullopt;
  auto right = scalarOf(op.getRhs());
  if (right && op.getType() == op.getLhs().getType())
    return WithConstant{op.getKind(), op.getLhs(), *right};
  bool commutes = llvm::is_contained(
      {BinaryKind::Add, BinaryKind::Mul, BinaryKind::Min, BinaryKind::Max},
      op.getKind());
  auto constant = commutes ? scalarOf(op.getLhs()) : std::nullopt;
  if (!constant || op.getType() != op.getRhs().getType())
    return std::nullopt;
  return WithConstant{op.getKind(), op.getRhs(), *constant};
}

/// Reads one quantizer.
class Reader {
public:
  std::optional<Quantizer> read(Value value);

private:
  Value readScale(Value value);
  Value readIntegers(Value value);
  bool applyIntegers();
  bool readRounding(Value value);
  bool readSign(Value value);
  Value readClamps(Value value, SmallVectorImpl<WithConstant> &clamps);

  /// The number that is rounded for `x`, as the network computes it.
  float scaled(double x) const {
    return kind == CodeKind::Divide ? float(x) / float(step)
                                    : float(x) * float(step);
  }
  /// max(x, c) or min(x, c) of codes from low to high.
  void clamp(BinaryKind bound, double c) {
    auto apply = [&](double &code) {
      code = bound == BinaryKind::Max ? std::max(code, c) : std::min(code, c);
    };
    apply(low);
    apply(high);
  }

  /// What happens to the integers, from the result inwards; a conversion has
  /// the kind Equal, and no constant.
  SmallVector<std::pair<WithConstant, Type>> integerSteps;
  CodeKind kind = CodeKind::Divide;
  double step = 1, scale = 1;
  double low = -INFINITY, high = INFINITY;
  Value x, minimum;
};

/// Takes the scale, and a minimum that is added behind it.
Value Reader::readScale(Value value) {
  if (auto add = value.getDefiningOp<BinaryOp>();
      add && add.getKind() == BinaryKind::Add)
    for (int side : {0, 1}) {
      Value other = add->getOperand(side);
      auto type = cast<RankedTensorType>(other.getType());
      if (type.hasStaticShape() && type.getNumElements() == 1 &&
          !scalarOf(other) &&
          add->getOperand(1 - side).getType() == add.getType()) {
        minimum = other;
        value = add->getOperand(1 - side);
        break;
      }
    }
  auto product = withConstant(value);
  if (!product)
    return value;
  if (product->kind == BinaryKind::Mul)
    scale = product->constant;
  else if (product->kind == BinaryKind::Div)
    scale = float(1 / product->constant);
  else
    return value;
  return product->x;
}

/// The integers' way back to where they come from.
Value Reader::readIntegers(Value value) {
  while (true) {
    if (auto convert = value.getDefiningOp<CastOp>()) {
      Type to = getElementTypeOrSelf(convert.getType());
      integerSteps.push_back({{BinaryKind::Equal, convert.getX(), 0}, to});
      value = convert.getX();
      continue;
    }
    auto change = withConstant(value);
    if (!change || !llvm::is_contained({BinaryKind::Add, BinaryKind::Sub,
                                        BinaryKind::Min, BinaryKind::Max},
                                       change->kind))
      return value;
    integerSteps.push_back({*change, Type()});
    value = change->x;
  }
}

/// Brings the range through the steps; false if codes do not come out as they
/// went in but for the range.
bool Reader::applyIntegers() {
  double shift = 0;
  for (auto &[change, type] : llvm::reverse(integerSteps)) {
    double c = change.constant;
    if (type) {
      if (isa<FloatType>(type))
        continue;
      // A conversion that keeps all of the integers.
      unsigned width = type.getIntOrFloatBitWidth();
      bool isUnsigned = type.isUnsignedInteger();
      double least = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
      double most = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1;
      if (width == 1 || low + shift < least || high + shift > most)
        return false;
      continue;
    }
    if (std::isnan(c) || (std::isfinite(c) && c != std::nearbyint(c)))
      return false;
    if (change.kind == BinaryKind::Add)
      shift += c;
    else if (change.kind == BinaryKind::Sub)
      shift -= c;
    else
      clamp(change.kind, c - shift);
  }
  return shift == 0;
}

/// Minima and maxima with constants, from the outermost inwards.
Value Reader::readClamps(Value value, SmallVectorImpl<WithConstant> &clamps) {
  while (true) {
    auto change = withConstant(value);
    if (!change ||
        (change->kind != BinaryKind::Min && change->kind != BinaryKind::Max))
      return value;
    clamps.push_back(*change);
    value = change->x;
  }
}

/// From the rounding on: scaled, perhaps clamped before or after that.
bool Reader::readRounding(Value value) {
  auto round = value.getDefiningOp<UnaryOp>();
  if (!round || round.getKind() != UnaryKind::Round)
    return false;
  SmallVector<WithConstant> scaledClamps, clamps;
  value = readClamps(round.getX(), scaledClamps);
  auto product = withConstant(value);
  if (product && product->kind == BinaryKind::Div) {
    step = product->constant;
    value = product->x;
  } else if (product && product->kind == BinaryKind::Mul) {
    kind = CodeKind::Multiply;
    step = product->constant;
    value = product->x;
  }
  x = readClamps(value, clamps);
  // A minimum is taken off before all else.
  if (minimum) {
    auto difference = x.getDefiningOp<BinaryOp>();
    if (!difference || difference.getKind() != BinaryKind::Sub ||
        difference.getRhs() != minimum)
      return false;
  }
  for (const WithConstant &bound : llvm::reverse(clamps))
    clamp(bound.kind, std::nearbyint(scaled(bound.constant)));
  for (const WithConstant &bound : llvm::reverse(scaledClamps))
    clamp(bound.kind, std::nearbyint(float(bound.constant)));
  return true;
}

/// sign(x), or x >= 0 ? 1 : -1; a positive scale changes nothing.
bool Reader::readSign(Value value) {
  if (minimum)
    return false;
  low = -1;
  high = 1;
  if (auto sign = value.getDefiningOp<UnaryOp>();
      sign && sign.getKind() == UnaryKind::Sign) {
    kind = CodeKind::Sign;
    x = sign.getX();
    auto product = withConstant(x);
    if (product && product->constant > 0 &&
        (product->kind == BinaryKind::Div || product->kind == BinaryKind::Mul))
      x = product->x;
    return true;
  }
  auto select = value.getDefiningOp<SelectOp>();
  auto condition =
      select ? select.getCondition().getDefiningOp<BinaryOp>() : BinaryOp();
  if (!condition || scalarOf(condition.getRhs()) != 0.0)
    return false;
  auto yes = scalarOf(select.getOnTrue()), no = scalarOf(select.getOnFalse());
  if (condition.getKind() == BinaryKind::Less)
    std::swap(yes, no);
  else if (condition.getKind() != BinaryKind::GreaterEqual)
    return false;
  // The scale may be in the choice already.
  if (!yes || !no || *yes != -*no || !(*yes > 0) ||
      scale * *yes != float(scale * *yes))
    return false;
  scale *= *yes;
  kind = CodeKind::Binary;
  x = condition.getLhs();
  return condition.getLhs().getType() == select.getType() ||
         cast<RankedTensorType>(condition.getLhs().getType()).getShape() ==
             cast<RankedTensorType>(select.getType()).getShape();
}

std::optional<Quantizer> Reader::read(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  Value integers = readIntegers(readScale(value));
  if (!readRounding(integers) && !readSign(integers))
    return std::nullopt;
  if (!applyIntegers() || !(high > low) || high - low > 255 ||
      std::fabs(low) > 32767 || std::fabs(high) > 32767)
    return std::nullopt;
  bool isSign = kind == CodeKind::Sign || kind == CodeKind::Binary;
  auto isPositive = [](double number) {
    return number > 0 && std::isfinite(number);
  };
  if ((isSign && (low != -1 || high != 1)) || !isPositive(scale) ||
      !isPositive(step) || x.getType() != value.getType())
    return std::nullopt;
  Builder builder(value.getContext());
  auto codes = StaticCodesAttr::get(
      builder.getContext(), kind, builder.getF32FloatAttr(step),
      builder.getF32FloatAttr(scale), int64_t(low), int64_t(high));
  return Quantizer{x, codes, minimum};
}

struct RecoverQuantizers : impl::RecoverQuantizersBase<RecoverQuantizers> {
  using RecoverQuantizersBase::RecoverQuantizersBase;

  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isDeclaration())
        continue;
      SmallVector<LinearOp> linears;
      func.walk([&](LinearOp op) {
        FormatAttr format = op.getFormatAttr();
        if (format && !isa<FloatType>(format.getType()))
          linears.push_back(op);
      });
      for (LinearOp linear : linears)
        recover(linear);
      for (Operation &op :
           llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
        if (isOpTriviallyDead(&op))
          op.erase();
    }
  }

private:
  void recover(LinearOp linear) {
    std::optional<Quantizer> quantizer = Reader().read(linear.getX());
    if (!quantizer || (quantizer->minimum && !addMinimum(linear, *quantizer)))
      return;
    linear.getXMutable().set(quantizer->x);
    linear.setActivationsAttr(ActivationsAttr::get(quantizer->codes));
    ++recovered;
    emitRemark(linear.getLoc())
        << "node '" << nodeName(linear.getLoc(), "linear")
        << "': the network's own quantizer of activations, "
        << quantizer->codes.getBits() << " bits";
  }

  /// Adds the minimum times the sums of the weight's rows.
  static bool addMinimum(LinearOp linear, const Quantizer &quantizer) {
    arith::ConstantOp weight = weightConstant(&linear.getWeightMutable());
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> matrix =
        weight ? floatMatrix(weight, storage) : FailureOr<FloatMatrix>();
    if (failed(matrix))
      return false;
    SmallVector<float> sums;
    for (int64_t row = 0; row != matrix->rows; ++row) {
      double sum = 0;
      for (int64_t col = 0; col != matrix->cols; ++col)
        sum += matrix->at(row, col);
      sums.push_back(float(sum));
    }
    OpBuilder builder(linear.getContext());
    builder.setInsertionPointAfter(linear);
    Location loc = linear.getLoc();
    auto symbols =
        linear->getParentOfType<func::FuncOp>()->getAttrOfType<ArrayAttr>(
            kSymbolsAttr);
    auto vector = RankedTensorType::get({matrix->rows}, builder.getF32Type());
    Value rowSums = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(vector, ArrayRef<float>(sums)));
    Value scalar = ReshapeOp::create(
        builder, loc, RankedTensorType::get({}, builder.getF32Type()),
        quantizer.minimum,
        AffineMap::get(0, symbols ? symbols.size() : 0, builder.getContext()));
    Value offset = BinaryOp::create(builder, loc, vector, rowSums, scalar,
                                    BinaryKind::Mul);
    auto sum = BinaryOp::create(builder, loc, linear.getType(), linear, offset,
                                BinaryKind::Add);
    linear.getResult().replaceAllUsesExcept(sum.getResult(), sum);
    return true;
  }
};
} // namespace
} // namespace mixbit
