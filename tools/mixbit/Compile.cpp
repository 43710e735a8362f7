//===- Compile.cpp - mixbit compile ---------------------------------------===//
#include "lib/auto/CompileAuto.h"
#include "lib/auto/Reconstruction.h"
#include "lib/quant/Budget.h"
#include "lib/quant/Segments.h"
#include "lib/target/Targets.h"
#include "mixbit/compiler.h"
#include "tools/mixbit/CommandLine.h"

#include "llvm/ADT/StringExtras.h"
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
    "fp32", "fp16", "bf16", "int8",    "int7",   "int6", "int5",
    "int4", "int3", "int2", "ternary", "binary", "auto"};

/// "ROWSxCOLS" into two extents.
static std::string setGroup(StringRef text, CompileOptions &options) {
  std::vector<int64_t> extents;
  if (!parseShape(text, extents) || extents.size() != 2)
    return "ROWSxCOLS, such as 1x128 (0 is the whole extent)";
  options.groupRows = extents[0];
  options.groupColumns = extents[1];
  return "";
}

/// A format or several, FORMAT[:ROWSxCOLS][@ROWS|@PERCENT%] joined by '+'.
static bool areFormats(StringRef text) {
  auto parsed = parseSegments(text);
  if (parsed)
    return true;
  llvm::consumeError(parsed.takeError());
  return false;
}

static std::string parseWeights(StringRef text, CompileOptions &options) {
  if (!llvm::is_contained(weightFormats, text) &&
      (!text.contains('+') || !areFormats(text)))
    return "one of " + llvm::join(llvm::ArrayRef(weightFormats), "|") +
           ", or several such as "
           "int8@10%+int4";
  options.weights = text.str();
  return "";
}

/// "fp32", "int8", "int8-static", ...
static std::string parseActivations(StringRef text, CompileOptions &options) {
  options.activations = text.str();
  bool isStatic = text.consume_back("-static");
  unsigned bits = 0;
  if ((text == "fp32" && !isStatic) ||
      (text.consume_front("int") && !text.getAsInteger(10, bits) && bits >= 1 &&
       bits <= 8))
    return "";
  return "fp32, int1 to int8, or int1-static to int8-static";
}

static std::string parseKeep(StringRef text, CompileOptions &options) {
  // The last '=': names of nodes may hold one, names of formats do not.
  auto [pattern, format] = text.rsplit('=');
  if (pattern.empty() || !areFormats(format))
    return "PATTERN=FORMAT, such as '*classifier*=fp32', '*=int4:1x64' or "
           "'*query*=int8@64+int4'";
  options.keep.emplace_back(pattern.str(), format.str());
  return "";
}

/// What a budget is, without the "but got": the command line says what it got.
static std::string budgetError(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  StringRef expected = StringRef(text).split(", but got").first;
  expected.consume_front("expected ");
  return expected.str();
}

/// "NAME=N,NAME=N".
static std::string parseSymbols(StringRef text, CompileOptions &options) {
  for (StringRef part : llvm::split(text, ',')) {
    std::string name, value;
    int64_t extent;
    if (!splitAssignment(part, name, value) ||
        StringRef(value).getAsInteger(10, extent) || extent < 1 ||
        extent > (int64_t(1) << 40))
      return "NAME=N,..., such as batch=1,sequence=64";
    options.symbols.emplace_back(name, extent);
  }
  return "";
}

/// What --statistics cannot serve: all that needs the model to run, or its rows
/// in another order.
static std::string checkStatistics(const CompileOptions &options) {
  if (options.statistics.empty())
    return "";
  if (options.weights != "auto")
    return "expected --statistics with --weights auto, but got --weights " +
           options.weights;
  if (!options.sensitivity.empty())
    return "expected no --sensitivity with --statistics, which has them";
  if (options.sortRows)
    return "expected no --sort-rows with --statistics, whose rows are as in "
           "the model";
  if (StringRef(options.activations).ends_with("-static"))
    return "expected no static activations with --statistics, which has no "
           "ranges, but got --activations " +
           options.activations;
  if (!options.smooth.empty() && options.smooth != "off")
    return "expected no --smooth with --statistics, which has no outliers, but "
           "got --smooth " +
           options.smooth;
  return "";
}

/// What does not fit together in the options of --weights auto; empty if all
/// does.
static std::string checkBudget(const CompileOptions &options) {
  bool isAuto = options.weights == "auto";
  if (!isAuto && !options.budget.empty())
    return "expected --budget with --weights auto, but got --weights " +
           options.weights;
  if (!isAuto && !options.sensitivity.empty())
    return "expected --sensitivity with --weights auto, but got --weights " +
           options.weights;
  if (isAuto && options.budget.empty())
    return "expected --budget with --weights auto";
  bool hasStatistics =
      !options.statistics.empty() && llvm::sys::fs::exists(options.statistics);
  if (isAuto && options.calibration.empty() && options.sensitivity.empty() &&
      !hasStatistics)
    return "expected --calibration or --sensitivity with --weights auto";
  if (!isAuto && (options.segments != "1" || options.sortRows))
    return std::string("expected ") +
           (options.sortRows ? "--sort-rows" : "--segments") +
           " with --weights auto, but got --weights " + options.weights;
  if (options.exposeLayers && options.sortRows)
    return "expected no --sort-rows with --expose-layers, whose outputs are in "
           "the model's order";
  if (isAuto && options.groupRows >= 0)
    return "expected no --group with --weights auto: it chooses groups too";
  if (isAuto && options.sensitivity.empty() &&
      (options.metric == "gram" || options.metric == "loss"))
    return "expected --sensitivity with --metric " + options.metric;
  return checkStatistics(options);
}

/// What --vary cannot serve: it needs samples, and the model to run on them.
static std::string checkVary(const CompileOptions &options) {
  if (options.variedCopies == 0)
    return "";
  if (options.calibration.empty())
    return "expected --calibration with --vary";
  if (!options.statistics.empty())
    return "expected no --statistics with --vary, which runs the model on more "
           "samples";
  return "";
}

/// What --reconstruct cannot serve: it runs the network in floats, on samples,
/// with weights as the graph has them.
static std::string checkReconstruct(const CompileOptions &options) {
  if (options.calibration.empty())
    return "expected --calibration with --reconstruct";
  if (!options.statistics.empty())
    return "expected no --statistics with --reconstruct, which runs the model "
           "on samples";
  if (options.activations != "int8" && options.activations != "fp32")
    return "expected --activations int8 or fp32 with --reconstruct, whose "
           "gradients are those of floats, but got " +
           options.activations;
  if (!options.smooth.empty() && options.smooth != "off")
    return "expected no --smooth with --reconstruct, but got --smooth " +
           options.smooth;
  if (options.models.size() > 1)
    return "expected one model with --reconstruct, but got " +
           std::to_string(options.models.size());
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
  command.text("--report", "FILE.html|FILE.json", options.report,
               "also write what was decided, and the library's\n"
               "description");
  command.heading("numbers");
  command.custom(
      "--weights", "FORMAT",
      [&](StringRef text) { return parseWeights(text, options); },
      "format of weights: fp32, fp16, bf16, int8 to int2, ternary,\n"
      "binary or auto (default: int8); or several for the outputs\n"
      "of each layer, such as int8@10%+int4");
  command.custom(
      "--group", "ROWSxCOLS",
      [&](StringRef text) { return setGroup(text, options); },
      "weights that share a scale; 0 is the whole extent\n"
      "(default: 1x0 for int8, 1x128 below)");
  command.flag("--asymmetric", options.asymmetric,
               "integer weights with a zero point beside each scale");
  std::string scale = "default";
  command.choice("--scale", {"default", "fp32", "fp16", "bf16"}, scale,
                 "type of scales (default: fp16 for groups below 8 bits,\n"
                 "else fp32)");
  command.choice("--packing", {"dense", "planes"}, options.packing,
                 "how weights are stored: dense (default), or in planes\n"
                 "of 1, 2, 4 or 8 bits, larger but cheaper to expand");
  command.custom(
      "--activations", "FORMAT",
      [&](StringRef text) { return parseActivations(text, options); },
      "format of activations in quantized layers: fp32, int8\n"
      "(default) to int1, one scale a token, found as the model\n"
      "runs; int8-static to int1-static, one scale a layer,\n"
      "found on the calibration data");
  command.choice("--attention", {"auto", "fp32", "int8"}, options.attention,
                 "products of attention (default: auto, which is int8 on\n"
                 "targets where that is faster, if the layers are\n"
                 "quantized)");
  command.custom(
      "--smooth", "auto|off|ALPHA",
      [&](StringRef text) {
        double alpha = 0;
        options.smooth = text.str();
        bool isGood = text == "auto" || text == "off" ||
                      (!text.getAsDouble(alpha) && alpha > 0 && alpha < 1);
        return std::string(
            isGood ? "" : "auto, off, or an exponent between 0 and 1");
      },
      "move outliers of activations into weights, by the\n"
      "calibration data (default: auto with static activations,\n"
      "else off)");
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
  command.number("--vary", "N", 0, 64, options.variedCopies,
                 "with --calibration: round weights on N copies of each\n"
                 "sample too, a random share of whose ids is random\n"
                 "(default: 0)");
  int64_t reconstruct = 0;
  command.number("--reconstruct", "EPOCHS", 0, 1000, reconstruct,
                 "with --calibration: improve rounded weights of 4 bits and\n"
                 "below by gradient, so many times over the samples at\n"
                 "most (default: 0)");
  command.heading("formats under a budget, with --weights auto");
  command.custom(
      "--budget", "3.2bits|13x|30%|12MB|8ms",
      [&](StringRef text) {
        options.budget = text.str();
        auto parsed = parseBudget(text);
        return parsed ? std::string() : budgetError(parsed.takeError());
      },
      "bits a weight of linear layers (or compression), share of\n"
      "the fp32 bytes, size of the file, or time of linear layers");
  command.text("--sensitivity", "FILE.json", options.sensitivity,
               "sensitivities that mixbit sensitivity wrote, instead of\n"
               "measuring them");
  command.text("--statistics", "FILE.npz", options.statistics,
               "what is measured of each domain of --calibration: written\n"
               "if the file is not there, else read, and nothing is run;\n"
               "--calibration NAME:WEIGHT then makes another mix");
  command.choice("--metric", {"fisher", "trace", "omega", "gram", "loss"},
                 options.metric, "the sensitivity to go by (default: fisher)");
  command.choice("--allocation", {"optimal", "greedy", "reversed", "uniform"},
                 options.allocation,
                 "how formats are chosen (default: optimal; the others are\n"
                 "there to compare with)");
  command.custom(
      "--segments", "N|heads",
      [&](StringRef text) {
        int64_t count;
        options.segments = text.str();
        bool isGood = text == "heads" || (!text.getAsInteger(10, count) &&
                                          count >= 1 && count <= 64);
        return std::string(isGood ? "" : "heads, or a number from 1 to 64");
      },
      "choose formats for so many parts of each layer's outputs,\n"
      "or for heads of attention (default: 1)");
  command.flag("--sort-rows", options.sortRows,
               "order outputs by sensitivity where the layers behind can\n"
               "take them in any order");
  command.custom(
      "--symbols", "NAME=N,...",
      [&](StringRef text) { return parseSymbols(text, options); },
      "extents at which kernels are timed for a budget in ms\n"
      "(default: 1 for batch, else 128)");
  command.heading("code");
  command.flag("--trim-padding", options.trimPadding,
               "runs leave out the end of sequences that the attention\n"
               "mask hides in all samples; an error where that would\n"
               "change what is kept");
  command.flag("--expose-layers", options.exposeLayers,
               "outputs of linear layers are outputs of the library, for\n"
               "mixbit evaluate --layers; slower");
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

  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  options.threads = threads;
  if (scale != "default")
    options.scale = scale;
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
  if (std::string wrong = checkBudget(options); !wrong.empty())
    return command.usageError(wrong);
  if (std::string wrong = checkVary(options); !wrong.empty())
    return command.usageError(wrong);
  if (reconstruct > 0)
    if (std::string wrong = checkReconstruct(options); !wrong.empty())
      return command.usageError(wrong);
  if (!options.smooth.empty() && options.smooth != "off" &&
      options.calibration.empty())
    return command.usageError("expected --calibration with --smooth " +
                              options.smooth);
  if (StringRef(options.activations).ends_with("-static") &&
      options.calibration.empty())
    return command.usageError("expected --calibration with --activations " +
                              options.activations);
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
  bool compiled =
      reconstruct > 0 ? compileReconstructed(options, reconstruct, llvm::errs())
      : options.weights == "auto" ? compileAuto(options, llvm::errs())
                                  : compile(options, llvm::errs());
  progress.clear();
  return compiled ? Done : BadInput;
}
