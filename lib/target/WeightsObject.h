//===- WeightsObject.h - The weights as an object file ----------*- C++ -*-===//
//
// Streams weights into an object file with one read-only section, whose
// beginning is the hidden symbol `mixbit_weights`. Nothing is kept in memory:
// what was written may be dropped by the caller at once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/target/ElfObject.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>

namespace mixbit {

/// What generated code refers to.
constexpr llvm::StringLiteral weightsSymbol = "mixbit_weights";
constexpr llvm::StringLiteral weightsSection = ".mixbit.weights";
/// Of the section; offsets aligned to less are as aligned in memory.
constexpr uint64_t weightsAlignment = 4096;

class WeightsObject {
public:
  /// A new file, or what is there is overwritten. The caller removes it.
  static llvm::Expected<std::unique_ptr<WeightsObject>>
  create(llvm::StringRef path, Architecture architecture);
  ~WeightsObject();

  /// Offsets are not below the end of what was written before; gaps are zeros.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<char> bytes);
  /// Completes the file; a full disk shows here at the latest.
  llvm::Error finish();

private:
  WeightsObject(llvm::StringRef path, std::unique_ptr<llvm::raw_fd_ostream> os,
                Architecture architecture);
  llvm::Error check();

  std::string path;
  std::unique_ptr<llvm::raw_fd_ostream> os;
  ElfObjectWriter writer;
  bool isClosed = false;
};

} // namespace mixbit
