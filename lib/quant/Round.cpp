//===- Round.cpp - Rounding weights to nearest ----------------------------===//
//
// The inner loops run over a group gathered into a buffer, without branches
// and with sums in a fixed number of lanes, so that they are vectorized and
// yet give the same bits at any vector width.
//
//===----------------------------------------------------------------------===//
#include "lib/quant/Round.h"
#include "lib/quant/Codes.h"

#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace llvm;

namespace mixbit {
namespace {

constexpr unsigned kLanes = 8;

/// Half-to-even rounding of |value| < 2^22 in plain additions: SSE2, the
/// baseline that this file is compiled for, has no instruction for it.
inline float roundEven(float value) {
  constexpr float shift = 12582912.0f; // 1.5 * 2^23
  return (value + shift) - shift;
}

inline float clampTo(float value, float low, float high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

float maxAbs(ArrayRef<float> values) {
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes)
    for (unsigned lane = 0; lane != kLanes; ++lane) {
      float magnitude = std::fabs(values[i + lane]);
      lanes[lane] = magnitude > lanes[lane] ? magnitude : lanes[lane];
    }
  float result = 0;
  for (; i != values.size(); ++i)
    result = std::max(result, std::fabs(values[i]));
  for (float lane : lanes)
    result = std::max(result, lane);
  return result;
}

double meanAbs(ArrayRef<float> values) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes)
    for (unsigned lane = 0; lane != kLanes; ++lane)
      lanes[lane] += std::fabs(values[i + lane]);
  double sum = 0;
  for (; i != values.size(); ++i)
    sum += std::fabs(values[i]);
  for (double lane : lanes)
    sum += lane;
  return sum / double(values.size());
}

/// The squared error of rounding to scale * {low, ..., high}.
float squaredError(ArrayRef<float> values, float scale, float low, float high) {
  float inverse = 1 / scale;
  auto errorOf = [=](float value) {
    float code = roundEven(clampTo(value * inverse, low, high));
    float error = value - scale * code;
    return error * error;
  };
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes)
    for (unsigned lane = 0; lane != kLanes; ++lane)
      lanes[lane] += errorOf(values[i + lane]);
  float sum = 0;
  for (; i != values.size(); ++i)
    sum += errorOf(values[i]);
  for (float lane : lanes)
    sum += lane;
  return sum;
}

/// codes = round(values / scale) + zero, within 0 to high.
void encode(ArrayRef<float> values, float scale, float zero, float low,
            float high, uint8_t *codes) {
  float inverse = scale == 0 ? 0 : 1 / scale;
  for (size_t i = 0; i != values.size(); ++i) {
    float code =
        roundEven(clampTo(values[i] * inverse, low - zero, high - zero));
    codes[i] = uint8_t(int(code + zero));
  }
}

/// A scale whose reciprocal is a number; a group of smaller ones is zero.
bool usable(float scale) {
  return std::isnormal(scale) && std::isfinite(1 / scale);
}

/// The share of the full range that candidates try. The fewer the levels, the
/// more it pays to clip.
ArrayRef<float> shrinkFactors(unsigned bits) {
  static const float two[] = {1, .9f, .8f, .7f, .6f, .5f, .4f};
  static const float three[] = {1, .9f, .8f, .7f, .6f};
  static const float four[] = {1, .95f, .9f, .85f};
  static const float more[] = {1};
  return bits <= 2   ? ArrayRef<float>(two)
         : bits == 3 ? ArrayRef<float>(three)
         : bits == 4 ? ArrayRef<float>(four)
                     : ArrayRef<float>(more);
}

struct ScaleAndZero {
  float scale = 0, zero = 0;
};

float largestSigned(ArrayRef<float> values, float magnitude) {
  for (float value : values)
    if (std::fabs(value) == magnitude)
      return value;
  return magnitude;
}

/// Symmetric codes -2^(bits-1) .. 2^(bits-1) - 1 around zero.
float bestScale(ArrayRef<float> values, const Format &format, float magnitude) {
  float low = -float(1u << (format.bits - 1)), high = -low - 1;
  float signedLargest = largestSigned(values, magnitude);
  float best = 0, bestError = 0;
  auto consider = [&](float candidate) {
    float scale = roundToFloat(candidate, format.scale);
    if (!usable(scale))
      return;
    float error = squaredError(values, scale, low, high);
    if (best == 0 || error < bestError)
      best = scale, bestError = error;
  };
  for (float factor : shrinkFactors(format.bits)) {
    consider(factor * (signedLargest / low));
    if (high > 0)
      consider(factor * (magnitude / high));
  }
  return best;
}

ScaleAndZero chooseScale(ArrayRef<float> values, const Format &format,
                         float magnitude) {
  ScaleAndZero chosen;
  chosen.zero = format.paddingCode();
  switch (format.kind) {
  case FormatKind::Float:
    return chosen;
  case FormatKind::Ternary:
    chosen.scale = float(meanAbs(values) * 4 / 3);
    break;
  case FormatKind::Binary:
    chosen.scale = float(meanAbs(values));
    break;
  case FormatKind::Int:
    if (format.hasZero()) {
      float low = 0, high = 0;
      for (float value : values) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
      float top = float(format.levels() - 1);
      // Divided before the difference, which could overflow.
      chosen.scale = roundToFloat(high / top - low / top, format.scale);
      chosen.zero = 0;
      if (usable(chosen.scale))
        chosen.zero = clampTo(roundEven(-low / chosen.scale), 0, top);
    } else if (format.bits == 8) {
      chosen.scale = magnitude / 127;
    } else {
      chosen.scale = bestScale(values, format, magnitude);
    }
    break;
  }
  chosen.scale = roundToFloat(chosen.scale, format.scale);
  return chosen;
}

/// Codes of one group, whose scale has been chosen.
void encodeGroup(ArrayRef<float> values, const Format &format,
                 ScaleAndZero chosen, uint8_t *codes) {
  float top = float(format.levels() - 1);
  switch (format.kind) {
  case FormatKind::Float:
    return;
  case FormatKind::Binary:
    for (size_t i = 0; i != values.size(); ++i)
      codes[i] = values[i] >= 0;
    return;
  case FormatKind::Ternary:
    encode(values, chosen.scale, 1, 0, 2, codes);
    return;
  case FormatKind::Int:
    // Symmetric int8 leaves code 0 out.
    encode(values, chosen.scale, chosen.zero,
           format.bits == 8 && !format.hasZero() ? 1 : 0, top, codes);
    return;
  }
}

bool allFinite(ArrayRef<float> values) {
  uint32_t worst = 0;
  for (float value : values) {
    uint32_t exponent = bit_cast<uint32_t>(value) & 0x7f800000;
    worst = exponent > worst ? exponent : worst;
  }
  return worst != 0x7f800000;
}

/// A tile of the matrix, gathered row by row.
struct Tile {
  int64_t row, col, rows, cols;
};

void gather(const FloatMatrix &weights, const Tile &tile,
            std::vector<float> &values) {
  values.resize(tile.rows * tile.cols);
  for (int64_t row = 0; row != tile.rows; ++row) {
    int64_t first = (tile.row + row) * weights.cols + tile.col;
    float *out = values.data() + row * tile.cols;
    if (weights.kind == FloatKind::F32)
      __builtin_memcpy(out, static_cast<const char *>(weights.data) + 4 * first,
                       4 * tile.cols);
    else
      for (int64_t col = 0; col != tile.cols; ++col)
        out[col] = loadFloat(weights.data, first + col, weights.kind);
  }
}

Error badWeight(const char *expected, ArrayRef<float> values, const Tile &tile,
                bool (*isBad)(float)) {
  for (auto [index, value] : enumerate(values))
    if (isBad(value))
      return createStringError(
          inconvertibleErrorCode(),
          "expected %s, but got %g at row %lld, column %lld", expected, value,
          (long long)(tile.row + index / tile.cols),
          (long long)(tile.col + index % tile.cols));
  return createStringError(inconvertibleErrorCode(), "expected %s", expected);
}

} // namespace

Expected<QuantizedMatrix> roundToNearest(const FloatMatrix &weights,
                                         const Format &format) {
  if (format.isFloat())
    return createStringError(inconvertibleErrorCode(),
                             "expected a quantized format, but got fp32");
  if (format.hasZero() && format.zero != ZeroKind::I8)
    return createStringError(
        inconvertibleErrorCode(),
        "expected zero points of i8, but got another type");
  QuantizedMatrix result;
  result.format = format;
  result.rows = weights.rows;
  result.cols = weights.cols;
  int64_t rows = weights.rows, cols = weights.cols;
  int64_t rowsOfGroup = format.rowsOfGroup(rows);
  int64_t colsOfGroup = format.colsOfGroup(cols);
  int64_t rowBytes = packedRowBytes(cols, format.bits);
  result.codes.resize(rows * rowBytes);
  result.scales.reserve(format.numGroups(rows, cols));

  std::vector<float> values;
  std::vector<uint8_t> tileCodes, band;
  for (int64_t row = 0; row < rows; row += rowsOfGroup) {
    int64_t bandRows = std::min(rowsOfGroup, rows - row);
    band.resize(bandRows * cols);
    for (int64_t col = 0; col < cols; col += colsOfGroup) {
      Tile tile{row, col, bandRows, std::min(colsOfGroup, cols - col)};
      gather(weights, tile, values);
      if (!allFinite(values))
        return badWeight("finite weights", values, tile,
                         [](float value) { return !std::isfinite(value); });
      ScaleAndZero chosen = chooseScale(values, format, maxAbs(values));
      if (!std::isfinite(chosen.scale))
        return badWeight("weights whose scale fits 16 bits", values, tile,
                         [](float value) { return std::fabs(value) > 65504; });
      if (!usable(chosen.scale))
        chosen.scale = 0;
      result.scales.push_back(chosen.scale);
      if (format.hasZero())
        result.zeros.push_back(chosen.zero);
      tileCodes.resize(values.size());
      encodeGroup(values, format, chosen, tileCodes.data());
      for (int64_t i = 0; i != bandRows; ++i)
        __builtin_memcpy(band.data() + i * cols + col,
                         tileCodes.data() + i * tile.cols, tile.cols);
    }
    for (int64_t i = 0; i != bandRows; ++i)
      packRow(ArrayRef(band).slice(i * cols, cols), format.bits,
              result.codes.data() + (row + i) * rowBytes);
  }
  return result;
}

std::vector<uint8_t> encodeScales(ArrayRef<float> scales, FloatKind kind) {
  std::vector<uint8_t> bytes(scales.size() * floatBytes(kind));
  for (auto [index, value] : enumerate(scales))
    storeFloat(bytes.data(), index, kind, value);
  return bytes;
}

std::vector<float> decodeScales(ArrayRef<uint8_t> bytes, FloatKind kind) {
  std::vector<float> scales(bytes.size() / floatBytes(kind));
  for (size_t i = 0; i != scales.size(); ++i)
    scales[i] = loadFloat(bytes.data(), i, kind);
  return scales;
}

static FloatKind floatKindOf(ZeroKind kind) {
  return kind == ZeroKind::F16    ? FloatKind::F16
         : kind == ZeroKind::BF16 ? FloatKind::BF16
                                  : FloatKind::F32;
}

std::vector<uint8_t> encodeZeros(ArrayRef<float> zeros, ZeroKind kind) {
  if (kind == ZeroKind::None)
    return {};
  if (kind == ZeroKind::I8)
    return std::vector<uint8_t>(zeros.begin(), zeros.end());
  return encodeScales(zeros, floatKindOf(kind));
}

std::vector<float> decodeZeros(ArrayRef<uint8_t> bytes, ZeroKind kind) {
  if (kind == ZeroKind::None)
    return {};
  if (kind == ZeroKind::I8)
    return std::vector<float>(bytes.begin(), bytes.end());
  return decodeScales(bytes, floatKindOf(kind));
}

} // namespace mixbit
