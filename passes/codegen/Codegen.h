//===- Codegen.h - The codegen stage as C++ functions -----------*- C++ -*-===//
//
//   module (mixbit.kernel..., mixbit.target = #mixbit.target<"T">)
//     -> buildCodegenPipeline -> llvm dialect -> translateKernels ->
//     llvm::Module
//
// once a target; kernels' symbols carry the target's name (mangleKernel), so
// that variants link together. The plan's side:
//
//   module (mixbit.plan..., mixbit.weight..., mixbit.kernel...)
//     -> buildHostPipeline -> llvm dialect -> translateKernels with any CPU of
//   the architecture (the host's code needs no feature)
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/target/Targets.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm
namespace mlir {
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace mixbit {

/// Tile operations to loops over vectors.
void buildExpansionPipeline(mlir::OpPassManager &pm, bool strict = false);

/// Loops over vectors to the llvm dialect.
void buildKernelLoweringPipeline(mlir::OpPassManager &pm, bool strict = false);

/// Both, and mangle-kernels. The module names the target. With `strict`, what
/// would be done an element at a time is an error.
void buildCodegenPipeline(mlir::OpPassManager &pm, bool strict = false);

/// Plans to the llvm dialect (lower-plan), with a variant for each target.
void buildHostPipeline(mlir::OpPassManager &pm,
                       llvm::ArrayRef<std::string> targets);

/// Symbol of kernel `name` (or of `name`.extent) for a target.
std::string mangleKernel(llvm::StringRef name, const Target &target);

/// LLVM IR of a module in the llvm dialect, with the target's triple, data
/// layout, and its CPU and features on every function. Emits errors at the
/// module and returns null on failure.
std::unique_ptr<llvm::Module> translateKernels(mlir::ModuleOp module,
                                               const Target &target,
                                               llvm::LLVMContext &context);

} // namespace mixbit
