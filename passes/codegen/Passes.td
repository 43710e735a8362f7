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

def ExpandRows : Pass<"expand-rows", "::mlir::ModuleOp"> {
  let summary = "Turn mixbit.rows kernels into functions with vector loops";
  let description = [{
    One iteration of the kernel is one row; along it, values are computed a
    vector of the target at a time. Reductions along the row cut the work into
    several loops over it; a value that a later loop needs again and that costs
    much is kept in a row buffer of the scratch.

    ```mlir
    mixbit.kernel @k(%x: memref<?x384xf32>, %y: memref<?x384xf32>) {
      mixbit.rows ... // y = x - max(x)
    }
    // becomes
    func.func @k(%args: !llvm.ptr, %begin: index, %end: index, %scratch: !llvm.ptr) {
      scf.for %row = %begin to %end step %c1 {
        %m = scf.for %column = ... iter_args(%acc = ...) -> (vector<32xf32>) { ... }
        %max = ...
        scf.for %column = ... { ... }
      }
    }
    func.func @k.extent(%args: !llvm.ptr) -> (index, index)
    ```
  }];
  let options = [Option<"strict", "strict", "bool", "false",
                        "Refuse what is done an element at a time">];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def ExpandAttention : Pass<"expand-attention", "::mlir::ModuleOp"> {
  let summary = "Turn mixbit.attention_core kernels into vector loops";
  let description = [{
    One iteration is a head of a batch and up to 192 queries. Keys and values
    are packed into panels in scratch; six queries at a time, scores and results
    are outer products in registers, with the softmax between them in place.

    ```mlir
    mixbit.kernel @k(%q: ..., %k: ..., %v: ..., %o: ...) {
      mixbit.attention_core ins(%q, %k, %v : ...) outs(%o : ...) {scale = 0.125 : f32}
    }
    // becomes func.func @k and @k.extent with scf, vector and math
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ExpandProducts : Pass<"expand-products", "::mlir::ModuleOp"> {
  let summary = "Turn products of two matrices of data into packed tiles";
  let description = [{
    A `linalg.generic` that sums lhs[..., m, k] * rhs[..., k, n] over k from
    zero, in f32 and any strides, with an output contiguous along n: the right
    side is packed a block of K and 64 columns at a time (the left side too
    where its rows are not contiguous), and tiles of accumulators run over the
    block. The order of additions depends on K alone. Other `linalg.generic`
    operations are left to `expand-loops`.

    ```mlir
    mixbit.kernel @k(%x: memref<?x?xf32>, %w: memref<?x?xf32>, %y: memref<?x?xf32>) {
      linalg.generic ... iterator_types = ["parallel", "parallel", "reduction"]
          ins(%x, %w : ...) outs(%y : ...) attrs = {mixbit.init = 0.0 : f32} { ... }
    }
    // becomes func.func @k and @k.extent with scf and vector
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def ExpandLoops : Pass<"expand-loops", "::mlir::ModuleOp"> {
  let summary = "Turn linalg.generic kernels into vector loops";
  let description = [{
    Iterations are the parallel dimensions but one, along which vectors run;
    reductions are loops inside, with sums in registers that start from the
    attribute `mixbit.init` (or, without it, from the output).

    ```mlir
    mixbit.kernel @k(%x: memref<?x?xf32>, %y: memref<?xf32>) {
      linalg.generic ... iterator_types = ["reduction", "parallel"]
          ins(%x : ...) outs(%y : ...) attrs = {mixbit.init = 0.0 : f32} { ... }
    }
    // becomes func.func @k and @k.extent with scf and vector
    ```
  }];
  let options = [Option<"strict", "strict", "bool", "false",
                        "Refuse what is done an element at a time">];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def ApproximateMath : Pass<"approximate-math", "::mlir::ModuleOp"> {
  let summary = "Turn f32 functions into arithmetic on vectors";
  let description = [{
    exp, erf, tanh, sin, cos, log and others become polynomials (a few units in
    the last place), and what the module's target has no instruction for (fused
    multiply-add, rounding, half floats) arithmetic that it has. With AVX-512
    erf looks the coefficients of cubics up in registers.

    ```mlir
    %y = math.exp %x : vector<8xf32>
    // becomes multiplications, additions and a shift of exponents
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def CheckKernelCalls : Pass<"check-kernel-calls", "::mlir::ModuleOp"> {
  let summary = "Name what generated code calls";
  let description = [{
    The end of the stage's contract: code in the llvm dialect that calls nothing
    but libm, each such call named by a remark.

    ```mlir
    %y = llvm.intr.pow(%a, %b) : (f32, f32) -> f32
    // remark: llvm.intr.pow, an element at a time
    ```
  }];
  let options = [Option<"strict", "strict", "bool", "false",
                        "Refuse calls of libm">];
}

def MangleKernels : Pass<"mangle-kernels", "::mlir::ModuleOp"> {
  let summary = "Add the target to the names of functions";
  let description = [{
    So that the variants of a kernel link into one library.

    ```mlir
    llvm.func @k(...)
    // becomes, for mixbit.target = #mixbit.target<"x86-64-v3">
    llvm.func hidden @"k$x86-64-v3"(...)
    ```
  }];
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
    "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def LowerDot : Pass<"lower-dot", "::mlir::ModuleOp"> {
  let summary = "Lower mixbit.dot and lookup to the target's instructions";
  let description = [{
    What no instruction serves is widened, or selected a bit of the index at a
    time.

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

def AllowNegativeStrides : Pass<"allow-negative-strides", "::mlir::ModuleOp"> {
  let summary = "Take back the promise that addresses lie behind their base";
  let description = [{
    The conversion of memrefs marks every address, and the arithmetic on its
    index, as computed without unsigned overflow. A view that runs backwards (an
    ONNX Slice with a negative step) reads before its base, so that the mark
    goes in functions that lower-kernel-args found such a buffer in, or one whose
    strides are known at run time only.

    ```mlir
    llvm.func @k(%0: !llvm.ptr, %i: i64) attributes {mixbit.backwards} {
      %1 = llvm.getelementptr inbounds|nuw %0[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    // becomes
    llvm.func @k(%0: !llvm.ptr, %i: i64) {
      %1 = llvm.getelementptr inbounds %0[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
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
