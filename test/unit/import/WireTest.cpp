//===- WireTest.cpp - Protobuf's wire format ------------------------------===//
#include "lib/import/Wire.h"

#include "gtest/gtest.h"

#include <vector>

using namespace mixbit;
using llvm::StringRef;

namespace {
/// All fields of a message, and the error that ended it.
std::pair<std::vector<WireField>, WireError> read(StringRef data) {
  std::vector<WireField> fields;
  WireError error;
  WireReader reader(data, 100, error);
  WireField field;
  while (reader.next(field))
    fields.push_back(field);
  return {fields, error};
}

TEST(Wire, readsEveryWireType) {
  auto [fields, error] =
      read(StringRef("\x08\xac\x02"                         // 1: 300
                     "\x11\x01\x00\x00\x00\x00\x00\x00\x80" // 2: fixed64
                     "\x1a\x03"                             // 3: bytes
                     "abc"
                     "\x25\x05\x00\x00\x00", // 4: fixed32
                     22));
  ASSERT_FALSE(error) << error.message;
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields[0].number, 1u);
  EXPECT_EQ(fields[0].value, 300u);
  EXPECT_EQ(fields[1].value, 0x8000000000000001u);
  EXPECT_EQ(fields[2].bytes, "abc");
  EXPECT_EQ(fields[2].offset, 112u);
  EXPECT_EQ(fields[2].payload, 114u);
  EXPECT_EQ(fields[3].value, 5u);
}

TEST(Wire, readsTheLargestInteger) {
  auto [fields, error] = read("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  ASSERT_FALSE(error);
  EXPECT_EQ(fields.at(0).value, ~uint64_t(0));
}

/// The offset and message of the error in `data`.
void expectError(StringRef data, size_t offset, StringRef part) {
  auto [fields, error] = read(data);
  ASSERT_TRUE(bool(error)) << data.str();
  EXPECT_EQ(error.offset, offset);
  EXPECT_NE(error.message.find(part.str()), std::string::npos) << error.message;
}

TEST(Wire, namesTheByteOfAnError) {
  expectError("\x08\x80", 102, "the data ends");
  expectError("\x08", 101, "the data ends");
  expectError("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 111, "64 bits");
  expectError("\x1a\x05"
              "abc",
              102, "expected 5 bytes of field 3, but got 3");
  expectError("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 111,
              "expected 18446744073709551615 bytes");
  expectError("\x0b", 100, "wire type 3");
  expectError(StringRef("\x00\x00", 2), 100, "but got tag 0");
  expectError("\x25\x05", 101, "expected 4 bytes, but got 1");
}
} // namespace
