//===- Passes.td - From the graph to kernels and a plan -----*- tablegen -*-===//
#ifndef MIXBIT_PASSES_KERNELIZE_PASSES_TD
#define MIXBIT_PASSES_KERNELIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def MergeLinears : Pass<"merge-linears", "::mlir::func::FuncOp"> {
  let summary = "Make one linear of those that read the same rows for attention";
  let description = [{
    Queries, keys and values of an attention are linears of one input. Their
    weights are stacked into one, the results become slices of its result: the
    input is read once, and one larger contraction runs more evenly.

    ```mlir
    %q = mixbit.linear %x, %wq, %bq : ... -> tensor<?x?x384xf32>
    %k = mixbit.linear %x, %wk, %bk : ... -> tensor<?x?x384xf32>
    %v = mixbit.linear %x, %wv, %bv : ... -> tensor<?x?x384xf32>
    // becomes
    %qkv = mixbit.linear %x, %w, %b : ... -> tensor<?x?x1152xf32>
    %q = mixbit.slice %qkv {...} : (tensor<?x?x1152xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let statistics = [Statistic<"merged", "num-merged", "linears merged away">];
}

def QuantizeActivations : Pass<"quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "Make quantization of activations an operation of its own";
  let description = [{
    A `mixbit.linear` with `activations` becomes `mixbit.quantized_linear` over
    the result of `mixbit.quantize_rows`, one for all users of a value with the
    same number of bits; or, if they are static, of `mixbit.quantize`, whose
    offset is made up for in the bias.

    ```mlir
    %y = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : ...
    // becomes
    %c, %s = mixbit.quantize_rows %x {bits = 8 : i64} : ...
    %y = mixbit.quantized_linear %c, %s, %w : ...
    ```
  }];
}

def MultiplyDynamicWeights : Pass<"multiply-dynamic-weights", "::mlir::func::FuncOp"> {
  let summary = "Make a linear whose weight is computed a product of matrices";
  let description = [{
    Only constant weights can be packed while compiling. Others (arguments of
    the function, results of other operations) become the right side of a
    `mixbit.matmul`, and the bias an addition.

    ```mlir
    %y = mixbit.linear %x, %w, %b : (tensor<?x384xf32>, tensor<2x384xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    // becomes, where %w is no constant
    %p = mixbit.matmul %x, %w {transpose_rhs} : (tensor<?x384xf32>, tensor<2x384xf32>) -> tensor<?x2xf32>
    %y = mixbit.binary %p, %b {kind = #mixbit.binary_kind<add>} : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    ```
  }];
}

def SplitConvBias : Pass<"split-conv-bias", "::mlir::func::FuncOp"> {
  let summary = "Make the bias of a convolution an addition";
  let description = [{
    The addition then shares a kernel with the activation that follows.

    ```mlir
    %y = mixbit.conv %x, %w, %b {...} : ...
    // becomes
    %c = mixbit.conv %x, %w {...} : ...
    %b1 = mixbit.reshape %b {shape = affine_map<() -> (8, 1, 1)>} : ...
    %y = mixbit.binary %c, %b1 {kind = #mixbit.binary_kind<add>} : ...
    ```
  }];
}

def FormKernels : Pass<"form-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn functions of graph operations into kernels and plans";
  let description = [{
    Groups operations, packs weights, and writes a `mixbit.kernel` and a
    `mixbit.launch` a group; the function becomes a `mixbit.plan` of its name.

    ```mlir
    func.func @main(%x: tensor<?x8xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 8)>})
        -> tensor<?x8xf32> attributes {mixbit.symbols = ["batch"]} {
      %y = mixbit.unary %x {kind = #mixbit.unary_kind<relu>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    // becomes
    mixbit.kernel @rows_relu(%x: memref<?x8xf32>, %y: memref<?x8xf32>) { mixbit.rows ... }
    mixbit.plan @main(%x: memref<?x8xf32>, %y: memref<?x8xf32>) ... {
      mixbit.launch @rows_relu(%x, %y) : memref<?x8xf32>, memref<?x8xf32>
    }
    ```
  }];
  let options = [
    Option<"planes", "planes", "bool", /*default=*/"false",
           "Pack the weights of linears in planes of 1, 2, 4 or 8 bits instead "
           "of as densely as their format allows: larger, cheaper to expand">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def MergeKernels : Pass<"merge-kernels", "::mlir::ModuleOp"> {
  let summary = "Keep one of kernels that are equal";
  let description = [{
    Layers of equal shape have equal kernels; launches of the copies are
    redirected to the first, so that compile time does not grow with layers.

    ```mlir
    mixbit.kernel @a(%x: memref<?x8xf32>) { ... }
    mixbit.kernel @a_0(%x: memref<?x8xf32>) { ... }  // the same body: erased
    ```
  }];
  let statistics = [Statistic<"merged", "num-merged", "kernels merged away">];
}

def PlanWeights : Pass<"plan-weights", "::mlir::ModuleOp"> {
  let summary = "Place weights in the library's section, equal ones once";
  let description = [{
    Weights of equal bytes and type are merged, also across plans. Each gets an
    `offset`, aligned to 64 bytes.

    ```mlir
    mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
    // becomes
    mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32> {offset = 0 : i64}
    ```
  }];
  let statistics = [Statistic<"merged", "num-merged", "weights merged away">];
}

def VerifyKernels : Pass<"verify-kernels", "::mlir::ModuleOp"> {
  let summary = "Check what kernelize hands to codegen";
  let description = [{
    Only kernels, plans and placed weights are left. (That launches fit their
    kernels is what their verifiers say.)

    ```mlir
    func.func @left() { return }  // error: expected kernels, plans and weights only
    ```
  }];
}

#endif // MIXBIT_PASSES_KERNELIZE_PASSES_TD
