//===- ContractBitsTest.cpp - Counted bits against the scalar reference ---===//
//
// Weights of one and two bits times data of one and two, over ragged sizes, on
// each target's way of counting. Integer sums are exact.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cctype>
#include <cmath>

using namespace mixbit;

namespace {
struct Variant {
  const char *target;
  bool emulate;
};

struct Case {
  const char *name;
  Format format;
  unsigned dataBits;
};

class ContractBitsTest
    : public testing::TestWithParam<std::tuple<Variant, Case>> {};

} // namespace

TEST_P(ContractBitsTest, MatchesReference) {
  Variant variant = std::get<0>(GetParam());
  Case kind = std::get<1>(GetParam());
  const Target *target = findTarget(variant.target);
  ASSERT_TRUE(target);
  if (!variant.emulate && !runsHere(*target))
    GTEST_SKIP() << "this machine does not run " << variant.target;
  // Compiling takes its time: in full what this machine runs at its best, of
  // the others one of each kind. MIXBIT_ALL_KERNELS=1 tests everything.
  bool inFull =
      getenv("MIXBIT_ALL_KERNELS") ||
      (!variant.emulate && llvm::StringRef(variant.target) != "x86-64");
  if (!inFull && !llvm::is_contained({"binaryA1", "ternaryG32A2"},
                                     llvm::StringRef(kind.name)))
    GTEST_SKIP() << "only with MIXBIT_ALL_KERNELS=1";
  struct Size {
    int64_t n, k, ka;
  };
  // The last one's counts do not fit in bytes. Rows as wide as the inputs, or
  // padded to whole words.
  std::vector<Size> sizes = {{17, 5, 5}, {100, 100, 128}, {130, 1000, 1000}};
  if (!inFull)
    sizes = {{70, 1000, 1000}};
  for (const Size &size : sizes) {
    Format format = kind.format;
    if (format.groupCols > size.k)
      format.groupCols = 0;
    auto make = [&](int64_t m) {
      return ContractProblem::make(m, size.n, size.k, size.ka, format, 7 + m,
                                   Density::Dense, kind.dataBits);
    };
    ASSERT_TRUE(make(1).layout.isBitPlanes());
    auto kernel = JitKernel::compile(make(1).text(), *target, variant.emulate);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    for (int64_t m : {1, 2, 3, 4, 5, 6, 7, 9, 13, 129, 300}) {
      ContractProblem problem = make(m);
      // A guard behind the result must stay as it is.
      std::vector<float> out(m * size.n + 64, -12345.0f);
      kernel->run(problem.args(out), m > 4 ? 3 : 1);
      for (size_t i = m * size.n; i < out.size(); ++i)
        ASSERT_EQ(out[i], -12345.0f) << "written beyond the end";
      std::vector<float> expected = problem.reference();
      for (int64_t i = 0; i < m * size.n; ++i)
        ASSERT_NEAR(out[i], expected[i], 1e-6 * (1 + std::fabs(expected[i])))
            << "m " << m << " n " << size.n << " k " << size.k << " at row "
            << i / size.n << ", output " << i % size.n;
    }
  }
}

static const Variant variants[] = {
    {"x86-64", false},          {"x86-64-v3", false},
    {"avx512vnni", false},      {"avx512vnni", true},
    {"avx512vpopcntdq", false}, {"avx512vpopcntdq", true},
    {"aarch64-dotprod", true}};

static const Case cases[] = {{"binaryA1", Format::makeBinary(1, 0), 1},
                             {"binaryG64A1", Format::makeBinary(1, 64), 1},
                             {"binaryA2", Format::makeBinary(1, 0), 2},
                             {"ternaryA1", Format::makeTernary(1, 128), 1},
                             {"ternaryA2", Format::makeTernary(1, 0), 2},
                             {"ternaryG32A2", Format::makeTernary(1, 32), 2},
                             {"int2A2", Format::makeInt(2, 1, 0), 2},
                             {"int2G320A2", Format::makeInt(2, 1, 320), 2},
                             {"int1A1", Format::makeInt(1, 1, 0), 1}};

INSTANTIATE_TEST_SUITE_P(
    All, ContractBitsTest,
    testing::Combine(testing::ValuesIn(variants), testing::ValuesIn(cases)),
    [](const auto &info) {
      const Variant &variant = std::get<0>(info.param);
      std::string name = std::string(variant.target) +
                         (variant.emulate ? "Emulated" : "") +
                         std::get<1>(info.param).name;
      llvm::erase_if(name, [](char c) { return !std::isalnum(c); });
      return name;
    });
