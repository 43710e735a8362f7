//===- LibraryFile.cpp - Library files, checked before they are loaded ----===//
#include "lib/target/LibraryFile.h"

#include "mixbit/runtime.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/xxhash.h"

#include <cstddef>
#include <cstring>
#include <optional>

using namespace llvm;

namespace mixbit {

namespace {
/// The section's contents: an ELF note named "Mixbit".
struct Note {
  uint32_t nameBytes = 7;
  uint32_t descriptionBytes = 40;
  uint32_t type = 1;
  char name[8] = "Mixbit";
  uint32_t abiVersion = 0;
  uint32_t reserved = 0;
  // As two halves each: the note is aligned to 4 bytes.
  uint32_t fileBytes[2] = {};
  uint32_t hash[2] = {};
  uint32_t metadataOffset[2] = {};
  uint32_t metadataBytes[2] = {};
};
static_assert(sizeof(Note) == 12 + 8 + 40, "no padding");

uint64_t get(const uint32_t (&halves)[2]) {
  return uint64_t(halves[1]) << 32 | halves[0];
}
void set(uint32_t (&halves)[2], uint64_t value) {
  halves[0] = uint32_t(value);
  halves[1] = uint32_t(value >> 32);
}
} // namespace

std::string emptyLibraryNote() {
  Note note;
  return {reinterpret_cast<const char *>(&note), sizeof(note)};
}

/// Reads a T at `offset`, if it is all there.
template <typename T>
static std::optional<T> load(StringRef file, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T))
    return std::nullopt;
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

/// Where the note is; the program headers, at the beginning of the file, say.
static std::optional<uint64_t> findNote(StringRef file,
                                        const ELF::Elf64_Ehdr &header) {
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    auto segment = load<ELF::Elf64_Phdr>(file, header.e_phoff +
                                                   i * sizeof(ELF::Elf64_Phdr));
    if (!segment)
      return std::nullopt;
    if (segment->p_type != ELF::PT_NOTE)
      continue;
    uint64_t offset = segment->p_offset, left = segment->p_filesz;
    while (left >= 12) {
      auto note = load<Note>(file, offset);
      if (note && note->nameBytes == 7 && note->type == 1 &&
          note->descriptionBytes == 40 &&
          std::memcmp(note->name, "Mixbit", 7) == 0)
        return offset;
      auto nameBytes = load<uint32_t>(file, offset);
      auto descriptionBytes = load<uint32_t>(file, offset + 4);
      if (!nameBytes || !descriptionBytes)
        return std::nullopt;
      uint64_t size = 12 + alignTo(uint64_t(*nameBytes), 4) +
                      alignTo(uint64_t(*descriptionBytes), 4);
      if (size > left)
        break;
      offset += size;
      left -= size;
    }
  }
  return std::nullopt;
}

/// Of all bytes but the hash's own, which lies at `hashOffset`.
static uint64_t hashFile(StringRef file, uint64_t hashOffset) {
  auto hash = [](StringRef bytes) {
    return xxh3_64bits(ArrayRef(bytes.bytes_begin(), bytes.bytes_end()));
  };
  uint64_t parts[] = {hash(file.take_front(hashOffset)),
                      hash(file.drop_front(hashOffset + 8))};
  return hash(StringRef(reinterpret_cast<const char *>(parts), sizeof(parts)));
}

static Expected<ELF::Elf64_Ehdr> readHeader(StringRef file, StringRef path) {
  auto header = load<ELF::Elf64_Ehdr>(file, 0);
  if (!file.starts_with(ELF::ElfMagic))
    return createStringError(path + ": expected a library made by `mixbit "
                                    "compile`, but got no ELF file");
  if (!header)
    return createStringError(path + ": expected a whole file, but it is "
                                    "truncated");
  if (header->e_ident[ELF::EI_CLASS] != ELF::ELFCLASS64 ||
      header->e_ident[ELF::EI_DATA] != ELF::ELFDATA2LSB ||
      header->e_type != ELF::ET_DYN ||
      header->e_phentsize != sizeof(ELF::Elf64_Phdr))
    return createStringError(path + ": expected a library made by `mixbit "
                                    "compile`, but got another ELF file");
  return *header;
}

Expected<LibraryInfo> readLibraryFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(
        buffer.getError(),
        path + ": cannot be read: " + buffer.getError().message());
  StringRef file = (*buffer)->getBuffer();
  auto header = readHeader(file, path);
  if (!header)
    return header.takeError();
  std::optional<uint64_t> offset = findNote(file, *header);
  if (!offset)
    return createStringError(path + ": expected a library made by `mixbit "
                                    "compile`, but got another ELF file, or "
                                    "only its beginning");
  Note note = *load<Note>(file, *offset);
  uint64_t size = get(note.fileBytes);
  if (file.size() < size)
    return createStringError(path + ": expected " + Twine(size) +
                             " bytes, but the file is truncated to " +
                             Twine(file.size()));
  if (file.size() > size)
    return createStringError(path + ": expected " + Twine(size) +
                             " bytes, but the file has " + Twine(file.size()) +
                             ": it is damaged");
  if (hashFile(file, *offset + offsetof(Note, hash)) != get(note.hash))
    return createStringError(path + ": expected the bytes that `mixbit "
                                    "compile` wrote, but the file is damaged");
  // What follows was written by stampLibraryFile, as the hash says; but a hash
  // is not a signature.
  uint64_t start = get(note.metadataOffset), bytes = get(note.metadataBytes);
  if (start > size || bytes > size - start)
    return createStringError(path + ": expected metadata inside of the file, "
                                    "but it is damaged");
  LibraryInfo info;
  switch (header->e_machine) {
  case ELF::EM_X86_64:
    info.architecture = Architecture::X86_64;
    break;
  case ELF::EM_AARCH64:
    info.architecture = Architecture::AArch64;
    break;
  default:
    return createStringError(path + ": expected x86_64 or aarch64, but got "
                                    "another architecture");
  }
  info.abiVersion = note.abiVersion;
  info.fileBytes = size;
  info.metadata = file.substr(start, bytes).str();
  return info;
}

Expected<LibraryInfo> verifyLibraryFile(StringRef path) {
  Expected<LibraryInfo> info = readLibraryFile(path);
  if (!info)
    return info;
  if (info->abiVersion != MIXBIT_ABI_VERSION)
    return createStringError(
        path + ": expected ABI version " + Twine(MIXBIT_ABI_VERSION) +
        ", but got " + Twine(info->abiVersion) + ": compile the model again");
  if (info->architecture != hostArchitecture())
    return createStringError(path + ": expected a library for " +
                             architectureName(hostArchitecture()) +
                             ", but got one for " +
                             architectureName(info->architecture));
  return info;
}

/// Offset and size in the file of the metadata's section, without its final 0.
static std::optional<std::pair<uint64_t, uint64_t>>
findMetadata(StringRef file, const ELF::Elf64_Ehdr &header) {
  auto section = [&](uint64_t index) {
    return load<ELF::Elf64_Shdr>(file, header.e_shoff +
                                           index * sizeof(ELF::Elf64_Shdr));
  };
  auto names = section(header.e_shstrndx);
  for (uint16_t i = 0; names && i < header.e_shnum; ++i) {
    auto candidate = section(i);
    if (candidate &&
        file.substr(names->sh_offset + candidate->sh_name,
                    metadataSection.size() + 1) ==
            StringRef(metadataSection.data(), metadataSection.size() + 1) &&
        candidate->sh_size > 0)
      return std::pair(candidate->sh_offset, candidate->sh_size - 1);
  }
  return std::nullopt;
}

Error stampLibraryFile(StringRef path, Architecture architecture,
                       uint32_t abiVersion) {
  auto file = sys::fs::openNativeFileForReadWrite(
      path, sys::fs::CD_OpenExisting, sys::fs::OF_None);
  if (!file)
    return file.takeError();
  sys::fs::file_status status;
  std::error_code code = sys::fs::status(path, status);
  std::optional<sys::fs::mapped_file_region> region;
  if (!code)
    region.emplace(*file, sys::fs::mapped_file_region::readwrite,
                   status.getSize(), 0, code);
  sys::fs::closeFile(*file);
  if (code)
    return createStringError(code,
                             path + ": cannot be read back: " + code.message());

  StringRef bytes(region->const_data(), region->size());
  auto header = readHeader(bytes, path);
  if (!header)
    return header.takeError();
  auto offset = findNote(bytes, *header);
  auto metadata = findMetadata(bytes, *header);
  if (!offset || !metadata || header->e_machine != elfMachine(architecture))
    return createStringError(path + ": expected a note and metadata in what "
                                    "was linked, but there are none");
  Note note;
  note.abiVersion = abiVersion;
  set(note.fileBytes, bytes.size());
  set(note.metadataOffset, metadata->first);
  set(note.metadataBytes, metadata->second);
  std::memcpy(region->data() + *offset, &note, sizeof(note));
  set(note.hash, hashFile(bytes, *offset + offsetof(Note, hash)));
  std::memcpy(region->data() + *offset, &note, sizeof(note));
  return Error::success();
}

} // namespace mixbit
