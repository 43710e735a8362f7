//===- OnnxNN.td - Normalization, convolution, pooling ------*- tablegen -*-===//
#ifndef ONNX_NN_TD
#define ONNX_NN_TD

include "OnnxDialect.td"

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

def Onnx_LayerNormalizationOp : Onnx_Op<"LayerNormalization", 17> {
  let summary = "Normalization over the dimensions from an axis on";
  let description = link # [{
    (x - mean) / sqrt(variance + epsilon) Scale + B. The further results, if
    any, are the mean and the inverse standard deviation.

    ```mlir
    %y = onnx.LayerNormalization %x, %scale, %b {epsilon = 1.0e-12 : f32}
        : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$X, Onnx_Tensor:$Scale,
                       Onnx_OptionalTensor:$B,
                       DefaultValuedAttr<I64Attr, "-1">:$axis,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon,
                       DefaultValuedAttr<I64Attr, "1">:$stash_type);
  let results = (outs Onnx_Tensor:$Y, Variadic<Onnx_Tensor>:$statistics);
}

def Onnx_RMSNormalizationOp : Onnx_Op<"RMSNormalization", 23> {
  let summary = "x / sqrt(mean of squares + epsilon) scale";
  let description = link # [{
    ```mlir
    %y = onnx.RMSNormalization %x, %scale : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X, Onnx_Tensor:$scale,
                       DefaultValuedAttr<I64Attr, "-1">:$axis,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon,
                       DefaultValuedAttr<I64Attr, "1">:$stash_type);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_BatchNormalizationOp : Onnx_Op<"BatchNormalization", 9> {
  let summary = "Normalization by stored statistics of each channel";
  let description = link # [{
    (X - input_mean) / sqrt(input_var + epsilon) scale + B, a channel (the
    second dimension). `training_mode` must be 0.

    ```mlir
    %y = onnx.BatchNormalization %x, %s, %b, %m, %v : (tensor<?x4x8x8xf32>, tensor<4xf32>,
        tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X, Onnx_Tensor:$scale, Onnx_Tensor:$B,
                       Onnx_Tensor:$input_mean, Onnx_Tensor:$input_var,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon,
                       DefaultValuedAttr<F32Attr, "0.9f">:$momentum,
                       DefaultValuedAttr<I64Attr, "0">:$training_mode);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_InstanceNormalizationOp : Onnx_Op<"InstanceNormalization", 6> {
  let summary = "Normalization of each channel of each sample";
  let description = link # [{
    ```mlir
    %y = onnx.InstanceNormalization %x, %s, %b
        : (tensor<?x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, Onnx_Tensor:$scale, Onnx_Tensor:$B,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_DropoutOp : Onnx_Op<"Dropout", 7> {
  let summary = "The identity: networks are compiled for inference";
  let description = link # [{
    `training_mode`, if present, must be false. The further result is the mask,
    all true. `ratio` was an attribute before opset 12.

    ```mlir
    %y = onnx.Dropout %x, %none, %none : (tensor<?x4xf32>, none, none) -> tensor<?x4xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$data, Onnx_OptionalTensor:$ratio,
                       Onnx_OptionalTensor:$training_mode,
                       OptionalAttr<I64Attr>:$seed);
  let results = (outs Onnx_Tensor:$output, Variadic<Onnx_Tensor>:$mask);
}

//===----------------------------------------------------------------------===//
// Convolution and pooling
//===----------------------------------------------------------------------===//

def Onnx_ConvOp : Onnx_Op<"Conv", 1> {
  let summary = "Convolution of [batch, channels, spatial...]";
  let description = link # [{
    `W` is [outputs, channels/group, window...]. Missing `strides` and
    `dilations` are 1, missing `pads` 0. `auto_pad` is NOTSET, VALID,
    SAME_UPPER or SAME_LOWER.

    ```mlir
    %y = onnx.Conv %x, %w, %none {pads = array<i64: 1, 1, 1, 1>}
        : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>, none) -> tensor<?x4x8x8xf32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$X, Onnx_Tensor:$W, Onnx_OptionalTensor:$B,
                       DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DefaultValuedAttr<I64Attr, "1">:$group,
                       OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_MaxPoolOp : Onnx_Op<"MaxPool", 8> {
  let summary = "Maximum over a sliding window";
  let description = link # [{
    One result only: the indices of the maxima are not supported, nor is
    `storage_order` 1, which concerns them.

    ```mlir
    %y = onnx.MaxPool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
        : (tensor<?x4x8x8xf32>) -> tensor<?x4x4x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X,
                       DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
                       DefaultValuedAttr<I64Attr, "0">:$ceil_mode,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DenseI64ArrayAttr:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       DefaultValuedAttr<I64Attr, "0">:$storage_order,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_AveragePoolOp : Onnx_Op<"AveragePool", 7> {
  let summary = "Mean over a sliding window";
  let description = link # [{
    ```mlir
    %y = onnx.AveragePool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
        : (tensor<?x4x8x8xf32>) -> tensor<?x4x4x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X,
                       DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
                       DefaultValuedAttr<I64Attr, "0">:$ceil_mode,
                       DefaultValuedAttr<I64Attr, "0">:$count_include_pad,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DenseI64ArrayAttr:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Tensor:$Y);
}

class Onnx_GlobalPool<string mnemonic, string formula>
    : Onnx_Op<mnemonic, 1> {
  let summary = formula # " over all spatial dimensions";
  let description = link # [{
    ```mlir
    %y = onnx.}] # mnemonic # [{ %x : (tensor<?x4x8x8xf32>) -> tensor<?x4x1x1xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X);
  let results = (outs Onnx_Tensor:$Y);
}
def Onnx_GlobalAveragePoolOp : Onnx_GlobalPool<"GlobalAveragePool", "Mean">;
def Onnx_GlobalMaxPoolOp : Onnx_GlobalPool<"GlobalMaxPool", "Maximum">;

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Onnx_AttentionOp : Onnx_Op<"Attention", 23> {
  let summary = "softmax(scale Q K' + mask) V";
  let description = link # [{
    Q, K and V are [batch, heads, length, head size], or [batch, length,
    heads x head size] with `q_num_heads` and `kv_num_heads`. `attn_mask`
    broadcasts to [batch, heads, q length, total length]: booleans keep,
    floats are added. A missing `scale` is 1/sqrt(head size). Not supported:
    a cache (`past_key`, `past_value` and the results that go with them) and
    the scores as a result (`qk_matmul_output_mode`).

    ```mlir
    %y = onnx.Attention %q, %k, %v, %mask, %none, %none {kv_num_heads = 2 : i64, q_num_heads = 2 : i64}
        : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x1x?x?xi1>, none, none) -> tensor<?x?x8xf32>
    ```
  }];
  let required = 3;
  let arguments = (ins Onnx_Tensor:$Q, Onnx_Tensor:$K, Onnx_Tensor:$V,
                       Onnx_OptionalTensor:$attn_mask,
                       Onnx_OptionalTensor:$past_key,
                       Onnx_OptionalTensor:$past_value,
                       DefaultValuedAttr<I64Attr, "0">:$is_causal,
                       OptionalAttr<I64Attr>:$kv_num_heads,
                       OptionalAttr<I64Attr>:$q_num_heads,
                       DefaultValuedAttr<I64Attr, "0">:$qk_matmul_output_mode,
                       OptionalAttr<F32Attr>:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       OptionalAttr<I64Attr>:$softmax_precision);
  let results = (outs Onnx_Tensor:$Y);
}

#endif // ONNX_NN_TD
