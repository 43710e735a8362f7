//===- Loader.h - A library, checked and loaded -----------------*- C++ -*-===//
#pragma once

#include "lib/target/LibraryFile.h"
#include "mixbit/runtime.h"

#include <memory>

namespace mixbit {

class LoadedLibrary {
public:
  /// Checks the file (see verifyLibraryFile) and loads it. Errors begin with
  /// the path.
  static llvm::Expected<std::unique_ptr<LoadedLibrary>>
  load(llvm::StringRef path);
  /// No context may be left.
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary &) = delete;
  LoadedLibrary &operator=(const LoadedLibrary &) = delete;

  const mixbit_api &api() const { return *table; }
  const LibraryInfo &info() const { return description; }
  const std::string &path() const { return file; }

private:
  LoadedLibrary() = default;
  void *handle = nullptr;
  const mixbit_api *table = nullptr;
  LibraryInfo description;
  std::string file;
};

} // namespace mixbit
