//===- Samples.cpp - Calibration samples in batches -----------------------===//
#include "lib/measure/Samples.h"

#include "dialects/mixbit/MemoryTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/support/SampleArrays.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace mlir;
using llvm::createStringError;
using llvm::Expected;

namespace mixbit {

static std::string argumentName(func::FuncOp func, unsigned index) {
  if (auto name = func.getArgAttrOfType<StringAttr>(index, kNameAttr))
    return name.getValue().str();
  return "input" + std::to_string(index);
}

Expected<SampleSet> SampleSet::take(func::FuncOp func,
                                    const NamedTensors &arrays,
                                    StringRef labelsKey, StringRef source) {
  std::vector<SampleInput> inputs;
  for (BlockArgument argument : func.getArguments()) {
    SampleInput &input = inputs.emplace_back();
    input.name = argumentName(func, argument.getArgNumber());
    auto type = cast<RankedTensorType>(argument.getType());
    std::optional<mixbit_type> element = memoryTypeOf(type.getElementType());
    if (!element)
      return createStringError(source + ": input '" + input.name +
                               "': inputs of this type take no samples");
    input.type = *element;
    for (int64_t extent : type.getShape())
      input.shape.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  }
  Expected<std::vector<Tensor>> taken = takeSamples(inputs, arrays, source);
  if (!taken)
    return taken.takeError();
  SampleSet set;
  set.inputs = std::move(*taken);
  set.count = set.inputs.front().shape[0];
  if (labelsKey.empty())
    return set;
  auto fail = [&](const Twine &reason) {
    return createStringError(source + ": labels '" + labelsKey +
                             "': " + reason);
  };
  const Tensor *labels = findTensor(arrays, labelsKey);
  if (!labels)
    return fail("expected an array of this name, but the file has: " +
                namesText(arrays));
  if (!isIntegerType(labels->type))
    return fail("expected integers, but got " + typeName(labels->type));
  if (labels->shape.empty() || labels->shape[0] != set.count)
    return fail("expected " + Twine(set.count) + " samples, but got shape " +
                shapeText(labels->shape));
  set.labels = *labels;
  return set;
}

Batcher::Batcher(func::FuncOp func, const SampleSet &samples, int64_t batchSize)
    : samples(samples), batchSize(batchSize) {
  // Dimensions that are one symbol.
  auto symbolOf = [&](unsigned argument, int64_t dim) -> int64_t {
    auto map = func.getArgAttrOfType<AffineMapAttr>(argument, kDimsAttr);
    if (!map)
      return -1;
    auto symbol = dyn_cast<AffineSymbolExpr>(map.getValue().getResult(dim));
    return symbol ? symbol.getPosition() : -1;
  };
  int64_t sequence = -1;
  for (BlockArgument argument : func.getArguments()) {
    unsigned index = argument.getArgNumber();
    auto type = cast<RankedTensorType>(argument.getType());
    if (!type.isDynamicDim(0))
      fixedBatch = type.getDimSize(0);
    if (mask < 0 && type.getRank() == 2 && type.getElementType().isInteger() &&
        StringRef(argumentName(func, index)).contains_insensitive("mask")) {
      sequence = symbolOf(index, 1);
      if (sequence >= 0 && sequence != symbolOf(index, 0))
        mask = index;
    }
  }
  for (BlockArgument argument : func.getArguments()) {
    int64_t found = -1;
    auto type = cast<RankedTensorType>(argument.getType());
    for (int64_t dim = 1; mask >= 0 && dim < type.getRank(); ++dim)
      if (symbolOf(argument.getArgNumber(), dim) == sequence)
        found = dim;
    sequenceDim.push_back(found);
  }
}

bool Batcher::isPadding(int64_t sample, int64_t position) const {
  if (mask < 0)
    return false;
  const Tensor &keep = samples.inputs[mask];
  return keep.integerAt(sample * keep.shape[1] + position) == 0;
}

int64_t Batcher::lengthOf(int64_t sample) const {
  if (mask < 0)
    return 0;
  int64_t length = samples.inputs[mask].shape[1];
  while (length > 1 && isPadding(sample, length - 1))
    --length;
  return length;
}

std::vector<Batch> Batcher::batches(ArrayRef<int64_t> chosen) const {
  std::vector<std::pair<int64_t, int64_t>> order;
  for (int64_t sample : chosen)
    order.push_back({lengthOf(sample), sample});
  llvm::sort(order);
  std::vector<Batch> result;
  int64_t size = fixedBatch ? fixedBatch : batchSize;
  for (size_t begin = 0; begin < order.size(); begin += size) {
    Batch &batch = result.emplace_back();
    size_t end = std::min<size_t>(order.size(), begin + size);
    for (size_t i = begin; i != end; ++i)
      batch.samples.push_back(order[i].second);
    batch.length = order[end - 1].first; // the longest
    batch.size = fixedBatch ? fixedBatch : end - begin;
  }
  return result;
}

std::vector<Tensor> Batcher::inputs(const Batch &batch) const {
  std::vector<Tensor> result;
  for (auto [index, all] : llvm::enumerate(samples.inputs)) {
    int64_t cut = batch.length > 0 && mask >= 0 ? sequenceDim[index] : -1;
    std::vector<int64_t> shape = all.shape;
    shape[0] = batch.size;
    if (cut >= 0)
      shape[cut] = batch.length;
    Tensor part(all.type, shape);
    // A sample is `outer` blocks, of which the first `kept` bytes stay.
    int64_t outer = 1, inner = typeSize(all.type);
    for (int64_t dim = 1; dim < (int64_t)shape.size(); ++dim)
      (cut >= 0 && dim < cut ? outer : inner) *= all.shape[dim];
    int64_t kept = cut >= 0 ? inner / all.shape[cut] * batch.length : inner;
    char *to = part.data.data();
    for (int64_t i = 0; i < batch.size; ++i) {
      int64_t sample =
          batch.samples[std::min<int64_t>(i, batch.samples.size() - 1)];
      const char *from = all.data.data() + sample * outer * inner;
      for (int64_t block = 0; block < outer; ++block, to += kept)
        std::memcpy(to, from + block * inner, kept);
    }
    result.push_back(std::move(part));
  }
  return result;
}

} // namespace mixbit
