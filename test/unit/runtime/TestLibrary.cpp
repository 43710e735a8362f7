//===- TestLibrary.cpp - A library written by hand --------------*- C++ -*-===//
#include "TestLibrary.h"

template <typename T>
static T *pointer(int64_t word) {
  return reinterpret_cast<T *>(word);
}

extern "C" {

// lookup: error, ids, table values out [batch * sequence], count
static mxb_extent lookupExtent(const int64_t *args) { return {args[3], 0}; }
static void lookup(const int64_t *args, int64_t begin, int64_t end, void *) {
  auto *error = pointer<mxb_error>(args[0]);
  for (int64_t i = begin; i < end; ++i) {
    int64_t id = pointer<const int64_t>(args[1])[i];
    if (id < -tableSize || id >= tableSize) {
      if (!error->kind)
        *error = {1, id, tableSize};
      id = 0;
    }
    pointer<float>(args[2])[i] = tableValue(id < 0 ? id + tableSize : id);
  }
}

// sum: error, values, scale, keep, sums, batch, sequence; copies a row to
// scratch first, to use it.
static mxb_extent sumExtent(const int64_t *args) {
  return {args[5], args[6] * int64_t(sizeof(float))};
}
static void sum(const int64_t *args, int64_t begin, int64_t end,
                void *scratch) {
  int64_t sequence = args[6];
  float *row = static_cast<float *>(scratch);
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t s = 0; s < sequence; ++s)
      row[s] = pointer<float>(args[1])[b * sequence + s];
    float total = 0;
    for (int64_t s = 0; s < sequence; ++s)
      total += row[s] * float(pointer<const uint8_t>(args[3])[s]);
    pointer<float>(args[4])[b] = total * pointer<const float>(args[2])[b];
  }
}

// echo: error, ids, echo, count
static mxb_extent echoExtent(const int64_t *args) { return {args[3], 0}; }
static void echo(const int64_t *args, int64_t begin, int64_t end, void *) {
  for (int64_t i = begin; i < end; ++i)
    pointer<int64_t>(args[2])[i] = pointer<const int64_t>(args[1])[i] + 1;
}

// first: error, ids, first, batch, sequence
static mxb_extent firstExtent(const int64_t *args) { return {args[3], 0}; }
static void first(const int64_t *args, int64_t begin, int64_t end, void *) {
  for (int64_t i = begin; i < end; ++i)
    pointer<int64_t>(args[2])[i] = pointer<const int64_t>(args[1])[i * args[4]];
}

static void mainShapes(const int64_t *symbols, int64_t *dims, int64_t *bytes) {
  dims[0] = symbols[0];
  dims[1] = symbols[0];
  dims[2] = symbols[1];
  bytes[0] = symbols[0] * symbols[1] * 4;
}
static void mainCosts(const int64_t *symbols, int64_t *words) {
  const int64_t costs[9] = {
      symbols[0] * symbols[1], 0, 0, symbols[0], symbols[1], 0, 0, 0,
      symbols[0] + symbols[1]};
  for (int i = 0; i < 9; ++i)
    words[i] = costs[i];
}
static int64_t word(void *p) { return reinterpret_cast<int64_t>(p); }
static int32_t mainRun(void *context, const int64_t *symbols,
                       void *const *ports, void *const *buffers) {
  int64_t batch = symbols[0], sequence = symbols[1];
  int64_t args0[] = {0, word(ports[0]), word(buffers[0]), batch * sequence};
  if (int32_t status = mxb_launch(context, 0, args0))
    return status;
  int64_t args1[] = {
      0,     word(buffers[0]), word(ports[1]), word(ports[2]), word(ports[3]),
      batch, sequence};
  if (int32_t status = mxb_launch(context, 1, args1))
    return status;
  int64_t args2[] = {0, word(ports[0]), word(ports[4]), batch * sequence};
  return mxb_launch(context, 2, args2);
}
static void pooledShapes(const int64_t *symbols, int64_t *dims, int64_t *) {
  dims[0] = symbols[0];
}
static int32_t pooledRun(void *context, const int64_t *symbols,
                         void *const *ports, void *const *) {
  int64_t args[] = {0, word(ports[0]), word(ports[1]), symbols[0], symbols[1]};
  return mxb_launch(context, 0, args);
}

static const char *const symbolNames[] = {"batch", "sequence"};
static const int64_t both[] = {-1, -2}, batchOnly[] = {-1},
                     sequenceOnly[] = {-2};
static const mixbit_port mainInputs[] = {
    {"ids", MIXBIT_I64, 2, both},
    {"scale", MIXBIT_F32, 1, batchOnly},
    {"keep", MIXBIT_BOOL, 1, sequenceOnly}};
static const mixbit_port mainOutputs[] = {{"sums", MIXBIT_F32, 1, batchOnly},
                                          {"echo", MIXBIT_I64, 2, both}};
static const mixbit_port pooledOutputs[] = {
    {"first", MIXBIT_I64, 1, batchOnly}};
static const int32_t mainLive[] = {0, 1};
static const int32_t mainKernels[] = {0, 1, 2}, pooledKernels[] = {3};
static const char *const mainNodes[] = {"/embed/Gather", "/Sum", "/Add"};
static const char *const pooledNodes[] = {"/First"};
static const mxb_entry entries[] = {
    {"main", 2, symbolNames, 3, mainInputs, 2, mainOutputs, 1, mainLive, 3,
     mainKernels, mainNodes, mainShapes, mainRun, mainCosts, 0, 0},
    {"pooled", 2, symbolNames, 1, mainInputs, 1, pooledOutputs, 0, nullptr, 1,
     pooledKernels, pooledNodes, pooledShapes, pooledRun, nullptr, 0, 0},
    // Positions that `keep` hides at the end are left out.
    {"trimmed", 2, symbolNames, 3, mainInputs, 2, mainOutputs, 1, mainLive, 3,
     mainKernels, mainNodes, mainShapes, mainRun, mainCosts, 3, 2}};
static const mxb_kernel kernels[] = {{lookup, lookupExtent},
                                     {sum, sumExtent},
                                     {echo, echoExtent},
                                     {first, firstExtent}};
static const char *const kernelNames[] = {"lookup", "sum", "echo", "first"};
static const mxb_variant variants[] = {{"impossible", 1ull << 63, kernels},
                                       {"generic", 0, kernels}};

const mxb_library mixbit_library = {
    MIXBIT_ABI_VERSION, 3, entries,     2,
    variants,           4, kernelNames, "{\"layers\": []}"};
}
