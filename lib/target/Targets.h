//===- Targets.h - What code can be generated for ---------------*- C++ -*-===//
//
// One row a target: names on the command line and in #mixbit.target, the LLVM
// triple and features, the features a CPU must show at load time, and the
// parameters of the contraction generator. A new CPU is a new row here (and,
// if it brings a new instruction for integer products, a new case of
// passes/codegen/LowerDot.cpp).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace mixbit {

/// How integer products are computed (Dot of the contraction generator).
enum class DotIsa {
  Generic,    ///< widening multiplies of plain vectors
  Avx2,       ///< vpsignb + vpmaddubsw + vpmaddwd, exact
  AvxVnni,    ///< vpdpbusd, 256 bits
  Avx512Vnni, ///< vpdpbusd, 512 bits
  NeonDot,    ///< sdot
  NeonI8mm,   ///< usmmla (two rows x two outputs x 8 inputs), usdot
  Nvptx       ///< dp4a
};

struct Target {
  llvm::StringRef name;
  llvm::StringRef triple;
  llvm::StringRef cpu;      ///< for scheduling only
  llvm::StringRef features; ///< LLVM's, "+avx2,+fma,..."
  uint64_t runtimeFeatures; ///< mxb_feature bits of runtime/abi.h
  DotIsa dot;
  int vectorBits;   ///< width of a vector register
  int numRegisters; ///< of them
  /// Products of many rows run on the tile registers of AMX (tdpbsud).
  bool hasTiles = false;
  /// Weights of bf16 are multiplied as they are, by data that is rounded to
  /// bf16: vdpbf16ps, and tdpbf16ps where there are tiles.
  bool hasBf16Products = false;
  bool isGpu() const { return dot == DotIsa::Nvptx; }
};

/// All targets, the most specific of an architecture first.
llvm::ArrayRef<Target> allTargets();

/// Null if there is none of that name ("native" is no row: see below).
const Target *findTarget(llvm::StringRef name);

/// Whether this machine has the target's architecture and features.
bool runsHere(const Target &target);

/// Resolves `--target`: a comma-separated list of names, or `native`, which is
/// what this machine's CPU runs best. The result is ordered by preference,
/// without repetitions, all of one architecture. Errors name what is unknown
/// and list what is known.
llvm::Expected<llvm::SmallVector<const Target *>>
resolveTargets(llvm::StringRef list);

/// What mixbit.dot leaves out: the codes are taken minus this value, see
/// mixbit.dot.
int64_t dotCodeOffset(DotIsa dot, int64_t maxCode);

} // namespace mixbit
