//===- Passes.h - From kernels and plans to LLVM IR -------------*- C++ -*-===//
//
// Input contract: a module with `mixbit.kernel`s and the module attribute
// `mixbit.target` (kernels), or with `mixbit.plan`s and `mixbit.weight`s (the
// host's side). Output contract: only the llvm dialect is left, with the
// functions and tables that runtime/abi.h describes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

#include <memory>

namespace mlir {
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace mixbit {
#define GEN_PASS_DECL
#include "passes/codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/codegen/Passes.h.inc"

/// Registers the named pipelines of the stage with mixbit-opt.
void registerCodegenPipelines();
} // namespace mixbit
