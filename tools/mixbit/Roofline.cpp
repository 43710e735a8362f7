//===- Roofline.cpp - What this machine can do at best --------------------===//
//
// The loops are inline assembly: a compiler would fold them away, and only the
// instructions of the target's code are of interest. Each has independent
// chains enough to hide the latencies.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/Roofline.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

using namespace mixbit::tool;
using Clock = std::chrono::steady_clock;

namespace {
/// Runs some products and returns how many.
using Loop = double (*)();
constexpr int kChains = 12;
constexpr long kRepeats = 40000;

#if defined(__x86_64__)
double sseFloats() {
  __m128 sums[kChains] = {}, a = _mm_set1_ps(1.0f), x;
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("movaps %2,%0\n mulps %2,%0\n addps %0,%1"
                       : "=&x"(x), "+x"(sums[i])
                       : "x"(a));
  return double(kRepeats) * kChains * 4;
}
/// Without VNNI, bytes are widened: pairs of 16 bits.
double sseBytes() {
  __m128i sums[kChains] = {}, a = _mm_set1_epi16(3), x;
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("movdqa %2,%0\n pmaddwd %2,%0\n paddd %0,%1"
                       : "=&x"(x), "+x"(sums[i])
                       : "x"(a));
  return double(kRepeats) * kChains * 8;
}
__attribute__((target("avx2,fma"))) double avx2Floats() {
  __m256 sums[kChains] = {}, a = _mm256_set1_ps(1.0f);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("vfmadd231ps %1,%1,%0" : "+x"(sums[i]) : "x"(a));
  return double(kRepeats) * kChains * 8;
}
__attribute__((target("avx2"))) double avx2Bytes() {
  __m256i sums[kChains] = {}, w = _mm256_set1_epi8(3), x;
  __m256i ones = _mm256_set1_epi16(1);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("vpmaddubsw %2,%2,%0\n vpmaddwd %3,%0,%0\n"
                       "vpaddd %0,%1,%1"
                       : "=&x"(x), "+x"(sums[i])
                       : "x"(w), "x"(ones));
  return double(kRepeats) * kChains * 32;
}
__attribute__((target("avx2,avxvnni"))) double avxVnniBytes() {
  __m256i sums[kChains] = {}, w = _mm256_set1_epi8(3);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("%{vex%} vpdpbusd %1,%1,%0" : "+x"(sums[i]) : "x"(w));
  return double(kRepeats) * kChains * 32;
}
__attribute__((target("avx512f"))) double avx512Floats() {
  __m512 sums[kChains] = {}, a = _mm512_set1_ps(1.0f);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("vfmadd231ps %1,%1,%0" : "+v"(sums[i]) : "v"(a));
  return double(kRepeats) * kChains * 16;
}
__attribute__((target("avx512f,avx512vnni"))) double avx512Bytes() {
  __m512i sums[kChains] = {}, w = _mm512_set1_epi8(3);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("vpdpbusd %1,%1,%0" : "+v"(sums[i]) : "v"(w));
  return double(kRepeats) * kChains * 64;
}
#elif defined(__aarch64__)
double neonFloats() {
  float32x4_t sums[kChains] = {}, a = vdupq_n_f32(1.0f);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("fmla %0.4s,%1.4s,%1.4s" : "+w"(sums[i]) : "w"(a));
  return double(kRepeats) * kChains * 4;
}
double neonBytes() {
  int32x4_t sums[kChains] = {};
  int16x4_t a = vdup_n_s16(3);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("smlal %0.4s,%1.4h,%1.4h" : "+w"(sums[i]) : "w"(a));
  return double(kRepeats) * kChains * 4;
}
__attribute__((target("dotprod"))) double dotprodBytes() {
  int32x4_t sums[kChains] = {};
  int8x16_t a = vdupq_n_s8(3);
  for (long r = 0; r < kRepeats; ++r)
    for (int i = 0; i < kChains; ++i)
      __asm__ volatile("sdot %0.4s,%1.16b,%1.16b" : "+w"(sums[i]) : "w"(a));
  return double(kRepeats) * kChains * 16;
}
#endif

struct Loops {
  llvm::StringRef target;
  Loop floats, bytes;
};
#if defined(__x86_64__)
constexpr Loops kLoops[] = {{"x86-64", sseFloats, sseBytes},
                            {"x86-64-v3", avx2Floats, avx2Bytes},
                            {"avxvnni", avx2Floats, avxVnniBytes},
                            {"avx512vnni", avx512Floats, avx512Bytes},
                            {"avx512vpopcntdq", avx512Floats, avx512Bytes},
                            {"avx512bf16", avx512Floats, avx512Bytes}};
#elif defined(__aarch64__)
constexpr Loops kLoops[] = {{"aarch64", neonFloats, neonBytes},
                            {"aarch64-dotprod", neonFloats, dotprodBytes}};
#else
constexpr Loops kLoops[] = {{"", nullptr, nullptr}};
#endif
} // namespace

/// Runs work(thread) on all threads at once; the seconds of the slowest.
template <typename Work>
static double onThreads(int threads, Work work) {
  std::atomic<int> waiting{threads};
  std::vector<double> seconds(threads);
  auto run = [&](int thread) {
    waiting.fetch_sub(1);
    while (waiting.load() > 0)
      std::this_thread::yield();
    auto start = Clock::now();
    work(thread);
    seconds[thread] =
        std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t)
    others.emplace_back(run, t);
  run(0);
  for (std::thread &thread : others)
    thread.join();
  return *std::max_element(seconds.begin(), seconds.end());
}

/// The best of a few tries: other programs disturb some.
static double productsASecond(Loop loop, int threads) {
  if (!loop)
    return 0;
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    double products = 0;
    double seconds = onThreads(threads, [&](int thread) {
      double mine = loop();
      if (thread == 0)
        products = mine * threads;
    });
    best = std::max(best, products / seconds);
  }
  return best;
}

struct alignas(64) Line {
  uint64_t words[8];
};

/// Adds up a word of each line, as four streams, each of which asks for what it
/// reads 4 KB later: what a core waits for is memory.
static uint64_t readLines(const Line *lines, size_t count) {
  constexpr size_t kStreams = 4, kAhead = 64;
  uint64_t sums[kStreams] = {};
  size_t part = count / kStreams;
  for (size_t j = 0; j < part; ++j)
    for (size_t stream = 0; stream < kStreams; ++stream) {
      const Line *line = lines + stream * part + j;
      __builtin_prefetch(line + kAhead, 0, 2);
      sums[stream] += line->words[0];
    }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

static double bytesASecond(int threads) {
  // 256 MB, or twice the last cache where that is more, but at most 1 GB: it
  // takes time to fill.
  size_t bytes = size_t(256) << 20;
#ifdef _SC_LEVEL3_CACHE_SIZE
  bytes = std::clamp(size_t(std::max(sysconf(_SC_LEVEL3_CACHE_SIZE), 0L)) * 2,
                     bytes, bytes * 4);
#endif
  constexpr size_t kHugePage = size_t(2) << 20;
  size_t each = bytes / threads / kHugePage * kHugePage;
  // Huge pages, as the weights of a library lie on where the system gives them.
  auto *block = static_cast<char *>(
      std::aligned_alloc(kHugePage, each * threads + kHugePage));
  if (!block)
    return 0;
#ifdef MADV_HUGEPAGE
  madvise(block, each * threads, MADV_HUGEPAGE);
#endif
  std::memset(block, 1, each * threads + kHugePage);
  std::vector<uint64_t> sums(threads);
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    double seconds = onThreads(threads, [&](int thread) {
      sums[thread] =
          readLines(reinterpret_cast<const Line *>(block + each * thread),
                    each / sizeof(Line));
    });
    best = std::max(best, double(each) * threads / seconds);
  }
  // The sums are used: no compiler may leave out the reads.
  __asm__ volatile("" ::"r"(sums.data()) : "memory");
  std::free(block);
  return best;
}

double Roofline::secondsFor(double bytes, double floats,
                            double integers) const {
  double compute = 0;
  if (floatProducts > 0)
    compute += floats / floatProducts;
  if (integerProducts > 0)
    compute += integers / integerProducts;
  return std::max(compute, bandwidth > 0 ? bytes / bandwidth : 0);
}

Roofline mixbit::tool::measureRoofline(llvm::StringRef target, int threads) {
  threads = std::max(threads, 1);
  Roofline result;
  result.bandwidth = bytesASecond(threads);
  const auto *found = llvm::find_if(
      kLoops, [&](const Loops &loops) { return loops.target == target; });
  if (found == std::end(kLoops))
    return result;
  result.floatProducts = productsASecond(found->floats, threads);
  result.integerProducts = productsASecond(found->bytes, threads);
  return result;
}
