//===- Sensitivity.cpp - mixbit sensitivity -------------------------------===//
#include "tools/mixbit/CommandLine.h"

#include "lib/measure/Measure.h"
#include "lib/quant/Format.h"
#include "lib/support/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mixbit;
using namespace mixbit::tool;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

namespace {
struct Options {
  std::vector<std::string> model;
  std::string calibration, labels, loss, output, result;
  std::string metrics = "fisher";
  std::string formats = "int8,int4,int3,int2,ternary";
  MeasureOptions measure;
  int64_t threads = 0, seed = 0;
};
} // namespace

/// The parts between commas.
static std::vector<std::string> splitList(StringRef text) {
  std::vector<std::string> parts;
  for (StringRef part : llvm::split(text, ','))
    parts.push_back(part.trim().str());
  return parts;
}

static constexpr StringRef kMetrics[] = {"fisher", "trace", "omega", "loss"};

/// What is wrong with the lists; empty if nothing is.
static std::string checkLists(const Options &options) {
  for (const std::string &metric : splitList(options.metrics))
    if (!llvm::is_contained(kMetrics, metric))
      return "--metrics: expected " +
             llvm::join(llvm::ArrayRef(kMetrics), ", ") + ", but got '" +
             metric + "'";
  for (const std::string &name : splitList(options.formats)) {
    auto format = parseFormat(name);
    if (!format)
      return "--formats: " + llvm::toString(format.takeError());
    if (format->isFloat())
      return "--formats: expected formats to round to, but got '" + name + "'";
  }
  return "";
}

/// The index of the function's result of that name.
static llvm::Expected<int64_t> findOutput(mlir::func::FuncOp func,
                                          StringRef name) {
  std::vector<std::string> names;
  for (unsigned i = 0; i != func.getNumResults(); ++i) {
    auto attr = func.getResultAttrOfType<mlir::StringAttr>(i, "mixbit.name");
    names.push_back(attr ? attr.getValue().str() : "");
    if (names.back() == name)
      return i;
  }
  if (name.empty() && !names.empty())
    return 0;
  return llvm::createStringError("'" + name +
                                 "' is not an output of the model; its outputs "
                                 "are: " +
                                 llvm::join(names, ", "));
}

static Error measure(Options &options) {
  Progress progress;
  options.measure.progress = [&](const std::string &text) {
    progress.show(text);
  };
  // Everything that can be wrong with the files first.
  auto arrays = readNpz(options.calibration);
  if (!arrays)
    return arrays.takeError();
  bool hasLabels = findTensor(*arrays, "labels");
  std::string labels = options.labels;
  if (labels.empty() && options.loss != "divergence" &&
      (hasLabels || options.loss == "cross-entropy"))
    labels = "labels";
  if (options.loss == "divergence")
    labels.clear();

  const std::string &path = options.model.front();
  progress.show("importing " + path);
  auto model = GraphModel::load({path}, options.threads, llvm::errs());
  if (!model)
    return model.takeError();
  auto func = *model->module().getOps<mlir::func::FuncOp>().begin();
  auto inFile = [](StringRef file, Error error) {
    return llvm::createStringError(file + ": " +
                                   llvm::toString(std::move(error)));
  };
  auto output = findOutput(func, options.output);
  if (!output)
    return inFile(path, output.takeError());
  options.measure.output = *output;
  auto samples = SampleSet::take(func, *arrays, labels, options.calibration);
  if (!samples)
    return samples.takeError();
  auto meter =
      SensitivityMeter::create(func, *samples, options.measure, llvm::errs());
  if (!meter)
    return inFile(path, meter.takeError());
  for (const std::string &metric : splitList(options.metrics)) {
    Error error = metric == "fisher"  ? (*meter)->measureFisher()
                  : metric == "trace" ? (*meter)->measureTrace()
                  : metric == "omega"
                      ? (*meter)->measureOmega()
                      : (*meter)->measureLosses(splitList(options.formats));
    if (error)
      return inFile(options.calibration, std::move(error));
  }
  progress.clear();
  if (options.result != "-")
    return writeSensitivities(options.result, (*meter)->result());
  llvm::outs() << toJson((*meter)->result());
  return Error::success();
}

int mixbit::tool::runSensitivity(Arguments arguments) {
  Options options;
  MeasureOptions &measures = options.measure;
  CommandLine command(
      "sensitivity", "MODEL.onnx --calibration FILE.npz -o FILE.json [options]",
      "Measures how much the loss depends on each weight of a model's linear\n"
      "layers, from derivatives of its graph. The arrays are named as the\n"
      "model's inputs, the first axis the sample.");
  command.positional("the path of an ONNX file", 1, 1, options.model);
  command.text("--calibration", "FILE.npz", options.calibration, "the samples");
  command.text("-o", "FILE.json", options.result,
               "where the result goes; - is standard output");
  command.text("--metrics", "LIST", options.metrics,
               "fisher (default), trace, omega, loss, separated by commas");
  command.choice("--loss", {"cross-entropy", "divergence"}, options.loss,
                 "cross-entropy with labels (default where there are\n"
                 "any), or divergence from the model's own outputs");
  command.text("--labels", "KEY", options.labels,
               "the array of classes (default: labels, if it is there)");
  command.text("--output", "NAME", options.output,
               "the output that holds the logits (default: the first)");
  command.number("--group-rows", "N", 0, 1 << 30, measures.groupRows,
                 "rows of a weight that share a value; 0 (default) is one\n"
                 "value a weight");
  command.custom(
      "--layer", "NAME",
      [&](StringRef name) {
        measures.layers.push_back(name.str());
        return std::string();
      },
      "measure the weight of this initializer only; may be repeated");
  command.heading("How much is measured");
  command.text("--formats", "LIST", options.formats,
               "formats of the measured loss (default:\n"
               "int8,int4,int3,int2,ternary)");
  command.number("--loss-samples", "N", 1, 1 << 30, measures.lossSamples,
                 "samples of the measured loss at most (default: 64)");
  command.number("--trace-samples", "N", 1, 1 << 30, measures.traceSamples,
                 "samples of the trace at most (default: 128)");
  command.number("--trace-draws", "N", 1, 1 << 20, measures.traceDraws,
                 "random vectors of the trace (default: 8)");
  command.number("--label-draws", "N", 1, 1 << 20, measures.labelDraws,
                 "labels drawn a sample for the Fisher information of a\n"
                 "divergence (default: 4)");
  command.number("--subsets", "N", 1, 1 << 20, measures.subsets,
                 "subsets of omega (default: 10)");
  command.number("--subset-samples", "N", 1, 1 << 30, measures.subsetSamples,
                 "samples of each at most (default: 16)");
  command.heading("Other options");
  command.number("--batch", "N", 1, 1 << 20, measures.batchSize,
                 "samples a run (default: 16)");
  command.number("--seed", "N", 0, INT64_MAX, options.seed,
                 "of what is random (default: 0)");
  command.number("--threads", "N", 0, 1024, options.threads,
                 "threads (default: 0, one a CPU); the result does not\n"
                 "depend on it");
  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  if (options.calibration.empty())
    return command.usageError("expected --calibration");
  if (options.result.empty())
    return command.usageError("expected -o");
  if (!options.labels.empty() && options.loss == "divergence")
    return command.usageError("expected no --labels with --loss divergence");
  if (std::string wrong = checkLists(options); !wrong.empty())
    return command.usageError(wrong);
  measures.threads = options.threads;
  measures.seed = options.seed;
  if (Error error = measure(options))
    return inputError(std::move(error));
  return Done;
}
