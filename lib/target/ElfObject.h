//===- ElfObject.h - Relocatable objects that hold data ---------*- C++ -*-===//
//
// Writes ELF objects without relocations: sections of bytes and the symbols at
// their beginnings. The bytes are streamed, so that an object may be larger
// than what one wants in memory.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/target/Architecture.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace mixbit {

class ElfObjectWriter {
public:
  /// Writes at the current end of `os`, which must be its beginning.
  ElfObjectWriter(llvm::raw_pwrite_stream &os, Architecture architecture);

  /// Begins a section; the ones before are complete. `type` and `flags` as in
  /// ELF (SHT_, SHF_). What is written to the stream until the next call is
  /// its contents.
  void beginSection(llvm::StringRef name, uint32_t type, uint64_t flags,
                    uint64_t alignment);
  /// A global symbol at the beginning of the current section.
  void addSymbol(llvm::StringRef name, bool isHidden);
  /// Bytes of the current section so far.
  uint64_t sectionSize() const { return os.tell() - sections.back().offset; }
  /// Writes symbols and headers. Nothing may follow.
  void finish();

private:
  struct Section {
    std::string name;
    uint32_t type;
    uint64_t flags, alignment, offset, size;
    uint32_t link = 0, info = 0;
    uint64_t entrySize = 0;
  };
  struct Symbol {
    std::string name;
    uint16_t section;
    bool isHidden;
  };
  void pad(uint64_t alignment);
  void endSection();

  llvm::raw_pwrite_stream &os;
  Architecture architecture;
  std::vector<Section> sections;
  std::vector<Symbol> symbols;
};

} // namespace mixbit
