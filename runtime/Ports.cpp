//===- Ports.cpp - Checking and describing tensors --------------*- C++ -*-===//
#include "runtime/Ports.h"

#include <inttypes.h>
#include <string.h>

using namespace mixbit::runtime;

int64_t mixbit::runtime::elementBytes(mixbit_type type) {
  switch (type) {
  case MIXBIT_I64:
    return 8;
  case MIXBIT_F32:
  case MIXBIT_I32:
    return 4;
  case MIXBIT_F16:
  case MIXBIT_BF16:
    return 2;
  case MIXBIT_I8:
  case MIXBIT_U8:
  case MIXBIT_BOOL:
    return 1;
  }
  return 0;
}

const char *mixbit::runtime::typeName(mixbit_type type) {
  switch (type) {
  case MIXBIT_F32:
    return "float32";
  case MIXBIT_F16:
    return "float16";
  case MIXBIT_BF16:
    return "bfloat16";
  case MIXBIT_I64:
    return "int64";
  case MIXBIT_I32:
    return "int32";
  case MIXBIT_I8:
    return "int8";
  case MIXBIT_U8:
    return "uint8";
  case MIXBIT_BOOL:
    return "bool";
  }
  return "an unknown type";
}

void mixbit::runtime::appendDims(Text &text, const mxb_entry &entry,
                                 const mixbit_port &port) {
  text.append("[");
  for (int32_t i = 0; i < port.rank; ++i) {
    int64_t dim = port.dims[i];
    const char *separator = i ? ", " : "";
    if (dim == computedDim)
      text.append("%s?", separator);
    else if (dim < 0)
      text.append("%s%s", separator, entry.symbols[-1 - dim]);
    else
      text.append("%s%" PRId64, separator, dim);
  }
  text.append("]");
}

void mixbit::runtime::appendShape(Text &text, int32_t rank,
                                  const int64_t *shape) {
  text.append("[");
  for (int32_t i = 0; i < rank; ++i)
    text.append("%s%" PRId64, i ? ", " : "", shape[i]);
  text.append("]");
}

int64_t mixbit::runtime::tensorBytes(const mixbit_tensor &tensor) {
  int64_t bytes = elementBytes(tensor.type);
  for (int32_t i = 0; i < tensor.rank; ++i)
    if (tensor.shape[i] == 0)
      return 0;
  for (int32_t i = 0; i < tensor.rank; ++i)
    if (tensor.shape[i] < 0 || !multiply(bytes, tensor.shape[i], bytes))
      return -1;
  return bytes;
}

static bool isContiguous(const mixbit_tensor &tensor, const int64_t *strides) {
  int64_t expected = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    if (tensor.shape[i] > 1 && strides[i] != expected)
      return false;
    expected *= tensor.shape[i];
  }
  return true;
}

bool mixbit::runtime::bindPort(const mxb_entry &entry, const mixbit_port &port,
                               const char *kind, const mixbit_tensor *tensor,
                               Binding &binding, Text &error) {
  error.append("%s '%s': ", kind, port.name);
  if (!tensor) {
    error.append("expected a tensor, but got a null pointer");
    return false;
  }
  if (tensor->type != port.type) {
    error.append("expected type %s, but got %s", typeName(port.type),
                 typeName(tensor->type));
    return false;
  }
  if (tensor->rank < 0 || tensor->rank > MIXBIT_MAX_RANK) {
    error.append("expected a rank up to %d, but got %d", MIXBIT_MAX_RANK,
                 int(tensor->rank));
    return false;
  }
  bool fits = tensor->rank == port.rank;
  for (int32_t i = 0; fits && i < port.rank; ++i)
    fits = tensor->shape[i] >= 0 &&
           (port.dims[i] < 0 || port.dims[i] == tensor->shape[i]);
  if (!fits) {
    error.append("expected shape ");
    appendDims(error, entry, port);
    error.append(", but got ");
    appendShape(error, tensor->rank, tensor->shape);
    return false;
  }
  int64_t bytes = tensorBytes(*tensor);
  if (bytes < 0) {
    error.append("expected a tensor that fits into memory, but got shape ");
    appendShape(error, tensor->rank, tensor->shape);
    return false;
  }
  if (bytes > 0 && !tensor->data) {
    error.append("expected data, but got a null pointer");
    return false;
  }
  int64_t unit = elementBytes(port.type);
  bool isAligned = reinterpret_cast<uintptr_t>(tensor->data) % unit == 0;
  bool contiguous =
      !tensor->strides || bytes == 0 || isContiguous(*tensor, tensor->strides);
  bool isInput = strcmp(kind, "input") == 0;
  if (!isInput && !contiguous) {
    error.append("expected contiguous memory, but got strides ");
    appendShape(error, tensor->rank, tensor->strides);
    return false;
  }
  if (!isInput && !isAligned) {
    error.append("expected data aligned to %" PRId64 " bytes, but got %p", unit,
                 tensor->data);
    return false;
  }

  binding.isBound = true;
  binding.tensor = *tensor;
  binding.tensor.strides = nullptr;
  int64_t stride = 1;
  for (int32_t i = port.rank - 1; i >= 0; --i) {
    binding.strides[i] = tensor->strides ? tensor->strides[i] : stride;
    // Cannot overflow where it matters: bytes was checked, and without
    // elements strides are not read.
    stride = bytes ? stride * tensor->shape[i] : 0;
  }
  // Kernels take a byte of a bool for 0 or 1.
  binding.needsCopy = isInput && bytes > 0 &&
                      (!contiguous || !isAligned || port.type == MIXBIT_BOOL);
  error.clear();
  return true;
}

bool mixbit::runtime::resolveSymbols(const mxb_entry &entry,
                                     const Binding *inputs, int64_t *symbols,
                                     Text &error) {
  // Which input fixed a symbol is found again when a message needs it.
  for (int32_t s = 0; s < entry.num_symbols; ++s)
    symbols[s] = -1;
  for (int32_t i = 0; i < entry.num_inputs; ++i) {
    const mixbit_port &port = entry.inputs[i];
    if (!inputs[i].isBound) {
      error.append("input '%s': expected a tensor of shape ", port.name);
      appendDims(error, entry, port);
      error.append(", but none is bound");
      return false;
    }
    for (int32_t d = 0; d < port.rank; ++d) {
      int64_t dim = port.dims[d], extent = inputs[i].tensor.shape[d];
      if (dim >= 0 || dim == computedDim)
        continue;
      int64_t &symbol = symbols[-1 - dim];
      if (symbol < 0) {
        symbol = extent;
        continue;
      }
      if (symbol == extent)
        continue;
      const char *name = entry.symbols[-1 - dim];
      const mixbit_port *other = &port;
      for (int32_t j = i; j >= 0; --j)
        for (int32_t e = 0; e < entry.inputs[j].rank; ++e)
          if (entry.inputs[j].dims[e] == dim &&
              inputs[j].tensor.shape[e] == symbol)
            other = &entry.inputs[j];
      error.append("inputs '%s' and '%s': expected the same extent of "
                   "dimension '%s', but got %" PRId64 " and %" PRId64,
                   other->name, port.name, name, symbol, extent);
      return false;
    }
  }
  int64_t product = 1;
  for (int32_t s = 0; s < entry.num_symbols; ++s) {
    if (symbols[s] < 0) {
      error.append("dimension '%s': expected an input that has it, but no "
                   "input does",
                   entry.symbols[s]);
      return false;
    }
    if (symbols[s] > maxSymbol ||
        (symbols[s] > 0 && product > maxSymbolProduct / symbols[s])) {
      error.append("dimension '%s': expected extents that can be computed "
                   "with, but got %" PRId64,
                   entry.symbols[s], symbols[s]);
      return false;
    }
    if (symbols[s] > 0)
      product *= symbols[s];
  }
  return true;
}

/// Copies dimension `dim` and those inside of it; returns where to go on.
static char *copyStrided(const mixbit_tensor &tensor, const int64_t *strides,
                         int32_t dim, int64_t unit, const char *from,
                         char *to) {
  if (dim == tensor.rank) {
    memcpy(to, from, unit);
    return to + unit;
  }
  for (int64_t i = 0; i < tensor.shape[dim]; ++i)
    to = copyStrided(tensor, strides, dim + 1, unit,
                     from + i * strides[dim] * unit, to);
  return to;
}

bool mixbit::runtime::makeContiguous(Binding &binding) {
  int64_t bytes = tensorBytes(binding.tensor);
  if (!binding.copy.reserve(bytes))
    return false;
  char *to = binding.copy.data();
  copyStrided(binding.tensor, binding.strides, 0,
              elementBytes(binding.tensor.type),
              static_cast<const char *>(binding.tensor.data), to);
  if (binding.tensor.type == MIXBIT_BOOL)
    for (int64_t i = 0; i < bytes; ++i)
      to[i] = to[i] != 0;
  return true;
}
