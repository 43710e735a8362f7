//===- LayerNoise.h - Two models compared layer by layer --------*- C++ -*-===//
#pragma once

#include "tools/mixbit/CommandLine.h"
#include "tools/mixbit/SampleRuns.h"

#include <optional>

namespace mixbit::tool {

struct LayerNoise {
  std::string name; ///< of the output, which is that of the layer's weight
  /// Over all samples; see SignalNoise.
  std::optional<double> snrDb;
};

/// Runs both models side by side and compares every output of floats that both
/// have but `except`, in the first model's order. An error if there is none,
/// since libraries have such outputs by compile --expose-layers only.
llvm::Expected<std::vector<LayerNoise>> compareLayers(SampleRuns &runs,
                                                      SampleRuns &reference,
                                                      llvm::StringRef except,
                                                      Progress &progress);

} // namespace mixbit::tool
