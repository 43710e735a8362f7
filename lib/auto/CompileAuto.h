//===- CompileAuto.h - Formats from an ONNX file and samples ----*- C++ -*-===//
//
// What `mixbit compile --weights auto` does around compile(): measures how
// sensitive the loss is to each weight (or takes a file's word for it), times
// kernels where the budget is a time, and finds out how much of the file is
// code where the budget is a size.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/sensitivity/Sensitivity.h"
#include "mixbit/compiler.h"

#include "llvm/Support/Error.h"

namespace mixbit {

/// One file of a calibration mix.
struct CalibrationFile {
  std::string name; ///< as given, else the path
  double weight = 1;
  std::string path;
};

/// Parses FILE or NAME:WEIGHT=FILE. A path that holds '=' needs the long form.
llvm::Expected<CalibrationFile> parseCalibration(llvm::StringRef text);

/// What a mix makes of the sensitivities of its domains, which are means over
/// samples: their mean weighted by `weights`, those of 0 left out. All list the
/// same weights.
Sensitivities mixSensitivities(llvm::ArrayRef<Sensitivities> domains,
                               llvm::ArrayRef<double> weights);

/// compile() for weights "auto". On failure as compile().
bool compileAuto(const CompileOptions &options, llvm::raw_ostream &diagnostics);

} // namespace mixbit
