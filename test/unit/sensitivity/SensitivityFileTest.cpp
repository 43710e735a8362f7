//===- SensitivityFileTest.cpp - Files of sensitivities -------------------===//
#include "lib/sensitivity/Sensitivity.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

using namespace mixbit;

static Sensitivities example() {
  WeightSensitivity first;
  first.name = "encoder.\"0\"/dense é";
  first.rows = 5;
  first.cols = 7;
  first.rowGroup = 2;
  first.values["fisher"] = {0.1, 1e-30, 3};
  first.values["omega"] = {12.25};
  first.values["loss:int4"] = {-0.5, 0, 1};
  first.fisher.resize(35, 1.0f);
  WeightSensitivity second;
  second.name = "head";
  second.rows = second.cols = 1;
  return {"cross-entropy", 512, {first, second}};
}

TEST(SensitivityFile, ComesBackAsItWas) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("mixbit", "json", path));
  Sensitivities written = example();
  ASSERT_EQ(llvm::toString(writeSensitivities(path, written)), "");
  auto read = readSensitivities(path);
  llvm::sys::fs::remove(path);
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->loss, "cross-entropy");
  EXPECT_EQ(read->samples, 512);
  ASSERT_EQ(read->weights.size(), 2u);
  const WeightSensitivity *first = read->find(written.weights[0].name);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->rows, 5);
  EXPECT_EQ(first->cols, 7);
  EXPECT_EQ(first->rowGroup, 2);
  EXPECT_EQ(first->numGroups(), 3);
  // Doubles lose nothing on the way.
  EXPECT_EQ(first->values, written.weights[0].values);
  EXPECT_TRUE(first->fisher.empty());
  EXPECT_EQ(read->find("head")->numGroups(), 1);
  EXPECT_EQ(read->find("none"), nullptr);
  EXPECT_EQ(toJson(*read), toJson(written));
}

/// The error of a file whose only weight is `weight`.
static std::string errorOf(const std::string &text) {
  auto read = sensitivitiesFromJson(text, "f.json");
  return read ? std::string() : llvm::toString(read.takeError());
}
static std::string weightError(const std::string &weight) {
  return errorOf(R"({"version": 1, "weights": [)" + weight + "]}");
}

TEST(SensitivityFile, WhatIsWrongIsNamed) {
  EXPECT_EQ(errorOf("{").substr(0, 31), "f.json: expected JSON, but [1:1");
  EXPECT_EQ(errorOf("[1]"),
            "f.json: expected an object with an array 'weights' (as mixbit "
            "sensitivity writes), but got an array");
  EXPECT_EQ(errorOf(R"({"weights": []})"),
            "f.json: expected version 1, but got none");
  EXPECT_EQ(errorOf(R"({"version": 2, "weights": []})"),
            "f.json: expected version 1, but got 2");
  EXPECT_EQ(errorOf(R"({"version": 1, "weights": []})"), "");
  EXPECT_EQ(weightError("3"),
            "f.json: expected objects with a 'name' in 'weights', but got a "
            "number");
  EXPECT_EQ(weightError(R"({"name": "w"})"),
            "f.json: weight 'w': expected 'rows' of 1 or more, but got none");
  EXPECT_EQ(weightError(R"({"name": "w", "rows": 0})"),
            "f.json: weight 'w': expected 'rows' of 1 or more, but got 0");
  std::string shape = R"({"name": "w", "rows": 3, "cols": 2, "row_group": 2)";
  EXPECT_EQ(
      weightError(R"({"name": "w", "rows": 3, "cols": 2, "row_group": -1})"),
      "f.json: weight 'w': expected 'row_group' of 0 or more, but got -1");
  EXPECT_EQ(weightError(shape + "}"),
            "f.json: weight 'w': expected an object 'values', but got none");
  auto valuesError = [&](const std::string &values) {
    return weightError(shape + R"(, "values": {)" + values + "}}");
  };
  EXPECT_EQ(valuesError(R"("fisher": [1, 2])"), "");
  EXPECT_EQ(valuesError(R"("fisher": [1])"), "");
  EXPECT_EQ(valuesError(R"("fisher": [1, 2, 3])"),
            "f.json: weight 'w': expected 2 values of 'fisher', but got 3");
  EXPECT_EQ(valuesError(R"("fisher": 1)"),
            "f.json: weight 'w': expected 2 values of 'fisher', but got a "
            "number");
  EXPECT_EQ(valuesError(R"("fisher": [1, -2])"),
            "f.json: weight 'w': expected finite values of 'fisher' that are "
            "not negative, but got -2.00");
  EXPECT_EQ(valuesError(R"("fisher": [1, "x"])"),
            "f.json: weight 'w': expected finite values of 'fisher' that are "
            "not negative, but got a string");
  EXPECT_EQ(valuesError(R"("loss:int2": [-1, 2])"), "");
  std::string twice = shape + R"(, "values": {}})";
  EXPECT_EQ(weightError(twice + "," + twice),
            "f.json: expected one entry a weight, but 'w' has two");
  auto missing = readSensitivities("none.json");
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(llvm::toString(missing.takeError()),
            "none.json: No such file or directory");
}
