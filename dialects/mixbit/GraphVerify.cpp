//===- GraphVerify.cpp - Verifiers of constants and contractions ----------===//
//
// After these, passes may rely on ranks, element types, ranges of attributes
// and on every static extent. GraphVerifyData.cpp has the other operations.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/VerifyHelpers.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>

using namespace mlir;
using namespace mixbit::verify;

namespace mixbit {

//===----------------------------------------------------------------------===//
// Constants and shapes
//===----------------------------------------------------------------------===//

namespace {
/// What a quantized constant must hold, for all of its segments together.
struct Sizes {
  uint64_t codeBytes = 0, groups = 0, zeroGroups = 0;
  Type scale, zero;
};
} // namespace

/// One attribute of a quantized constant: its type, and the size of its data,
/// which MLIR does not check for resources. Data that is left out of a dump
/// passes; passes that read it complain.
static LogicalResult verifyData(Operation *op, StringRef what,
                                ElementsAttr data, ArrayRef<int64_t> shape,
                                Type element) {
  auto expected = RankedTensorType::get(shape, element);
  if (data.getShapedType() != expected)
    return op->emitOpError() << "expected " << what << " of " << expected
                             << ", but got " << data.getShapedType();
  auto resource = dyn_cast<DenseResourceElementsAttr>(data);
  if (!resource)
    return success();
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  uint64_t bytes =
      expected.getNumElements() * uint64_t(element.getIntOrFloatBitWidth() / 8);
  if (blob && blob->getData().size() != bytes)
    return op->emitOpError() << "expected " << bytes << " bytes of " << what
                             << ", but got " << blob->getData().size();
  return success();
}

/// Sums up the segments of a mixed type.
static LogicalResult sumSegments(Operation *op, MixedType type,
                                 MatrixShape matrix, Sizes &sizes) {
  int64_t extent = type.getAxis() == 0 ? matrix.rows : matrix.cols;
  uint64_t covered = 0;
  for (auto [size, element] : llvm::zip(type.getSizes(), type.getFormats())) {
    covered = llvm::SaturatingAdd(covered, uint64_t(size));
    Format format = *formatOf(element);
    MatrixShape part = matrix;
    (type.getAxis() == 0 ? part.rows : part.cols) = size;
    if (format.isFloat()) {
      uint64_t width = element.getIntOrFloatBitWidth() / 8;
      sizes.codeBytes = llvm::SaturatingAdd(
          sizes.codeBytes, llvm::SaturatingMultiply(
                               llvm::SaturatingMultiply(uint64_t(part.rows),
                                                        uint64_t(part.cols)),
                               width));
      continue;
    }
    auto quantized = cast<QuantizedTypeInterface>(element);
    Type scale = quantized.getScaleElementType();
    Type zero = quantized.getZeroElementType();
    // Scales of several types are f32, which holds the values of all.
    if (sizes.scale && scale != sizes.scale)
      scale = Float32Type::get(op->getContext());
    sizes.scale = scale;
    if (zero && sizes.zero && zero != sizes.zero)
      return op->emitOpError()
             << "expected segments with one type of zero points, but got "
             << type;
    sizes.codeBytes = llvm::SaturatingAdd(
        sizes.codeBytes, format.codeBytes(part.rows, part.cols));
    uint64_t groups =
        llvm::SaturatingMultiply(uint64_t(format.rowGroups(part.rows)),
                                 uint64_t(format.colGroups(part.cols)));
    sizes.groups = llvm::SaturatingAdd(sizes.groups, groups);
    if (!zero)
      continue;
    sizes.zero = zero;
    sizes.zeroGroups = llvm::SaturatingAdd(sizes.zeroGroups, groups);
  }
  if (covered != uint64_t(extent))
    return op->emitOpError() << "expected segments of " << extent
                             << " in all, but got " << covered;
  return success();
}

LogicalResult QuantizedConstantOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  Type element = type.getElementType();
  if (!isa<QuantizedTypeInterface, MixedType>(element))
    return emitOpError() << "expected a quantized element type, but got "
                         << element;
  if (!type.hasStaticShape() || type.getRank() == 0)
    return emitOpError()
           << "expected a static shape of rank 1 or more, but got " << type;
  MatrixShape matrix = matrixShapeOf(type);
  Sizes sizes;
  SmallVector<int64_t, 2> codeShape, scaleShape, zeroShape;
  auto mixed = dyn_cast<MixedType>(element);
  if (mixed) {
    if (failed(sumSegments(*this, mixed, matrix, sizes)))
      return failure();
  } else {
    Format format = *formatOf(element);
    auto quantized = cast<QuantizedTypeInterface>(element);
    sizes.scale = quantized.getScaleElementType();
    sizes.zero = quantized.getZeroElementType();
    sizes.codeBytes = format.codeBytes(matrix.rows, matrix.cols);
    sizes.groups =
        llvm::SaturatingMultiply(uint64_t(format.rowGroups(matrix.rows)),
                                 uint64_t(format.colGroups(matrix.cols)));
    codeShape = {matrix.rows, int64_t(format.rowBytes(matrix.cols))};
    scaleShape = {format.rowGroups(matrix.rows), format.colGroups(matrix.cols)};
    zeroShape = scaleShape;
  }
  // Far beyond any memory, and far from where sizes would wrap around.
  constexpr uint64_t most = uint64_t(1) << 48;
  if (sizes.codeBytes > most || sizes.groups > most / 4)
    return emitOpError() << "expected at most 2^48 bytes of data, but got "
                         << type;
  if (mixed) {
    codeShape = {int64_t(sizes.codeBytes)};
    scaleShape = {int64_t(sizes.groups)};
    zeroShape = {int64_t(sizes.zeroGroups)};
    if (!sizes.scale)
      sizes.scale = Float32Type::get(getContext());
  }
  if (failed(verifyData(*this, "codes", getCodes(), codeShape,
                        IntegerType::get(getContext(), 8))) ||
      failed(verifyData(*this, "scales", getScales(), scaleShape, sizes.scale)))
    return failure();
  if (bool(getZeros()) != bool(sizes.zero))
    return emitOpError() << "expected zero points exactly if the type has "
                            "them, but got "
                         << element << (getZeros() ? " with" : " without")
                         << " zero points";
  if (getZeros())
    return verifyData(*this, "zeros", *getZeros(), zeroShape, sizes.zero);
  return success();
}

LogicalResult DimValueOp::verify() {
  if (failed(expectInteger(*this, "a result", getType())))
    return failure();
  int64_t rank = rankOf(getResult());
  if (rank > 1)
    return emitOpError() << "expected a result of rank 0 or 1, but got "
                         << getType();
  if (failed(expectSymbolMap(*this, "values", getValues(),
                             rank == 0 ? 1 : getValues().getNumResults())))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult IotaOp::verify() {
  if (failed(expectInteger(*this, "a result", getType())) ||
      failed(expectSymbolMap(*this, "a size", getSize(), 1)))
    return failure();
  if (getStep() == 0)
    return emitOpError() << "expected a step other than 0, but got 0";
  return expectInferredShapes(*this);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// The weight of a linear, the table of an embedding: a static matrix of
/// floats or of a quantized type.
static LogicalResult verifyWeight(Operation *op, StringRef what, Value weight) {
  RankedTensorType type = tensorOf(weight);
  if (failed(expectRank(op, what, type, 2)))
    return failure();
  if (!isa<FloatType, QuantizedTypeInterface, MixedType>(type.getElementType()))
    return op->emitOpError()
           << "expected " << what << " of floats or a quantized type, but got "
           << type;
  if (!type.hasStaticShape())
    return op->emitOpError()
           << "expected " << what << " of static shape, but got " << type;
  return success();
}

LogicalResult LinearOp::verify() {
  if (failed(verifyWeight(*this, "a weight", getWeight())) ||
      failed(expectRankAtLeast(*this, "x", getX().getType(), 1)) ||
      failed(expectFloat(*this, "x", getX().getType())) ||
      failed(expectElement(*this, "a result", getType(), elementOf(getX()))))
    return failure();
  RankedTensorType weight = tensorOf(getWeight());
  if (isa<FloatType>(weight.getElementType())) {
    // A format that waits to be applied will make the weight quantized.
    bool isPending = getFormat() && !isa<FloatType>(getFormat()->getType());
    if (getActivations() && !isPending)
      return emitOpError() << "expected a quantized weight with quantized "
                              "activations, but got "
                           << weight;
    bool isNarrow =
        weight.getElementType().isF16() || weight.getElementType().isBF16();
    if (!(isNarrow && elementOf(getX()).isF32()) &&
        failed(expectElement(*this, "a weight", weight, elementOf(getX()))))
      return failure();
  }
  if (failed(expectExtent(*this, "x", getX().getType(), rankOf(getX()) - 1,
                          weight.getDimSize(1))))
    return failure();
  if (getBias() &&
      (failed(expectRank(*this, "a bias", getBias().getType(), 1)) ||
       failed(expectElement(*this, "a bias", getBias().getType(),
                            elementOf(getX()))) ||
       failed(expectExtent(*this, "a bias", getBias().getType(), 0,
                           weight.getDimSize(0)))))
    return failure();
  return expectInferredShapes(*this);
}

/// Codes of i8 [..., K] with a scale of f32 for each row; where `one` holds,
/// perhaps one for all rows.
static LogicalResult verifyQuantizedRows(Operation *op, Value codes,
                                         Value scales, bool one = false) {
  Builder builder(op->getContext());
  if (failed(expectRankAtLeast(op, "codes", codes.getType(), 1)) ||
      failed(
          expectElement(op, "codes", codes.getType(), builder.getI8Type())) ||
      failed(
          expectElement(op, "scales", scales.getType(), builder.getF32Type())))
    return failure();
  if (one && rankOf(scales) == 0)
    return success();
  if (failed(expectRank(op, "scales", scales.getType(), rankOf(codes) - 1)))
    return failure();
  for (int64_t i = 0, e = rankOf(scales); i != e; ++i)
    if (failed(expectExtent(op, "scales", scales.getType(), i,
                            extentOf(codes, i))))
      return failure();
  return success();
}

LogicalResult QuantizeRowsOp::verify() {
  if (getBits() < 1 || getBits() > 8)
    return emitOpError() << "expected 1 to 8 bits, but got " << getBits();
  if (failed(expectRankAtLeast(*this, "x", getX().getType(), 1)) ||
      failed(expectElement(*this, "x", getX().getType(),
                           Float32Type::get(getContext()))) ||
      failed(verifyQuantizedRows(*this, getCodes(), getScales())))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult QuantizeOp::verify() {
  Type f32 = Float32Type::get(getContext());
  int64_t low = getLow(), high = getHigh();
  bool hasStep =
      getKind() == CodeKind::Divide || getKind() == CodeKind::Multiply;
  if (getScalars().size() != (hasStep ? 2 : 0))
    return emitOpError() << "expected " << (hasStep ? 2 : 0)
                         << " scalars for the kind "
                         << stringifyCodeKind(getKind()) << ", but got "
                         << getScalars().size();
  if (low >= high || low < -128 || high > 127)
    return emitOpError()
           << "expected codes of a signed byte, the lowest first, "
              "but got "
           << low << " to " << high;
  if (!hasStep && (low != -1 || high != 1))
    return emitOpError() << "expected codes from -1 to 1 of a sign, but got "
                         << low << " to " << high;
  if (failed(expectElement(*this, "x", getX().getType(), f32)) ||
      failed(expectElement(*this, "codes", getType(),
                           IntegerType::get(getContext(), 8))))
    return failure();
  for (Value scalar : getScalars())
    if (failed(expectRank(*this, "a scalar", scalar.getType(), 0)) ||
        failed(expectElement(*this, "a scalar", scalar.getType(), f32)))
      return failure();
  return expectInferredShapes(*this);
}

LogicalResult QuantizedLinearOp::verify() {
  if (getBits() < 1 || getBits() > 8)
    return emitOpError() << "expected codes of 1 to 8 bits, but got "
                         << getBits();
  if (getFullRange() && getBits() != 8)
    return emitOpError() << "expected codes of 8 bits with a full range, but "
                            "got "
                         << getBits();
  if (failed(verifyQuantizedRows(*this, getCodes(), getScales(),
                                 /*one=*/true)) ||
      failed(verifyWeight(*this, "a weight", getWeight())))
    return failure();
  RankedTensorType weight = tensorOf(getWeight());
  Type f32 = Float32Type::get(getContext());
  auto isQuantized = [](Type type) {
    return isa<QuantizedTypeInterface>(type);
  };
  auto mixed = dyn_cast<MixedType>(weight.getElementType());
  if (mixed ? mixed.getAxis() != 0 ||
                  !llvm::all_of(mixed.getFormats(), isQuantized)
            : !isQuantized(weight.getElementType()))
    return emitOpError() << "expected a weight of a quantized type or of such "
                            "segments of outputs, but got "
                         << weight;
  if (failed(expectExtent(*this, "codes", getCodes().getType(),
                          rankOf(getCodes()) - 1, weight.getDimSize(1))) ||
      failed(expectElement(*this, "a result", getType(), f32)))
    return failure();
  if (getBias() &&
      (failed(expectRank(*this, "a bias", getBias().getType(), 1)) ||
       failed(expectElement(*this, "a bias", getBias().getType(), f32)) ||
       failed(expectExtent(*this, "a bias", getBias().getType(), 0,
                           weight.getDimSize(0)))))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult MatmulOp::verify() {
  Type lhs = getLhs().getType(), rhs = getRhs().getType();
  if (failed(expectRankAtLeast(*this, "a left operand", lhs, 2)) ||
      failed(expectRankAtLeast(*this, "a right operand", rhs, 2)) ||
      failed(expectFloat(*this, "a left operand", lhs)) ||
      failed(
          expectElement(*this, "a right operand", rhs, elementOf(getLhs()))) ||
      failed(expectElement(*this, "a result", getType(), elementOf(getLhs()))))
    return failure();
  int64_t inner = rankOf(getRhs()) - (getTransposeRhs() ? 1 : 2);
  if (failed(expectExtent(*this, "a right operand", rhs, inner,
                          extentOf(getLhs(), rankOf(getLhs()) - 1))))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult EmbeddingOp::verify() {
  if (failed(verifyWeight(*this, "a table", getTable())) ||
      failed(expectInteger(*this, "ids", getIds().getType())) ||
      failed(expectFloat(*this, "a result", getType())))
    return failure();
  Type table = elementOf(getTable());
  if (isa<FloatType>(table) &&
      failed(expectElement(*this, "a result", getType(), table)))
    return failure();
  return expectInferredShapes(*this);
}

/// The mask of an attention and what it means come together. `extents` are
/// batch, heads, queries and keys.
static LogicalResult verifyMask(Operation *op, Value mask,
                                std::optional<MaskKind> kind,
                                ArrayRef<int64_t> extents) {
  if (bool(mask) != kind.has_value())
    return op->emitOpError() << "expected a mask and its kind together, but "
                                "got only the "
                             << (mask ? "mask" : "kind");
  if (!mask)
    return success();
  Type type = mask.getType();
  if (*kind == MaskKind::Keep) {
    if (failed(expectRank(op, "a mask", type, 2)) ||
        failed(expectExtent(op, "a mask", type, 0, extents[0])) ||
        failed(expectExtent(op, "a mask", type, 1, extents[3])))
      return failure();
    if (!isa<IntegerType>(getElementTypeOrSelf(type)))
      return op->emitOpError()
             << "expected a mask of integers, but got " << type;
    return success();
  }
  if (failed(expectRank(op, "a mask", type, 4)) ||
      failed(expectFloat(op, "a mask", type)))
    return failure();
  for (auto [index, extent] : llvm::enumerate(extents))
    if (extentOf(mask, index) != 1 &&
        failed(expectExtent(op, "a mask", type, index, extent)))
      return failure();
  return success();
}

LogicalResult AttentionOp::verify() {
  Type element = elementOf(getQ());
  if (failed(expectFloat(*this, "q", getQ().getType())) ||
      failed(expectElement(*this, "k", getK().getType(), element)) ||
      failed(expectElement(*this, "v", getV().getType(), element)) ||
      failed(expectElement(*this, "a result", getType(), element)))
    return failure();
  int64_t heads = getHeads();
  if (heads < 1)
    return emitOpError() << "expected 1 head or more, but got " << heads;
  for (auto [name, value] : {std::pair<StringRef, Value>{"q", getQ()},
                             {"k", getK()},
                             {"v", getV()}}) {
    if (failed(expectRank(*this, name, value.getType(), 3)))
      return failure();
    if (!ShapedType::isDynamic(extentOf(value, 2)) &&
        extentOf(value, 2) % heads != 0)
      return emitOpError() << "expected " << name << " of a multiple of "
                           << heads << " columns, but got " << value.getType();
  }
  if (failed(
          expectExtent(*this, "k", getK().getType(), 2, extentOf(getQ(), 2))) ||
      failed(
          expectExtent(*this, "k", getK().getType(), 0, extentOf(getQ(), 0))) ||
      failed(
          expectExtent(*this, "v", getV().getType(), 0, extentOf(getQ(), 0))) ||
      failed(
          expectExtent(*this, "v", getV().getType(), 1, extentOf(getK(), 1))))
    return failure();
  if (!getScale().isFinite())
    return emitOpError() << "expected a finite scale, but got "
                         << getScaleAttr();
  if (failed(verifyMask(*this, getMask(), getMaskKind(),
                        {extentOf(getQ(), 0), heads, extentOf(getQ(), 1),
                         extentOf(getK(), 1)})))
    return failure();
  return expectInferredShapes(*this);
}

/// Strides, pads and dilations of a window of `rank` dimensions.
static LogicalResult verifyWindow(Operation *op, size_t rank,
                                  ArrayRef<int64_t> strides,
                                  ArrayRef<int64_t> pads,
                                  ArrayRef<int64_t> dilations) {
  return failure(failed(expectNumbers(op, "strides", strides, rank, 1)) ||
                 failed(expectNumbers(op, "pads", pads, 2 * rank, 0)) ||
                 failed(expectNumbers(op, "dilations", dilations, rank, 1)));
}

LogicalResult ConvOp::verify() {
  Type x = getX().getType(), weight = getWeight().getType();
  Type element = elementOf(getX());
  if (failed(expectRankAtLeast(*this, "x", x, 3)) ||
      failed(expectRank(*this, "a weight", weight, rankOf(getX()))) ||
      failed(expectFloat(*this, "x", x)) ||
      failed(expectElement(*this, "a weight", weight, element)) ||
      failed(expectElement(*this, "a result", getType(), element)))
    return failure();
  if (!tensorOf(getWeight()).hasStaticShape())
    return emitOpError() << "expected a weight of static shape, but got "
                         << weight;
  size_t rank = rankOf(getX()) - 2;
  ArrayRef<int64_t> window = tensorOf(getWeight()).getShape().drop_front(2);
  if (failed(
          verifyWindow(*this, rank, getStrides(), getPads(), getDilations())) ||
      failed(expectNumbers(*this, "window extents", window, rank, 1)))
    return failure();
  int64_t groups = getGroups(), outputs = extentOf(getWeight(), 0);
  if (groups < 1 || outputs % groups != 0)
    return emitOpError() << "expected groups that divide " << outputs
                         << " outputs, but got " << groups;
  if (failed(expectExtent(*this, "x", x, 1, extentOf(getWeight(), 1) * groups)))
    return failure();
  if (getBias() &&
      (failed(expectRank(*this, "a bias", getBias().getType(), 1)) ||
       failed(expectElement(*this, "a bias", getBias().getType(), element)) ||
       failed(expectExtent(*this, "a bias", getBias().getType(), 0, outputs))))
    return failure();
  return expectInferredShapes(*this);
}

LogicalResult PoolOp::verify() {
  Type x = getX().getType();
  if (failed(expectRankAtLeast(*this, "x", x, 3)) ||
      failed(expectFloat(*this, "x", x)) ||
      failed(expectElement(*this, "a result", getType(), elementOf(getX()))))
    return failure();
  if (getKind() != ReduceKind::Max && getKind() != ReduceKind::Mean)
    return emitOpError() << "expected max or mean, but got "
                         << stringifyReduceKind(getKind());
  size_t rank = rankOf(getX()) - 2;
  if (failed(expectNumbers(*this, "window extents", getWindow(), rank, 1)) ||
      failed(
          verifyWindow(*this, rank, getStrides(), getPads(), getDilations())))
    return failure();
  // A window that lies in the padding has no largest element and no mean.
  for (size_t i = 0; i != rank; ++i) {
    int64_t span = getDilations()[i] * (getWindow()[i] - 1) + 1;
    int64_t pad = std::max(getPads()[i], getPads()[rank + i]);
    if (pad >= span)
      return emitOpError() << "expected pads below the window's span of "
                           << span << ", but got " << pad;
  }
  return expectInferredShapes(*this);
}

} // namespace mixbit
