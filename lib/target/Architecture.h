//===- Architecture.h - CPUs that libraries are made for --------*- C++ -*-===//
#pragma once

#include "lib/target/Targets.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace mixbit {

/// One library holds code for one of these.
enum class Architecture { X86_64, AArch64 };

/// "x86_64" or "aarch64".
llvm::StringRef architectureName(Architecture architecture);
/// ELF's e_machine.
uint16_t elfMachine(Architecture architecture);
/// Fails for GPUs.
llvm::Expected<Architecture> architectureOf(const Target &target);
/// Of this process.
Architecture hostArchitecture();

/// The runtime as an archive of object files, embedded into the compiler.
/// Empty if this build has none for the architecture.
llvm::StringRef runtimeArchive(Architecture architecture);

} // namespace mixbit
