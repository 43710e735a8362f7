//===- ContractStripsTest.cpp - Threads share a contraction evenly --------===//
#include "test/unit/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace mixbit;

namespace {

/// What each of `parts` threads writes of m x 384 outputs: all of them together
/// everything once, none much more than another, however many rows there are.
void checkParts(const JitKernel &kernel, const Format &format, int64_t m,
                int parts, unsigned dataBits) {
  constexpr int64_t n = 384, k = 64;
  auto problem =
      ContractProblem::make(m, n, k, k, format, 1, Density::Dense, dataBits);
  std::vector<int> writers(m * n, 0);
  for (int part = 0; part < parts; ++part) {
    std::vector<float> out(m * n, std::numeric_limits<float>::quiet_NaN());
    kernel.runPart(problem.args(out), part, parts);
    int64_t written = 0;
    for (int64_t i = 0; i < m * n; ++i)
      if (!std::isnan(out[i])) {
        ++writers[i];
        ++written;
      }
    EXPECT_LE(double(written), 1.02 * double(m * n) / parts)
        << m << " rows, part " << part << " of " << parts;
  }
  for (int count : writers)
    ASSERT_EQ(count, 1) << m << " rows in " << parts << " parts";
}

TEST(ContractStrips, ThreadsShareEvenly) {
  auto targets = resolveTargets("native");
  ASSERT_TRUE(bool(targets));
  // Integer products, and counted bits, which have a driver of their own.
  for (unsigned dataBits : {8u, 2u}) {
    Format format = Format::makeInt(dataBits == 8 ? 8 : 2, 1, 0);
    auto problem = ContractProblem::make(1, 384, 64, 64, format, 1,
                                         Density::Dense, dataBits);
    auto kernel = JitKernel::compile(problem.text(), *targets->front(), false);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    for (int64_t m : {1, 64, 132, 133, 150, 264, 265, 500})
      for (int parts : {2, 3, 6})
        checkParts(*kernel, format, m, parts, dataBits);
  }
}

} // namespace
