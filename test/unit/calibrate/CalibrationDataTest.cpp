//===- CalibrationDataTest.cpp - Samples for measuring --------------------===//
#include "lib/calibrate/CalibrationData.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

#include <cmath>

using namespace mixbit;

namespace {

Tensor integers(mixbit_type type, std::vector<int64_t> shape,
                std::vector<int64_t> values) {
  Tensor tensor(type, std::move(shape));
  for (size_t i = 0; i != values.size(); ++i)
    tensor.setInteger(i, values[i]);
  return tensor;
}

class CalibrationFiles : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("calibration", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string write(llvm::StringRef name, const NamedTensors &arrays) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    EXPECT_FALSE(bool(writeNpz(path, arrays)));
    return path.str().str();
  }

  /// The error of fitting one file to `inputs`, without its path.
  std::string errorOf(const NamedTensors &arrays,
                      const std::vector<SampleInput> &inputs) {
    std::string path = write("x.npz", arrays);
    auto data = CalibrationData::load({path});
    if (!data)
      return llvm::toString(data.takeError());
    auto fitted = data->fit(inputs);
    if (fitted)
      return "";
    std::string text = llvm::toString(fitted.takeError());
    EXPECT_TRUE(llvm::StringRef(text).starts_with(path + ": ")) << text;
    return text.substr(path.size() + 2);
  }

  llvm::SmallString<128> folder;
  std::vector<SampleInput> ids = {{"ids", MIXBIT_I64, {-1, 2}}};
};

TEST_F(CalibrationFiles, DomainsByNameAndWeight) {
  std::string first =
      write("a.npz", {{"ids", integers(MIXBIT_I32, {3, 2}, {1, 2, 3, 4, 5, 6})},
                      {"labels", integers(MIXBIT_I64, {9}, {})}});
  std::string second =
      write("b.npz", {{"ids", integers(MIXBIT_I64, {1, 2}, {7, 8})}});
  auto data = CalibrationData::load({first, "news:2.5=" + second});
  ASSERT_TRUE(bool(data)) << llvm::toString(data.takeError());
  auto domains = data->fit(ids);
  ASSERT_TRUE(bool(domains)) << llvm::toString(domains.takeError());
  ASSERT_EQ(domains->size(), 2u);
  EXPECT_EQ((*domains)[0].name, first);
  EXPECT_EQ((*domains)[0].weight, 1);
  EXPECT_EQ((*domains)[0].samples, 3);
  EXPECT_EQ((*domains)[1].name, "news");
  EXPECT_EQ((*domains)[1].weight, 2.5);
  std::vector<Tensor> part = (*domains)[0].select({2, 0});
  EXPECT_EQ(part[0].type, MIXBIT_I64);
  EXPECT_EQ(part[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(part[0].integerAt(0), 5);
  EXPECT_EQ(part[0].integerAt(3), 2);
}

/// Padding behind the longest sample of a batch can go.
TEST(CalibrationDomain, TrimsSecondAxes) {
  CalibrationDomain domain;
  domain.samples = 3;
  domain.inputs = {integers(MIXBIT_I64, {3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
                   integers(MIXBIT_I64, {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 0}),
                   integers(MIXBIT_I64, {3, 1}, {1, 2, 3})};
  EXPECT_EQ(domain.lengths(1), (std::vector<int64_t>{1, 2, 1}));
  std::vector<Tensor> part = domain.select({1, 2}, {true, true, false}, 2);
  EXPECT_EQ(part[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(part[0].integerAt(1), 5);
  EXPECT_EQ(part[0].integerAt(2), 7);
  EXPECT_EQ(part[1].integerAt(1), 1);
  EXPECT_EQ(part[2].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(part[2].integerAt(1), 3);
}

TEST_F(CalibrationFiles, EntriesAreFilesOrDomains) {
  CalibrationFile plain = llvm::cantFail(parseCalibration("a/b.npz"));
  EXPECT_EQ(plain.name, "a/b.npz");
  EXPECT_EQ(plain.path, "a/b.npz");
  EXPECT_EQ(plain.weight, 1);
  CalibrationFile domain = llvm::cantFail(parseCalibration("news:0.5=x=y.npz"));
  EXPECT_EQ(domain.name, "news");
  EXPECT_EQ(domain.path, "x=y.npz");
  EXPECT_EQ(domain.weight, 0.5);
  // What exists is a file.
  std::string odd = write("n:2=x.npz", {});
  CalibrationFile whole = llvm::cantFail(parseCalibration(odd));
  EXPECT_EQ(whole.path, odd);
  EXPECT_EQ(whole.weight, 1);
}

TEST_F(CalibrationFiles, BadEntries) {
  auto message = [](std::vector<std::string> entries) {
    auto data = CalibrationData::load(entries);
    return data ? "" : llvm::toString(data.takeError());
  };
  for (std::string entry :
       {"", "news=x.npz", ":1=x.npz", "news:1=", "news:=x.npz", "news:0=x.npz",
        "news:-1=x.npz", "news:nan=x.npz", "news:inf=x.npz", "news:two=x.npz"})
    EXPECT_EQ(message({entry}),
              "expected FILE or NAME:WEIGHT=FILE with a weight above 0, but "
              "got '" +
                  entry + "'");
  std::string file =
      write("a.npz", {{"ids", integers(MIXBIT_I64, {1, 2}, {1, 2})}});
  EXPECT_EQ(message({"n:1=" + file, "n:2=" + file}),
            "expected each name once, but got 'n' twice");
  EXPECT_EQ(message({}), "expected a file of samples, but got none");
  EXPECT_NE(message({"/none/x.npz"}).find("/none/x.npz"), std::string::npos);
}

TEST_F(CalibrationFiles, BadArrays) {
  Tensor good = integers(MIXBIT_I64, {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(errorOf({{"ids", good}}, ids), "");
  EXPECT_EQ(errorOf({{"other", good}, {"labels", good}}, ids),
            "input 'ids': expected an array of this name, but the file has: "
            "other, labels");
  EXPECT_EQ(errorOf({{"ids", integers(MIXBIT_I64, {2, 3}, {})}}, ids),
            "input 'ids': expected an array of shape [?, 2] with the samples "
            "first, but got [2, 3]");
  EXPECT_EQ(errorOf({{"ids", integers(MIXBIT_I64, {4}, {})}}, ids),
            "input 'ids': expected an array of shape [?, 2] with the samples "
            "first, but got [4]");
  EXPECT_EQ(errorOf({{"ids", Tensor(MIXBIT_F32, {2, 2})}}, ids),
            "input 'ids': expected an array of int64, but got one of float32");
  EXPECT_EQ(errorOf({{"ids", integers(MIXBIT_I64, {0, 2}, {})}}, ids),
            "input 'ids': expected one sample or more, but got none");
  EXPECT_EQ(errorOf({{"ids", good}}, {{"ids", MIXBIT_I64, {}}}),
            "input 'ids': expected a first axis of samples, but it is a "
            "scalar");
  EXPECT_EQ(errorOf({{"ids", integers(MIXBIT_I64, {1, 2}, {1, 300})}},
                    {{"ids", MIXBIT_U8, {-1, 2}}}),
            "input 'ids': expected values of uint8, but got 300");
  EXPECT_EQ(errorOf({{"ids", good}, {"mask", integers(MIXBIT_I64, {3, 2}, {})}},
                    {ids[0], {"mask", MIXBIT_I64, {-1, 2}}}),
            "input 'mask': expected 2 samples as of 'ids', but got 3");
  Tensor floats(MIXBIT_F32, {1, 2});
  std::vector<SampleInput> wanted = {{"x", MIXBIT_F32, {-1, 2}}};
  EXPECT_EQ(errorOf({{"x", floats}}, wanted), "");
  floats.setFloat(1, NAN);
  EXPECT_EQ(errorOf({{"x", floats}}, wanted),
            "input 'x': expected finite values, but got NaN at element 1");
  floats.setFloat(1, -INFINITY);
  EXPECT_EQ(errorOf({{"x", floats}}, wanted),
            "input 'x': expected finite values, but got infinity at element 1");
}

} // namespace
