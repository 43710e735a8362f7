//===- KernelBuilder.h - Functions of a kernel ------------------*- C++ -*-===//
//
// What every expansion of a tile operation shares. A `mixbit.kernel @k` becomes
//
//   func.func @k(%args: !llvm.ptr, %begin: index, %end: index,
//                %scratch: !llvm.ptr)
//   func.func @k.extent(%args: !llvm.ptr) -> (index, index)
//
// (see runtime/abi.h). The kernel's buffers are bound in both by
// `mixbit.kernel_arg`; unused bindings are removed by canonicalization.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "lib/target/Targets.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mixbit {

/// Module attribute that names the target of the kernels in it.
inline constexpr llvm::StringLiteral kTargetAttr = "mixbit.target";

/// Threads of a block in code for GPUs.
inline constexpr int64_t kGpuThreads = 128;

/// How many words a buffer of `type` takes in a launch's arguments: the
/// address, a size for each dynamic dimension, and a stride for each dynamic
/// stride of an explicit strided layout (those of the identity layout follow
/// from the sizes).
int64_t numArgumentWords(mlir::MemRefType type);

/// Whether the strides of `type` are spelled out in its layout, so that the
/// dynamic ones have words of their own.
bool hasStrideWords(mlir::MemRefType type);

/// The target that `op`'s module names. Emits an error and returns null when
/// the attribute is missing or the name unknown.
const Target *targetOf(mlir::Operation *op);

/// Bytes a value of `type` takes in memory; i1 takes one.
int64_t elementBytes(mlir::Type type);

/// The pair of functions that a kernel becomes, under construction.
class KernelBuilder {
public:
  /// Makes both functions in front of `kernel` and binds its buffers.
  explicit KernelBuilder(KernelOp kernel);

  /// Inserts into NAME, before its return.
  mlir::OpBuilder run;
  /// Inserts into NAME.extent, before its return, which `finish` makes.
  mlir::OpBuilder extent;

  /// Arguments of NAME.
  mlir::Value args, begin, end, scratch;
  mlir::Location loc;

  /// The buffer of a kernel's block argument, in NAME and in NAME.extent. Where
  /// the argument holds bf16, the buffer's elements are i16.
  mlir::Value runBuffer(mlir::Value kernelArgument) const {
    return runMap.lookup(kernelArgument);
  }
  mlir::Value extentBuffer(mlir::Value kernelArgument) const {
    return extentMap.lookup(kernelArgument);
  }

  /// Reserves scratch for a buffer of `type`; `runSizes` and `extentSizes`
  /// are its dynamic sizes as values of either function. Returns the buffer in
  /// NAME. Buffers start at multiples of 64 bytes.
  mlir::Value reserveScratch(mlir::MemRefType type, mlir::ValueRange runSizes,
                             mlir::ValueRange extentSizes);

  /// Address of the context's mxb_error, an !llvm.ptr, in NAME.
  mlir::Value errorAddress(mlir::OpBuilder &builder) const;

  /// Ends NAME.extent, which returns `size` and the scratch reserved so far,
  /// and erases the kernel.
  void finish(mlir::Value size);

private:
  mlir::Value scratchBytes(mlir::OpBuilder &builder, mlir::MemRefType type,
                           mlir::ValueRange sizes);

  KernelOp kernel;
  mlir::IRMapping runMap, extentMap;
  /// Scratch reserved so far, in bytes, as a value of either function.
  mlir::Value runOffset, extentOffset;
};

} // namespace mixbit
