//===- Import.h - From an ONNX file to the onnx dialect ---------*- C++ -*-===//
//
// The first stage of the compiler. One `func.func` a file, one onnx operation
// a node, all of known rank and element type:
//
// - Arguments and results carry `mixbit.name`, arguments also `mixbit.dims`,
//   their extents over the function's `mixbit.symbols`. Every symbol stands for
//   an extent of at least 1. `mixbit.requires`, if any, is a map over them
//   whose results must all be at least 0 when the function runs.
// - Initializers of more than 1 KiB are `dense_resource`s whose bytes lie in
//   the mapped file (unaligned, where the file has them so), which stays mapped
//   as long as the context lives.
// - Locations are NameLoc(node name, at FileLineColLoc(file)).
//
// Bad files give diagnostics on the context, never a crash.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace mixbit {

struct ImportOptions {
  /// The function's name. Empty: the file's name without folder and extension,
  /// with everything that no C identifier may hold replaced by underscores.
  std::string name;
};

/// Opsets of ai.onnx that the importer reads.
constexpr int64_t kFirstOpset = 11, kLastOpset = 23;

/// Reads the file (and the external data it names). On failure a diagnostic
/// has been emitted.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(llvm::StringRef path, mlir::MLIRContext *context,
           const ImportOptions &options = {});

/// The same from memory; `path` is for messages and external data.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(std::shared_ptr<llvm::MemoryBuffer> buffer, llvm::StringRef path,
           mlir::MLIRContext *context, const ImportOptions &options = {});

/// Prints "FILE: error: node 'NAME': message", as far as the location says.
void printDiagnostic(const mlir::Diagnostic &diagnostic, llvm::raw_ostream &os);

} // namespace mixbit
