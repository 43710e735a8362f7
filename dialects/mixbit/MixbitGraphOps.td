//===- MixbitGraphOps.td - What the network does ------------*- tablegen -*-===//
#ifndef MIXBIT_GRAPH_OPS_TD
#define MIXBIT_GRAPH_OPS_TD

include "MixbitAttrs.td"
include "MixbitInterfaces.td"
include "MixbitTypes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Mixbit_Op<string mnemonic, list<Trait> traits = []>
    : Op<Mixbit_Dialect, mnemonic, traits>;

class Mixbit_GraphOp<string mnemonic, list<Trait> traits = []>
    : Mixbit_Op<mnemonic,
        !listconcat([Pure,
          DeclareOpInterfaceMethods<Mixbit_SymbolicShapeOpInterface>],
          traits)> {
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Constants and shapes
//===----------------------------------------------------------------------===//

def Mixbit_QuantizedConstantOp : Mixbit_GraphOp<"quantized_constant"> {
  let summary = "A quantized weight: codes, scales and zero points";
  let description = [{
    `codes` holds the canonical payload: rows one after the other, each row's
    codes of `getCodeBits()` bits packed low bits first and padded to a whole
    byte. `scales` (and `zeros`) have one element a group, in the order of the
    groups' rows and columns: shape ceil(R/r) x ceil(C/c) for a matrix and
    groups of r x c (tail groups are smaller). A tensor of rank other than two
    is viewed as [first dimension, product of the others].

    For a mixed type the segments' payloads, each laid out as a matrix of its
    own, follow one another in `codes`, of one dimension, and their groups in
    `scales` and `zeros`; float segments are stored as they are. Where segments
    have scales of different types, `scales` are f32, each a value that its
    segment's type can hold; segments without zero points have none in `zeros`.

    ```mlir
    %w = mixbit.quantized_constant
        codes(dense<[[0x21, 0x43], [0x65, 0x07]]> : tensor<2x2xi8>)
        scales(dense<0.5> : tensor<2x1xf32>)
        : tensor<2x4x!mixbit.int<4, group = [1, 0], scale = f32>>
    ```
  }];
  let arguments = (ins ElementsAttr:$codes, ElementsAttr:$scales,
                       OptionalAttr<ElementsAttr>:$zeros);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    `codes` `(` $codes `)` `scales` `(` $scales `)`
    (`zeros` `(` $zeros^ `)`)? attr-dict `:` type($result)
  }];
}

def Mixbit_DimValueOp : Mixbit_GraphOp<"dim_value"> {
  let summary = "A symbolic dimension used as data";
  let description = [{
    An integer tensor of rank 0 or 1 whose elements are the map's results over
    the function's symbols.

    ```mlir
    %n = mixbit.dim_value {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
    ```
  }];
  let arguments = (ins AffineMapAttr:$values);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_IotaOp : Mixbit_GraphOp<"iota"> {
  let summary = "start, start + step, ... along one dimension";
  let description = [{
    `size` is the symbolic extent of the one dimension.

    ```mlir
    %p = mixbit.iota {size = affine_map<()[s0, s1] -> (s1)>, start = 0 : i64, step = 1 : i64}
        : () -> tensor<?xi64>
    ```
  }];
  let arguments = (ins AffineMapAttr:$size, I64Attr:$start, I64Attr:$step);
  let results = (outs AnyRankedTensor:$result);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

def Mixbit_LinearOp : Mixbit_GraphOp<"linear"> {
  let summary = "x times the transposed weight, plus bias";
  let description = [{
    `weight` is [N, K], a row an output; `x` is [..., K], the result [..., N].
    The weight is a float tensor (of f16 or bf16 also where x is of f32, whose
    products it then enters as f32) or of a quantized element type; with
    `activations` the rows of x are quantized as it says before an integer
    product. `sensitivity` and `format` are annotations of the weight.

    ```mlir
    %y = mixbit.linear %x, %w, %b {activations = #mixbit.activations<8, per_token, dynamic>}
        : (tensor<?x?x384xf32>, tensor<1536x384x!mixbit.int<8, group = [1, 0], scale = f32>>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$bias,
                       OptionalAttr<Mixbit_ActivationsAttr>:$activations,
                       OptionalAttr<Mixbit_SensitivityAttr>:$sensitivity,
                       OptionalAttr<Mixbit_FormatAttr>:$format);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_QuantizeRowsOp : Mixbit_GraphOp<"quantize_rows"> {
  let summary = "Quantizes each row of activations to integers";
  let description = [{
    Dynamic, per token, symmetric, for each row along the last dimension. The
    value of an element is scale * code:

    | bits | scale | codes |
    |---|---|---|
    | 3 to 8 | max\|x\| / (2^(bits-1) - 1) | x / scale rounded half to even; all zero in a row of zeros |
    | 2 | 4/3 mean\|x\| | 1 where x > scale/2, -1 where x < -scale/2, else 0 |
    | 1 | mean\|x\| | -1 where x < 0, else 1 |

    The lower two are the elastic forms of BiT and TBT ("Binary and Ternary
    Natural Language Generation") with the scale of a token found at run time.
    Made by kernelize in front of integer products, so that all users of a
    value share its codes.

    ```mlir
    %c, %s = mixbit.quantize_rows %x {bits = 8 : i64}
        : (tensor<?x?x384xf32>) -> (tensor<?x?x384xi8>, tensor<?x?xf32>)
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, I64Attr:$bits);
  let results = (outs AnyRankedTensor:$codes, AnyRankedTensor:$scales);
}

def Mixbit_QuantizeOp : Mixbit_GraphOp<"quantize"> {
  let summary = "Quantizes activations by a scale that is known beforehand";
  let description = [{
    Elementwise, so that it joins the kernel that computes x. The code of an
    element, a signed byte, is

    | kind | scalars | code |
    |---|---|---|
    | divide | step, shift | x / step, rounded half to even, minus shift, clamped to `low` and `high` |
    | multiply | step, shift | x * step, rounded half to even, minus shift, clamped likewise |
    | sign | | -1, 0 or 1, the sign of x |
    | binary | | -1 where x < 0, else 1 |

    (see `#mixbit.static_codes`; the shift, an integer, brings its codes into a
    byte). The scalars are of rank 0, and operands, so that layers which differ
    in them only share a kernel.

    ```mlir
    %c = mixbit.quantize %x, %step, %shift {kind = #mixbit.code_kind<divide>, low = -128 : i64, high = 127 : i64}
        : (tensor<?x384xf32>, tensor<f32>, tensor<f32>) -> tensor<?x384xi8>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, Variadic<AnyRankedTensor>:$scalars,
                       Mixbit_CodeKindAttr:$kind, I64Attr:$low, I64Attr:$high);
  let results = (outs AnyRankedTensor:$codes);
}

def Mixbit_QuantizedLinearOp : Mixbit_GraphOp<"quantized_linear"> {
  let summary = "A linear over quantized rows";
  let description = [{
    `codes` [..., K] and `scales` [...] are those of `mixbit.quantize_rows`; or
    codes are those of `mixbit.quantize`, and `scales` of rank 0 is the scale of
    all rows. `weight` is [N, K] of a quantized element type. The sums of each
    group of inputs are exact integers. `bits` are those of the codes: one or
    two (-1 and 1, or -1, 0 and 1) let kernels count bits where the weight's
    codes have no more either. With `full_range` codes reach down to -128, else
    to -127.

    ```mlir
    %y = mixbit.quantized_linear %c, %s, %w, %b
        : (tensor<?x384xi8>, tensor<?xf32>, tensor<1536x384x!mixbit.int<8, group = [1, 0], scale = f32>>, tensor<1536xf32>) -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$codes, AnyRankedTensor:$scales,
                       AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$bias,
                       DefaultValuedAttr<I64Attr, "8">:$bits,
                       UnitAttr:$full_range);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_MatmulOp : Mixbit_GraphOp<"matmul"> {
  let summary = "Batched product of two tensors computed at run time";
  let description = [{
    [..., M, K] x [..., K, N] -> [..., M, N]; the leading dimensions broadcast.
    `transpose_rhs` reads the right one as [..., N, K].

    ```mlir
    %s = mixbit.matmul %q, %k {transpose_rhs}
        : (tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>) -> tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
                       UnitAttr:$transpose_rhs);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_EmbeddingOp : Mixbit_GraphOp<"embedding"> {
  let summary = "Rows of a table";
  let description = [{
    `table` is [V, D], float or quantized, `ids` an integer tensor [...]; the
    result is [..., D]. A negative id counts from the end; an id outside of
    -V..V-1 is an error at run time.

    ```mlir
    %e = mixbit.embedding %t, %ids : (tensor<30522x384xf32>, tensor<?x?xi64>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$table, AnyRankedTensor:$ids,
                       OptionalAttr<Mixbit_SensitivityAttr>:$sensitivity,
                       OptionalAttr<Mixbit_FormatAttr>:$format);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_AttentionOp : Mixbit_GraphOp<"attention"> {
  let summary = "softmax(scale q k' + mask) v for each head";
  let description = [{
    `q` is [B, Sq, H*D], `k` [B, Sk, H*D], `v` [B, Sk, H*Dv], where head h has
    columns h*D to h*D+D-1; the result is [B, Sq, H*Dv]. The mask, if any, is
    `keep` ([B, Sk], integer: zero hides the key) or `additive` (float, rank
    4, each dimension that of [B, H, Sq, Sk] or 1). A row whose keys are all
    hidden by `keep` attends to all of them evenly, as a softmax over equal
    large negative scores does. `products` says whether queries, keys, values and
    probabilities may be quantized to 8 bits, as in `mixbit.attention_core`;
    without it they are not.

    ```mlir
    %o = mixbit.attention %q, %k, %v mask %m {heads = 12 : i64, scale = 0.125 : f32, mask_kind = #mixbit.mask_kind<keep>}
        : (tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?xi64>) -> tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$q, AnyRankedTensor:$k,
                       AnyRankedTensor:$v, Optional<AnyRankedTensor>:$mask,
                       I64Attr:$heads, F32Attr:$scale,
                       OptionalAttr<Mixbit_MaskKindAttr>:$mask_kind,
                       OptionalAttr<Mixbit_ProductKindAttr>:$products);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Mixbit_ConvOp : Mixbit_GraphOp<"conv"> {
  let summary = "Convolution of NCHW data";
  let description = [{
    `x` is [B, C, spatial...], `weight` [O, C/groups, window...], `bias` [O].
    `pads` lists the begins, then the ends.

    ```mlir
    %y = mixbit.conv %x, %w, %b {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>,
        dilations = array<i64: 1, 1>, groups = 1 : i64}
        : (tensor<?x3x32x32xf32>, tensor<8x3x3x3xf32>, tensor<8xf32>) -> tensor<?x8x16x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_PoolOp : Mixbit_GraphOp<"pool"> {
  let summary = "Max or mean over a sliding window of NCHW data";
  let description = [{
    `kind` is `max` or `mean`. A mean divides by the window's size, or, without
    `count_pads`, by how many of its elements lie inside of the data.

    ```mlir
    %y = mixbit.pool %x {kind = #mixbit.reduce_kind<max>, window = array<i64: 2, 2>,
        strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
        : (tensor<?x8x32x32xf32>) -> tensor<?x8x16x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, Mixbit_ReduceKindAttr:$kind,
                       DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                       UnitAttr:$count_pads);
  let results = (outs AnyRankedTensor:$result);
}

//===----------------------------------------------------------------------===//
// Normalizations, elementwise functions, reductions
//===----------------------------------------------------------------------===//

def Mixbit_LayerNormOp : Mixbit_GraphOp<"layer_norm"> {
  let summary = "Layer normalization over the last dimension";
  let description = [{
    (x - mean) / sqrt(variance + epsilon) * gamma + beta (Ba et al. 2016), the
    variance without Bessel's correction.

    ```mlir
    %y = mixbit.layer_norm %x, %g, %b {epsilon = 1.0e-12 : f32}
        : (tensor<?x?x384xf32>, tensor<384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$gamma,
                       Optional<AnyRankedTensor>:$beta, F32Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_SoftmaxOp : Mixbit_GraphOp<"softmax"> {
  let summary = "Softmax along an axis";
  let description = [{
    exp(x - max) over its sum, along `axis` (0 to rank - 1).

    ```mlir
    %p = mixbit.softmax %s {axis = 3 : i64} : (tensor<?x12x?x?xf32>) -> tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_UnaryOp : Mixbit_GraphOp<"unary"> {
  let summary = "An elementwise function";
  let description = [{
    `gelu_erf` is x/2 (1 + erf(x / sqrt 2)), `gelu_tanh` its approximation
    x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016);
    `round` is half to even.

    ```mlir
    %y = mixbit.unary %x {kind = #mixbit.unary_kind<gelu_erf>} : (tensor<?x1536xf32>) -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, Mixbit_UnaryKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_BinaryOp : Mixbit_GraphOp<"binary"> {
  let summary = "An elementwise function of two, with broadcasting";
  let description = [{
    Shapes broadcast as in ONNX (from the right, 1 stretches). Comparisons
    yield i1.

    ```mlir
    %y = mixbit.binary %a, %b {kind = #mixbit.binary_kind<add>}
        : (tensor<?x?x384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
                       Mixbit_BinaryKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_SelectOp : Mixbit_GraphOp<"select"> {
  let summary = "Elementwise choice, with broadcasting";
  let description = [{
    `on_true` where the condition holds, else `on_false`; shapes broadcast as
    in `mixbit.binary`.

    ```mlir
    %y = mixbit.select %c, %a, %b : (tensor<?x1x1x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x1x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true,
                       AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_CastOp : Mixbit_GraphOp<"cast"> {
  let summary = "Elementwise conversion of the element type";
  let description = [{
    Float to integer truncates towards zero; to i1 it is `!= 0`.

    ```mlir
    %y = mixbit.cast %m : (tensor<?x?xi64>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_ReduceOp : Mixbit_GraphOp<"reduce"> {
  let summary = "Reduction along axes";
  let description = [{
    With `keep_dims` the reduced dimensions stay with extent 1.

    ```mlir
    %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>}
        : (tensor<?x?x384xf32>) -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, Mixbit_ReduceKindAttr:$kind,
                       DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs AnyRankedTensor:$result);
}

//===----------------------------------------------------------------------===//
// Movement of data
//===----------------------------------------------------------------------===//

def Mixbit_ReshapeOp : Mixbit_GraphOp<"reshape"> {
  let summary = "The same elements under another shape";
  let description = [{
    The order of the elements, row-major, is kept.

    ```mlir
    %y = mixbit.reshape %x {shape = affine_map<()[s0, s1] -> (s0, s1, 12, 32)>}
        : (tensor<?x?x384xf32>) -> tensor<?x?x12x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AffineMapAttr:$shape);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_BroadcastOp : Mixbit_GraphOp<"broadcast"> {
  let summary = "Stretches dimensions of extent 1, as ONNX's Expand";
  let description = [{
    `shape` is the result's shape, after broadcasting with the operand's.

    ```mlir
    %y = mixbit.broadcast %x {shape = affine_map<()[s0, s1] -> (s0, 1, s1, s1)>}
        : (tensor<?x1x1x?xf32>) -> tensor<?x1x?x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AffineMapAttr:$shape);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_TransposeOp : Mixbit_GraphOp<"transpose"> {
  let summary = "Permutes dimensions";
  let description = [{
    Dimension i of the result is dimension `permutation[i]` of the operand.

    ```mlir
    %y = mixbit.transpose %x {permutation = array<i64: 0, 2, 1, 3>}
        : (tensor<?x?x12x32xf32>) -> tensor<?x12x?x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_SliceOp : Mixbit_GraphOp<"slice"> {
  let summary = "A strided part of each dimension";
  let description = [{
    Element i of dimension d is element `starts[d] + i * steps[d]` of the
    operand; `starts` and `sizes` are maps over the symbols, one result a
    dimension, already clamped to the operand's shape. Steps may be negative.

    ```mlir
    %y = mixbit.slice %x {starts = affine_map<()[s0, s1] -> (0, 0, 0)>,
        sizes = affine_map<()[s0, s1] -> (s0, 1, 384)>, steps = array<i64: 1, 1, 1>}
        : (tensor<?x?x384xf32>) -> tensor<?x1x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AffineMapAttr:$starts,
                       AffineMapAttr:$sizes, DenseI64ArrayAttr:$steps);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_ConcatOp : Mixbit_GraphOp<"concat"> {
  let summary = "Tensors one after the other along an axis";
  let description = [{
    All other dimensions agree.

    ```mlir
    %y = mixbit.concat %a, %b {axis = 1 : i64} : (tensor<?x4xf32>, tensor<?x3xf32>) -> tensor<?x7xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}

def Mixbit_GatherOp : Mixbit_GraphOp<"gather"> {
  let summary = "Slices picked along an axis by indices";
  let description = [{
    As ONNX's Gather: the result's shape is the operand's with dimension
    `axis` replaced by the indices' shape. Indices as in `mixbit.embedding`.

    ```mlir
    %y = mixbit.gather %x, %i {axis = 1 : i64} : (tensor<?x?x384xf32>, tensor<i64>) -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$indices,
                       I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}

#endif // MIXBIT_GRAPH_OPS_TD
