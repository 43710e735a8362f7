//===- Npy.h - Files of NumPy -----------------------------------*- C++ -*-===//
//
// Reads .npy and .npz, any version, C and Fortran order, little endian, and
// writes .npz. Types that models do not have become the narrowest one here
// that holds their values: 16-bit integers i32, uint32 and uint64 i64 (values
// beyond int64 are an error), float64 f32 (rounded to nearest).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/Tensor.h"

#include "llvm/Support/Error.h"

namespace mixbit {

/// Parses the bytes of a .npy file; `what` opens every error's text.
llvm::Expected<Tensor> parseNpy(llvm::StringRef bytes, llvm::StringRef what);

/// Errors begin with the path.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);
/// The arrays by their names, without ".npy", in the order of the archive.
llvm::Expected<NamedTensors> readNpz(llvm::StringRef path);

/// All of the file or none of it; the same tensors make the same bytes.
llvm::Error writeNpz(llvm::StringRef path, const NamedTensors &tensors);

} // namespace mixbit
