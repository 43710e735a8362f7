//===- Stages.h - The stages of one compilation -----------------*- C++ -*-===//
//
// A Compilation owns the MLIR context and the module while the front of the
// compiler works on it. What the back needs (objects, metadata, the file of
// weights) is plain data, so that the context and all of its memory can go
// before the library is linked.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/compiler/Calibrate.h"
#include "lib/quant/Packing.h"
#include "lib/target/Architecture.h"
#include "lib/target/CodeObject.h"
#include "lib/target/Targets.h"
#include "mixbit/compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/JSON.h"

namespace mixbit {

/// The code of one LLVM module.
struct CodeUnit {
  std::string name; ///< "host" or the target's
  llvm::SmallVector<char, 0> code;
};

class Compilation {
public:
  Compilation(const CompileOptions &options, llvm::raw_ostream &diagnostics);
  /// Starts with a copy of `graph`, functions of mixbit graph operations, in
  /// its context, which must outlive this. The data of its constants is shared
  /// and stays.
  Compilation(mlir::ModuleOp graph, const CompileOptions &options,
              llvm::raw_ostream &diagnostics);
  ~Compilation();

  /// Imports all models into one module.
  bool import();
  bool simplify();
  /// Chooses formats and rounds the weights.
  bool quantize();
  bool kernelize();
  /// LLVM IR of the host module and of each target, as text.
  bool printLlvm(llvm::raw_ostream &os);
  /// Objects or assembly of the host module and each CPU target.
  bool generate(CodeFileType kind, std::vector<CodeUnit> &units);
  /// PTX of each GPU target.
  bool generatePtx(llvm::raw_ostream &os);
  /// Writes the weights' object file.
  bool writeWeights(llvm::StringRef path);

  mlir::ModuleOp getModule() { return *module; }

  /// The module as text, large data left out.
  void printModule(llvm::raw_ostream &os);
  void printHeader(llvm::raw_ostream &os);
  /// JSON of `mixbit inspect`; complete after kernelize.
  const llvm::json::Object &metadata() const { return description; }
  llvm::ArrayRef<const Target *> targets() const { return chosen; }
  bool resolveTargets();
  void report(llvm::Error error, llvm::StringRef file);

private:
  bool runPasses(llvm::StringRef stage,
                 llvm::function_ref<void(mlir::OpPassManager &)> build,
                 mlir::ModuleOp module);
  /// Runs codegen for one target, or lower-plan when null, on a clone, and
  /// hands over the LLVM module.
  bool translate(const Target *target,
                 llvm::function_ref<bool(llvm::Module &, const Target &)> use);
  /// Rounds weights on the calibration data of the options.
  bool calibrate(CalibrationResult &result);
  void progress(llvm::StringRef stage);
  /// How the weights of linears are packed.
  Density density() const;

  const CompileOptions &options;
  llvm::raw_ostream &diagnostics;
  /// Routes the context's diagnostics to `diagnostics`.
  void registerHandler();

  std::unique_ptr<mlir::MLIRContext> ownContext;
  mlir::MLIRContext *context;
  mlir::DiagnosticEngine::HandlerID handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<const Target *> chosen;
  llvm::json::Object description;
};

/// The last stage: generates the code of a compilation that is kernelized and
/// links the library `options.output`, whole or not at all.
bool buildLibrary(std::unique_ptr<Compilation> compilation,
                  const CompileOptions &options,
                  llvm::raw_ostream &diagnostics);

/// Inputs, outputs and layers of the graph (see docs/CommandLine.md); bytes are
/// those of weights packed so.
llvm::json::Object describeGraph(mlir::ModuleOp module, Density density);
/// Adds kernels, targets and bytes of weights.
void describeKernels(mlir::ModuleOp module,
                     llvm::ArrayRef<const Target *> targets,
                     llvm::json::Object &description);

} // namespace mixbit
