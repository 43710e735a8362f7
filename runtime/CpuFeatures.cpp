//===- CpuFeatures.cpp - What this CPU can run ------------------*- C++ -*-===//
//
// A feature counts only if the operating system saves its registers, and only
// if the CPU has all that the compiler takes for granted with it (see
// lib/target/Targets.cpp).
//
//===----------------------------------------------------------------------===//
#include "runtime/CpuFeatures.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

using namespace mixbit::runtime;

#if defined(__x86_64__)

static uint64_t xgetbv0() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

/// Linux gives the tile registers only to processes that ask.
static bool requestTiles() {
  constexpr long archReqXcompPerm = 0x1023, xtileData = 18;
  return syscall(SYS_arch_prctl, archReqXcompPerm, xtileData) == 0;
}

/// Whether `value` has all of these bits set.
template <typename... Bits>
static bool bits(uint32_t value, Bits... bit) {
  return ((value >> bit & 1) & ...);
}

uint64_t mixbit::runtime::detectCpuFeatures(uint64_t wanted) {
  uint32_t a, b, c, d, b7 = 0, c7 = 0, d7 = 0, a71 = 0, cExt = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  uint32_t c1 = c;
  if (__get_cpuid_count(7, 0, &a, &b7, &c7, &d7) && a >= 1) {
    uint32_t unused[3];
    __get_cpuid_count(7, 1, &a71, &unused[0], &unused[1], &unused[2]);
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    cExt = c;
  if (!bits(c1, 27)) // OSXSAVE
    return 0;
  uint64_t saved = xgetbv0();
  uint64_t result = 0;
  // fma, sse4.1, sse4.2, movbe, popcnt, avx, f16c; bmi1, avx2, bmi2; lzcnt.
  bool avx2 = (saved & 0x6) == 0x6 && bits(c1, 12, 19, 20, 22, 23, 28, 29) &&
              bits(b7, 3, 5, 8) && bits(cExt, 5);
  if (!avx2)
    return 0;
  result |= MXB_AVX2_FMA;
  if (bits(a71, 4))
    result |= MXB_AVX_VNNI;
  // f, dq, cd, bw, vl, and the state of zmm and mask registers.
  if ((saved & 0xe6) == 0xe6 && bits(b7, 16, 17, 28, 30, 31)) {
    result |= MXB_AVX512;
    if (bits(c7, 11))
      result |= MXB_AVX512_VNNI;
    if (bits(c7, 1))
      result |= MXB_AVX512_VBMI;
    if (bits(c7, 14))
      result |= MXB_AVX512_VPOPCNTDQ;
    if (bits(a71, 5))
      result |= MXB_AVX512_BF16;
    constexpr uint64_t tiles = MXB_AMX_INT8 | MXB_AMX_BF16;
    if ((saved & 0x60000) == 0x60000 && bits(d7, 24) && (wanted & tiles) &&
        requestTiles())
      result |=
          (bits(d7, 25) ? MXB_AMX_INT8 : 0) | (bits(d7, 22) ? MXB_AMX_BF16 : 0);
  }
  return result;
}

#elif defined(__aarch64__)

uint64_t mixbit::runtime::detectCpuFeatures(uint64_t) {
  uint64_t result = 0;
  if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
    result |= MXB_NEON_DOTPROD;
  if (getauxval(AT_HWCAP2) & HWCAP2_I8MM)
    result |= MXB_NEON_I8MM;
  return result;
}

#else
#error "expected x86-64 or AArch64"
#endif

uint64_t mixbit::runtime::wantedFeatures(const mxb_library &library) {
  uint64_t result = 0;
  for (int32_t i = 0; i < library.num_variants; ++i)
    result |= library.variants[i].features;
  return result;
}

const mxb_variant *mixbit::runtime::chooseVariant(const mxb_library &library,
                                                  uint64_t features,
                                                  const char *forced) {
  for (int32_t i = 0; i < library.num_variants; ++i) {
    const mxb_variant &variant = library.variants[i];
    if ((variant.features & ~features) == 0 &&
        (!forced || !*forced || strcmp(forced, variant.target) == 0))
      return &variant;
  }
  return nullptr;
}
