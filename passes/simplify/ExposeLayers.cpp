//===- ExposeLayers.cpp - Outputs of linears as the network's -------------===//
#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/simplify/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPOSELAYERS
#include "passes/simplify/Passes.h.inc"

std::vector<std::string> exposeLayers(func::FuncOp func) {
  Operation *terminator = func.getBody().front().getTerminator();
  SmallVector<Value> values(terminator->getOperands());
  SmallVector<DictionaryAttr> attributes;
  llvm::StringSet<> taken;
  for (size_t i = 0; i != values.size(); ++i) {
    attributes.push_back(func.getResultAttrDict(i));
    if (auto name = func.getResultAttrOfType<StringAttr>(i, kNameAttr))
      taken.insert(name.getValue());
  }
  Builder builder(func.getContext());
  std::vector<std::string> names;
  func.walk([&](LinearOp linear) {
    // Of floats or of codes.
    Operation *weight = linear.getWeight().getDefiningOp();
    if (!weight)
      return;
    std::string base = nodeName(weight->getLoc(), "linear"), name = base;
    for (unsigned suffix = 1; !taken.insert(name).second; ++suffix)
      name = base + "." + std::to_string(suffix);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(kNameAttr, builder.getStringAttr(name))));
    values.push_back(linear.getResult());
    names.push_back(std::move(name));
  });
  terminator->setOperands(values);
  func.setType(
      FunctionType::get(func.getContext(), func.getArgumentTypes(),
                        llvm::to_vector(ValueRange(values).getTypes())));
  func.setAllResultAttrs(attributes);
  return names;
}

namespace {
struct ExposeLayers : impl::ExposeLayersBase<ExposeLayers> {
  void runOnOperation() override {
    numExposed += exposeLayers(getOperation()).size();
  }
};
} // namespace
} // namespace mixbit
