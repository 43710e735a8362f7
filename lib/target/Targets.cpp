//===- Targets.cpp - The table of targets, and `native` -------------------===//
#include "lib/target/Targets.h"

#include "runtime/CpuFeatures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace mixbit {

static constexpr StringLiteral x86Triple = "x86_64-unknown-linux-gnu";
static constexpr StringLiteral armTriple = "aarch64-unknown-linux-gnu";
static constexpr StringLiteral gpuTriple = "nvptx64-nvidia-cuda";

// Every feature that generated code relies on is spelled out: the CPU's name
// only schedules, and some hosts are named wrongly.
static constexpr StringLiteral avx2Features =
    "+avx2,+avx,+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe,+popcnt,+sse4.2,+ssse3,"
    "+cx16,+sahf";
// 512-bit vectors are what the tiles are made for, also where LLVM prefers
// 256 bits by default.
#define MIXBIT_AVX512                                                          \
  "+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512cd,+avx512vnni,+avx2,+avx,"   \
  "+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe,+popcnt,+sse4.2,+ssse3,+cx16,+sahf,"    \
  "-prefer-256-bit"
static constexpr StringLiteral avx512Features = MIXBIT_AVX512;
// Ice Lake, Zen 4: bits of words are counted.
static constexpr StringLiteral avx512PopcntFeatures =
    MIXBIT_AVX512 ",+avx512vpopcntdq";
// Zen 4, Sapphire Rapids: pairs of bf16 are multiplied.
static constexpr StringLiteral avx512Bf16Features =
    MIXBIT_AVX512 ",+avx512vpopcntdq,+avx512bf16";
// AMX beside it: tile registers for many rows, vectors for the rest.
static constexpr StringLiteral amxFeatures =
    MIXBIT_AVX512 ",+avx512vpopcntdq,+avx512bf16,+amx-tile,+amx-int8,"
                  "+amx-bf16";
#undef MIXBIT_AVX512

// What avx512vnni has in 512 bits, in 256: CPUs without AVX-512.
static constexpr StringLiteral avxVnniFeatures =
    "+avxvnni,+avx2,+avx,+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe,+popcnt,+sse4.2,"
    "+ssse3,+cx16,+sahf";

static constexpr uint64_t avx512Bits =
    MXB_AVX2_FMA | MXB_AVX512 | MXB_AVX512_VNNI;

static const Target table[] = {
    {"amx", x86Triple, "x86-64-v4", amxFeatures,
     avx512Bits | MXB_AVX512_VPOPCNTDQ | MXB_AVX512_BF16 | MXB_AMX_INT8 |
         MXB_AMX_BF16,
     DotIsa::Avx512Vnni, 512, 32, /*hasTiles=*/true, /*hasBf16Products=*/true},
    {"avx512bf16", x86Triple, "x86-64-v4", avx512Bf16Features,
     avx512Bits | MXB_AVX512_VPOPCNTDQ | MXB_AVX512_BF16, DotIsa::Avx512Vnni,
     512, 32, /*hasTiles=*/false, /*hasBf16Products=*/true},
    {"avx512vpopcntdq", x86Triple, "x86-64-v4", avx512PopcntFeatures,
     avx512Bits | MXB_AVX512_VPOPCNTDQ, DotIsa::Avx512Vnni, 512, 32},
    {"avx512vnni", x86Triple, "x86-64-v4", avx512Features, avx512Bits,
     DotIsa::Avx512Vnni, 512, 32},
    {"avxvnni", x86Triple, "x86-64-v3", avxVnniFeatures,
     MXB_AVX2_FMA | MXB_AVX_VNNI, DotIsa::AvxVnni, 256, 16},
    {"x86-64-v3", x86Triple, "x86-64-v3", avx2Features, MXB_AVX2_FMA,
     DotIsa::Avx2, 256, 16},
    {"x86-64", x86Triple, "x86-64", "", 0, DotIsa::Generic, 128, 16},
    {"aarch64-i8mm", armTriple, "generic", "+neon,+dotprod,+i8mm",
     MXB_NEON_DOTPROD | MXB_NEON_I8MM, DotIsa::NeonI8mm, 128, 32},
    {"aarch64-dotprod", armTriple, "generic", "+neon,+dotprod",
     MXB_NEON_DOTPROD, DotIsa::NeonDot, 128, 32},
    {"aarch64", armTriple, "generic", "+neon", 0, DotIsa::Generic, 128, 32},
    {"sm_90", gpuTriple, "sm_90", "+ptx78", 0, DotIsa::Nvptx, 32, 64},
    {"sm_80", gpuTriple, "sm_80", "+ptx70", 0, DotIsa::Nvptx, 32, 64},
};

ArrayRef<Target> allTargets() { return table; }

const Target *findTarget(StringRef name) {
  for (const Target &target : table)
    if (target.name == name)
      return &target;
  return nullptr;
}

bool runsHere(const Target &target) {
#if defined(__x86_64__)
  StringRef triple = x86Triple;
#elif defined(__aarch64__)
  StringRef triple = armTriple;
#else
  StringRef triple;
#endif
  return target.triple == triple &&
         (target.runtimeFeatures & ~runtime::detectCpuFeatures()) == 0;
}

/// The first row that the host can run, as a library would choose it: by
/// features, since names of CPUs mislead, and by what the system grants.
static const Target *nativeTarget() {
  for (const Target &target : table)
    if (runsHere(target))
      return &target;
  return nullptr;
}

Expected<SmallVector<const Target *>> resolveTargets(StringRef list) {
  SmallVector<StringRef> names;
  list.split(names, ',');
  SmallVector<const Target *> result;
  for (StringRef name : names) {
    name = name.trim();
    const Target *target = name == "native" ? nativeTarget() : findTarget(name);
    if (!target) {
      std::string known = join(
          map_range(table, [](const Target &row) { return row.name.str(); }),
          ", ");
      if (name == "native")
        return createStringError("expected --target to name a target, because "
                                 "none fits this machine: " +
                                 known);
      return createStringError("expected a target of native, " + known +
                               ", but got '" + name + "'");
    }
    if (!result.empty() && result.front()->triple != target->triple)
      return createStringError("expected targets of one architecture, but got "
                               "'" +
                               result.front()->name + "' and '" + target->name +
                               "'");
    if (!is_contained(result, target))
      result.push_back(target);
  }
  // Rows of the table stand in order of preference.
  sort(result);
  return result;
}

int64_t dotCodeOffset(DotIsa dot, int64_t maxCode) {
  switch (dot) {
  case DotIsa::Avx2:    // vpsignb wants signed codes
  case DotIsa::NeonDot: // sdot too
  case DotIsa::Nvptx:   // and dp4a.s32.s32, which spares the row sums
    return maxCode > 127 ? 128 : 0;
  case DotIsa::Avx512Vnni:
  case DotIsa::AvxVnni:
  case DotIsa::NeonI8mm: // usmmla and usdot take unsigned codes
  case DotIsa::Generic:
    return 0;
  }
  llvm_unreachable("unknown dot");
}

} // namespace mixbit
