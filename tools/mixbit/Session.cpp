//===- Session.cpp - A library and a context to run it in -----------------===//
#include "tools/mixbit/Session.h"
#include "lib/support/Npy.h"
#include "lib/support/SampleArrays.h"
#include "mixbit/compiler.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <limits>

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;
using llvm::Twine;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

//===----------------------------------------------------------------------===//
// Library
//===----------------------------------------------------------------------===//

/// Compiles an ONNX file in fp32 and loads the result, which needs no name in
/// the file system from then on.
static llvm::Expected<std::unique_ptr<LoadedLibrary>>
compileAndLoad(const std::string &path, bool exposeLayers) {
  llvm::SmallString<128> temporary;
  if (auto code = llvm::sys::fs::createTemporaryFile("mixbit", "so", temporary))
    return makeError("cannot make a temporary file: " + code.message());
  CompileOptions options;
  options.models = {path};
  options.output = temporary.str().str();
  options.exposeLayers = exposeLayers;
  options.weights = options.activations = "fp32";
  bool compiled = compile(options, llvm::errs());
  auto loaded = compiled ? LoadedLibrary::load(options.output)
                         : llvm::Expected<std::unique_ptr<LoadedLibrary>>(
                               makeError(path + ": could not be compiled"));
  llvm::sys::fs::remove(temporary);
  return loaded;
}

llvm::Expected<Library> Library::open(const std::string &path,
                                      bool exposeLayers) {
  auto loaded = StringRef(path).ends_with(".onnx")
                    ? compileAndLoad(path, exposeLayers)
                    : LoadedLibrary::load(path);
  if (!loaded)
    return loaded.takeError();
  return Library(std::move(*loaded), path);
}

llvm::Expected<int32_t> Library::findEntry(StringRef name) const {
  std::vector<std::string> names;
  for (int32_t i = 0; i < api()->num_entries(api()); ++i) {
    names.push_back(api()->entry_name(api(), i));
    if (name == names.back())
      return i;
  }
  if (name.empty() && names.size() == 1)
    return 0;
  if (name.empty())
    return makeError(file +
                     ": has several entry points, choose with --entry: " +
                     llvm::join(names, ", "));
  return makeError(file + ": has no entry point '" + name +
                   "'; they are: " + llvm::join(names, ", "));
}

std::string mixbit::tool::dimText(const mixbit_api *api, int32_t entry,
                                  int64_t dim) {
  if (dim >= 0)
    return std::to_string(dim);
  int64_t symbol = dim == std::numeric_limits<int64_t>::min() ? -1 : -1 - dim;
  if (symbol >= 0 && symbol < api->num_symbols(api, entry))
    return api->entry_symbol(api, entry, symbol);
  return "?";
}

std::string mixbit::tool::portText(const mixbit_api *api, int32_t entry,
                                   const mixbit_port &port) {
  std::vector<std::string> dims;
  for (int32_t d = 0; d < port.rank; ++d)
    dims.push_back(dimText(api, entry, port.dims[d]));
  return (typeName(port.type) + " [" + llvm::join(dims, ", ") + "]").str();
}

//===----------------------------------------------------------------------===//
// Session
//===----------------------------------------------------------------------===//

Session::Session(const Library &library, int32_t entry, mixbit_context *context)
    : library(&library), entryIndex(entry),
      handle(context, Destroy{library.api()}) {
  const mixbit_api *api = library.api();
  for (int32_t i = 0; i < api->num_inputs(api, entry); ++i)
    inputPorts.push_back(api->input(api, entry, i));
  for (int32_t i = 0; i < api->num_outputs(api, entry); ++i)
    outputPorts.push_back(api->output(api, entry, i));
}

llvm::Expected<Session> Session::create(const Library &library, int32_t entry,
                                        int32_t threads) {
  mixbit_context *context = nullptr;
  const mixbit_api *api = library.api();
  if (api->context_create(api, entry, threads, &context) != MIXBIT_OK)
    return makeError(library.path() + ": " + api->last_error(nullptr));
  return Session(library, entry, context);
}

llvm::Error Session::error(const Twine &message) const {
  return makeError(path() + ": " + message);
}

/// Index of the port of that name, or an error that lists them.
static llvm::Expected<int32_t>
findPort(llvm::ArrayRef<const mixbit_port *> ports, StringRef name,
         StringRef what, StringRef path) {
  std::vector<std::string> names;
  for (auto [index, port] : llvm::enumerate(ports)) {
    if (name == port->name)
      return static_cast<int32_t>(index);
    names.push_back(port->name);
  }
  return makeError(
      path + ": '" + name + "' is not an " + what + " of the model; its " +
      what + "s are: " + (names.empty() ? "none" : llvm::join(names, ", ")));
}

llvm::Expected<int32_t> Session::findInput(StringRef name) const {
  return findPort(inputs(), name, "input", path());
}

llvm::Expected<int32_t> Session::findOutput(StringRef name) const {
  return findPort(outputs(), name, "output", path());
}

llvm::Error Session::fit(int32_t input, Tensor &tensor) const {
  const mixbit_port &port = *inputs()[input];
  if (tensor.type == port.type)
    return llvm::Error::success();
  if (!isIntegerType(tensor.type) || !isIntegerType(port.type))
    return error("input '" + Twine(port.name) + "': expected " +
                 portText(api(), entry(), port) + ", but got an array of " +
                 typeName(tensor.type));
  auto converted = convertTensor(tensor, port.type, /*isFinite=*/false);
  if (!converted)
    return error("input '" + Twine(port.name) +
                 "': " + llvm::toString(converted.takeError()));
  tensor = std::move(*converted);
  return llvm::Error::success();
}

llvm::Error Session::bind(int32_t input, Tensor &tensor) {
  mixbit_tensor view = tensor.view();
  lastStatus = api()->bind_input(context(), input, &view);
  if (lastStatus == MIXBIT_OK)
    return llvm::Error::success();
  return error(api()->last_error(context()));
}

llvm::Error Session::run() {
  lastStatus = api()->run(context());
  if (lastStatus == MIXBIT_OK)
    return llvm::Error::success();
  return error(api()->last_error(context()));
}

llvm::Expected<Tensor> Session::output(int32_t index) const {
  mixbit_tensor view;
  if (api()->get_output(context(), index, &view) != MIXBIT_OK)
    return error(api()->last_error(context()));
  Tensor tensor(view.type,
                std::vector<int64_t>(view.shape, view.shape + view.rank));
  // Outputs in the context's memory are contiguous.
  if (tensor.numBytes() > 0)
    std::memcpy(tensor.data.data(), view.data, tensor.numBytes());
  return tensor;
}

//===----------------------------------------------------------------------===//
// InputArrays
//===----------------------------------------------------------------------===//

llvm::Error InputArrays::addFile(const std::string &name,
                                 const std::string &path) {
  auto tensor = readNpy(path);
  if (!tensor)
    return tensor.takeError();
  sources.push_back(path);
  arrays.emplace_back(name, std::move(*tensor));
  return llvm::Error::success();
}

llvm::Error InputArrays::addArchive(const std::string &path) {
  auto tensors = readNpz(path);
  if (!tensors)
    return tensors.takeError();
  add(path, std::move(*tensors));
  return llvm::Error::success();
}

void InputArrays::add(const std::string &source, NamedTensors tensors) {
  sources.push_back(source);
  for (auto &named : tensors)
    arrays.push_back(std::move(named));
}

llvm::Expected<std::vector<Tensor>> InputArrays::take(const Session &session) {
  std::vector<Tensor> tensors;
  for (size_t index = 0; index < session.inputs().size(); ++index) {
    const mixbit_port *port = session.inputs()[index];
    // The last one counts: a file overrides the archive.
    auto found = llvm::find_if(llvm::reverse(arrays), [&](const auto &named) {
      return named.first == port->name;
    });
    if (found == arrays.rend()) {
      std::vector<std::string> names;
      for (const auto &named : arrays)
        names.push_back(named.first);
      return makeError(session.path() + ": no array for input '" + port->name +
                       "' (" + portText(session.api(), session.entry(), *port) +
                       "); " + llvm::join(sources, ", ") + " gave: " +
                       (names.empty() ? "none" : llvm::join(names, ", ")));
    }
    if (auto error = session.fit(index, found->second))
      return error;
    tensors.push_back(found->second);
  }
  return tensors;
}
