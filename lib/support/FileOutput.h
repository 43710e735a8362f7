//===- FileOutput.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// An output file is written beside its place under a temporary name and then
// renamed. Whatever ends the writing (an error, a full disk, a signal), no
// half of a file is left behind, and an older file stays as it was.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>

namespace mixbit {

class FileOutput {
public:
  /// Starts to write what will be `path`. What is there and is no regular file
  /// (such as /dev/stdout) is written directly.
  static llvm::Expected<std::unique_ptr<FileOutput>>
  create(llvm::StringRef path, bool isExecutable = false);

  /// Removes the temporary file unless it was kept.
  ~FileOutput();

  llvm::raw_ostream &os() { return *stream; }
  /// Where the temporary file is, for a program that writes it itself.
  const std::string &temporaryPath() const { return temporary; }

  /// Checks that everything was written, and renames. The error names `path`.
  llvm::Error keep();

private:
  FileOutput(std::string path, std::string temporary,
             std::unique_ptr<llvm::raw_fd_ostream> stream)
      : path(std::move(path)), temporary(std::move(temporary)),
        stream(std::move(stream)) {}

  std::string path;
  std::string temporary; ///< empty: written directly, or already kept
  std::unique_ptr<llvm::raw_fd_ostream> stream;
  bool isClosed = false;
};

} // namespace mixbit
