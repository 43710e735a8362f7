//===- link-library.cpp - A library from objects written by hand ----------===//
//
// mixbit-link-library OUT.so METADATA.json [--abi=N] OBJECT...
//
// For tests of what reads libraries: links objects that define mixbit_library
// as the compiler would, and can claim another ABI version.
//
//===----------------------------------------------------------------------===//
#include "lib/target/LibraryFile.h"
#include "lib/target/Link.h"
#include "mixbit/runtime.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"

using namespace mixbit;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> output(llvm::cl::Positional, llvm::cl::Required);
  llvm::cl::opt<std::string> metadata(llvm::cl::Positional, llvm::cl::Required);
  llvm::cl::list<std::string> objects(llvm::cl::Positional,
                                      llvm::cl::OneOrMore);
  llvm::cl::opt<unsigned> abi("abi", llvm::cl::init(MIXBIT_ABI_VERSION));
  llvm::cl::ParseCommandLineOptions(argc, argv);
  // LLD sets all options back to their defaults.
  const unsigned claimed = abi;
  const std::string path = output;

  llvm::ExitOnError exitOnError("mixbit-link-library: ");
  auto read = [&](const std::string &path) {
    return exitOnError(
        llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(path)));
  };
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
  LinkInputs inputs;
  for (const std::string &path : objects) {
    buffers.push_back(read(path));
    inputs.objects.push_back(buffers.back()->getBuffer());
  }
  auto text = read(metadata);
  inputs.metadata = text->getBuffer();
  exitOnError(linkLibrary(inputs, path));
  if (claimed != MIXBIT_ABI_VERSION)
    exitOnError(stampLibraryFile(path, inputs.architecture, claimed));
  return 0;
}
