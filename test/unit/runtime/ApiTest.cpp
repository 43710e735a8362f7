//===- ApiTest.cpp - Contexts, bindings, errors -----------------*- C++ -*-===//
#include "TestLibrary.h"

#include "runtime/Api.h"
#include "runtime/CpuFeatures.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

const mixbit_api *getApi() { return mixbit_get_api(MIXBIT_ABI_VERSION); }

template <typename T>
mixbit_tensor tensor(T *data, mixbit_type type, std::vector<int64_t> shape,
                     const int64_t *strides = nullptr) {
  mixbit_tensor result = {};
  result.data = const_cast<std::remove_const_t<T> *>(data);
  result.type = type;
  result.rank = int32_t(shape.size());
  std::copy(shape.begin(), shape.end(), result.shape);
  result.strides = strides;
  return result;
}

/// A context of entry "main" with its three inputs of some size.
struct Context {
  explicit Context(int threads = 1, int64_t batch = 3, int64_t sequence = 5,
                   int entry = 0)
      : batch(batch), sequence(sequence), ids(batch * sequence),
        scale(batch, 2.0f), keep(sequence, 1) {
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = int64_t(i * 7 % (2 * tableSize)) - tableSize;
    EXPECT_EQ(getApi()->context_create(getApi(), entry, threads, &context),
              MIXBIT_OK);
  }
  ~Context() { getApi()->context_destroy(context); }

  void bind() {
    mixbit_tensor t = tensor(ids.data(), MIXBIT_I64, {batch, sequence});
    EXPECT_EQ(bind(0, t), "");
    EXPECT_EQ(bind(1, tensor(scale.data(), MIXBIT_F32, {batch})), "");
    EXPECT_EQ(bind(2, tensor(keep.data(), MIXBIT_BOOL, {sequence})), "");
  }
  /// The error message, empty if there was none.
  std::string bind(int index, const mixbit_tensor &t) {
    return message(getApi()->bind_input(context, index, &t));
  }
  std::string message(mixbit_status result) {
    status = result;
    std::string text = getApi()->last_error(context);
    EXPECT_EQ(result == MIXBIT_OK, text.empty());
    return text;
  }
  std::string run() { return message(getApi()->run(context)); }
  std::vector<float> expectedSums() const {
    std::vector<float> sums(batch);
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t s = 0; s < sequence; ++s) {
        int64_t id = ids[b * sequence + s];
        if (keep[s])
          sums[b] += tableValue(id < 0 ? id + tableSize : id);
      }
      sums[b] *= scale[b];
    }
    return sums;
  }
  std::vector<float> sums() {
    mixbit_tensor t;
    EXPECT_EQ(message(getApi()->get_output(context, 0, &t)), "");
    EXPECT_EQ(t.rank, 1);
    EXPECT_EQ(t.type, MIXBIT_F32);
    const float *data = static_cast<const float *>(t.data);
    return std::vector<float>(data, data + t.shape[0]);
  }

  int64_t batch, sequence;
  std::vector<int64_t> ids;
  std::vector<float> scale;
  std::vector<uint8_t> keep;
  mixbit_context *context = nullptr;
  mixbit_status status = MIXBIT_OK;
};

} // namespace

TEST(Api, OnlyItsOwnVersion) {
  EXPECT_NE(getApi(), nullptr);
  EXPECT_EQ(mixbit_get_api(MIXBIT_ABI_VERSION + 1), nullptr);
  EXPECT_EQ(mixbit_get_api(0), nullptr);
}

TEST(Api, DescribesTheLibrary) {
  const mixbit_api *api = getApi();
  EXPECT_EQ(api->num_entries(api), 3);
  EXPECT_STREQ(api->entry_name(api, 1), "pooled");
  EXPECT_EQ(api->entry_name(api, 3), nullptr);
  EXPECT_EQ(api->entry_name(api, -1), nullptr);
  EXPECT_EQ(api->num_inputs(api, 0), 3);
  EXPECT_EQ(api->num_outputs(api, 0), 2);
  EXPECT_EQ(api->num_outputs(api, 9), 0);
  EXPECT_STREQ(api->input(api, 0, 1)->name, "scale");
  EXPECT_EQ(api->input(api, 0, 3), nullptr);
  EXPECT_EQ(api->output(api, 0, -1), nullptr);
  EXPECT_EQ(api->num_symbols(api, 0), 2);
  EXPECT_STREQ(api->entry_symbol(api, 0, 1), "sequence");
  EXPECT_EQ(api->entry_symbol(api, 0, 2), nullptr);
  EXPECT_STREQ(api->metadata(api), "{\"layers\": []}");
}

TEST(Api, RunsTheSameAtAnyShapeAndThreadCount) {
  for (int threads : {0, 1, 2, 5}) {
    Context c(threads);
    for (int64_t batch : {3, 1, 16, 2})
      for (int64_t sequence : {5, 1, 200}) {
        Context shape(1, batch, sequence);
        c.batch = batch;
        c.sequence = sequence;
        c.ids = shape.ids;
        c.scale = shape.scale;
        c.keep = shape.keep;
        c.keep[0] = 0;
        c.bind();
        ASSERT_EQ(c.run(), "");
        EXPECT_EQ(c.sums(), c.expectedSums());
        EXPECT_GE(getApi()->arena_bytes(c.context), batch * sequence * 4);
        mixbit_tensor echo;
        ASSERT_EQ(getApi()->get_output(c.context, 1, &echo), MIXBIT_OK);
        ASSERT_EQ(echo.rank, 2);
        EXPECT_EQ(echo.shape[1], sequence);
        EXPECT_EQ(static_cast<int64_t *>(echo.data)[batch * sequence - 1],
                  c.ids.back() + 1);
      }
  }
}

TEST(Api, ContextsOfManyThreadsAreIndependent) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      Context c(2, 2 + t, 10);
      c.bind();
      for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(c.run(), "");
        ASSERT_EQ(c.sums(), c.expectedSums());
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Api, CopiesWhatKernelsCannotTake) {
  Context c;
  c.bind();
  // Column-major ids, every second scale in reverse, keep not 0 and 1.
  std::vector<int64_t> transposed(15);
  for (int b = 0; b < 3; ++b)
    for (int s = 0; s < 5; ++s)
      transposed[s * 3 + b] = c.ids[b * 5 + s];
  int64_t idStrides[] = {1, 3}, scaleStrides[] = {-2};
  float scales[] = {3, 0, 2, 0, 1};
  c.scale = {1, 2, 3};
  c.keep = {255, 0, 2, 1, 0};
  EXPECT_EQ(c.bind(0, tensor(transposed.data(), MIXBIT_I64, {3, 5}, idStrides)),
            "");
  EXPECT_EQ(c.bind(1, tensor(scales + 4, MIXBIT_F32, {3}, scaleStrides)), "");
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(c.sums(), c.expectedSums());
  // Not aligned.
  std::vector<char> bytes(c.ids.size() * 8 + 1);
  std::memcpy(bytes.data() + 1, c.ids.data(), c.ids.size() * 8);
  EXPECT_EQ(c.bind(0, tensor(bytes.data() + 1, MIXBIT_I64, {3, 5})), "");
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(c.sums(), c.expectedSums());
  // Strides of extents of 1 mean nothing; a stride of 0 repeats.
  int64_t repeat[] = {0, 1};
  EXPECT_EQ(c.bind(0, tensor(c.ids.data(), MIXBIT_I64, {3, 5}, repeat)), "");
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(c.sums()[0] / 1, c.sums()[2] / 3);
}

TEST(Api, RejectsWhatDoesNotFit) {
  Context c;
  int64_t *ids = c.ids.data();
  EXPECT_EQ(c.run(), "input 'ids': expected a tensor of shape "
                     "[batch, sequence], but none is bound");
  EXPECT_EQ(c.status, MIXBIT_INVALID_ARGUMENT);
  EXPECT_EQ(c.message(getApi()->bind_input(c.context, 0, nullptr)),
            "input 'ids': expected a tensor, but got a null pointer");
  EXPECT_EQ(c.bind(3, tensor(ids, MIXBIT_I64, {3, 5})),
            "expected an input index below 3, but got 3");
  EXPECT_EQ(c.bind(0, tensor(ids, MIXBIT_F32, {3, 5})),
            "input 'ids': expected type int64, but got float32");
  EXPECT_EQ(c.bind(0, tensor(ids, mixbit_type(77), {3, 5})),
            "input 'ids': expected type int64, but got an unknown type");
  EXPECT_EQ(c.bind(0, tensor(ids, MIXBIT_I64, {15})),
            "input 'ids': expected shape [batch, sequence], but got [15]");
  EXPECT_EQ(c.bind(0, tensor(ids, MIXBIT_I64, {3, -5})),
            "input 'ids': expected shape [batch, sequence], but got [3, -5]");
  EXPECT_EQ(c.bind(0, tensor((int64_t *)nullptr, MIXBIT_I64, {3, 5})),
            "input 'ids': expected data, but got a null pointer");
  mixbit_tensor wide = tensor(ids, MIXBIT_I64, {3, 5});
  wide.rank = 100;
  EXPECT_EQ(c.bind(0, wide), "input 'ids': expected a rank up to 8, but got "
                             "100");
  EXPECT_EQ(c.bind(0, tensor(ids, MIXBIT_I64, {INT64_MAX, INT64_MAX})),
            "input 'ids': expected a tensor that fits into memory, but got "
            "shape [9223372036854775807, 9223372036854775807]");
  // A failed binding leaves the one before.
  c.bind();
  EXPECT_NE(c.bind(0, tensor(ids, MIXBIT_I64, {15})), "");
  EXPECT_EQ(c.run(), "");
}

TEST(Api, NamesInputsThatDisagree) {
  Context c;
  c.bind();
  EXPECT_EQ(c.bind(2, tensor(c.keep.data(), MIXBIT_BOOL, {4})), "");
  EXPECT_EQ(c.run(), "inputs 'ids' and 'keep': expected the same extent of "
                     "dimension 'sequence', but got 5 and 4");
  EXPECT_EQ(c.status, MIXBIT_INVALID_ARGUMENT);
  mixbit_tensor t;
  EXPECT_NE(c.message(getApi()->get_output(c.context, 0, &t)), "");
}

TEST(Api, HugeExtentsAreAnError) {
  Context c;
  c.bind();
  int64_t none[] = {0, 0};
  int64_t huge = int64_t(1) << 28;
  EXPECT_EQ(c.bind(1, tensor(c.scale.data(), MIXBIT_F32, {huge}, none)), "");
  EXPECT_EQ(c.bind(0, tensor(c.ids.data(), MIXBIT_I64, {huge, 16384}, none)),
            "");
  EXPECT_EQ(c.bind(2, tensor(c.keep.data(), MIXBIT_BOOL, {16384}, none)), "");
  EXPECT_EQ(c.run(), "dimension 'sequence': expected extents that can be "
                     "computed with, but got 16384");
}

TEST(Api, AnEmptyBatchIsEmpty) {
  Context c;
  c.bind();
  EXPECT_EQ(c.bind(0, tensor((int64_t *)nullptr, MIXBIT_I64, {0, 5})), "");
  EXPECT_EQ(c.bind(1, tensor((float *)nullptr, MIXBIT_F32, {0})), "");
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(c.sums().size(), 0u);
  // But rows without elements have no first one.
  c.bind();
  EXPECT_EQ(c.bind(0, tensor((int64_t *)nullptr, MIXBIT_I64, {3, 0})), "");
  EXPECT_EQ(c.bind(2, tensor((uint8_t *)nullptr, MIXBIT_BOOL, {0})), "");
  EXPECT_EQ(c.run(), "dimension 'sequence': expected an extent of at least 1, "
                     "but got 0");
}

TEST(Api, BadIdsNameTheNodeAndRange) {
  for (int threads : {1, 3}) {
    Context c(threads);
    c.bind();
    c.ids[7] = 40000;
    EXPECT_EQ(c.run(), "node /embed/Gather: index 40000 is outside of -10..9");
    EXPECT_EQ(c.status, MIXBIT_BAD_DATA);
    c.ids[7] = -10;
    EXPECT_EQ(c.run(), "");
    EXPECT_EQ(c.sums(), c.expectedSums());
  }
}

TEST(Api, OutputsGoWhereTheyAreBound) {
  Context c;
  c.bind();
  const mixbit_api *api = getApi();
  std::vector<float> sums(4, -1.0f);
  mixbit_tensor t = tensor(sums.data(), MIXBIT_F32, {4});
  EXPECT_EQ(c.message(api->bind_output(c.context, 0, &t)), "");
  EXPECT_EQ(c.run(), "output 'sums': expected shape [3], but got [4]");
  t.shape[0] = 3;
  EXPECT_EQ(c.message(api->bind_output(c.context, 0, &t)), "");
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(std::vector<float>(sums.begin(), sums.begin() + 3),
            c.expectedSums());
  EXPECT_EQ(sums[3], -1.0f);

  EXPECT_EQ(c.message(api->bind_output(c.context, 2, &t)),
            "expected an output index below 2, but got 2");
  int64_t strides[] = {2};
  t.strides = strides;
  EXPECT_EQ(c.message(api->bind_output(c.context, 0, &t)),
            "output 'sums': expected contiguous memory, but got strides [2]");
  t.strides = nullptr;
  t.type = MIXBIT_I64;
  EXPECT_EQ(c.message(api->bind_output(c.context, 0, &t)),
            "output 'sums': expected type float32, but got int64");
  t.type = MIXBIT_F32;
  t.data = reinterpret_cast<char *>(sums.data()) + 1;
  EXPECT_NE(c.message(api->bind_output(c.context, 0, &t)).find("aligned to 4"),
            std::string::npos);
}

TEST(Api, GetOutputNeedsARun) {
  Context c;
  mixbit_tensor t;
  EXPECT_EQ(c.message(getApi()->get_output(c.context, 0, &t)),
            "output 'sums': expected a successful run first, but there was "
            "none");
  EXPECT_EQ(c.message(getApi()->get_output(c.context, 5, &t)),
            "expected an output index below 2, but got 5");
  EXPECT_EQ(c.message(getApi()->get_output(c.context, 0, nullptr)),
            "expected a tensor to fill, but got a null pointer");
}

TEST(Api, ProfilesEveryLaunch) {
  Context c;
  c.bind();
  std::vector<std::string> calls;
  getApi()->set_profiler(
      c.context,
      [](void *user, const mixbit_kernel_event *event) {
        EXPECT_GE(event->nanoseconds, 0);
        static_cast<std::vector<std::string> *>(user)->push_back(
            std::string(event->kernel) + " " + event->node + " " +
            std::to_string(event->bytes) + " " +
            std::to_string(event->float_products) + " " +
            std::to_string(event->integer_products));
      },
      &calls);
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(calls,
            (std::vector<std::string>{"lookup /embed/Gather 15 0 0",
                                      "sum /Sum 3 5 0", "echo /Add 0 0 8"}));
  getApi()->set_profiler(c.context, nullptr, nullptr);
  EXPECT_EQ(c.run(), "");
  EXPECT_EQ(calls.size(), 3u);
}

TEST(Api, LeavesOutWhatAMaskHides) {
  for (int64_t kept : {1, 3, 5}) {
    Context c(1, 3, 5, /*entry=*/2);
    for (int64_t s = 0; s < 5; ++s)
      c.keep[s] = s < kept && s != 1; // a hole is no padding
    c.keep[kept - 1] = 1;
    c.bind();
    std::vector<int64_t> echo(15, -1);
    mixbit_tensor bound = tensor(echo.data(), MIXBIT_I64, {3, 5});
    ASSERT_EQ(getApi()->bind_output(c.context, 1, &bound), MIXBIT_OK);
    ASSERT_EQ(c.run(), "");
    EXPECT_EQ(c.sums(), c.expectedSums());
    EXPECT_LT(getApi()->arena_bytes(c.context), 3 * kept * 4 + 64);
    // What is left out is zero.
    for (int64_t i = 0; i < 15; ++i)
      EXPECT_EQ(echo[i], i % 5 < kept ? c.ids[i] + 1 : 0);
    mixbit_tensor shape;
    ASSERT_EQ(getApi()->get_output(c.context, 1, &shape), MIXBIT_OK);
    EXPECT_EQ(shape.shape[1], 5);
    EXPECT_EQ(shape.data, echo.data());
  }
}

TEST(Api, KeepsAllWhereAMaskHidesAll) {
  Context c(1, 3, 5, /*entry=*/2);
  c.keep.assign(5, 0);
  c.bind();
  ASSERT_EQ(c.run(), "");
  mixbit_tensor echo;
  ASSERT_EQ(getApi()->get_output(c.context, 1, &echo), MIXBIT_OK);
  EXPECT_EQ(static_cast<int64_t *>(echo.data)[4], c.ids[4] + 1);
}

TEST(Api, ChoosesAVariantThatTheCpuRuns) {
  const mixbit_api *api = getApi();
  {
    Context c;
    EXPECT_STREQ(api->context_target(c.context), "generic");
  }
  mixbit_context *context = nullptr;
  for (const char *name : {"impossible", "nonsense"}) {
    setenv("MIXBIT_TARGET", name, 1);
    EXPECT_EQ(api->context_create(api, 0, 1, &context), MIXBIT_UNSUPPORTED);
    EXPECT_EQ(context, nullptr);
    EXPECT_NE(std::string(api->last_error(nullptr)).find(name),
              std::string::npos);
  }
  setenv("MIXBIT_TARGET", "generic", 1);
  EXPECT_EQ(api->context_create(api, 0, 1, &context), MIXBIT_OK);
  api->context_destroy(context);
  unsetenv("MIXBIT_TARGET");
}

TEST(Api, RejectsBadContexts) {
  const mixbit_api *api = getApi();
  mixbit_context *context = nullptr;
  EXPECT_EQ(api->context_create(api, 3, 1, &context), MIXBIT_INVALID_ARGUMENT);
  EXPECT_STREQ(api->last_error(nullptr),
               "expected an entry index below 3, but got 3");
  EXPECT_EQ(api->context_create(api, 0, -1, &context), MIXBIT_INVALID_ARGUMENT);
  EXPECT_EQ(api->context_create(api, 0, 1, nullptr), MIXBIT_INVALID_ARGUMENT);
  EXPECT_EQ(api->run(nullptr), MIXBIT_INVALID_ARGUMENT);
  api->context_destroy(nullptr);
}

TEST(Api, RejectsALibraryOfNoUsableVariant) {
  mxb_library library = mixbit_library;
  library.num_variants = 1;
  mixbit_api api = mixbit::runtime::makeApi(library);
  mixbit_context *context = nullptr;
  EXPECT_EQ(api.context_create(&api, 0, 1, &context), MIXBIT_UNSUPPORTED);
  EXPECT_STREQ(api.last_error(nullptr),
               "expected a CPU that runs one of the library's targets "
               "(impossible), but got one that runs none");
}

TEST(CpuFeatures, AreConsistent) {
  uint64_t features = mixbit::runtime::detectCpuFeatures();
  if (features & (MXB_AVX512_VNNI | MXB_AVX512_VBMI | MXB_AVX512_VPOPCNTDQ |
                  MXB_AVX512_BF16 | MXB_AMX_INT8 | MXB_AMX_BF16)) {
    EXPECT_TRUE(features & MXB_AVX512);
  }
  if (features & (MXB_AVX512 | MXB_AVX_VNNI)) {
    EXPECT_TRUE(features & MXB_AVX2_FMA);
  }
#if defined(__x86_64__)
  EXPECT_EQ((features & MXB_AVX2_FMA) != 0, __builtin_cpu_supports("avx2") &&
                                                __builtin_cpu_supports("fma") &&
                                                __builtin_cpu_supports("bmi2"));
  EXPECT_EQ((features & MXB_AVX512_VNNI) != 0,
            __builtin_cpu_supports("avx512vnni") &&
                __builtin_cpu_supports("avx512bw"));
#endif
}
