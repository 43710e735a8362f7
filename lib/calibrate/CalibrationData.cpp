//===- CalibrationData.cpp - Samples that a network is measured on --------===//
#include "lib/calibrate/CalibrationData.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace llvm;

namespace mixbit {

static Error makeError(const Twine &message) {
  return createStringError(message);
}

std::vector<Tensor> CalibrationDomain::select(ArrayRef<int64_t> samples,
                                              ArrayRef<bool> trims,
                                              int64_t length) const {
  std::vector<Tensor> result;
  for (auto [index, whole] : enumerate(inputs)) {
    std::vector<int64_t> shape = whole.shape;
    int64_t bytes = shape[0] ? whole.numBytes() / shape[0] : 0, kept = bytes;
    if (!trims.empty() && trims[index] && shape[1] > length) {
      kept = bytes / shape[1] * length;
      shape[1] = length;
    }
    shape[0] = samples.size();
    Tensor &part = result.emplace_back(whole.type, std::move(shape));
    for (auto [to, from] : enumerate(samples))
      std::memcpy(part.data.data() + to * kept,
                  whole.data.data() + from * bytes, kept);
  }
  return result;
}

std::vector<int64_t> CalibrationDomain::lengths(size_t mask) const {
  const Tensor &rows = inputs[mask];
  std::vector<int64_t> result(samples, 1);
  for (int64_t sample = 0; sample != samples; ++sample)
    for (int64_t i = 0; i != rows.shape[1]; ++i) {
      int64_t at = sample * rows.shape[1] + i;
      if (isIntegerType(rows.type) ? rows.integerAt(at) != 0
                                   : rows.floatAt(at) != 0)
        result[sample] = i + 1;
    }
  return result;
}

Expected<CalibrationData> CalibrationData::load(ArrayRef<std::string> entries) {
  CalibrationData data;
  for (const std::string &entry : entries) {
    File file{entry, entry, 1, {}};
    // A path may hold both signs: then it is the whole entry.
    auto [head, path] = StringRef(entry).split('=');
    auto [name, weight] = head.rsplit(':');
    if (!path.empty() && head.contains(':') && !sys::fs::exists(entry)) {
      if (name.empty() || weight.getAsDouble(file.weight) ||
          !std::isfinite(file.weight) || file.weight <= 0)
        return makeError("expected FILE or NAME:WEIGHT=FILE with a weight "
                         "above 0, but got '" +
                         entry + "'");
      file.name = name.str();
      file.path = path.str();
    }
    for (const File &other : data.files)
      if (other.name == file.name)
        return makeError("expected each name once, but got '" + file.name +
                         "' twice");
    Expected<NamedTensors> arrays = readNpz(file.path);
    if (!arrays)
      return arrays.takeError();
    file.arrays = std::move(*arrays);
    data.files.push_back(std::move(file));
  }
  return std::move(data);
}

/// "int64 [?, 32]"
static std::string describe(mixbit_type type, ArrayRef<int64_t> shape) {
  std::vector<std::string> extents;
  for (int64_t extent : shape)
    extents.push_back(extent < 0 ? "?" : std::to_string(extent));
  return (typeName(type) + " [" + join(extents, ", ") + "]").str();
}

/// The array as the input's type; `where` opens messages.
static Expected<Tensor> convert(const Tensor &array,
                                const CalibrationInput &input,
                                const Twine &where) {
  bool fits = array.shape.size() == input.shape.size() &&
              (array.type == input.type ||
               (isIntegerType(array.type) && isIntegerType(input.type)));
  // The first axis is the samples', whatever the network's batch is.
  for (size_t i = 1; fits && i < input.shape.size(); ++i)
    fits = input.shape[i] < 0 || input.shape[i] == array.shape[i];
  if (!fits) {
    std::vector<int64_t> shape = input.shape;
    if (!shape.empty())
      shape[0] = -1;
    return makeError(where + "expected " + describe(input.type, shape) +
                     ", but got " + describe(array.type, array.shape));
  }
  if (array.type == MIXBIT_F32) {
    for (float value : array.floats())
      if (!std::isfinite(value))
        return makeError(where + "expected finite values, but got " +
                         (std::isnan(value) ? "NaN" : "an infinity"));
    return array;
  }
  if (array.type == input.type)
    return array;
  Tensor result(input.type, array.shape);
  auto [least, most] = integerRange(input.type);
  for (int64_t i = 0, count = array.numElements(); i != count; ++i) {
    int64_t value = array.integerAt(i);
    if (value < least || value > most)
      return makeError(where + "expected values of " + typeName(input.type) +
                       ", but got " + Twine(value));
    result.setInteger(i, value);
  }
  return result;
}

Expected<std::vector<CalibrationDomain>>
CalibrationData::fit(ArrayRef<CalibrationInput> inputs) const {
  std::vector<CalibrationDomain> domains;
  for (const File &file : files) {
    CalibrationDomain domain{file.name, file.path, file.weight, 0, {}};
    for (auto [index, input] : enumerate(inputs)) {
      const Tensor *array = findTensor(file.arrays, input.name);
      if (!array) {
        std::vector<std::string> names;
        for (const auto &[name, tensor] : file.arrays)
          names.push_back(name);
        return makeError(file.path + ": expected an array '" + input.name +
                         "' for that input, but got " +
                         (names.empty() ? "none" : join(names, ", ")));
      }
      if (input.shape.empty())
        return makeError(file.path + ": input '" + input.name +
                         "': expected a first axis of samples, but it is a "
                         "scalar");
      Expected<Tensor> fitted =
          convert(*array, input, file.path + ": array '" + input.name + "': ");
      if (!fitted)
        return fitted.takeError();
      int64_t samples = fitted->shape[0];
      if (index != 0 && samples != domain.samples)
        return makeError(file.path + ": array '" + input.name + "': expected " +
                         Twine(domain.samples) + " samples as of '" +
                         inputs[0].name + "', but got " + Twine(samples));
      domain.samples = samples;
      domain.inputs.push_back(std::move(*fitted));
    }
    if (domain.samples == 0)
      return makeError(file.path + ": expected samples, but got 0");
    domains.push_back(std::move(domain));
  }
  if (domains.empty())
    return makeError("expected a file of samples, but got none");
  return std::move(domains);
}

} // namespace mixbit
