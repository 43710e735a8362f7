//===- KernelHarness.h - Compiles kernels in this process -------*- C++ -*-===//
//
// Takes a module with kernels as text through codegen to machine code of this
// process, or to assembly of any target. With `emulate`, the tiles of a target
// that this CPU lacks run on what it has.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/quant/Packing.h"
#include "lib/quant/Reference.h"
#include "lib/target/Targets.h"
#include "runtime/abi.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace llvm::orc {
class LLJIT;
}

namespace mixbit {

/// One compiled kernel.
class JitKernel {
public:
  /// `text` holds kernel @k and no target attribute.
  static llvm::Expected<JitKernel> compile(const std::string &text,
                                           const Target &target, bool emulate);
  JitKernel(JitKernel &&);
  ~JitKernel();

  /// Runs all iterations, in `parts` ranges, with fresh scratch each.
  void run(const std::vector<int64_t> &args, int parts = 1) const;
  /// Runs the range of one of `parts` threads.
  void runPart(const std::vector<int64_t> &args, int part, int parts) const;
  mxb_extent extent(const std::vector<int64_t> &args) const {
    return kernel.extent(args.data());
  }

private:
  JitKernel();
  std::unique_ptr<llvm::orc::LLJIT> jit;
  mxb_kernel kernel{};
};

/// Assembly of the kernels of `text` for `target`.
llvm::Expected<std::string> compileToAssembly(const std::string &text,
                                              const Target &target);

/// A contraction with bias: data, weights and the reference's result.
struct ContractProblem {
  int64_t m, n, k;
  int64_t ka; ///< width of the rows; bytes beyond k are zero
  Format format;
  QuantizedMatrix weights;
  std::vector<float> floatWeights, floatData;
  QuantizedRows data;
  PackedLayout layout;
  std::vector<uint8_t> packed;
  std::vector<float> packedFloats, bias;
  std::vector<uint8_t> scales, zeros; ///< bytes, as packed
  std::vector<int8_t> rows;           ///< [m][ka]

  unsigned dataBits = 8;
  bool fullRange = false;

  static ContractProblem make(int64_t m, int64_t n, int64_t k, int64_t ka,
                              const Format &format, unsigned seed,
                              Density density = Density::Dense,
                              unsigned dataBits = 8);
  /// Makes every third code of the data -128.
  void reachFullRange();
  /// Kernel @k: out = contract + bias; `epilogue` replaces the region's body,
  /// from %acc and %b to %y.
  std::string text(const std::string &epilogue = "",
                   const std::string &name = "k") const;
  /// The data as C arrays NAME_rows, ..., the reference's result
  /// NAME_expected, and the words NAME_args with NAME_out.
  std::string cSource(const std::string &name) const;
  /// Arguments of a launch; `out` is [m][n].
  std::vector<int64_t> args(std::vector<float> &out) const;
  std::vector<float> reference() const;
};

} // namespace mixbit
