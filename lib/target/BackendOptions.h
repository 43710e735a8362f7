//===- BackendOptions.h - LLVM's code generators, as kernels want them ----===//
#pragma once

namespace mixbit {

/// Sets what LLVM's code generators only know as options of the process. Must
/// be called whenever code is generated, from any thread: LLD resets all
/// options.
void setBackendOptions();

} // namespace mixbit
