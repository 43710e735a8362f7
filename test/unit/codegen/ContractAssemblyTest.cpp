//===- ContractAssemblyTest.cpp - Hot loops of generated contractions -----===//
//
// What decides speed is checked where it can be read without a clock, for CPUs
// that are not here too: the products of a block in one loop, and nothing
// spilled between them.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/KernelHarness.h"

#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

#include <cctype>

using namespace mixbit;
using llvm::StringRef;

namespace {

/// The block of the assembly that has the most of `instruction`.
struct HotBlock {
  int products = 0, spills = 0, reloads = 0, instructions = 0;
};

HotBlock hottest(StringRef assembly, StringRef instruction) {
  HotBlock best, block;
  llvm::SmallVector<StringRef> lines;
  assembly.split(lines, '\n');
  auto close = [&] {
    if (block.products > best.products)
      best = block;
    block = {};
  };
  for (StringRef line : lines) {
    if (line.starts_with(".L")) {
      close();
      continue;
    }
    StringRef code = line.ltrim();
    if (code.empty() || !std::isalpha(code.front()))
      continue;
    ++block.instructions;
    block.products += code.starts_with(instruction);
    block.spills += code.contains("Spill");
    block.reloads += code.contains("Reload");
  }
  close();
  return best;
}

HotBlock compile(StringRef targetName, const Format &format,
                 StringRef instruction) {
  auto problem = ContractProblem::make(1, 128, 256, 256, format, 1);
  auto assembly = compileToAssembly(problem.text(), *findTarget(targetName));
  if (!assembly) {
    ADD_FAILURE() << llvm::toString(assembly.takeError());
    return {};
  }
  EXPECT_EQ(StringRef(*assembly).count("call\t"), 0u);
  return hottest(*assembly, instruction);
}

} // namespace

TEST(ContractAssembly, VnniBytes) {
  // 6 rows x 4 vectors x 16 steps.
  HotBlock hot = compile("avx512vnni", Format::makeInt(8, 1, 0), "vpdpbusd");
  EXPECT_EQ(hot.products, 384);
  EXPECT_EQ(hot.spills, 0);
  EXPECT_EQ(hot.reloads, 0);
  // Products, 96 broadcasts, 64 loads of weights, as many prefetches.
  EXPECT_LE(hot.instructions, 384 + 96 + 64 + 64 + 80);
}

TEST(ContractAssembly, VnniNibbles) {
  HotBlock hot = compile("avx512vnni", Format::makeInt(4, 1, 0), "vpdpbusd");
  EXPECT_EQ(hot.products, 384);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, VnniGroups) {
  // 6 rows x 2 vectors x 16 steps, float accumulators kept beside.
  HotBlock hot = compile("avx512vnni", Format::makeInt(4, 1, 128), "vpdpbusd");
  EXPECT_EQ(hot.products, 192);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, VnniFloats) {
  // 6 rows x 4 vectors x 8 steps.
  HotBlock hot = compile("avx512vnni", Format::makeFloat(), "vfmadd");
  EXPECT_EQ(hot.products, 192);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, Avx2Floats) {
  // 6 rows x 2 vectors x 8 steps.
  HotBlock hot = compile("x86-64-v3", Format::makeFloat(), "vfmadd");
  EXPECT_EQ(hot.products, 96);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}

TEST(ContractAssembly, Avx2Bytes) {
  // 4 rows x 2 vectors x 16 steps, four instructions each.
  HotBlock hot = compile("x86-64-v3", Format::makeInt(8, 1, 0), "vpmaddubsw");
  EXPECT_EQ(hot.products, 128);
  EXPECT_LE(hot.instructions, 4 * 128 + 64 + 3 * 32 + 60);
}

TEST(ContractAssembly, NeonBytes) {
  // 6 rows x 4 vectors x 16 steps.
  HotBlock hot = compile("aarch64-dotprod", Format::makeInt(8, 1, 0), "sdot");
  EXPECT_EQ(hot.products, 384);
  EXPECT_EQ(hot.spills + hot.reloads, 0);
}
