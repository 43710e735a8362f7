//===- OnnxShape.td - Constants, shapes, data movement ------*- tablegen -*-===//
#ifndef ONNX_SHAPE_TD
#define ONNX_SHAPE_TD

include "OnnxDialect.td"

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def Onnx_ConstantOp : Onnx_Op<"constant", 1> {
  let summary = "An initializer or the value of a Constant node";
  let description = [{
    `value` is a `dense_resource` for initializers, whose bytes stay in the
    mapped file, and dense for small ones. `name` is the initializer's.

    ```mlir
    %w = onnx.constant {name = "w", value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value, OptionalAttr<StrAttr>:$name);
  let results = (outs Onnx_Tensor:$output);
  let hasVerifier = 1;
}

def Onnx_NoneOp : Op<Onnx_Dialect, "none", [Pure]> {
  let summary = "A missing optional input";
  let description = [{
    ```mlir
    %n = onnx.none : none
    ```
  }];
  let results = (outs NoneType:$output);
  let assemblyFormat = "attr-dict `:` type($output)";
}

def Onnx_ConstantOfShapeOp : Onnx_Op<"ConstantOfShape", 9> {
  let summary = "A tensor of one value everywhere";
  let description = link # [{
    `value` has one element; without it the result is float zeros.

    ```mlir
    %y = onnx.ConstantOfShape %shape {value = dense<1> : tensor<1xi64>} : (tensor<2xi64>) -> tensor<?x4xi64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, OptionalAttr<ElementsAttr>:$value);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_RangeOp : Onnx_Op<"Range", 11> {
  let summary = "start, start + delta, ... before limit";
  let description = link # [{
    ```mlir
    %y = onnx.Range %start, %limit, %delta : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$start, Onnx_Tensor:$limit,
                       Onnx_Tensor:$delta);
  let results = (outs Onnx_Tensor:$output);
}

//===----------------------------------------------------------------------===//
// Types and shapes
//===----------------------------------------------------------------------===//

def Onnx_IdentityOp : Onnx_Op<"Identity", 1> {
  let summary = "The input";
  let description = link # [{
    ```mlir
    %y = onnx.Identity %x : (tensor<?xf32>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_CastOp : Onnx_Op<"Cast", 6> {
  let summary = "Conversion of the element type";
  let description = link # [{
    `saturate` (opset 19) and `round_mode` (opset 24) concern float8 only.

    ```mlir
    %y = onnx.Cast %x {to = f32} : (tensor<?xi64>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, TypeAttr:$to,
                       DefaultValuedAttr<I64Attr, "1">:$saturate,
                       OptionalAttr<StrAttr>:$round_mode);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_CastLikeOp : Onnx_Op<"CastLike", 15> {
  let summary = "Conversion to the element type of another tensor";
  let description = link # [{
    ```mlir
    %y = onnx.CastLike %x, %like : (tensor<?xi64>, tensor<f32>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, Onnx_Tensor:$target_type,
                       DefaultValuedAttr<I64Attr, "1">:$saturate,
                       OptionalAttr<StrAttr>:$round_mode);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_ShapeOp : Onnx_Op<"Shape", 1> {
  let summary = "The shape, or a range of it, as data";
  let description = link # [{
    `start` and `end` since opset 15.

    ```mlir
    %y = onnx.Shape %x {start = 1 : i64} : (tensor<?x?xf32>) -> tensor<1xi64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data,
                       DefaultValuedAttr<I64Attr, "0">:$start,
                       OptionalAttr<I64Attr>:$end);
  let results = (outs Onnx_Tensor:$shape);
}

def Onnx_SizeOp : Onnx_Op<"Size", 1> {
  let summary = "The number of elements, as data";
  let description = link # [{
    ```mlir
    %y = onnx.Size %x : (tensor<?x?xf32>) -> tensor<i64>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data);
  let results = (outs Onnx_Tensor:$size);
}

def Onnx_ReshapeOp : Onnx_Op<"Reshape", 5> {
  let summary = "The same elements in another shape";
  let description = link # [{
    In `shape`, -1 stands for what is left, and 0, without `allowzero`, for
    the extent of the data there.

    ```mlir
    %y = onnx.Reshape %x, %shape : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$shape,
                       DefaultValuedAttr<I64Attr, "0">:$allowzero);
  let results = (outs Onnx_Tensor:$reshaped);
}

def Onnx_FlattenOp : Onnx_Op<"Flatten", 1> {
  let summary = "A matrix: dimensions before the axis, and from it on";
  let description = link # [{
    ```mlir
    %y = onnx.Flatten %x {axis = 1 : i64} : (tensor<?x2x4xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input,
                       DefaultValuedAttr<I64Attr, "1">:$axis);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_SqueezeOp : Onnx_Op<"Squeeze", 1> {
  let summary = "Without dimensions of extent 1";
  let description = link # [{
    `axes` was an attribute before opset 13; without it every dimension of
    extent 1 goes.

    ```mlir
    %y = onnx.Squeeze %x, %axes : (tensor<?x1x4xf32>, tensor<1xi64>) -> tensor<?x4xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$data, Onnx_OptionalTensor:$axes);
  let results = (outs Onnx_Tensor:$squeezed);
}

def Onnx_UnsqueezeOp : Onnx_Op<"Unsqueeze", 1> {
  let summary = "With further dimensions of extent 1";
  let description = link # [{
    `axes` index the result; an attribute before opset 13.

    ```mlir
    %y = onnx.Unsqueeze %x, %axes : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?x1x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$axes);
  let results = (outs Onnx_Tensor:$expanded);
}

def Onnx_ExpandOp : Onnx_Op<"Expand", 8> {
  let summary = "Broadcast with a shape, in both directions";
  let description = link # [{
    ```mlir
    %y = onnx.Expand %x, %shape : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, Onnx_Tensor:$shape);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_TransposeOp : Onnx_Op<"Transpose", 1> {
  let summary = "Permutation of the dimensions";
  let description = link # [{
    Without `perm` the dimensions are reversed.

    ```mlir
    %y = onnx.Transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data,
                       OptionalAttr<DenseI64ArrayAttr>:$perm);
  let results = (outs Onnx_Tensor:$transposed);
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

def Onnx_ConcatOp : Onnx_Op<"Concat", 4> {
  let summary = "Inputs one after another along an axis";
  let description = link # [{
    ```mlir
    %y = onnx.Concat %a, %b {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
    ```
  }];
  let arguments = (ins Variadic<Onnx_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Onnx_Tensor:$concat_result);
}

def Onnx_SplitOp : Onnx_Op<"Split", 2> {
  let summary = "Parts along an axis";
  let description = link # [{
    `split` (an attribute before opset 13) lists the parts' extents; without
    it they are equal, and with `num_outputs` (opset 18) the last one may be
    smaller.

    ```mlir
    %a, %b = onnx.Split %x, %none {axis = 1 : i64} : (tensor<?x8xf32>, none) -> (tensor<?x4xf32>, tensor<?x4xf32>)
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$input, Onnx_OptionalTensor:$split,
                       DefaultValuedAttr<I64Attr, "0">:$axis,
                       OptionalAttr<I64Attr>:$num_outputs);
  let results = (outs Variadic<Onnx_Tensor>:$outputs);
}

def Onnx_SliceOp : Onnx_Op<"Slice", 10> {
  let summary = "Elements from start to end by steps";
  let description = link # [{
    Starts and ends count from the end where negative, and are clamped.

    ```mlir
    %y = onnx.Slice %x, %starts, %ends, %axes, %none
        : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<?x4xf32>
    ```
  }];
  let required = 3;
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$starts,
                       Onnx_Tensor:$ends, Onnx_OptionalTensor:$axes,
                       Onnx_OptionalTensor:$steps);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_GatherOp : Onnx_Op<"Gather", 1> {
  let summary = "Slices of the data at indices along an axis";
  let description = link # [{
    ```mlir
    %y = onnx.Gather %x, %indices {axis = 0 : i64} : (tensor<100x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$indices,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_GatherElementsOp : Onnx_Op<"GatherElements", 11> {
  let summary = "An element of the data for each index, along an axis";
  let description = link # [{
    ```mlir
    %y = onnx.GatherElements %x, %indices {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$indices,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_GatherNDOp : Onnx_Op<"GatherND", 11> {
  let summary = "Slices of the data at index tuples";
  let description = link # [{
    The last dimension of `indices` holds the tuples. `batch_dims` since
    opset 12.

    ```mlir
    %y = onnx.GatherND %x, %indices : (tensor<?x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$indices,
                       DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_ScatterNDOp : Onnx_Op<"ScatterND", 11> {
  let summary = "The data, with slices at index tuples replaced";
  let description = link # [{
    `reduction` (opset 16) is `none`, `add`, `mul`, `max` or `min`.

    ```mlir
    %y = onnx.ScatterND %x, %indices, %updates
        : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$indices,
                       Onnx_Tensor:$updates,
                       DefaultValuedStrAttr<StrAttr, "none">:$reduction);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_TileOp : Onnx_Op<"Tile", 6> {
  let summary = "The input repeated along its dimensions";
  let description = link # [{
    ```mlir
    %y = onnx.Tile %x, %repeats : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x16xf32>
    ```
  }];
  let arguments = (ins Onnx_Tensor:$input, Onnx_Tensor:$repeats);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_TriluOp : Onnx_Op<"Trilu", 14> {
  let summary = "The upper or lower triangle, zeros elsewhere";
  let description = link # [{
    ```mlir
    %y = onnx.Trilu %x, %none {upper = 0 : i64} : (tensor<?x8x8xf32>, none) -> tensor<?x8x8xf32>
    ```
  }];
  let required = 1;
  let arguments = (ins Onnx_Tensor:$input, Onnx_OptionalTensor:$k,
                       DefaultValuedAttr<I64Attr, "1">:$upper);
  let results = (outs Onnx_Tensor:$output);
}

def Onnx_PadOp : Onnx_Op<"Pad", 2> {
  let summary = "The data with a margin";
  let description = link # [{
    `pads` lists the begins, then the ends, of `axes` (opset 18) or of all
    dimensions. `mode` is `constant`, `reflect`, `edge` or `wrap`.

    ```mlir
    %y = onnx.Pad %x, %pads, %none, %none : (tensor<?x8xf32>, tensor<4xi64>, none, none) -> tensor<?x10xf32>
    ```
  }];
  let required = 2;
  let arguments = (ins Onnx_Tensor:$data, Onnx_Tensor:$pads,
                       Onnx_OptionalTensor:$constant_value,
                       Onnx_OptionalTensor:$axes,
                       DefaultValuedStrAttr<StrAttr, "constant">:$mode);
  let results = (outs Onnx_Tensor:$output);
}

#endif // ONNX_SHAPE_TD
