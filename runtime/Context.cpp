//===- Context.cpp - One user of an entry -----------------------*- C++ -*-===//
#include "runtime/Context.h"

#include "runtime/CpuFeatures.h"
#include "runtime/Trim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

using namespace mixbit::runtime;

static constexpr int32_t maxThreads = 1024;

mixbit_status mixbit_context::fail(mixbit_status status, const char *format,
                                   ...) const {
  char text[900];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  error.clear();
  error.append("%s", text);
  return status;
}

mixbit_status mixbit_context::initialize(const mxb_library &ofLibrary,
                                         const mxb_entry &ofEntry,
                                         int32_t threads, Text &failure) {
  library = &ofLibrary;
  entry = &ofEntry;
  if (threads < 0 || threads > maxThreads) {
    failure.append("expected 0 to %d threads, but got %d", maxThreads, threads);
    return MIXBIT_INVALID_ARGUMENT;
  }
  const char *forced = getenv("MIXBIT_TARGET");
  variant = chooseVariant(*library, detectCpuFeatures(wantedFeatures(*library)),
                          forced);
  if (!variant) {
    failure.append("expected a CPU that runs one of the library's targets (");
    for (int32_t i = 0; i < library->num_variants; ++i)
      failure.append("%s%s", i ? ", " : "", library->variants[i].target);
    if (forced && *forced)
      failure.append("), but got one that does not run '%s', or no such "
                     "target, which MIXBIT_TARGET asks for",
                     forced);
    else
      failure.append("), but got one that runs none");
    return MIXBIT_UNSUPPORTED;
  }
  int64_t dims = 0;
  for (int32_t i = 0; i < entry->num_outputs; ++i)
    dims += entry->outputs[i].rank;
  if (threads == 0)
    threads = availableCpus();
  if (threads > maxThreads)
    threads = maxThreads;
  if (!inputs.allocate(entry->num_inputs) ||
      !outputs.allocate(entry->num_outputs) ||
      !symbols.allocate(entry->num_symbols) || !outputDims.allocate(dims) ||
      !bufferBytes.allocate(entry->num_buffers) ||
      !ports.allocate(entry->num_inputs + entry->num_outputs) ||
      !costs.allocate(3 * int64_t(entry->num_launches)) ||
      !trimmed.allocate(entry->num_inputs + entry->num_outputs) ||
      !scratch.allocate(threads) ||
      !arena.initialize(entry->num_symbols, entry->num_buffers, entry->live)) {
    failure.append("expected memory for a context, but there is not enough");
    return MIXBIT_OUT_OF_MEMORY;
  }
  if (!pool.start(threads)) {
    failure.append("expected to start %d threads, but the system refused",
                   threads);
    return MIXBIT_OUT_OF_MEMORY;
  }
  return MIXBIT_OK;
}

mixbit_status mixbit_context::bindInput(int32_t index,
                                        const mixbit_tensor *tensor) {
  error.clear();
  if (index < 0 || index >= entry->num_inputs)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected an input index below %d, but got %d",
                entry->num_inputs, index);
  return bindPort(*entry, entry->inputs[index], "input", tensor, inputs[index],
                  error)
             ? MIXBIT_OK
             : MIXBIT_INVALID_ARGUMENT;
}

mixbit_status mixbit_context::bindOutput(int32_t index,
                                         const mixbit_tensor *tensor) {
  error.clear();
  if (index < 0 || index >= entry->num_outputs)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected an output index below %d, but got %d",
                entry->num_outputs, index);
  return bindPort(*entry, entry->outputs[index], "output", tensor,
                  outputs[index], error)
             ? MIXBIT_OK
             : MIXBIT_INVALID_ARGUMENT;
}

mixbit_status mixbit_context::prepareOutputs() {
  const int64_t *dims = outputDims.data();
  for (int32_t i = 0; i < entry->num_outputs; ++i) {
    const mixbit_port &port = entry->outputs[i];
    Binding &output = outputs[i];
    mixbit_tensor tensor = {};
    tensor.type = port.type;
    tensor.rank = port.rank;
    for (int32_t d = 0; d < port.rank; ++d)
      tensor.shape[d] = *dims++;
    int64_t bytes = tensorBytes(tensor);
    if (bytes < 0) {
      error.append("output '%s': expected a tensor that fits into memory, but "
                   "got shape ",
                   port.name);
      appendShape(error, tensor.rank, tensor.shape);
      return MIXBIT_INVALID_ARGUMENT;
    }
    if (output.isBound) {
      if (memcmp(tensor.shape, output.tensor.shape,
                 port.rank * sizeof(int64_t)) != 0) {
        error.append("output '%s': expected shape ", port.name);
        appendShape(error, tensor.rank, tensor.shape);
        error.append(", but got ");
        appendShape(error, tensor.rank, output.tensor.shape);
        return MIXBIT_INVALID_ARGUMENT;
      }
    } else {
      if (!output.own.reserve(bytes ? bytes : 1))
        return fail(MIXBIT_OUT_OF_MEMORY,
                    "output '%s': expected %" PRId64
                    " bytes of memory, but there is not enough",
                    port.name, bytes);
      tensor.data = output.own.data();
      output.tensor = tensor;
    }
    ports[entry->num_inputs + i] = output.tensor.data;
  }
  return MIXBIT_OK;
}

mixbit_status mixbit_context::run() {
  error.clear();
  hasRun = false;
  if (!resolveSymbols(*entry, inputs.data(), symbols.data(), error))
    return MIXBIT_INVALID_ARGUMENT;

  bool isEmpty = entry->num_outputs > 0;
  auto sizes = [&](int64_t *bytes) {
    entry->shapes(symbols.data(), outputDims.data(), bytes);
  };
  sizes(bufferBytes.data());
  if (mixbit_status status = prepareOutputs())
    return status;
  for (const Binding &output : outputs)
    isEmpty &= tensorBytes(output.tensor) == 0;
  // Without elements in any output there is nothing to compute. An empty
  // dimension that outputs do not show cannot be computed: the first token of
  // no tokens, the mean of nothing.
  if (isEmpty) {
    hasRun = true;
    return MIXBIT_OK;
  }
  for (int32_t s = 0; s < entry->num_symbols; ++s)
    if (symbols[s] == 0)
      return fail(MIXBIT_INVALID_ARGUMENT,
                  "dimension '%s': expected an extent of at least 1, but got 0",
                  entry->symbols[s]);

  for (int32_t i = 0; i < entry->num_inputs; ++i) {
    Binding &input = inputs[i];
    if (input.needsCopy && !makeContiguous(input))
      return fail(MIXBIT_OUT_OF_MEMORY,
                  "input '%s': expected memory for a contiguous copy, but "
                  "there is not enough",
                  entry->inputs[i].name);
    ports[i] = input.needsCopy ? input.copy.data() : input.tensor.data;
  }
  int64_t length = 0, kept = 0;
  if (entry->trim_mask) {
    const Binding &mask = inputs[entry->trim_mask - 1];
    mixbit_tensor contiguous = mask.tensor;
    contiguous.data = ports[entry->trim_mask - 1];
    length = symbols[entry->trim_symbol - 1];
    kept = keptLength(contiguous);
    if (kept < length)
      if (mixbit_status status = trim(kept))
        return status;
  }
  switch (arena.prepare(symbols.data(), sizes)) {
  case Arena::Status::Ok:
    break;
  case Arena::Status::TooLarge:
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected inputs whose intermediate results fit into memory, "
                "but got larger ones");
  case Arena::Status::OutOfMemory:
    return fail(MIXBIT_OUT_OF_MEMORY,
                "expected memory for the intermediate results, but there is "
                "not enough");
  }
  kernelError = {};
  if (profiler && entry->costs)
    entry->costs(symbols.data(), costs.data());
  int32_t status =
      entry->run(this, symbols.data(), ports.data(), arena.addresses());
  if (status < 0)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected dimensions that the model was made for (`requires` "
                "of mixbit inspect), but got inputs too long or too short");
  if (status != 0)
    return mixbit_status(status);
  if (kept < length)
    restoreOutputs(kept, length);
  hasRun = true;
  return MIXBIT_OK;
}

/// Cuts an input's shape; false if it does not have the symbol.
static bool trimmedShape(const mxb_entry &entry, const mixbit_port &port,
                         int64_t kept, mixbit_tensor &tensor) {
  bool isShorter = false;
  for (int32_t d = 0; d < port.rank; ++d)
    if (port.dims[d] == -int64_t(entry.trim_symbol)) {
      tensor.shape[d] = kept;
      isShorter = true;
    }
  return isShorter;
}

mixbit_status mixbit_context::trim(int64_t kept) {
  int64_t length = symbols[entry->trim_symbol - 1];
  symbols[entry->trim_symbol - 1] = kept;
  auto reserve = [&](int32_t port, const mixbit_tensor &tensor) {
    int64_t bytes = tensorBytes(tensor);
    return bytes >= 0 && trimmed[port].reserve(bytes ? bytes : 1);
  };
  constexpr const char *noMemory =
      "'%s': expected memory for a copy without padding, but there is not "
      "enough";
  for (int32_t i = 0; i < entry->num_inputs; ++i) {
    mixbit_tensor whole = inputs[i].tensor;
    whole.data = ports[i];
    mixbit_tensor part = whole;
    if (!trimmedShape(*entry, entry->inputs[i], kept, part))
      continue;
    if (!reserve(i, part))
      return fail(MIXBIT_OUT_OF_MEMORY, noMemory, entry->inputs[i].name);
    part.data = trimmed[i].data();
    cut(whole, length, part, kept);
    ports[i] = part.data;
  }
  // The shapes that kernels will write; those of the caller stay in `outputs`.
  entry->shapes(symbols.data(), outputDims.data(), bufferBytes.data());
  const int64_t *dims = outputDims.data();
  for (int32_t i = 0; i < entry->num_outputs; ++i) {
    int32_t port = entry->num_inputs + i;
    mixbit_tensor part = outputs[i].tensor;
    memcpy(part.shape, dims, part.rank * sizeof(int64_t));
    dims += part.rank;
    if (memcmp(part.shape, outputs[i].tensor.shape,
               part.rank * sizeof(int64_t)) == 0)
      continue;
    if (!reserve(port, part))
      return fail(MIXBIT_OUT_OF_MEMORY, noMemory, entry->outputs[i].name);
    ports[port] = trimmed[port].data();
  }
  return MIXBIT_OK;
}

void mixbit_context::restoreOutputs(int64_t kept, int64_t length) {
  const int64_t *dims = outputDims.data();
  for (int32_t i = 0; i < entry->num_outputs; ++i) {
    int32_t port = entry->num_inputs + i;
    mixbit_tensor part = outputs[i].tensor;
    memcpy(part.shape, dims, part.rank * sizeof(int64_t));
    dims += part.rank;
    part.data = ports[port];
    if (part.data != outputs[i].tensor.data)
      restore(part, kept, outputs[i].tensor, length);
  }
}

namespace {
/// What the threads of one launch share.
struct Launch {
  mxb_kernel_body body;
  const int64_t *args;
  int64_t size;
  int count;
  const Block *scratch;
};
} // namespace

static int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t(1000000000) + now.tv_nsec;
}

mixbit_status mixbit_context::launch(int32_t index, int64_t *args) {
  int64_t start = profiler ? nanoseconds() : 0;
  int32_t number = entry->launch_kernels[index];
  const mxb_kernel &kernel = variant->kernels[number];
  args[0] = reinterpret_cast<int64_t>(&kernelError);
  mxb_extent extent = kernel.extent(args);
  if (extent.size > 0) {
    int count = pool.threads();
    if (count > extent.size)
      count = int(extent.size);
    // A thread touches its scratch first itself, so that it lies near it.
    for (int t = 0; t < count; ++t)
      if (!scratch[t].reserve(extent.scratch_bytes))
        return fail(MIXBIT_OUT_OF_MEMORY,
                    "node %s: expected %" PRId64
                    " bytes of scratch memory a thread, but there is not "
                    "enough",
                    entry->launch_nodes[index], extent.scratch_bytes);
    Launch launch = {kernel.body, args, extent.size, count, scratch.data()};
    pool.run(
        [](void *data, int thread) {
          const Launch &launch = *static_cast<const Launch *>(data);
          Range range = splitRange(launch.size, thread, launch.count);
          launch.body(launch.args, range.begin, range.end,
                      launch.scratch[thread].data());
        },
        &launch, count);
  }
  if (profiler) {
    mixbit_kernel_event event = {};
    event.nanoseconds = nanoseconds() - start;
    event.kernel = library->kernel_names[number];
    event.node = entry->launch_nodes[index];
    if (entry->costs) {
      event.bytes = costs[3 * index];
      event.float_products = costs[3 * index + 1];
      event.integer_products = costs[3 * index + 2];
    }
    profiler(profilerData, &event);
  }
  if (kernelError.kind == 0)
    return MIXBIT_OK;
  if (kernelError.kind == 1)
    return fail(MIXBIT_BAD_DATA,
                "node %s: index %" PRId64 " is outside of %" PRId64
                "..%" PRId64,
                entry->launch_nodes[index], kernelError.value,
                -kernelError.limit, kernelError.limit - 1);
  return fail(MIXBIT_BAD_DATA, "node %s: data that the kernel cannot take",
              entry->launch_nodes[index]);
}

mixbit_status mixbit_context::getOutput(int32_t index,
                                        mixbit_tensor *tensor) const {
  error.clear();
  if (index < 0 || index >= entry->num_outputs)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected an output index below %d, but got %d",
                entry->num_outputs, index);
  if (!tensor)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "expected a tensor to fill, but got a null pointer");
  if (!hasRun)
    return fail(MIXBIT_INVALID_ARGUMENT,
                "output '%s': expected a successful run first, but there was "
                "none",
                entry->outputs[index].name);
  *tensor = outputs[index].tensor;
  return MIXBIT_OK;
}

int32_t mxb_launch(void *context, int32_t launch, int64_t *args) {
  return static_cast<mixbit_context *>(context)->launch(launch, args);
}
