//===- HugePages.cpp - Huge pages for a library's constants -----*- C++ -*-===//
#include "runtime/HugePages.h"

#include "runtime/Atomic.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace mixbit::runtime;

// Where the linker puts the file's headers, which segments are found by.
extern "C" __attribute__((visibility("hidden"))) const Elf64_Ehdr __ehdr_start;

PageRange mixbit::runtime::wholeHugePages(const void *begin, int64_t bytes) {
  uintptr_t start = reinterpret_cast<uintptr_t>(begin);
  uintptr_t from = (start + hugePage - 1) & -uintptr_t(hugePage);
  uintptr_t to = (start + bytes) & -uintptr_t(hugePage);
  if (bytes < 0 || from >= to)
    return {};
  return {reinterpret_cast<char *>(from), int64_t(to - from)};
}

void mixbit::runtime::adviseHugePages(PageRange range) {
  if (range.size)
    madvise(range.begin, range.size, MADV_HUGEPAGE); // Only a hint: may fail.
}

bool mixbit::runtime::copyToHugePages(PageRange range, int protection) {
  if (!range.size)
    return false;
  // With room to start at a multiple of a huge page.
  int64_t mapped = range.size + hugePage;
  void *memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  PageRange copy = wholeHugePages(memory, mapped);
  copy.size = range.size;
  // Without huge pages a copy would only cost memory.
  bool isDone = madvise(copy.begin, copy.size, MADV_HUGEPAGE) == 0;
  if (isDone) {
    memcpy(copy.begin, range.begin, range.size);
    isDone =
        mprotect(copy.begin, copy.size, protection) == 0 &&
        mremap(copy.begin, copy.size, copy.size, MREMAP_MAYMOVE | MREMAP_FIXED,
               range.begin) == static_cast<void *>(range.begin);
  }
  if (!isDone) {
    munmap(memory, mapped);
    return false;
  }
  // What is left around the place that the copy was moved from.
  int64_t before = copy.begin - static_cast<char *>(memory);
  if (before)
    munmap(memory, before);
  munmap(copy.begin + copy.size, hugePage - before);
  return true;
}

void mixbit::runtime::requestHugePages() {
  static AtomicWord isDone;
  if (isDone.exchange(1))
    return;
  const char *mode = getenv("MIXBIT_HUGE_PAGES");
  if (mode && strcmp(mode, "off") == 0)
    return;
  bool wantsCopy = mode && strcmp(mode, "copy") == 0;
  const char *file = reinterpret_cast<const char *>(&__ehdr_start);
  auto *headers =
      reinterpret_cast<const Elf64_Phdr *>(file + __ehdr_start.e_phoff);
  // Libraries start at address 0, programs may start elsewhere.
  int64_t start = 0;
  for (int i = 0; i < __ehdr_start.e_phnum; ++i)
    if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0)
      start = headers[i].p_vaddr;
  for (int i = 0; i < __ehdr_start.e_phnum; ++i) {
    const Elf64_Phdr &segment = headers[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) ||
        int64_t(segment.p_memsz) < leastForHugePages)
      continue;
    PageRange range = wholeHugePages(file + (int64_t(segment.p_vaddr) - start),
                                     segment.p_memsz);
    int protection = (segment.p_flags & PF_R ? PROT_READ : 0) |
                     (segment.p_flags & PF_X ? PROT_EXEC : 0);
    if (!wantsCopy || !copyToHugePages(range, protection))
      adviseHugePages(range);
  }
}
