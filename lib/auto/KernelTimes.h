//===- KernelTimes.h - How long our own kernels take here -------*- C++ -*-===//
#pragma once

#include "lib/quant/Format.h"

#include "dialects/mixbit/Mixbit.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <map>
#include <string>

namespace mixbit {

/// Times linears of a graph on this machine, quantization of their inputs
/// included: every combination of rows, outputs, inputs and format that is
/// asked for is compiled by our own code generator and run, and the least of
/// several runs is taken. What has been measured is kept.
class KernelTimes {
public:
  /// `symbols` are the extents of symbolic dimensions by name; others are 1 if
  /// their name holds "batch", else 128.
  KernelTimes(std::vector<std::pair<std::string, int64_t>> symbols, int threads,
              llvm::raw_ostream &diagnostics)
      : symbols(std::move(symbols)), threads(threads),
        diagnostics(diagnostics) {}

  /// Compiles and times all candidate formats of all linears with constant
  /// weights, and fp32.
  llvm::Error measure(mlir::ModuleOp module);

  /// Nanoseconds of `outputs` of its outputs; measures what has not been
  /// measured yet.
  llvm::Expected<int64_t> timeOf(mlir::Operation *linear, int64_t outputs,
                                 const Format &format);

private:
  struct Shape {
    int64_t rows, outputs, inputs;
    bool operator<(const Shape &other) const {
      return std::tie(rows, outputs, inputs) <
             std::tie(other.rows, other.outputs, other.inputs);
    }
  };
  using Key = std::pair<Shape, std::string>;

  llvm::Expected<Shape> shapeOf(mlir::Operation *linear);
  llvm::Error time(mlir::MLIRContext *context,
                   llvm::ArrayRef<std::pair<Shape, Format>> wanted);

  std::vector<std::pair<std::string, int64_t>> symbols;
  int threads;
  llvm::raw_ostream &diagnostics;
  std::map<Key, int64_t> known;
  std::map<mlir::Operation *, Shape> shapes;
};

} // namespace mixbit
