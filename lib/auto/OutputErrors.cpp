//===- OutputErrors.cpp - What rounding does to each layer's output -------===//
#include "lib/auto/OutputErrors.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/compiler/GraphLibrary.h"

#include <cmath>

using namespace mlir;
using llvm::createStringError;

namespace mixbit {

/// Makes the outputs of all linears results of their function, named by the
/// weights; returns the names.
static std::vector<std::string> exposeLinears(func::FuncOp func) {
  std::vector<std::string> names;
  Operation *terminator = func.getBody().front().getTerminator();
  SmallVector<Value> values(terminator->getOperands());
  func.walk([&](LinearOp linear) {
    Operation *weight = linear.getWeight().getDefiningOp();
    if (!weight)
      return;
    names.push_back(nodeName(weight->getLoc(), "weight"));
    values.push_back(linear.getResult());
  });
  size_t before = terminator->getNumOperands();
  terminator->setOperands(values);
  SmallVector<DictionaryAttr> attributes;
  for (size_t i = 0; i != before; ++i)
    attributes.push_back(func.getResultAttrDict(i));
  SmallVector<Type> results;
  for (Value value : values)
    results.push_back(value.getType());
  func.setType(
      FunctionType::get(func.getContext(), func.getArgumentTypes(), results));
  Builder builder(func.getContext());
  for (size_t i = before; i != values.size(); ++i)
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        kNameAttr, builder.getStringAttr("linear" + Twine(i - before)))));
  func.setAllResultAttrs(attributes);
  return names;
}

OutputErrors::OutputErrors(ModuleOp module, const SampleSet &samples,
                           int threads, llvm::raw_ostream &diagnostics)
    : exact(module.clone()), samples(samples), threads(threads),
      diagnostics(diagnostics) {}

llvm::Error OutputErrors::measure(ModuleOp quantized,
                                  AllocationReport &report) {
  OwningOpRef<ModuleOp> rounded = quantized.clone();
  auto first = [](ModuleOp module) {
    return *module.getOps<func::FuncOp>().begin();
  };
  func::FuncOp func = first(*exact);
  std::vector<std::string> names = exposeLinears(func);
  if (names != exposeLinears(first(*rounded)))
    return createStringError("the layers before and after rounding differ");
  auto libraryOf = [&](ModuleOp module) {
    return GraphLibrary::build(module, threads, diagnostics);
  };
  auto expected = libraryOf(*exact);
  if (!expected)
    return expected.takeError();
  auto actual = libraryOf(*rounded);
  if (!actual)
    return actual.takeError();

  std::vector<double> signal(names.size()), noise(names.size());
  std::vector<int64_t> chosen;
  int64_t count = std::min<int64_t>(samples.count, 64);
  for (int64_t i = 0; i != count; ++i)
    chosen.push_back(i * samples.count / count);
  Batcher batcher(func, samples, 16);
  for (const Batch &batch : batcher.batches(chosen)) {
    std::vector<Tensor> inputs = batcher.inputs(batch);
    auto y = expected->run(func.getSymName(), inputs);
    if (!y)
      return y.takeError();
    auto yq = actual->run(func.getSymName(), inputs);
    if (!yq)
      return yq.takeError();
    size_t begin = y->size() - names.size();
    for (size_t i = 0; i != names.size(); ++i) {
      const Tensor &a = (*y)[begin + i], &b = (*yq)[begin + i];
      for (int64_t at = 0, size = a.numElements(); at < size; ++at) {
        double value = a.floatAt(at), error = value - b.floatAt(at);
        signal[i] += value * value;
        noise[i] += error * error;
      }
    }
  }
  for (AllocatedWeight &weight : report.weights)
    for (auto [index, name] : llvm::enumerate(names))
      if (name == weight.name && noise[index] > 0 && signal[index] > 0)
        weight.outputSnr = 10 * std::log10(signal[index] / noise[index]);
  return llvm::Error::success();
}

} // namespace mixbit
