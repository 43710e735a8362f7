//===- Metadata.cpp - What a library says of itself -----------------------===//
//
// The JSON that `mixbit inspect` prints and every library carries: inputs,
// outputs, the format and size of each layer (as stored: packed, with scales
// and zero points), kernels, targets.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/compiler/Stages.h"
#include "passes/quantize/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
namespace json = llvm::json;

namespace mixbit {
static std::string typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text == "i1" ? "bool" : text;
}

/// A dimension as a number, a symbol's name, or an expression of them.
static json::Value describeExtent(AffineExpr extent, ArrayAttr symbols) {
  if (std::optional<int64_t> value = constantValue(extent))
    return *value;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(extent))
    return cast<StringAttr>(symbols[symbol.getPosition()]).getValue().str();
  std::string text;
  llvm::raw_string_ostream(text) << extent;
  for (size_t i = symbols.size(); i-- > 0;) {
    std::string from = "s" + std::to_string(i);
    std::string to = cast<StringAttr>(symbols[i]).getValue().str();
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
         at += to.size())
      text.replace(at, from.size(), to);
  }
  return text;
}

static std::string portName(Attribute name) {
  return name ? cast<StringAttr>(name).getValue().str() : "";
}

static json::Object describePort(Attribute name, Type type,
                                 ArrayRef<AffineExpr> shape,
                                 ArrayAttr symbols) {
  json::Array extents;
  for (AffineExpr extent : shape)
    extents.push_back(describeExtent(extent, symbols));
  return json::Object{{"name", portName(name)},
                      {"type", typeName(type)},
                      {"shape", std::move(extents)}};
}

/// The layer that holds the bytes of a weight: of several that share it, the
/// first linear that has them in the same layout, for a table too if its rows
/// can be looked up there; else the first embedding.
static Operation *holderOf(Operation *op, Value weight, Density density) {
  auto bitsOf = [](LinearOp linear) {
    auto activations = linear.getActivations();
    return activations ? activations->getBits() : 32;
  };
  auto type = cast<RankedTensorType>(weight.getType());
  std::optional<Format> format = formatOf(type.getElementType());
  auto linear = dyn_cast<LinearOp>(op);
  Operation *holder = nullptr;
  bool isLinear = bool(linear);
  for (Operation *user : weight.getUsers()) {
    auto other = dyn_cast<LinearOp>(user);
    bool isTied =
        other &&
        (linear ? bitsOf(other) == bitsOf(linear)
                : format &&
                      tableReadsLayout(
                          layoutFor(*format, density, bitsOf(other)), *format));
    bool isSameTable = !linear && !isLinear && isa<EmbeddingOp>(user);
    if (!isTied && !isSameTable)
      continue;
    // A linear goes before any embedding.
    bool isBetter =
        !holder || (isTied && !isLinear) || user->isBeforeInBlock(holder);
    if (!isBetter)
      continue;
    holder = user;
    isLinear |= isTied;
  }
  return holder ? holder : op;
}

/// One linear or embedding: its weight's format and size.
static json::Object describeLayer(Operation *op, Value weight, Density density,
                                  const llvm::DenseSet<Operation *> &heads) {
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t parameters = type.getNumElements();
  MatrixShape shape = matrixShapeOf(type);
  std::optional<Segments> known = segmentsOf(type.getElementType(), shape.rows);
  Segments segments =
      known ? *known : Segments{{shape.rows, Format::makeFloat()}};
  auto linear = dyn_cast<LinearOp>(op);
  auto activations = linear ? linear.getActivations() : std::nullopt;
  auto bytesOf = [&](const Segment &segment) -> uint64_t {
    const Format &format = segment.format;
    if (linear)
      return storedLinearBytes(format, segment.rows, shape.cols, density,
                               activations ? activations->getBits() : 8);
    if (isa<EmbeddingOp>(op))
      return storedTableBytes(format, segment.rows, shape.cols);
    return parameters * (format.bits / 8);
  };
  auto groupOf = [](const Format &format) {
    return std::to_string(format.groupRows) + "x" +
           std::to_string(format.groupCols);
  };
  uint64_t bytes = 0;
  json::Array parts;
  for (const Segment &segment : segments) {
    uint64_t own = bytesOf(segment);
    bytes += own;
    json::Object part{{"rows", segment.rows},
                      {"format", formatName(segment.format)},
                      {"bytes", int64_t(own)}};
    if (int64_t count = segment.rows * shape.cols)
      part["bits"] = 8.0 * own / count;
    if (!segment.format.isFloat())
      part["group"] = groupOf(segment.format);
    parts.push_back(std::move(part));
  }
  json::Object layer{{"name", nodeName(op->getLoc(), "layer")},
                     {"op", op->getName().stripDialect().str()},
                     {"format", segmentsName(segments)},
                     {"bits", parameters ? 8.0 * bytes / parameters : 0.0},
                     {"bytes", (int64_t)bytes},
                     {"parameters", parameters}};
  if (Operation *holder = holderOf(op, weight, density); holder != op) {
    layer["shared_with"] = nodeName(holder->getLoc(), "layer");
    layer["bits"] = 0.0;
    layer["bytes"] = 0;
  }
  if (segments.size() > 1)
    layer["segments"] = std::move(parts);
  else if (!segments.front().format.isFloat())
    layer["group"] = groupOf(segments.front().format);
  if (linear)
    layer["part"] = heads.contains(op) ? "head" : "body";
  return layer;
}

json::Object describeGraph(ModuleOp module, Density density) {
  json::Array inputs, outputs, layers, entries, required, trims;
  llvm::DenseSet<Operation *> heads = findHeads(module);
  for (auto func : module.getOps<func::FuncOp>()) {
    FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
    if (failed(shapes))
      continue;
    auto symbols = func->getAttrOfType<ArrayAttr>(kSymbolsAttr);
    if (!symbols)
      symbols = ArrayAttr::get(func.getContext(), {});
    entries.push_back(func.getSymName().str());
    if (auto map = func->getAttrOfType<AffineMapAttr>(kRequiresAttr))
      for (AffineExpr expr : map.getValue().getResults())
        required.push_back(json::Object{
            {"entry", func.getSymName().str()},
            {"at_least_zero", describeExtent(normalize(expr), symbols)}});
    if (auto trim = func->getAttrOfType<DenseI64ArrayAttr>(kTrimAttr))
      trims.push_back(json::Object{
          {"entry", func.getSymName().str()},
          {"mask", portName(func.getArgAttr(trim[0], kNameAttr))},
          {"dimension", cast<StringAttr>(symbols[trim[1]]).getValue().str()}});
    auto element = [](Value value) {
      return cast<RankedTensorType>(value.getType()).getElementType();
    };
    for (BlockArgument argument : func.getArguments()) {
      json::Object port = describePort(
          func.getArgAttr(argument.getArgNumber(), kNameAttr),
          element(argument), shapes->find(argument)->second, symbols);
      port["entry"] = func.getSymName().str();
      inputs.push_back(std::move(port));
    }
    Operation *terminator = func.getBody().front().getTerminator();
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      json::Object port =
          describePort(func.getResultAttr(index, kNameAttr), element(value),
                       shapes->find(value)->second, symbols);
      port["entry"] = func.getSymName().str();
      outputs.push_back(std::move(port));
    }
    func.walk([&](Operation *op) {
      if (auto linear = dyn_cast<LinearOp>(op))
        layers.push_back(describeLayer(op, linear.getWeight(), density, heads));
      else if (auto embedding = dyn_cast<EmbeddingOp>(op))
        layers.push_back(
            describeLayer(op, embedding.getTable(), density, heads));
      else if (auto conv = dyn_cast<ConvOp>(op))
        layers.push_back(describeLayer(op, conv.getWeight(), density, heads));
    });
  }
  json::Object description{{"entries", std::move(entries)},
                           {"inputs", std::move(inputs)},
                           {"outputs", std::move(outputs)},
                           {"layers", std::move(layers)},
                           {"requires", std::move(required)}};
  if (!trims.empty())
    description["trims"] = std::move(trims);
  return description;
}

void describeKernels(ModuleOp module, ArrayRef<const Target *> targets,
                     json::Object &description) {
  json::Array kernels, names;
  int64_t weightBytes = 0;
  for (auto kernel : module.getOps<KernelOp>())
    kernels.push_back(kernel.getSymName().str());
  for (auto weight : module.getOps<WeightOp>()) {
    auto type = cast<ShapedType>(weight.getData().getType());
    int64_t end =
        weight.getOffset().value_or(0) +
        type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    weightBytes = std::max(weightBytes, end);
  }
  for (const Target *target : targets)
    names.push_back(target->name.str());
  description["kernels"] = std::move(kernels);
  description["targets"] = std::move(names);
  description["weight_bytes"] = weightBytes;
}
} // namespace mixbit
