//===- HugePages.h - Huge pages for a library's constants -------*- C++ -*-===//
//
// Weights stream through the caches once a run, in pages of 4 KiB with a TLB
// miss every 64 lines. In pages of 2 MiB they do not. All of this is a wish: a
// system that has none left, or none for files, goes on with small ones.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_HUGEPAGES_H
#define MIXBIT_RUNTIME_HUGEPAGES_H

#include "runtime/Memory.h"

namespace mixbit::runtime {

constexpr int64_t hugePage = int64_t(2) << 20;
/// Blocks below that are not worth it.
constexpr int64_t leastForHugePages = 2 * hugePage;

/// The whole huge pages inside of [begin, begin + bytes); empty (size 0) if
/// there are none.
struct PageRange {
  char *begin = nullptr;
  int64_t size = 0;
};
PageRange wholeHugePages(const void *begin, int64_t bytes);

/// Asks for huge pages in place. For a mapped file that works where the file
/// system keeps large folios (ext4, xfs, btrfs, tmpfs of recent kernels), for
/// what is not in the page cache yet.
void adviseHugePages(PageRange range);

/// Puts a private copy on anonymous huge pages in the place of `range`, with
/// the protection `protection` (of mmap). False, and nothing is changed, if the
/// system refuses. Nobody may write to the range meanwhile; reading and running
/// what is there goes on.
bool copyToHugePages(PageRange range, int protection);

/// The above for the segments of this library that are never written, as the
/// environment variable MIXBIT_HUGE_PAGES says: `advise` (also if it is not
/// set), `copy` or `off`. Later calls do nothing.
void requestHugePages();

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_HUGEPAGES_H
