//===- SampleArrays.h - Arrays of files as inputs take them -----*- C++ -*-===//
//
// Files of samples hold an array an input, the first axis the sample. NumPy
// makes integers of 64 bits where a network reads 32, or booleans; what loses
// nothing is converted, the rest is an error that says what was expected.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/Tensor.h"

#include "llvm/Support/Error.h"

namespace mixbit {

/// The array with elements of `type`: any integer or boolean type serves any
/// other whose range holds the values, any float type another (rounded to
/// nearest even). `isFinite` refuses NaNs and infinities. An error is
/// "expected ..., but got ...", without a beginning.
llvm::Expected<Tensor> convertTensor(const Tensor &array, mixbit_type type,
                                     bool isFinite);

/// An input: what an array must fit.
struct SampleInput {
  std::string name;
  mixbit_type type = MIXBIT_F32;
  std::vector<int64_t> shape; ///< -1 where it is not fixed
};

/// One tensor an input, in their order: the array of its name, finite, of its
/// type and, but for the first axis (the samples, of all arrays as many, one or
/// more), of its shape. Other arrays are left alone. Errors begin "SOURCE:
/// input 'NAME': ".
llvm::Expected<std::vector<Tensor>>
takeSamples(llvm::ArrayRef<SampleInput> inputs, const NamedTensors &arrays,
            llvm::StringRef source);

/// "input_ids, labels"; "none" without arrays.
std::string namesText(const NamedTensors &arrays);

} // namespace mixbit
