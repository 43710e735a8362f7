//===- OnnxQuantization.td - Quantized data as ONNX has it --*- tablegen -*-===//
#ifndef ONNX_QUANTIZATION_TD
#define ONNX_QUANTIZATION_TD

include "OnnxDialect.td"

def Onnx_QuantizeLinearOp : Onnx_Op<"QuantizeLinear", 10> {
  let summary = "round(x / scale) + zero point, saturated";
  let description = link # [{
    The scale is a scalar, a vector along `axis` (opset 13), or blocked along
    it (`block_size`, opset 21). Rounding is half to even. A missing zero point
    is 0, and the result then UINT8 unless `output_dtype` says otherwise. Codes
    may be INT4 and UINT4 (opset 21), INT2 and UINT2 (opset 25).

    ```mlir
    %y = onnx.QuantizeLinear %x, %scale, %zero : (tensor<?x4xf32>, tensor<f32>, tensor<i8>) -> tensor<?x4xi8>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$x, Onnx_Tensor:$y_scale,
                       Onnx_OptionalTensor:$y_zero_point,
                       DefaultValuedAttr<I64Attr, "1">:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block_size,
                       OptionalAttr<TypeAttr>:$output_dtype,
                       OptionalAttr<TypeAttr>:$precision,
                       DefaultValuedAttr<I64Attr, "1">:$saturate);
  let results = (outs Onnx_Tensor:$y);
}

def Onnx_DequantizeLinearOp : Onnx_Op<"DequantizeLinear", 10> {
  let summary = "(x - zero point) scale";
  let description = link # [{
    Scale and zero point as in `onnx.QuantizeLinear`; the result has the type
    of the scale.

    ```mlir
    %y = onnx.DequantizeLinear %x, %scale, %none : (tensor<?x4xi8>, tensor<f32>, none) -> tensor<?x4xf32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$x, Onnx_Tensor:$x_scale,
                       Onnx_OptionalTensor:$x_zero_point,
                       DefaultValuedAttr<I64Attr, "1">:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block_size,
                       OptionalAttr<TypeAttr>:$output_dtype);
  let results = (outs Onnx_Tensor:$y);
}

def Onnx_DynamicQuantizeLinearOp : Onnx_Op<"DynamicQuantizeLinear", 11> {
  let summary = "UINT8 codes, scale and zero point of the data's own range";
  let description = link # [{
    ```mlir
    %y, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<?x4xf32>) -> (tensor<?x4xui8>, tensor<f32>, tensor<ui8>)
    ```
  }];
  let arguments = (ins Onnx_Tensor:$x);
  let results = (outs Onnx_Tensor:$y, Onnx_Tensor:$y_scale,
                      Onnx_Tensor:$y_zero_point);
}

def Onnx_MatMulIntegerOp : Onnx_Op<"MatMulInteger", 10> {
  let summary = "(A - a_zero_point) (B - b_zero_point) in INT32";
  let description = link # [{
    Zero points are scalars, or a vector of rows of A, columns of B.

    ```mlir
    %y = onnx.MatMulInteger %a, %b, %az, %none
        : (tensor<?x8xui8>, tensor<8x4xi8>, tensor<ui8>, none) -> tensor<?x4xi32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B,
                       Onnx_OptionalTensor:$a_zero_point,
                       Onnx_OptionalTensor:$b_zero_point);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_QLinearMatMulOp : Onnx_Op<"QLinearMatMul", 10> {
  let summary = "The product of dequantized operands, quantized";
  let description = link # [{
    Scales and zero points are scalars, or vectors: of the rows of `a` and `y`,
    of the columns of `b`.

    ```mlir
    %y = onnx.QLinearMatMul %a, %as, %az, %b, %bs, %bz, %ys, %yz
        : (tensor<?x8xui8>, tensor<f32>, tensor<ui8>, tensor<8x4xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>)
        -> tensor<?x4xui8>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$a, Onnx_Tensor:$a_scale,
                       Onnx_Tensor:$a_zero_point, Onnx_Tensor:$b,
                       Onnx_Tensor:$b_scale, Onnx_Tensor:$b_zero_point,
                       Onnx_Tensor:$y_scale, Onnx_Tensor:$y_zero_point);
  let results = (outs Onnx_Tensor:$y);
}

def Onnx_ConvIntegerOp : Onnx_Op<"ConvInteger", 10> {
  let summary = "Convolution of x - x_zero_point and w - w_zero_point in INT32";
  let description = link # [{
    Attributes as in `onnx.Conv`; margins are `x_zero_point`. Zero points are
    scalars, `w_zero_point` also a vector of outputs.

    ```mlir
    %y = onnx.ConvInteger %x, %w, %xz, %none {pads = array<i64: 1, 1, 1, 1>}
        : (tensor<?x3x8x8xui8>, tensor<4x3x3x3xi8>, tensor<ui8>, none) -> tensor<?x4x8x8xi32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$x, Onnx_Tensor:$w,
                       Onnx_OptionalTensor:$x_zero_point,
                       Onnx_OptionalTensor:$w_zero_point,
                       DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DefaultValuedAttr<I64Attr, "1">:$group,
                       OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Tensor:$y);
}

def Onnx_QLinearConvOp : Onnx_Op<"QLinearConv", 10> {
  let summary = "The convolution of dequantized operands, quantized";
  let description = link # [{
    Attributes as in `onnx.Conv`. Scales and zero points are scalars, those of
    `w` also vectors of outputs. `B` is INT32, in steps of the product of both
    scales.

    ```mlir
    %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %none {pads = array<i64: 1, 1, 1, 1>}
        : (tensor<?x3x8x8xui8>, tensor<f32>, tensor<ui8>, tensor<4x3x3x3xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>, none)
        -> tensor<?x4x8x8xui8>
    ```
  }];
  let required = 8;
  let arguments = (ins Onnx_Tensor:$x, Onnx_Tensor:$x_scale,
                       Onnx_Tensor:$x_zero_point, Onnx_Tensor:$w,
                       Onnx_Tensor:$w_scale, Onnx_Tensor:$w_zero_point,
                       Onnx_Tensor:$y_scale, Onnx_Tensor:$y_zero_point,
                       Onnx_OptionalTensor:$B,
                       DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DefaultValuedAttr<I64Attr, "1">:$group,
                       OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Tensor:$y);
}

#endif // ONNX_QUANTIZATION_TD
