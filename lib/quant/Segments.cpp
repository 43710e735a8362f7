//===- Segments.cpp - Several formats inside of one matrix ----------------===//
#include "lib/quant/Segments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mixbit {

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// The rows of one part: "64", "25%".
static Error parseExtent(StringRef text, SegmentRule::Part &part) {
  StringRef digits = text;
  if (digits.consume_back("%")) {
    double percent;
    if (!digits.getAsDouble(percent) && percent > 0 && percent < 100) {
      part.percent = percent;
      return Error::success();
    }
  } else {
    int64_t rows;
    if (!digits.getAsInteger(10, rows) && rows > 0) {
      part.rows = rows;
      return Error::success();
    }
  }
  return makeError("expected rows such as 64 or 25% behind '@', but got '" +
                   text + "'");
}

Expected<SegmentRule> parseSegments(StringRef text, StringRef group,
                                    StringRef scale) {
  SegmentRule rule;
  SmallVector<StringRef> parts;
  text.split(parts, '+');
  int rest = 0;
  double percent = 0;
  for (StringRef part : parts) {
    auto [name, extent] = part.split('@');
    auto format = parseFormat(name, group, scale);
    if (!format)
      return format.takeError();
    SegmentRule::Part &parsed = rule.parts.emplace_back();
    parsed.format = *format;
    if (!part.contains('@')) {
      ++rest;
      continue;
    }
    if (Error error = parseExtent(extent, parsed))
      return std::move(error);
    percent += parsed.percent.value_or(0);
  }
  if (rest != 1)
    return makeError("expected one format without '@' for the rows that are "
                     "left, but got " +
                     Twine(rest) + " in '" + text + "'");
  if (percent >= 100)
    return makeError("expected shares of less than 100% in all, but got '" +
                     text + "'");
  return rule;
}

Expected<Segments> segmentsOf(const SegmentRule &rule, int64_t rows) {
  Segments segments;
  int64_t left = rows;
  for (const SegmentRule::Part &part : rule.parts) {
    int64_t extent = part.rows.value_or(0);
    if (part.percent)
      extent = int64_t(std::round(double(rows) * *part.percent / 100 /
                                  double(kPanelRows))) *
               kPanelRows;
    // Shares fit but for their rounding.
    if (part.percent)
      extent = std::min(extent, std::max<int64_t>(left, 0));
    left -= extent;
    segments.push_back({extent, part.format});
  }
  if (left < 0)
    return makeError("expected segments of " + Twine(rows) +
                     " rows at most, but got " + Twine(rows - left));
  for (auto [segment, part] : zip_equal(segments, rule.parts))
    if (!part.rows && !part.percent)
      segment.rows = left;
  llvm::erase_if(segments,
                 [](const Segment &segment) { return segment.rows == 0; });
  return mergeSegments(segments);
}

SmallVector<int64_t> splitRows(int64_t rows, int64_t count, int64_t unit) {
  int64_t units = rows / unit;
  count = std::clamp<int64_t>(count, 1, std::max<int64_t>(units, 1));
  SmallVector<int64_t> extents;
  int64_t done = 0;
  for (int64_t i = 1; i <= count; ++i) {
    int64_t end = i == count ? rows : units * i / count * unit;
    extents.push_back(end - done);
    done = end;
  }
  return extents;
}

Segments mergeSegments(ArrayRef<Segment> segments) {
  Segments merged;
  for (const Segment &segment : segments) {
    bool joins = !merged.empty() && merged.back().format == segment.format;
    if (joins && !segment.format.isFloat()) {
      int64_t groupRows = segment.format.groupRows;
      joins = groupRows != 0 && merged.back().rows % groupRows == 0;
    }
    if (joins)
      merged.back().rows += segment.rows;
    else
      merged.push_back(segment);
  }
  return merged;
}

std::string segmentsName(ArrayRef<Segment> segments) {
  if (segments.size() == 1)
    return formatName(segments.front().format);
  return join(map_range(segments,
                        [](const Segment &segment) {
                          return formatName(segment.format) + "@" +
                                 std::to_string(segment.rows);
                        }),
              "+");
}

uint64_t storedSegmentBytes(ArrayRef<Segment> segments, int64_t cols,
                            Density density, unsigned dataBits) {
  uint64_t bytes = 0;
  for (const Segment &segment : segments)
    bytes = SaturatingAdd(bytes, storedLinearBytes(segment.format, segment.rows,
                                                   cols, density, dataBits));
  return bytes;
}

FloatMatrix rowsOf(const FloatMatrix &matrix, int64_t first, int64_t rows) {
  return {static_cast<const char *>(matrix.data) +
              first * matrix.cols * floatBytes(matrix.kind),
          matrix.kind, rows, matrix.cols};
}

} // namespace mixbit
