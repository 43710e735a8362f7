//===- Halves.h - Weights as floats of 16 bits ------------------*- C++ -*-===//
//
// fp16 and bf16 as formats of weights: half the bytes of fp32, read back as
// f32, so that products are those of f32.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Packing.h"

namespace mixbit {

/// Floats that are stored as `kind`, which the format holds in `scale`.
Format makeFloatFormat(FloatKind kind);

/// A float matrix as `kind`, each value the nearest one, ties to even. A value
/// beyond what the type holds, and one that is no number, is an error that
/// names its place.
llvm::Expected<std::vector<uint8_t>> roundFloats(const FloatMatrix &weights,
                                                 FloatKind kind);

/// Packs a float matrix in a 16-bit type, padded with 0; values are rounded as
/// roundToFloat does. The layout is layoutFor(makeFloatFormat(kind)): panels of
/// 16 outputs, an input after the other; of bf16, two inputs of an output share
/// a word, the even one in the low half, so that a shift or a mask makes f32 of
/// either. `out` has layout.bytes(rows, cols) / 2 elements.
void packHalves(const FloatMatrix &weights, const PackedLayout &layout,
                FloatKind kind, llvm::MutableArrayRef<uint16_t> out);

} // namespace mixbit
