//===- BackendOptions.cpp - LLVM's code generators, as kernels want them --===//
#include "lib/target/BackendOptions.h"

#include "llvm/Support/CommandLine.h"

#include <mutex>

using namespace llvm;

namespace mixbit {

void setBackendOptions() {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  // The machine combiner makes trees of a tile's chains of additions. That
  // shortens what the other accumulators hide anyway, and takes registers
  // and instructions: a tenth of the speed of int8 on AVX2.
  auto &options = cl::getRegisteredOptions();
  auto combiner = options.find("x86-machine-combiner");
  if (combiner != options.end() && combiner->second->getNumOccurrences() == 0)
    combiner->second->addOccurrence(0, "x86-machine-combiner", "false");
}

} // namespace mixbit
