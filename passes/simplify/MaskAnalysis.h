//===- MaskAnalysis.h - What an additive attention mask means ---*- C++ -*-===//
#pragma once

#include "passes/simplify/Graph.h"

namespace mixbit {

/// What is known of a float mask that is added to attention scores.
struct MaskMeaning {
  enum Kind {
    /// The same number everywhere: a softmax does not see it.
    Constant,
    /// `mask` [batch, keys] decides: nonzero keeps a key, zero hides it.
    Keep,
    Other
  } kind = Other;
  mlir::Value mask;
};

/// Finds out what `additive` means, broadcast to [batch, heads, queries, keys].
/// It is evaluated as a function of the one mask it is made from, once for
/// zeros and once for ones there, so that no exporter's form needs a pattern.
MaskMeaning analyzeMask(GraphBuilder &builder, mlir::Value additive,
                        mlir::AffineExpr batch, mlir::AffineExpr keys);

} // namespace mixbit
