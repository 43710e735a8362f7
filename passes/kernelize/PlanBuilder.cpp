//===- PlanBuilder.cpp - Writes weights, kernels and one plan -------------===//
#include "passes/kernelize/PlanBuilder.h"

#include "dialects/mixbit/SymbolicMath.h"
#include "passes/kernelize/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace mixbit {
Type memoryType(Type elementType) {
  return elementType.isInteger(1)
             ? IntegerType::get(elementType.getContext(), 8)
             : elementType;
}

void releaseData(arith::ConstantOp constant) {
  auto data = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  if (!data || constant->getParentOfType<ModuleOp>()->hasAttr(kKeepDataAttr))
    return;
  AsmDialectResourceHandle handle = data.getRawHandle();
  bool isShared = false;
  constant->getParentOfType<func::FuncOp>().walk([&](arith::ConstantOp other) {
    auto otherData = dyn_cast<DenseResourceElementsAttr>(other.getValue());
    isShared |= other != constant && otherData &&
                otherData.getRawHandle().getResource() == handle.getResource();
  });
  auto *entry = static_cast<DialectResourceBlobManager::BlobEntry *>(
      handle.getResource());
  if (!isShared && entry->getBlob() && entry->getBlob()->getDeleter())
    entry->setBlob(AsmResourceBlob());
}

PlanBuilder::PlanBuilder(ModuleOp module, PlanOp plan)
    : module(module), plan(plan),
      builder(OpBuilder::atBlockEnd(&plan.getBody().front())) {}

/// `stem`, or `stem_N` with the first N that the module does not use.
static std::string uniqueName(ModuleOp module, StringRef stem) {
  std::string clean;
  for (char c : stem)
    clean += isalnum((unsigned char)c) || c == '_' ? c : '_';
  std::string name = clean;
  for (int i = 0; module.lookupSymbol(name); ++i)
    name = clean + "_" + std::to_string(i);
  return name;
}

View PlanBuilder::buffer(const SymbolicShape &shape, Type elementType,
                         Location loc) {
  SmallVector<int64_t> extents;
  SmallVector<AffineExpr> exprs;
  for (AffineExpr extent : shape) {
    exprs.push_back(normalize(extent));
    extents.push_back(staticExtent(extent));
  }
  elementType = memoryType(elementType);
  Value base = BufferOp::create(
      builder, loc, MemRefType::get(extents, elementType),
      AffineMap::get(0, numSymbols(), exprs, context()), DenseI64ArrayAttr());
  return View::contiguous(base, shape, elementType);
}

View PlanBuilder::weight(ElementsAttr data, StringRef name, Location loc) {
  WeightOp weight;
  for (auto known : module.getOps<WeightOp>())
    if (known.getData() == data)
      weight = known;
  auto type = cast<RankedTensorType>(data.getType());
  Type elementType = memoryType(type.getElementType());
  if (!weight) {
    OpBuilder moduleBuilder = OpBuilder::atBlockBegin(module.getBody());
    weight = WeightOp::create(
        moduleBuilder, loc,
        builder.getStringAttr(uniqueName(module, name.empty() ? "w" : name)),
        data, IntegerAttr());
  }
  Value base = WeightRefOp::create(
      builder, loc, MemRefType::get(type.getShape(), elementType),
      FlatSymbolRefAttr::get(weight.getSymNameAttr()));
  SymbolicShape shape;
  for (int64_t extent : type.getShape())
    shape.push_back(constant(extent));
  return View::contiguous(base, shape, elementType);
}

void PlanBuilder::launch(StringRef kernelName, ArrayRef<View> views,
                         Location loc,
                         function_ref<void(OpBuilder &, ValueRange)> body) {
  OpBuilder moduleBuilder(plan);
  auto name = moduleBuilder.getStringAttr(uniqueName(module, kernelName));
  auto kernel =
      KernelOp::create(moduleBuilder, moduleBuilder.getUnknownLoc(), name);
  Block &block = kernel.getBody().emplaceBlock();
  SmallVector<Value> arguments;
  for (const View &view : views) {
    block.addArgument(view.kernelType(), moduleBuilder.getUnknownLoc());
    arguments.push_back(view.materialize(builder, loc, numSymbols()));
  }
  OpBuilder inside = OpBuilder::atBlockBegin(&block);
  body(inside, block.getArguments());
  LaunchOp::create(builder, loc, FlatSymbolRefAttr::get(name), arguments);
}
} // namespace mixbit
