//===- SampleArrays.cpp - Arrays of files as inputs take them -------------===//
#include "lib/support/SampleArrays.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

Expected<Tensor> convertTensor(const Tensor &array, mixbit_type type,
                               bool isFinite) {
  bool isInteger = isIntegerType(type);
  if (isInteger != isIntegerType(array.type))
    return createStringError("expected an array of " + typeName(type) +
                             ", but got one of " + typeName(array.type));
  if (array.type == type && (isInteger || !isFinite))
    return array;
  Tensor result(type, array.shape);
  int64_t least = 0, most = 0;
  if (isInteger)
    std::tie(least, most) = integerRange(type);
  for (int64_t i = 0, count = array.numElements(); i != count; ++i) {
    if (isInteger) {
      int64_t value = array.integerAt(i);
      if (value < least || value > most)
        return createStringError("expected values of " + typeName(type) +
                                 ", but got " + Twine(value));
      result.setInteger(i, value);
      continue;
    }
    float value = array.floatAt(i);
    if (isFinite && !std::isfinite(value))
      return createStringError("expected finite values, but got " +
                               Twine(std::isnan(value) ? "NaN" : "infinity") +
                               " at element " + Twine(i));
    result.setFloat(i, value);
  }
  return result;
}

std::string namesText(const NamedTensors &arrays) {
  std::vector<std::string> names;
  for (const auto &[name, array] : arrays)
    names.push_back(name);
  return names.empty() ? "none" : join(names, ", ");
}

/// "[?, 32]".
static std::string extentsText(ArrayRef<int64_t> shape) {
  std::vector<std::string> extents;
  for (auto [dim, extent] : enumerate(shape))
    extents.push_back(dim == 0 || extent < 0 ? "?" : std::to_string(extent));
  return "[" + join(extents, ", ") + "]";
}

Expected<std::vector<Tensor>> takeSamples(ArrayRef<SampleInput> inputs,
                                          const NamedTensors &arrays,
                                          StringRef source) {
  std::vector<Tensor> result;
  if (inputs.empty())
    return createStringError(source + ": the model has no inputs");
  for (const SampleInput &input : inputs) {
    auto fail = [&](const Twine &reason) {
      return createStringError(source + ": input '" + input.name +
                               "': " + reason);
    };
    const Tensor *array = findTensor(arrays, input.name);
    if (!array)
      return fail("expected an array of this name, but the file has: " +
                  namesText(arrays));
    if (input.shape.empty())
      return fail("expected a first axis of samples, but it is a scalar");
    bool fits = input.shape.size() == array->shape.size();
    for (size_t dim = 1; fits && dim != input.shape.size(); ++dim)
      fits = input.shape[dim] < 0 || input.shape[dim] == array->shape[dim];
    if (!fits)
      return fail("expected an array of shape " + extentsText(input.shape) +
                  " with the samples first, but got " +
                  shapeText(array->shape));
    if (array->shape[0] == 0)
      return fail("expected one sample or more, but got none");
    if (!result.empty() && array->shape[0] != result.front().shape[0])
      return fail("expected " + Twine(result.front().shape[0]) +
                  " samples as of '" + inputs.front().name + "', but got " +
                  Twine(array->shape[0]));
    Expected<Tensor> converted =
        convertTensor(*array, input.type, /*isFinite=*/true);
    if (!converted)
      return fail(toString(converted.takeError()));
    result.push_back(std::move(*converted));
  }
  return std::move(result);
}

} // namespace mixbit
