//===- Wire.cpp - Protobuf's wire format, read in place -------------------===//
#include "lib/import/Wire.h"

#include "llvm/ADT/Twine.h"

#include <cstring>

namespace mixbit {
bool WireReader::nextVarint(uint64_t &value) {
  if (atEnd() || error)
    return false;
  value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (atEnd())
      return fail("expected the rest of an integer, but the data ends");
    uint8_t byte = data[position++];
    // The tenth byte has room for one bit.
    if (shift == 63 && byte > 1)
      break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return fail("expected an integer of 64 bits, but got a longer one");
}

bool WireReader::readFixed(unsigned bytes, uint64_t &value) {
  if (data.size() - position < bytes)
    return fail("expected " + llvm::Twine(bytes) + " bytes, but got " +
                llvm::Twine(data.size() - position));
  value = 0;
  std::memcpy(&value, data.data() + position, bytes);
  position += bytes;
  return true;
}

bool WireReader::next(WireField &field) {
  field.offset = offset();
  uint64_t tag;
  if (!nextVarint(tag))
    return false;
  uint64_t number = tag >> 3;
  if (number == 0 || number > (1u << 29) - 1)
    return error.set(field.offset,
                     "expected a field of protobuf, but got tag " +
                         llvm::Twine(tag));
  field.number = static_cast<uint32_t>(number);
  field.type = static_cast<WireField::Type>(tag & 7);
  field.bytes = {};
  field.value = 0;
  field.payload = offset();
  switch (field.type) {
  case WireField::Varint:
    return nextVarint(field.value) ||
           fail("expected an integer, but the data ends");
  case WireField::Fixed64:
    return readFixed(8, field.value);
  case WireField::Fixed32:
    return readFixed(4, field.value);
  case WireField::Bytes: {
    uint64_t length;
    if (!nextVarint(length))
      return fail("expected a length, but the data ends");
    field.payload = offset();
    if (length > data.size() - position)
      return fail("expected " + llvm::Twine(length) + " bytes of field " +
                  llvm::Twine(number) + ", but got " +
                  llvm::Twine(data.size() - position) +
                  " (the file may be truncated)");
    field.bytes = data.substr(position, length);
    position += length;
    return true;
  }
  }
  return error.set(field.offset,
                   "expected a field of protobuf, but got wire type " +
                       llvm::Twine(tag & 7));
}
} // namespace mixbit
