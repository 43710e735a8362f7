//===- Constants.cpp - Tensors of the file as attributes ------------------===//
//
// Raw data is referred to where it lies; only small tensors, the typed fields
// (float_data, int64_data, ...) and elements of less than a byte are copied.
//
//===----------------------------------------------------------------------===//
#include "lib/import/Importer.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace mixbit {
/// Tensors of up to this many bytes are written into the attribute itself.
static constexpr uint64_t kInlineBytes = 1024;

SharedBuffer mapFile(StringRef path, std::string &error) {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(path, status)) {
    error = code.message();
    return nullptr;
  }
  if (!llvm::sys::fs::is_regular_file(status)) {
    error = "it is not a regular file";
    return nullptr;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = buffer.getError().message();
    return nullptr;
  }
  return std::move(*buffer);
}

Type Importer::elementType(int32_t dataType) {
  switch (dataType) {
  case 1:
    return builder.getF32Type();
  case 2:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case 3:
    return builder.getI8Type();
  case 5:
    return builder.getI16Type();
  case 6:
    return builder.getI32Type();
  case 7:
    return builder.getI64Type();
  case 9:
    return builder.getI1Type();
  case 10:
    return builder.getF16Type();
  case 11:
    return builder.getF64Type();
  case 16:
    return builder.getBF16Type();
  case 21:
    return builder.getIntegerType(4, /*isSigned=*/false);
  case 22:
    return builder.getIntegerType(4);
  case 25:
    return builder.getIntegerType(2, /*isSigned=*/false);
  case 26:
    return builder.getIntegerType(2);
  default:
    return {};
  }
}

std::string Importer::typeNames(bool withPacked) {
  return std::string("elements of FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT8, "
                     "INT16, INT32, INT64, UINT8") +
         (withPacked ? ", INT4, UINT4, INT2, UINT2" : "") + " or BOOL";
}

FailureOr<std::pair<StringRef, SharedBuffer>>
Importer::externalData(const proto::Tensor &tensor, Location loc,
                       const std::string &what) {
  namespace fs = llvm::sys::fs;
  namespace sys = llvm::sys::path;
  StringRef location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (auto [key, value] : tensor.externalData) {
    if (key == "location") {
      location = value;
    } else if (key == "offset" || key == "length") {
      uint64_t number;
      if (value.getAsInteger(10, number))
        return emitError(loc)
               << what << ": expected the " << key
               << " of external data to be a number, but got '" << value << "'";
      if (key == "offset")
        offset = number;
      else
        length = number;
    }
  }
  if (location.empty() || location.contains('\0'))
    return emitError(loc) << what << ": expected a location of external data";
  auto escapes = [&]() {
    return emitError(loc) << what
                          << ": expected external data inside of the model's "
                             "folder, but got '"
                          << location << "'";
  };
  if (sys::is_absolute(location) ||
      llvm::is_contained(
          llvm::make_range(sys::begin(location), sys::end(location)), ".."))
    return escapes();
  SmallString<256> folder(sys::parent_path(path)), file;
  if (folder.empty())
    folder = ".";
  file = folder;
  sys::append(file, location);
  SharedBuffer &data = externalFiles[file];
  if (!data) {
    // Symbolic links count by what they point to.
    SmallString<256> realFolder, realFile;
    if (std::error_code code = fs::real_path(file, realFile))
      return emitError(loc) << what << ": expected external data in '" << file
                            << "', but: " << code.message();
    if (fs::real_path(folder, realFolder))
      return escapes();
    if (!realFolder.ends_with("/"))
      realFolder += "/";
    if (!StringRef(realFile).starts_with(realFolder))
      return escapes();
    std::string message;
    data = mapFile(realFile, message);
    if (!data)
      return emitError(loc) << what << ": expected external data in '" << file
                            << "', but: " << message;
  }
  uint64_t size = data->getBufferSize();
  uint64_t wanted = length.value_or(offset <= size ? size - offset : 0);
  if (offset > size || wanted > size - offset)
    return emitError(loc) << what << ": expected " << wanted
                          << " bytes of external data at offset " << offset
                          << ", but '" << file << "' has " << size;
  return std::pair(data->getBuffer().substr(offset, wanted), data);
}

/// Writes elements of the typed fields as raw data has them. False if one does
/// not fit.
template <typename T>
static bool pack(ArrayRef<T> elements, unsigned bytes, Type type,
                 std::vector<char> &data) {
  data.resize(elements.size() * bytes);
  bool isPattern = isa<FloatType>(type) || type.isUnsignedInteger();
  for (auto [i, element] : llvm::enumerate(elements)) {
    if constexpr (std::is_same_v<T, int64_t>) {
      // Halves and bfloats come as bit patterns.
      if (bytes < 8 && !(isPattern ? llvm::isUIntN(bytes * 8, element)
                                   : llvm::isIntN(bytes * 8, element)))
        return false;
    }
    memcpy(data.data() + i * bytes, &element, bytes);
  }
  return true;
}

/// Elements of less than a byte, low bits first, as one a byte. `data` has room
/// for `count` of them.
static std::vector<char> unpack(StringRef data, uint64_t count, unsigned bits,
                                bool isSigned) {
  std::vector<char> result(count);
  unsigned perByte = 8 / bits;
  for (uint64_t i = 0; i != count; ++i) {
    unsigned code =
        static_cast<uint8_t>(data[i / perByte]) >> (i % perByte * bits) &
        ((1u << bits) - 1);
    result[i] = static_cast<char>(isSigned ? llvm::SignExtend64(code, bits)
                                           : int64_t(code));
  }
  return result;
}

FailureOr<ElementsAttr> Importer::convert(const proto::Tensor &tensor,
                                          Location loc,
                                          const Twine &whatTwine) {
  std::string what = whatTwine.str();
  auto fail = [&]() { return emitError(loc) << what << ": expected "; };
  Type element = elementType(tensor.dataType);
  if (!element)
    return fail() << typeNames(/*withPacked=*/true) << ", but got "
                  << proto::dataTypeName(tensor.dataType);
  if (tensor.hasSegment)
    return fail() << "the whole tensor, but got a segment";
  uint64_t count = 1;
  bool isEmpty = false;
  for (int64_t extent : tensor.dims) {
    if (extent < 0)
      return fail() << "extents of at least 0, but got " << extent;
    isEmpty |= extent == 0;
    if (extent &&
        __builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count))
      return fail() << "fewer than 2^63 elements";
  }
  if (isEmpty)
    count = 0;
  unsigned bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  if (count > uint64_t(std::numeric_limits<int64_t>::max()) / bytes)
    return fail() << "fewer than 2^63 bytes";

  // Several elements a byte, in the flattened tensor's order.
  bool isPacked = onnx::isPackedCode(element);
  unsigned perByte = isPacked ? 8 / element.getIntOrFloatBitWidth() : 1;
  uint64_t size = isPacked ? llvm::divideCeil(count, perByte) : count * bytes;

  // Find the bytes, and what owns them.
  StringRef data;
  SharedBuffer owner = buffer;
  std::vector<char> packed;
  if (tensor.external) {
    auto external = externalData(tensor, loc, what);
    if (failed(external))
      return failure();
    std::tie(data, owner) = *external;
  } else if (tensor.raw) {
    data = *tensor.raw;
  } else {
    bool isInt32 = isa<IntegerType>(element) && bytes <= 4;
    bool fits = true, matches;
    if (element.isF32()) {
      matches = tensor.ints.empty() && tensor.doubles.empty();
      fits = pack(ArrayRef(tensor.floats), bytes, element, packed);
    } else if (element.isF64()) {
      matches = tensor.ints.empty() && tensor.floats.empty();
      fits = pack(ArrayRef(tensor.doubles), bytes, element, packed);
    } else {
      matches = tensor.floats.empty() && tensor.doubles.empty() &&
                !(isInt32 || isa<FloatType>(element) ? tensor.hasInt64
                                                     : tensor.hasInt32);
      // Packed elements come as the bytes they are in.
      fits = pack(ArrayRef(tensor.ints), bytes,
                  isPacked ? elementType(2) : element, packed);
    }
    if (!matches || tensor.hasStrings)
      return fail() << "data in the field for "
                    << proto::dataTypeName(tensor.dataType)
                    << ", but got it in another";
    if (!fits)
      return fail() << "elements that fit "
                    << proto::dataTypeName(tensor.dataType);
    data = StringRef(packed.data(), packed.size());
    owner = nullptr;
  }
  if (data.size() != size)
    return fail() << size << " bytes for " << count << " elements of "
                  << proto::dataTypeName(tensor.dataType) << ", but got "
                  << data.size();
  if (isPacked) {
    packed = unpack(data, count, element.getIntOrFloatBitWidth(),
                    !element.isUnsignedInteger());
    data = StringRef(packed.data(), packed.size());
    owner = nullptr;
  }
  if (element.isInteger(1))
    for (char byte : data)
      if (byte != 0 && byte != 1)
        return fail() << "booleans of 0 or 1, but got "
                      << unsigned(static_cast<uint8_t>(byte));

  auto type = RankedTensorType::get(tensor.dims, element);
  if (count == 0)
    return cast<ElementsAttr>(
        DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  ArrayRef<char> raw(data.data(), data.size());
  if (data.size() <= kInlineBytes && element.isInteger(1)) {
    SmallVector<bool> booleans;
    for (char byte : data)
      booleans.push_back(byte);
    return cast<ElementsAttr>(
        DenseElementsAttr::get(type, ArrayRef<bool>(booleans)));
  }
  if (data.size() <= kInlineBytes)
    return cast<ElementsAttr>(DenseElementsAttr::getFromRawBuffer(type, raw));
  StringRef name = tensor.name.empty() ? StringRef("weight") : tensor.name;
  if (!owner) {
    auto storage = std::make_shared<std::vector<char>>(std::move(packed));
    raw = *storage;
    return cast<ElementsAttr>(DenseResourceElementsAttr::get(
        type, name,
        AsmResourceBlob(
            raw, bytes,
            [storage](void *, size_t, size_t) mutable { storage.reset(); },
            /*dataIsMutable=*/false)));
  }
  // What the file does not align, the blob does not claim to be.
  size_t alignment =
      reinterpret_cast<uintptr_t>(raw.data()) % bytes == 0 ? bytes : 1;
  return cast<ElementsAttr>(DenseResourceElementsAttr::get(
      type, name,
      AsmResourceBlob(
          raw, alignment,
          [owner](void *, size_t, size_t) mutable { owner.reset(); },
          /*dataIsMutable=*/false)));
}
} // namespace mixbit
