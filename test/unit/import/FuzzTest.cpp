//===- FuzzTest.cpp - Damaged ONNX files never crash the importer ---------===//
//
// Deterministic mutations of the small committed models: bytes flipped, cut,
// doubled, numbers replaced by extreme ones. Every import must end in a module
// or in a diagnostic. MIXBIT_FUZZ_SECONDS runs it longer than its few seconds.
//
//===----------------------------------------------------------------------===//
#include "lib/import/Import.h"

#include "gtest/gtest.h"

#include <chrono>
#include <cstdlib>
#include <random>

using namespace mlir;

namespace {
using Random = std::mt19937_64;

/// One of 0..limit-1, the same on every platform.
size_t below(Random &random, size_t limit) { return random() % limit; }

/// Damages `data` in one to four places. Weights are most of a file, and are
/// dull: short strings and numbers near tags are what parsing depends on, so
/// three of four places lie outside of long runs of payload.
void mutate(std::string &data, const std::vector<size_t> &interesting,
            Random &random) {
  size_t count = 1 + below(random, 4);
  for (size_t i = 0; i != count && !data.empty(); ++i) {
    size_t at = below(random, 4)
                    ? interesting[below(random, interesting.size())]
                    : below(random, data.size());
    at = std::min(at, data.size() - 1);
    size_t length = std::min<size_t>(1 + below(random, 8), data.size() - at);
    switch (below(random, 8)) {
    case 0:
      data[at] ^= char(1u << below(random, 8));
      break;
    case 1:
      data[at] = char(random());
      break;
    case 2:
      data.erase(at, length);
      break;
    case 3:
      data.insert(at, data.substr(at, length));
      break;
    case 4: {
      // A varint of a large number.
      static const char *const numbers[] = {
          "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
          "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"};
      data.replace(at, 1, numbers[below(random, 4)]);
      break;
    }
    case 5:
      data[at] = char(below(random, 4));
      break;
    case 6: {
      // Something from elsewhere in the file.
      size_t from = interesting[below(random, interesting.size())];
      from = std::min(from, data.size() - 1);
      data.replace(at, length, data.substr(from, length));
      break;
    }
    case 7:
      if (below(random, 8) == 0)
        data.resize(at);
      else
        data[at] = char(0x7f + below(random, 3));
      break;
    }
  }
}

/// Positions next to text: names, attributes and their lengths.
std::vector<size_t> findInteresting(const std::string &data) {
  std::vector<size_t> result;
  size_t run = 0;
  for (size_t i = 0; i != data.size(); ++i) {
    unsigned char c = data[i];
    run = isalnum(c) || c == '_' || c == '/' || c == '.' ? run + 1 : 0;
    if (run == 3)
      for (size_t k = i > 14 ? i - 14 : 0; k < std::min(i + 14, data.size());
           ++k)
        result.push_back(k);
  }
  if (result.empty())
    result.push_back(0);
  return result;
}

TEST(Fuzz, damagedFilesGiveAModuleOrADiagnostic) {
  double seconds = 4;
  if (const char *more = std::getenv("MIXBIT_FUZZ_SECONDS"))
    seconds = std::atof(more);
  std::vector<std::pair<std::string, std::string>> seeds;
  for (const char *name :
       {"convnet/model.onnx", "convnet/dynamo.onnx", "external/model.onnx",
        "shared/encoder-a.onnx", "sections-small/decomposed.onnx",
        "quantized/int4.onnx", "quantized/nbits.onnx", "quantized/dynamic.onnx",
        "quantized/qlinear.onnx", "quantized/tables.onnx"}) {
    std::string path = std::string(MIXBIT_TEST_MODELS "/") + name;
    auto buffer = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(buffer)) << path;
    // Large files would be copied more than they are parsed.
    if ((*buffer)->getBufferSize() < (1u << 20))
      seeds.emplace_back(path, (*buffer)->getBuffer().str());
  }
  std::vector<std::vector<size_t>> interesting;
  for (auto &[path, data] : seeds)
    interesting.push_back(findInteresting(data));

  auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  Random random(4);
  size_t accepted = 0, rejected = 0;
  for (size_t round = 0; round != 2000 || seconds > 4; ++round) {
    if (std::chrono::steady_clock::now() > end)
      break;
    // Contexts keep every name they have seen; a fresh one now and then.
    MLIRContext context(MLIRContext::Threading::DISABLED);
    for (size_t i = 0; i != 64; ++i) {
      size_t which = below(random, seeds.size());
      std::string data = seeds[which].second;
      mutate(data, interesting[which], random);
      size_t errors = 0;
      ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
        errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
        return success();
      });
      auto module =
          mixbit::importOnnx(std::shared_ptr<llvm::MemoryBuffer>(
                                 llvm::MemoryBuffer::getMemBufferCopy(data)),
                             seeds[which].first, &context);
      if (succeeded(module)) {
        EXPECT_EQ(errors, 0u);
        ++accepted;
      } else {
        EXPECT_GT(errors, 0u) << "rejected without a message";
        ++rejected;
      }
    }
  }
  RecordProperty("accepted", int(accepted));
  RecordProperty("rejected", int(rejected));
  // The mutations must neither always miss nor always hit.
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(rejected, 0u);
}
} // namespace
