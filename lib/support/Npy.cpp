//===- Npy.cpp - Files of NumPy -------------------------------------------===//
//
// .npz is a zip archive of .npy files: libzip reads it, as it may be
// compressed; written ones are stored, so that writing takes a screen of code.
//
//===----------------------------------------------------------------------===//
#include "lib/support/Npy.h"
#include "lib/support/FileOutput.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>
#include <limits>
#include <memory>
#include <zip.h>

using namespace mixbit;
using llvm::StringRef;
using llvm::Twine;

namespace {
/// What the header of a .npy file says.
struct Header {
  std::string descr;
  bool isFortran = false;
  std::vector<int64_t> shape;
};

/// A type of NumPy: what it becomes, and how an element is converted.
struct NumpyType {
  const char *descr;
  mixbit_type type;
  int64_t size;
  /// Null: the bytes are the same. False if the value does not fit.
  bool (*convert)(const char *from, char *to);
};
} // namespace

template <typename From, typename To>
static bool convertElement(const char *from, char *to) {
  From value;
  std::memcpy(&value, from, sizeof(From));
  if constexpr (std::is_same_v<From, uint64_t>)
    if (value > uint64_t(std::numeric_limits<int64_t>::max()))
      return false;
  To converted = static_cast<To>(value);
  std::memcpy(to, &converted, sizeof(To));
  return true;
}

static const NumpyType numpyTypes[] = {
    {"<f4", MIXBIT_F32, 4, nullptr},
    {"<f2", MIXBIT_F16, 2, nullptr},
    {"<i8", MIXBIT_I64, 8, nullptr},
    {"<i4", MIXBIT_I32, 4, nullptr},
    {"|i1", MIXBIT_I8, 1, nullptr},
    {"|u1", MIXBIT_U8, 1, nullptr},
    {"|b1", MIXBIT_BOOL, 1, nullptr},
    {"<f8", MIXBIT_F32, 8, convertElement<double, float>},
    {"<i2", MIXBIT_I32, 2, convertElement<int16_t, int32_t>},
    {"<u2", MIXBIT_I32, 2, convertElement<uint16_t, int32_t>},
    {"<u4", MIXBIT_I64, 4, convertElement<uint32_t, int64_t>},
    {"<u8", MIXBIT_I64, 8, convertElement<uint64_t, int64_t>},
};

static llvm::Error bad(const Twine &what, const Twine &message) {
  return llvm::createStringError(what + ": " + message);
}

/// Takes "'key':" off the front of a dictionary's text.
static StringRef valueOf(StringRef dictionary, StringRef key) {
  for (StringRef quote : {"'", "\""}) {
    size_t at = dictionary.find((quote + key + quote).str());
    if (at == StringRef::npos)
      continue;
    StringRef rest = dictionary.substr(at + key.size() + 2).ltrim();
    if (rest.consume_front(":"))
      return rest.ltrim();
  }
  return "";
}

/// The header is the text of a Python dictionary of three keys.
static llvm::Expected<Header> parseHeader(StringRef text, StringRef what) {
  Header header;
  StringRef descr = valueOf(text, "descr");
  StringRef order = valueOf(text, "fortran_order");
  StringRef shape = valueOf(text, "shape");
  if (descr.starts_with("["))
    return bad(what, "expected an array of numbers, but got one of records");
  if (descr.empty() || (descr[0] != '\'' && descr[0] != '"') ||
      !(order.starts_with("True") || order.starts_with("False")) ||
      !shape.consume_front("("))
    return bad(what, "expected a .npy header, but got '" +
                         text.take_front(80).rtrim() + "'");
  header.descr = descr.drop_front().split(descr[0]).first.str();
  header.isFortran = order.starts_with("True");
  llvm::SmallVector<StringRef> extents;
  shape.split(')').first.split(extents, ',');
  for (StringRef extent : extents) {
    extent = extent.trim();
    if (extent.empty())
      continue;
    int64_t value;
    if (extent.getAsInteger(10, value) || value < 0)
      return bad(what,
                 "expected a shape, but got '(" + shape.take_front(60) + "'");
    header.shape.push_back(value);
  }
  return header;
}

/// Copies Fortran order to C order.
static Tensor transposed(const Tensor &tensor) {
  Tensor result(tensor.type, tensor.shape);
  int64_t size = typeSize(tensor.type), count = tensor.numElements();
  for (int64_t to = 0; to < count; ++to) {
    int64_t rest = to, from = 0;
    // Strides of Fortran order grow from the first axis on.
    std::vector<int64_t> index(tensor.shape.size());
    for (size_t d = tensor.shape.size(); d-- > 0;) {
      index[d] = rest % tensor.shape[d];
      rest /= tensor.shape[d];
    }
    for (size_t d = tensor.shape.size(); d-- > 0;)
      from = from * tensor.shape[d] + index[d];
    std::memcpy(result.data.data() + to * size,
                tensor.data.data() + from * size, size);
  }
  return result;
}

llvm::Expected<Tensor> mixbit::parseNpy(StringRef bytes, StringRef what) {
  constexpr StringRef magic("\x93NUMPY", 6);
  if (!bytes.starts_with(magic) || bytes.size() < 10)
    return bad(what, "expected a .npy file, but it does not begin like one");
  uint8_t version = bytes[6];
  size_t begin = version == 1 ? 10 : 12;
  if (version < 1 || version > 3 || bytes.size() < begin)
    return bad(what, "expected version 1 to 3 of .npy, but got " +
                         Twine(unsigned(version)));
  size_t length =
      version == 1 ? llvm::support::endian::read16le(bytes.data() + 8)
                   : size_t(llvm::support::endian::read32le(bytes.data() + 8));
  if (bytes.size() - begin < length)
    return bad(what, "the file is truncated");
  auto header = parseHeader(bytes.substr(begin, length), what);
  if (!header)
    return header.takeError();

  StringRef descr = header->descr;
  const NumpyType *found = nullptr;
  for (const NumpyType &row : numpyTypes)
    // One byte has no order: NumPy writes '|', others '<'.
    if (descr == row.descr ||
        (row.size == 1 && descr.drop_front(!descr.empty()) == row.descr + 1))
      found = &row;
  if (!found)
    return bad(what, "expected integers, booleans, float16, float32 or "
                     "float64 of little endian, but got type '" +
                         descr + "'");

  if (header->shape.size() > MIXBIT_MAX_RANK)
    return bad(what, "expected at most " + Twine(MIXBIT_MAX_RANK) +
                         " dimensions, but got " + Twine(header->shape.size()));
  StringRef data = bytes.substr(begin + length);
  int64_t size = found->size;
  bool overflow = false, isEmpty = llvm::is_contained(header->shape, 0);
  for (int64_t extent : header->shape)
    overflow |= llvm::MulOverflow(size, extent, size) != 0;
  if (isEmpty)
    size = 0;
  if ((overflow && !isEmpty) || uint64_t(size) > data.size())
    return bad(what, "the file is truncated: its shape " +
                         shapeText(header->shape) + " needs more bytes than " +
                         Twine(data.size()));

  Tensor tensor(found->type, header->shape);
  if (!found->convert) {
    std::memcpy(tensor.data.data(), data.data(), size);
  } else {
    int64_t count = tensor.numElements(), to = typeSize(found->type);
    for (int64_t i = 0; i < count; ++i)
      if (!found->convert(data.data() + i * found->size,
                          tensor.data.data() + i * to))
        return bad(what, "a value does not fit in a signed 64-bit integer");
  }
  if (tensor.type == MIXBIT_BOOL)
    for (char &value : tensor.data)
      value = value != 0;
  if (header->isFortran && tensor.shape.size() > 1)
    return transposed(tensor);
  return tensor;
}

llvm::Expected<Tensor> mixbit::readNpy(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return bad(path, "cannot be read: " + buffer.getError().message());
  return parseNpy((*buffer)->getBuffer(), path);
}

/// All bytes of entry `index`.
static llvm::Expected<std::string> readEntry(zip_t *archive, zip_uint64_t index,
                                             const Twine &what) {
  // The size that the directory says is not to be trusted with an allocation.
  zip_file_t *file = zip_fopen_index(archive, index, 0);
  if (!file)
    return bad(what, "cannot be read: " + Twine(zip_strerror(archive)));
  std::string bytes;
  constexpr size_t step = 1 << 20;
  while (true) {
    size_t done = bytes.size();
    bytes.resize(done + step);
    zip_int64_t got = zip_fread(file, bytes.data() + done, step);
    bytes.resize(done + (got > 0 ? got : 0));
    if (got < 0) {
      std::string reason = zip_error_strerror(zip_file_get_error(file));
      zip_fclose(file);
      return bad(what, "cannot be read: " + Twine(reason));
    }
    if (got == 0)
      break;
  }
  // Closing reports a wrong checksum.
  if (int code = zip_fclose(file)) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    return bad(what, "cannot be read: " + Twine(reason));
  }
  return bytes;
}

llvm::Expected<NamedTensors> mixbit::readNpz(StringRef path) {
  int code = 0;
  zip_t *opened = zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (!opened) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    return bad(path, "expected an .npz archive: " + Twine(reason));
  }
  std::unique_ptr<zip_t, void (*)(zip_t *)> archive(opened, zip_discard);
  NamedTensors tensors;
  zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *stored = zip_get_name(archive.get(), i, 0);
    StringRef name = stored ? stored : "";
    std::string what = (path + ", array '" + name + "'").str();
    if (!name.consume_back(".npy"))
      return bad(path, "expected an archive of .npy files, but it holds '" +
                           name + "'");
    auto bytes = readEntry(archive.get(), i, what);
    if (!bytes)
      return bytes.takeError();
    auto tensor = parseNpy(*bytes, what);
    if (!tensor)
      return tensor.takeError();
    tensors.emplace_back(name.str(), std::move(*tensor));
  }
  return tensors;
}

/// The .npy header of a tensor, padded as NumPy does.
static llvm::Expected<std::string> npyHeader(const Tensor &tensor,
                                             StringRef what) {
  const char *descr = nullptr;
  for (const NumpyType &row : numpyTypes)
    if (row.type == tensor.type && !row.convert)
      descr = row.descr;
  if (!descr)
    return bad(what, "NumPy has no type " + typeName(tensor.type));
  std::string text =
      ("{'descr': '" + Twine(descr) + "', 'fortran_order': False, 'shape': (")
          .str();
  for (int64_t extent : tensor.shape)
    text += std::to_string(extent) + ", ";
  // (3,) but (3, 4).
  if (tensor.shape.size() > 1)
    text.resize(text.size() - 2);
  else if (!tensor.shape.empty())
    text.pop_back();
  text += "), }";
  text.resize(llvm::alignTo(text.size() + 1 + 10, 64) - 10 - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(text.size() & 255);
  header += char(text.size() >> 8);
  return header + text;
}

llvm::Error mixbit::writeNpz(StringRef path, const NamedTensors &tensors) {
  auto file = FileOutput::create(path);
  if (!file)
    return file.takeError();
  llvm::raw_ostream &os = (*file)->os();
  llvm::support::endian::Writer out(os, llvm::endianness::little);
  // 1 January 1980, the earliest that a zip can say.
  constexpr uint32_t date = (0 << 9 | 1 << 5 | 1) << 16;
  std::string directory;
  llvm::raw_string_ostream directoryStream(directory);
  llvm::support::endian::Writer entry(directoryStream,
                                      llvm::endianness::little);
  uint64_t offset = 0;
  for (const auto &[key, tensor] : tensors) {
    auto header = npyHeader(tensor, path);
    if (!header)
      return header.takeError();
    std::string name = key + ".npy";
    uint64_t size = header->size() + tensor.data.size();
    if (offset + size + 1024 + name.size() > UINT32_MAX)
      return bad(path, "expected less than 4 GiB of arrays");
    llvm::JamCRC crc(0xFFFFFFFF);
    crc.update(llvm::arrayRefFromStringRef<uint8_t>(*header));
    // zlib starts anew at a null pointer, which is what no elements have.
    if (!tensor.data.empty())
      crc.update(
          llvm::ArrayRef(reinterpret_cast<const uint8_t *>(tensor.data.data()),
                         tensor.data.size()));
    // Version to extract, flags (names are UTF-8), method 0: stored.
    auto fields = [&](llvm::support::endian::Writer &to) {
      to.write<uint16_t>(20);
      to.write<uint16_t>(1 << 11);
      to.write<uint16_t>(0);
      to.write<uint32_t>(date);
      to.write<uint32_t>(~crc.getCRC());
      to.write<uint32_t>(size);
      to.write<uint32_t>(size);
      to.write<uint16_t>(name.size());
      to.write<uint16_t>(0);
    };
    out.write<uint32_t>(0x04034b50);
    fields(out);
    os << name << *header;
    os.write(tensor.data.data(), tensor.data.size());

    entry.write<uint32_t>(0x02014b50);
    entry.write<uint16_t>(20);
    fields(entry);
    for (int i = 0; i < 3; ++i) // comment, disk, attributes inside
      entry.write<uint16_t>(0);
    entry.write<uint32_t>(0); // attributes outside
    entry.write<uint32_t>(offset);
    directoryStream << name;
    offset += 30 + name.size() + size;
  }
  os << directory;
  out.write<uint32_t>(0x06054b50);
  out.write<uint32_t>(0);
  out.write<uint16_t>(tensors.size());
  out.write<uint16_t>(tensors.size());
  out.write<uint32_t>(directory.size());
  out.write<uint32_t>(offset);
  out.write<uint16_t>(0);
  return (*file)->keep();
}
