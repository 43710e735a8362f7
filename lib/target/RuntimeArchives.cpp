//===- RuntimeArchives.cpp - The runtime, embedded ------------------------===//
#include "lib/target/Architecture.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

extern "C" {
// Of RuntimeArchives.S, which CMake makes. Empty if this build has no runtime
// for the architecture.
extern const char mixbit_runtime_x86_64_begin[];
extern const char mixbit_runtime_x86_64_end[];
extern const char mixbit_runtime_aarch64_begin[];
extern const char mixbit_runtime_aarch64_end[];
}

namespace mixbit {

StringRef architectureName(Architecture architecture) {
  return architecture == Architecture::X86_64 ? "x86_64" : "aarch64";
}

uint16_t elfMachine(Architecture architecture) {
  return architecture == Architecture::X86_64 ? ELF::EM_X86_64
                                              : ELF::EM_AARCH64;
}

Expected<Architecture> architectureOf(const Target &target) {
  switch (Triple(target.triple).getArch()) {
  case Triple::x86_64:
    return Architecture::X86_64;
  case Triple::aarch64:
    return Architecture::AArch64;
  default:
    return createStringError("expected a target that is a CPU, but got '" +
                             target.name + "'");
  }
}

Architecture hostArchitecture() {
#if defined(__x86_64__)
  return Architecture::X86_64;
#elif defined(__aarch64__)
  return Architecture::AArch64;
#else
#error "expected x86-64 or AArch64"
#endif
}

StringRef runtimeArchive(Architecture architecture) {
  if (architecture == Architecture::X86_64)
    return {mixbit_runtime_x86_64_begin,
            size_t(mixbit_runtime_x86_64_end - mixbit_runtime_x86_64_begin)};
  return {mixbit_runtime_aarch64_begin,
          size_t(mixbit_runtime_aarch64_end - mixbit_runtime_aarch64_begin)};
}

} // namespace mixbit
