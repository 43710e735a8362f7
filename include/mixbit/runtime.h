/*===- mixbit/runtime.h - The C ABI of a compiled library -------------------===
 *
 * A library made by `mixbit compile` carries its runtime and exports one
 * function, mixbit_get_api. Everything else is reached through the table that
 * it returns, so that any number of libraries can live in one process.
 *
 *   const mixbit_api *api = mixbit_get_api(MIXBIT_ABI_VERSION);
 *   mixbit_context *context;
 *   api->context_create(api, 0, 1, &context);
 *   api->bind_input(context, 0, &tensor);
 *   api->run(context);
 *   api->get_output(context, 0, &result);
 *   api->context_destroy(context);
 *
 * Threads: the api and its descriptions are immutable and may be used from any
 * thread. A context is used by one thread at a time; each has its own arena,
 * thread pool and last error.
 *
 * Errors: functions return a mixbit_status; the text of the last failure of a
 * context is last_error(context), valid until its next call. last_error(NULL)
 * says why the last context could not be created (by any thread).
 *
 * Shapes are in elements, strides in elements, sizes in bytes.
 *===----------------------------------------------------------------------===*/
#ifndef MIXBIT_RUNTIME_H
#define MIXBIT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Changes with every incompatible change of this header or of runtime/abi.h.
 */
#define MIXBIT_ABI_VERSION 2u

typedef enum mixbit_status {
  MIXBIT_OK = 0,
  MIXBIT_INVALID_ARGUMENT = 1, /**< wrong index, name, shape, type, null */
  MIXBIT_OUT_OF_MEMORY = 2,
  MIXBIT_BAD_DATA = 3,    /**< an input's values, such as an id out of range */
  MIXBIT_UNSUPPORTED = 4, /**< this CPU has none of the compiled variants */
  MIXBIT_BAD_LIBRARY = 5  /**< damaged, foreign, or of another ABI version */
} mixbit_status;

typedef enum mixbit_type {
  MIXBIT_F32 = 1,
  MIXBIT_F16 = 2,
  MIXBIT_BF16 = 3,
  MIXBIT_I64 = 4,
  MIXBIT_I32 = 5,
  MIXBIT_I8 = 6,
  MIXBIT_U8 = 7,
  MIXBIT_BOOL = 8 /**< a byte, 0 or 1 */
} mixbit_type;

#define MIXBIT_MAX_RANK 8

/** A tensor in the caller's memory. `strides` in elements (0 for the whole
 * array means row-major, contiguous), as DLPack's. */
typedef struct mixbit_tensor {
  void *data;
  mixbit_type type;
  int32_t rank;
  int64_t shape[MIXBIT_MAX_RANK];
  const int64_t *strides; /**< rank of them, or null: contiguous */
} mixbit_tensor;

/** An input or output of an entry. A dimension is its extent, or, if negative,
 * -1 - s for symbol s (see entry_symbol), or INT64_MIN for one computed from
 * several symbols. */
typedef struct mixbit_port {
  const char *name;
  mixbit_type type;
  int32_t rank;
  const int64_t *dims;
} mixbit_port;

typedef struct mixbit_context mixbit_context;

/** One kernel's run. The strings are the library's. */
typedef struct mixbit_kernel_event {
  const char *kernel;
  const char *node; /**< the ONNX node that it comes from */
  int64_t nanoseconds;
  int64_t bytes; /**< read and written at least: each argument once */
  /** Multiplications followed by an addition, of linear layers, attention and
   * convolutions; elementwise work does not count. */
  int64_t float_products;
  int64_t integer_products;
} mixbit_kernel_event;

/** Called after each kernel when profiling; the event is valid for the call. */
typedef void (*mixbit_profiler)(void *user, const mixbit_kernel_event *event);

typedef struct mixbit_api mixbit_api;
struct mixbit_api {
  uint32_t abi_version;
  /** The library's own, behind this table. */
  const void *library;

  int32_t (*num_entries)(const mixbit_api *);
  const char *(*entry_name)(const mixbit_api *, int32_t entry);
  int32_t (*num_inputs)(const mixbit_api *, int32_t entry);
  int32_t (*num_outputs)(const mixbit_api *, int32_t entry);
  /** Null if there is no such port. Owned by the library. */
  const mixbit_port *(*input)(const mixbit_api *, int32_t entry, int32_t index);
  const mixbit_port *(*output)(const mixbit_api *, int32_t entry,
                               int32_t index);
  int32_t (*num_symbols)(const mixbit_api *, int32_t entry);
  const char *(*entry_symbol)(const mixbit_api *, int32_t entry,
                              int32_t symbol);
  /** JSON: formats, layers, kernels, targets, sizes. Owned by the library. */
  const char *(*metadata)(const mixbit_api *);

  /** `threads` 0 means one a CPU this process may use. The name of the code
   * variant in use is context_target(context): the best that this CPU runs, or
   * the one that the environment variable MIXBIT_TARGET names. */
  mixbit_status (*context_create)(const mixbit_api *, int32_t entry,
                                  int32_t threads, mixbit_context **context);
  void (*context_destroy)(mixbit_context *);
  const char *(*context_target)(const mixbit_context *);
  const char *(*last_error)(const mixbit_context *);
  /** The data stays the caller's and must live until run returns; `tensor` and
   * its strides need not. Checks type, rank and static extents; symbols are
   * matched in run. What is not contiguous is copied there. An extent may be 0
   * if that makes every output empty. */
  mixbit_status (*bind_input)(mixbit_context *, int32_t index,
                              const mixbit_tensor *);
  /** Where to write an output; it must be contiguous and its shape the one that
   * run computes. Unbound outputs live in memory of the context. */
  mixbit_status (*bind_output)(mixbit_context *, int32_t index,
                               const mixbit_tensor *);
  mixbit_status (*run)(mixbit_context *);
  /** Shape and data of an output after run; valid until the next run. */
  mixbit_status (*get_output)(const mixbit_context *, int32_t index,
                              mixbit_tensor *);
  /** Null switches profiling off. */
  void (*set_profiler)(mixbit_context *, mixbit_profiler, void *user);
  /** Bytes of the arena at the last run's shapes. */
  int64_t (*arena_bytes)(const mixbit_context *);
};

/** The only exported function of a library. Null if `abi_version` is not the
 * library's own. */
const mixbit_api *mixbit_get_api(uint32_t abi_version);

#ifdef __cplusplus
}
#endif
#endif /* MIXBIT_RUNTIME_H */
