//===- ContractAssemblyTest.cpp - Hot loops of generated contractions -----===//
//
// What decides speed is checked where it can be read without a clock, for CPUs
// that are not here too: the products of a block in one loop, and nothing
// spilled between them.
//
//===----------------------------------------------------------------------===//
#include "lib/quant/Halves.h"
#include "test/unit/codegen/HotBlock.h"
#include "test/unit/codegen/KernelHarness.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mixbit;
using llvm::StringRef;

namespace {

HotBlock compile(StringRef targetName, const Format &format,
                 StringRef instruction, int products, unsigned dataBits = 8,
                 int64_t n = 128, int64_t k = 256) {
  auto problem =
      ContractProblem::make(1, n, k, k, format, 1, Density::Dense, dataBits);
  auto assembly = compileToAssembly(problem.text(), *findTarget(targetName));
  if (!assembly) {
    ADD_FAILURE() << llvm::toString(assembly.takeError());
    return {};
  }
  EXPECT_EQ(StringRef(*assembly).count("call\t"), 0u);
  return findBlock(*assembly, instruction, products);
}

} // namespace

TEST(ContractAssembly, VnniBytes) {
  // 6 rows x 4 vectors x 16 steps.
  HotBlock hot =
      compile("avx512vnni", Format::makeInt(8, 1, 0), "vpdpbusd", 384);
  EXPECT_EQ(hot.products, 384);
  EXPECT_EQ(hot.spills, 0);
  EXPECT_EQ(hot.reloads, 0);
  // Products, 96 broadcasts, 64 loads of weights, as many prefetches.
  EXPECT_LE(hot.instructions, 384 + 96 + 64 + 64 + 80);
}

TEST(ContractAssembly, VnniNibbles) {
  // All tiles of rows but the first read bytes: the code of VnniBytes, but for
  // two of 24 accumulators that LLVM leaves in memory from block to block.
  for (auto [n, k] : {std::pair(128, 256), std::pair(768, 768)}) {
    HotBlock hot = compile("avx512vnni", Format::makeInt(4, 1, 0), "vpdpbusd",
                           384, 8, n, k);
    EXPECT_EQ(hot.products, 384);
    EXPECT_LE(hot.spills + hot.reloads, 4);
    EXPECT_LE(hot.instructions, 384 + 96 + 64 + 64 + 80);
  }
}

TEST(ContractAssembly, VnniNibblesRow) {
  // A row alone: of 4 packed lines both halves are masked and multiplied where
  // they are, by inputs that are operands in memory, and none is shifted.
  HotBlock hot =
      compile("avx512vnni", Format::makeInt(4, 1, 128), "vpdpbusd", 8);
  EXPECT_EQ(hot.products, 8);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // Products, masks, loads, prefetches, and what counts the loop.
  EXPECT_LE(hot.instructions, 8 + 8 + 4 + 2 * 4 + 8);
}

TEST(ContractAssembly, VnniGroups) {
  // 6 rows x 4 vectors x 16 steps, float accumulators in memory.
  HotBlock hot =
      compile("avx512vnni", Format::makeInt(4, 1, 128), "vpdpbusd", 384);
  EXPECT_EQ(hot.products, 384);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // What closes a group: each is converted, multiplied, added to memory's and
  // stored; beside that four scales, and the addresses.
  HotBlock end =
      compile("avx512vnni", Format::makeInt(4, 1, 128), "vcvtdq2ps", 24);
  EXPECT_EQ(end.products, 24);
  EXPECT_LE(end.spills + end.reloads, 1);
  EXPECT_LE(end.instructions, 3 * 24 + 4 + 20);
}

TEST(ContractAssembly, VnniShortGroups) {
  // Two groups of 6 rows x 2 vectors x 8 steps, float accumulators in registers
  // beside them.
  HotBlock hot =
      compile("avx512vnni", Format::makeInt(8, 1, 32), "vpdpbusd", 192);
  EXPECT_EQ(hot.products, 192);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, VnniTritRow) {
  // A row alone: 4 packed lines x 5 digits x 2 products, two additions each,
  // of bytes that are not taken apart.
  HotBlock hot = compile("avx512vnni", Format::makeTernary(1, 0), "vpdpbusd",
                         40, 8, /*n=*/768, /*k=*/768);
  EXPECT_EQ(hot.products, 40);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 40 + 40 + 20 + 4 + 2 * 4 + 10);
}

TEST(ContractAssembly, VnniTritGroups) {
  // A row alone: five groups of 16 lines are 16 bytes' digits, two products
  // each; what closes a group comes on top. One strip at a time, or the code
  // would not fit the instruction cache.
  HotBlock hot = compile("avx512vnni", Format::makeTernary(1, 64), "vpdpbusd",
                         160, 8, /*n=*/768, /*k=*/768);
  EXPECT_EQ(hot.products, 160);
  EXPECT_LE(hot.spills + hot.reloads, 30);
  EXPECT_LE(hot.instructions, 160 + 160 + 80 + 2 * 16 + 5 * 16 + 60);
}

TEST(ContractAssembly, Avx2TritRow) {
  // 4 packed lines x 5 digits x 2 vectors: two comparisons, two instructions
  // for the digit, the product, three additions; nothing is multiplied by
  // powers of 3.
  HotBlock hot = compile("x86-64-v3", Format::makeTernary(1, 0), "vpmaddubsw",
                         40, 8, /*n=*/768, /*k=*/768);
  EXPECT_EQ(hot.products, 40);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 40 * 8 + 20 + 8 + 8 + 4 + 30);
}

TEST(ContractAssembly, VnniFloats) {
  // 6 rows x 4 vectors, a step an iteration.
  HotBlock hot = compile("avx512vnni", Format::makeFloat(), "vfmadd", 24);
  EXPECT_EQ(hot.products, 24);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // Broadcasts, loads, the loop's end.
  EXPECT_LE(hot.instructions, 24 + 6 + 4 + 5);
}

TEST(ContractAssembly, Bf16Pairs) {
  // 6 rows x 4 vectors, a pair of inputs an iteration; broadcasts are folded.
  HotBlock hot =
      compile("avx512bf16", makeFloatFormat(FloatKind::BF16), "vdpbf16ps", 24);
  EXPECT_EQ(hot.products, 24);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 24 + 6 + 4 + 5);
}

TEST(ContractAssembly, AmxBf16) {
  auto problem = ContractProblem::make(1, 128, 256, 256,
                                       makeFloatFormat(FloatKind::BF16), 1);
  auto text = compileToAssembly(problem.text(), *findTarget("amx"));
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  StringRef assembly = *text;
  EXPECT_GE(assembly.count("tdpbf16ps"), 3u * 4);
  EXPECT_EQ(assembly.count("tdpbsud"), 0u);
  HotBlock hot =
      findBlock(assembly, "tdpbf16ps", assembly.count("tdpbf16ps") / 3);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // A single row takes the vectors.
  EXPECT_GE(assembly.count("vdpbf16ps"), 4u);
}

TEST(ContractAssembly, Avx2Floats) {
  // 6 rows x 2 vectors x 8 steps.
  HotBlock hot = compile("x86-64-v3", Format::makeFloat(), "vfmadd", 96);
  EXPECT_EQ(hot.products, 96);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, Avx2Bytes) {
  // 6 rows x 16 steps, four instructions each.
  HotBlock hot =
      compile("x86-64-v3", Format::makeInt(8, 1, 0), "vpmaddubsw", 96);
  EXPECT_EQ(hot.products, 96);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // Broadcasts; load, xor and abs of the weights.
  EXPECT_LE(hot.instructions, 4 * 96 + 96 + 3 * 16 + 30);
}

TEST(ContractAssembly, AvxVnniBytes) {
  // 5 rows x 2 vectors x 16 steps, with 80 broadcasts and 32 weights.
  HotBlock hot = compile("avxvnni", Format::makeInt(8, 1, 0), "vpdpbusd", 160);
  EXPECT_EQ(hot.products, 160);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 160 + 80 + 32 + 32 + 60);
}

TEST(ContractAssembly, AvxVnniNibbles) {
  // 4 rows x 2 vectors x 16 steps.
  HotBlock hot = compile("avxvnni", Format::makeInt(4, 1, 0), "vpdpbusd", 128);
  EXPECT_EQ(hot.products, 128);
  EXPECT_LE(hot.spills + hot.reloads, 2);
}

TEST(ContractAssembly, AvxVnniGroups) {
  // Floats beside the integers lie in memory, but not in the inner loop.
  HotBlock hot =
      compile("avxvnni", Format::makeInt(4, 1, 128), "vpdpbusd", 128);
  EXPECT_EQ(hot.products, 128);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, AmxBytes) {
  auto problem =
      ContractProblem::make(1, 128, 256, 256, Format::makeInt(8, 1, 0), 1);
  auto text = compileToAssembly(problem.text(), *findTarget("amx"));
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  // Four blocks of two by two tiles: 4 products, 2 loads of rows and 2 of lines
  // each, and what counts addresses.
  HotBlock hot = findBlock(*text, "tdpbsud", 16);
  EXPECT_EQ(hot.products, 16);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 16 + 16 + 28);
  StringRef assembly = *text;
  EXPECT_EQ(assembly.count("tdpbsud"), 3u * 16);
  EXPECT_EQ(assembly.count("tileloadd"), 16u + 16u + 20u);
  EXPECT_EQ(assembly.count("tilestored"), 12u);
  EXPECT_EQ(assembly.count("ldtilecfg"), 2u);
  EXPECT_EQ(assembly.count("tilerelease"), 1u);
}

TEST(ContractAssembly, NeonI8mmBytes) {
  // 4 pairs of rows x 2 vectors x 2 halves x 8 steps, with 32 loads of data,
  // 32 of weights and 32 zips.
  HotBlock hot =
      compile("aarch64-i8mm", Format::makeInt(8, 1, 0), "usmmla", 128);
  EXPECT_EQ(hot.products, 128);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 128 + 32 + 32 + 32 + 60);
}

TEST(ContractAssembly, NeonI8mmGroups) {
  // 4 pairs x 1 vector x 2 halves x 8 steps.
  HotBlock hot =
      compile("aarch64-i8mm", Format::makeInt(4, 1, 128), "usmmla", 64);
  EXPECT_EQ(hot.products, 64);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, NeonBytes) {
  // 4 rows x 4 vectors x 16 steps.
  HotBlock hot =
      compile("aarch64-dotprod", Format::makeInt(8, 1, 0), "sdot", 256);
  EXPECT_EQ(hot.products, 256);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

//===----------------------------------------------------------------------===//
// Counted bits
//===----------------------------------------------------------------------===//

TEST(ContractAssembly, Avx2Bits) {
  // 4 rows x 64 outputs x 4 inputs, two instructions a vector; the data's
  // table, looked up and broadcast, is shared by two.
  HotBlock hot =
      compile("x86-64-v3", Format::makeBinary(1, 0), "vpshufb", 8, 1);
  EXPECT_EQ(hot.products, 8);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 2 * 8 + 2 * 4 + 2 + 4);
}

TEST(ContractAssembly, Avx512Bits) {
  // 8 rows x 64 outputs x 4 inputs.
  HotBlock hot =
      compile("avx512vnni", Format::makeTernary(1, 0), "vpshufb", 8, 2);
  EXPECT_EQ(hot.products, 8);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 2 * 8 + 2 * 8 + 1 + 4);
}

TEST(ContractAssembly, PopcountBits) {
  // 6 rows x 64 outputs x 32 inputs: vpxord from memory, vpopcntd, vpaddd.
  HotBlock hot =
      compile("avx512vpopcntdq", Format::makeBinary(1, 0), "vpopcntd", 24, 1);
  EXPECT_EQ(hot.products, 24);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 3 * 24 + 6 + 4 + 5);
}

TEST(ContractAssembly, PopcountTernary) {
  // The same with vpternlogd on two words of a row, a plane of two at a time.
  HotBlock hot =
      compile("avx512vpopcntdq", Format::makeTernary(1, 0), "vpopcntd", 24, 2);
  EXPECT_EQ(hot.products, 24);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  // A copy where vpternlogd would overwrite an operand that is used again.
  EXPECT_LE(hot.instructions, 4 * 24 + 2 * 6 + 4 + 4);
}

TEST(ContractAssembly, NeonBits) {
  // 4 rows x 16 outputs x 32 inputs: eor, cnt, add.
  HotBlock hot =
      compile("aarch64-dotprod", Format::makeBinary(1, 0), "cnt", 16, 1);
  EXPECT_EQ(hot.products, 16);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
  EXPECT_LE(hot.instructions, 3 * 16 + 4 + 4 + 12);
}

//===----------------------------------------------------------------------===//
// PTX
//===----------------------------------------------------------------------===//

class ContractPtx : public testing::TestWithParam<const char *> {};

TEST_P(ContractPtx, IsAcceptedByPtxas) {
  const Target *target = findTarget(GetParam());
  // Bias and GELU.
  const std::string gelu = "    %x = arith.addf %acc, %b : f32\n"
                           "    %h = arith.constant 0.5 : f32\n"
                           "    %r = arith.constant 0.707106781 : f32\n"
                           "    %one = arith.constant 1.0 : f32\n"
                           "    %s = arith.mulf %x, %r : f32\n"
                           "    %e = math.erf %s : f32\n"
                           "    %p = arith.addf %e, %one : f32\n"
                           "    %q = arith.mulf %x, %h : f32\n"
                           "    %y = arith.mulf %p, %q : f32\n";
  const Format formats[] = {Format::makeInt(8, 1, 0),
                            Format::makeInt(4, 1, 128), Format::makeFloat()};
  for (const Format &format : formats) {
    auto problem = ContractProblem::make(1, 200, 256, 256, format, 1);
    auto text = compileToAssembly(problem.text(gelu), *target);
    ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
    StringRef ptx = *text;
    EXPECT_TRUE(ptx.contains(".entry k("));
    EXPECT_TRUE(ptx.contains(".reqntid 128"));
    EXPECT_TRUE(ptx.contains(".target " + std::string(GetParam())));
    EXPECT_EQ(ptx.contains("dp4a.s32.s32"), !format.isFloat());
    // Everything is resolved without NVIDIA's library of functions.
    EXPECT_FALSE(ptx.contains("__nv_"));
    EXPECT_FALSE(ptx.contains(".extern"));

    auto ptxas = llvm::sys::findProgramByName("ptxas");
    if (!ptxas)
      ptxas = llvm::sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"});
    if (!ptxas)
      GTEST_SKIP() << "needs ptxas";
    llvm::SmallString<128> path;
    int file;
    ASSERT_FALSE(
        llvm::sys::fs::createTemporaryFile("contract", "ptx", file, path));
    llvm::raw_fd_ostream(file, /*shouldClose=*/true) << ptx;
    std::string error;
    int status = llvm::sys::ExecuteAndWait(*ptxas,
                                           {*ptxas, "-arch", GetParam(),
                                            "--warn-on-spills", "-Werror", "-o",
                                            "/dev/null", path},
                                           std::nullopt, {}, 120, 0, &error);
    EXPECT_EQ(status, 0) << error << " " << path.c_str();
    if (status == 0)
      llvm::sys::fs::remove(path);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ContractPtx, testing::Values("sm_80", "sm_90"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });
