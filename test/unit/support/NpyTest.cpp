//===- NpyTest.cpp - Files of NumPy ---------------------------------------===//
#include "lib/support/Npy.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace mixbit;

namespace {

/// A .npy file of version 1 around a dictionary and data.
std::string npy(std::string dictionary, llvm::StringRef data) {
  dictionary += "\n";
  std::string file("\x93NUMPY\x01\x00", 8);
  file += char(dictionary.size() & 255);
  file += char(dictionary.size() >> 8);
  return file + dictionary + data.str();
}

template <typename T>
std::string bytes(std::initializer_list<T> values) {
  std::string text;
  for (T value : values)
    text.append(reinterpret_cast<const char *>(&value), sizeof(T));
  return text;
}

std::string header(const char *descr, const char *shape,
                   const char *fortran = "False") {
  return std::string("{'descr': '") + descr + "', 'fortran_order': " + fortran +
         ", 'shape': " + shape + ", }";
}

std::string message(llvm::Expected<Tensor> tensor) {
  return tensor ? "no error" : llvm::toString(tensor.takeError());
}

TEST(Npy, ReadsFloatsInOrder) {
  auto tensor =
      parseNpy(npy(header("<f4", "(2, 2)"), bytes<float>({1, 2, 3, 4})), "x");
  ASSERT_TRUE(bool(tensor)) << llvm::toString(tensor.takeError());
  EXPECT_EQ(tensor->type, MIXBIT_F32);
  EXPECT_EQ(tensor->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(tensor->floatAt(2), 3.f);
}

TEST(Npy, ReadsFortranOrder) {
  auto tensor = parseNpy(
      npy(header("<i4", "(2, 3)", "True"), bytes<int32_t>({1, 4, 2, 5, 3, 6})),
      "x");
  ASSERT_TRUE(bool(tensor)) << llvm::toString(tensor.takeError());
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(tensor->integerAt(i), i + 1);
}

TEST(Npy, ReadsScalarsAndEmptyArrays) {
  auto scalar = parseNpy(npy(header("<i8", "()"), bytes<int64_t>({7})), "x");
  ASSERT_TRUE(bool(scalar)) << llvm::toString(scalar.takeError());
  EXPECT_TRUE(scalar->shape.empty());
  EXPECT_EQ(scalar->integerAt(0), 7);
  auto empty = parseNpy(npy(header("<f4", "(0, 5)"), ""), "x");
  ASSERT_TRUE(bool(empty)) << llvm::toString(empty.takeError());
  EXPECT_EQ(empty->numElements(), 0);
}

TEST(Npy, ConvertsTypesThatModelsDoNotHave) {
  auto wide = parseNpy(npy(header("<f8", "(1,)"), bytes<double>({0.1})), "x");
  ASSERT_TRUE(bool(wide)) << llvm::toString(wide.takeError());
  EXPECT_EQ(wide->type, MIXBIT_F32);
  EXPECT_EQ(wide->floatAt(0), 0.1f);
  auto narrow =
      parseNpy(npy(header("<i2", "(2,)"), bytes<int16_t>({-3, 9})), "x");
  ASSERT_TRUE(bool(narrow)) << llvm::toString(narrow.takeError());
  EXPECT_EQ(narrow->type, MIXBIT_I32);
  EXPECT_EQ(narrow->integerAt(0), -3);
  EXPECT_NE(
      message(
          parseNpy(npy(header("<u8", "(1,)"), bytes<uint64_t>({~0ull})), "x"))
          .find("does not fit"),
      std::string::npos);
}

TEST(Npy, RefusesWhatIsNone) {
  EXPECT_EQ(message(parseNpy("hello, world", "x.npy")),
            "x.npy: expected a .npy file, but it does not begin like one");
  EXPECT_NE(message(parseNpy(npy(header(">f4", "(1,)"), "abcd"), "x"))
                .find("little endian"),
            std::string::npos);
  EXPECT_NE(message(parseNpy(npy("{'descr': [('a', '<f4')]}", "abcd"), "x"))
                .find("records"),
            std::string::npos);
  EXPECT_NE(message(parseNpy(npy(header("<f4", "(-1,)"), "abcd"), "x"))
                .find("expected a shape"),
            std::string::npos);
  EXPECT_NE(
      message(parseNpy(npy(header("<f4", "(1,1,1,1,1,1,1,1,1)"), "abcd"), "x"))
          .find("at most 8 dimensions, but got 9"),
      std::string::npos);
}

TEST(Npy, RefusesShapesBeyondTheFile) {
  for (const char *shape :
       {"(3,)", "(4611686018427387904, 4)", "(9223372036854775807, 3)",
        "(3037000500, 3037000500, 3037000500)"})
    EXPECT_NE(
        message(parseNpy(npy(header("<f4", shape), bytes<float>({1, 2})), "x"))
            .find("truncated"),
        std::string::npos)
        << shape;
}

TEST(Npy, EveryTruncationIsAnError) {
  std::string whole = npy(header("<f4", "(2,)"), bytes<float>({1, 2}));
  ASSERT_EQ(message(parseNpy(whole, "x")), "no error");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(message(parseNpy(llvm::StringRef(whole).take_front(size), "x")),
              "no error")
        << size;
}

struct NpzTest : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("npy", "npz", path));
  }
  void TearDown() override { llvm::sys::fs::remove(path); }
  llvm::SmallString<128> path;
};

TEST_F(NpzTest, RoundTrips) {
  NamedTensors tensors;
  tensors.emplace_back("logits", Tensor(MIXBIT_F32, {2, 3}));
  for (int64_t i = 0; i < 6; ++i)
    tensors.back().second.setFloat(i, 0.5f * i);
  tensors.emplace_back("ids", Tensor(MIXBIT_I64, {1}));
  tensors.back().second.setInteger(0, -5);
  tensors.emplace_back("scalar", Tensor(MIXBIT_F16, {}));
  tensors.back().second.setFloat(0, 1.5f);
  ASSERT_EQ(llvm::toString(writeNpz(path, tensors)), "");
  auto read = readNpz(path);
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].first, tensors[i].first);
    EXPECT_EQ((*read)[i].second.type, tensors[i].second.type);
    EXPECT_EQ((*read)[i].second.shape, tensors[i].second.shape);
    EXPECT_EQ((*read)[i].second.data, tensors[i].second.data);
  }
  EXPECT_EQ((*read)[2].second.floatAt(0), 1.5f);
}

TEST_F(NpzTest, WritesTheSameBytes) {
  NamedTensors tensors;
  tensors.emplace_back("a", Tensor(MIXBIT_I8, {4}));
  ASSERT_EQ(llvm::toString(writeNpz(path, tensors)), "");
  std::string first = (*llvm::MemoryBuffer::getFile(path))->getBuffer().str();
  ASSERT_EQ(llvm::toString(writeNpz(path, tensors)), "");
  EXPECT_EQ(first, (*llvm::MemoryBuffer::getFile(path))->getBuffer().str());
}

TEST_F(NpzTest, EveryTruncationIsAnError) {
  NamedTensors tensors;
  tensors.emplace_back("a", Tensor(MIXBIT_I8, {4}));
  ASSERT_EQ(llvm::toString(writeNpz(path, tensors)), "");
  std::string whole = (*llvm::MemoryBuffer::getFile(path))->getBuffer().str();
  for (size_t size = 0; size < whole.size(); ++size) {
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << llvm::StringRef(whole).take_front(size);
    auto read = readNpz(path);
    // libzip takes an empty file for an empty archive.
    if (read)
      EXPECT_TRUE(size == 0 && read->empty()) << size;
    else
      EXPECT_NE(llvm::toString(read.takeError()).find(path.str()),
                std::string::npos);
  }
}

TEST_F(NpzTest, AChangedByteIsAnError) {
  NamedTensors tensors;
  tensors.emplace_back("a", Tensor(MIXBIT_I8, {64}));
  ASSERT_EQ(llvm::toString(writeNpz(path, tensors)), "");
  std::string whole = (*llvm::MemoryBuffer::getFile(path))->getBuffer().str();
  whole[30 + 5 + 128 + 10] ^= 1; // in the data
  std::error_code code;
  llvm::raw_fd_ostream(path, code) << whole;
  auto read = readNpz(path);
  ASSERT_FALSE(bool(read));
  EXPECT_NE(llvm::toString(read.takeError()).find("CRC"), std::string::npos);
}

} // namespace
