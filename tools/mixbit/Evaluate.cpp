//===- Evaluate.cpp - mixbit evaluate -------------------------------------===//
//
// Runs a model on all samples of a data set, in batches, and compares one of
// its outputs with labels, with another model, or with stored outputs.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/CommandLine.h"
#include "tools/mixbit/LayerNoise.h"
#include "tools/mixbit/Metrics.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;

namespace {
struct Options {
  std::vector<std::string> model;
  std::string data, labels, against, output, entry;
  int64_t threads = 0, batch = 16;
  bool json = false, layers = false;
};
} // namespace

namespace {
/// An output of all samples.
struct Outputs {
  std::string name;
  Tensor values; ///< float32, the first axis the sample
};
} // namespace

static llvm::Expected<SampleRuns> open(const std::string &path,
                                       const NamedTensors &data,
                                       const Options &options) {
  return SampleRuns::create(
      path, options.data, data,
      {options.entry, int32_t(options.threads), options.batch, options.layers});
}

/// Output --output (or the first one) of the model.
static llvm::Expected<Outputs> runAll(const std::string &path,
                                      const NamedTensors &data,
                                      const Options &options,
                                      Progress &progress) {
  auto runs = open(path, data, options);
  if (!runs)
    return runs.takeError();
  int32_t index = 0;
  if (!options.output.empty()) {
    auto found = runs->session().findOutput(options.output);
    if (!found)
      return found.takeError();
    index = *found;
  }
  std::string name = runs->session().outputs()[index]->name;
  int64_t count = runs->count();
  Tensor all;
  for (int64_t begin = 0; begin < count; begin += runs->batch()) {
    int64_t wanted = std::min(runs->batch(), count - begin);
    if (auto error = runs->run(begin, wanted))
      return error;
    auto output = runs->output(index);
    if (!output)
      return output.takeError();
    if (begin == 0) {
      std::vector<int64_t> shape(output->shape.begin(), output->shape.end());
      shape[0] = count;
      all = Tensor(MIXBIT_F32, shape);
    }
    int64_t perSample = output->numElements() / output->shape[0];
    if (perSample * count != all.numElements())
      return llvm::createStringError(path + ": output '" + name +
                                     "' changes its shape between batches");
    for (int64_t i = 0; i < perSample * wanted; ++i)
      all.setFloat(begin * perSample + i, output->floatAt(i));
    progress.show(path + ": " + llvm::Twine(begin + wanted) + " of " +
                  llvm::Twine(count) + " samples");
  }
  progress.clear();
  return Outputs{std::move(name), std::move(all)};
}

static bool isModel(StringRef path) {
  return path.ends_with(".so") || path.ends_with(".onnx") ||
         llvm::sys::fs::exists(path);
}

/// What --against names: another model, an array of the data set, or the array
/// of another archive that has the output's name.
static llvm::Expected<Tensor> reference(const NamedTensors &data,
                                        const Options &options,
                                        StringRef outputName,
                                        Progress &progress) {
  StringRef against = options.against, source = options.data;
  const Tensor *stored = findTensor(data, against);
  NamedTensors others;
  if (!stored && against.ends_with(".npz")) {
    auto read = readNpz(against);
    if (!read)
      return read.takeError();
    others = std::move(*read);
    source = against;
    stored = findTensor(others, outputName);
    if (!stored)
      return llvm::createStringError(against + ": has no array '" + outputName +
                                     "'");
  }
  if (stored && isIntegerType(stored->type))
    return llvm::createStringError(source +
                                   ": expected an array of floats to "
                                   "compare with, but got " +
                                   typeName(stored->type));
  if (stored)
    return *stored;
  if (isModel(against)) {
    auto values = runAll(options.against, data, options, progress);
    if (!values)
      return values.takeError();
    return std::move(values->values);
  }
  return llvm::createStringError("--against: '" + against +
                                 "' is neither a file nor an array of " +
                                 options.data);
}

/// What --layers asks for: the layers of the model against those of the other.
static llvm::Expected<std::vector<LayerNoise>>
evaluateLayers(const NamedTensors &data, const Options &options,
               StringRef output, Progress &progress) {
  StringRef against = options.against;
  if (findTensor(data, against) || against.ends_with(".npz") ||
      !isModel(against))
    return llvm::createStringError("--layers: expected a library or an ONNX "
                                   "file to compare with, but got --against '" +
                                   against + "'");
  auto runs = open(options.model.front(), data, options);
  if (!runs)
    return runs.takeError();
  auto reference = open(options.against, data, options);
  if (!reference)
    return reference.takeError();
  return compareLayers(*runs, *reference, output, progress);
}

static llvm::Error evaluate(const Options &options) {
  auto data = readNpz(options.data);
  if (!data)
    return data.takeError();
  const Tensor *labels =
      findTensor(*data, options.labels.empty() ? "labels" : options.labels);
  if (!labels && !options.labels.empty())
    return llvm::createStringError(options.data + ": has no array '" +
                                   options.labels + "'");
  if (labels && !isIntegerType(labels->type))
    return llvm::createStringError(options.data +
                                   ": expected labels of integers, but they "
                                   "are of " +
                                   typeName(labels->type));

  Progress progress;
  auto result = runAll(options.model.front(), *data, options, progress);
  if (!result)
    return result.takeError();
  const Tensor *values = &result->values;
  int64_t count = values->numElements();
  int64_t classes = values->shape.size() > 1 ? values->shape.back() : 1;
  llvm::ArrayRef<float> floats = values->floats();
  Metrics metrics(classes);
  metrics.addValues(floats);

  if (labels && classes > 1) {
    if (labels->numElements() * classes != count) {
      // Labels that nobody asked for may belong to another output.
      if (!options.labels.empty())
        return llvm::createStringError(
            options.data + ": expected a label for each row of the output " +
            shapeText(values->shape) + ", but got " + shapeText(labels->shape));
      labels = nullptr;
    } else {
      std::vector<int64_t> wanted;
      for (int64_t i = 0; i < labels->numElements(); ++i)
        wanted.push_back(labels->integerAt(i));
      metrics.addLabels(floats, wanted);
    }
  }
  bool hasReference = !options.against.empty();
  if (hasReference) {
    auto other = reference(*data, options, result->name, progress);
    if (!other)
      return other.takeError();
    if (other->numElements() != count)
      return llvm::createStringError(
          "--against '" + options.against + "': expected an output of shape " +
          shapeText(values->shape) + ", but got " + shapeText(other->shape));
    std::vector<float> expected(count);
    for (int64_t i = 0; i < count; ++i)
      expected[i] = other->floatAt(i);
    metrics.addReference(floats, expected);
  }

  std::vector<LayerNoise> layers;
  if (options.layers) {
    auto compared = evaluateLayers(*data, options, result->name, progress);
    if (!compared)
      return compared.takeError();
    layers = std::move(*compared);
  }

  struct Row {
    const char *name;
    std::optional<double> value;
    bool applies;
  };
  const Row rows[] = {
      {"accuracy", metrics.accuracy(), bool(metrics.accuracy())},
      {"agreement", metrics.agreement(), bool(metrics.agreement())},
      {"max_abs_error", metrics.maxAbsError(), hasReference},
      {"mean_kl", metrics.meanKl(), bool(metrics.meanKl())},
      {"snr_db", metrics.snrDb(), hasReference},
  };
  if (options.json) {
    llvm::json::OStream json(llvm::outs(), 1);
    json.object([&] {
      json.attribute("samples", values->shape[0]);
      for (const Row &row : rows)
        if (row.applies && row.value && std::isfinite(*row.value))
          json.attribute(row.name, *row.value);
        else if (row.applies)
          json.attribute(row.name, nullptr);
      if (metrics.nonFinite())
        json.attribute("non_finite", metrics.nonFinite());
      if (!options.layers)
        return;
      json.attributeArray("layers", [&] {
        for (const LayerNoise &layer : layers)
          json.object([&] {
            json.attribute("name", layer.name);
            json.attribute("equal", !layer.snrDb);
            if (layer.snrDb && std::isfinite(*layer.snrDb))
              json.attribute("snr_db", *layer.snrDb);
            else
              json.attribute("snr_db", nullptr);
          });
      });
    });
    llvm::outs() << "\n";
    return llvm::Error::success();
  }
  llvm::outs() << "samples        " << values->shape[0] << "\n";
  for (const Row &row : rows)
    if (row.applies)
      llvm::outs() << llvm::left_justify(row.name, 15)
                   << (row.value ? llvm::formatv("{0:f6}", *row.value).str()
                                 : std::string("infinite"))
                   << "\n";
  if (metrics.nonFinite())
    llvm::outs() << "non_finite     " << metrics.nonFinite() << "\n";
  if (options.layers)
    llvm::outs() << "\n  snr_db  layer\n";
  for (const LayerNoise &layer : layers)
    llvm::outs() << (layer.snrDb ? llvm::formatv("{0,8:f2}", *layer.snrDb).str()
                                 : std::string("   equal"))
                 << "  " << layer.name << "\n";
  return llvm::Error::success();
}

int mixbit::tool::runEvaluate(Arguments arguments) {
  Options options;
  CommandLine command(
      "evaluate", "MODEL.so|MODEL.onnx --data FILE.npz [options]",
      "Runs a model on every sample of a data set: arrays named as the "
      "model's\n"
      "inputs, the first axis the sample. Prints the accuracy against labels,\n"
      "and how much the output differs from that of another model. An ONNX\n"
      "file is compiled first, in fp32.");
  command.positional("the path of a library or an ONNX file", 1, 1,
                     options.model);
  command.text("--data", "FILE.npz", options.data, "the data set");
  command.text("--labels", "KEY", options.labels,
               "its array of classes (default: labels, if it is there)");
  command.text("--against", "OTHER", options.against,
               "compare with another library or ONNX file, with an array\n"
               "of the data set, or with the array of another .npz that\n"
               "has the output's name");
  command.flag("--layers", options.layers,
               "the signal-to-noise ratio of each linear layer too: the\n"
               "library is one of compile --expose-layers, --against\n"
               "another or the ONNX file");
  command.text("--output", "NAME", options.output,
               "the output to look at (default: the first)");
  command.text("--entry", "NAME", options.entry,
               "the entry point, if there are several");
  command.number("--batch", "N", 1, 1 << 20, options.batch,
                 "samples a run (default: 16)");
  command.number("--threads", "N", 0, 1024, options.threads,
                 "threads (default: 0, one a CPU)");
  command.flag("--json", options.json, "print one JSON object");
  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  if (options.data.empty())
    return command.usageError("expected --data");
  if (options.layers && options.against.empty())
    return command.usageError("expected --against with --layers");
  if (auto error = evaluate(options))
    return inputError(std::move(error));
  return Done;
}
