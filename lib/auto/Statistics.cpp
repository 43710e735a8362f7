//===- Statistics.cpp - What was measured of each domain ------------------===//
#include "lib/auto/Statistics.h"

#include "lib/support/Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace mixbit {

/// The array that describes the others.
static constexpr StringRef kIndex = "statistics.json";

static Tensor makeFloats(ArrayRef<float> values, int64_t rows, int64_t cols) {
  Tensor tensor(MIXBIT_F32, {rows, cols});
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

Error writeStatistics(StringRef path, ArrayRef<DomainStatistics> domains) {
  NamedTensors arrays;
  json::Array described;
  for (auto [index, domain] : enumerate(domains)) {
    json::Object gramOf;
    for (const auto &[weight, gram] : domain.inputs.gramOf)
      gramOf[json::fixUTF8(weight)] = int64_t(gram);
    described.push_back(
        json::Object{{"name", json::fixUTF8(domain.name)},
                     {"weight", domain.weight},
                     {"sensitivities", toJson(domain.sensitivities)},
                     {"gram_of", std::move(gramOf)}});
    for (auto [at, weight] : enumerate(domain.sensitivities.weights))
      if (!weight.fisher.empty())
        arrays.emplace_back(
            formatv("fisher_{0}_{1}", index, at).str(),
            makeFloats(weight.fisher, weight.rows, weight.cols));
    for (auto [at, gram] : enumerate(domain.inputs.grams)) {
      int64_t cols = std::llround(std::sqrt(double(gram.size())));
      arrays.emplace_back(formatv("gram_{0}_{1}", index, at).str(),
                          makeFloats(gram, cols, cols));
    }
  }
  std::string text =
      formatv("{0}", json::Value(json::Object{
                         {"version", 1}, {"domains", std::move(described)}}));
  Tensor bytes(MIXBIT_U8, {int64_t(text.size())});
  std::memcpy(bytes.data.data(), text.data(), text.size());
  arrays.emplace_back(kIndex.str(), std::move(bytes));
  return writeNpz(path, arrays);
}

namespace {
class StatisticsReader {
public:
  StatisticsReader(StringRef path, const NamedTensors &arrays)
      : path(path), arrays(arrays) {}

  Expected<std::vector<DomainStatistics>> read() {
    const Tensor *bytes = findTensor(arrays, kIndex);
    if (!bytes || bytes->type != MIXBIT_U8)
      return fail("expected statistics that mixbit compile --statistics wrote, "
                  "but it has no array '" +
                  kIndex + "'");
    auto parsed =
        json::parse(StringRef(bytes->data.data(), bytes->data.size()));
    if (!parsed)
      return fail("its description is damaged: " +
                  toString(parsed.takeError()));
    const json::Object *object = parsed->getAsObject();
    const json::Array *list = object ? object->getArray("domains") : nullptr;
    if (!list || object->getInteger("version") != 1)
      return fail("expected statistics of version 1");
    std::vector<DomainStatistics> domains;
    for (const json::Value &entry : *list) {
      auto domain = readDomain(entry, domains.size());
      if (!domain)
        return domain.takeError();
      domains.push_back(std::move(*domain));
    }
    return std::move(domains);
  }

private:
  Error fail(const Twine &reason) {
    return createStringError(path + ": " + reason);
  }

  /// An array of rows x cols (any square one without them) of finite floats.
  Expected<std::vector<float>> readFloats(const std::string &name, int64_t rows,
                                          int64_t cols) {
    const Tensor *array = findTensor(arrays, name);
    if (!array || array->type != MIXBIT_F32 || array->shape.size() != 2 ||
        (rows > 0 ? array->shape != std::vector<int64_t>{rows, cols}
                  : array->shape[0] != array->shape[1]))
      return fail(
          "expected a matrix of float32 '" + name + "', but got " +
          (array ? (typeName(array->type) + " " + shapeText(array->shape)).str()
                 : std::string("none")));
    std::vector<float> values = array->floats().vec();
    for (float value : values)
      if (!std::isfinite(value))
        return fail("array '" + name + "': expected finite values");
    return std::move(values);
  }

  Expected<DomainStatistics> readDomain(const json::Value &entry,
                                        size_t index) {
    const json::Object *object = entry.getAsObject();
    auto name = object ? object->getString("name") : std::nullopt;
    auto weight = object ? object->getNumber("weight") : std::nullopt;
    auto text = object ? object->getString("sensitivities") : std::nullopt;
    const json::Object *gramOf =
        object ? object->getObject("gram_of") : nullptr;
    if (!name || !weight || !(*weight > 0) || !text || !gramOf)
      return fail("its description of domain " + Twine(index) +
                  " is not complete");
    DomainStatistics domain;
    domain.name = name->str();
    domain.weight = *weight;
    auto sensitivities = sensitivitiesFromJson(*text, path);
    if (!sensitivities)
      return sensitivities.takeError();
    domain.sensitivities = std::move(*sensitivities);
    for (auto [at, measured] : enumerate(domain.sensitivities.weights)) {
      std::string array = formatv("fisher_{0}_{1}", index, at);
      if (!findTensor(arrays, array))
        continue;
      auto values = readFloats(array, measured.rows, measured.cols);
      if (!values)
        return values.takeError();
      measured.fisher = std::move(*values);
    }
    for (const auto &[name, value] : *gramOf) {
      auto gram = value.getAsInteger();
      if (!gram || *gram < 0 || *gram >= int64_t(arrays.size()))
        return fail("its description of domain " + Twine(index) +
                    " is damaged");
      domain.inputs.gramOf[StringRef(name).str()] = size_t(*gram);
      domain.inputs.grams.resize(
          std::max(domain.inputs.grams.size(), size_t(*gram) + 1));
    }
    for (auto [at, gram] : enumerate(domain.inputs.grams)) {
      auto values = readFloats(formatv("gram_{0}_{1}", index, at), 0, 0);
      if (!values)
        return values.takeError();
      gram = std::move(*values);
    }
    return std::move(domain);
  }

  StringRef path;
  const NamedTensors &arrays;
};
} // namespace

Expected<std::vector<DomainStatistics>> readStatistics(StringRef path) {
  auto arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  return StatisticsReader(path, *arrays).read();
}

Expected<std::vector<DomainStatistics>>
chooseDomains(std::vector<DomainStatistics> domains,
              ArrayRef<std::string> entries) {
  if (entries.empty())
    return std::move(domains);
  std::vector<DomainStatistics> chosen;
  std::vector<std::string> known;
  for (const DomainStatistics &domain : domains)
    known.push_back(domain.name);
  for (const std::string &entry : entries) {
    // The whole of it may be a name: that of a file.
    StringRef name = entry;
    double weight = 1;
    auto isKnown = [&] { return is_contained(known, name); };
    if (!isKnown()) {
      StringRef number;
      std::tie(name, number) = StringRef(entry).split('=').first.rsplit(':');
      if (!isKnown())
        return createStringError(
            "expected one of the domains " + join(known, ", ") +
            ", as NAME or NAME:WEIGHT, but got '" + entry + "'");
      if (number.getAsDouble(weight) || !std::isfinite(weight) || weight <= 0)
        return createStringError("expected a weight above 0, but got '" +
                                 entry + "'");
    }
    if (any_of(chosen, [&](const DomainStatistics &other) {
          return other.name == name;
        }))
      return createStringError("expected each name once, but got '" + name +
                               "' twice");
    DomainStatistics &domain = domains[find(known, name.str()) - known.begin()];
    domain.weight = weight;
    chosen.push_back(std::move(domain));
  }
  return std::move(chosen);
}

} // namespace mixbit
