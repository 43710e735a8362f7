//===- Segments.h - Several formats inside of one matrix --------*- C++ -*-===//
//
// The rows (outputs) of a weight in segments, one below the other, each with a
// format of its own: heads, blocks of rows, rows ordered by sensitivity. Each
// segment is stored as a matrix of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace mixbit {

/// Rows of a matrix in one format.
struct Segment {
  int64_t rows = 0;
  Format format;

  bool operator==(const Segment &other) const {
    return rows == other.rows && format == other.format;
  }
};
using Segments = llvm::SmallVector<Segment, 1>;

/// Segments as the command line has them, before the rows of a matrix are
/// known: in the order of rows, each of so many rows, of a share of them, or of
/// what the others leave.
struct SegmentRule {
  struct Part {
    Format format;
    std::optional<int64_t> rows;
    std::optional<double> percent;
  };
  llvm::SmallVector<Part, 1> parts;

  bool isUniform() const { return parts.size() == 1; }
  /// Whether nothing of it is quantized.
  bool isFloat() const {
    return llvm::all_of(parts,
                        [](const Part &part) { return part.format.isFloat(); });
  }
};

/// Parses FORMAT[@ROWS|@PERCENT%] joined by '+', such as "int8@64+int4" or
/// "int8@10%+int4:1x64@40%+ternary". FORMAT, `group` and `scale` are those of
/// parseFormat. Exactly one part has no '@'; it takes the rows that are left.
llvm::Expected<SegmentRule> parseSegments(llvm::StringRef text,
                                          llvm::StringRef group = "",
                                          llvm::StringRef scale = "");

/// The segments of a matrix of `rows` rows, neighbours of one format made one.
/// Shares are rounded to whole panels of kPanelRows, and may come to none.
/// Fails where the parts ask for more rows than there are.
llvm::Expected<Segments> segmentsOf(const SegmentRule &rule, int64_t rows);

/// Rows that kernels pad a segment to: a panel of the packed layout.
inline constexpr int64_t kPanelRows = 64;

/// The extents of at most `count` segments of `rows` rows, as even as multiples
/// of `unit` allow, the last one with what is left over.
llvm::SmallVector<int64_t> splitRows(int64_t rows, int64_t count,
                                     int64_t unit = kPanelRows);

/// Neighbours of one format made one, unless a group of rows would then reach
/// across the seam.
Segments mergeSegments(llvm::ArrayRef<Segment> segments);

/// "int8", "int8@64+int4@320": names without groups, for tables.
std::string segmentsName(llvm::ArrayRef<Segment> segments);

/// What the segments take in a library, each padded to whole panels, as the
/// weight of a linear.
uint64_t storedSegmentBytes(llvm::ArrayRef<Segment> segments, int64_t cols,
                            Density density = Density::Dense,
                            unsigned dataBits = 8);

/// Rows [first, first + rows) of a matrix.
FloatMatrix rowsOf(const FloatMatrix &matrix, int64_t first, int64_t rows);

} // namespace mixbit
