//===- BenchContract.cpp - Speed of generated contractions ----------------===//
//
// BERT-base's contractions on one thread, with the native target's code:
// GMAC/s, and the fraction of what the same instruction sequence does on
// registers alone, measured in the same process.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/KernelHarness.h"

#include "benchmark/benchmark.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace mixbit;

namespace {

/// What a peak counts: products of one instruction sequence. Bits are looked up
/// in tables, or counted where there is vpopcntd.
enum class Peak { Bytes, SmallCodes, Floats, Bits, CountedBits };

#if defined(__x86_64__)
constexpr int chains = 12;
constexpr long repeats = 100000;

__attribute__((target("avx2,fma"))) double runAvx2(Peak peak) {
  __m256i sums[chains];
  for (int i = 0; i < chains; ++i)
    sums[i] = _mm256_set1_epi32(i);
  __m256i w = _mm256_set1_epi8(3), a = _mm256_set1_epi8(5);
  __m256i ones = _mm256_set1_epi16(1);
  // Bytes would be denormal numbers, which cost Intel's cores an assist each.
  if (peak == Peak::Floats)
    w = a = _mm256_castps_si256(_mm256_set1_ps(1));
  for (long r = 0; r < repeats; ++r)
    for (int i = 0; i < chains; ++i) {
      __m256i x;
      if (peak == Peak::Bytes)
        __asm__ volatile("vpsignb %2,%3,%0\n vpmaddubsw %0,%2,%0\n"
                         "vpmaddwd %4,%0,%0\n vpaddd %0,%1,%1"
                         : "=&x"(x), "+x"(sums[i])
                         : "x"(w), "x"(a), "x"(ones));
      else if (peak == Peak::Bits)
        // A nibble of 4 inputs each: 8 products a byte are two of these.
        __asm__ volatile("vpshufb %3,%2,%0\n vpaddb %0,%1,%1"
                         : "=&x"(x), "+x"(sums[i])
                         : "x"(w), "x"(a));
      else if (peak == Peak::SmallCodes)
        __asm__ volatile("vpmaddubsw %3,%2,%0\n vpaddw %0,%1,%1"
                         : "=&x"(x), "+x"(sums[i])
                         : "x"(w), "x"(a));
      else
        __asm__ volatile("vfmadd231ps %1,%2,%0"
                         : "+x"(sums[i])
                         : "x"(w), "x"(a));
    }
  for (int i = 0; i < chains; ++i)
    __asm__ volatile("" ::"x"(sums[i]));
  return double(repeats) * chains *
         (peak == Peak::Floats ? 8
          : peak == Peak::Bits ? 128
                               : 32);
}

__attribute__((target("avx512f,avx512bw,avx512vnni,avx512vpopcntdq"))) double
runAvx512(Peak peak) {
  __m512i sums[chains];
  for (int i = 0; i < chains; ++i)
    sums[i] = _mm512_set1_epi32(i);
  __m512i w = peak == Peak::Floats ? _mm512_castps_si512(_mm512_set1_ps(1))
                                   : _mm512_set1_epi8(3);
  for (long r = 0; r < repeats; ++r)
    for (int i = 0; i < chains; ++i) {
      if (peak == Peak::Floats)
        __asm__ volatile("vfmadd231ps %1,%1,%0" : "+v"(sums[i]) : "v"(w));
      else if (peak == Peak::Bits)
        __asm__ volatile("vpshufb %1,%1,%%zmm31\n vpaddb %%zmm31,%0,%0"
                         : "+v"(sums[i])
                         : "v"(w)
                         : "xmm31");
      else if (peak == Peak::CountedBits)
        __asm__ volatile("vpxord %1,%0,%%zmm31\n vpopcntd %%zmm31,%%zmm31\n"
                         "vpaddd %%zmm31,%0,%0"
                         : "+v"(sums[i])
                         : "v"(w)
                         : "xmm31");
      else
        __asm__ volatile("vpdpbusd %1,%1,%0" : "+v"(sums[i]) : "v"(w));
    }
  for (int i = 0; i < chains; ++i)
    __asm__ volatile("" ::"v"(sums[i]));
  return double(repeats) * chains *
         (peak == Peak::Floats        ? 16
          : peak == Peak::Bits        ? 256
          : peak == Peak::CountedBits ? 512
                                      : 64);
}

/// Products a second of the target's instructions, the best of a few tries.
double peakOf(const Target &target, Peak peak) {
  double best = 0;
  for (int i = 0; i < 10; ++i) {
    auto start = std::chrono::steady_clock::now();
    double products = target.dot == DotIsa::Avx512Vnni ? runAvx512(peak)
                      : target.dot == DotIsa::Avx2     ? runAvx2(peak)
                                                       : 0;
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    best = std::max(best, products / time.count());
  }
  return best;
}
#else
double peakOf(const Target &, Peak) { return 0; }
#endif

void runProblem(benchmark::State &state, Format format, unsigned dataBits,
                int64_t m, int64_t n, int64_t k) {
  auto target = llvm::cantFail(resolveTargets("native")).front();
  auto problem =
      ContractProblem::make(m, n, k, k, format, 1, Density::Dense, dataBits);
  auto kernel = JitKernel::compile(problem.text(), *target, false);
  if (!kernel) {
    state.SkipWithError(llvm::toString(kernel.takeError()).c_str());
    return;
  }
  std::vector<float> out(m * n);
  std::vector<int64_t> args = problem.args(out);
  bool counts = target->features.contains("+avx512vpopcntdq");
  Peak bits = counts ? Peak::CountedBits : Peak::Bits;
  Peak peak = problem.layout.isBitPlanes() ? bits
              : format.isFloat()           ? Peak::Floats
              : format.bits <= 4           ? Peak::SmallCodes
                                           : Peak::Bytes;
  double best = 0, limit = peakOf(*target, peak);
  kernel->run(args);
  for (auto _ : state) {
    auto start = std::chrono::steady_clock::now();
    kernel->run(args);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    best = std::max(best, double(m) * n * k / time.count());
  }
  // Other programs disturb both; the best of each is compared.
  limit = std::max(limit, peakOf(*target, peak));
  if (peak == bits)
    limit /= format.bits; // one product a plane
  state.counters["GMAC/s"] = best * 1e-9;
  if (limit > 0) {
    state.counters["peak"] = limit * 1e-9;
    state.counters["share"] = best / limit;
  }
  state.counters["GB/s"] =
      (problem.packed.size() + 4.0 * problem.packedFloats.size()) * best /
      (double(m) * n * k) * 1e-9;
}

} // namespace

int main(int argc, char **argv) {
  struct Shape {
    int64_t m, n, k;
  };
  const Shape shapes[] = {{128, 768, 768},  {128, 2304, 768}, {128, 3072, 768},
                          {128, 768, 3072}, {16, 768, 768},   {1, 3072, 768}};
  struct Kind {
    const char *name;
    Format format;
    unsigned dataBits = 8;
  };
  const Kind kinds[] = {{"fp32", Format::makeFloat()},
                        {"int8", Format::makeInt(8, 1, 0)},
                        {"int4", Format::makeInt(4, 1, 0)},
                        {"int4g128", Format::makeInt(4, 1, 128)},
                        {"int2g64", Format::makeInt(2, 1, 64)},
                        {"ternary", Format::makeTernary(1, 0)},
                        {"binaryA1", Format::makeBinary(1, 0), 1},
                        {"binaryg128A1", Format::makeBinary(1, 128), 1},
                        {"ternaryA2", Format::makeTernary(1, 0), 2},
                        {"int2A2", Format::makeInt(2, 1, 0), 2}};
  for (const Kind &kind : kinds)
    for (const Shape &shape : shapes) {
      std::string name =
          std::string(kind.name) + "/" + std::to_string(shape.m) + "x" +
          std::to_string(shape.k) + "x" + std::to_string(shape.n);
      benchmark::RegisterBenchmark(
          name.c_str(), [kind, shape](benchmark::State &state) {
            runProblem(state, kind.format, kind.dataBits, shape.m, shape.n,
                       shape.k);
          });
    }
  // How time grows with the rows.
  for (const Kind &kind : kinds)
    for (int64_t m = 1; m <= 40; ++m) {
      std::string name = std::string("rows/") + kind.name + "/" +
                         std::to_string(m) + "x768x768";
      benchmark::RegisterBenchmark(
          name.c_str(), [kind, m](benchmark::State &state) {
            runProblem(state, kind.format, kind.dataBits, m, 768, 768);
          });
    }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
