//===- VariedSamples.h - More samples from few ------------------*- C++ -*-===//
//
// Samples of a network that looks ids up in a table can be varied: some ids are
// replaced by random rows of the table. What should come out, the network in
// floats says, as in distillation without data.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/support/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <set>

namespace mixbit {

/// Ids that other rows of their table can stand for.
struct VariedInput {
  size_t argument;
  int64_t rows; ///< of the table
  /// Ids that stay.
  std::set<int64_t> kept;
};

/// The arguments of `func` that can be varied: integers that nothing reads but
/// lookups in tables of 256 rows or more. Ids that a quarter or more of the
/// `samples` have (padding, separators) stay; where that is all of them, an
/// argument is left out. `inputs` has all samples, one tensor an argument.
std::vector<VariedInput> findVariedInputs(mlir::func::FuncOp func,
                                          llvm::ArrayRef<Tensor> inputs,
                                          int64_t samples);

/// Replaces ids of some samples by random rows: of each sample a random share
/// between none and `most` of its ids. `streams` has random bits for each
/// sample, which with an id's position decide all of it; rows of `inputs`
/// behind those samples are left as they are.
void varyInputs(llvm::MutableArrayRef<Tensor> inputs,
                llvm::ArrayRef<VariedInput> varied,
                llvm::ArrayRef<uint64_t> streams, double most);

} // namespace mixbit
