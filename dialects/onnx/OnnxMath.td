//===- OnnxMath.td - Arithmetic, products, reductions -------*- tablegen -*-===//
#ifndef ONNX_MATH_TD
#define ONNX_MATH_TD

include "OnnxDialect.td"

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class Onnx_Unary<string mnemonic, int since, string formula>
    : Onnx_Op<mnemonic, since> {
  let summary = formula # " of every element";
  let description = link # [{
    ```mlir
    %y = onnx.}] # mnemonic # [{ %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X);
  let results = (outs Onnx_Tensor:$Y);
}
def Onnx_AbsOp : Onnx_Unary<"Abs", 1, "|x|">;
def Onnx_CeilOp : Onnx_Unary<"Ceil", 1, "The next integer up">;
def Onnx_CosOp : Onnx_Unary<"Cos", 7, "cos(x)">;
def Onnx_ErfOp : Onnx_Unary<"Erf", 9, "The error function">;
def Onnx_ExpOp : Onnx_Unary<"Exp", 1, "exp(x)">;
def Onnx_FloorOp : Onnx_Unary<"Floor", 1, "The next integer down">;
def Onnx_LogOp : Onnx_Unary<"Log", 1, "The natural logarithm">;
def Onnx_NegOp : Onnx_Unary<"Neg", 1, "-x">;
def Onnx_ReciprocalOp : Onnx_Unary<"Reciprocal", 1, "1/x">;
def Onnx_ReluOp : Onnx_Unary<"Relu", 1, "max(x, 0)">;
def Onnx_RoundOp : Onnx_Unary<"Round", 11, "The nearest integer, half to even,">;
def Onnx_SigmoidOp : Onnx_Unary<"Sigmoid", 1, "1/(1 + exp(-x))">;
def Onnx_SignOp : Onnx_Unary<"Sign", 9, "The sign">;
def Onnx_SinOp : Onnx_Unary<"Sin", 7, "sin(x)">;
def Onnx_SqrtOp : Onnx_Unary<"Sqrt", 1, "The square root">;
def Onnx_TanhOp : Onnx_Unary<"Tanh", 1, "tanh(x)">;

def Onnx_GeluOp : Onnx_Op<"Gelu", 20> {
  let summary = "x Phi(x), exact or by tanh";
  let description = link # [{
    `approximate` is `none` (by erf) or `tanh`.

    ```mlir
    %y = onnx.Gelu %x {approximate = "tanh"} : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X,
                       DefaultValuedStrAttr<StrAttr, "none">:$approximate);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_ClipOp : Onnx_Op<"Clip", 1> {
  let summary = "min(max(x, min), max)";
  let description = link # [{
    The bounds are scalars (operands since opset 11).

    ```mlir
    %y = onnx.Clip %x, %min, %none : (tensor<?x4xf32>, tensor<f32>, none) -> tensor<?x4xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$input, Onnx_OptionalTensor:$min,
                       Onnx_OptionalTensor:$max);
  let results = (outs Onnx_Tensor:$output);
}

class Onnx_Binary<string mnemonic, int since, string formula>
    : Onnx_Op<mnemonic, since> {
  let summary = formula # ", with broadcasting";
  let description = link # [{
    ```mlir
    %c = onnx.}] # mnemonic # [{ %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B);
  let results = (outs Onnx_Tensor:$C);
}
def Onnx_AddOp : Onnx_Binary<"Add", 7, "a + b">;
def Onnx_DivOp : Onnx_Binary<"Div", 7, "a / b (integers: towards zero)">;
def Onnx_MulOp : Onnx_Binary<"Mul", 7, "a b">;
def Onnx_PowOp : Onnx_Binary<"Pow", 7, "a to the power b, of a's type">;
def Onnx_SubOp : Onnx_Binary<"Sub", 7, "a - b">;

def Onnx_ModOp : Onnx_Op<"Mod", 10> {
  let summary = "Remainder, with broadcasting";
  let description = link # [{
    The sign is b's, or with `fmod` 1 (required for floats) a's.

    ```mlir
    %c = onnx.Mod %a, %b {fmod = 1 : i64} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B,
                       DefaultValuedAttr<I64Attr, "0">:$fmod);
  let results = (outs Onnx_Tensor:$C);
}

class Onnx_Variadic<string mnemonic, int since, string formula>
    : Onnx_Op<mnemonic, since> {
  let summary = formula # " of all inputs, with broadcasting";
  let description = link # [{
    At least one input.

    ```mlir
    %c = onnx.}] # mnemonic # [{ %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Variadic<Onnx_Tensor>:$inputs);
  let results = (outs Onnx_Tensor:$output);
}
def Onnx_MaxOp : Onnx_Variadic<"Max", 8, "The maximum">;
def Onnx_MinOp : Onnx_Variadic<"Min", 8, "The minimum">;
def Onnx_SumOp : Onnx_Variadic<"Sum", 8, "The sum">;

def Onnx_CumSumOp : Onnx_Op<"CumSum", 11> {
  let summary = "Sums of all elements up to each";
  let description = link # [{
    `axis` is a scalar. `exclusive` leaves the element itself out, `reverse`
    starts at the end.

    ```mlir
    %y = onnx.CumSum %x, %axis {exclusive = 1 : i64} : (tensor<?x4xi64>, tensor<i64>) -> tensor<?x4xi64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$x, Onnx_Tensor:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$exclusive,
                       DefaultValuedAttr<I64Attr, "0">:$reverse);
  let results = (outs Onnx_Tensor:$y);
}

class Onnx_SoftmaxLike<string mnemonic, string formula>
    : Onnx_Op<mnemonic, 1> {
  let summary = formula # " along an axis";
  let description = link # [{
    Before opset 13 all dimensions from `axis` (then 1) on were one; such
    files are read where both meanings agree.

    ```mlir
    %y = onnx.}] # mnemonic # [{ %x {axis = -1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input,
                       DefaultValuedAttr<I64Attr, "-1">:$axis);
  let results = (outs Onnx_Tensor:$output);
}
def Onnx_SoftmaxOp : Onnx_SoftmaxLike<"Softmax", "exp(x) / sum exp(x)">;
def Onnx_LogSoftmaxOp
    : Onnx_SoftmaxLike<"LogSoftmax", "x - log sum exp(x)">;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def Onnx_MatMulOp : Onnx_Op<"MatMul", 1> {
  let summary = "Product of matrices, with numpy's broadcasting";
  let description = link # [{
    ```mlir
    %y = onnx.MatMul %a, %b : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_GemmOp : Onnx_Op<"Gemm", 7> {
  let summary = "alpha A' B' + beta C";
  let description = link # [{
    A' is A, or with `transA` its transpose; B' alike. C broadcasts.

    ```mlir
    %y = onnx.Gemm %a, %b, %c {transB = 1 : i64} : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B, Onnx_OptionalTensor:$C,
                       DefaultValuedAttr<F32Attr, "1.0f">:$alpha,
                       DefaultValuedAttr<F32Attr, "1.0f">:$beta,
                       DefaultValuedAttr<I64Attr, "0">:$transA,
                       DefaultValuedAttr<I64Attr, "0">:$transB);
  let results = (outs Onnx_Tensor:$Y);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

class Onnx_Reduce<string mnemonic, string formula> : Onnx_Op<mnemonic, 1> {
  let summary = formula # " over axes";
  let description = link # [{
    `axes` is a constant vector; without it (or with an empty one) all
    dimensions are reduced, or, with `noop_with_empty_axes`, none. It was an
    attribute before opset 18 (ReduceSum: 13).

    ```mlir
    %y = onnx.}] # mnemonic # [{ %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$data, Onnx_OptionalTensor:$axes,
                       DefaultValuedAttr<I64Attr, "1">:$keepdims,
                       DefaultValuedAttr<I64Attr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Tensor:$reduced);
}
def Onnx_ReduceMaxOp : Onnx_Reduce<"ReduceMax", "The maximum">;
def Onnx_ReduceMeanOp : Onnx_Reduce<"ReduceMean", "The mean">;
def Onnx_ReduceMinOp : Onnx_Reduce<"ReduceMin", "The minimum">;
def Onnx_ReduceProdOp : Onnx_Reduce<"ReduceProd", "The product">;
def Onnx_ReduceSumOp : Onnx_Reduce<"ReduceSum", "The sum">;

def Onnx_ArgMaxOp : Onnx_Op<"ArgMax", 1> {
  let summary = "Index of the largest element along an axis";
  let description = link # [{
    Of equal elements the first one, or with `select_last_index` the last.

    ```mlir
    %y = onnx.ArgMax %x {axis = 1 : i64, keepdims = 0 : i64} : (tensor<?x4xf32>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data,
                       DefaultValuedAttr<I64Attr, "0">:$axis,
                       DefaultValuedAttr<I64Attr, "1">:$keepdims,
                       DefaultValuedAttr<I64Attr, "0">:$select_last_index);
  let results = (outs Onnx_Tensor:$reduced);
}

#endif // ONNX_MATH_TD
