//===- Sensitivity.cpp - The file of sensitivities ------------------------===//
#include "lib/sensitivity/Sensitivity.h"

#include "lib/support/FileOutput.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace llvm;

namespace mixbit {

const WeightSensitivity *Sensitivities::find(StringRef name) const {
  for (const WeightSensitivity &weight : weights)
    if (weight.name == name)
      return &weight;
  return nullptr;
}

std::string toJson(const Sensitivities &sensitivities) {
  json::Array weights;
  for (const WeightSensitivity &weight : sensitivities.weights) {
    json::Object values;
    for (const auto &[measure, numbers] : weight.values)
      values[measure] = json::Array(numbers);
    weights.push_back(json::Object{{"name", json::fixUTF8(weight.name)},
                                   {"rows", weight.rows},
                                   {"cols", weight.cols},
                                   {"row_group", weight.rowGroup},
                                   {"values", std::move(values)}});
  }
  json::Value file = json::Object{{"version", 1},
                                  {"loss", sensitivities.loss},
                                  {"samples", sensitivities.samples},
                                  {"weights", std::move(weights)}};
  return formatv("{0:2}\n", file).str();
}

namespace {
/// Reads fields of objects and keeps the first error.
class Reader {
public:
  explicit Reader(StringRef what) : what(what) {}

  Expected<Sensitivities> read(StringRef text) {
    Expected<json::Value> parsed = json::parse(text);
    if (!parsed)
      return fail("expected JSON, but " + toString(parsed.takeError()));
    const json::Object *file = parsed->getAsObject();
    const json::Array *weights = file ? file->getArray("weights") : nullptr;
    if (!weights)
      return fail("expected an object with an array 'weights' (as mixbit "
                  "sensitivity writes), but got " +
                  kindOf(*parsed));
    std::optional<int64_t> version = file->getInteger("version");
    if (version != 1)
      return fail("expected version 1, but got " +
                  (version ? std::to_string(*version) : "none"));
    Sensitivities result;
    result.loss = file->getString("loss").value_or("").str();
    result.samples = file->getInteger("samples").value_or(0);
    StringSet<> names;
    for (const json::Value &entry : *weights) {
      Expected<WeightSensitivity> weight = readWeight(entry);
      if (!weight)
        return weight.takeError();
      if (!names.insert(weight->name).second)
        return fail("expected one entry a weight, but '" + weight->name +
                    "' has two");
      result.weights.push_back(std::move(*weight));
    }
    return result;
  }

private:
  Error fail(const Twine &reason) {
    return createStringError(what + ": " + reason);
  }

  static std::string kindOf(const json::Value &value) {
    switch (value.kind()) {
    case json::Value::Null:
      return "null";
    case json::Value::Boolean:
      return "a boolean";
    case json::Value::Number:
      return "a number";
    case json::Value::String:
      return "a string";
    case json::Value::Array:
      return "an array";
    case json::Value::Object:
      return "another object";
    }
    return "";
  }

  Expected<WeightSensitivity> readWeight(const json::Value &entry) {
    const json::Object *object = entry.getAsObject();
    std::optional<StringRef> name =
        object ? object->getString("name") : std::nullopt;
    if (!name)
      return fail("expected objects with a 'name' in 'weights', but got " +
                  kindOf(entry));
    WeightSensitivity weight;
    weight.name = name->str();
    std::string where = "weight '" + weight.name + "': ";
    for (auto [key, field, least] : {std::tuple("rows", &weight.rows, 1),
                                     {"cols", &weight.cols, 1},
                                     {"row_group", &weight.rowGroup, 0}}) {
      std::optional<int64_t> number = object->getInteger(key);
      if (!number || *number < least || *number > (int64_t(1) << 40))
        return fail(where + "expected '" + key + "' of " + Twine(least) +
                    " or more, but got " +
                    (number ? std::to_string(*number) : "none"));
      *field = *number;
    }
    const json::Object *values = object->getObject("values");
    if (!values)
      return fail(where + "expected an object 'values', but got none");
    for (const auto &[measure, numbers] : *values)
      if (Error error = readValues(where, StringRef(measure), numbers, weight))
        return error;
    return weight;
  }

  Error readValues(const std::string &where, StringRef measure,
                   const json::Value &numbers, WeightSensitivity &weight) {
    const json::Array *array = numbers.getAsArray();
    int64_t groups = weight.numGroups();
    if (!array || ((int64_t)array->size() != groups && array->size() != 1))
      return fail(where + "expected " + Twine(groups) + " values of '" +
                  measure + "', but got " +
                  (array ? std::to_string(array->size()) : kindOf(numbers)));
    bool maySink = measure.starts_with("loss") || measure == "trace";
    std::vector<double> &result = weight.values[measure.str()];
    for (const json::Value &value : *array) {
      std::optional<double> number = value.getAsNumber();
      if (!number || !std::isfinite(*number) || (*number < 0 && !maySink))
        return fail(where + "expected finite values of '" + measure +
                    "' that are not negative, but got " +
                    (number ? formatv("{0}", *number).str() : kindOf(value)));
      result.push_back(*number);
    }
    return Error::success();
  }

  StringRef what;
};
} // namespace

Expected<Sensitivities> sensitivitiesFromJson(StringRef text, StringRef what) {
  return Reader(what).read(text);
}

Error writeSensitivities(StringRef path, const Sensitivities &sensitivities) {
  auto file = FileOutput::create(path);
  if (!file)
    return file.takeError();
  (*file)->os() << toJson(sensitivities);
  return (*file)->keep();
}

Expected<Sensitivities> readSensitivities(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return createStringError(path + ": " + buffer.getError().message());
  return sensitivitiesFromJson((*buffer)->getBuffer(), path);
}

} // namespace mixbit
