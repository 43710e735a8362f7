//===- Compiler.cpp - compile(): ONNX files in, one library out -----------===//
#include "lib/compiler/Report.h"
#include "lib/compiler/Stages.h"

#include "lib/support/FileOutput.h"
#include "lib/target/Link.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace json = llvm::json;

namespace mixbit {
/// Writes a file, whole or not at all.
static llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text) {
  auto file = FileOutput::create(path);
  if (!file)
    return file.takeError();
  (*file)->os() << text;
  return (*file)->keep();
}

/// Writes text to standard output or, whole, to a file.
static bool writeText(const CompileOptions &options,
                      llvm::function_ref<bool(llvm::raw_ostream &)> print,
                      llvm::raw_ostream &diagnostics) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (!print(os))
    return false;
  if (options.output.empty() || options.output == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    return true;
  }
  if (llvm::Error error = writeFile(options.output, text)) {
    diagnostics << "error: " << llvm::toString(std::move(error)) << "\n";
    return false;
  }
  return true;
}

static std::string toText(const json::Object &object) {
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::formatv("{0:2}", json::Value(json::Object(object)));
  return text + "\n";
}

/// Writes what the library says about itself and what was decided; the file's
/// size is known once there is one.
static bool writeReport(const CompileOptions &options, json::Object report,
                        llvm::raw_ostream &diagnostics) {
  uint64_t bytes = 0;
  if (options.emit == Emit::SharedLibrary &&
      !llvm::sys::fs::file_size(options.output, bytes))
    report["file_bytes"] = int64_t(bytes);
  report["totals"] = describeTotals(report);
  if (options.weights == "auto" && options.allocationContext)
    report["allocation"] =
        describeAllocation(options.allocationContext->report);
  std::string text = toText(report);
  if (llvm::StringRef(options.report).ends_with(".html"))
    text =
        renderHtml(report, llvm::sys::path::filename(options.models.front()));
  llvm::Error error = writeFile(options.report, text);
  if (!error)
    return true;
  diagnostics << "error: " << llvm::toString(std::move(error)) << "\n";
  return false;
}

namespace {
/// A temporary file beside the output, removed at the end.
struct TemporaryFile {
  llvm::SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      llvm::sys::fs::remove(path);
  }
  std::error_code create(llvm::StringRef beside) {
    return llvm::sys::fs::createUniqueFile(beside + ".%%%%%%.weights", path);
  }
};
} // namespace

bool buildLibrary(std::unique_ptr<Compilation> compilation,
                  const CompileOptions &options,
                  llvm::raw_ostream &diagnostics) {
  TemporaryFile weights;
  if (std::error_code error = weights.create(options.output)) {
    diagnostics << options.output << ": error: " << error.message() << "\n";
    return false;
  }
  std::vector<CodeUnit> units;
  if (!compilation->generate(CodeFileType::Object, units) ||
      !compilation->writeWeights(weights.path))
    return false;
  LinkInputs inputs;
  llvm::Expected<Architecture> architecture =
      architectureOf(*compilation->targets().front());
  if (!architecture) {
    compilation->report(architecture.takeError(), options.output);
    return false;
  }
  inputs.architecture = *architecture;
  std::string metadata = toText(compilation->metadata());
  inputs.metadata = metadata;
  inputs.weightsObject = weights.path.str().str();
  for (const CodeUnit &unit : units)
    inputs.objects.push_back({unit.code.data(), unit.code.size()});
  // The graph and all packed weights go before the linker maps the file.
  compilation.reset();
#ifdef __GLIBC__
  // glibc keeps freed blocks of some megabytes for itself otherwise.
  malloc_trim(0);
#endif
  if (options.progress)
    options.progress("link");
  if (llvm::Error error = linkLibrary(inputs, options.output)) {
    diagnostics << options.output
                << ": error: " << llvm::toString(std::move(error)) << "\n";
    return false;
  }
  return true;
}

/// All modules' assembly one after the other, or their objects as one.
static bool printCode(Compilation &compilation, const CompileOptions &options,
                      llvm::raw_ostream &os) {
  bool isObject = options.emit == Emit::Object;
  std::vector<CodeUnit> units;
  if (!compilation.generate(
          isObject ? CodeFileType::Object : CodeFileType::Assembly, units))
    return false;
  std::vector<llvm::StringRef> parts;
  for (const CodeUnit &unit : units)
    parts.push_back({unit.code.data(), unit.code.size()});
  if (!isObject) {
    for (llvm::StringRef part : parts)
      os << part;
    return true;
  }
  llvm::Expected<Architecture> architecture =
      architectureOf(*compilation.targets().front());
  llvm::SmallVector<char, 0> merged;
  llvm::Error error = architecture ? mergeObjects(*architecture, parts, merged)
                                   : architecture.takeError();
  if (error) {
    compilation.report(std::move(error), options.output);
    return false;
  }
  os.write(merged.data(), merged.size());
  return true;
}

bool compile(const CompileOptions &options, llvm::raw_ostream &diagnostics) {
  auto compilation = std::make_unique<Compilation>(options, diagnostics);
  if (!compilation->resolveTargets())
    return false;
  if (compilation->targets().front()->isGpu() && options.emit != Emit::Ptx &&
      options.emit != Emit::OnnxIr && options.emit != Emit::GraphIr &&
      options.emit != Emit::KernelIr) {
    diagnostics << "--target: error: expected a CPU target (GPU targets serve "
                   "--emit ptx), but got '"
                << compilation->targets().front()->name << "'\n";
    return false;
  }
  if (!compilation->import())
    return false;
  auto print = [&](llvm::raw_ostream &os) {
    compilation->printModule(os);
    return true;
  };
  if (options.emit == Emit::OnnxIr)
    return writeText(options, print, diagnostics);
  if (!compilation->simplify() || !compilation->quantize())
    return false;
  if (options.emit == Emit::GraphIr)
    return writeText(options, print, diagnostics);
  if (options.emit == Emit::CHeader)
    return writeText(
        options,
        [&](llvm::raw_ostream &os) {
          compilation->printHeader(os);
          return true;
        },
        diagnostics);
  if (!compilation->kernelize())
    return false;
  json::Object metadata = compilation->metadata();
  if (!options.report.empty() && options.emit != Emit::SharedLibrary &&
      !writeReport(options, std::move(metadata), diagnostics))
    return false;
  switch (options.emit) {
  case Emit::KernelIr:
    return writeText(options, print, diagnostics);
  case Emit::Llvm:
    return writeText(
        options,
        [&](llvm::raw_ostream &os) { return compilation->printLlvm(os); },
        diagnostics);
  case Emit::Ptx:
    return writeText(
        options,
        [&](llvm::raw_ostream &os) { return compilation->generatePtx(os); },
        diagnostics);
  case Emit::Assembly:
  case Emit::Object:
    return writeText(
        options,
        [&](llvm::raw_ostream &os) {
          return printCode(*compilation, options, os);
        },
        diagnostics);
  default:
    return buildLibrary(std::move(compilation), options, diagnostics) &&
           (options.report.empty() ||
            writeReport(options, std::move(metadata), diagnostics));
  }
}

bool describeModel(const std::string &model, std::string &json,
                   llvm::raw_ostream &diagnostics) {
  CompileOptions options;
  options.models = {model};
  options.weights = "fp32";
  options.activations = "fp32";
  Compilation compilation(options, diagnostics);
  if (!compilation.import() || !compilation.simplify() ||
      !compilation.quantize())
    return false;
  json = toText(compilation.metadata());
  return true;
}
} // namespace mixbit
