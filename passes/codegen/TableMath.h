//===- TableMath.h - Functions by tables in registers -----------*- C++ -*-===//
#pragma once

#include "lib/target/Targets.h"

#include "mlir/IR/PatternMatch.h"

namespace mixbit {

/// Patterns for functions that `target` computes faster by looking up a cubic's
/// coefficients; none on targets that cannot look up in registers. They come
/// before those of ApproximateMath.cpp for the same operations.
void populateTableMathPatterns(mlir::RewritePatternSet &patterns,
                               const Target &target);

} // namespace mixbit
