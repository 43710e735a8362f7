//===- Ports.h - Checking and describing tensors ----------------*- C++ -*-===//
//
// What the caller binds is checked here against what the library declares, so
// that kernels meet only contiguous, aligned data of the right type and shape.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_PORTS_H
#define MIXBIT_RUNTIME_PORTS_H

#include "runtime/Memory.h"
#include "runtime/Text.h"
#include "runtime/abi.h"

namespace mixbit::runtime {

/// A dimension that is computed from several symbols.
constexpr int64_t computedDim = INT64_MIN;

/// Symbols may not be larger, nor the product of all of an entry's: buffer
/// sizes, which are small polynomials of them, then cannot overflow unnoticed.
constexpr int64_t maxSymbol = int64_t(1) << 28;
constexpr int64_t maxSymbolProduct = int64_t(1) << 40;

/// Bytes of an element; 0 if there is no such type.
int64_t elementBytes(mixbit_type type);
const char *typeName(mixbit_type type);

/// A bound tensor. The caller's structure and strides need not outlive the
/// call that binds them, so they are copied.
struct Binding {
  bool isBound = false;
  mixbit_tensor tensor = {};
  int64_t strides[MIXBIT_MAX_RANK] = {};
  bool needsCopy = false; ///< not contiguous, not aligned, or not 0 and 1
  Block copy;             ///< then a contiguous one
  Block own;              ///< of an output that is not bound
};

/// Appends "[batch, 128]" with the names of the entry's symbols.
void appendDims(Text &text, const mxb_entry &entry, const mixbit_port &port);
/// Appends "[3, 128]".
void appendShape(Text &text, int32_t rank, const int64_t *shape);

/// Product of a shape times the bytes of an element; -1 if too large.
int64_t tensorBytes(const mixbit_tensor &tensor);

/// Checks `tensor` for this port as far as that is possible without symbols
/// and fills `binding`. `kind` is "input" or "output". On failure returns false
/// with a message in `error`, and `binding` is as before.
bool bindPort(const mxb_entry &entry, const mixbit_port &port, const char *kind,
              const mixbit_tensor *tensor, Binding &binding, Text &error);

/// Computes the symbols of a run from the bound inputs. False with a message
/// if an input is missing or two disagree.
bool resolveSymbols(const mxb_entry &entry, const Binding *inputs,
                    int64_t *symbols, Text &error);

/// Copies a bound input that needsCopy into its `copy`. False if there is not
/// enough memory.
bool makeContiguous(Binding &binding);

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_PORTS_H
