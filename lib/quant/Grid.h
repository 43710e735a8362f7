//===- Grid.h - Float weights that already lie on a grid --------*- C++ -*-===//
//
// Quantization-aware training ends with weights that are a scale times a small
// integer, and exporters write them as floats. Such a matrix is stored without
// loss: codes and scales from which every float comes back, equal.
//
// A group of weights lies on a grid of n if there is a float s such that each
// weight is s * k, rounded to float, with an integer |k| <= n. With m the
// largest magnitude, s is m / n up to two units in the last place, so the few
// floats around it are tried for n = 1, 2, ..., 255; the first n that serves is
// taken, hence the fewest bits. For other than such weights that has no
// solution: two magnitudes have one by chance in about one case of a thousand,
// three practically never.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Round.h"

#include <optional>

namespace mixbit {

/// The smallest format that holds `weights` exactly, with f32 scales: binary,
/// ternary or int1 to int8, `withZeros` also with zero points where that takes
/// fewer bits (ranges of an asymmetric quantizer); one scale for all weights,
/// one a row, or one for 128, 64 or 32 of a row. None if there is none, if
/// weights are not finite, or if there are fewer than eight weights that are
/// not zero for each scale, when a grid would be chance. Stops at the first
/// group that lies on none.
std::optional<Format> detectGrid(const FloatMatrix &weights,
                                 bool withZeros = false);

/// The codes and scales whose values equal `weights`, zeros of either sign
/// being equal. Fails, naming the place, where a group is on no such grid.
llvm::Expected<QuantizedMatrix> fitGrid(const FloatMatrix &weights,
                                        const Format &format);

} // namespace mixbit
