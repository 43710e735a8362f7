//===- Grid.cpp - Float weights that already lie on a grid ----------------===//
#include "lib/quant/Grid.h"
#include "lib/quant/Codes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

namespace {
/// The largest |k|: that of eight bits with a zero point at one end.
constexpr int kMaxSteps = 255;
constexpr int64_t kWeightsPerScale = 8;

/// What a group needs, once its scale is known.
struct GroupGrid {
  float scale = 0; ///< 0 for a group of zeros
  int below = 0;   ///< the largest k of negative weights, as a magnitude
  int above = 0;   ///< the largest k of positive weights
  int64_t zeros = 0, nonZeros = 0;
};

/// The magnitudes in a group, each once.
class Magnitudes {
public:
  /// False once there are more than a grid has.
  bool add(float value) {
    // The neighbours in a row are often equal on small grids.
    auto at = llvm::lower_bound(sorted, value);
    if (at != sorted.end() && *at == value)
      return true;
    if (sorted.size() == kMaxSteps)
      return false;
    sorted.insert(at, value);
    return true;
  }
  ArrayRef<float> values() const { return sorted; }

private:
  SmallVector<float, kMaxSteps> sorted;
};
} // namespace

/// Whether each magnitude is a multiple of `scale`, rounded to float.
static bool isMultiple(ArrayRef<float> magnitudes, float scale) {
  for (float magnitude : magnitudes)
    if (scale * std::nearbyint(magnitude / scale) != magnitude)
      return false;
  return true;
}

/// The scale of which the magnitudes are the smallest multiples; 0 for none.
static float findScale(ArrayRef<float> magnitudes) {
  float largest = magnitudes.back();
  for (int steps = 1; steps <= kMaxSteps; ++steps) {
    float middle = largest / steps;
    if (!std::isnormal(middle))
      return 0;
    float candidates[7] = {middle};
    float up = middle, down = middle;
    for (int i = 1; i != 7; i += 2) {
      candidates[i] = up = std::nextafter(up, INFINITY);
      candidates[i + 1] = down = std::nextafter(down, 0.0f);
    }
    for (float candidate : candidates)
      if (std::isnormal(candidate) && isMultiple(magnitudes, candidate))
        return candidate;
  }
  return 0;
}

/// Calls `visit` for each weight of a group, until it says false.
template <typename Visit>
static bool forGroup(const FloatMatrix &weights, const Format &format,
                     int64_t row, int64_t col, Visit visit) {
  int64_t rows = std::min(weights.rows, row + format.rowsOfGroup(weights.rows));
  int64_t cols = std::min(weights.cols, col + format.colsOfGroup(weights.cols));
  for (int64_t r = row; r != rows; ++r)
    for (int64_t c = col; c != cols; ++c)
      if (!visit(weights.at(r, c), r, c))
        return false;
  return true;
}

/// The grid of the group that begins at `row`, `col`; none if it is on none.
static std::optional<GroupGrid> gridOfGroup(const FloatMatrix &weights,
                                            const Format &format, int64_t row,
                                            int64_t col) {
  Magnitudes magnitudes;
  GroupGrid grid;
  float least = 0, most = 0;
  bool isSmall =
      forGroup(weights, format, row, col, [&](float value, int64_t, int64_t) {
        if (value == 0) {
          ++grid.zeros;
          return true;
        }
        ++grid.nonZeros;
        least = std::min(least, value);
        most = std::max(most, value);
        return std::isfinite(value) && magnitudes.add(std::fabs(value));
      });
  if (!isSmall)
    return std::nullopt;
  if (grid.nonZeros == 0)
    return grid;
  grid.scale = findScale(magnitudes.values());
  if (grid.scale == 0)
    return std::nullopt;
  grid.below = int(std::nearbyint(-least / grid.scale));
  grid.above = int(std::nearbyint(most / grid.scale));
  // The codes reach one further below zero: the scale may be negative.
  if (grid.above > grid.below) {
    std::swap(grid.below, grid.above);
    grid.scale = -grid.scale;
  }
  return grid;
}

/// Whether the codes of `format` hold the group.
static bool holds(const Format &format, const GroupGrid &grid) {
  if (grid.nonZeros == 0)
    return true;
  if (format.hasZero())
    return grid.below + grid.above < 1 << format.bits;
  switch (format.kind) {
  case FormatKind::Binary:
    return grid.below == 1 && grid.zeros == 0;
  case FormatKind::Ternary:
    return grid.below == 1;
  default:
    return grid.below <= 1 << (format.bits - 1) &&
           grid.above < 1 << (format.bits - 1);
  }
}

/// The smallest format with this one's groups that holds all of them.
static std::optional<Format> formatOf(const FloatMatrix &weights,
                                      const Format &groups, bool withZeros) {
  bool isBinary = true, isTernary = true;
  // Of symmetric codes, and of codes with zero points; 9 for too many.
  unsigned bits = 1, zeroBits = withZeros ? 1 : 9;
  int64_t nonZeros = 0;
  for (int64_t row = 0; row < weights.rows;
       row += groups.rowsOfGroup(weights.rows))
    for (int64_t col = 0; col < weights.cols;
         col += groups.colsOfGroup(weights.cols)) {
      auto grid = gridOfGroup(weights, groups, row, col);
      if (!grid)
        return std::nullopt;
      nonZeros += grid->nonZeros;
      isBinary &= holds(Format::makeBinary(1, 0), *grid);
      isTernary &= holds(Format::makeTernary(1, 0), *grid);
      while (bits <= 8 && !holds(Format::makeInt(bits, 1, 0), *grid))
        ++bits;
      while (zeroBits <= 8 && grid->below + grid->above >= 1 << zeroBits)
        ++zeroBits;
      if (bits > 8 && zeroBits > 8)
        return std::nullopt;
    }
  if (nonZeros <
      kWeightsPerScale * groups.numGroups(weights.rows, weights.cols))
    return std::nullopt;
  Format format = groups;
  if (isBinary)
    return Format::makeBinary(groups.groupRows, groups.groupCols);
  if (isTernary && bits > 1)
    return Format::makeTernary(groups.groupRows, groups.groupCols);
  format.bits = bits;
  Format shifted = groups;
  shifted.bits = zeroBits;
  shifted.zero = ZeroKind::I8;
  bool isShifted =
      bits > 8 ||
      (zeroBits <= 8 && shifted.bitsPerWeight(weights.rows, weights.cols) <
                            format.bitsPerWeight(weights.rows, weights.cols));
  return isShifted ? shifted : format;
}

std::optional<Format> detectGrid(const FloatMatrix &weights, bool withZeros) {
  std::optional<Format> best;
  for (auto [rows, cols] : {std::pair(0, 0), std::pair(1, 0), std::pair(1, 128),
                            std::pair(1, 64), std::pair(1, 32)}) {
    if (cols != 0 && cols >= weights.cols)
      continue;
    auto found = formatOf(weights, Format::makeInt(8, rows, cols), withZeros);
    if (found && (!best || found->bitsPerWeight(weights.rows, weights.cols) <
                               best->bitsPerWeight(weights.rows, weights.cols)))
      best = found;
  }
  return best;
}

Expected<QuantizedMatrix> fitGrid(const FloatMatrix &weights,
                                  const Format &format) {
  QuantizedMatrix result;
  result.format = format;
  result.rows = weights.rows;
  result.cols = weights.cols;
  std::vector<uint8_t> codes(weights.rows * weights.cols);
  for (int64_t row = 0; row < weights.rows;
       row += format.rowsOfGroup(weights.rows))
    for (int64_t col = 0; col < weights.cols;
         col += format.colsOfGroup(weights.cols)) {
      auto grid = gridOfGroup(weights, format, row, col);
      if (!grid || !holds(format, *grid))
        return createStringError(inconvertibleErrorCode(),
                                 "expected weights on a grid of " +
                                     describeFormat(format) +
                                     ", but the group at row " + Twine(row) +
                                     ", column " + Twine(col) + " is on none");
      // The sign that training used, unless the codes need the other.
      GroupGrid natural = *grid;
      natural.scale = std::fabs(grid->scale);
      if (grid->scale < 0)
        std::swap(natural.below, natural.above);
      if (holds(format, natural))
        grid = natural;
      result.scales.push_back(grid->scale);
      int zero = int(format.doubledImplicitZero() / 2);
      if (format.hasZero())
        result.zeros.push_back(zero = grid->below);
      forGroup(
          weights, format, row, col, [&](float value, int64_t r, int64_t c) {
            int k = value == 0 ? 0 : int(std::nearbyint(value / grid->scale));
            codes[r * weights.cols + c] =
                format.kind == FormatKind::Binary ? (k + 1) / 2 : k + zero;
            return true;
          });
    }
  result.codes = packMatrix(codes, weights.rows, weights.cols, format.bits);
  return result;
}

} // namespace mixbit
