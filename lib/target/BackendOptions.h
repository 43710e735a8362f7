//===- BackendOptions.h - LLVM's code generators, as kernels want them ----===//
#pragma once

namespace mixbit {

/// Sets what LLVM's code generators only know as options of the process. May be
/// called more than once, from any thread; must be before code is generated.
void setBackendOptions();

} // namespace mixbit
