//===- Import.cpp - From an ONNX file to a module -------------------------===//
#include "lib/import/Import.h"

#include "lib/import/Importer.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace mixbit {
//===----------------------------------------------------------------------===//
// Checks of the file as a whole
//===----------------------------------------------------------------------===//

LogicalResult Importer::checkModel() {
  WireError wire;
  if (!proto::decodeModel(buffer->getBuffer(), model, wire))
    return error() << "expected an ONNX model, but at byte " << wire.offset
                   << ": " << wire.message;
  if (!model.irVersion || !model.graph)
    return error() << "expected an ONNX model, but got a file without "
                   << (model.graph ? "IR version" : "graph");
  if (*model.irVersion < 3 || *model.irVersion > 13)
    return error() << "expected IR version 3 to 13, but got "
                   << *model.irVersion;
  llvm::StringSet<> domains;
  for (auto [domain, version] : model.opsets) {
    bool isDefault = domain.empty() || domain == "ai.onnx";
    if (!domains.insert(isDefault ? "" : domain).second)
      return error() << "expected one opset a domain, but got another for '"
                     << domain << "'";
    if (isDefault && (version < kFirstOpset || version > kLastOpset))
      return error() << "expected an opset of " << kFirstOpset << " to "
                     << kLastOpset << ", but got " << version;
    if (domain == "com.microsoft" && version != 1)
      return error() << "expected version 1 of com.microsoft, but got "
                     << version;
    if (isDefault)
      opset = version;
  }
  if (!opset)
    return error() << "expected an opset of ai.onnx, but got none";
  if (model.graph->sparseInitializers)
    return error() << "expected dense initializers, but got "
                   << model.graph->sparseInitializers << " sparse ones";
  if (model.graph->outputs.empty())
    return error() << "expected a graph with outputs, but got none";
  return success();
}

/// How messages name a node.
static std::string nodeName(const proto::Node &node, size_t index) {
  if (node.name.empty())
    return (node.opType + " #" + Twine(index)).str();
  return node.name.str();
}

LogicalResult Importer::checkNames() {
  const proto::Graph &graph = *model.graph;
  for (const proto::Tensor &tensor : graph.initializers) {
    if (tensor.name.empty())
      return error() << "expected initializers with names";
    if (!initializers.try_emplace(tensor.name, &tensor).second)
      return error() << "expected names of initializers to differ, but got '"
                     << tensor.name << "' again";
  }
  // Inputs with an initializer are constants (files of IR version 3).
  llvm::StringMap<size_t> defined;
  constexpr size_t kInput = ~size_t(0);
  for (const proto::ValueInfo &input : graph.inputs) {
    if (input.name.empty())
      return error() << "expected inputs with names";
    if (!defined.try_emplace(input.name, kInput).second)
      return error() << "expected names of inputs to differ, but got '"
                     << input.name << "' again";
  }
  for (auto &entry : initializers)
    defined.try_emplace(entry.getKey(), kInput);
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    Location loc =
        NameLoc::get(builder.getStringAttr(nodeName(node, index)), fileLoc);
    for (StringRef output : node.outputs)
      if (!output.empty() && !defined.try_emplace(output, index).second)
        return emitError(loc) << "expected one definition of '" << output
                              << "', but got another";
  }
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    Location loc =
        NameLoc::get(builder.getStringAttr(nodeName(node, index)), fileLoc);
    for (StringRef input : node.inputs) {
      if (input.empty())
        continue;
      auto found = defined.find(input);
      if (found == defined.end())
        return emitError(loc) << "expected '" << input
                              << "' to be an input, an initializer or a "
                                 "node's output, but nothing defines it";
      if (found->second != kInput && found->second >= index)
        return emitError(loc) << "expected nodes in topological order, but '"
                              << input << "' comes from "
                              << (found->second == index
                                      ? std::string("the node itself")
                                      : "the later node '" +
                                            nodeName(graph.nodes[found->second],
                                                     found->second) +
                                            "'")
                              << ": the graph is cyclic or unordered";
    }
  }
  llvm::StringSet<> outputs;
  for (const proto::ValueInfo &output : graph.outputs) {
    if (!defined.count(output.name))
      return error() << "output '" << output.name
                     << "': expected a node, input or initializer of that "
                        "name, but there is none";
    if (!outputs.insert(output.name).second)
      return error() << "expected names of outputs to differ, but got '"
                     << output.name << "' again";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

AffineExpr Importer::symbol(StringRef name) {
  auto [entry, isNew] = symbolPositions.try_emplace(name, symbols.size());
  if (isNew)
    symbols.push_back(name.str());
  return getAffineSymbolExpr(entry->second, context);
}

LogicalResult Importer::importInputs() {
  struct Input {
    StringRef name;
    onnx::SymbolicValue value;
  };
  SmallVector<Input> inputs;
  // Names that files give come first, so that ours cannot take one.
  llvm::StringSet<> params;
  for (const proto::ValueInfo &info : model.graph->inputs)
    if (info.shape)
      for (const proto::Dimension &dimension : *info.shape)
        params.insert(dimension.param);
  for (const proto::ValueInfo &info : model.graph->inputs) {
    if (initializers.count(info.name))
      continue;
    auto fail = [&]() {
      return error() << "input '" << info.name << "': expected ";
    };
    if (info.kind != proto::kTensorKind)
      return fail() << "a tensor, but got "
                    << (info.kind ? "another type" : "no type");
    Input &input = inputs.emplace_back();
    input.name = info.name;
    input.value.elementType = elementType(info.elementType);
    if (!input.value.elementType || onnx::isPackedCode(input.value.elementType))
      return fail() << typeNames(/*withPacked=*/false) << ", but got "
                    << proto::dataTypeName(info.elementType);
    if (!info.shape)
      return fail() << "a shape, but got none";
    for (auto [d, dimension] : llvm::enumerate(*info.shape)) {
      if (dimension.value) {
        if (*dimension.value < 1)
          return fail() << "dimension " << d << " to be at least 1, but got "
                        << *dimension.value;
        input.value.shape.push_back(
            getAffineConstantExpr(*dimension.value, context));
        continue;
      }
      std::string name = dimension.param.str();
      if (name.empty()) {
        name = (info.name + "_dim" + Twine(d)).str();
        while (params.contains(name))
          name += "_";
      }
      input.value.shape.push_back(symbol(name));
    }
  }
  SmallVector<Type> types;
  for (const Input &input : inputs)
    types.push_back(input.value.getType());
  std::string name = options.name;
  if (name.empty()) {
    name = llvm::sys::path::stem(path).str();
    for (char &c : name)
      if (!llvm::isAlnum(c) && c != '_')
        c = '_';
    if (name.empty() || llvm::isDigit(name[0]))
      name = "_" + name;
  }
  func = func::FuncOp::create(builder, fileLoc, name,
                              builder.getFunctionType(types, {}));
  Block *body = func.addEntryBlock();
  SmallVector<Attribute> names;
  for (const std::string &symbolName : symbols)
    names.push_back(builder.getStringAttr(symbolName));
  func->setAttr("mixbit.symbols", builder.getArrayAttr(names));
  // Annotations of weights, for attach-sensitivities.
  for (const auto &[key, value] : model.metadata)
    if (key == "mixbit.sensitivity")
      func->setAttr("mixbit.sensitivities", builder.getStringAttr(value));
  for (auto [index, input] : llvm::enumerate(inputs)) {
    func.setArgAttr(index, "mixbit.name", builder.getStringAttr(input.name));
    func.setArgAttr(index, "mixbit.dims",
                    AffineMapAttr::get(AffineMap::get(
                        0, symbols.size(), input.value.shape, context)));
    values[input.name] = body->getArgument(index);
    known[body->getArgument(index)] = input.value;
  }
  builder.setInsertionPointToEnd(body);
  return success();
}

LogicalResult Importer::checkOutput(const proto::ValueInfo &info,
                                    const onnx::SymbolicValue &value) {
  auto fail = [&]() {
    return error() << "output '" << info.name << "': expected ";
  };
  if (onnx::isPackedCode(value.elementType))
    return fail() << typeNames(/*withPacked=*/false)
                  << ", but the graph computes " << value.elementType;
  if (info.kind == 0)
    return success();
  if (info.kind != proto::kTensorKind)
    return fail() << "a tensor, but got another type";
  if (info.elementType && elementType(info.elementType) != value.elementType)
    return fail() << "the declared element type "
                  << proto::dataTypeName(info.elementType)
                  << ", but the graph computes " << value.elementType;
  if (!info.shape)
    return success();
  if (static_cast<int64_t>(info.shape->size()) != value.rank())
    return fail() << "the declared rank " << info.shape->size()
                  << ", but the graph computes " << value.rank();
  for (auto [d, dimension] : llvm::enumerate(*info.shape)) {
    std::optional<int64_t> extent = onnx::asConstant(value.shape[d]);
    if (dimension.value && extent && *dimension.value != *extent)
      return fail() << "the declared extent " << *dimension.value
                    << " of dimension " << d << ", but the graph computes "
                    << *extent;
  }
  return success();
}

LogicalResult Importer::importOutputs() {
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (const proto::ValueInfo &info : model.graph->outputs) {
    FailureOr<Value> value = lookup(info.name, fileLoc);
    if (failed(value) || failed(checkOutput(info, known.lookup(*value))))
      return failure();
    results.push_back(*value);
    types.push_back(value->getType());
  }
  func::ReturnOp::create(builder, fileLoc, results);
  func.setType(
      builder.getFunctionType(func.getFunctionType().getInputs(), types));
  onnx::collectRequirements(func);
  for (auto [index, info] : llvm::enumerate(model.graph->outputs))
    func.setResultAttr(index, "mixbit.name", builder.getStringAttr(info.name));
  return success();
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

FailureOr<OwningOpRef<ModuleOp>> Importer::run() {
  if (failed(checkModel()) || failed(checkNames()))
    return failure();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, fileLoc);
  builder.setInsertionPointToEnd(module->getBody());
  if (failed(importInputs()))
    return failure();
  for (auto [index, node] : llvm::enumerate(model.graph->nodes))
    if (failed(importNode(node, index)))
      return failure();
  if (failed(importOutputs()) || failed(verify(*module)))
    return failure();
  return module;
}

FailureOr<OwningOpRef<ModuleOp>>
importOnnx(std::shared_ptr<llvm::MemoryBuffer> buffer, StringRef path,
           MLIRContext *context, const ImportOptions &options) {
  context->loadDialect<onnx::OnnxDialect, func::FuncDialect>();
  return Importer(std::move(buffer), path, context, options).run();
}

FailureOr<OwningOpRef<ModuleOp>>
importOnnx(StringRef path, MLIRContext *context, const ImportOptions &options) {
  std::string message;
  SharedBuffer buffer = mapFile(path, message);
  if (!buffer)
    return emitError(FileLineColLoc::get(context, path, 0, 0))
           << "expected to read the file, but: " << message;
  return importOnnx(std::move(buffer), path, context, options);
}

void printDiagnostic(const Diagnostic &diagnostic, llvm::raw_ostream &os) {
  std::string node;
  Location loc = diagnostic.getLocation();
  if (auto named = dyn_cast<NameLoc>(loc)) {
    node = named.getName().str();
    loc = named.getChildLoc();
  }
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    os << file.getFilename().getValue() << ": ";
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    os << "error: ";
    break;
  case DiagnosticSeverity::Warning:
    os << "warning: ";
    break;
  case DiagnosticSeverity::Remark:
    os << "remark: ";
    break;
  case DiagnosticSeverity::Note:
    os << "note: ";
    break;
  }
  std::string text = diagnostic.str();
  // Verifiers of stages name the node themselves, for mixbit-opt.
  if (!node.empty() && !StringRef(text).starts_with("node '"))
    os << "node '" << node << "': ";
  os << text << "\n";
  for (const Diagnostic &note : diagnostic.getNotes())
    printDiagnostic(note, os);
}
} // namespace mixbit
