//===- Api.cpp - The table behind mixbit_get_api ----------------*- C++ -*-===//
//
// Every index and pointer that comes from outside is checked here or in
// Context.cpp.
//
//===----------------------------------------------------------------------===//
#include "runtime/Api.h"

#include "runtime/Context.h"
#include "runtime/HugePages.h"

#include "runtime/Atomic.h"

#include <stdlib.h>

using namespace mixbit::runtime;

static const mxb_library &libraryOf(const mixbit_api *api) {
  return *static_cast<const mxb_library *>(api->library);
}

static const mxb_entry *entryOf(const mixbit_api *api, int32_t entry) {
  if (!api || entry < 0 || entry >= libraryOf(api).num_entries)
    return nullptr;
  return &libraryOf(api).entries[entry];
}

static int32_t numEntries(const mixbit_api *api) {
  return api ? libraryOf(api).num_entries : 0;
}

static const char *entryName(const mixbit_api *api, int32_t index) {
  const mxb_entry *entry = entryOf(api, index);
  return entry ? entry->name : nullptr;
}

static int32_t numInputs(const mixbit_api *api, int32_t index) {
  const mxb_entry *entry = entryOf(api, index);
  return entry ? entry->num_inputs : 0;
}

static int32_t numOutputs(const mixbit_api *api, int32_t index) {
  const mxb_entry *entry = entryOf(api, index);
  return entry ? entry->num_outputs : 0;
}

static const mixbit_port *input(const mixbit_api *api, int32_t index,
                                int32_t port) {
  const mxb_entry *entry = entryOf(api, index);
  return entry && port >= 0 && port < entry->num_inputs ? &entry->inputs[port]
                                                        : nullptr;
}

static const mixbit_port *output(const mixbit_api *api, int32_t index,
                                 int32_t port) {
  const mxb_entry *entry = entryOf(api, index);
  return entry && port >= 0 && port < entry->num_outputs ? &entry->outputs[port]
                                                         : nullptr;
}

static int32_t numSymbols(const mixbit_api *api, int32_t index) {
  const mxb_entry *entry = entryOf(api, index);
  return entry ? entry->num_symbols : 0;
}

static const char *entrySymbol(const mixbit_api *api, int32_t index,
                               int32_t symbol) {
  const mxb_entry *entry = entryOf(api, index);
  return entry && symbol >= 0 && symbol < entry->num_symbols
             ? entry->symbols[symbol]
             : nullptr;
}

static const char *metadata(const mixbit_api *api) {
  return api ? libraryOf(api).metadata : nullptr;
}

/// Why the last context could not be created, for last_error(null). One for
/// all threads: thread-local memory would need the dynamic linker's help.
static Text creationError;
static AtomicWord creationLock;

static mixbit_status creationFailed(mixbit_status status, const Text &reason) {
  while (creationLock.exchange(1)) {
  }
  creationError.clear();
  creationError.append("%s", reason.str());
  creationLock.store(0);
  return status;
}

static void contextDestroy(mixbit_context *context) {
  if (context) {
    context->~mixbit_context();
    free(context);
  }
}

static mixbit_status contextCreate(const mixbit_api *api, int32_t index,
                                   int32_t threads, mixbit_context **result) {
  Text failure;
  if (!result) {
    failure.append("expected where to put a context, but got a null pointer");
    return creationFailed(MIXBIT_INVALID_ARGUMENT, failure);
  }
  *result = nullptr;
  const mxb_entry *entry = entryOf(api, index);
  if (!entry) {
    failure.append("expected an entry index below %d, but got %d",
                   numEntries(api), index);
    return creationFailed(MIXBIT_INVALID_ARGUMENT, failure);
  }
  // The pool's counters are aligned to cache lines.
  void *memory =
      aligned_alloc(alignment, alignUp(int64_t(sizeof(mixbit_context))));
  if (!memory) {
    failure.append("expected memory for a context, but there is not enough");
    return creationFailed(MIXBIT_OUT_OF_MEMORY, failure);
  }
  mixbit_context *context = new (InPlace(), memory) mixbit_context();
  mixbit_status status =
      context->initialize(libraryOf(api), *entry, threads, failure);
  if (status != MIXBIT_OK) {
    contextDestroy(context);
    return creationFailed(status, failure);
  }
  *result = context;
  return MIXBIT_OK;
}

static const char *contextTarget(const mixbit_context *context) {
  return context ? context->variant->target : nullptr;
}

static const char *lastError(const mixbit_context *context) {
  return context ? context->error.str() : creationError.str();
}

static mixbit_status bindInput(mixbit_context *context, int32_t index,
                               const mixbit_tensor *tensor) {
  return context ? context->bindInput(index, tensor) : MIXBIT_INVALID_ARGUMENT;
}

static mixbit_status bindOutput(mixbit_context *context, int32_t index,
                                const mixbit_tensor *tensor) {
  return context ? context->bindOutput(index, tensor) : MIXBIT_INVALID_ARGUMENT;
}

static mixbit_status run(mixbit_context *context) {
  return context ? context->run() : MIXBIT_INVALID_ARGUMENT;
}

static mixbit_status getOutput(const mixbit_context *context, int32_t index,
                               mixbit_tensor *tensor) {
  return context ? context->getOutput(index, tensor) : MIXBIT_INVALID_ARGUMENT;
}

static void setProfiler(mixbit_context *context, mixbit_profiler profiler,
                        void *user) {
  if (context) {
    context->profiler = profiler;
    context->profilerData = user;
  }
}

static int64_t arenaBytes(const mixbit_context *context) {
  return context ? context->arena.usedBytes() : 0;
}

static constexpr mixbit_api makeTable(const mxb_library *library) {
  return {MIXBIT_ABI_VERSION, library,       numEntries, entryName,
          numInputs,          numOutputs,    input,      output,
          numSymbols,         entrySymbol,   metadata,   contextCreate,
          contextDestroy,     contextTarget, lastError,  bindInput,
          bindOutput,         run,           getOutput,  setProfiler,
          arenaBytes};
}

mixbit_api mixbit::runtime::makeApi(const mxb_library &library) {
  return makeTable(&library);
}

extern "C" __attribute__((visibility("default"))) const mixbit_api *
mixbit_get_api(uint32_t version) {
  static constexpr mixbit_api api = makeTable(&mixbit_library);
  if (version != MIXBIT_ABI_VERSION ||
      mixbit_library.abi_version != MIXBIT_ABI_VERSION)
    return nullptr;
  requestHugePages();
  return &api;
}
