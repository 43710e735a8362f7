//===- Gptq.cpp - Rounding that compensates its errors --------------------===//
//
// Work is cut into strips of rows that share no scale with other strips'
// groups, or are parts of one group of rows; what a group of rows needs of its
// strips is added up in their order. So results do not depend on the threads.
//
//===----------------------------------------------------------------------===//
#include "lib/quant/Gptq.h"

#include "lib/quant/Codes.h"
#include "lib/quant/GptqProblem.h"
#include "lib/quant/ScaleSearch.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace mixbit {
namespace {
/// Rows of a strip; columns that are rounded before their errors are passed on
/// to all others at once.
constexpr int64_t kStrip = 48, kBlock = 64;

/// Rows [first, last) of one group of rows.
struct Strip {
  int64_t band, first, last;
  int64_t rows() const { return last - first; }
};

/// Rounds rows [first, first + segment.rows) of a problem.
class Rounder {
public:
  /// `weights` are those rows.
  Rounder(const FloatMatrix &weights, const Format &format,
          const GptqProblem &problem, int64_t first, const GptqOptions &options)
      : weights(weights), format(format), options(options), n(weights.rows),
        k(weights.cols), groupRows(format.rowsOfGroup(n)),
        groupCols(format.colsOfGroup(k)), bands(format.rowGroups(n)),
        groups(format.colGroups(k)), gram(problem.gram), order(problem.order),
        factor(problem.factor), packedGram(problem.packedGram),
        packedFactor(problem.packedFactor),
        target(problem.target.begin() + first * k,
               problem.target.begin() + (first + n) * k),
        pulls(problem.pulls.begin() + first * k,
              problem.pulls.begin() + (first + n) * k) {}

  Expected<GptqResult> run();

private:
  void cutStrips();
  void chooseScales();
  void compensate();
  void refitScales();
  void descend();
  /// Costs by group of rows.
  std::vector<double> costs();
  void takeNearest(const QuantizedMatrix &nearest);
  QuantizedMatrix pack() const;

  void solveBand(int64_t band, std::vector<double> &products,
                 std::vector<double> &targets);
  void expand(const Strip &strip, std::vector<float> &values) const;
  float &scaleOf(int64_t band, int64_t group) {
    return scales[band * groups + group];
  }
  float zeroOf(int64_t band, int64_t group) const {
    return zeros.empty() ? float(format.paddingCode())
                         : zeros[band * groups + group];
  }
  LevelRange levelRange(int64_t band, int64_t group) const {
    return levelsOf(format, zeroOf(band, group));
  }
  static float inverseOf(float scale) { return scale == 0 ? 0 : 1 / scale; }

  const FloatMatrix &weights;
  const Format &format;
  const GptqOptions &options;
  int64_t n, k, groupRows, groupCols, bands, groups;

  std::vector<Strip> strips;
  const std::vector<float> &gram;
  const std::vector<int64_t> &order;
  const std::vector<float> &factor;
  const PackedMatrix<float> &packedGram, &packedFactor;
  const std::vector<float> target, pulls; ///< of the rows
  std::vector<float> scales, zeros;       ///< [bands, groups]
  std::vector<float> levels;              ///< [n, k], before scaling
};

void Rounder::cutStrips() {
  for (int64_t band = 0; band != bands; ++band) {
    int64_t last = std::min((band + 1) * groupRows, n);
    for (int64_t row = band * groupRows; row < last; row += kStrip)
      strips.push_back({band, row, std::min(row + kStrip, last)});
  }
}

void Rounder::chooseScales() {
  scales.assign(bands * groups, 0);
  if (format.hasZero())
    zeros.assign(bands * groups, 0);
  parallelFor(bands, options.threads, [&](int64_t band) {
    int64_t first = band * groupRows, last = std::min(first + groupRows, n);
    std::vector<float> values, importance;
    for (int64_t group = 0; group != groups; ++group) {
      int64_t begin = group * groupCols, end = std::min(begin + groupCols, k);
      values.clear();
      importance.clear();
      for (int64_t row = first; row != last; ++row)
        for (int64_t col = begin; col != end; ++col) {
          values.push_back(target[row * k + col]);
          importance.push_back(gram[col * k + col]);
        }
      GroupScale found = searchScale(values, importance, format);
      scaleOf(band, group) = found.scale;
      if (format.hasZero())
        zeros[band * groups + group] = found.zero;
    }
  });
}

void Rounder::compensate() {
  levels.assign(n * k, 0);
  parallelFor(strips.size(), options.threads, [&](int64_t index) {
    const Strip &strip = strips[index];
    int64_t rows = strip.rows();
    std::vector<float> errors(rows * k), passed(rows * k);
    for (int64_t last = k; last > 0;) {
      int64_t first = (last - 1) / kBlock * kBlock;
      for (int64_t i = last; i-- > first;) {
        int64_t col = order[i], group = col / groupCols;
        float scale = scaleOf(strip.band, group), inverse = inverseOf(scale);
        LevelRange range = levelRange(strip.band, group);
        float pivot = 1 / factor[i * k + i];
        for (int64_t row = 0; row != rows; ++row) {
          int64_t at = (strip.first + row) * k + col;
          float level =
              range.nearest(target[at] - passed[row * k + i] * pivot, inverse);
          levels[at] = level;
          float error = scale * level - target[at];
          errors[row * k + i] = error;
          float *out = passed.data() + row * k;
          const float *left = factor.data() + i * k;
          for (int64_t j = first; j != i; ++j)
            out[j] += error * left[j];
        }
      }
      if (first > 0)
        multiplyAdd(asMatrix(passed, k).block(0, 0, rows, first), 1.0f,
                    asMatrix(errors, k).block(0, first, rows, last - first),
                    false, packedFactor, first);
      last = first;
    }
  });
}

/// The values of a strip's codes.
void Rounder::expand(const Strip &strip, std::vector<float> &values) const {
  values.resize(strip.rows() * k);
  for (int64_t row = 0; row != strip.rows(); ++row)
    for (int64_t col = 0; col != k; ++col)
      values[row * k + col] = scales[strip.band * groups + col / groupCols] *
                              levels[(strip.first + row) * k + col];
}

/// For each group of rows the scales s that make s'As - 2 s'b least, where
/// A[g, h] = q_g' H q_h and b[g] = q_g' H t add up over its rows.
void Rounder::refitScales() {
  std::vector<std::vector<double>> products(strips.size());
  std::vector<std::vector<double>> targets(strips.size());
  parallelFor(strips.size(), options.threads, [&](int64_t index) {
    const Strip &strip = strips[index];
    int64_t rows = strip.rows();
    std::vector<double> &product = products[index], &aimed = targets[index];
    product.assign(groups * groups, 0);
    aimed.assign(groups, 0);
    std::vector<float> images(rows * k);
    for (int64_t g = 0; g != groups; ++g) {
      int64_t begin = g * groupCols, width = std::min(groupCols, k - begin);
      // The images of one group's codes; what lies before the group has been
      // done from the other side.
      int64_t from = begin - begin % PackedMatrix<float>::kWidth;
      MatrixRef<float> rest =
          asMatrix(images, k).block(0, from, rows, k - from);
      for (int64_t row = 0; row != rows; ++row)
        std::fill_n(rest.row(row), rest.cols, 0.0f);
      multiplyAdd(rest, 1.0f,
                  asMatrix(levels, k).block(strip.first, begin, rows, width),
                  false, packedGram, begin, from);
      for (int64_t row = 0; row != rows; ++row) {
        const float *codes = levels.data() + (strip.first + row) * k;
        for (int64_t h = g; h != groups; ++h) {
          int64_t at = h * groupCols, count = std::min(groupCols, k - at);
          double sum =
              dotProduct(images.data() + row * k + at, codes + at, count);
          product[g * groups + h] += sum;
          if (h != g)
            product[h * groups + g] += sum;
        }
        aimed[g] += dotProduct(pulls.data() + (strip.first + row) * k + begin,
                               codes + begin, width);
      }
    }
  });
  // Strips of a group of rows follow one another.
  std::vector<size_t> firstStrip(bands);
  for (size_t index = strips.size(); index-- > 0;)
    firstStrip[strips[index].band] = index;
  parallelFor(bands, options.threads, [&](int64_t band) {
    size_t index = firstStrip[band];
    std::vector<double> &product = products[index], &aimed = targets[index];
    while (++index != strips.size() && strips[index].band == band) {
      for (int64_t i = 0; i != groups * groups; ++i)
        product[i] += products[index][i];
      for (int64_t i = 0; i != groups; ++i)
        aimed[i] += targets[index][i];
    }
    solveBand(band, product, aimed);
  });
}

void Rounder::solveBand(int64_t band, std::vector<double> &products,
                        std::vector<double> &targets) {
  auto cost = [&](ArrayRef<float> tried) {
    double sum = 0;
    for (int64_t g = 0; g != groups; ++g) {
      double row = 0;
      for (int64_t h = 0; h != groups; ++h)
        row += products[g * groups + h] * tried[h];
      sum += tried[g] * (row - 2 * targets[g]);
    }
    return sum;
  };
  std::vector<double> triangle = products, solution = targets;
  for (int64_t g = 0; g != groups; ++g) {
    double &pivot = triangle[g * groups + g];
    if (pivot > 0) {
      pivot *= 1 + 1e-9;
      continue;
    }
    // All codes of the group mean zero: any scale will do.
    for (int64_t h = 0; h != groups; ++h)
      triangle[g * groups + h] = triangle[h * groups + g] = 0;
    pivot = 1;
    solution[g] = scaleOf(band, g);
  }
  if (!factorCholesky({triangle.data(), groups, groups, groups}, 1))
    return;
  solveCholesky({triangle.data(), groups, groups, groups},
                {solution.data(), groups, 1, 1}, 1);
  std::vector<float> found(groups);
  for (int64_t g = 0; g != groups; ++g) {
    found[g] = roundToFloat(float(solution[g]), format.scale);
    if (!isUsableScale(found[g]))
      found[g] = scaleOf(band, g);
  }
  ArrayRef<float> present = ArrayRef(scales).slice(band * groups, groups);
  if (cost(found) < cost(present))
    llvm::copy(found, scales.begin() + band * groups);
}

/// One sweep over each row's codes, each set to the level that is best while
/// the others stay.
void Rounder::descend() {
  parallelFor(strips.size(), options.threads, [&](int64_t index) {
    const Strip &strip = strips[index];
    int64_t rows = strip.rows();
    std::vector<float> values, slopes(rows * k);
    expand(strip, values);
    for (int64_t row = 0; row != rows; ++row)
      for (int64_t col = 0; col != k; ++col)
        slopes[row * k + col] = -pulls[(strip.first + row) * k + col];
    multiplyAdd(asMatrix(slopes, k), 1.0f, asMatrix(values, k), false,
                packedGram);
    std::vector<float> inverses(groups), pivots(k);
    std::vector<LevelRange> ranges(groups);
    for (int64_t g = 0; g != groups; ++g) {
      inverses[g] = inverseOf(scaleOf(strip.band, g));
      ranges[g] = levelRange(strip.band, g);
    }
    for (int64_t col = 0; col != k; ++col)
      pivots[col] = 1 / gram[col * k + col];
    for (int64_t row = 0; row != rows; ++row) {
      float *slope = slopes.data() + row * k;
      float *level = levels.data() + (strip.first + row) * k;
      float *value = values.data() + row * k;
      for (int64_t place = k; place-- > 0;) {
        int64_t col = order[place], group = col / groupCols;
        float wanted = value[col] - slope[col] * pivots[col];
        float next = ranges[group].nearest(wanted, inverses[group]);
        if (next == level[col])
          continue;
        level[col] = next;
        float changed = scaleOf(strip.band, group) * next;
        float step = changed - value[col];
        value[col] = changed;
        const float *line = gram.data() + col * k;
        for (int64_t j = 0; j != k; ++j)
          slope[j] += step * line[j];
      }
    }
  });
}

std::vector<double> Rounder::costs() {
  std::vector<double> byStrip(strips.size()), byBand(bands, 0);
  parallelFor(strips.size(), options.threads, [&](int64_t index) {
    const Strip &strip = strips[index];
    std::vector<float> values, images(strip.rows() * k);
    expand(strip, values);
    const float *aimed = target.data() + strip.first * k;
    for (int64_t i = 0; i != strip.rows() * k; ++i)
      values[i] -= aimed[i];
    multiplyAdd(asMatrix(images, k), 1.0f, asMatrix(values, k), false,
                packedGram);
    byStrip[index] = dotProduct(images.data(), values.data(), strip.rows() * k);
  });
  for (auto [strip, cost] : llvm::zip(strips, byStrip))
    byBand[strip.band] += cost;
  return byBand;
}

/// Replaces scales and levels by those of a rounded matrix.
void Rounder::takeNearest(const QuantizedMatrix &nearest) {
  scales = nearest.scales;
  zeros = nearest.zeros;
  int64_t rowBytes = packedRowBytes(k, format.bits);
  for (int64_t row = 0; row != n; ++row)
    for (int64_t col = 0; col != k; ++col) {
      float code =
          readCode(nearest.codes.data() + row * rowBytes, col, format.bits);
      levels[row * k + col] =
          format.kind == FormatKind::Binary
              ? 2 * code - 1
              : code - zeroOf(row / groupRows, col / groupCols);
    }
}

QuantizedMatrix Rounder::pack() const {
  QuantizedMatrix result;
  result.format = format;
  result.rows = n;
  result.cols = k;
  result.scales = scales;
  result.zeros = zeros;
  int64_t rowBytes = packedRowBytes(k, format.bits);
  result.codes.resize(n * rowBytes);
  std::vector<uint8_t> codes(k);
  for (int64_t row = 0; row != n; ++row) {
    for (int64_t col = 0; col != k; ++col) {
      float level = levels[row * k + col];
      codes[col] =
          format.kind == FormatKind::Binary
              ? level > 0
              : uint8_t(level + zeroOf(row / groupRows, col / groupCols));
    }
    packRow(codes, format.bits, result.codes.data() + row * rowBytes);
  }
  return result;
}

Expected<GptqResult> Rounder::run() {
  Expected<QuantizedMatrix> nearest = roundToNearest(weights, format);
  if (!nearest)
    return nearest.takeError();
  cutStrips();
  GptqResult result;
  result.energy = dotProduct(pulls.data(), target.data(), n * k);
  chooseScales();
  compensate();
  for (int round = 0; round != options.rounds; ++round) {
    refitScales();
    descend();
  }
  std::vector<double> found = costs();
  std::vector<float> keptScales = scales, keptZeros = zeros;
  std::vector<float> keptLevels = levels;
  takeNearest(*nearest);
  std::vector<double> plain = costs();
  for (int64_t band = 0; band != bands; ++band) {
    result.nearestError += plain[band];
    result.error += std::min(found[band], plain[band]);
    if (!(found[band] < plain[band]))
      continue;
    auto keep = [&](std::vector<float> &to, const std::vector<float> &from,
                    int64_t begin, int64_t count) {
      if (!from.empty())
        std::copy_n(from.begin() + begin, count, to.begin() + begin);
    };
    int64_t first = band * groupRows, rows = std::min(groupRows, n - first);
    keep(scales, keptScales, band * groups, groups);
    keep(zeros, keptZeros, band * groups, groups);
    keep(levels, keptLevels, first * k, rows * k);
  }
  result.matrix = pack();
  return std::move(result);
}
} // namespace

Expected<GptqResult> roundWithGram(const FloatMatrix &weights,
                                   const Format &format,
                                   const GramStatistics &statistics,
                                   const GptqOptions &options) {
  auto problem = GptqProblem::create(weights, statistics, options);
  if (!problem)
    return problem.takeError();
  return Rounder(weights, format, *problem, 0, options).run();
}

Expected<SegmentedGptqResult>
roundSegmentsWithGram(const FloatMatrix &weights, ArrayRef<Segment> segments,
                      const GramStatistics &statistics,
                      const GptqOptions &options) {
  auto problem = GptqProblem::create(weights, statistics, options);
  if (!problem)
    return problem.takeError();
  SegmentedGptqResult result;
  int64_t first = 0;
  for (const Segment &segment : segments) {
    FloatMatrix rows = rowsOf(weights, first, segment.rows);
    auto rounded =
        Rounder(rows, segment.format, *problem, first, options).run();
    if (!rounded)
      return rounded.takeError();
    result.segments.push_back(std::move(rounded->matrix));
    result.error += rounded->error;
    result.nearestError += rounded->nearestError;
    result.energy += rounded->energy;
    first += segment.rows;
  }
  return std::move(result);
}

Expected<QuantizedMatrix> roundToSearchedScales(const FloatMatrix &weights,
                                                const Format &format,
                                                ArrayRef<float> importance,
                                                int threads) {
  Expected<QuantizedMatrix> nearest = roundToNearest(weights, format);
  if (!nearest)
    return nearest;
  QuantizedMatrix &result = *nearest;
  int64_t rows = weights.rows, cols = weights.cols;
  int64_t groupRows = format.rowsOfGroup(rows);
  int64_t groupCols = format.colsOfGroup(cols);
  int64_t groups = format.colGroups(cols);
  int64_t rowBytes = packedRowBytes(cols, format.bits);
  parallelFor(format.rowGroups(rows), threads, [&](int64_t band) {
    int64_t first = band * groupRows, last = std::min(first + groupRows, rows);
    std::vector<uint8_t> codes((last - first) * cols);
    std::vector<float> values, weight;
    for (int64_t group = 0; group != groups; ++group) {
      int64_t begin = group * groupCols;
      int64_t end = std::min(begin + groupCols, cols);
      values.clear();
      weight.clear();
      for (int64_t row = first; row != last; ++row)
        for (int64_t col = begin; col != end; ++col) {
          values.push_back(weights.at(row, col));
          if (!importance.empty())
            weight.push_back(importance[row]);
        }
      GroupScale found = searchScale(values, weight, format);
      result.scales[band * groups + group] = found.scale;
      if (format.hasZero())
        result.zeros[band * groups + group] = found.zero;
      LevelRange range = levelsOf(format, found.zero);
      float inverse = found.scale == 0 ? 0 : 1 / found.scale;
      auto value = values.begin();
      for (int64_t row = first; row != last; ++row)
        for (int64_t col = begin; col != end; ++col) {
          float level = range.nearest(*value++, inverse);
          codes[(row - first) * cols + col] =
              range.binary ? level > 0 : uint8_t(level + found.zero);
        }
    }
    for (int64_t row = first; row != last; ++row)
      packRow(ArrayRef(codes).slice((row - first) * cols, cols), format.bits,
              result.codes.data() + row * rowBytes);
  });
  return nearest;
}

} // namespace mixbit
