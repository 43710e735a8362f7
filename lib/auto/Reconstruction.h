//===- Reconstruction.h - compile with weights improved by gradient *- C++ -*-//
//
// What `mixbit compile --reconstruct EPOCHS` does around compile(): when
// calibration has rounded the weights, lib/measure improves them before they
// are stored.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mixbit/compiler.h"

namespace mixbit {

/// compile(), or compileAuto() for weights "auto", with `epochs` of
/// reconstruction at most on the samples of `options.calibration`, which must
/// not be empty; activations are of 8 bits, found at run time, or floats. On
/// failure as compile().
bool compileReconstructed(const CompileOptions &options, int64_t epochs,
                          llvm::raw_ostream &diagnostics);

} // namespace mixbit
