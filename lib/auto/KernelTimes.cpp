//===- KernelTimes.cpp - How long our own kernels take here ---------------===//
#include "lib/auto/KernelTimes.h"

#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/quant/Candidates.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"

#include <chrono>

using namespace mlir;
using llvm::createStringError;

namespace mixbit {

llvm::Expected<KernelTimes::Shape> KernelTimes::shapeOf(Operation *op) {
  auto found = shapes.find(op);
  if (found != shapes.end())
    return found->second;
  auto func = op->getParentOfType<func::FuncOp>();
  FailureOr<SymbolicShapes> inferred = inferSymbolicShapes(func);
  if (failed(inferred))
    return createStringError("the shapes of the graph could not be inferred");
  auto names = func->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  SmallVector<AffineExpr> values;
  for (Attribute name : names ? names.getValue() : ArrayRef<Attribute>()) {
    llvm::StringRef text = cast<StringAttr>(name).getValue();
    int64_t value = text.contains_insensitive("batch") ? 1 : 128;
    for (const auto &[symbol, extent] : symbols)
      if (text == symbol)
        value = extent;
    values.push_back(getAffineConstantExpr(value, op->getContext()));
  }
  func.walk([&](LinearOp linear) {
    SymbolicShape extents(inferred->find(linear.getX())->second);
    AffineExpr rows = product(ArrayRef(extents).drop_back(), op->getContext())
                          .replaceDimsAndSymbols({}, values);
    std::optional<int64_t> number = constantValue(normalize(rows));
    auto weight = cast<RankedTensorType>(linear.getWeight().getType());
    shapes[linear] = {number.value_or(1), weight.getDimSize(0),
                      weight.getDimSize(1)};
  });
  return shapes[op];
}

/// A function of one linear, with a weight of small numbers.
static void appendLinear(OpBuilder &builder, llvm::StringRef name, int64_t rows,
                         int64_t outputs, int64_t inputs,
                         const Format &format) {
  MLIRContext *context = builder.getContext();
  Location loc = builder.getUnknownLoc();
  Type f32 = builder.getF32Type();
  auto x = RankedTensorType::get({rows, inputs}, f32);
  auto y = RankedTensorType::get({rows, outputs}, f32);
  auto weight = RankedTensorType::get({outputs, inputs}, f32);
  auto func = func::FuncOp::create(builder, loc, name,
                                   builder.getFunctionType({x}, {y}));
  func.setArgAttr(0, kNameAttr, builder.getStringAttr("x"));
  func.setArgAttr(
      0, kDimsAttr,
      AffineMapAttr::get(AffineMap::get(0, 0,
                                        {builder.getAffineConstantExpr(rows),
                                         builder.getAffineConstantExpr(inputs)},
                                        context)));
  func.setResultAttr(0, kNameAttr, builder.getStringAttr("y"));
  func->setAttr(kSymbolsAttr, builder.getArrayAttr({}));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(func.addEntryBlock());
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(outputs * inputs * sizeof(float), 64);
  auto *data = reinterpret_cast<float *>(blob.getMutableData().data());
  uint32_t state = 1;
  for (int64_t i = 0; i != outputs * inputs; ++i) {
    state = state * 1664525u + 1013904223u;
    data[i] = float(int32_t(state)) * 0x1p-31f;
  }
  Value constant = arith::ConstantOp::create(
      builder, loc,
      DenseResourceElementsAttr::get(weight, name, std::move(blob)));
  FormatAttr attr;
  ActivationsAttr activations;
  if (!format.isFloat()) {
    attr = FormatAttr::get(context, typeOf(context, format), "allocated");
    activations = ActivationsAttr::get(context, 8, Granularity::PerToken,
                                       RangeMode::Dynamic);
  }
  Value result =
      LinearOp::create(builder, loc, y, func.getArgument(0), constant, Value(),
                       activations, SensitivityAttr(), attr);
  func::ReturnOp::create(builder, loc, result);
}

llvm::Error KernelTimes::time(MLIRContext *context,
                              ArrayRef<std::pair<Shape, Format>> wanted) {
  if (wanted.empty())
    return llvm::Error::success();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(module->getBody());
  auto nameOf = [](size_t index) { return "linear" + std::to_string(index); };
  for (auto [index, item] : llvm::enumerate(wanted))
    appendLinear(builder, nameOf(index), item.first.rows, item.first.outputs,
                 item.first.inputs, item.second);
  PassManager manager(context);
  manager.addPass(createQuantizeWeights());
  if (failed(manager.run(*module)))
    return createStringError("kernels to time could not be made");
  auto library = GraphLibrary::build(*module, threads, diagnostics);
  if (!library)
    return library.takeError();
  for (auto [index, item] : llvm::enumerate(wanted)) {
    Tensor x(MIXBIT_F32, {item.first.rows, item.first.inputs});
    for (int64_t i = 0, count = x.numElements(); i < count; ++i)
      x.setFloat(i, float(i % 17) - 8);
    int64_t least = INT64_MAX;
    // What disturbs only ever adds: the least of many is the kernel's own.
    int64_t spent = 0;
    for (int run = 0; run != 200 && (run < 5 || spent < 30'000'000); ++run) {
      auto begin = std::chrono::steady_clock::now();
      auto outputs = library->run(nameOf(index), ArrayRef<Tensor>(x));
      auto end = std::chrono::steady_clock::now();
      if (!outputs)
        return outputs.takeError();
      int64_t took =
          std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin)
              .count();
      spent += took;
      least = std::min(least, took);
    }
    known[{item.first, formatKey(item.second)}] = least;
  }
  return llvm::Error::success();
}

llvm::Error KernelTimes::measure(ModuleOp module) {
  std::vector<std::pair<Shape, Format>> wanted;
  std::set<Key> seen;
  for (const WeightUsers &weight : collectWeights(module))
    for (Operation *op : weight.users) {
      if (!isa<LinearOp>(op))
        continue;
      auto shape = shapeOf(op);
      if (!shape)
        return shape.takeError();
      std::vector<Format> formats =
          candidateFormats(WeightUse::Linear, shape->outputs, shape->inputs);
      for (const Format &format : formats)
        if (seen.insert({*shape, formatKey(format)}).second)
          wanted.push_back({*shape, format});
    }
  return time(module.getContext(), wanted);
}

llvm::Expected<int64_t> KernelTimes::timeOf(Operation *linear, int64_t outputs,
                                            const Format &format) {
  auto shape = shapeOf(linear);
  if (!shape)
    return shape.takeError();
  shape->outputs = outputs;
  Key key{*shape, formatKey(format)};
  if (known.count(key))
    return known[key];
  // Parts of a layer are asked for in every format, one after the other: one
  // library times them all.
  std::vector<std::pair<Shape, Format>> wanted = {{*shape, format}};
  for (const Format &other :
       candidateFormats(WeightUse::Linear, shape->outputs, shape->inputs))
    if (other != format && !known.count({*shape, formatKey(other)}))
      wanted.push_back({*shape, other});
  if (llvm::Error error = time(linear->getContext(), wanted))
    return std::move(error);
  return known[key];
}

} // namespace mixbit
