//===- mixbit-import.cpp - Prints what the importer makes of a file -------===//
//
// mixbit-import FILE.onnx [--weights] [--no-output]: onnx IR with node names;
// the contents of large weights are left out without --weights.
//
//===----------------------------------------------------------------------===//
#include "lib/import/Import.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> path(llvm::cl::Positional, llvm::cl::Required,
                                  llvm::cl::desc("FILE.onnx"));
  llvm::cl::opt<bool> weights("weights",
                              llvm::cl::desc("Print the weights, too"));
  llvm::cl::opt<bool> locations("locations", llvm::cl::desc("Print locations"));
  llvm::cl::opt<bool> quiet("no-output", llvm::cl::desc("Print nothing"));
  llvm::cl::ParseCommandLineOptions(argc, argv);
  MLIRContext context;
  context.printOpOnDiagnostic(false);
  ScopedDiagnosticHandler handler(&context, [](Diagnostic &diagnostic) {
    mixbit::printDiagnostic(diagnostic, llvm::errs());
    return success();
  });
  auto module = mixbit::importOnnx(path, &context);
  if (failed(module))
    return 1;
  OpPrintingFlags flags;
  if (!weights)
    flags.elideLargeElementsAttrs(64).elideLargeResourceString(64);
  if (locations)
    flags.enableDebugInfo();
  if (!quiet)
    (*module)->print(llvm::outs(), flags);
  return 0;
}
