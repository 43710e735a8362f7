//===- AttentionText.h - Kernels of mixbit.attention_core -------*- C++ -*-===//
//
// Test code only, and all of it here: the tests of floats and those of bytes
// are different programs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>

namespace mixbit::test {

/// `mask` is empty or the mask's type, of which `kind` says what it means;
/// without `products` the operation's default is taken.
inline std::string attentionText(int64_t heads, int64_t depth,
                                 const std::string &mask,
                                 const std::string &kind,
                                 const std::string &products = "") {
  std::string type = "memref<?x?x" + std::to_string(heads) + "x" +
                     std::to_string(depth) + "xf32>";
  std::string attributes = "scale = 0.25 : f32";
  if (!mask.empty())
    attributes += ", mask_kind = #mixbit.mask_kind<" + kind + ">";
  if (!products.empty())
    attributes += ", products = #mixbit.product_kind<" + products + ">";
  std::string maskArgument = mask.empty() ? "" : ", %m: " + mask;
  return "mixbit.kernel @k(%q: " + type + ", %k: " + type + ", %v: " + type +
         maskArgument + ", %o: " + type +
         ") {\nmixbit.attention_core ins(%q, %k, %v" +
         (mask.empty() ? "" : ", %m") + " : " + type + ", " + type + ", " +
         type + (mask.empty() ? "" : ", " + mask) + ") outs(%o : " + type +
         ") {" + attributes + "}\n}";
}

} // namespace mixbit::test
