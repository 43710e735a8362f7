//===- OnnxContrib.td - Operators of the domain com.microsoft -*- tablegen -*-//
#ifndef ONNX_CONTRIB_TD
#define ONNX_CONTRIB_TD

include "OnnxDialect.td"

/// `name` is the operator's; the operation is `onnx.com.microsoft.NAME`.
class Onnx_ContribOp<string name> : Onnx_Op<"com.microsoft." # name, 1> {
  let link = "[com.microsoft." # name # "](https://github.com/microsoft/" #
      "onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft." # name #
      "), version 1.\n\n";
}

def Onnx_MicrosoftGeluOp : Onnx_ContribOp<"Gelu"> {
  let summary = "Gelu by erf";
  let description = link # [{
    ```mlir
    %y = onnx.com.microsoft.Gelu %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$X);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_MicrosoftBiasGeluOp : Onnx_ContribOp<"BiasGelu"> {
  let summary = "Gelu by erf of A + B";
  let description = link # [{
    B is a vector of the last dimension.

    ```mlir
    %y = onnx.com.microsoft.BiasGelu %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B);
  let results = (outs Onnx_Tensor:$C);
}

def Onnx_MicrosoftFastGeluOp : Onnx_ContribOp<"FastGelu"> {
  let summary = "Gelu by tanh of X, or of X + bias";
  let description = link # [{
    ```mlir
    %y = onnx.com.microsoft.FastGelu %x, %none : (tensor<?x4xf32>, none) -> tensor<?x4xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$X, Onnx_OptionalTensor:$bias);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_MicrosoftSkipLayerNormalizationOp
    : Onnx_ContribOp<"SkipLayerNormalization"> {
  let summary = "Layer normalization of input + skip + bias";
  let description = link # [{
    The further results are mean, inverse standard deviation, and the sum that
    was normalized.

    ```mlir
    %y = onnx.com.microsoft.SkipLayerNormalization %x, %skip, %gamma, %beta, %none
        : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, none) -> tensor<?x?x4xf32>
    ```
  }];
  let required = 3;
  let arguments = (ins Onnx_Tensor:$input, Onnx_Tensor:$skip,
                       Onnx_Tensor:$gamma, Onnx_OptionalTensor:$beta,
                       Onnx_OptionalTensor:$bias,
                       DefaultValuedAttr<F32Attr, "1.0e-12f">:$epsilon);
  let results = (outs Onnx_Tensor:$output, Variadic<Onnx_Tensor>:$further);
}

def Onnx_MicrosoftEmbedLayerNormalizationOp
    : Onnx_ContribOp<"EmbedLayerNormalization"> {
  let summary = "Layer normalization of the sum of a BERT's embeddings";
  let description = link # [{
    Ids are INT32 [batch, sequence]. Results: the output, the number of
    unmasked positions of each sample (zeros without a mask), and the sum.
    Without `position_ids`, positions count from 0.

    ```mlir
    %y, %m = onnx.com.microsoft.EmbedLayerNormalization %ids, %none, %w, %p, %none, %gamma, %beta, %none, %none
        : (tensor<?x?xi32>, none, tensor<99x4xf32>, tensor<16x4xf32>, none, tensor<4xf32>, tensor<4xf32>, none, none)
        -> (tensor<?x?x4xf32>, tensor<?xi32>)
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$input_ids,
                       Onnx_OptionalTensor:$segment_ids,
                       Onnx_Tensor:$word_embedding,
                       Onnx_Tensor:$position_embedding,
                       Onnx_OptionalTensor:$segment_embedding,
                       Onnx_Tensor:$gamma, Onnx_Tensor:$beta,
                       Onnx_OptionalTensor:$mask,
                       Onnx_OptionalTensor:$position_ids,
                       DefaultValuedAttr<F32Attr, "1.0e-12f">:$epsilon,
                       DefaultValuedAttr<I64Attr, "0">:$mask_index_type);
  let results = (outs Onnx_Tensor:$output, Variadic<Onnx_Tensor>:$further);
}

def Onnx_MicrosoftMatMulNBitsOp : Onnx_ContribOp<"MatMulNBits"> {
  let summary = "A times the transpose of a weight of few bits";
  let description = link # [{
    `B` is [N, ceil(K / block_size), block_size bits / 8] bytes, low bits
    first; `scales` [N, blocks], or flat; `zero_points` packed bytes or of A's
    type; missing, they are 2^(bits - 1).

    ```mlir
    %y = onnx.com.microsoft.MatMulNBits %a, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, bits = 4 : i64, block_size = 32 : i64}
        : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<?x8xf32>
    ```
  }];
  let required = 3;
  let arguments = (ins Onnx_Tensor:$A, Onnx_Tensor:$B, Onnx_Tensor:$scales,
                       Onnx_OptionalTensor:$zero_points,
                       Onnx_OptionalTensor:$g_idx, Onnx_OptionalTensor:$bias,
                       I64Attr:$K, I64Attr:$N,
                       DefaultValuedAttr<I64Attr, "4">:$bits,
                       I64Attr:$block_size,
                       DefaultValuedAttr<I64Attr, "0">:$accuracy_level,
                       DefaultValuedAttr<I64Attr, "0">:$weight_prepacked);
  let results = (outs Onnx_Tensor:$Y);
}

def Onnx_MicrosoftGatherBlockQuantizedOp
    : Onnx_ContribOp<"GatherBlockQuantized"> {
  let summary = "Rows of a table of few bits, dequantized";
  let description = link # [{
    `data` is [V, D] of INT4 or UINT4, or UINT8 with `bits` 2, 4 or 8 packed
    along D, low bits first; `scales` [V, ceil(D / block_size)]. Zero points have
    the type of `data` and are packed as it is; missing, they are 0, for UINT8
    2^(bits - 1). Rows are gathered (`gather_axis` 0), blocks lie along them
    (`quantize_axis` 1). Indices outside of the table are an error at run time.

    ```mlir
    %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64}
        : (tensor<99x64xi4>, tensor<?x?xi64>, tensor<99x2xf32>, none) -> tensor<?x?x64xf32>
    ```
  }];
  let required = 3;
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$indices,
                       Onnx_Tensor:$scales, Onnx_OptionalTensor:$zero_points,
                       DefaultValuedAttr<I64Attr, "4">:$bits,
                       DefaultValuedAttr<I64Attr, "128">:$block_size,
                       DefaultValuedAttr<I64Attr, "0">:$gather_axis,
                       DefaultValuedAttr<I64Attr, "1">:$quantize_axis);
  let results = (outs Onnx_Tensor:$output);
}

#endif // ONNX_CONTRIB_TD
