//===- BenchDecode.cpp - Matrix times vector against memory's bandwidth ---===//
//
// One row times matrices of 4096 x 4096, 32 or as many as take twice the last
// cache, with the native target's code: GB/s of weights and scales, and the
// share of what plain loads of as many bytes reach in the same process, in
// turns with the kernels. Threads take a range of the panels each, as the
// runtime splits them.
//
//===----------------------------------------------------------------------===//
#include "test/unit/codegen/KernelHarness.h"

#include "benchmark/benchmark.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace mixbit;

namespace {

constexpr int64_t kSize = 4096, kLeastMatrices = 32;

/// How many matrices of `bytes` no cache holds.
int64_t matricesOf(size_t bytes) {
  int64_t cache = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
  cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  return std::max<int64_t>(kLeastMatrices, 2 * cache / int64_t(bytes) + 1);
}

/// Bytes at a multiple of 2 MiB, on huge pages where the system gives them.
class Memory {
public:
  explicit Memory(size_t bytes) {
    size_t page = size_t(2) << 20;
    size = (bytes + page - 1) / page * page;
    data = static_cast<char *>(std::aligned_alloc(page, size));
    madvise(data, size, MADV_HUGEPAGE);
    std::memset(data, 1, size);
  }
  ~Memory() { std::free(data); }
  char *data;
  size_t size;
};

#if defined(__x86_64__)
__attribute__((target("avx2"))) void readAll(const char *data, size_t size) {
  __m256i sums[4] = {};
  // Four streams, as many as there are columns of a tile.
  size_t part = size / 4 / 128 * 128;
  for (size_t i = 0; i < part; i += 128)
    for (int stream = 0; stream < 4; ++stream) {
      const char *at = data + stream * part + i;
      _mm_prefetch(at + 1024, _MM_HINT_T0);
      _mm_prefetch(at + 1088, _MM_HINT_T0);
      for (int j = 0; j < 128; j += 32)
        sums[stream] = _mm256_xor_si256(
            sums[stream],
            _mm256_load_si256(reinterpret_cast<const __m256i *>(at + j)));
    }
  for (__m256i &sum : sums)
    __asm__ volatile("" ::"x"(sum));
}
#else
void readAll(const char *data, size_t size) {
  uint64_t sums[4] = {};
  const uint64_t *words = reinterpret_cast<const uint64_t *>(data);
  for (size_t i = 0; i + 4 <= size / 8; i += 4)
    for (int j = 0; j < 4; ++j)
      sums[j] ^= words[i + j];
  benchmark::DoNotOptimize(sums);
}
#endif

/// Runs `work(thread)` on each thread and returns the seconds it took.
template <typename Work>
double timed(int threads, Work work) {
  auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread)
    others.emplace_back(work, thread);
  work(0);
  for (std::thread &other : others)
    other.join();
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return time.count();
}

void decode(benchmark::State &state, Format format, unsigned dataBits,
            int threads) {
  auto target = llvm::cantFail(resolveTargets("native")).front();
  auto problem = ContractProblem::make(1, kSize, kSize, kSize, format, 1,
                                       Density::Dense, dataBits);
  auto kernel = JitKernel::compile(problem.text(), *target, false);
  if (!kernel) {
    state.SkipWithError(llvm::toString(kernel.takeError()).c_str());
    return;
  }
  std::vector<float> out(kSize);
  std::vector<int64_t> args = problem.args(out);
  const char *weights =
      format.isFloat() ? reinterpret_cast<char *>(problem.packedFloats.data())
                       : reinterpret_cast<char *>(problem.packed.data());
  size_t bytes = format.isFloat() ? problem.packedFloats.size() * 4
                                  : problem.packed.size();
  size_t scaleBytes = problem.scales.size() * sizeof(problem.scales[0]);
  size_t stride = bytes + scaleBytes;
  const int64_t matrices = matricesOf(stride);
  Memory memory(stride * matrices);
  std::vector<std::vector<int64_t>> launches;
  for (int64_t i = 0; i < matrices; ++i) {
    char *place = memory.data + i * stride;
    std::memcpy(place, weights, bytes);
    std::memcpy(place + bytes, problem.scales.data(), scaleBytes);
    std::vector<int64_t> words = args;
    for (int64_t &word : words) {
      if (word == int64_t(reinterpret_cast<intptr_t>(weights)))
        word = reinterpret_cast<intptr_t>(place);
      else if (word ==
               int64_t(reinterpret_cast<intptr_t>(problem.scales.data())))
        word = reinterpret_cast<intptr_t>(place + bytes);
    }
    launches.push_back(words);
  }
  double best = 1e30, bestRead = 1e30;
  size_t total = stride * matrices;
  for (auto _ : state) {
    bestRead = std::min(bestRead, timed(threads, [&](int thread) {
                          size_t part = total / threads / 4096 * 4096;
                          readAll(memory.data + thread * part, part);
                        }));
    best = std::min(best, timed(threads, [&](int thread) {
                      for (const std::vector<int64_t> &words : launches)
                        kernel->runPart(words, thread, threads);
                    }));
  }
  state.counters["GB/s"] = total / best * 1e-9;
  state.counters["read GB/s"] = total / bestRead * 1e-9;
  state.counters["share"] = bestRead / best;
  state.counters["Gweight/s"] = double(matrices) * kSize * kSize / best * 1e-9;
}

} // namespace

int main(int argc, char **argv) {
  struct Kind {
    const char *name;
    Format format;
    unsigned dataBits = 8;
  };
  const Kind kinds[] = {{"int8", Format::makeInt(8, 1, 0)},
                        {"int4g128", Format::makeInt(4, 1, 128)},
                        {"int4g32", Format::makeInt(4, 1, 32)},
                        {"int2g64", Format::makeInt(2, 1, 64)},
                        {"ternary", Format::makeTernary(1, 0)},
                        {"binaryA1", Format::makeBinary(1, 0), 1}};
  for (int threads : {1, 2})
    for (const Kind &kind : kinds) {
      std::string name =
          std::string(kind.name) + "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [kind, threads](benchmark::State &state) {
                                     decode(state, kind.format, kind.dataBits,
                                            threads);
                                   })
          ->Unit(benchmark::kMillisecond)
          ->Iterations(10);
    }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
