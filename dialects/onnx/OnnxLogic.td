//===- OnnxLogic.td - Comparisons, booleans, selection ------*- tablegen -*-===//
#ifndef ONNX_LOGIC_TD
#define ONNX_LOGIC_TD

include "OnnxDialect.td"

class Onnx_Compare<string mnemonic, int since, string formula>
    : Onnx_Op<mnemonic, since> {
  let summary = formula # ", with broadcasting";
  let description = link # [{
    ```mlir
    %c = onnx.}] # mnemonic # [{ %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B);
  let results = (outs Onnx_Tensor:$C);
}
def Onnx_EqualOp : Onnx_Compare<"Equal", 7, "a = b">;
def Onnx_GreaterOp : Onnx_Compare<"Greater", 7, "a > b">;
def Onnx_GreaterOrEqualOp : Onnx_Compare<"GreaterOrEqual", 12, "a >= b">;
def Onnx_LessOp : Onnx_Compare<"Less", 7, "a < b">;
def Onnx_LessOrEqualOp : Onnx_Compare<"LessOrEqual", 12, "a <= b">;

class Onnx_Logical<string mnemonic, string formula> : Onnx_Op<mnemonic, 7> {
  let summary = formula # " of booleans, with broadcasting";
  let description = link # [{
    ```mlir
    %c = onnx.}] # mnemonic # [{ %a, %b : (tensor<?x4xi1>, tensor<4xi1>) -> tensor<?x4xi1>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B);
  let results = (outs Onnx_Tensor:$C);
}
def Onnx_AndOp : Onnx_Logical<"And", "Conjunction">;
def Onnx_OrOp : Onnx_Logical<"Or", "Disjunction">;
def Onnx_XorOp : Onnx_Logical<"Xor", "Exclusive disjunction">;

def Onnx_NotOp : Onnx_Op<"Not", 1> {
  let summary = "Negation of booleans";
  let description = link # [{
    ```mlir
    %y = onnx.Not %x : (tensor<?x4xi1>) -> tensor<?x4xi1>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_IsNaNOp : Onnx_Op<"IsNaN", 9> {
  let summary = "Whether an element is not a number";
  let description = link # [{
    ```mlir
    %y = onnx.IsNaN %x : (tensor<?x4xf32>) -> tensor<?x4xi1>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_WhereOp : Onnx_Op<"Where", 9> {
  let summary = "X where the condition holds, else Y, with broadcasting";
  let description = link # [{
    ```mlir
    %z = onnx.Where %c, %x, %y : (tensor<?x4xi1>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$condition, Onnx_Tensor:$X, Onnx_Tensor:$Y);
  let results = (outs Onnx_Tensor:$output);
}

#endif // ONNX_LOGIC_TD
