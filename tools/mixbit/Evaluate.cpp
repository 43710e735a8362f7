//===- Evaluate.cpp - mixbit evaluate -------------------------------------===//
//
// Runs a model on all samples of a data set, in batches, and compares one of
// its outputs with labels, with another model, or with stored outputs.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/CommandLine.h"
#include "tools/mixbit/Metrics.h"
#include "tools/mixbit/Session.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;

namespace {
struct Options {
  std::vector<std::string> model;
  std::string data, labels, against, output, entry;
  int64_t threads = 0, batch = 16;
  bool json = false;
};
} // namespace

/// Samples [begin, begin + count) of an array; past its end the last one is
/// repeated, for models of a fixed batch.
static Tensor samples(const Tensor &all, int64_t begin, int64_t count) {
  std::vector<int64_t> shape(all.shape.begin(), all.shape.end());
  shape[0] = count;
  Tensor part(all.type, shape);
  int64_t bytes = all.shape[0] ? all.numBytes() / all.shape[0] : 0;
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(part.data.data() + i * bytes,
                all.data.data() + std::min(begin + i, all.shape[0] - 1) * bytes,
                bytes);
  return part;
}

/// The batch that the model's inputs ask for: 0 if it is free.
static int64_t fixedBatch(const Session &session) {
  for (const mixbit_port *port : session.inputs())
    if (port->rank > 0 && port->dims[0] > 0)
      return port->dims[0];
  return 0;
}

namespace {
/// An output of all samples.
struct Outputs {
  std::string name;
  Tensor values; ///< float32, the first axis the sample
};
} // namespace

/// Output --output (or the first one) of the model.
static llvm::Expected<Outputs> runAll(const std::string &path,
                                      const NamedTensors &data,
                                      const Options &options,
                                      Progress &progress) {
  auto library = Library::open(path);
  if (!library)
    return library.takeError();
  auto entry = library->findEntry(options.entry);
  if (!entry)
    return entry.takeError();
  auto session = Session::create(*library, *entry, options.threads);
  if (!session)
    return session.takeError();
  int32_t index = 0;
  if (!options.output.empty()) {
    auto found = session->findOutput(options.output);
    if (!found)
      return found.takeError();
    index = *found;
  }

  InputArrays arrays;
  arrays.add(options.data, data);
  auto inputs = arrays.take(*session);
  if (!inputs)
    return inputs.takeError();
  if (inputs->empty() || inputs->front().shape.empty())
    return llvm::createStringError(path + ": has no input with a batch");
  int64_t count = inputs->front().shape[0];
  for (auto [port, tensor] : llvm::zip_equal(session->inputs(), *inputs))
    if (tensor.shape.empty() || tensor.shape[0] != count || count == 0)
      return llvm::createStringError(
          options.data + ": expected arrays of as many samples each, but '" +
          port->name + "' has shape " + shapeText(tensor.shape) + " and '" +
          session->inputs()[0]->name + "' has " +
          shapeText(inputs->front().shape));

  int64_t fixed = fixedBatch(*session);
  int64_t batch = fixed ? fixed : std::min(options.batch, count);
  Tensor all;
  for (int64_t begin = 0; begin < count; begin += batch) {
    int64_t wanted = std::min(batch, count - begin);
    std::vector<Tensor> parts;
    for (const Tensor &input : *inputs)
      parts.push_back(samples(input, begin, fixed ? fixed : wanted));
    for (size_t i = 0; i < parts.size(); ++i)
      if (auto error = session->bind(i, parts[i]))
        return error;
    if (auto error = session->run())
      return error;
    auto output = session->output(index);
    if (!output)
      return output.takeError();
    const char *name = session->outputs()[index]->name;
    if (isIntegerType(output->type))
      return llvm::createStringError(path + ": expected output '" + name +
                                     "' of floats, but it is of " +
                                     typeName(output->type));
    if (output->shape.empty() || output->shape[0] < wanted ||
        output->shape[0] != parts[0].shape[0])
      return llvm::createStringError(
          path + ": expected output '" + name +
          "' to have one row a sample, but its shape is " +
          shapeText(output->shape) + " for " +
          std::to_string(parts[0].shape[0]) + " samples");
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
  return Outputs{session->outputs()[index]->name, std::move(all)};
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
  if (against.ends_with(".so") || against.ends_with(".onnx") ||
      llvm::sys::fs::exists(against)) {
    auto values = runAll(options.against, data, options, progress);
    if (!values)
      return values.takeError();
    return std::move(values->values);
  }
  return llvm::createStringError("--against: '" + against +
                                 "' is neither a file nor an array of " +
                                 options.data);
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
  if (auto error = evaluate(options))
    return inputError(std::move(error));
  return Done;
}
