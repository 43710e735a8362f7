//===- AttachSensitivities.cpp - From a file to attributes, and back ------===//
#include "passes/sensitivity/Attributes.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_ATTACHSENSITIVITIES
#include "passes/sensitivity/Passes.h.inc"

/// The weight of a linear or embedding that is a constant, else null.
static arith::ConstantOp weightOf(Operation *op) {
  Value weight;
  if (auto linear = dyn_cast<LinearOp>(op))
    weight = linear.getWeight();
  else if (auto embedding = dyn_cast<EmbeddingOp>(op))
    weight = embedding.getTable();
  return weight ? weight.getDefiningOp<arith::ConstantOp>() : nullptr;
}

LogicalResult attachSensitivities(ModuleOp module,
                                  const Sensitivities &sensitivities,
                                  StringRef measure, StringRef source) {
  auto fail = [&] { return module.emitError() << source << ": "; };
  llvm::StringMap<SmallVector<Operation *, 1>> users;
  module.walk([&](Operation *op) {
    if (arith::ConstantOp constant = weightOf(op))
      users[nodeName(constant.getLoc(), "weight")].push_back(op);
  });
  for (const WeightSensitivity &weight : sensitivities.weights) {
    auto found = users.find(weight.name);
    if (found == users.end())
      return fail() << "expected names of weights of linears or embeddings, "
                       "but the model has no '"
                    << weight.name << "'";
    auto type =
        cast<RankedTensorType>(weightOf(found->second.front()).getType());
    if (type.getRank() != 2 || type.getDimSize(0) != weight.rows ||
        type.getDimSize(1) != weight.cols)
      return fail() << "weight '" << weight.name << "': expected a shape of "
                    << type.getDimSize(0) << "x" << type.getDimSize(1)
                    << ", but got " << weight.rows << "x" << weight.cols;
    auto values = weight.values.find(measure.str());
    if (values == weight.values.end()) {
      std::vector<std::string> known;
      for (const auto &[name, numbers] : weight.values)
        known.push_back(name);
      return fail() << "weight '" << weight.name << "': expected the measure '"
                    << measure << "', but got: "
                    << (known.empty() ? "none" : llvm::join(known, ", "));
    }
    SmallVector<double> numbers;
    for (double value : values->second)
      numbers.push_back(std::max(value, 0.0));
    auto attribute = SensitivityAttr::get(
        module.getContext(), measure,
        DenseF64ArrayAttr::get(module.getContext(), numbers));
    for (Operation *op : found->second) {
      if (auto linear = dyn_cast<LinearOp>(op))
        linear.setSensitivityAttr(attribute);
      else
        cast<EmbeddingOp>(op).setSensitivityAttr(attribute);
    }
  }
  return success();
}

llvm::Expected<Sensitivities> annotatedSensitivities(ModuleOp module,
                                                     StringRef path) {
  std::string what =
      (path + ": metadata '" + kSensitivityMetadataKey + "'").str();
  for (auto func : module.getOps<func::FuncOp>())
    if (auto text = func->getAttrOfType<StringAttr>(kSensitivitiesAttr))
      return sensitivitiesFromJson(text.getValue(), what);
  return llvm::createStringError(what +
                                 ": expected an annotation of this key, but "
                                 "the file has none");
}

Sensitivities sensitivitiesOf(ModuleOp module) {
  Sensitivities result;
  module.walk([&](Operation *op) {
    arith::ConstantOp constant = weightOf(op);
    SensitivityAttr attribute;
    if (auto linear = dyn_cast<LinearOp>(op))
      attribute = linear.getSensitivityAttr();
    else if (auto embedding = dyn_cast<EmbeddingOp>(op))
      attribute = embedding.getSensitivityAttr();
    if (!constant || !attribute)
      return;
    std::string name = nodeName(constant.getLoc(), "weight");
    auto type = cast<RankedTensorType>(constant.getType());
    if (result.find(name) || type.getRank() != 2)
      return;
    WeightSensitivity &weight = result.weights.emplace_back();
    weight.name = name;
    weight.rows = type.getDimSize(0);
    weight.cols = type.getDimSize(1);
    ArrayRef<double> values = attribute.getValues().asArrayRef();
    if (values.size() > 1)
      weight.rowGroup = (weight.rows + values.size() - 1) / values.size();
    weight.values[attribute.getMetric().str()] = values.vec();
  });
  return result;
}

namespace {
struct AttachSensitivities
    : impl::AttachSensitivitiesBase<AttachSensitivities> {
  using AttachSensitivitiesBase::AttachSensitivitiesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!file.empty()) {
      llvm::Expected<Sensitivities> read = readSensitivities(file);
      if (!read) {
        module.emitError(llvm::toString(read.takeError()));
        return signalPassFailure();
      }
      if (failed(attachSensitivities(module, *read, measure, file)))
        signalPassFailure();
      return;
    }
    for (auto func : module.getOps<func::FuncOp>()) {
      auto text = func->getAttrOfType<StringAttr>(kSensitivitiesAttr);
      if (!text)
        continue;
      std::string source = ("metadata '" + kSensitivityMetadataKey + "'").str();
      llvm::Expected<Sensitivities> read =
          sensitivitiesFromJson(text.getValue(), source);
      if (!read) {
        func.emitError(llvm::toString(read.takeError()));
        return signalPassFailure();
      }
      if (failed(attachSensitivities(module, *read, measure, source)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace mixbit
