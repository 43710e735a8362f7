//===- Tensor.cpp - A tensor in memory, as files hold it ------------------===//
#include "lib/support/Tensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"

#include <cassert>
#include <cstring>

#include <limits>

using namespace mixbit;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {
struct TypeRow {
  mixbit_type type;
  const char *name;
  int64_t size;
  bool isInteger;
};
} // namespace

static constexpr TypeRow typeTable[] = {
    {MIXBIT_F32, "float32", 4, false},   {MIXBIT_F16, "float16", 2, false},
    {MIXBIT_BF16, "bfloat16", 2, false}, {MIXBIT_I64, "int64", 8, true},
    {MIXBIT_I32, "int32", 4, true},      {MIXBIT_I8, "int8", 1, true},
    {MIXBIT_U8, "uint8", 1, true},       {MIXBIT_BOOL, "bool", 1, true},
};

static const TypeRow &row(mixbit_type type) {
  for (const TypeRow &row : typeTable)
    if (row.type == type)
      return row;
  // Only from a library of another ABI; tools refuse those.
  static constexpr TypeRow unknown = {MIXBIT_U8, "unknown type", 1, true};
  return unknown;
}

StringRef mixbit::typeName(mixbit_type type) { return row(type).name; }
int64_t mixbit::typeSize(mixbit_type type) { return row(type).size; }
bool mixbit::isIntegerType(mixbit_type type) { return row(type).isInteger; }

std::pair<int64_t, int64_t> mixbit::integerRange(mixbit_type type) {
  switch (type) {
  case MIXBIT_I32:
    return {std::numeric_limits<int32_t>::min(),
            std::numeric_limits<int32_t>::max()};
  case MIXBIT_I8:
    return {-128, 127};
  case MIXBIT_U8:
    return {0, 255};
  case MIXBIT_BOOL:
    return {0, 1};
  default:
    return {std::numeric_limits<int64_t>::min(),
            std::numeric_limits<int64_t>::max()};
  }
}

std::string mixbit::shapeText(ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(
             llvm::map_range(
                 shape, [](int64_t extent) { return std::to_string(extent); }),
             ", ") +
         "]";
}

Tensor::Tensor(mixbit_type type, std::vector<int64_t> shape)
    : type(type), shape(std::move(shape)) {
  data.resize(numElements() * typeSize(type));
}

int64_t Tensor::numElements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

/// Element `index` as bytes of a T.
template <typename T>
static T load(const Tensor &tensor, int64_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
static void store(Tensor &tensor, int64_t index, T value) {
  std::memcpy(tensor.data.data() + index * sizeof(T), &value, sizeof(T));
}

int64_t Tensor::integerAt(int64_t index) const {
  switch (type) {
  case MIXBIT_I64:
    return load<int64_t>(*this, index);
  case MIXBIT_I32:
    return load<int32_t>(*this, index);
  case MIXBIT_I8:
    return load<int8_t>(*this, index);
  case MIXBIT_U8:
  case MIXBIT_BOOL:
    return load<uint8_t>(*this, index);
  default:
    llvm_unreachable("not a tensor of integers");
  }
}

static const llvm::fltSemantics &semantics(mixbit_type type) {
  return type == MIXBIT_F16 ? llvm::APFloat::IEEEhalf()
                            : llvm::APFloat::BFloat();
}

float Tensor::floatAt(int64_t index) const {
  if (type == MIXBIT_F32)
    return load<float>(*this, index);
  assert(!isIntegerType(type) && "not a tensor of floats");
  llvm::APFloat value(semantics(type),
                      llvm::APInt(16, load<uint16_t>(*this, index)));
  return value.convertToFloat();
}

void Tensor::setInteger(int64_t index, int64_t value) {
  switch (type) {
  case MIXBIT_I64:
    return store<int64_t>(*this, index, value);
  case MIXBIT_I32:
    return store<int32_t>(*this, index, value);
  case MIXBIT_I8:
  case MIXBIT_U8:
  case MIXBIT_BOOL:
    return store<int8_t>(*this, index, value);
  default:
    llvm_unreachable("not a tensor of integers");
  }
}

void Tensor::setFloat(int64_t index, float value) {
  if (type == MIXBIT_F32)
    return store<float>(*this, index, value);
  assert(!isIntegerType(type) && "not a tensor of floats");
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(semantics(type), llvm::APFloat::rmNearestTiesToEven,
                  &losesInfo);
  store<uint16_t>(*this, index, rounded.bitcastToAPInt().getZExtValue());
}

ArrayRef<float> Tensor::floats() const {
  assert(type == MIXBIT_F32 && "not a tensor of f32");
  return ArrayRef(reinterpret_cast<const float *>(data.data()),
                  data.size() / sizeof(float));
}

mixbit_tensor Tensor::view() {
  assert(shape.size() <= MIXBIT_MAX_RANK && "rank beyond the C ABI's");
  mixbit_tensor tensor = {};
  tensor.data = data.data();
  tensor.type = type;
  tensor.rank = shape.size();
  llvm::copy(shape, tensor.shape);
  return tensor;
}

const Tensor *mixbit::findTensor(const NamedTensors &tensors, StringRef name) {
  for (const auto &[key, tensor] : tensors)
    if (key == name)
      return &tensor;
  return nullptr;
}
