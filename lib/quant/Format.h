//===- Format.h - What a weight matrix is stored as -------------*- C++ -*-===//
//
// A plain description of the quantized element types of the mixbit dialect
// (dialects/mixbit/FormatTypes.h converts), with the sizes that follow from
// it. A matrix of R x C codes is cut into tiles (groups) of groupRows x
// groupCols, the tails smaller; each group has a scale and perhaps a zero
// point. The value of an element is
//
//   int      scale * (code - zero), without zero points zero = 2^(bits-1)
//   ternary  scale * (code - 1), codes 0, 1, 2
//   binary   scale * (2 * code - 1), codes 0, 1
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Float.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mixbit {

enum class FormatKind { Float, Int, Ternary, Binary };

/// How zero points are stored; I8 holds a code, 0 to 255.
enum class ZeroKind { None, I8, F32, F16, BF16 };

struct Format {
  FormatKind kind = FormatKind::Float;
  /// Bits of a code in canonical storage: 1-8, ternary 2, binary 1, float 32.
  unsigned bits = 32;
  int64_t groupRows = 1; ///< 0 is the whole extent
  int64_t groupCols = 0; ///< 0 is the whole extent
  FloatKind scale = FloatKind::F32;
  ZeroKind zero = ZeroKind::None;

  static Format makeFloat() { return {}; }
  static Format makeInt(unsigned bits, int64_t groupRows, int64_t groupCols,
                        FloatKind scale = FloatKind::F32,
                        ZeroKind zero = ZeroKind::None) {
    return {FormatKind::Int, bits, groupRows, groupCols, scale, zero};
  }
  static Format makeTernary(int64_t groupRows, int64_t groupCols,
                            FloatKind scale = FloatKind::F32) {
    return {FormatKind::Ternary, 2,     groupRows,
            groupCols,           scale, ZeroKind::None};
  }
  static Format makeBinary(int64_t groupRows, int64_t groupCols,
                           FloatKind scale = FloatKind::F32) {
    return {FormatKind::Binary, 1, groupRows, groupCols, scale, ZeroKind::None};
  }

  bool isFloat() const { return kind == FormatKind::Float; }
  bool hasZero() const { return zero != ZeroKind::None; }
  /// How many codes are in use: 0 to levels() - 1.
  unsigned levels() const {
    return kind == FormatKind::Ternary ? 3 : 1u << bits;
  }
  /// Twice the code that means zero where no zero point is stored (binary: 1,
  /// half way between its codes).
  unsigned doubledImplicitZero() const {
    return kind == FormatKind::Int ? 1u << bits
                                   : (kind == FormatKind::Ternary ? 2 : 1);
  }
  /// The code that padding gets: it means zero, save for binary, which has no
  /// such code and relies on its padding being multiplied by zeros.
  uint8_t paddingCode() const { return doubledImplicitZero() / 2; }

  /// Extents of a group in a matrix of `rows` x `cols`, never 0.
  int64_t rowsOfGroup(int64_t rows) const;
  int64_t colsOfGroup(int64_t cols) const;
  /// Groups down and across a matrix.
  int64_t rowGroups(int64_t rows) const;
  int64_t colGroups(int64_t cols) const;
  int64_t numGroups(int64_t rows, int64_t cols) const {
    return rowGroups(rows) * colGroups(cols);
  }

  /// Bytes of a row of codes, rounded up to a whole byte. The sizes saturate
  /// instead of wrapping around.
  uint64_t rowBytes(int64_t cols) const;
  uint64_t codeBytes(int64_t rows, int64_t cols) const;
  uint64_t scaleBytes(int64_t rows, int64_t cols) const;
  uint64_t zeroBytes(int64_t rows, int64_t cols) const;
  /// Bits a weight, counting scales and zero points.
  double bitsPerWeight(int64_t rows, int64_t cols) const;

  bool operator==(const Format &other) const;
  bool operator!=(const Format &other) const { return !(*this == other); }
};

/// "fp32", "int4", "int4z" (with zero points), "ternary": the name on the
/// command line, without the group.
std::string formatName(const Format &format);

/// "int4 in groups of 1x128", for messages and reports.
std::string describeFormat(const Format &format);

/// Parses "ROWSxCOLS", where 0 is the whole extent.
llvm::Expected<std::pair<int64_t, int64_t>> parseGroup(llvm::StringRef text);

/// "fp32", "fp16", "bf16".
llvm::StringRef floatKindName(FloatKind kind);

/// Parses a name of `--weights` or `--keep` other than `auto`: fp32, int1 to
/// int8 (with a "z" behind: with zero points, a code each), ternary, binary;
/// ":ROWSxCOLS" may follow. Without it the group is
/// `group` where that is not empty, else 1x0 at 8 bits and 1x128 below. Scales
/// are of type `scale` (fp32, fp16, bf16) where that is not empty, else what
/// defaultScale says.
llvm::Expected<Format> parseFormat(llvm::StringRef text,
                                   llvm::StringRef group = "",
                                   llvm::StringRef scale = "");

/// The type of scales where nothing else is asked for: fp32 at 8 bits and where
/// each row has one scale, else fp16.
FloatKind defaultScale(const Format &format);

/// Whether a contraction kernel exists for weights of `rows` x `cols` (outputs
/// x inputs); `whyNot` then says what stands in the way, to be read after "no
/// kernel exists for ".
bool kernelServes(const Format &format, int64_t rows, int64_t cols,
                  std::string *whyNot = nullptr);

/// The same for looking up rows of a table.
bool tableServes(const Format &format, int64_t rows, int64_t cols,
                 std::string *whyNot = nullptr);

} // namespace mixbit
