//===- OutputErrors.h - What rounding does to each layer's output -*- C++ -*-=//
#pragma once

#include "lib/measure/Samples.h"
#include "passes/quantize/Allocation.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mixbit {

/// Compares the outputs of the linears of a graph with those of the same graph,
/// quantized: both are compiled with every linear's output as a result and run
/// on the same samples. The error of a layer is that of everything in front of
/// it too, as it is in use.
class OutputErrors {
public:
  /// Keeps a copy of the float graph; `samples` must outlive this.
  OutputErrors(mlir::ModuleOp exact, const SampleSet &samples, int threads,
               llvm::raw_ostream &diagnostics);

  /// Sets the signal-to-noise ratio of each weight of a linear in the report:
  /// 10 log10(sum y^2 / sum (y - yq)^2) over at most 64 samples.
  llvm::Error measure(mlir::ModuleOp quantized, AllocationReport &report);

private:
  mlir::OwningOpRef<mlir::ModuleOp> exact;
  const SampleSet &samples;
  int threads;
  llvm::raw_ostream &diagnostics;
};

} // namespace mixbit
