//===- Trim.h - Runs without padding ----------------------------*- C++ -*-===//
//
// Where the compiler has proved that kept positions do not depend on the
// padding behind them, a run computes with the longest length that a sample of
// the batch keeps. Inputs are cut to it, outputs get zeros behind it.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_TRIM_H
#define MIXBIT_RUNTIME_TRIM_H

#include "mixbit/runtime.h"

namespace mixbit::runtime {

/// The number of positions up to the last nonzero one of all rows of a
/// contiguous mask, whose last dimension is that of positions. All of them if
/// a row keeps nothing: it attends to every position evenly.
int64_t keptLength(const mixbit_tensor &mask);

/// Copies between contiguous tensors of the same element type and shapes that
/// differ in at most one dimension, the shorter of which is `part`: position p
/// of that dimension, in groups of `partLength` and `wholeLength`, which
/// divide the extents, is position p of its group in the other.
/// `cut` copies what `part` holds of `whole`, `restore` copies back, with zeros
/// behind.
void cut(const mixbit_tensor &whole, int64_t wholeLength,
         const mixbit_tensor &part, int64_t partLength);
void restore(const mixbit_tensor &part, int64_t partLength,
             const mixbit_tensor &whole, int64_t wholeLength);

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_TRIM_H
