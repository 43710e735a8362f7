//===- Inspect.cpp - mixbit inspect ---------------------------------------===//
//
// Prints the description that a library carries (without loading it, so that
// it may be for another machine), or that the compiler makes of an ONNX file.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/CommandLine.h"

#include "lib/compiler/Report.h"
#include "lib/target/LibraryFile.h"
#include "mixbit/compiler.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;
namespace json = llvm::json;

/// A value as text: strings without quotes, whole numbers without a fraction,
/// others with few digits.
static std::string text(const json::Value *value) {
  if (!value)
    return "";
  if (auto string = value->getAsString())
    return string->str();
  if (auto integer = value->getAsInteger())
    return std::to_string(*integer);
  if (auto number = value->getAsNumber())
    return llvm::formatv("{0:f3}", *number).str();
  if (const json::Array *array = value->getAsArray())
    return "[" +
           llvm::join(llvm::map_range(*array,
                                      [](const json::Value &element) {
                                        return text(&element);
                                      }),
                      ", ") +
           "]";
  return llvm::formatv("{0}", *value).str();
}

/// Columns of a table are as wide as their widest cell; numbers stand right.
static void printTable(StringRef title, const std::vector<std::string> &columns,
                       const json::Array &rows) {
  llvm::raw_ostream &os = llvm::outs();
  if (rows.empty())
    return;
  std::vector<std::vector<std::string>> cells = {columns};
  std::vector<bool> isNumber(columns.size(), true);
  for (const json::Value &row : rows) {
    std::vector<std::string> line;
    const json::Object *object = row.getAsObject();
    for (size_t i = 0; i < columns.size(); ++i) {
      const json::Value *value = object ? object->get(columns[i]) : nullptr;
      // A row may be just a name.
      if (!object && i == 0)
        value = &row;
      line.push_back(text(value));
      isNumber[i] = isNumber[i] && (!value || value->getAsNumber());
    }
    cells.push_back(std::move(line));
  }
  std::vector<size_t> widths(columns.size(), 0);
  for (const auto &line : cells)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  os << "\n" << title << " (" << rows.size() << ")\n";
  for (const auto &line : cells) {
    std::string printed;
    for (size_t i = 0; i < line.size(); ++i) {
      std::string pad(widths[i] - line[i].size(), ' ');
      printed += "  " + (isNumber[i] ? pad + line[i] : line[i] + pad);
    }
    os << StringRef(printed).rtrim() << "\n";
  }
}

/// The columns of these that any row has.
static std::vector<std::string> presentColumns(const json::Array &rows,
                                               std::vector<std::string> names) {
  llvm::erase_if(names, [&](const std::string &name) {
    return llvm::none_of(rows, [&](const json::Value &row) {
      const json::Object *object = row.getAsObject();
      return object && object->get(name);
    });
  });
  return names;
}

static void printSection(const json::Object &object, StringRef key,
                         std::vector<std::string> columns) {
  const json::Array *rows = object.getArray(key);
  if (!rows)
    return;
  columns = presentColumns(*rows, columns);
  printTable(key, columns.empty() ? std::vector<std::string>{"name"} : columns,
             *rows);
}

static void printText(StringRef path, const json::Object &object) {
  llvm::raw_ostream &os = llvm::outs();
  os << path;
  if (auto bytes = object.getInteger("file_bytes"))
    os << llvm::format(": %.2f MB", *bytes * 1e-6);
  if (auto bytes = object.getInteger("weight_bytes"))
    os << llvm::format(", weights %.2f MB", *bytes * 1e-6);
  os << "\n";
  if (const json::Array *targets = object.getArray("targets")) {
    std::vector<std::string> names;
    for (const json::Value &target : *targets) {
      const json::Object *row = target.getAsObject();
      names.push_back(text(row ? row->get("name") : &target));
    }
    if (!names.empty())
      os << "targets: " << llvm::join(names, ", ") << "\n";
  }
  json::Object totals = describeTotals(object);
  for (auto [what, key] : {std::pair("linear layers", "linear"),
                           {"without heads", "body"},
                           {"embeddings", "table"}})
    if (auto count = totals.getInteger(std::string(key) + "_parameters");
        count && *count > 0)
      os << what
         << llvm::format(
                ": %.3f million weights in %.4f bits, %.3f MB\n", *count * 1e-6,
                *totals.getNumber(std::string(key) + "_bits"),
                *totals.getInteger(std::string(key) + "_bytes") * 1e-6);
  // Which entry a port belongs to says nothing if there is one.
  std::vector<std::string> columns = {"name", "type", "shape"};
  const json::Array *entries = object.getArray("entries");
  if (entries && entries->size() > 1)
    columns.insert(columns.begin(), "entry");
  printSection(object, "inputs", columns);
  printSection(object, "outputs", columns);
  printSection(
      object, "layers",
      {"name", "op", "part", "format", "group", "bits", "bytes", "parameters",
       "shared_with"});
  printSection(object, "kernels", {"name", "op", "launches", "nodes"});
}

int mixbit::tool::runInspect(Arguments arguments) {
  std::vector<std::string> paths;
  bool asJson = false;
  CommandLine command(
      "inspect", "MODEL.so|MODEL.onnx [--json]",
      "Prints inputs, outputs, the format of each layer, sizes and kernels.\n"
      "A library is read, not loaded: it may be for another machine.");
  command.positional("the path of a library or an ONNX file", 1, 1, paths);
  command.flag("--json", asJson, "print one JSON object");
  int status = Done;
  if (!command.parse(arguments, status))
    return status;

  const std::string &path = paths.front();
  std::string metadata;
  if (StringRef(path).ends_with(".onnx")) {
    if (!describeModel(path, metadata, llvm::errs()))
      return BadInput;
  } else {
    auto read = readLibraryFile(path);
    if (!read)
      return inputError(read.takeError());
    metadata = std::move(read->metadata);
  }
  auto parsed = json::parse(metadata);
  if (!parsed)
    return inputError(path + ": its description is damaged: " +
                      llvm::toString(parsed.takeError()));
  json::Object *object = parsed->getAsObject();
  if (!object)
    return inputError(path + ": its description is damaged");
  uint64_t bytes = 0;
  if (!llvm::sys::fs::file_size(path, bytes))
    object->try_emplace("file_bytes", int64_t(bytes));
  object->try_emplace("totals", describeTotals(*object));
  if (asJson)
    llvm::outs() << llvm::formatv("{0:2}\n", *parsed);
  else
    printText(path, *object);
  return Done;
}
