//===- GraphLibrary.cpp - Graphs in memory, compiled and run --------------===//
#include "lib/compiler/GraphLibrary.h"

#include "lib/compiler/Stages.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

#include <cstring>

using namespace llvm;

namespace mixbit {

GraphModel::GraphModel() = default;
GraphModel::~GraphModel() = default;
GraphModel::GraphModel(GraphModel &&) = default;
GraphModel &GraphModel::operator=(GraphModel &&) = default;

Expected<GraphModel> GraphModel::load(const std::vector<std::string> &paths,
                                      int threads, raw_ostream &diagnostics) {
  GraphModel model;
  model.options = std::make_unique<CompileOptions>();
  model.options->models = paths;
  model.options->threads = threads;
  model.compilation =
      std::make_unique<Compilation>(*model.options, diagnostics);
  if (!model.compilation->import() || !model.compilation->simplify())
    return createStringError(join(paths, ", ") + ": could not be imported");
  return model;
}

mlir::ModuleOp GraphModel::module() const { return compilation->getModule(); }

GraphLibrary::GraphLibrary(std::unique_ptr<LoadedLibrary> loaded, int threads)
    : loaded(std::move(loaded)), threads(threads) {}

GraphLibrary::~GraphLibrary() {
  for (auto [entry, context] : contexts)
    api().context_destroy(context);
}

GraphLibrary::GraphLibrary(GraphLibrary &&other)
    : loaded(std::move(other.loaded)), threads(other.threads),
      contexts(std::move(other.contexts)) {
  other.contexts.clear();
}

GraphLibrary &GraphLibrary::operator=(GraphLibrary &&other) {
  std::swap(loaded, other.loaded);
  std::swap(threads, other.threads);
  std::swap(contexts, other.contexts);
  return *this;
}

Expected<GraphLibrary> GraphLibrary::build(mlir::ModuleOp module, int threads,
                                           raw_ostream &diagnostics) {
  SmallString<128> temporary;
  if (std::error_code code =
          sys::fs::createTemporaryFile("mixbit", "so", temporary))
    return createStringError("cannot make a temporary file: " + code.message());
  CompileOptions options;
  options.models = {"graph"}; // how messages without a location begin
  options.output = temporary.str().str();
  options.threads = threads;
  auto compilation =
      std::make_unique<Compilation>(module, options, diagnostics);
  bool built = compilation->resolveTargets() && compilation->kernelize() &&
               buildLibrary(std::move(compilation), options, diagnostics);
  auto loaded = built
                    ? LoadedLibrary::load(temporary)
                    : Expected<std::unique_ptr<LoadedLibrary>>(
                          createStringError("the graph could not be compiled"));
  sys::fs::remove(temporary);
  if (!loaded)
    return loaded.takeError();
  return GraphLibrary(std::move(*loaded), threads);
}

Expected<int32_t> GraphLibrary::findEntry(StringRef name) const {
  std::vector<std::string> names;
  for (int32_t i = 0; i < api().num_entries(&api()); ++i) {
    names.push_back(api().entry_name(&api(), i));
    if (name == names.back())
      return i;
  }
  return createStringError("expected one of the entries " + join(names, ", ") +
                           ", but got '" + name + "'");
}

Expected<mixbit_context *> GraphLibrary::contextOf(int32_t entry) {
  mixbit_context *&context = contexts[entry];
  if (!context &&
      api().context_create(&api(), entry, threads, &context) != MIXBIT_OK) {
    context = nullptr;
    return createStringError(api().last_error(nullptr));
  }
  return context;
}

Expected<std::vector<Tensor>> GraphLibrary::run(StringRef entry,
                                                ArrayRef<Tensor> inputs) {
  SmallVector<const Tensor *> pointers;
  for (const Tensor &tensor : inputs)
    pointers.push_back(&tensor);
  return run(entry, pointers);
}

Expected<std::vector<Tensor>>
GraphLibrary::run(StringRef entry, ArrayRef<const Tensor *> inputs) {
  Expected<int32_t> index = findEntry(entry);
  if (!index)
    return index.takeError();
  auto fail = [&](const Twine &reason) {
    return createStringError(entry + ": " + reason);
  };
  int32_t expected = api().num_inputs(&api(), *index);
  if (static_cast<int32_t>(inputs.size()) != expected)
    return fail("expected " + Twine(expected) + " inputs, but got " +
                Twine(inputs.size()));
  Expected<mixbit_context *> context = contextOf(*index);
  if (!context)
    return fail(toString(context.takeError()));
  for (int32_t i = 0; i < expected; ++i) {
    // The runtime only reads inputs.
    mixbit_tensor view = const_cast<Tensor *>(inputs[i])->view();
    if (api().bind_input(*context, i, &view) != MIXBIT_OK)
      return fail(api().last_error(*context));
  }
  if (api().run(*context) != MIXBIT_OK)
    return fail(api().last_error(*context));
  std::vector<Tensor> outputs;
  for (int32_t i = 0; i < api().num_outputs(&api(), *index); ++i) {
    mixbit_tensor view;
    if (api().get_output(*context, i, &view) != MIXBIT_OK)
      return fail(api().last_error(*context));
    Tensor &tensor = outputs.emplace_back(
        view.type, std::vector<int64_t>(view.shape, view.shape + view.rank));
    // Outputs in the context's memory are contiguous.
    if (tensor.numBytes() > 0)
      std::memcpy(tensor.data.data(), view.data, tensor.numBytes());
  }
  return outputs;
}

} // namespace mixbit
