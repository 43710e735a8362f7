//===- Run.cpp - mixbit run -----------------------------------------------===//
//
// Runs a library once on tensors from files, prints what came out in short and
// writes it to an .npz.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/CommandLine.h"
#include "tools/mixbit/Session.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;

namespace {
struct Options {
  std::vector<std::string> library;
  std::vector<std::pair<std::string, std::string>> inputs;
  std::string archive, output, entry;
  int64_t threads = 0;
};
} // namespace

/// "logits: float32 [1, 10]: 0.12 0.5 ..." with the first values.
static void printSummary(StringRef name, const Tensor &tensor,
                         llvm::raw_ostream &os) {
  os << name << ": " << typeName(tensor.type) << " " << shapeText(tensor.shape)
     << ":";
  constexpr int64_t shown = 10;
  int64_t count = tensor.numElements();
  for (int64_t i = 0; i < std::min(count, shown); ++i) {
    if (isIntegerType(tensor.type))
      os << " " << tensor.integerAt(i);
    else
      os << " " << llvm::format("%.6g", tensor.floatAt(i));
  }
  os << (count > shown ? " ...\n" : "\n");
}

static llvm::Error run(const Options &options) {
  auto library = Library::open(options.library.front());
  if (!library)
    return library.takeError();
  auto entry = library->findEntry(options.entry);
  if (!entry)
    return entry.takeError();
  auto session = Session::create(*library, *entry, options.threads);
  if (!session)
    return session.takeError();

  InputArrays arrays;
  if (!options.archive.empty())
    if (auto error = arrays.addArchive(options.archive))
      return error;
  for (const auto &[name, path] : options.inputs) {
    // A wrong name is said before a file is read.
    if (auto input = session->findInput(name); !input)
      return input.takeError();
    if (auto error = arrays.addFile(name, path))
      return error;
  }
  auto tensors = arrays.take(*session);
  if (!tensors)
    return tensors.takeError();
  for (size_t i = 0; i < tensors->size(); ++i)
    if (auto error = session->bind(i, (*tensors)[i]))
      return error;
  if (auto error = session->run())
    return error;

  NamedTensors results;
  for (size_t i = 0; i < session->outputs().size(); ++i) {
    auto tensor = session->output(i);
    if (!tensor)
      return tensor.takeError();
    const char *name = session->outputs()[i]->name;
    printSummary(name, *tensor, llvm::outs());
    results.emplace_back(name, std::move(*tensor));
  }
  if (options.output.empty())
    return llvm::Error::success();
  return writeNpz(options.output, results);
}

int mixbit::tool::runRun(Arguments arguments) {
  Options options;
  CommandLine command(
      "run", "MODEL.so (--input NAME=FILE.npy ... | --inputs FILE.npz)",
      "Runs a library once. An integer input takes integer or boolean arrays\n"
      "of any width whose values fit; a float32 input takes float32, and\n"
      "float64, which is rounded.");
  command.positional("the path of a library", 1, 1, options.library);
  command.custom(
      "--input", "NAME=FILE.npy",
      [&](StringRef text) {
        options.inputs.emplace_back();
        return splitAssignment(text, options.inputs.back().first,
                               options.inputs.back().second)
                   ? std::string()
                   : std::string("NAME=FILE.npy");
      },
      "an input from a file; may be repeated");
  command.text("--inputs", "FILE.npz", options.archive,
               "inputs from an archive, by their names; what else it\n"
               "holds is left alone");
  command.text("--output", "FILE.npz", options.output,
               "write the outputs there, by their names");
  command.text("--entry", "NAME", options.entry,
               "the entry point, if there are several");
  command.number("--threads", "N", 0, 1024, options.threads,
                 "threads (default: 0, one a CPU)");
  command.planned("--device");
  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  if (options.inputs.empty() && options.archive.empty())
    return command.usageError("expected --input or --inputs");
  if (auto error = run(options))
    return inputError(std::move(error));
  return Done;
}
