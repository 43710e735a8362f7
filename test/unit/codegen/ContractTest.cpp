//===- ContractTest.cpp - Contractions against the scalar reference -------===//
//
// Every target whose tiles this machine can run, on its instructions or
// emulated, over ragged sizes. Integer sums are exact, so what differs is one
// rounding: the reference adds in the same order.
//
//===----------------------------------------------------------------------===//
#include "lib/quant/Halves.h"
#include "test/unit/codegen/KernelHarness.h"

#include "test/unit/codegen/AmxEmulator.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
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
  Density density = Density::Dense;
};

class ContractTest : public testing::TestWithParam<std::tuple<Variant, Case>> {
};

void expectNear(const std::vector<float> &got,
                const std::vector<float> &expected, int64_t n, float relative,
                const std::string &what) {
  for (size_t i = 0; i < got.size(); ++i) {
    float bound = relative * (1 + std::fabs(expected[i]));
    ASSERT_NEAR(got[i], expected[i], bound)
        << what << " at row " << i / n << ", output " << i % n;
  }
}

/// Whether the target rounds the data of such weights to bf16.
bool roundsData(const Format &format, const Target &target) {
  return target.hasBf16Products && format.isFloat() && format.bits == 16 &&
         format.scale == FloatKind::BF16;
}

/// The reference's result, of the data as the target multiplies it.
std::vector<float> referenceFor(ContractProblem problem, const Target &target) {
  if (roundsData(problem.format, target))
    for (float &value : problem.floatData)
      value = roundToFloat(value, FloatKind::BF16);
  return problem.reference();
}

} // namespace

/// Compiling a kernel takes a second or two. What this machine runs natively at
/// its best is tested in full; of the other variants, which share the
/// generator, one format of each kind at the most ragged size.
/// MIXBIT_ALL_KERNELS=1 tests everything.
static bool isTestedInFull(const Variant &variant) {
  return getenv("MIXBIT_ALL_KERNELS") ||
         (!variant.emulate && llvm::StringRef(variant.target) != "x86-64");
}

static bool isRepresentative(const Case &kind) {
  return llvm::is_contained({"fp32", "fp16", "bf16", "int8", "int8zero", "int7",
                             "int5g32", "int4g128", "int3g32", "int2g64",
                             "ternary", "ternaryg64", "binaryg64"},
                            llvm::StringRef(kind.name));
}

TEST_P(ContractTest, MatchesReference) {
  auto [variant, kind] = GetParam();
  const Target *target = findTarget(variant.target);
  ASSERT_TRUE(target);
  if (!isTestedInFull(variant) && !isRepresentative(kind))
    GTEST_SKIP() << "only with MIXBIT_ALL_KERNELS=1";
  if (!variant.emulate && !runsHere(*target))
    GTEST_SKIP() << "this machine does not run " << variant.target;
  const int64_t allRows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 31};
  struct Size {
    int64_t n, k, ka;
  };
  // Rows as wide as the inputs, or padded to whole blocks.
  std::vector<Size> sizes = {{12, 60, 60}, {100, 100, 128}, {64, 384, 384}};
  if (llvm::StringRef("int8") == kind.name ||
      llvm::StringRef("fp32") == kind.name ||
      llvm::StringRef("bf16") == kind.name)
    sizes.insert(sizes.end(), {{1, 5, 5}, {17, 4, 64}, {130, 64, 64}});
  // Lines left over of fives: 64 inputs leave 1, 128 leave 2, 192 leave 3.
  if (kind.format.kind == FormatKind::Ternary)
    sizes.insert(sizes.end(), {{33, 192, 192}, {16, 320, 320}});
  // Several periods of groups and bytes.
  if (kind.format.kind == FormatKind::Ternary && kind.format.groupCols)
    sizes.push_back({16, 1280, 1280});
  if (!isTestedInFull(variant))
    sizes = {{100, 100, 128}};
  if (roundsData(kind.format, *target))
    sizes.push_back({17, 5, 5}); // an odd number of inputs, and few
  for (const Size &size : sizes) {
    int64_t group = kind.format.groupCols;
    // Groups cannot be larger than what there is.
    Format format = kind.format;
    if (group > size.k)
      format.groupCols = 0;
    auto first = ContractProblem::make(1, size.n, size.k, size.ka, format, 7,
                                       kind.density);
    auto kernel = JitKernel::compile(first.text(), *target, variant.emulate);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    std::vector<int64_t> rows(std::begin(allRows), std::end(allRows));
    if (size.n == 100 || size.n == 64)
      rows.push_back(size.n == 100 ? 128 : 300);
    for (int64_t m : rows) {
      auto problem = ContractProblem::make(m, size.n, size.k, size.ka, format,
                                           7 + m, kind.density);
      // A guard behind the result must stay as it is.
      std::vector<float> out(m * size.n + 64, -12345.0f);
      kernel->run(problem.args(out), m > 4 ? 3 : 1);
      for (size_t i = m * size.n; i < out.size(); ++i)
        ASSERT_EQ(out[i], -12345.0f) << "written beyond the end";
      out.resize(m * size.n);
      float relative = format.isFloat() ? 2e-5f : 1e-6f;
      expectNear(out, referenceFor(problem, *target), size.n, relative,
                 "m " + std::to_string(m) + " n " + std::to_string(size.n) +
                     " k " + std::to_string(size.k) + " ka " +
                     std::to_string(size.ka));
      if (HasFatalFailure())
        return;
    }
  }
}

/// Data of -128, which the tricks of targets without VNNI have no room for,
/// next to the most negative weights.
TEST(ContractFullRange, MatchesReference) {
  for (Variant variant :
       {Variant{"x86-64-v3", false}, {"x86-64", false}, {"avx512vnni", true}})
    for (const Format &format :
         {Format::makeInt(8, 1, 0),
          Format::makeInt(8, 1, 64, FloatKind::F32, ZeroKind::I8),
          Format::makeInt(4, 1, 32), Format::makeTernary(1, 0)}) {
      const Target *target = findTarget(variant.target);
      if (!variant.emulate && !runsHere(*target))
        continue;
      const int64_t n = 70, k = 128;
      auto make = [&](int64_t m) {
        auto problem = ContractProblem::make(m, n, k, k, format, 5 + m);
        problem.reachFullRange();
        return problem;
      };
      auto kernel =
          JitKernel::compile(make(1).text(), *target, variant.emulate);
      ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
      for (int64_t m : {1, 3, 13}) {
        auto problem = make(m);
        std::vector<float> out(m * n);
        kernel->run(problem.args(out), 1);
        expectNear(out, problem.reference(), n, 1e-6f,
                   std::string(variant.target) + " " + describeFormat(format));
        if (HasFatalFailure())
          return;
      }
    }
}

/// All that tiles distinguish: whole and ragged strips, more and fewer than 16
/// rows left, both halves of a panel, stored and expanded codes, copied rows.
TEST(ContractAmx, MatchesReference) {
  const Target *target = findTarget("amx");
  const bool isEmulated = !runsHere(*target);
  if (isEmulated && !emulateAmx())
    GTEST_SKIP() << "tiles are emulated on x86-64 only";
  struct Problem {
    Format format;
    int64_t n, k, ka;
  };
  const Problem problems[] = {
      {Format::makeInt(8, 1, 0), 130, 192, 192},
      {Format::makeInt(8, 1, 0), 20, 100, 100},
      {Format::makeInt(8, 1, 64, FloatKind::F32, ZeroKind::I8), 64, 256, 256},
      {Format::makeInt(4, 1, 128), 100, 320, 320},
      {Format::makeBinary(1, 64), 70, 128, 160},
      {Format::makeTernary(1, 0), 48, 200, 256},
      {makeFloatFormat(FloatKind::BF16), 130, 96, 96},
      {makeFloatFormat(FloatKind::BF16), 20, 77, 80}};
  for (const Problem &kind : problems) {
    auto first =
        ContractProblem::make(1, kind.n, kind.k, kind.ka, kind.format, 7);
    auto kernel = JitKernel::compile(first.text(), *target, isEmulated);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    for (int64_t m : {1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 128, 129, 150}) {
      auto problem = ContractProblem::make(m, kind.n, kind.k, kind.ka,
                                           kind.format, 11 + m);
      std::vector<float> out(m * kind.n + 64, -12345.0f);
      long before = numEmulatedProducts();
      kernel->run(problem.args(out), m > 16 ? 3 : 1);
      if (isEmulated) {
        EXPECT_EQ(numEmulatedProducts() > before, m > 1) << m;
      }
      EXPECT_FALSE(areTilesConfigured());
      for (size_t i = m * kind.n; i < out.size(); ++i)
        ASSERT_EQ(out[i], -12345.0f) << "written beyond the end";
      out.resize(m * kind.n);
      expectNear(out, referenceFor(problem, *target), kind.n,
                 kind.format.isFloat() ? 2e-5f : 1e-6f,
                 "m " + std::to_string(m) + " n " + std::to_string(kind.n) +
                     " k " + std::to_string(kind.k));
      if (HasFatalFailure())
        return;
    }
  }
}

/// docs/Contractions.md: at most 2^-9 of the sum of |a * w|, beside what f32
/// rounds.
TEST(ContractBf16, DataIsRoundedWithinTheBound) {
  const Target *target = findTarget("avx512bf16");
  const int64_t m = 13, n = 40, k = 200;
  auto problem =
      ContractProblem::make(m, n, k, k, makeFloatFormat(FloatKind::BF16), 3);
  auto kernel = JitKernel::compile(problem.text(), *target, !runsHere(*target));
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  std::vector<float> out(m * n);
  kernel->run(problem.args(out));
  std::vector<float> exact = problem.reference();
  double largest = 0;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double size = 0;
      for (int64_t c = 0; c < k; ++c)
        size += std::fabs(double(problem.floatData[i * k + c]) *
                          problem.floatWeights[j * k + c]);
      double error = std::fabs(out[i * n + j] - exact[i * n + j]);
      EXPECT_LE(error, size / 512 + 1e-5) << "row " << i << ", output " << j;
      largest = std::max(largest, error);
    }
  EXPECT_GT(largest, 0); // The data is rounded indeed.
}

/// A row alone of ternary weights at the largest sums, where the products of
/// remainders end (32768 inputs) and above, and random ones around them.
TEST(ContractTrits, RowsOfManyInputs) {
  struct Row {
    Variant variant;
    int64_t k;
  };
  const Row rows[] = {{{"x86-64-v3", false}, 32768},
                      {{"avxvnni", true}, 32768},
                      {{"avxvnni", true}, 32832},
                      {{"avx512vnni", true}, 32768}};
  for (const auto &[variant, k] : rows) {
    const Target *target = findTarget(variant.target);
    if (!variant.emulate && !runsHere(*target))
      continue;
    const int64_t n = 20;
    auto problem =
        ContractProblem::make(1, n, k, k, Format::makeTernary(1, 0), 7);
    auto kernel = JitKernel::compile(problem.text(), *target, variant.emulate);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    std::string name =
        std::string(variant.target) + ", k " + std::to_string(k) + ", ";
    auto check = [&](const std::string &what) {
      std::vector<float> out(n);
      kernel->run(problem.args(out));
      expectNear(out, problem.reference(), n, 1e-6f, name + what);
    };
    check("random");
    for (uint8_t code : {0, 1, 2}) {
      llvm::fill(problem.weights.codes, code);
      llvm::fill(problem.packed, 0);
      packCodes(problem.weights, problem.layout, problem.packed);
      for (int8_t value : {127, -127}) {
        llvm::fill(problem.data.codes, value);
        llvm::fill(problem.rows, value);
        check("codes " + std::to_string(code) + " times " +
              std::to_string(value));
      }
    }
  }
}

static const Variant variants[] = {
    {"x86-64", false},        {"x86-64-v3", false},  {"x86-64-v3", true},
    {"avxvnni", false},       {"avxvnni", true},     {"avx512vnni", false},
    {"avx512vnni", true},     {"avx512bf16", false}, {"avx512bf16", true},
    {"aarch64-dotprod", true}};

static const Case cases[] = {
    {"fp32", Format::makeFloat()},
    {"fp16", makeFloatFormat(FloatKind::F16)},
    {"bf16", makeFloatFormat(FloatKind::BF16)},
    {"int8", Format::makeInt(8, 1, 0)},
    {"int8zero", Format::makeInt(8, 1, 0, FloatKind::F32, ZeroKind::I8)},
    {"int8g64", Format::makeInt(8, 1, 64)},
    {"int7", Format::makeInt(7, 1, 0)},
    {"int6", Format::makeInt(6, 1, 0)},
    {"int6g64zero", Format::makeInt(6, 1, 64, FloatKind::F16, ZeroKind::I8)},
    {"int5g32", Format::makeInt(5, 1, 32, FloatKind::BF16)},
    {"int4", Format::makeInt(4, 1, 0)},
    {"int4g32", Format::makeInt(4, 1, 32)},
    {"int4g64zero", Format::makeInt(4, 1, 64, FloatKind::F32, ZeroKind::I8)},
    {"int4g128", Format::makeInt(4, 1, 128, FloatKind::F16)},
    {"int3", Format::makeInt(3, 1, 0, FloatKind::F16)},
    {"int3g32", Format::makeInt(3, 1, 32, FloatKind::F16)},
    {"int2g64", Format::makeInt(2, 1, 64)},
    {"int4g96", Format::makeInt(4, 1, 96, FloatKind::F16)},
    {"int3g160zero", Format::makeInt(3, 1, 160, FloatKind::F16, ZeroKind::I8)},
    {"int4rows6", Format::makeInt(4, 6, 0, FloatKind::F16)},
    {"int3tile", Format::makeInt(3, 16, 64, FloatKind::F16)},
    {"ternaryg96", Format::makeTernary(1, 96, FloatKind::F16)},
    {"int2g16", Format::makeInt(2, 1, 16)},
    {"int2g64zero", Format::makeInt(2, 1, 64, FloatKind::F16, ZeroKind::I8)},
    {"ternary", Format::makeTernary(1, 0)},
    {"ternaryg64", Format::makeTernary(1, 64, FloatKind::F16)},
    {"ternaryPlanes", Format::makeTernary(1, 64), Density::Planes},
    {"int3Planes", Format::makeInt(3, 1, 32), Density::Planes},
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

//===----------------------------------------------------------------------===//
// AArch64, cross-compiled and run by QEMU
//===----------------------------------------------------------------------===//

static void writeFile(const std::string &path, const std::string &text) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  ASSERT_FALSE(error) << error.message();
  os << text;
}

class ContractQemuTest : public testing::TestWithParam<const char *> {};

TEST_P(ContractQemuTest, MatchesReference) {
  const std::string sysroot = "/usr/aarch64-linux-gnu";
  if (std::system("qemu-aarch64 --version >/dev/null 2>&1") != 0 ||
      std::system("clang-22 --version >/dev/null 2>&1") != 0 ||
      !llvm::sys::fs::exists(sysroot + "/lib/libc.so.6"))
    GTEST_SKIP() << "needs qemu-aarch64, clang-22 and a C library for AArch64";
  const Target *target = findTarget(GetParam());
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("contract", folder));
  std::string path(folder);

  std::string kernels;
  std::string source = "#include <stdint.h>\n#include <stdio.h>\n"
                       "#include <string.h>\n#include <math.h>\n"
                       "struct extent { int64_t size, bytes; };\n"
                       "static char scratch[1 << 20] "
                       "__attribute__((aligned(64)));\n";
  std::string body;
  int number = 0;
  struct Size {
    int64_t m, n, k, ka;
  };
  for (const Case &kind : cases) {
    // One of each kind: QEMU and the cross compiler take their time.
    if (!llvm::is_contained({"fp32", "fp16", "bf16", "int8", "int7", "int5g32",
                             "int4g32", "int4g64zero", "int3g32", "ternary",
                             "ternaryg64", "binaryg64"},
                            llvm::StringRef(kind.name)))
      continue;
    for (const Size &size : {Size{1, 12, 60, 60}, Size{13, 100, 100, 128},
                             Size{5, 64, 192, 192}}) {
      Format format = kind.format;
      if (format.groupCols > size.k)
        format.groupCols = 0;
      auto problem = ContractProblem::make(size.m, size.n, size.k, size.ka,
                                           format, 3 + number);
      std::string name = "k" + std::to_string(number++);
      kernels += problem.text("", name);
      source += problem.cSource(name);
      source += "void " + name + "(int64_t *, int64_t, int64_t, void *);\n" +
                "struct extent " + name + "_extent(int64_t *) __asm__(\"" +
                name + ".extent\");\n";
      body += "  " + name + "_fill(args); e = " + name +
              "_extent(args); if (e.bytes > (int64_t)sizeof(scratch)) return "
              "2;\n  " +
              name + "(args, 0, e.size, scratch);\n  bad |= check(\"" +
              kind.name + "\", " + name + "_out, " + name + "_expected, " +
              std::to_string(size.m * size.n) + ");\n";
    }
  }
  source += "static int check(const char *what, void *got, void *want, int n) "
            "{\n  float *g = got, *w = want;\n"
            "  for (int i = 0; i < n; ++i)\n"
            "    if (!(fabsf(g[i] - w[i]) <= 2e-5f * (1 + fabsf(w[i])))) {\n"
            "      printf(\"%s: %d: expected %g, but got %g\\n\", what, i, "
            "w[i], g[i]);\n      return 1;\n    }\n  return 0;\n}\n"
            "int main(void) {\n  int64_t args[32]; struct extent e; int bad = "
            "0;\n" +
            body + "  return bad;\n}\n";
  auto assembly = compileToAssembly(kernels, *target);
  ASSERT_TRUE(bool(assembly)) << llvm::toString(assembly.takeError());
  writeFile(path + "/kernels.s", *assembly);
  writeFile(path + "/main.c", source);
  std::string compile = "cd " + path +
                        " && clang-22 --target=aarch64-linux-gnu "
                        "-march=armv8.2-a+dotprod+i8mm -O1 "
                        "-fuse-ld=lld-22 -fPIE -pie -isystem " +
                        sysroot + "/include -B" + sysroot + "/lib -L" +
                        sysroot + "/lib -nostartfiles " + sysroot +
                        "/lib/Scrt1.o " + sysroot +
                        "/lib/crti.o -nodefaultlibs main.c kernels.s -lc -lm " +
                        sysroot + "/lib/crtn.o -o program";
  ASSERT_EQ(std::system(compile.c_str()), 0) << compile;
  EXPECT_EQ(std::system(("qemu-aarch64 -cpu max -L " + sysroot + " " + path +
                         "/program")
                            .c_str()),
            0);
  llvm::sys::fs::remove_directories(path);
}

INSTANTIATE_TEST_SUITE_P(All, ContractQemuTest,
                         testing::Values("aarch64-i8mm", "aarch64-dotprod",
                                         "aarch64"),
                         [](const auto &info) {
                           std::string name = info.param;
                           llvm::erase_if(
                               name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });
