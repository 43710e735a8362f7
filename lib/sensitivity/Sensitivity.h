//===- Sensitivity.h - How much the loss depends on each weight -*- C++ -*-===//
//
// The values that allocation orders weights by, and their file. What each
// measure is, with its formula and source, stands in docs/Sensitivity.md.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mixbit {

/// One weight of a linear, [rows, cols] with a row an output.
struct WeightSensitivity {
  /// nodeName() of the constant's location: the initializer's name.
  std::string name;
  int64_t rows = 0, cols = 0;
  /// Rows that share a value below (the last group may be smaller); 0 is one
  /// value for the whole weight.
  int64_t rowGroup = 0;
  /// By measure: "fisher", "trace", "omega", "gram", "loss:FORMAT"; each
  /// ceil(rows / rowGroup) numbers, or one. Finite; negative only for losses
  /// (a layer may do better when rounded) and traces (an estimate).
  std::map<std::string, std::vector<double>> values;
  /// The diagonal of the Fisher information, rows x cols row-major, a mean over
  /// samples. Not in the file: empty if read from one.
  std::vector<float> fisher;

  /// How many values a measure by groups of rows has.
  int64_t numGroups() const {
    return rowGroup == 0 ? 1 : (rows + rowGroup - 1) / rowGroup;
  }
};

struct Sensitivities {
  /// "cross-entropy" or "divergence".
  std::string loss;
  /// How many samples they come from.
  int64_t samples = 0;
  /// In the order of the graph.
  std::vector<WeightSensitivity> weights;

  const WeightSensitivity *find(llvm::StringRef name) const;
};

/// The key of an ONNX file's metadata_props that holds the same text as a file
/// of sensitivities.
inline constexpr llvm::StringLiteral kSensitivityMetadataKey =
    "mixbit.sensitivity";

/// As JSON text: {"version": 1, "loss", "samples", "weights": [{"name", "rows",
/// "cols", "row_group", "values": {measure: [...]}}]}. The values must be
/// finite.
std::string toJson(const Sensitivities &sensitivities);
/// `what` (a path, say) opens every error.
llvm::Expected<Sensitivities> sensitivitiesFromJson(llvm::StringRef text,
                                                    llvm::StringRef what);

/// All of the file or none of it.
llvm::Error writeSensitivities(llvm::StringRef path,
                               const Sensitivities &sensitivities);
llvm::Expected<Sensitivities> readSensitivities(llvm::StringRef path);

} // namespace mixbit
