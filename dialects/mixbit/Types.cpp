//===- Types.cpp - Quantized element types and attributes -----------------===//
#include "dialects/mixbit/Mixbit.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

/// Parses `[64 : !type, 320 : !type]`.
static ParseResult parseSegments(AsmParser &parser,
                                 SmallVectorImpl<int64_t> &sizes,
                                 SmallVectorImpl<Type> &formats) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return failure(parser.parseInteger(sizes.emplace_back()) ||
                   parser.parseColon() ||
                   parser.parseType(formats.emplace_back()));
  });
}

static void printSegments(AsmPrinter &printer, ArrayRef<int64_t> sizes,
                          ArrayRef<Type> formats) {
  printer << '[';
  llvm::interleaveComma(llvm::zip(sizes, formats), printer, [&](auto segment) {
    printer << std::get<0>(segment) << " : " << std::get<1>(segment);
  });
  printer << ']';
}

#include "dialects/mixbit/MixbitTypeInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/mixbit/MixbitAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/mixbit/MixbitTypes.cpp.inc"

namespace mixbit {
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

void MixbitDialect::registerTypesAndAttributes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/mixbit/MixbitTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/mixbit/MixbitAttrs.cpp.inc"
      >();
}

/// What all uniform formats share: a 2-D group and a float scale.
static LogicalResult verifyGroupAndScale(EmitError emitError,
                                         ArrayRef<int64_t> group, Type scale) {
  if (group.size() != 2)
    return emitError() << "expected a group of rows x columns, but got "
                       << group.size() << " extents";
  if (group[0] < 0 || group[1] < 0)
    return emitError() << "expected group extents of 0 (all) or more, but got "
                       << group[0] << " x " << group[1];
  if (!isa<Float16Type, BFloat16Type, Float32Type>(scale))
    return emitError() << "expected a scale of f16, bf16 or f32, but got "
                       << scale;
  return success();
}

LogicalResult IntType::verify(EmitError emitError, unsigned bits,
                              ArrayRef<int64_t> group, Type scale, Type zero) {
  if (bits < 1 || bits > 8)
    return emitError() << "expected 1 to 8 bits, but got " << bits;
  if (zero && !zero.isInteger(8) &&
      !isa<Float16Type, BFloat16Type, Float32Type>(zero))
    return emitError()
           << "expected a zero point of i8, f16, bf16 or f32, but got " << zero;
  return verifyGroupAndScale(emitError, group, scale);
}
unsigned IntType::getCodeBits() const { return getBits(); }
unsigned IntType::getLevels() const { return 1u << getBits(); }
ArrayRef<int64_t> IntType::getGroupShape() const { return getGroup(); }
Type IntType::getScaleElementType() const { return getScale(); }
Type IntType::getZeroElementType() const { return getZero(); }
unsigned IntType::getDoubledImplicitZero() const { return 1u << getBits(); }
double IntType::getInformationBits() const { return getBits(); }

LogicalResult TernaryType::verify(EmitError emitError, ArrayRef<int64_t> group,
                                  Type scale) {
  return verifyGroupAndScale(emitError, group, scale);
}
unsigned TernaryType::getCodeBits() const { return 2; }
unsigned TernaryType::getLevels() const { return 3; }
ArrayRef<int64_t> TernaryType::getGroupShape() const { return getGroup(); }
Type TernaryType::getScaleElementType() const { return getScale(); }
Type TernaryType::getZeroElementType() const { return {}; }
unsigned TernaryType::getDoubledImplicitZero() const { return 2; }
double TernaryType::getInformationBits() const { return std::log2(3.0); }

LogicalResult BinaryType::verify(EmitError emitError, ArrayRef<int64_t> group,
                                 Type scale) {
  return verifyGroupAndScale(emitError, group, scale);
}
unsigned BinaryType::getCodeBits() const { return 1; }
unsigned BinaryType::getLevels() const { return 2; }
ArrayRef<int64_t> BinaryType::getGroupShape() const { return getGroup(); }
Type BinaryType::getScaleElementType() const { return getScale(); }
Type BinaryType::getZeroElementType() const { return {}; }
unsigned BinaryType::getDoubledImplicitZero() const { return 1; }
double BinaryType::getInformationBits() const { return 1; }

LogicalResult MixedType::verify(EmitError emitError, unsigned axis,
                                ArrayRef<int64_t> sizes,
                                ArrayRef<Type> formats) {
  if (axis > 1)
    return emitError() << "expected axis 0 (rows) or 1 (columns), but got "
                       << axis;
  if (sizes.empty() || sizes.size() != formats.size())
    return emitError() << "expected one format a segment, but got "
                       << sizes.size() << " sizes and " << formats.size()
                       << " formats";
  for (auto [size, format] : llvm::zip(sizes, formats)) {
    if (size <= 0)
      return emitError() << "expected segments of 1 or more, but got " << size;
    if (!isa<QuantizedTypeInterface, Float16Type, BFloat16Type, Float32Type>(
            format))
      return emitError()
             << "expected a quantized or float segment format, but got "
             << format;
  }
  return success();
}

LogicalResult StaticCodesAttr::verify(EmitError emitError, CodeKind kind,
                                      FloatAttr step, FloatAttr scale,
                                      int64_t low, int64_t high) {
  for (auto [name, value] : {std::pair("step", step), {"scale", scale}})
    if (!value.getType().isF32() || !(value.getValueAsDouble() > 0) ||
        !value.getValue().isFinite())
      return emitError() << "expected a " << name << " of f32 above 0, but got "
                         << value;
  if (low >= high || high - low > 255 || low < -32768 || high > 32767)
    return emitError() << "expected 2 to 256 codes, the lowest first, but got "
                       << low << " to " << high;
  bool isSign = kind == CodeKind::Sign || kind == CodeKind::Binary;
  if (isSign && (low != -1 || high != 1))
    return emitError() << "expected codes from -1 to 1 of a sign, but got "
                       << low << " to " << high;
  return success();
}

unsigned StaticCodesAttr::getBits() const {
  if (getKind() == CodeKind::Binary)
    return 1;
  return std::max(2u, llvm::Log2_64_Ceil(getHigh() - getLow() + 1) +
                          unsigned(getHigh() - getLow() == 3));
}

ActivationsAttr ActivationsAttr::get(StaticCodesAttr codes) {
  return get(codes.getContext(), codes.getBits(), Granularity::PerTensor,
             RangeMode::Static, codes);
}

LogicalResult ActivationsAttr::verify(EmitError emitError, unsigned bits,
                                      Granularity granularity, RangeMode mode,
                                      StaticCodesAttr codes) {
  if (bits < 1 || bits > 8)
    return emitError() << "expected activations of 1 to 8 bits, but got "
                       << bits;
  if (codes && (granularity != Granularity::PerTensor ||
                mode != RangeMode::Static || bits != codes.getBits()))
    return emitError() << "expected activations of " << codes.getBits()
                       << " bits, per tensor and static, with codes, but got "
                       << bits << " bits, " << stringifyGranularity(granularity)
                       << " and " << stringifyRangeMode(mode);
  return success();
}

LogicalResult FormatAttr::verify(EmitError emitError, Type type,
                                 StringRef reason) {
  if (!isa<QuantizedTypeInterface, MixedType, FloatType>(type))
    return emitError() << "expected a quantized or float type, but got "
                       << type;
  if (!llvm::is_contained({"default", "keep", "allocated", "grid"}, reason))
    return emitError() << "expected the reason default, keep, allocated or "
                          "grid, but got '"
                       << reason << "'";
  return success();
}

LogicalResult SensitivityAttr::verify(EmitError emitError, StringRef metric,
                                      DenseF64ArrayAttr values) {
  if (!llvm::is_contained({"omega", "trace", "fisher", "gram", "loss"}, metric))
    return emitError() << "expected the metric omega, trace, fisher, gram or "
                          "loss, but got '"
                       << metric << "'";
  if (values.empty())
    return emitError() << "expected one sensitivity or one a group of rows, "
                          "but got none";
  for (double value : values.asArrayRef())
    if (!(value >= 0) || std::isinf(value))
      return emitError() << "expected a sensitivity of 0 or more, but got "
                         << value;
  return success();
}

LogicalResult LayoutAttr::verify(EmitError emitError, int64_t panel,
                                 int64_t block, int64_t inner, unsigned bits,
                                 bool trits) {
  if (panel <= 0 || panel % 16 != 0)
    return emitError() << "expected a panel of a multiple of 16 outputs, but "
                          "got "
                       << panel;
  if (inner != 1 && inner != 2 && inner != 4 && inner != 8 && inner != 32)
    return emitError() << "expected 1, 2, 4, 8 or 32 inner inputs, but got "
                       << inner;
  if (block <= 0 || block % inner != 0)
    return emitError() << "expected a block of a multiple of " << inner
                       << " inputs, but got " << block;
  if ((bits < 1 || bits > 8) && bits != 16 && bits != 32)
    return emitError() << "expected 1 to 8, 16 or 32 bits, but got " << bits;
  if (trits && bits != 2)
    return emitError() << "expected 2 bits for trits, but got " << bits;
  return success();
}
} // namespace mixbit
