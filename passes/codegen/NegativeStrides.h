//===- NegativeStrides.h - Kernels that may read backwards ------*- C++ -*-===//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace mixbit {

/// Unit attribute of functions with a buffer whose strides are negative, or
/// may be: addresses in it can lie before its base.
inline constexpr llvm::StringLiteral kBackwardsAttr = "mixbit.backwards";

} // namespace mixbit
