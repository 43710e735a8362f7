//===- Constants.cpp - Reading and rewriting constant data ----------------===//
#include "passes/simplify/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace mixbit {
ElementsAttr constantElements(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<ElementsAttr>(constant.getValue())
                  : ElementsAttr();
}

/// Bytes that an element takes in a constant; 0 if it has no such form.
static int64_t elementBytes(Type type) {
  if (!type.isIntOrFloat())
    return 0;
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8u);
}

bool rawElements(ElementsAttr elements, ArrayRef<char> &bytes, bool &isSplat) {
  isSplat = false;
  int64_t size = elementBytes(elements.getElementType());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return false;
    bytes = blob->getData();
    return size != 0 && (int64_t)bytes.size() == size * elements.size();
  }
  // MLIR packs a dense i1 into bits; the readers below go by its iterators.
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense || elements.getElementType().isInteger(1))
    return false;
  bytes = dense.getRawData();
  isSplat = dense.isSplat();
  return size != 0 &&
         (int64_t)bytes.size() == size * (isSplat ? 1 : elements.size());
}

/// Widens one little-endian element.
static double readFloat(const char *data, FloatType type) {
  APInt bits(type.getWidth(), 0);
  std::memcpy(const_cast<uint64_t *>(bits.getRawData()), data,
              type.getWidth() / 8);
  APFloat value(type.getFloatSemantics(), bits);
  bool lossy;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
  return value.convertToDouble();
}

static int64_t readInteger(const char *data, Type type) {
  uint64_t bits = 0;
  std::memcpy(&bits, data, elementBytes(type));
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    return bits != 0;
  if (width < 64 && !type.isUnsignedInteger())
    return llvm::SignExtend64(bits, width);
  return (int64_t)bits;
}

std::optional<SmallVector<double>> readFloats(ElementsAttr elements,
                                              int64_t limit) {
  auto type = dyn_cast<FloatType>(elements.getElementType());
  if (!type) {
    auto integers = readIntegers(elements, limit);
    if (!integers)
      return std::nullopt;
    return SmallVector<double>(integers->begin(), integers->end());
  }
  ArrayRef<char> bytes;
  bool isSplat;
  if (elements.size() > limit || type.getWidth() > 64 ||
      !rawElements(elements, bytes, isSplat))
    return std::nullopt;
  SmallVector<double> values;
  for (int64_t i = 0, e = elements.size(); i != e; ++i)
    values.push_back(readFloat(
        bytes.data() + (isSplat ? 0 : i * type.getWidth() / 8), type));
  return values;
}

std::optional<SmallVector<int64_t>> readIntegers(ElementsAttr elements,
                                                 int64_t limit) {
  Type type = elements.getElementType();
  if (!type.isInteger() || type.getIntOrFloatBitWidth() > 64 ||
      elements.size() > limit)
    return std::nullopt;
  SmallVector<int64_t> values;
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (dense && type.isInteger(1)) {
    for (bool value : dense.getValues<bool>())
      values.push_back(value);
    return values;
  }
  ArrayRef<char> bytes;
  bool isSplat;
  if (!rawElements(elements, bytes, isSplat))
    return std::nullopt;
  for (int64_t i = 0, e = elements.size(); i != e; ++i)
    values.push_back(readInteger(
        bytes.data() + (isSplat ? 0 : i * elementBytes(type)), type));
  return values;
}

std::optional<double> readSplat(ElementsAttr elements) {
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (dense && dense.isSplat() && dense.size() > 1)
    elements = dense.resizeSplat(
        cast<ShapedType>(RankedTensorType::get({}, dense.getElementType())));
  auto values = readFloats(elements, foldedBytes);
  if (!values || values->empty() || !llvm::all_equal(*values))
    return std::nullopt;
  return values->front();
}

Type byteTypeOf(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || (integer.getWidth() != 4 && integer.getWidth() != 2))
    return type;
  return IntegerType::get(type.getContext(), 8, integer.getSignedness());
}

ElementsAttr codesAsBytes(ElementsAttr elements) {
  Type byte = byteTypeOf(elements.getElementType());
  if (byte == elements.getElementType())
    return elements;
  auto type = RankedTensorType::get(elements.getShapedType().getShape(), byte);
  // The importer has extended their signs.
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto values = readIntegers(elements, elements.size());
  if (!values)
    return {};
  SmallVector<char> bytes(values->begin(), values->end());
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

/// Elements in a blob, called as their source is where that has a name.
static ElementsAttr fromBlob(ElementsAttr source, RankedTensorType type,
                             AsmResourceBlob blob, StringRef suffix) {
  if ((int64_t)blob.getData().size() <= foldedBytes)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  auto resource = dyn_cast<DenseResourceElementsAttr>(source);
  StringRef name =
      resource ? resource.getRawHandle().getKey() : StringRef("weight");
  return DenseResourceElementsAttr::get(type, (name + suffix).str(),
                                        std::move(blob));
}

ElementsAttr unpackElements(ElementsAttr elements, unsigned bits, int64_t rows,
                            int64_t columns) {
  ArrayRef<char> bytes;
  bool isSplat;
  int64_t rowBytes = llvm::divideCeil(columns * bits, 8);
  if (!rawElements(elements, bytes, isSplat) ||
      elements.size() != rows * rowBytes)
    return {};
  auto type = RankedTensorType::get(
      {rows, columns},
      IntegerType::get(elements.getContext(), 8, IntegerType::Unsigned));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(rows * columns, 64);
  char *to = blob.getMutableData().data();
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t column = 0; column != columns; ++column) {
      int64_t at = row * rowBytes + column / perByte;
      unsigned byte = static_cast<uint8_t>(bytes[isSplat ? 0 : at]);
      *to++ = static_cast<char>(byte >> (column % perByte * bits) & mask);
    }
  return fromBlob(elements, type, std::move(blob), ".codes");
}

ElementsAttr padElements(ElementsAttr elements, int64_t axis, int64_t count) {
  auto old = cast<RankedTensorType>(elements.getType());
  ArrayRef<char> bytes;
  bool isSplat;
  if (!rawElements(elements, bytes, isSplat))
    return {};
  SmallVector<int64_t> shape(old.getShape());
  int64_t inner = elementBytes(old.getElementType());
  for (int64_t extent : ArrayRef(shape).drop_front(axis + 1))
    inner *= extent;
  int64_t from = shape[axis] * inner, to = (shape[axis] + count) * inner;
  int64_t outer =
      from ? old.getNumElements() * elementBytes(old.getElementType()) / from
           : 0;
  shape[axis] += count;
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(outer * to, 64);
  char *data = blob.getMutableData().data();
  std::memset(data, 0, outer * to);
  for (int64_t i = 0; i != outer; ++i)
    for (int64_t j = 0; j != from; ++j)
      data[i * to + j] = bytes[isSplat ? j % elementBytes(old.getElementType())
                                       : i * from + j];
  return fromBlob(elements, RankedTensorType::get(shape, old.getElementType()),
                  std::move(blob), ".padded");
}

ElementsAttr reshapeElements(ElementsAttr elements, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, elements.getElementType());
  if (type == elements.getType())
    return elements;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return {};
  return dense.isSplat() ? dense.resizeSplat(type) : dense.reshape(type);
}

/// Writes the transpose of a rows x columns matrix a tile at a time, so that
/// neither side leaves the cache line by line.
template <typename T>
static void transposeInto(const char *from, char *to, int64_t rows,
                          int64_t columns) {
  constexpr int64_t tile = 32;
  auto *source = reinterpret_cast<const T *>(from);
  auto *target = reinterpret_cast<T *>(to);
  for (int64_t row = 0; row < rows; row += tile)
    for (int64_t column = 0; column < columns; column += tile)
      for (int64_t c = column; c < std::min(column + tile, columns); ++c)
        for (int64_t r = row; r < std::min(row + tile, rows); ++r) {
          T element;
          std::memcpy(&element, source + r * columns + c, sizeof(T));
          std::memcpy(target + c * rows + r, &element, sizeof(T));
        }
}

ElementsAttr transposeElements(ElementsAttr elements) {
  auto old = cast<RankedTensorType>(elements.getType());
  int64_t rows = old.getDimSize(0), columns = old.getDimSize(1);
  auto type = RankedTensorType::get({columns, rows}, old.getElementType());
  ArrayRef<char> bytes;
  bool isSplat;
  if (!rawElements(elements, bytes, isSplat))
    return {};
  if (isSplat)
    return cast<DenseElementsAttr>(elements).resizeSplat(type);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(bytes.size(), 64);
  char *to = blob.getMutableData().data();
  switch (elementBytes(old.getElementType())) {
  case 1:
    transposeInto<uint8_t>(bytes.data(), to, rows, columns);
    break;
  case 2:
    transposeInto<uint16_t>(bytes.data(), to, rows, columns);
    break;
  case 4:
    transposeInto<uint32_t>(bytes.data(), to, rows, columns);
    break;
  case 8:
    transposeInto<uint64_t>(bytes.data(), to, rows, columns);
    break;
  default:
    return {};
  }
  if ((int64_t)bytes.size() <= foldedBytes &&
      !old.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  StringRef name =
      resource ? resource.getRawHandle().getKey() : StringRef("weight");
  return DenseResourceElementsAttr::get(type, (name + ".transposed").str(),
                                        std::move(blob));
}

ElementsAttr scaleRows(ElementsAttr elements, ArrayRef<double> factors) {
  auto type = cast<RankedTensorType>(elements.getType());
  ArrayRef<char> bytes;
  bool isSplat;
  if (!type.getElementType().isF32() || type.getRank() == 0 ||
      type.getDimSize(0) != (int64_t)factors.size() || factors.empty() ||
      !rawElements(elements, bytes, isSplat))
    return {};
  int64_t size = elements.size(), row = size / factors.size();
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size * 4, 64);
  char *to = blob.getMutableData().data();
  for (int64_t i = 0; i != size; ++i) {
    float value;
    std::memcpy(&value, bytes.data() + (isSplat ? 0 : i * 4), 4);
    value = (float)(value * factors[i / row]);
    std::memcpy(to + i * 4, &value, 4);
  }
  if (size * 4 <= foldedBytes)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  return DenseResourceElementsAttr::get(type, "scaled", std::move(blob));
}

ElementsAttr makeElements(RankedTensorType type, ArrayRef<double> values) {
  SmallVector<Attribute> attributes;
  Builder builder(type.getContext());
  for (double value : values)
    attributes.push_back(
        isa<FloatType>(type.getElementType())
            ? (Attribute)builder.getFloatAttr(type.getElementType(), value)
            : builder.getIntegerAttr(type.getElementType(), (int64_t)value));
  return DenseElementsAttr::get(type, attributes);
}
} // namespace mixbit
