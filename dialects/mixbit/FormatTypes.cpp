//===- FormatTypes.cpp - Element types and plain formats ------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "lib/quant/Halves.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace mixbit {

static FloatKind floatKindOf(Type type) {
  if (type.isF16())
    return FloatKind::F16;
  return type.isBF16() ? FloatKind::BF16 : FloatKind::F32;
}

static Type floatTypeOf(MLIRContext *context, FloatKind kind) {
  switch (kind) {
  case FloatKind::F32:
    return Float32Type::get(context);
  case FloatKind::F16:
    return Float16Type::get(context);
  case FloatKind::BF16:
    return BFloat16Type::get(context);
  }
  return {};
}

static ZeroKind zeroKindOf(Type type) {
  if (!type)
    return ZeroKind::None;
  if (type.isInteger(8))
    return ZeroKind::I8;
  return type.isF16()    ? ZeroKind::F16
         : type.isBF16() ? ZeroKind::BF16
                         : ZeroKind::F32;
}

static Type zeroTypeOf(MLIRContext *context, ZeroKind kind) {
  switch (kind) {
  case ZeroKind::None:
    return {};
  case ZeroKind::I8:
    return IntegerType::get(context, 8);
  case ZeroKind::F32:
    return Float32Type::get(context);
  case ZeroKind::F16:
    return Float16Type::get(context);
  case ZeroKind::BF16:
    return BFloat16Type::get(context);
  }
  return {};
}

std::optional<Format> formatOf(Type elementType) {
  if (isa<FloatType>(elementType))
    return makeFloatFormat(floatKindOf(elementType));
  auto type = dyn_cast<QuantizedTypeInterface>(elementType);
  if (!type)
    return std::nullopt;
  Format format;
  format.kind = isa<TernaryType>(elementType)  ? FormatKind::Ternary
                : isa<BinaryType>(elementType) ? FormatKind::Binary
                                               : FormatKind::Int;
  format.bits = type.getCodeBits();
  format.groupRows = type.getGroupShape()[0];
  format.groupCols = type.getGroupShape()[1];
  format.scale = floatKindOf(type.getScaleElementType());
  format.zero = zeroKindOf(type.getZeroElementType());
  return format;
}

Type typeOf(MLIRContext *context, const Format &format) {
  int64_t group[] = {format.groupRows, format.groupCols};
  Type scale = floatTypeOf(context, format.scale);
  switch (format.kind) {
  case FormatKind::Float:
    return scale;
  case FormatKind::Int:
    return IntType::get(context, format.bits, group, scale,
                        zeroTypeOf(context, format.zero));
  case FormatKind::Ternary:
    return TernaryType::get(context, group, scale);
  case FormatKind::Binary:
    return BinaryType::get(context, group, scale);
  }
  return {};
}

std::optional<Segments> segmentsOf(Type elementType, int64_t rows) {
  if (std::optional<Format> format = formatOf(elementType))
    return Segments{{rows, *format}};
  auto mixed = dyn_cast<MixedType>(elementType);
  if (!mixed || mixed.getAxis() != 0)
    return std::nullopt;
  Segments segments;
  for (auto [size, type] : llvm::zip(mixed.getSizes(), mixed.getFormats()))
    segments.push_back({size, *formatOf(type)});
  return segments;
}

Type typeOf(MLIRContext *context, ArrayRef<Segment> segments) {
  if (segments.size() == 1)
    return typeOf(context, segments.front().format);
  SmallVector<int64_t> sizes;
  SmallVector<Type> formats;
  for (const Segment &segment : segments) {
    sizes.push_back(segment.rows);
    formats.push_back(typeOf(context, segment.format));
  }
  return MixedType::get(context, 0, sizes, formats);
}

FloatKind commonScale(ArrayRef<Segment> segments) {
  FloatKind kind = segments.front().format.scale;
  bool isCommon = llvm::all_of(segments, [&](const Segment &segment) {
    return segment.format.scale == kind;
  });
  return isCommon ? kind : FloatKind::F32;
}

MatrixShape matrixShapeOf(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  uint64_t cols = 1;
  for (int64_t extent : shape.drop_front())
    cols = llvm::SaturatingMultiply(cols, uint64_t(extent));
  return {shape[0], int64_t(std::min<uint64_t>(cols, INT64_MAX))};
}

std::optional<ArrayRef<uint8_t>> constantBytes(ElementsAttr data,
                                               std::vector<uint8_t> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(data)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    ArrayRef<char> bytes = blob->getData();
    return ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()),
                    bytes.size());
  }
  auto dense = dyn_cast<DenseElementsAttr>(data);
  if (!dense || dense.getElementType().getIntOrFloatBitWidth() % 8 != 0)
    return std::nullopt;
  ArrayRef<char> bytes = dense.getRawData();
  if (!dense.isSplat())
    return ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()),
                    bytes.size());
  storage.clear();
  storage.reserve(bytes.size() * dense.getNumElements());
  for (int64_t i = 0, e = dense.getNumElements(); i != e; ++i)
    storage.insert(storage.end(), bytes.begin(), bytes.end());
  return ArrayRef<uint8_t>(storage);
}

FailureOr<QuantizedMatrix> readQuantized(QuantizedConstantOp constant) {
  auto type = cast<RankedTensorType>(constant.getType());
  std::optional<Format> format = formatOf(type.getElementType());
  if (!format || format->isFloat())
    return constant.emitOpError()
           << "expected a uniform quantized type, but got " << type;
  QuantizedMatrix matrix;
  matrix.format = *format;
  MatrixShape shape = matrixShapeOf(type);
  matrix.rows = shape.rows;
  matrix.cols = shape.cols;
  std::vector<uint8_t> storage;
  auto read = [&](ElementsAttr data, StringRef what) {
    auto bytes = constantBytes(data, storage);
    if (!bytes)
      constant.emitOpError()
          << "expected the data of its " << what << ", but it is left out";
    return bytes;
  };
  auto codes = read(constant.getCodes(), "codes");
  if (!codes)
    return failure();
  matrix.codes = codes->vec();
  auto scales = read(constant.getScales(), "scales");
  if (!scales)
    return failure();
  matrix.scales = decodeScales(*scales, format->scale);
  if (constant.getZeros()) {
    auto zeros = read(*constant.getZeros(), "zero points");
    if (!zeros)
      return failure();
    matrix.zeros = decodeZeros(*zeros, format->zero);
  }
  return matrix;
}

FailureOr<SmallVector<QuantizedMatrix, 1>>
readSegments(QuantizedConstantOp constant) {
  auto type = cast<RankedTensorType>(constant.getType());
  if (!isa<MixedType>(type.getElementType())) {
    FailureOr<QuantizedMatrix> matrix = readQuantized(constant);
    if (failed(matrix))
      return failure();
    SmallVector<QuantizedMatrix, 1> result;
    result.push_back(std::move(*matrix));
    return result;
  }
  MatrixShape shape = matrixShapeOf(type);
  std::optional<Segments> segments =
      segmentsOf(type.getElementType(), shape.rows);
  if (!segments || llvm::any_of(*segments, [](const Segment &segment) {
        return segment.format.isFloat();
      }))
    return constant.emitOpError()
           << "expected quantized segments of rows, but got " << type;
  std::vector<uint8_t> codeStorage, scaleStorage, zeroStorage;
  auto codes = constantBytes(constant.getCodes(), codeStorage);
  auto scaleBytes = constantBytes(constant.getScales(), scaleStorage);
  std::optional<ArrayRef<uint8_t>> zeroBytes = ArrayRef<uint8_t>();
  if (constant.getZeros())
    zeroBytes = constantBytes(*constant.getZeros(), zeroStorage);
  if (!codes || !scaleBytes || !zeroBytes)
    return constant.emitOpError() << "expected its data, but it is left out";
  std::vector<float> scales = decodeScales(*scaleBytes, commonScale(*segments));
  std::vector<float> zeros;
  for (const Segment &segment : *segments)
    if (segment.format.hasZero() && zeros.empty())
      zeros = decodeZeros(*zeroBytes, segment.format.zero);
  SmallVector<QuantizedMatrix, 1> result;
  ArrayRef<float> scalesLeft = scales, zerosLeft = zeros;
  for (const Segment &segment : *segments) {
    const Format &format = segment.format;
    QuantizedMatrix &matrix = result.emplace_back();
    matrix.format = format;
    matrix.rows = segment.rows;
    matrix.cols = shape.cols;
    size_t bytes = format.codeBytes(segment.rows, shape.cols);
    size_t groups = format.numGroups(segment.rows, shape.cols);
    matrix.codes = codes->take_front(bytes).vec();
    matrix.scales = scalesLeft.take_front(groups).vec();
    codes = codes->drop_front(bytes);
    scalesLeft = scalesLeft.drop_front(groups);
    if (!format.hasZero())
      continue;
    matrix.zeros = zerosLeft.take_front(groups).vec();
    zerosLeft = zerosLeft.drop_front(groups);
  }
  return result;
}

} // namespace mixbit
