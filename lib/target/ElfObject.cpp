//===- ElfObject.cpp - Relocatable objects that hold data -----------------===//
#include "lib/target/ElfObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/Endian.h"

#include <cassert>
#include <cstring>

using namespace llvm;

namespace mixbit {

static_assert(llvm::endianness::native == llvm::endianness::little,
              "ELF structures are written as they are in memory");

template <typename T>
static StringRef bytesOf(const T &value) {
  return {reinterpret_cast<const char *>(&value), sizeof(T)};
}

ElfObjectWriter::ElfObjectWriter(raw_pwrite_stream &os,
                                 Architecture architecture)
    : os(os), architecture(architecture) {
  assert(os.tell() == 0 && "expected an empty stream");
  os.write_zeros(sizeof(ELF::Elf64_Ehdr)); // Written by finish.
}

void ElfObjectWriter::pad(uint64_t alignment) {
  os.write_zeros(offsetToAlignment(os.tell(), Align(alignment)));
}

void ElfObjectWriter::endSection() {
  if (!sections.empty())
    sections.back().size = sectionSize();
}

void ElfObjectWriter::beginSection(StringRef name, uint32_t type,
                                   uint64_t flags, uint64_t alignment) {
  endSection();
  pad(alignment);
  sections.push_back({name.str(), type, flags, alignment, os.tell(), 0});
}

void ElfObjectWriter::addSymbol(StringRef name, bool isHidden) {
  // Section 0 of the file is the null section.
  symbols.push_back({name.str(), uint16_t(sections.size()), isHidden});
}

void ElfObjectWriter::finish() {
  // A stack that is not executable is what this empty section asks for.
  beginSection(".note.GNU-stack", ELF::SHT_PROGBITS, 0, 1);
  beginSection(".symtab", ELF::SHT_SYMTAB, 0, 8);
  std::string names(1, '\0');
  os.write_zeros(sizeof(ELF::Elf64_Sym));
  for (const Symbol &symbol : symbols) {
    ELF::Elf64_Sym entry = {};
    entry.st_name = names.size();
    entry.setBindingAndType(ELF::STB_GLOBAL, ELF::STT_NOTYPE);
    entry.st_other = symbol.isHidden ? ELF::STV_HIDDEN : ELF::STV_DEFAULT;
    entry.st_shndx = symbol.section;
    names += symbol.name + '\0';
    os << bytesOf(entry);
  }
  sections.back().link = sections.size() + 1; // .strtab
  sections.back().info = 1;                   // the first that is not local
  sections.back().entrySize = sizeof(ELF::Elf64_Sym);
  beginSection(".strtab", ELF::SHT_STRTAB, 0, 1);
  os << names;

  beginSection(".shstrtab", ELF::SHT_STRTAB, 0, 1);
  std::string sectionNames(1, '\0');
  std::vector<uint32_t> nameOffsets;
  for (const Section &section : sections) {
    nameOffsets.push_back(sectionNames.size());
    sectionNames += section.name + '\0';
  }
  os << sectionNames;
  endSection();

  pad(8);
  uint64_t headers = os.tell();
  os.write_zeros(sizeof(ELF::Elf64_Shdr));
  for (auto [section, name] : zip(sections, nameOffsets)) {
    ELF::Elf64_Shdr header = {};
    header.sh_name = name;
    header.sh_type = section.type;
    header.sh_flags = section.flags;
    header.sh_offset = section.offset;
    header.sh_size = section.size;
    header.sh_link = section.link;
    header.sh_info = section.info;
    header.sh_addralign = section.alignment;
    header.sh_entsize = section.entrySize;
    os << bytesOf(header);
  }

  ELF::Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = elfMachine(architecture);
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = headers;
  header.e_ehsize = sizeof(header);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = sections.size() + 1;
  header.e_shstrndx = sections.size();
  os.pwrite(reinterpret_cast<const char *>(&header), sizeof(header), 0);
}

} // namespace mixbit
