//===- CpuFeatures.h - What this CPU can run --------------------*- C++ -*-===//
#ifndef MIXBIT_RUNTIME_CPUFEATURES_H
#define MIXBIT_RUNTIME_CPUFEATURES_H

#include "runtime/abi.h"

namespace mixbit::runtime {

/// The bits of mxb_feature that this CPU and its operating system support. If
/// `wanted` has MXB_AMX_INT8 or MXB_AMX_BF16, asks Linux for this process's use
/// of the tile registers, which holds from then on; a system that refuses has
/// not got them.
uint64_t detectCpuFeatures(uint64_t wanted = ~uint64_t(0));

/// All that the variants of a library ask for.
uint64_t wantedFeatures(const mxb_library &library);

/// The variant to use: the first whose features are all in `features`, or the
/// one named `forced` if that is not null or empty. Null if there is none.
const mxb_variant *chooseVariant(const mxb_library &library, uint64_t features,
                                 const char *forced);

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_CPUFEATURES_H
