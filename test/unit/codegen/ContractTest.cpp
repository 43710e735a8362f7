//===- ContractTest.cpp - Contractions against the scalar reference -------===//
//
// Every target whose tiles this machine can run, on its instructions or
// emulated, over ragged sizes. Integer sums are exact, so what differs is one
// rounding: the reference adds in the same order.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/KernelHarness.h"

#include "gtest/gtest.h"

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
};

class ContractTest : public testing::TestWithParam<std::tuple<Variant, Case>> {
};

/// Whether this machine runs code for `target`.
bool isNative(const Target &target) {
  auto native = resolveTargets("native");
  if (!native) {
    llvm::consumeError(native.takeError());
    return false;
  }
  const Target *best = native->front();
  return best->triple == target.triple &&
         (target.runtimeFeatures & ~best->runtimeFeatures) == 0;
}

void expectNear(const std::vector<float> &got,
                const std::vector<float> &expected, int64_t n, float relative,
                const std::string &what) {
  for (size_t i = 0; i < got.size(); ++i) {
    float bound = relative * (1 + std::fabs(expected[i]));
    ASSERT_NEAR(got[i], expected[i], bound)
        << what << " at row " << i / n << ", output " << i % n;
  }
}

} // namespace

TEST_P(ContractTest, MatchesReference) {
  auto [variant, kind] = GetParam();
  const Target *target = findTarget(variant.target);
  ASSERT_TRUE(target);
  if (!variant.emulate && !isNative(*target))
    GTEST_SKIP() << "this machine does not run " << variant.target;
  const int64_t allRows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 31};
  struct Size {
    int64_t n, k, ka;
  };
  // Rows as wide as the inputs, or padded to whole blocks.
  std::vector<Size> sizes = {{12, 60, 60}, {100, 100, 128}, {64, 384, 384}};
  if (llvm::StringRef("int8") == kind.name ||
      llvm::StringRef("fp32") == kind.name)
    sizes.insert(sizes.end(), {{1, 5, 5}, {17, 4, 64}, {130, 64, 64}});
  for (const Size &size : sizes) {
    int64_t group = kind.format.groupCols;
    // Groups cannot be larger than what there is.
    Format format = kind.format;
    if (group > size.k)
      format.groupCols = 0;
    auto first = ContractProblem::make(1, size.n, size.k, size.ka, format, 7);
    auto kernel = JitKernel::compile(first.text(), *target, variant.emulate);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    std::vector<int64_t> rows(std::begin(allRows), std::end(allRows));
    if (size.n == 100 || size.n == 64)
      rows.push_back(size.n == 100 ? 128 : 300);
    for (int64_t m : rows) {
      auto problem =
          ContractProblem::make(m, size.n, size.k, size.ka, format, 7 + m);
      // A guard behind the result must stay as it is.
      std::vector<float> out(m * size.n + 64, -12345.0f);
      kernel->run(problem.args(out), m > 4 ? 3 : 1);
      for (size_t i = m * size.n; i < out.size(); ++i)
        ASSERT_EQ(out[i], -12345.0f) << "written beyond the end";
      out.resize(m * size.n);
      float relative = format.isFloat() ? 2e-5f : 1e-6f;
      expectNear(out, problem.reference(), size.n, relative,
                 "m " + std::to_string(m) + " n " + std::to_string(size.n) +
                     " k " + std::to_string(size.k) + " ka " +
                     std::to_string(size.ka));
      if (HasFatalFailure())
        return;
    }
  }
}

static const Variant variants[] = {
    {"x86-64", false},     {"x86-64-v3", false}, {"x86-64-v3", true},
    {"avx512vnni", false}, {"avx512vnni", true}, {"aarch64-dotprod", true}};

static const Case cases[] = {
    {"fp32", Format::makeFloat()},
    {"int8", Format::makeInt(8, 1, 0)},
    {"int8zero", Format::makeInt(8, 1, 0, FloatKind::F32, ZeroKind::I8)},
    {"int8g64", Format::makeInt(8, 1, 64)},
    {"int6", Format::makeInt(6, 1, 0)},
    {"int4", Format::makeInt(4, 1, 0)},
    {"int4g32", Format::makeInt(4, 1, 32)},
    {"int4g64zero", Format::makeInt(4, 1, 64, FloatKind::F32, ZeroKind::I8)},
    {"int4g128", Format::makeInt(4, 1, 128)},
    {"int3g32", Format::makeInt(3, 1, 32)},
    {"int2g64", Format::makeInt(2, 1, 64)},
    {"int2g16", Format::makeInt(2, 1, 16)},
    {"ternary", Format::makeTernary(1, 0)},
    {"binary", Format::makeBinary(1, 0)},
    {"binaryg64", Format::makeBinary(1, 64)}};

static std::string
testName(const testing::TestParamInfo<ContractTest::ParamType> &info) {
  const Variant &variant = std::get<0>(info.param);
  std::string name = std::string(variant.target) +
                     (variant.emulate ? "Emulated" : "") +
                     std::get<1>(info.param).name;
  llvm::erase_if(name, [](char c) { return !std::isalnum(c); });
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ContractTest,
                         testing::Combine(testing::ValuesIn(variants),
                                          testing::ValuesIn(cases)),
                         testName);
