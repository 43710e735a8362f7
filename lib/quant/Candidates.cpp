//===- Candidates.cpp - Formats to choose among, and what they cost -------===//
#include "lib/quant/Candidates.h"
#include "lib/quant/Codes.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

std::vector<Format> candidateFormats(WeightUse use, int64_t rows,
                                     int64_t cols) {
  std::vector<Format> formats;
  auto add = [&](const Format &format) {
    bool isServed = use == WeightUse::Linear ? kernelServes(format, rows, cols)
                                             : tableServes(format, rows, cols);
    if (isServed && !llvm::is_contained(formats, format))
      formats.push_back(format);
  };
  add(Format::makeInt(8, 1, 0));
  for (int64_t group : {128, 64, 32}) {
    // Narrow rows are one group.
    int64_t extent = group >= cols ? 0 : group;
    for (unsigned bits : {7, 6, 5, 4, 3, 2})
      if (!(use == WeightUse::Table && bits < 3))
        add(Format::makeInt(bits, 1, extent, FloatKind::F16));
    if (use == WeightUse::Table)
      continue;
    add(Format::makeTernary(1, extent, FloatKind::F16));
    add(Format::makeBinary(1, extent, FloatKind::F16));
  }
  return formats;
}

uint64_t storedBytes(WeightUse use, const Format &format, int64_t rows,
                     int64_t cols, Density density, unsigned dataBits) {
  return use == WeightUse::Linear
             ? storedLinearBytes(format, rows, cols, density, dataBits)
             : storedTableBytes(format, rows, cols);
}

std::string formatKey(const Format &format) {
  if (format.isFloat())
    return formatName(format);
  return formatName(format) + ":" + std::to_string(format.groupRows) + "x" +
         std::to_string(format.groupCols);
}

namespace {
/// The sums of a group from which its scale and its error follow.
struct GroupSums {
  double ww = 0, wc = 0, cc = 0;

  /// The error with the best scale. A negative one would do no harm.
  double error() const {
    double error = cc == 0 ? ww : ww - wc * wc / cc;
    return std::max(error, 0.0);
  }
};
} // namespace

Expected<double> predictedLoss(const FloatMatrix &weights, const Format &format,
                               const Curvature &curvature, WeightUse use) {
  if (format.isFloat())
    return 0.0;
  auto rounded = roundToNearest(weights, format);
  if (!rounded)
    return rounded.takeError();
  int64_t rows = weights.rows, cols = weights.cols;
  // A table's columns: h summed over the rows, over as many rows.
  std::vector<double> columns;
  if (use == WeightUse::Table && !curvature.each.empty()) {
    columns.assign(cols, 0.0);
    for (int64_t row = 0; row != rows; ++row)
      for (int64_t col = 0; col != cols; ++col)
        columns[col] += curvature.each[row * cols + col];
    for (double &value : columns)
      value /= double(rows);
  }
  std::vector<GroupSums> sums(rounded->scales.size());
  std::vector<uint8_t> codes(cols);
  int64_t rowBytes = format.rowBytes(cols);
  int64_t groupCols = format.colsOfGroup(cols);
  for (int64_t row = 0; row != rows; ++row) {
    unpackRow(rounded->codes.data() + row * rowBytes, format.bits, codes);
    double rowValue = 1;
    if (!curvature.rowValues.empty())
      rowValue = curvature.rowValues.size() == 1 || curvature.rowGroup == 0
                     ? curvature.rowValues.front()
                     : curvature.rowValues[row / curvature.rowGroup];
    for (int64_t begin = 0; begin < cols; begin += groupCols) {
      int64_t group = rounded->groupOf(row, begin);
      float zero = rounded->zeroOf(group);
      GroupSums part;
      for (int64_t col = begin; col != std::min(cols, begin + groupCols);
           ++col) {
        double h = !columns.empty()         ? columns[col]
                   : curvature.each.empty() ? rowValue
                                            : curvature.each[row * cols + col];
        double w = weights.at(row, col), c = codes[col] - zero;
        part.ww += h * w * w;
        part.wc += h * w * c;
        part.cc += h * c * c;
      }
      sums[group].ww += part.ww;
      sums[group].wc += part.wc;
      sums[group].cc += part.cc;
    }
  }
  double loss = 0;
  for (const GroupSums &sum : sums)
    loss += sum.error();
  return loss;
}

Expected<std::vector<double>> predictedRowLosses(const FloatMatrix &weights,
                                                 const Format &format,
                                                 const Curvature &curvature) {
  std::vector<double> losses;
  for (int64_t row = 0; row != weights.rows; ++row) {
    const char *data = static_cast<const char *>(weights.data) +
                       row * weights.cols * floatBytes(weights.kind);
    Curvature own;
    if (!curvature.each.empty())
      own.each = curvature.each.slice(row * weights.cols, weights.cols);
    if (!curvature.rowValues.empty())
      own.rowValues = curvature.rowValues.slice(
          curvature.rowGroup == 0 ? 0 : row / curvature.rowGroup, 1);
    auto loss = predictedLoss({data, weights.kind, 1, weights.cols}, format,
                              own, WeightUse::Linear);
    if (!loss)
      return loss.takeError();
    losses.push_back(*loss);
  }
  return std::move(losses);
}

} // namespace mixbit
