//===- Context.h - One user of an entry -------------------------*- C++ -*-===//
//
// A context holds everything that changes: bound tensors, arena, scratch,
// threads, the last error. The library itself is immutable and shared by all
// contexts. What the API's functions check has been checked here already.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_CONTEXT_H
#define MIXBIT_RUNTIME_CONTEXT_H

#include "runtime/Arena.h"
#include "runtime/Ports.h"
#include "runtime/Text.h"
#include "runtime/ThreadPool.h"

struct mixbit_context {
  /// Called once; on failure the reason is in `error`.
  mixbit_status initialize(const mxb_library &library, const mxb_entry &entry,
                           int32_t threads, mixbit::runtime::Text &failure);

  mixbit_status bindInput(int32_t index, const mixbit_tensor *tensor);
  mixbit_status bindOutput(int32_t index, const mixbit_tensor *tensor);
  mixbit_status run();
  mixbit_status getOutput(int32_t index, mixbit_tensor *tensor) const;
  /// Behind mxb_launch.
  mixbit_status launch(int32_t index, int64_t *args);

  const mxb_library *library = nullptr;
  const mxb_entry *entry = nullptr;
  const mxb_variant *variant = nullptr;
  mixbit_profiler profiler = nullptr;
  void *profilerData = nullptr;
  mutable mixbit::runtime::Text error;
  mixbit::runtime::Arena arena;

private:
  mixbit_status fail(mixbit_status status, const char *format, ...) const
      __attribute__((format(printf, 3, 4)));
  mixbit_status prepareOutputs();
  /// Cuts the inputs to `kept` positions, and lets kernels write the outputs
  /// that get shorter to memory of their own.
  mixbit_status trim(int64_t kept);
  /// Copies those outputs to their places, with zeros behind.
  void restoreOutputs(int64_t kept, int64_t length);

  mixbit::runtime::Array<mixbit::runtime::Binding> inputs;
  mixbit::runtime::Array<mixbit::runtime::Binding> outputs;
  mixbit::runtime::Array<int64_t> symbols;
  mixbit::runtime::Array<int64_t> outputDims; ///< all outputs', concatenated
  mixbit::runtime::Array<int64_t> bufferBytes;
  mixbit::runtime::Array<void *> ports;
  /// Of the launches, at the symbols of a run that is profiled.
  mixbit::runtime::Array<int64_t> costs;
  /// Of each port, where runs leave out positions: its shorter tensor.
  mixbit::runtime::Array<mixbit::runtime::Block> trimmed;
  /// One a thread.
  mixbit::runtime::Array<mixbit::runtime::Block> scratch;
  mixbit::runtime::ThreadPool pool;
  mxb_error kernelError = {};
  bool hasRun = false;
};

#endif // MIXBIT_RUNTIME_CONTEXT_H
