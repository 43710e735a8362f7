//===- CalibrationData.h - Samples for measuring ----------------*- C++ -*-===//
//
// Files of `--calibration`: each an .npz of arrays named as the network's
// inputs, the first axis the sample; other arrays (labels) are left alone.
// Several files are domains of one mix, each with a name and a weight; a
// domain counts as its weight, however many samples it has.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/SampleArrays.h"

#include "llvm/Support/Error.h"

namespace mixbit {

/// One file of a calibration mix.
struct CalibrationFile {
  std::string name; ///< as given, else the path
  double weight = 1;
  std::string path;
};

/// Parses FILE or NAME:WEIGHT=FILE. A text that is the path of a file that
/// exists is that file, whatever signs it holds.
llvm::Expected<CalibrationFile> parseCalibration(llvm::StringRef text);

/// All of them; no two of one name.
llvm::Expected<std::vector<CalibrationFile>>
parseCalibrations(llvm::ArrayRef<std::string> texts);

/// Whether a sample of a domain, by its index, is one to judge by where some
/// are held out: every eighth.
inline bool isHeldOut(int64_t sample) { return sample % 8 == 7; }

/// One file's samples as the network takes them.
struct CalibrationDomain {
  std::string name; ///< as given, else the file's path
  std::string path;
  double weight = 1;
  int64_t samples = 0;
  std::vector<Tensor> inputs; ///< in the network's order, all samples

  /// The inputs of some samples, in this order. Those that `trims` marks (none
  /// if it is empty) keep only the first `length` elements of their second
  /// axis.
  std::vector<Tensor> select(llvm::ArrayRef<int64_t> samples,
                             llvm::ArrayRef<bool> trims = {},
                             int64_t length = 0) const;

  /// Of each sample, how far its row of input `mask` ([samples, length]) goes
  /// up to the last element that is not zero; 1 at least.
  std::vector<int64_t> lengths(size_t mask) const;
};

class CalibrationData {
public:
  /// Reads files: each entry is FILE or NAME:WEIGHT=FILE. Errors begin with
  /// the entry or the path.
  static llvm::Expected<CalibrationData>
  load(llvm::ArrayRef<std::string> entries);

  /// Arrays for the inputs, as of takeSamples() (lib/support/SampleArrays.h).
  llvm::Expected<std::vector<CalibrationDomain>>
  fit(llvm::ArrayRef<SampleInput> inputs) const;

private:
  struct File : CalibrationFile {
    NamedTensors arrays;
  };
  std::vector<File> files;
};

} // namespace mixbit
