//===- LibraryFile.h - Library files, checked before they are loaded ------===//
//
// The dynamic linker trusts what it loads: a truncated library ends the process
// with SIGBUS. So every library carries a note, near its beginning, with its
// ABI version, its size and a hash of its bytes, and is checked against it
// first. The note also says where the metadata is, so that a library can be
// described without being loaded, on a machine that could not run it, too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/target/Architecture.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace mixbit {

struct LibraryInfo {
  Architecture architecture;
  uint32_t abiVersion;
  uint64_t fileBytes;
  std::string metadata; ///< JSON
};

/// Checks all but the architecture and the ABI version, which are in the
/// result. Errors begin with the path and tell apart what is no ELF file, not
/// made by Mixbit, truncated, or damaged.
llvm::Expected<LibraryInfo> readLibraryFile(llvm::StringRef path);

/// As readLibraryFile; fails also if this process cannot load the library.
llvm::Expected<LibraryInfo> verifyLibraryFile(llvm::StringRef path);

//===----------------------------------------------------------------------===//
// For Link.cpp
//===----------------------------------------------------------------------===//

constexpr llvm::StringLiteral noteSection = ".note.mixbit";
constexpr llvm::StringLiteral metadataSection = ".mixbit.meta";
/// The metadata's first byte; it ends with a 0.
constexpr llvm::StringLiteral metadataSymbol = "mixbit_metadata";

/// The contents of the note's section, to be filled by stampLibraryFile.
std::string emptyLibraryNote();

/// Fills the note of a library that was just linked, for `abiVersion`.
llvm::Error stampLibraryFile(llvm::StringRef path, Architecture architecture,
                             uint32_t abiVersion);

} // namespace mixbit
