//===- Passes.td - From the onnx dialect to the mixbit graph -*- tablegen -*-===//
#ifndef MIXBIT_SIMPLIFY_PASSES
#define MIXBIT_SIMPLIFY_PASSES

include "mlir/Pass/PassBase.td"

class Mixbit_SimplifyPass<string argument>
    : Pass<argument, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::mixbit::MixbitDialect",
                           "::mlir::arith::ArithDialect"];
}

def LowerOnnx : Mixbit_SimplifyPass<"lower-onnx"> {
  let summary = "onnx operations become mixbit primitives";
  let description = [{
    Walks a function once, in order, and carries the symbolic shape of every
    value and the symbolic contents of small integer tensors. Arithmetic on
    shapes folds away; every other operation becomes one or a few mixbit
    operations. Fails, naming the node, on what the graph level does not have
    and on shapes that depend on data.

    ```mlir
    %s = onnx.Shape %x : ... // batch, sequence, 384
    %y = onnx.Reshape %x, %s2 : ...
    // becomes
    %y = mixbit.reshape %x {shape = affine_map<()[s0, s1] -> (s0, s1, 12, 32)>}
        : (tensor<?x?x384xf32>) -> tensor<?x?x12x32xf32>
    ```
  }];
  let statistics = [
    Statistic<"numLowered", "lowered", "onnx operations lowered">,
    Statistic<"numShapeOps", "shape-ops", "onnx operations on shapes folded">
  ];
}

def FoldGraph : Mixbit_SimplifyPass<"fold-graph"> {
  let summary = "Removes movement of data and arithmetic without effect";
  let description = [{
    Reshapes of reshapes, transposes that cancel out, broadcasts that the
    consumer does by itself, casts to the same type, multiplication by one, a
    gather at one constant index (which becomes a slice).

    ```mlir
    %a = mixbit.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : ...
    %b = mixbit.transpose %a {permutation = array<i64: 0, 2, 1, 3>} : ...
    // %b becomes %x
    ```
  }];
  let statistics = [Statistic<"numFolded", "folded", "operations folded">];
}

def FoldConstants : Mixbit_SimplifyPass<"fold-constants"> {
  let summary = "Computes what depends on constants alone";
  let description = [{
    Elementwise operations, reductions, reshapes, transposes and slices of
    constants are evaluated, each in the type it is in (floats in f32, in the order of
    the operations), as far as the result is no larger than its operands. So
    weights behind the quantizers of quantization-aware training become the
    floats that the network computes with: `detect-grids` finds their grid.
    Whole chains are evaluated at once; what lies between is freed.

    ```mlir
    %r = mixbit.binary %w, %scale {kind = #mixbit.binary_kind<div>} : ...
    %q = mixbit.unary %r {kind = #mixbit.unary_kind<round>} : ...
    %y = mixbit.binary %q, %scale {kind = #mixbit.binary_kind<mul>} : ...
    // %y becomes a constant, if %w and %scale are
    ```
  }];
  let statistics = [Statistic<"numFolded", "folded", "constants computed">];
}

def RecoverLayerNorm : Mixbit_SimplifyPass<"recover-layer-norm"> {
  let summary = "Layer normalization out of its arithmetic";
  let description = [{
    Recognizes (x - mean) / sqrt(mean((x - mean)^2) + epsilon) with the square
    as a product or a power, the division as one, as a product with a
    reciprocal or with rsqrt, operands of commutative operations in any order,
    and the scale and shift that may follow.

    ```mlir
    %y = mixbit.layer_norm %x, %gamma, %beta {epsilon = 1.0e-12 : f32} : ...
    ```
  }];
  let statistics = [Statistic<"numRecovered", "recovered", "layer norms">];
}

def RecoverActivations : Mixbit_SimplifyPass<"recover-activations"> {
  let summary = "GELU, its tanh approximation and SiLU out of their arithmetic";
  let description = [{
    An expression of one value and constants around an erf, tanh or sigmoid is
    evaluated at sample points and compared with the functions that
    `mixbit.unary` has; so every order of its multiplications is recognized.

    ```mlir
    %y = mixbit.unary %x {kind = #mixbit.unary_kind<gelu_erf>} : ...
    ```
  }];
  let statistics = [Statistic<"numRecovered", "recovered", "activations">];
}

def RecoverEmbedding : Mixbit_SimplifyPass<"recover-embedding"> {
  let summary = "Gathers of rows of a constant matrix become embeddings";
  let description = [{
    ```mlir
    %e = mixbit.gather %table, %ids {axis = 0 : i64} : (tensor<30522x384xf32>, tensor<?x?xi64>) -> tensor<?x?x384xf32>
    // becomes
    %e = mixbit.embedding %table, %ids : (tensor<30522x384xf32>, tensor<?x?xi64>) -> tensor<?x?x384xf32>
    ```
  }];
  let statistics = [Statistic<"numRecovered", "recovered", "embeddings">];
}

def RecoverLinear : Mixbit_SimplifyPass<"recover-linear"> {
  let summary = "Products with a constant matrix become linears";
  let description = [{
    The weight is transposed to [N, K] where the file has it [K, N], a
    following addition of a constant vector becomes the bias, and a reshape
    that only joins the leading dimensions before the product (and one that
    splits them after it) goes.

    ```mlir
    %m = mixbit.matmul %x, %w : (tensor<?x?x384xf32>, tensor<384x1536xf32>) -> tensor<?x?x1536xf32>
    %y = mixbit.binary %b, %m {kind = #mixbit.binary_kind<add>} : ...
    // becomes
    %y = mixbit.linear %x, %wt, %b : (tensor<?x?x384xf32>, tensor<1536x384xf32>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
    ```
  }];
  let statistics = [Statistic<"numRecovered", "recovered", "linears">];
}

def RecoverAttention : Mixbit_SimplifyPass<"recover-attention"> {
  let summary = "Attention out of its products, scales, masks and softmax";
  let description = [{
    Starts at a softmax over the last dimension whose result multiplies the
    values. Scales (on the scores, on queries or keys, before or after their
    reshapes) join into one. A mask that is a function of an integer mask
    [B, Sk] alone, 0 where that is one and -1e4 or less where it is zero,
    becomes `keep`; any other becomes `additive`; one that is the same
    everywhere goes. Reshapes and transposes that split heads are undone by
    their inverses, which fold-graph then cancels.

    ```mlir
    %o = mixbit.attention %q, %k, %v mask %m {heads = 12 : i64, scale = 0.125 : f32, mask_kind = #mixbit.mask_kind<keep>} : ...
    ```
  }];
  let statistics = [Statistic<"numRecovered", "recovered", "attentions">];
}

def VerifyGraph : Mixbit_SimplifyPass<"verify-graph"> {
  let summary = "Checks the contract of the graph level";
  let description = [{
    Only mixbit graph operations, arith.constant and func.return remain; the
    symbolic shape of every value can be inferred and agrees with its type;
    constants hold as many bytes as their types say. What does not fit is
    named with the ONNX node it came from.
  }];
}

def ExposeLayers : Mixbit_SimplifyPass<"expose-layers"> {
  let summary = "Outputs of linears as outputs of the network";
  let description = [{
    What each linear layer of a constant weight computes becomes a result of
    the function, named by the weight (with .1, .2 behind it where a name is
    taken), so that two libraries can be compared layer by layer. Part of the
    stage with `compile --expose-layers`.

    ```mlir
    %y = mixbit.linear %x, %w, %b : ...
    %z = mixbit.linear %y, %v : ...
    return %z
    // becomes
    return %z, %y, %z
    ```
  }];
  let statistics = [Statistic<"numExposed", "exposed", "layers">];
}

def TrimPadding : Mixbit_SimplifyPass<"trim-padding"> {
  let summary = "Allows runs to leave out what an attention mask hides";
  let description = [{
    Proves that no kept position depends on how many positions follow it, and
    records the input of the mask and the symbol of the sequence's length for
    the runtime, which computes with the longest length that a sample keeps.
    Positions may meet in attention under that mask, in sums of what the mask
    was multiplied with, and where the first one is taken. Anything else is an
    error that names the node. Part of the stage with `compile --trim-padding`.

    ```mlir
    func.func @encoder(%ids: tensor<?x?xi64>, %mask: tensor<?x?xi64>) -> ...
    // becomes, where the sequence is symbol 1
    func.func @encoder(%ids: tensor<?x?xi64>, %mask: tensor<?x?xi64>) -> ...
        attributes {mixbit.trim = array<i64: 1, 1>}
    ```
  }];
}

#endif // MIXBIT_SIMPLIFY_PASSES
