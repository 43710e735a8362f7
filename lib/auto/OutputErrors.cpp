//===- OutputErrors.cpp - What rounding does to each layer's output -------===//
#include "lib/auto/OutputErrors.h"

#include "lib/compiler/GraphLibrary.h"
#include "lib/support/SignalNoise.h"
#include "passes/simplify/Passes.h"

using namespace mlir;
using llvm::createStringError;

namespace mixbit {

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
  std::vector<std::string> names = exposeLayers(func);
  if (names != exposeLayers(first(*rounded)))
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

  std::vector<SignalNoise> ratios(names.size());
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
      for (int64_t at = 0, size = a.numElements(); at < size; ++at)
        ratios[i].add(a.floatAt(at), b.floatAt(at));
    }
  }
  for (AllocatedWeight &weight : report.weights)
    for (auto [index, name] : llvm::enumerate(names))
      if (name == weight.name)
        weight.outputSnr = ratios[index].decibels();
  return llvm::Error::success();
}

} // namespace mixbit
