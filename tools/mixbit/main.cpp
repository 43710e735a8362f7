//===- main.cpp - mixbit, the user's driver -------------------------------===//
//
// One subcommand a file. Exit status: 0 done, 1 the input was bad, 2 usage.
//
//===----------------------------------------------------------------------===//
#include "mixbit/runtime.h"
#include "tools/mixbit/CommandLine.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

using namespace mixbit::tool;

namespace {
struct Subcommand {
  llvm::StringRef name;
  llvm::StringRef help;
  int (*run)(Arguments);
};
} // namespace

static const Subcommand subcommands[] = {
    {"compile", "ONNX files to a shared library", runCompile},
    {"run", "run a library on tensors from files", runRun},
    {"bench", "measure a library's latency", runBench},
    {"evaluate", "accuracy, or agreement with another model, on a data set",
     runEvaluate},
    {"inspect", "what a library or an ONNX file holds", runInspect},
    {"sensitivity", "how much the loss depends on each weight", runSensitivity},
};

static void printHelp(llvm::raw_ostream &os) {
  os << "usage: mixbit COMMAND ...\n\n"
        "Compiles neural networks in ONNX to shared libraries, and runs "
        "them.\n\ncommands:\n";
  for (const Subcommand &command : subcommands)
    os << "  " << llvm::left_justify(command.name, 12) << command.help << "\n";
  os << "\n  mixbit COMMAND --help     the options of a command\n"
        "  mixbit --version\n";
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A limit on file sizes is an error of the write, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  llvm::ArrayRef<const char *> arguments(argv + 1, argc > 0 ? argc - 1 : 0);
  if (arguments.empty()) {
    printHelp(llvm::errs());
    return BadUsage;
  }
  llvm::StringRef name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    printHelp(llvm::outs());
    return finishOutput(Done);
  }
  if (name == "--version") {
    llvm::outs() << "mixbit " << MIXBIT_VERSION << " (LLVM "
                 << LLVM_VERSION_STRING << ", library ABI "
                 << MIXBIT_ABI_VERSION << ")\n";
    return finishOutput(Done);
  }
  for (const Subcommand &command : subcommands)
    if (name == command.name)
      return finishOutput(command.run(arguments.drop_front()));
  if (name == "generate")
    llvm::errs() << "mixbit: error: command '" << name
                 << "' is not supported yet\n";
  else
    llvm::errs() << "mixbit: error: unknown command '" << name
                 << "' (see mixbit --help)\n";
  return BadUsage;
}
