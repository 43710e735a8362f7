//===- FunctionPorts.cpp - Further arguments and results ------------------===//
#include "passes/sensitivity/FunctionPorts.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/sensitivity/Passes.h"

using namespace mlir;

namespace mixbit {

SmallVector<Operation *> markedLayers(func::FuncOp func) {
  SmallVector<Operation *> layers;
  func.walk([&](Operation *op) {
    if (op->hasAttr(kLayerAttr))
      layers.push_back(op);
  });
  return layers;
}

std::string layerName(Operation *op) {
  return op->getAttrOfType<StringAttr>(kLayerAttr).getValue().str();
}

Value layerInput(Operation *op) {
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return embedding.getIds();
  return op->getOperand(0);
}

Value addArgument(GraphBuilder &builder, func::FuncOp func, StringRef name,
                  Type elementType, ArrayRef<AffineExpr> shape) {
  SmallVector<int64_t> extents;
  for (AffineExpr extent : shape)
    extents.push_back(staticExtent(extent));
  unsigned index = func.getNumArguments();
  auto attributes = builder.getDictionaryAttr(
      {builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)),
       builder.getNamedAttr(kDimsAttr,
                            AffineMapAttr::get(builder.map(shape)))});
  if (failed(func.insertArgument(index,
                                 RankedTensorType::get(extents, elementType),
                                 attributes, func.getLoc())))
    return {};
  Value argument = func.getArgument(index);
  builder.setShape(argument, shape);
  return argument;
}

void addResults(GraphBuilder &builder, func::FuncOp func,
                ArrayRef<std::pair<std::string, Value>> results) {
  Operation *end = func.getBody().front().getTerminator();
  for (const auto &[name, value] : results) {
    unsigned index = func.getNumResults();
    auto attributes = builder.getDictionaryAttr(
        builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)));
    (void)func.insertResult(index, value.getType(), attributes);
    end->insertOperands(index, value);
  }
}

std::string resultName(func::FuncOp func, unsigned index) {
  if (auto name = func.getResultAttrOfType<StringAttr>(index, kNameAttr))
    return name.getValue().str();
  return "output " + std::to_string(index);
}

} // namespace mixbit
