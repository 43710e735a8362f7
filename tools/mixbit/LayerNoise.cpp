//===- LayerNoise.cpp - Two models compared layer by layer ----------------===//
#include "tools/mixbit/LayerNoise.h"

#include "lib/support/SignalNoise.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

namespace mixbit::tool {

namespace {
struct Pair {
  int32_t index, otherIndex;
  SignalNoise ratio = {};
};
} // namespace

static std::vector<Pair> findPairs(const Session &session, const Session &other,
                                   llvm::StringRef except) {
  std::vector<Pair> pairs;
  for (auto [index, port] : llvm::enumerate(session.outputs()))
    for (auto [otherIndex, otherPort] : llvm::enumerate(other.outputs()))
      if (llvm::StringRef(port->name) == otherPort->name &&
          port->name != except && !isIntegerType(port->type) &&
          !isIntegerType(otherPort->type))
        pairs.push_back({int32_t(index), int32_t(otherIndex)});
  return pairs;
}

llvm::Expected<std::vector<LayerNoise>> compareLayers(SampleRuns &runs,
                                                      SampleRuns &reference,
                                                      llvm::StringRef except,
                                                      Progress &progress) {
  std::vector<Pair> pairs =
      findPairs(runs.session(), reference.session(), except);
  if (pairs.empty())
    return llvm::createStringError(
        runs.session().path() + ": expected outputs of layers that " +
        reference.session().path() +
        " has too (mixbit compile --expose-layers), but there is none");
  int64_t batch = std::min(runs.batch(), reference.batch());
  for (int64_t begin = 0; begin < runs.count(); begin += batch) {
    int64_t wanted = std::min(batch, runs.count() - begin);
    if (auto error = runs.run(begin, wanted))
      return error;
    if (auto error = reference.run(begin, wanted))
      return error;
    for (Pair &pair : pairs) {
      auto values = runs.output(pair.index);
      if (!values)
        return values.takeError();
      auto expected = reference.output(pair.otherIndex);
      if (!expected)
        return expected.takeError();
      int64_t count = values->numElements() / values->shape[0] * wanted;
      if (count != expected->numElements() / expected->shape[0] * wanted)
        return llvm::createStringError(
            llvm::Twine("output '") +
            runs.session().outputs()[pair.index]->name + "': expected shape " +
            shapeText(expected->shape) + " as in " +
            reference.session().path() + ", but got " +
            shapeText(values->shape));
      for (int64_t i = 0; i < count; ++i)
        pair.ratio.add(expected->floatAt(i), values->floatAt(i));
    }
    progress.show("layers: " + llvm::Twine(begin + wanted) + " of " +
                  llvm::Twine(runs.count()) + " samples");
  }
  progress.clear();
  std::vector<LayerNoise> layers;
  for (const Pair &pair : pairs) {
    LayerNoise &layer = layers.emplace_back();
    layer.name = runs.session().outputs()[pair.index]->name;
    layer.snrDb = pair.ratio.decibels();
  }
  return layers;
}

} // namespace mixbit::tool
