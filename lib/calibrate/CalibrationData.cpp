//===- CalibrationData.cpp - Samples for measuring -----------------------===//
#include "lib/calibrate/CalibrationData.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace mixbit {

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

Expected<CalibrationFile> parseCalibration(StringRef text) {
  CalibrationFile file{text.str(), 1, text.str()};
  // A path may hold both signs: then it is the whole text.
  if (!text.empty() && (!text.contains('=') || sys::fs::exists(text)))
    return file;
  auto [head, path] = text.split('=');
  auto [name, weight] = head.rsplit(':');
  if (name.empty() || path.empty() || weight.getAsDouble(file.weight) ||
      !std::isfinite(file.weight) || file.weight <= 0)
    return createStringError("expected FILE or NAME:WEIGHT=FILE with a weight "
                             "above 0, but got '" +
                             text + "'");
  file.name = name.str();
  file.path = path.str();
  return file;
}

Expected<std::vector<CalibrationFile>>
parseCalibrations(ArrayRef<std::string> texts) {
  std::vector<CalibrationFile> files;
  for (const std::string &text : texts) {
    Expected<CalibrationFile> file = parseCalibration(text);
    if (!file)
      return file.takeError();
    for (const CalibrationFile &other : files)
      if (other.name == file->name)
        return createStringError("expected each name once, but got '" +
                                 file->name + "' twice");
    files.push_back(std::move(*file));
  }
  return std::move(files);
}

Expected<CalibrationData> CalibrationData::load(ArrayRef<std::string> entries) {
  Expected<std::vector<CalibrationFile>> files = parseCalibrations(entries);
  if (!files)
    return files.takeError();
  if (files->empty())
    return createStringError("expected a file of samples, but got none");
  CalibrationData data;
  for (CalibrationFile &file : *files) {
    Expected<NamedTensors> arrays = readNpz(file.path);
    if (!arrays)
      return arrays.takeError();
    data.files.push_back({std::move(file), std::move(*arrays)});
  }
  return std::move(data);
}

Expected<std::vector<CalibrationDomain>>
CalibrationData::fit(ArrayRef<SampleInput> inputs) const {
  std::vector<CalibrationDomain> domains;
  for (const File &file : files) {
    Expected<std::vector<Tensor>> taken =
        takeSamples(inputs, file.arrays, file.path);
    if (!taken)
      return taken.takeError();
    int64_t samples = taken->front().shape[0];
    domains.push_back(
        {file.name, file.path, file.weight, samples, std::move(*taken)});
  }
  return std::move(domains);
}

} // namespace mixbit
