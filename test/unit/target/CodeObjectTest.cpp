//===- CodeObjectTest.cpp - LLVM IR to machine code -------------*- C++ -*-===//
#include "TestModule.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace mixbit;

/// Assembly, or the error's text.
static std::string assembly(StringRef target, StringRef text,
                            CodeFileType kind = CodeFileType::Assembly) {
  LLVMContext context;
  auto module = parseModule(context, text);
  SmallVector<char, 0> code;
  if (Error error = emitCode(*module, *findTarget(target), kind, code))
    return toString(std::move(error));
  return std::string(code.begin(), code.end());
}

static bool contains(const std::string &text, StringRef part) {
  return StringRef(text).contains(part);
}

TEST(CodeObject, UsesWhatTheTargetHas) {
  StringRef text = R"(
define void @f(ptr %x) {
  %a = load <16 x float>, ptr %x
  %b = fadd <16 x float> %a, %a
  store <16 x float> %b, ptr %x
  ret void
})";
  EXPECT_TRUE(contains(assembly("avx512vnni", text), "zmm"));
  EXPECT_TRUE(contains(assembly("x86-64-v3", text), "ymm"));
  EXPECT_FALSE(contains(assembly("x86-64", text), "ymm"));
  EXPECT_TRUE(contains(assembly("aarch64", text), "fadd\tv"));
}

TEST(CodeObject, EveryTargetWorks) {
  for (const Target &target : allTargets()) {
    std::string text = assembly(target.name, R"(
define void @f(ptr %x) {
  store float 1.0, ptr %x
  ret void
})");
    EXPECT_TRUE(contains(text, target.isGpu() ? ".visible .func" : ".globl\tf"))
        << text;
  }
}

/// LLVM would end the process.
TEST(CodeObject, MissingFeaturesAreErrors) {
  StringRef vnni = R"(
declare <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32>, <64 x i8>, <64 x i8>)
define void @f(ptr %x) {
  %a = load <16 x i32>, ptr %x
  %b = load <64 x i8>, ptr %x
  %c = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %a, <64 x i8> %b, <64 x i8> %b)
  store <16 x i32> %c, ptr %x
  ret void
})";
  EXPECT_TRUE(contains(assembly("avx512vnni", vnni), "vpdpbusd"));
  EXPECT_EQ(assembly("x86-64-v3", vnni),
            "target 'x86-64-v3': expected feature 'avx512vnni' for "
            "'llvm.x86.avx512.vpdpbusd.512', but the target has it not");
  EXPECT_TRUE(contains(assembly("aarch64", vnni), "expected its architecture"));
  // 256 bits of it are in either of two extensions.
  StringRef narrow = R"(
declare <8 x i32> @llvm.x86.avx512.vpdpbusd.256(<8 x i32>, <32 x i8>, <32 x i8>)
define <8 x i32> @f(<8 x i32> %a, <32 x i8> %b) {
  %c = call <8 x i32> @llvm.x86.avx512.vpdpbusd.256(<8 x i32> %a, <32 x i8> %b, <32 x i8> %b)
  ret <8 x i32> %c
})";
  EXPECT_TRUE(contains(assembly("avx512vnni", narrow), "vpdpbusd\t%ymm"));
  EXPECT_TRUE(contains(assembly("avxvnni", narrow), "{vex}\tvpdpbusd\t%ymm"));
  EXPECT_TRUE(contains(assembly("x86-64-v3", narrow), "expected feature"));
  StringRef tile = R"(
declare void @llvm.x86.tdpbsud(i8, i8, i8)
define void @f() {
  call void @llvm.x86.tdpbsud(i8 0, i8 4, i8 6)
  ret void
})";
  EXPECT_TRUE(contains(assembly("amx", tile), "tdpbsud\t%tmm6, %tmm4, %tmm0"));
  EXPECT_TRUE(contains(assembly("avx512vnni", tile), "feature 'amx-int8'"));
  StringRef dot = R"(
declare <4 x i32> @llvm.aarch64.neon.sdot.v4i32.v16i8(<4 x i32>, <16 x i8>, <16 x i8>)
define <4 x i32> @f(<4 x i32> %a, <16 x i8> %b) {
  %c = call <4 x i32> @llvm.aarch64.neon.sdot.v4i32.v16i8(<4 x i32> %a, <16 x i8> %b, <16 x i8> %b)
  ret <4 x i32> %c
})";
  EXPECT_TRUE(contains(assembly("aarch64-dotprod", dot), "sdot"));
  EXPECT_TRUE(contains(assembly("aarch64", dot), "feature 'dotprod'"));
}

TEST(CodeObject, ErrorsOfTheCodeGeneratorAreErrors) {
  EXPECT_TRUE(contains(assembly("x86-64", R"(
define void @f() {
  call void asm sideeffect "nonsense", ""()
  ret void
})",
                                CodeFileType::Object),
                       "target 'x86-64': "));
  EXPECT_TRUE(contains(assembly("sm_80", "define void @f() {\n ret void\n}",
                                CodeFileType::Object),
                       "expected a CPU"));
}
