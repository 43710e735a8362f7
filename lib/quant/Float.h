//===- Float.h - Conversions of 16-bit floats -------------------*- C++ -*-===//
//
// Weights and scales come as f32, f16 or bf16. Conversions to the narrow types
// round half to even; what is too large becomes infinite.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/bit.h"

#include <cstdint>

namespace mixbit {

/// The float types that weights, scales and float zero points are stored in.
enum class FloatKind { F32, F16, BF16 };

inline unsigned floatBytes(FloatKind kind) {
  return kind == FloatKind::F32 ? 4 : 2;
}

inline float fromBFloat16(uint16_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits) << 16);
}

inline uint16_t toBFloat16(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16) | 0x40; // a NaN stays one
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline float fromFloat16(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) // infinity, NaN
    return llvm::bit_cast<float>(sign | 0x7f800000 | (magnitude << 13));
  // The exponent is rebiased by a product, which also normalizes subnormals.
  float value = llvm::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return llvm::bit_cast<float>(sign | llvm::bit_cast<uint32_t>(value));
}

inline uint16_t toFloat16(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  uint16_t sign = uint16_t((bits >> 16) & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x477ff000) // rounds to 65520 or more
    return sign | 0x7c00;
  if (magnitude < 0x38800000) { // subnormal: the sum rounds to its last place
    float sum = llvm::bit_cast<float>(magnitude) + 0.5f;
    return sign | uint16_t(llvm::bit_cast<uint32_t>(sum) - 0x3f000000);
  }
  magnitude += 0xfff + ((magnitude >> 13) & 1);
  return sign | uint16_t((magnitude - 0x38000000) >> 13);
}

/// The value nearest to `value` that `kind` can hold.
inline float roundToFloat(float value, FloatKind kind) {
  switch (kind) {
  case FloatKind::F32:
    return value;
  case FloatKind::F16:
    return fromFloat16(toFloat16(value));
  case FloatKind::BF16:
    return fromBFloat16(toBFloat16(value));
  }
  return value;
}

/// Element `index` of an array of `kind`, at any alignment.
inline float loadFloat(const void *data, int64_t index, FloatKind kind) {
  if (kind == FloatKind::F32) {
    float value;
    __builtin_memcpy(&value, static_cast<const char *>(data) + 4 * index, 4);
    return value;
  }
  uint16_t bits;
  __builtin_memcpy(&bits, static_cast<const char *>(data) + 2 * index, 2);
  return kind == FloatKind::F16 ? fromFloat16(bits) : fromBFloat16(bits);
}

/// Sets element `index` of an array of `kind`, at any alignment.
inline void storeFloat(void *data, int64_t index, FloatKind kind, float value) {
  if (kind == FloatKind::F32) {
    __builtin_memcpy(static_cast<char *>(data) + 4 * index, &value, 4);
    return;
  }
  uint16_t bits = kind == FloatKind::F16 ? toFloat16(value) : toBFloat16(value);
  __builtin_memcpy(static_cast<char *>(data) + 2 * index, &bits, 2);
}

} // namespace mixbit
