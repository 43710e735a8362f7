//===- SampleRuns.cpp - A model run on all samples of a data set ----------===//
#include "tools/mixbit/SampleRuns.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <cstring>

namespace mixbit::tool {

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

llvm::Expected<SampleRuns>
SampleRuns::create(const std::string &model, const std::string &source,
                   const NamedTensors &data, const SampleRunsOptions &options) {
  SampleRuns runs;
  auto library = Library::open(model, options.exposeLayers);
  if (!library)
    return library.takeError();
  runs.library = std::make_unique<Library>(std::move(*library));
  auto entry = runs.library->findEntry(options.entry);
  if (!entry)
    return entry.takeError();
  auto session = Session::create(*runs.library, *entry, options.threads);
  if (!session)
    return session.takeError();
  runs.opened = std::make_unique<Session>(std::move(*session));

  InputArrays arrays;
  arrays.add(source, data);
  auto inputs = arrays.take(*runs.opened);
  if (!inputs)
    return inputs.takeError();
  if (inputs->empty() || inputs->front().shape.empty())
    return llvm::createStringError(model + ": has no input with a batch");
  int64_t count = inputs->front().shape[0];
  for (auto [port, tensor] : llvm::zip_equal(runs.opened->inputs(), *inputs))
    if (tensor.shape.empty() || tensor.shape[0] != count || count == 0)
      return llvm::createStringError(
          source + ": expected arrays of as many samples each, but '" +
          port->name + "' has shape " + shapeText(tensor.shape) + " and '" +
          runs.opened->inputs()[0]->name + "' has " +
          shapeText(inputs->front().shape));
  runs.inputs = std::move(*inputs);
  int64_t fixed = fixedBatch(*runs.opened);
  runs.isFixed = fixed != 0;
  runs.batchSize = fixed ? fixed : std::min(options.batch, count);
  return std::move(runs);
}

llvm::Error SampleRuns::run(int64_t begin, int64_t wanted) {
  lastWanted = wanted;
  std::vector<Tensor> parts;
  for (const Tensor &input : inputs)
    parts.push_back(samples(input, begin, isFixed ? batchSize : wanted));
  for (size_t i = 0; i < parts.size(); ++i)
    if (auto error = opened->bind(i, parts[i]))
      return error;
  return opened->run();
}

llvm::Expected<Tensor> SampleRuns::output(int32_t index) const {
  auto output = opened->output(index);
  if (!output)
    return output.takeError();
  auto name = [&] {
    return opened->path() + ": expected output '" +
           opened->outputs()[index]->name + "' ";
  };
  if (isIntegerType(output->type))
    return llvm::createStringError(name() + "of floats, but it is of " +
                                   typeName(output->type));
  int64_t ran = isFixed ? batchSize : lastWanted;
  if (output->shape.empty() || output->shape[0] != ran)
    return llvm::createStringError(
        name() + "to have one row a sample, but its shape is " +
        shapeText(output->shape) + " for " + std::to_string(ran) + " samples");
  return output;
}

} // namespace mixbit::tool
