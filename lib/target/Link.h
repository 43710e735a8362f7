//===- Link.h - Objects, runtime and weights to one library -----*- C++ -*-===//
#pragma once

#include "lib/target/Architecture.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>
#include <vector>

namespace mixbit {

struct LinkInputs {
  Architecture architecture = Architecture::X86_64;
  /// Relocatable ELF files in memory; together they define mixbit_library.
  std::vector<llvm::StringRef> objects;
  /// A file written by WeightsObject; empty if there are no weights.
  std::string weightsObject;
  /// JSON. Generated code can refer to it as the hidden symbol
  /// `mixbit_metadata`, a string that ends with a 0.
  llvm::StringRef metadata;
  /// DT_SONAME; the file's name if empty.
  std::string soname;
};

/// Links a shared library that exports mixbit_get_api alone and needs nothing
/// but libc, libm and libpthread. LLD runs inside of this process, no tool and
/// no system library is needed, for another architecture neither. A symbol that
/// these three do not have is an error. Same inputs, same bytes. The file
/// appears at `outputPath` whole or not at all.
llvm::Error linkLibrary(const LinkInputs &inputs, llvm::StringRef outputPath);

/// Merges relocatable files of one architecture into one, in memory.
llvm::Error mergeObjects(Architecture architecture,
                         llvm::ArrayRef<llvm::StringRef> objects,
                         llvm::SmallVectorImpl<char> &merged);

} // namespace mixbit
