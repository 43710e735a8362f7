//===- GraphLibrary.h - Graphs in memory, compiled and run ------*- C++ -*-===//
//
// What measures a network (calibration, sensitivities) rewrites its graph in
// memory and runs the result on this machine. A GraphModel holds the graph of
// an ONNX file; a GraphLibrary is the code of any module of graph functions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/Tensor.h"
#include "lib/target/Loader.h"
#include "mixbit/compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>

namespace mixbit {

class Compilation;

/// ONNX files as mixbit graph functions in fp32, one a file.
class GraphModel {
public:
  /// Imports and simplifies. The error says only that it failed: the reasons,
  /// "FILE: error: ..." as of compile(), have gone to `diagnostics`, which must
  /// live as long as the model, since later passes over it report there too.
  static llvm::Expected<GraphModel> load(const std::vector<std::string> &paths,
                                         int threads,
                                         llvm::raw_ostream &diagnostics);
  ~GraphModel();
  GraphModel(GraphModel &&);
  GraphModel &operator=(GraphModel &&);

  /// The model's own, free to be changed.
  mlir::ModuleOp module() const;

private:
  GraphModel();
  std::unique_ptr<CompileOptions> options;
  std::unique_ptr<Compilation> compilation;
};

/// A loaded library of entries, each a function of the module it was built
/// from. One thread at a time may use it.
class GraphLibrary {
public:
  /// Compiles a copy of `module`, whose functions hold mixbit graph operations
  /// (as after simplify, or quantized), for this machine into a temporary
  /// library that has no name in the file system afterwards. `threads` run the
  /// compiler and later the entries; 0 is one a CPU; no result depends on it.
  /// The module and the data of its constants stay as they are. What was wrong
  /// with the module is on `diagnostics`.
  static llvm::Expected<GraphLibrary> build(mlir::ModuleOp module, int threads,
                                            llvm::raw_ostream &diagnostics);
  ~GraphLibrary();
  GraphLibrary(GraphLibrary &&);
  GraphLibrary &operator=(GraphLibrary &&);

  /// Runs the function `entry` on one tensor an argument, in their order, and
  /// returns one a result. Types, ranks and extents are checked. Errors begin
  /// with the entry's name.
  llvm::Expected<std::vector<Tensor>> run(llvm::StringRef entry,
                                          llvm::ArrayRef<Tensor> inputs);
  /// The same for tensors that lie in several places (weights, say). None is
  /// copied, and none is written to.
  llvm::Expected<std::vector<Tensor>>
  run(llvm::StringRef entry, llvm::ArrayRef<const Tensor *> inputs);

  const mixbit_api &api() const { return loaded->api(); }
  /// The index of the entry, or an error that lists them.
  llvm::Expected<int32_t> findEntry(llvm::StringRef name) const;

private:
  GraphLibrary(std::unique_ptr<LoadedLibrary> loaded, int threads);
  llvm::Expected<mixbit_context *> contextOf(int32_t entry);

  std::unique_ptr<LoadedLibrary> loaded;
  int threads;
  /// One an entry that has been run.
  std::map<int32_t, mixbit_context *> contexts;
};

} // namespace mixbit
