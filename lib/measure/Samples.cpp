//===- Samples.cpp - Calibration samples in batches -----------------------===//
#include "lib/measure/Samples.h"

#include "dialects/mixbit/SymbolicShapes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using llvm::createStringError;
using llvm::Expected;

namespace mixbit {

static std::string argumentName(func::FuncOp func, unsigned index) {
  if (auto name = func.getArgAttrOfType<StringAttr>(index, kNameAttr))
    return name.getValue().str();
  return "input" + std::to_string(index);
}

static std::optional<mixbit_type> memoryTypeOf(Type type) {
  if (type.isF32())
    return MIXBIT_F32;
  if (type.isF16())
    return MIXBIT_F16;
  if (type.isBF16())
    return MIXBIT_BF16;
  if (type.isInteger(1))
    return MIXBIT_BOOL;
  if (type.isInteger(64))
    return MIXBIT_I64;
  if (type.isInteger(32))
    return MIXBIT_I32;
  if (type.isUnsignedInteger(8))
    return MIXBIT_U8;
  if (type.isInteger(8))
    return MIXBIT_I8;
  return std::nullopt;
}

/// The array as the argument's type; the error has no beginning.
static Expected<Tensor> convert(const Tensor &array, mixbit_type type) {
  bool isInteger = isIntegerType(type);
  if (isInteger != isIntegerType(array.type))
    return createStringError("expected an array of " + typeName(type) +
                             ", but got one of " + typeName(array.type));
  Tensor result(type, array.shape);
  auto [least, most] = integerRange(type);
  for (int64_t i = 0, count = array.numElements(); i < count; ++i) {
    if (isInteger) {
      int64_t value = array.integerAt(i);
      if (value < least || value > most)
        return createStringError("expected values of " + typeName(type) +
                                 ", but got " + Twine(value));
      result.setInteger(i, value);
      continue;
    }
    float value = array.floatAt(i);
    if (!std::isfinite(value))
      return createStringError(
          "expected finite values, but got " +
          std::string(std::isnan(value) ? "NaN" : "infinity") + " at element " +
          Twine(i));
    result.setFloat(i, value);
  }
  return result;
}

/// "[?, 32]".
static std::string extentsText(RankedTensorType type) {
  std::vector<std::string> extents;
  for (int64_t extent : type.getShape())
    extents.push_back(ShapedType::isDynamic(extent) ? "?"
                                                    : std::to_string(extent));
  return "[" + llvm::join(extents, ", ") + "]";
}

Expected<SampleSet> SampleSet::take(func::FuncOp func,
                                    const NamedTensors &arrays,
                                    StringRef labelsKey, StringRef source) {
  SampleSet set;
  std::vector<std::string> names;
  for (const auto &[name, array] : arrays)
    names.push_back(name);
  std::string given = names.empty() ? "none" : llvm::join(names, ", ");
  std::string first;
  for (BlockArgument argument : func.getArguments()) {
    std::string name = argumentName(func, argument.getArgNumber());
    auto fail = [&](const Twine &reason) {
      return createStringError(source + ": input '" + name + "': " + reason);
    };
    auto type = cast<RankedTensorType>(argument.getType());
    const Tensor *array = findTensor(arrays, name);
    if (!array)
      return fail("expected an array of this name, but the file has: " + given);
    std::optional<mixbit_type> element = memoryTypeOf(type.getElementType());
    if (!element)
      return fail("inputs of this type take no samples");
    bool fits =
        type.getRank() == (int64_t)array->shape.size() && type.getRank() > 0;
    for (int64_t dim = 1; fits && dim < type.getRank(); ++dim)
      fits =
          type.isDynamicDim(dim) || type.getDimSize(dim) == array->shape[dim];
    if (!fits)
      return fail("expected an array of shape " + extentsText(type) +
                  " with the samples first, but got " +
                  shapeText(array->shape));
    if (array->shape[0] == 0)
      return fail("expected one sample or more, but got none");
    if (!set.inputs.empty() && array->shape[0] != set.count)
      return fail("expected " + Twine(set.count) + " samples as of '" + first +
                  "', but got " + Twine(array->shape[0]));
    Expected<Tensor> converted = convert(*array, *element);
    if (!converted)
      return fail(toString(converted.takeError()));
    if (set.inputs.empty())
      first = name;
    set.count = array->shape[0];
    set.inputs.push_back(std::move(*converted));
  }
  if (set.inputs.empty())
    return createStringError(source + ": the model has no inputs");
  if (labelsKey.empty())
    return set;
  auto fail = [&](const Twine &reason) {
    return createStringError(source + ": labels '" + labelsKey +
                             "': " + reason);
  };
  const Tensor *labels = findTensor(arrays, labelsKey);
  if (!labels)
    return fail("expected an array of this name, but the file has: " + given);
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
