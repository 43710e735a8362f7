//===- FormatTest.cpp - Sizes, names, what kernels serve ------------------===//
#include "lib/quant/Format.h"
#include "lib/quant/Halves.h"

#include "gtest/gtest.h"

using namespace mixbit;

namespace {

std::string errorOf(llvm::Expected<Format> format) {
  if (format)
    return "";
  return llvm::toString(format.takeError());
}

TEST(FormatTest, parsesNames) {
  EXPECT_EQ(llvm::cantFail(parseFormat("fp32")), Format::makeFloat());
  EXPECT_EQ(llvm::cantFail(parseFormat("bf16")),
            makeFloatFormat(FloatKind::BF16));
  EXPECT_NE(llvm::cantFail(parseFormat("fp16")),
            makeFloatFormat(FloatKind::BF16));
  EXPECT_EQ(llvm::cantFail(parseFormat("int8")), Format::makeInt(8, 1, 0));
  EXPECT_EQ(llvm::cantFail(parseFormat("int4")),
            Format::makeInt(4, 1, 128, FloatKind::F16));
  EXPECT_EQ(llvm::cantFail(parseFormat("int1")),
            Format::makeInt(1, 1, 128, FloatKind::F16));
  EXPECT_EQ(llvm::cantFail(parseFormat("ternary")),
            Format::makeTernary(1, 128, FloatKind::F16));
  EXPECT_EQ(llvm::cantFail(parseFormat("binary")),
            Format::makeBinary(1, 128, FloatKind::F16));
  // One scale a row, and 8 bits, get scales of fp32 unless asked otherwise.
  EXPECT_EQ(llvm::cantFail(parseFormat("ternary:1x0")),
            Format::makeTernary(1, 0));
  EXPECT_EQ(llvm::cantFail(parseFormat("int3", "6x0")),
            Format::makeInt(3, 6, 0, FloatKind::F16));
  EXPECT_EQ(llvm::cantFail(parseFormat("int3", "", "fp32")),
            Format::makeInt(3, 1, 128));
  EXPECT_EQ(llvm::cantFail(parseFormat("int8", "", "bf16")),
            Format::makeInt(8, 1, 0, FloatKind::BF16));
  EXPECT_EQ(llvm::cantFail(parseFormat("fp32", "", "fp16")),
            Format::makeFloat());
  EXPECT_EQ(llvm::cantFail(parseFormat("int8", "6x0")),
            Format::makeInt(8, 6, 0));
  EXPECT_EQ(llvm::cantFail(parseFormat("int4:2x64", "1x32")),
            Format::makeInt(4, 2, 64, FloatKind::F16));
  EXPECT_EQ(llvm::cantFail(parseFormat("int4z", "1x0")),
            Format::makeInt(4, 1, 0, FloatKind::F32, ZeroKind::I8));
  for (const char *name :
       {"fp32", "int1", "int3", "int3z", "int8", "ternary", "binary"})
    EXPECT_EQ(formatName(llvm::cantFail(parseFormat(name))), name);
}

TEST(FormatTest, refusesNonsense) {
  EXPECT_EQ(errorOf(parseFormat("int9")),
            "expected a format of fp32, fp16, bf16, int1 to int8, ternary or "
            "binary, but "
            "got 'int9'");
  for (const char *name : {"", "int", "int0", "int44", "int-4", "int04", "auto",
                           "Int8", "ternary ", "int4x", "intz", "ternaryz"})
    EXPECT_NE(errorOf(parseFormat(name)), "") << name;
  EXPECT_EQ(errorOf(parseFormat("fp32:1x0")),
            "expected no group for fp32, but got 'fp32:1x0'");
  EXPECT_EQ(errorOf(parseFormat("int4", "", "fp8")),
            "expected scales of fp32, fp16 or bf16, but got 'fp8'");
  EXPECT_EQ(errorOf(parseFormat("int4:")),
            "expected a group after the ':', but got 'int4:'");
  for (const char *group : {"1", "x", "1x", "x1", "-1x4", "1x4x4", "ax1",
                            "99999999999999999999x1", "1x2000000000000"})
    EXPECT_EQ(errorOf(parseFormat("int4", group)),
              "expected a group as ROWSxCOLS, such as 1x128, but got '" +
                  std::string(group) + "'");
}

TEST(FormatTest, countsGroupsAndBytes) {
  Format format = Format::makeInt(4, 1, 128, FloatKind::F16);
  EXPECT_EQ(format.numGroups(10, 300), 30);
  EXPECT_EQ(format.codeBytes(10, 301), 10u * 151);
  EXPECT_EQ(format.scaleBytes(10, 300), 60u);
  EXPECT_EQ(format.zeroBytes(10, 300), 0u);
  EXPECT_DOUBLE_EQ(format.bitsPerWeight(10, 256), 4.125);
  format.zero = ZeroKind::I8;
  EXPECT_EQ(format.zeroBytes(10, 300), 30u);
  EXPECT_EQ(Format::makeInt(8, 0, 0).numGroups(5, 7), 1);
  EXPECT_EQ(Format::makeInt(8, 2, 3).numGroups(5, 7), 9);
  EXPECT_EQ(Format::makeInt(8, 100, 100).numGroups(5, 7), 1);
  EXPECT_EQ(Format::makeInt(3, 1, 0).codeBytes(2, 9), 8u);
  EXPECT_EQ(Format::makeInt(3, 1, 0).numGroups(0, 0), 0);
  EXPECT_EQ(Format::makeFloat().codeBytes(3, 5), 60u);
  EXPECT_EQ(Format::makeFloat().bitsPerWeight(3, 5), 32);
  EXPECT_EQ(Format::makeInt(8, 1, 1).codeBytes(INT64_MAX, INT64_MAX),
            UINT64_MAX);
}

TEST(FormatTest, codesThatMeanZero) {
  EXPECT_EQ(Format::makeInt(8, 1, 0).paddingCode(), 128);
  EXPECT_EQ(Format::makeInt(4, 1, 0).paddingCode(), 8);
  EXPECT_EQ(Format::makeTernary(1, 0).paddingCode(), 1);
  EXPECT_EQ(Format::makeTernary(1, 0).levels(), 3u);
  EXPECT_EQ(Format::makeBinary(1, 0).paddingCode(), 0);
  EXPECT_EQ(Format::makeBinary(1, 0).doubledImplicitZero(), 1u);
}

TEST(FormatTest, saysWhatNoKernelServes) {
  std::string why;
  for (Format format :
       {Format::makeFloat(), Format::makeInt(8, 1, 0), Format::makeInt(3, 6, 0),
        Format::makeInt(4, 1, 32), Format::makeTernary(1, 96),
        Format::makeBinary(2, 1024)})
    EXPECT_TRUE(kernelServes(format, 20, 768, &why)) << why;
  // A group as wide as the matrix is the whole extent.
  EXPECT_TRUE(kernelServes(Format::makeInt(4, 1, 100), 20, 100));
  EXPECT_TRUE(kernelServes(Format::makeInt(4, 1, 128), 20, 100));
  EXPECT_FALSE(kernelServes(Format::makeInt(4, 1, 100), 20, 768, &why));
  EXPECT_EQ(why, "int4 in groups of 1x100: groups along the inputs are served "
                 "in multiples of 32");
  Format zeros = Format::makeInt(4, 1, 32, FloatKind::F32, ZeroKind::I8);
  EXPECT_TRUE(kernelServes(zeros, 20, 768));
  EXPECT_TRUE(tableServes(zeros, 20, 768));
  zeros.zero = ZeroKind::F32;
  EXPECT_FALSE(tableServes(zeros, 20, 768, &why));
  EXPECT_EQ(why, "int4z in groups of 1x32: zero points are served as codes "
                 "(i8) only");
  EXPECT_FALSE(kernelServes(zeros, 20, 768, &why));
  EXPECT_EQ(why, "int4z in groups of 1x32: zero points are served as codes "
                 "(i8) only");
  EXPECT_TRUE(kernelServes(Format::makeInt(8, 1, 0), 20, 66311));
  EXPECT_FALSE(kernelServes(Format::makeInt(8, 1, 0), 20, 66312));
}

} // namespace
