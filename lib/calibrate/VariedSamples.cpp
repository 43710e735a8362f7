//===- VariedSamples.cpp - More samples from few --------------------------===//
#include "lib/calibrate/VariedSamples.h"

#include "dialects/mixbit/Mixbit.h"
#include "lib/support/MixBits.h"

#include <map>

using namespace mlir;

namespace mixbit {

/// Rows of the table that all readers look the argument up in; 0 if others read
/// it too.
static int64_t tableRows(BlockArgument argument) {
  int64_t rows = 0;
  for (Operation *user : argument.getUsers()) {
    if (isa<CastOp>(user) && user->getResult(0).hasOneUse())
      user = *user->getResult(0).user_begin();
    auto embedding = dyn_cast<EmbeddingOp>(user);
    if (!embedding)
      return 0;
    int64_t own =
        cast<RankedTensorType>(embedding.getTable().getType()).getDimSize(0);
    rows = rows ? std::min(rows, own) : own;
  }
  return rows;
}

std::vector<VariedInput>
findVariedInputs(func::FuncOp func, ArrayRef<Tensor> inputs, int64_t samples) {
  constexpr int64_t kLargeTable = 256;
  std::vector<VariedInput> result;
  for (BlockArgument argument : func.getArguments()) {
    int64_t rows = tableRows(argument);
    if (rows < kLargeTable)
      continue;
    const Tensor &ids = inputs[argument.getArgNumber()];
    int64_t each = ids.numElements() / samples;
    std::map<int64_t, int64_t> seenIn;
    for (int64_t sample = 0; sample != samples; ++sample) {
      std::set<int64_t> own;
      for (int64_t i = 0; i != each; ++i)
        own.insert(ids.integerAt(sample * each + i));
      for (int64_t id : own)
        ++seenIn[id];
    }
    VariedInput varied{argument.getArgNumber(), rows, {}};
    for (auto [id, count] : seenIn)
      if (count * 4 >= samples)
        varied.kept.insert(id);
    if (varied.kept.size() < seenIn.size())
      result.push_back(std::move(varied));
  }
  return result;
}

void varyInputs(MutableArrayRef<Tensor> inputs, ArrayRef<VariedInput> varied,
                ArrayRef<uint64_t> streams, double most) {
  auto unit = [](uint64_t bits) { return double(bits >> 11) * 0x1p-53; };
  for (const VariedInput &input : varied) {
    Tensor &ids = inputs[input.argument];
    int64_t each = ids.numElements() / ids.shape[0];
    for (auto [sample, stream] : llvm::enumerate(streams))
      for (int64_t i = 0; i != each; ++i) {
        uint64_t bits = mixBits(stream + 1 + i);
        int64_t at = sample * each + i;
        if (unit(bits) < unit(stream) * most &&
            !input.kept.count(ids.integerAt(at)))
          ids.setInteger(at, mixBits(bits) % input.rows);
      }
  }
}

} // namespace mixbit
