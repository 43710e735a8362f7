//===- Format.cpp - Sizes, names and what kernels serve -------------------===//
#include "lib/quant/Format.h"
#include "lib/quant/Halves.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llvm;

namespace mixbit {

static int64_t extentOfGroup(int64_t group, int64_t extent) {
  return std::max<int64_t>(1, group == 0 ? extent : std::min(group, extent));
}

static int64_t ceilDiv(int64_t value, int64_t by) {
  return value == 0 ? 0 : (value - 1) / by + 1;
}

int64_t Format::rowsOfGroup(int64_t rows) const {
  return extentOfGroup(groupRows, rows);
}
int64_t Format::colsOfGroup(int64_t cols) const {
  return extentOfGroup(groupCols, cols);
}
int64_t Format::rowGroups(int64_t rows) const {
  return ceilDiv(rows, rowsOfGroup(rows));
}
int64_t Format::colGroups(int64_t cols) const {
  return ceilDiv(cols, colsOfGroup(cols));
}

uint64_t Format::rowBytes(int64_t cols) const {
  // cols * bits / 8 without the product, which could overflow.
  uint64_t whole = uint64_t(cols) / 8, rest = uint64_t(cols) % 8;
  return SaturatingAdd(SaturatingMultiply(whole, uint64_t(bits)),
                       (rest * bits + 7) / 8);
}

uint64_t Format::codeBytes(int64_t rows, int64_t cols) const {
  return SaturatingMultiply(uint64_t(rows), rowBytes(cols));
}

uint64_t Format::scaleBytes(int64_t rows, int64_t cols) const {
  if (isFloat())
    return 0;
  return SaturatingMultiply(
      SaturatingMultiply(uint64_t(rowGroups(rows)), uint64_t(colGroups(cols))),
      uint64_t(floatBytes(scale)));
}

uint64_t Format::zeroBytes(int64_t rows, int64_t cols) const {
  if (isFloat() || !hasZero())
    return 0;
  uint64_t bytes = zero == ZeroKind::I8 ? 1 : (zero == ZeroKind::F32 ? 4 : 2);
  return SaturatingMultiply(
      SaturatingMultiply(uint64_t(rowGroups(rows)), uint64_t(colGroups(cols))),
      bytes);
}

double Format::bitsPerWeight(int64_t rows, int64_t cols) const {
  if (rows == 0 || cols == 0)
    return 0;
  double bytes = double(codeBytes(rows, cols)) +
                 double(scaleBytes(rows, cols)) + double(zeroBytes(rows, cols));
  return 8 * bytes / (double(rows) * double(cols));
}

bool Format::operator==(const Format &other) const {
  if (kind != other.kind)
    return false;
  return (isFloat() && scale == other.scale) ||
         (!isFloat() && bits == other.bits && groupRows == other.groupRows &&
          groupCols == other.groupCols && scale == other.scale &&
          zero == other.zero);
}

std::string formatName(const Format &format) {
  switch (format.kind) {
  case FormatKind::Float:
    return format.scale == FloatKind::F32   ? "fp32"
           : format.scale == FloatKind::F16 ? "fp16"
                                            : "bf16";
  case FormatKind::Int:
    return "int" + utostr(format.bits) + (format.hasZero() ? "z" : "");
  case FormatKind::Ternary:
    return "ternary";
  case FormatKind::Binary:
    return "binary";
  }
  return "";
}

StringRef floatKindName(FloatKind kind) {
  switch (kind) {
  case FloatKind::F32:
    return "fp32";
  case FloatKind::F16:
    return "fp16";
  case FloatKind::BF16:
    return "bf16";
  }
  return "";
}

FloatKind defaultScale(const Format &format) {
  bool isRow = format.groupRows == 1 && format.groupCols == 0;
  return format.isFloat() || format.bits == 8 || isRow ? FloatKind::F32
                                                       : FloatKind::F16;
}

std::string describeFormat(const Format &format) {
  if (format.isFloat())
    return formatName(format);
  return formatName(format) + " in groups of " + itostr(format.groupRows) +
         "x" + itostr(format.groupCols);
}

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Expected<std::pair<int64_t, int64_t>> parseGroup(StringRef text) {
  auto [rows, cols] = text.split('x');
  int64_t r, c;
  // An absurd extent would only ever mean the whole one: it is a mistake.
  constexpr int64_t largest = int64_t(1) << 40;
  if (rows.getAsInteger(10, r) || cols.getAsInteger(10, c) || r < 0 || c < 0 ||
      r > largest || c > largest)
    return makeError("expected a group as ROWSxCOLS, such as 1x128, but got '" +
                     text + "'");
  return std::make_pair(r, c);
}

Expected<Format> parseFormat(StringRef text, StringRef group, StringRef scale) {
  auto [name, ownGroup] = text.split(':');
  Format format;
  for (FloatKind kind : {FloatKind::F32, FloatKind::F16, FloatKind::BF16})
    if (Format number = makeFloatFormat(kind); formatName(number) == name) {
      if (!ownGroup.empty())
        return makeError("expected no group for " + name + ", but got '" +
                         text + "'");
      return number;
    }
  unsigned bits;
  bool hasZero = false;
  if (name == "ternary")
    format = Format::makeTernary(1, 128);
  else if (name == "binary")
    format = Format::makeBinary(1, 128);
  else if (StringRef digits = name;
           digits.consume_front("int") &&
           (hasZero = digits.consume_back("z"), true) &&
           !digits.getAsInteger(10, bits) && bits >= 1 && bits <= 8 &&
           digits.size() == 1)
    format = Format::makeInt(bits, 1, bits == 8 ? 0 : 128, FloatKind::F32,
                             hasZero ? ZeroKind::I8 : ZeroKind::None);
  else
    return makeError("expected a format of fp32, fp16, bf16, int1 to "
                     "int8, ternary or binary, but got '" +
                     name + "'");
  if (ownGroup.empty() && text.ends_with(":"))
    return makeError("expected a group after the ':', but got '" + text + "'");
  if (StringRef chosen = ownGroup.empty() ? group : ownGroup; !chosen.empty()) {
    auto extents = parseGroup(chosen);
    if (!extents)
      return extents.takeError();
    std::tie(format.groupRows, format.groupCols) = *extents;
  }
  format.scale = defaultScale(format);
  if (scale.empty())
    return format;
  for (FloatKind kind : {FloatKind::F32, FloatKind::F16, FloatKind::BF16})
    if (floatKindName(kind) == scale) {
      format.scale = kind;
      return format;
    }
  return makeError("expected scales of fp32, fp16 or bf16, but got '" + scale +
                   "'");
}

/// Sets `whyNot` to the format's description and the reason.
static bool refuse(const Format &format, std::string *whyNot,
                   const Twine &reason) {
  if (whyNot)
    *whyNot = (Twine(describeFormat(format)) + ": " + reason).str();
  return false;
}

bool kernelServes(const Format &format, int64_t rows, int64_t cols,
                  std::string *whyNot) {
  if (format.isFloat())
    return true;
  if (format.hasZero() && format.zero != ZeroKind::I8)
    return refuse(format, whyNot, "zero points are served as codes (i8) only");
  int64_t group = format.colsOfGroup(cols);
  if (group != cols && group % 32 != 0)
    return refuse(format, whyNot,
                  "groups along the inputs are served in multiples of 32");
  // The exact sum of a group must fit 32 bits: codes times data of 127.
  int64_t largest = int64_t(format.levels() - 1) * 127;
  if (group > INT32_MAX / largest)
    return refuse(format, whyNot,
                  "the integer sum of " + Twine(group) +
                      " inputs in a group does not fit 32 bits");
  return true;
}

bool tableServes(const Format &format, int64_t rows, int64_t cols,
                 std::string *whyNot) {
  if (!format.isFloat() && format.hasZero() && format.zero != ZeroKind::I8)
    return refuse(format, whyNot, "zero points are served as codes (i8) only");
  return true;
}

} // namespace mixbit
