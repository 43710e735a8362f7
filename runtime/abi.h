//===- abi.h - Between generated code and the runtime -----------*- C++ -*-===//
//
// What passes/codegen emits into every library and the runtime reads. Both
// sides are in one file of the library, so only MIXBIT_ABI_VERSION guards it.
//
// A launch's arguments are 64-bit words:
//   word 0   address of the mxb_error of the context
//   then, for each buffer of the kernel in order: its address, its dynamic
//   sizes, its dynamic strides (of the kernel's memref type, in the order of
//   the dimensions; a dynamic offset is folded into the address).
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_ABI_H
#define MIXBIT_RUNTIME_ABI_H

#include "mixbit/runtime.h"

extern "C" {

/// Set by a kernel that meets bad data. `kind` 0 means none; the first one
/// written stays visible until the run ends.
struct mxb_error {
  int64_t kind; ///< 1: index `value` outside of -limit..limit-1
  int64_t value;
  int64_t limit;
};

/// Size of a launch's iteration space, and the scratch that each thread needs.
struct mxb_extent {
  int64_t size;
  int64_t scratch_bytes;
};

/// Runs iterations [begin, end). `scratch` is 64-byte aligned.
using mxb_kernel_body = void (*)(const int64_t *args, int64_t begin,
                                 int64_t end, void *scratch);
using mxb_kernel_extent = mxb_extent (*)(const int64_t *args);

struct mxb_kernel {
  mxb_kernel_body body;
  mxb_kernel_extent extent;
};

/// All kernels for one target. Variants stand in order of preference; the
/// first whose features this CPU has is used.
struct mxb_variant {
  const char *target;
  uint64_t features; ///< bits of mxb_feature
  const mxb_kernel *kernels;
};

/// CPU features that variants ask for. Baselines (SSE2, NEON) need no bit.
enum mxb_feature : uint64_t {
  MXB_AVX2_FMA = 1ull << 0, ///< x86-64-v3: avx2, fma, f16c, bmi2
  MXB_AVX512 = 1ull << 1,   ///< x86-64-v4: avx512 f, bw, dq, vl, cd
  MXB_AVX512_VNNI = 1ull << 2,
  MXB_AVX_VNNI = 1ull << 3,
  MXB_AMX_INT8 = 1ull << 4,
  MXB_AVX512_VBMI = 1ull << 5,
  MXB_AVX512_VPOPCNTDQ = 1ull << 6,
  MXB_AVX512_BF16 = 1ull << 7,
  MXB_AMX_BF16 = 1ull << 8,
  MXB_NEON_DOTPROD = 1ull << 32,
  MXB_NEON_I8MM = 1ull << 33
};

struct mxb_entry {
  const char *name;
  int32_t num_symbols;
  const char *const *symbols;
  int32_t num_inputs;
  const mixbit_port *inputs;
  int32_t num_outputs;
  const mixbit_port *outputs;
  /// Arena buffers: first and last launch that uses each.
  int32_t num_buffers;
  const int32_t *live; ///< 2 a buffer
  int32_t num_launches;
  const int32_t *launch_kernels;   ///< kernel of each launch
  const char *const *launch_nodes; ///< ONNX node of each launch
  /// Shapes of all outputs, one after the other, and bytes of each buffer.
  void (*shapes)(const int64_t *symbols, int64_t *output_dims,
                 int64_t *buffer_bytes);
  /// Launches everything through mxb_launch. `ports` are the inputs' and the
  /// outputs' addresses, `buffers` those of the arena's buffers. Returns 0,
  /// what mxb_launch returned when it was not 0, or, without any launch, -1:
  /// the symbols break what the graph requires of them.
  int32_t (*run)(void *context, const int64_t *symbols, void *const *ports,
                 void *const *buffers);
  /// Three words a launch: bytes that it reads and writes at least, products of
  /// floats, products of integers. May be null.
  void (*costs)(const int64_t *symbols, int64_t *words);
  /// Runs leave out the last positions of symbol `trim_symbol` where input
  /// `trim_mask`, whose last dimension it is, is zero in every row. Both are
  /// counted from 1; 0: nothing is left out.
  int32_t trim_mask;
  int32_t trim_symbol;
};

struct mxb_library {
  uint32_t abi_version;
  int32_t num_entries;
  const mxb_entry *entries;
  int32_t num_variants;
  const mxb_variant *variants;
  int32_t num_kernels;
  const char *const *kernel_names;
  const char *metadata; ///< JSON
};

/// Defined by the generated code, read by the runtime.
extern const mxb_library mixbit_library;

/// Called by generated run functions. Sets args[0] and runs the kernel of
/// launch `launch` on the context's threads. Nonzero stops the run.
int32_t mxb_launch(void *context, int32_t launch, int64_t *args);
}

#endif // MIXBIT_RUNTIME_ABI_H
