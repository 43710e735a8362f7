//===- Compile.cpp - mixbit compile ---------------------------------------===//
#include "lib/target/Targets.h"
#include "mixbit/compiler.h"
#include "tools/mixbit/CommandLine.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;

/// Names of formats, as --weights and --keep take them.
static constexpr StringRef weightFormats[] = {
    "fp32", "int8", "int4", "int3", "int2", "ternary", "binary", "auto"};

/// "ROWSxCOLS" into two extents.
static std::string parseGroup(StringRef text, CompileOptions &options) {
  std::vector<int64_t> extents;
  if (!parseShape(text, extents) || extents.size() != 2)
    return "ROWSxCOLS, such as 1x128 (0 is the whole extent)";
  options.groupRows = extents[0];
  options.groupColumns = extents[1];
  return "";
}

static std::string parseKeep(StringRef text, CompileOptions &options) {
  // The last '=': names of nodes may hold one, names of formats do not.
  auto [pattern, format] = text.rsplit('=');
  if (pattern.empty() || format == "auto" ||
      !llvm::is_contained(weightFormats, format))
    return "PATTERN=FORMAT, such as '*classifier*=fp32'";
  options.keep.emplace_back(pattern.str(), format.str());
  return "";
}

/// Where the result goes if -o is not given: standard output for text, the
/// model's name in the current folder for the rest.
static std::string defaultOutput(const CompileOptions &options) {
  if (isTextual(options.emit))
    return "-";
  StringRef extension = options.emit == Emit::Object ? ".o" : ".so";
  return (llvm::sys::path::stem(options.models.front()) + extension).str();
}

int mixbit::tool::runCompile(Arguments arguments) {
  CompileOptions options;
  CommandLine command(
      "compile", "MODEL.onnx... [-o MODEL.so] [options]",
      "Compiles ONNX files into one shared library, an entry point a file.");
  command.positional("the path of an ONNX file", 1, 64, options.models);
  command.heading("result");
  command.text("-o", "FILE", options.output,
               "where to write; - is standard output, for text only\n"
               "(default: the model's name with .so; standard output\n"
               "for text)");
  std::string emit = "so";
  command.choice("--emit",
                 {"so", "obj", "c-header", "onnx-ir", "graph-ir", "kernel-ir",
                  "llvm", "asm", "ptx"},
                 emit, "what to write (default: so)");
  command.text("--report", "FILE.json", options.report,
               "also write the library's description");
  command.heading("numbers");
  command.choice("--weights", weightFormats, options.weights,
                 "format of weights (default: int8)");
  command.custom(
      "--group", "ROWSxCOLS",
      [&](StringRef text) { return parseGroup(text, options); },
      "weights that share a scale; 0 is the whole extent\n"
      "(default: 1x0 for int8, 1x128 below)");
  command.choice("--activations", {"fp32", "int8", "int4", "int2", "int1"},
                 options.activations,
                 "format of activations in quantized layers (default:\n"
                 "int8, one scale a token, found as the model runs)");
  command.custom(
      "--keep", "PATTERN=FORMAT",
      [&](StringRef text) { return parseKeep(text, options); },
      "another format for the weights whose initializer or node\n"
      "has a name that matches; may be repeated");
  command.custom(
      "--calibration", "[NAME:WEIGHT=]FILE.npz",
      [&](StringRef text) {
        options.calibration.push_back(text.str());
        return std::string();
      },
      "samples to round weights on: arrays named as the inputs,\n"
      "the first axis the sample; repeated, a mix by weight");
  command.heading("code");
  command.text("--target", "TARGET[,TARGET...]", options.target,
               "what to generate code for; several of one architecture\n"
               "make a library that chooses when it is loaded\n"
               "(default: native)");
  int64_t threads = 0;
  command.number("--threads", "N", 0, 1024, threads,
                 "threads of the compiler (default: 0, one a CPU)");
  command.flag("--strict", options.strict,
               "an error where code falls back to scalar loops");
  command.heading("talk");
  command.flag("-v", options.verbose, "remarks and what each stage did");
  command.flag("--time-passes", options.timePasses, "time of every pass");
  for (StringRef name : {"--sensitivity", "--budget"})
    command.planned(name);

  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  options.threads = threads;
  options.emit = llvm::StringSwitch<Emit>(emit)
                     .Case("so", Emit::SharedLibrary)
                     .Case("obj", Emit::Object)
                     .Case("c-header", Emit::CHeader)
                     .Case("onnx-ir", Emit::OnnxIr)
                     .Case("graph-ir", Emit::GraphIr)
                     .Case("kernel-ir", Emit::KernelIr)
                     .Case("llvm", Emit::Llvm)
                     .Case("asm", Emit::Assembly)
                     .Default(Emit::Ptx);
  if (StringRef(options.report).ends_with(".html"))
    return command.usageError("a report in HTML is not supported yet");
  auto targets = resolveTargets(options.target);
  if (!targets)
    return command.usageError("option '--target': " +
                              llvm::toString(targets.takeError()));
  if (options.output.empty())
    options.output = defaultOutput(options);
  if (options.output == "-" && !isTextual(options.emit))
    return command.usageError("a library cannot go to standard output");
  for (const std::string &model : options.models)
    if (llvm::sys::fs::equivalent(model, options.output) ||
        llvm::sys::fs::equivalent(model, options.report))
      return command.usageError("'" + model +
                                "' is a model, it would be overwritten");

  Progress progress;
  options.progress = [&](const std::string &stage) { progress.show(stage); };
  bool compiled = compile(options, llvm::errs());
  progress.clear();
  return compiled ? Done : BadInput;
}
