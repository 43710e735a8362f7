//===- Wire.h - Protobuf's wire format, read in place -----------*- C++ -*-===//
//
// A message is a sequence of fields; a length-delimited field is a view into
// the file. Nothing is copied or decoded before it is asked for, so that
// gigabytes of weights cost nothing to step over.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace mixbit {

/// The first error of a file, with the byte where it is.
struct WireError {
  std::string message;
  size_t offset = 0;
  explicit operator bool() const { return !message.empty(); }
  /// Keeps the first; returns false.
  bool set(size_t at, const llvm::Twine &what) {
    if (message.empty()) {
      message = what.str();
      offset = at;
    }
    return false;
  }
};

struct WireField {
  enum Type : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };
  uint32_t number = 0;
  Type type = Varint;
  /// Varint and fixed fields.
  uint64_t value = 0;
  /// Length-delimited ones.
  llvm::StringRef bytes;
  /// Of the field's tag, and of its payload, in the file.
  size_t offset = 0, payload = 0;
};

class WireReader {
public:
  /// `base` is the offset of `data` in the file.
  WireReader(llvm::StringRef data, size_t base, WireError &error)
      : data(data), base(base), error(error) {}

  /// The next field; false at the end or on an error.
  bool next(WireField &field);
  /// The next bare varint, as in packed fields; false at the end or on an
  /// error.
  bool nextVarint(uint64_t &value);
  bool atEnd() const { return position == data.size(); }
  size_t offset() const { return base + position; }

private:
  bool fail(const llvm::Twine &what) { return error.set(offset(), what); }
  bool readFixed(unsigned bytes, uint64_t &value);

  llvm::StringRef data;
  size_t base, position = 0;
  WireError &error;
};

} // namespace mixbit
