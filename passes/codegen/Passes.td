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

def LowerPlan : Pass<"lower-plan", "::mlir::ModuleOp"> {
  let summary = "Turn plans into the host's functions and tables";
  let description = [{
    Each plan becomes `NAME.shapes` and `NAME.run`, and a row of the entries of
    `mixbit_library` (see `runtime/abi.h`); `targets` names the variants whose
    kernels the library links. Kernels and weights are only referred to, and
    erased from this module.

    ```mlir
    mixbit.plan @main(%x: memref<?x8xf32>, %y: memref<?x8xf32>) ... {
      mixbit.launch @k(%x, %y) : memref<?x8xf32>, memref<?x8xf32>
    }
    // becomes
    llvm.func internal @main.run(%context: !llvm.ptr, ...) -> i32 {
      ...
      %status = llvm.call @mxb_launch(%context, %c0, %words) : ...
    ```
  }];
  let options = [ListOption<"targets", "targets", "std::string",
                            "names of the CPU targets, best first">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // MIXBIT_PASSES_CODEGEN_PASSES_TD
