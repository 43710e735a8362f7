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

#include "llvm/ADT/ArrayRef.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace mixbit {

/// What a mix makes of the sensitivities of its domains, which are means over
/// samples: their mean weighted by `weights`, those of 0 left out. All list the
/// same weights.
Sensitivities mixSensitivities(llvm::ArrayRef<Sensitivities> domains,
                               llvm::ArrayRef<double> weights);

/// compile() for weights "auto". On failure as compile().
bool compileAuto(const CompileOptions &options, llvm::raw_ostream &diagnostics);

} // namespace mixbit
