//===- InputStatistics.cpp - What linears read, kept by domain
//-------------===//
#include "lib/compiler/CalibrationWalk.h"

#include "dialects/mixbit/SymbolicShapes.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mixbit {

llvm::Error
CalibrationWalk::collectLevel(unsigned level,
                              std::vector<InputStatistics> &statistics) {
  llvm::SetVector<Value> inputs;
  for (const SegmentLayer &layer : graph.layers)
    if (layer.level == level + 1)
      inputs.insert(layer.op->getOperand(0));
  for (Value input : inputs) {
    const Stored &both = stored.find(input)->second;
    int64_t cols = cast<RankedTensorType>(input.getType()).getShape().back();
    for (auto [domain, into] : llvm::enumerate(statistics)) {
      GramAccumulator sums(cols, /*withCross=*/false, options.threads);
      for (size_t batch = 0; batch != batchWeights.size(); ++batch) {
        if (batchDomains[batch] != domain)
          continue;
        ArrayRef<float> rows = both.exact[batch]->floats();
        // Sums, not means: the same whatever the domain weighs.
        std::vector<float> weights = rowWeights(input, batch);
        for (float &weight : weights)
          weight = weight > 0 ? 1 : 0;
        sums.add(rows, rows, weights);
      }
      std::vector<float> gram = sums.finish().gram;
      double samples = sampleCounts[domain];
      for (float &value : gram)
        value = float(value / samples);
      for (const SegmentLayer &layer : graph.layers)
        if (layer.op->getOperand(0) == input)
          into.gramOf.try_emplace(nodeName(layer.weight->getLoc(), "weight"),
                                  into.grams.size());
      into.grams.push_back(std::move(gram));
    }
  }
  return llvm::Error::success();
}

llvm::Error CalibrationWalk::collect(const CalibrationData &data,
                                     std::vector<InputStatistics> &statistics) {
  if (llvm::Error error = cut([](Operation *op) {
        return isa<LinearOp>(op) && weightConstant(weightOperand(op));
      }))
    return error;
  if (llvm::Error error = load(data))
    return error;
  statistics.resize(sampleCounts.size());
  step();
  auto built = GraphLibrary::build(*graph.module, options.threads, diagnostics);
  if (!built)
    return built.takeError();
  library = std::move(*built);
  for (unsigned level = 0; level != graph.segments.size(); ++level) {
    if (level)
      step();
    if (llvm::Error error = runSegment(level))
      return error;
    release(level + 1);
    if (llvm::Error error = collectLevel(level, statistics))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<InputStatistics>>
collectInputStatistics(ModuleOp module, const CalibrationData &data,
                       const CalibrateOptions &options,
                       raw_ostream &diagnostics) {
  CalibrationResult unused;
  std::vector<InputStatistics> statistics;
  func::FuncOp func = *module.getOps<func::FuncOp>().begin();
  if (llvm::Error error = CalibrationWalk(func, options, unused, diagnostics)
                              .collect(data, statistics))
    return std::move(error);
  return std::move(statistics);
}

/// The mix of a weight's matrices; empty where a domain has none.
static std::vector<float> mixGrams(ArrayRef<const InputStatistics *> domains,
                                   ArrayRef<double> shares, StringRef name) {
  std::vector<float> mix;
  for (auto [domain, share] : llvm::zip_equal(domains, shares)) {
    auto found = domain->gramOf.find(name.str());
    if (found == domain->gramOf.end())
      return {};
    const std::vector<float> &gram = domain->grams[found->second];
    mix.resize(gram.size());
    for (auto [into, value] : llvm::zip_equal(mix, gram))
      into += float(share) * value;
  }
  return mix;
}

llvm::Expected<CalibrationResult>
roundOnStatistics(ModuleOp module, ArrayRef<const InputStatistics *> domains,
                  ArrayRef<double> shares, const CalibrateOptions &options) {
  CalibrationResult result;
  llvm::DenseSet<Operation *> done;
  SmallVector<Operation *> layers;
  module.walk([&](Operation *op) {
    if (isa<LinearOp, EmbeddingOp>(op) && pendingFormats(op))
      layers.push_back(op);
  });
  GptqOptions rounding = options.rounding;
  rounding.threads = options.threads;
  int64_t count = 0;
  for (Operation *op : layers) {
    if (options.progress)
      options.progress(count++, layers.size());
    arith::ConstantOp constant = weightConstant(weightOperand(op));
    if (!done.insert(constant).second)
      continue; // the first format counts
    std::vector<uint8_t> storage;
    auto data = weightData(constant, storage);
    if (!data)
      return data.takeError();
    Segments segments = *pendingFormats(op);
    auto &into = result.weights[{constant, formatAttrOf(op)}];
    if (isa<EmbeddingOp>(op)) {
      // Tables in segments are refused when all formats are checked.
      if (segments.size() > 1)
        continue;
      auto matrix = roundToSearchedScales(*data, segments.front().format, {},
                                          options.threads);
      if (!matrix)
        return weightError(constant, matrix.takeError());
      into.push_back(std::move(*matrix));
      continue;
    }
    std::string name = nodeName(constant.getLoc(), "weight");
    GramStatistics statistics{mixGrams(domains, shares, name), {}};
    if (statistics.gram.empty())
      return llvm::createStringError(
          "weight '" + name +
          "': expected statistics of the layer's input, "
          "but got none");
    auto rounded = roundSegmentsWithGram(*data, segments, statistics, rounding);
    if (!rounded)
      return weightError(constant, rounded.takeError());
    result.layers.push_back(describeRounding(op, *rounded));
    into = std::move(rounded->segments);
  }
  return std::move(result);
}

} // namespace mixbit
