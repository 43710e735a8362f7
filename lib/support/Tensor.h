//===- Tensor.h - A tensor in memory, as files hold it ----------*- C++ -*-===//
//
// Row-major and contiguous, of one of the types of the C ABI. What the tools
// read from and write to files, and bind to libraries.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mixbit/runtime.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <utility>
#include <vector>

namespace mixbit {

/// "float32", "int64", ...: NumPy's and the runtime's names.
llvm::StringRef typeName(mixbit_type type);
/// Bytes of an element.
int64_t typeSize(mixbit_type type);
/// Integers and booleans.
bool isIntegerType(mixbit_type type);
/// Least and largest value of an integer type.
std::pair<int64_t, int64_t> integerRange(mixbit_type type);

/// "[2, 3]"; "[]" for a scalar.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

struct Tensor {
  mixbit_type type = MIXBIT_F32;
  std::vector<int64_t> shape;
  std::vector<char> data;

  Tensor() = default;
  /// Zeros. The caller has checked that the shape is not absurd.
  Tensor(mixbit_type type, std::vector<int64_t> shape);

  int64_t numElements() const;
  int64_t numBytes() const { return data.size(); }

  /// Elements by their position; `value` must fit the type.
  int64_t integerAt(int64_t index) const;
  float floatAt(int64_t index) const;
  void setInteger(int64_t index, int64_t value);
  void setFloat(int64_t index, float value);

  /// The elements of an f32 tensor.
  llvm::ArrayRef<float> floats() const;

  /// As the C ABI takes it; lives as long as this tensor.
  mixbit_tensor view();
};

/// In the order of the file.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Null if there is none.
const Tensor *findTensor(const NamedTensors &tensors, llvm::StringRef name);

} // namespace mixbit
