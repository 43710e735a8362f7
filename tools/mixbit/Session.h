//===- Session.h - A library and a context to run it in ---------*- C++ -*-===//
//
// What run, bench and evaluate share: opening a library (or an ONNX file,
// compiled to a temporary one), choosing an entry, fitting arrays from files
// to its inputs, running, copying its outputs. Every error names the file.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/Tensor.h"
#include "lib/target/Loader.h"
#include "mixbit/runtime.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace mixbit::tool {

/// A library that is loaded.
class Library {
public:
  /// Opens a library. An ONNX file (by its name's end) is compiled first, in
  /// fp32 for this machine, into a temporary file; messages of the compiler go
  /// to standard error. `exposeLayers` is of the compiler.
  static llvm::Expected<Library> open(const std::string &path,
                                      bool exposeLayers = false);

  const mixbit_api *api() const { return &loaded->api(); }
  const std::string &path() const { return file; }

  /// The entry of that name; without a name the only one.
  llvm::Expected<int32_t> findEntry(llvm::StringRef name) const;

private:
  Library(std::unique_ptr<LoadedLibrary> loaded, std::string file)
      : loaded(std::move(loaded)), file(std::move(file)) {}

  std::unique_ptr<LoadedLibrary> loaded;
  std::string file;
};

/// A dimension of a port as a user reads it: 128, sequence, or ?.
std::string dimText(const mixbit_api *api, int32_t entry, int64_t dim);

/// "int64 [batch, sequence]".
std::string portText(const mixbit_api *api, int32_t entry,
                     const mixbit_port &port);

/// A context of one entry.
class Session {
public:
  static llvm::Expected<Session> create(const Library &library, int32_t entry,
                                        int32_t threads);

  llvm::ArrayRef<const mixbit_port *> inputs() const { return inputPorts; }
  llvm::ArrayRef<const mixbit_port *> outputs() const { return outputPorts; }
  /// Index of the input, or an error that lists the inputs.
  llvm::Expected<int32_t> findInput(llvm::StringRef name) const;
  llvm::Expected<int32_t> findOutput(llvm::StringRef name) const;

  /// Converts `tensor` to the type of the input, if that loses nothing but a
  /// float64's extra digits: any integer or boolean array whose values fit
  /// serves an integer input; float32 and float64 serve a float32 input.
  llvm::Error fit(int32_t input, Tensor &tensor) const;

  /// Binds input `input`; the data must live until the run.
  llvm::Error bind(int32_t input, Tensor &tensor);
  llvm::Error run();
  /// Copies an output of the last run.
  llvm::Expected<Tensor> output(int32_t index) const;

  mixbit_context *context() const { return handle.get(); }
  const mixbit_api *api() const { return library->api(); }
  int32_t entry() const { return entryIndex; }
  const std::string &path() const { return library->path(); }
  /// Whether the last error of `run` was about values of an input.
  bool wasBadData() const { return lastStatus == MIXBIT_BAD_DATA; }

private:
  struct Destroy {
    const mixbit_api *api;
    void operator()(mixbit_context *context) const {
      api->context_destroy(context);
    }
  };
  Session(const Library &library, int32_t entry, mixbit_context *context);

  llvm::Error error(const llvm::Twine &message) const;

  const Library *library;
  int32_t entryIndex;
  std::unique_ptr<mixbit_context, Destroy> handle;
  std::vector<const mixbit_port *> inputPorts, outputPorts;
  mixbit_status lastStatus = MIXBIT_OK;
};

/// Arrays of files, for the inputs of their names.
class InputArrays {
public:
  llvm::Error addFile(const std::string &name, const std::string &path);
  llvm::Error addArchive(const std::string &path);
  void add(const std::string &source, NamedTensors tensors);

  /// One for each input, in their order, fitted to it. Later files override
  /// earlier ones, arrays that are no inputs are left alone, since data sets
  /// hold labels and expected outputs too.
  llvm::Expected<std::vector<Tensor>> take(const Session &session);

private:
  NamedTensors arrays;
  std::vector<std::string> sources;
};

} // namespace mixbit::tool
