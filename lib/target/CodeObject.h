//===- CodeObject.h - LLVM IR to machine code -------------------*- C++ -*-===//
#pragma once

#include "lib/target/Targets.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mixbit {

enum class CodeFileType {
  Object,  ///< a relocatable ELF file; not for GPUs
  Assembly ///< text; PTX for GPUs
};

/// Position-independent, optimizing. Fails if this LLVM lacks the target.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const Target &target);

/// Gives the module the target's triple and data layout. To be called before
/// anything depends on the layout.
llvm::Error setTarget(llvm::Module &module, const Target &target);

/// LLVM's O3 pipeline for this target.
llvm::Error optimizeModule(llvm::Module &module, const Target &target);

/// Machine code of a module, which is changed on the way. LLVM ends the process
/// when asked for an instruction that the target has not, so intrinsics are
/// compared with its features first. The same module gives the same bytes.
llvm::Error emitCode(llvm::Module &module, const Target &target,
                     CodeFileType kind, llvm::SmallVectorImpl<char> &code);

} // namespace mixbit
