//===- Passes.td - From kernels and plans to LLVM IR --------*- tablegen -*-===//
#ifndef MIXBIT_PASSES_CODEGEN_PASSES_TD
#define MIXBIT_PASSES_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerKernelArgs : Pass<"lower-kernel-args", "::mlir::ModuleOp"> {
  let summary = "Turn a launch's words and scratch into memref descriptors";
  let description = [{
    `mixbit.kernel_arg` becomes loads of the words that `runtime/abi.h`
    describes, and `mixbit.scratch` an address; both build an LLVM memref
    descriptor, whose static sizes and strides are constants.

    ```mlir
    %x = mixbit.kernel_arg %args[1] : !llvm.ptr -> memref<?x8xf32>
    // becomes
    %p = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %a = llvm.load %p : !llvm.ptr -> !llvm.ptr
    // ... the size, the descriptor
    %x = builtin.unrealized_conversion_cast %d : !llvm.struct<...> to memref<?x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ExpandContract : Pass<"expand-contract", "::mlir::ModuleOp"> {
  let summary = "Expand contractions to vectors and loops for the target";
  let description = [{
    Each kernel that holds a `mixbit.contract` becomes a pair of functions (see
    KernelBuilder.h). Integer products are left as `mixbit.dot`. For a GPU,
    iteration i of a launch is block i of threads.

    ```mlir
    mixbit.kernel @k(...) { mixbit.contract ... }
    // becomes
    func.func @k(%args: !llvm.ptr, %begin: index, %end: index, %scratch: !llvm.ptr) {
      scf.for ... {  // strips of rows, panels of outputs, tiles
        %d = mixbit.dot %acc, %codes, %data {max_code = 255 : i64} : ...
    ```
  }];
  let options = [
    Option<"strict", "strict", "bool", "false",
           "Fail where an access would be made an element at a time">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def LowerDot : Pass<"lower-dot", "::mlir::ModuleOp"> {
  let summary = "Lower mixbit.dot to the target's instructions";
  let description = [{
    ```mlir
    %r = mixbit.dot %acc, %codes, %data {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
    // for avx512vnni becomes
    %r = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %codes, %data) : ...
    ```
  }];
  let options = [
    Option<"emulate", "emulate", "bool", "false",
           "Widen instead, with the same results: runs a target's tiles on a "
           "CPU without its instruction">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::vector::VectorDialect"];
}

def MarkGpuKernels : Pass<"mark-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Make the kernels of a GPU module its entry points";
  let description = [{
    Runs on the llvm dialect, where these attributes are known. The functions
    that size a launch belong to the host and are erased. Modules for CPUs stay
    as they are.

    ```mlir
    llvm.func @k(...)
    llvm.func @k.extent(...)
    // becomes
    llvm.func @k(...) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128, 1, 1>}
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect"];
}

#endif // MIXBIT_PASSES_CODEGEN_PASSES_TD
