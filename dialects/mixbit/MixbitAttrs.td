//===- MixbitAttrs.td - Formats, sensitivities, kinds -------*- tablegen -*-===//
#ifndef MIXBIT_ATTRS_TD
#define MIXBIT_ATTRS_TD

include "MixbitDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Mixbit_Enum<string name, string doc, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, doc, cases> {
  let cppNamespace = "::mixbit";
  let genSpecializedAttr = 0;
}
class Mixbit_EnumAttr<EnumAttrInfo info, string mnemonic>
    : EnumAttr<Mixbit_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def Mixbit_UnaryKind : Mixbit_Enum<"UnaryKind", "elementwise function", [
  I32EnumAttrCase<"Neg", 0, "neg">, I32EnumAttrCase<"Abs", 1, "abs">,
  I32EnumAttrCase<"Exp", 2, "exp">, I32EnumAttrCase<"Log", 3, "log">,
  I32EnumAttrCase<"Sqrt", 4, "sqrt">, I32EnumAttrCase<"Rsqrt", 5, "rsqrt">,
  I32EnumAttrCase<"Reciprocal", 6, "reciprocal">,
  I32EnumAttrCase<"Erf", 7, "erf">, I32EnumAttrCase<"Tanh", 8, "tanh">,
  I32EnumAttrCase<"Sigmoid", 9, "sigmoid">, I32EnumAttrCase<"Relu", 10, "relu">,
  I32EnumAttrCase<"GeluErf", 11, "gelu_erf">,
  I32EnumAttrCase<"GeluTanh", 12, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 13, "silu">, I32EnumAttrCase<"Not", 14, "not">,
  I32EnumAttrCase<"Ceil", 15, "ceil">, I32EnumAttrCase<"Floor", 16, "floor">,
  I32EnumAttrCase<"Round", 17, "round">, I32EnumAttrCase<"Sin", 18, "sin">,
  I32EnumAttrCase<"Cos", 19, "cos">, I32EnumAttrCase<"Sign", 20, "sign">,
  I32EnumAttrCase<"IsNaN", 21, "isnan">
]>;
def Mixbit_UnaryKindAttr : Mixbit_EnumAttr<Mixbit_UnaryKind, "unary_kind">;

def Mixbit_BinaryKind : Mixbit_Enum<"BinaryKind", "elementwise function of two", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Min", 5, "min">,
  I32EnumAttrCase<"Max", 6, "max">, I32EnumAttrCase<"Mod", 7, "mod">,
  I32EnumAttrCase<"Equal", 8, "equal">, I32EnumAttrCase<"Less", 9, "less">,
  I32EnumAttrCase<"LessEqual", 10, "less_equal">,
  I32EnumAttrCase<"Greater", 11, "greater">,
  I32EnumAttrCase<"GreaterEqual", 12, "greater_equal">,
  I32EnumAttrCase<"And", 13, "and">, I32EnumAttrCase<"Or", 14, "or">,
  I32EnumAttrCase<"Xor", 15, "xor">
]>;
def Mixbit_BinaryKindAttr : Mixbit_EnumAttr<Mixbit_BinaryKind, "binary_kind">;

def Mixbit_ReduceKind : Mixbit_Enum<"ReduceKind", "reduction", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Mul", 4, "mul">
]>;
def Mixbit_ReduceKindAttr : Mixbit_EnumAttr<Mixbit_ReduceKind, "reduce_kind">;

def Mixbit_MaskKind : Mixbit_Enum<"MaskKind", "meaning of an attention mask", [
  I32EnumAttrCase<"Keep", 0, "keep">, I32EnumAttrCase<"Additive", 1, "additive">
]>;
def Mixbit_MaskKindAttr : Mixbit_EnumAttr<Mixbit_MaskKind, "mask_kind">;

def Mixbit_ProductKind : Mixbit_Enum<"ProductKind", "how products are computed", [
  I32EnumAttrCase<"Float", 0, "float">, I32EnumAttrCase<"Fastest", 1, "fastest">,
  I32EnumAttrCase<"Bytes", 2, "bytes">
]>;
def Mixbit_ProductKindAttr : Mixbit_EnumAttr<Mixbit_ProductKind, "product_kind">;

def Mixbit_Granularity : Mixbit_Enum<"Granularity", "extent of a scale", [
  I32EnumAttrCase<"PerToken", 0, "per_token">,
  I32EnumAttrCase<"PerTensor", 1, "per_tensor">
]>;
def Mixbit_RangeMode : Mixbit_Enum<"RangeMode", "when a range is found", [
  I32EnumAttrCase<"Dynamic", 0, "dynamic">,
  I32EnumAttrCase<"Static", 1, "static">
]>;

def Mixbit_CodeKind : Mixbit_Enum<"CodeKind", "how values become codes", [
  I32EnumAttrCase<"Divide", 0, "divide">,
  I32EnumAttrCase<"Multiply", 1, "multiply">,
  I32EnumAttrCase<"Sign", 2, "sign">, I32EnumAttrCase<"Binary", 3, "binary">
]>;
def Mixbit_CodeKindAttr : Mixbit_EnumAttr<Mixbit_CodeKind, "code_kind">;

def Mixbit_StaticCodesAttr : AttrDef<Mixbit_Dialect, "StaticCodes"> {
  let mnemonic = "static_codes";
  let summary = "Codes whose scale is known before the network runs";
  let description = [{
    An element stands for `scale` times its code, an integer from `low` to
    `high` (at most 256 of them):

    | kind | code |
    |---|---|
    | divide | x / step, rounded half to even, clamped |
    | multiply | x * step, rounded half to even, clamped |
    | sign | -1, 0 or 1, the sign of x |
    | binary | -1 where x < 0, else 1 |

    `step` and `scale` are apart so that a quantizer of a network is computed
    as the network says (codes are then equal to those of its training), where
    the two are inverse only up to rounding. Zero points are in the range:
    those of ONNX, scale * (q - z) with q from 0 to 255, are codes from -z to
    255 - z.

    ```mlir
    #mixbit.static_codes<divide, step = 2.500000e-01 : f32, scale = 2.500000e-01 : f32, low = -127, high = 127>
    ```
  }];
  let parameters = (ins EnumParameter<Mixbit_CodeKind>:$kind,
                        "::mlir::FloatAttr":$step, "::mlir::FloatAttr":$scale,
                        "int64_t":$low, "int64_t":$high);
  let assemblyFormat = [{
    `<` $kind `,` `step` `=` $step `,` `scale` `=` $scale `,` `low` `=` $low
    `,` `high` `=` $high `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Of a code: 1 for -1 and 1, 2 for up to three neighbouring values, 3 for
    /// four (which no kernel counts as bits), else as many as they need.
    unsigned getBits() const;
  }];
}

def Mixbit_ActivationsAttr : AttrDef<Mixbit_Dialect, "Activations"> {
  let mnemonic = "activations";
  let summary = "How an operation's activations are quantized";
  let description = [{
    Integers of `bits` bits. Per token and dynamic, they are signed and
    symmetric with a scale a token (a row of the contraction) found as the
    network runs: two bits are the values -1, 0 and 1, one bit -1 and 1, times
    the scale; what the scale is, `mixbit.quantize_rows` says. Per tensor and
    static, all of it is in `codes`, which calibration adds, or the network
    itself where training has left its quantizers in it.

    ```mlir
    #mixbit.activations<8, per_token, dynamic>
    #mixbit.activations<8, per_tensor, static>
    #mixbit.activations<8, per_tensor, static, <divide, step = 2.500000e-01 : f32, scale = 2.500000e-01 : f32, low = -127, high = 127>>
    ```
  }];
  let parameters = (ins "unsigned":$bits,
                        EnumParameter<Mixbit_Granularity>:$granularity,
                        EnumParameter<Mixbit_RangeMode>:$mode,
                        OptionalParameter<"::mixbit::StaticCodesAttr">:$codes);
  let assemblyFormat = [{
    `<` $bits `,` $granularity `,` $mode (`,` $codes^)? `>`
  }];
  let builders = [AttrBuilder<(ins "unsigned":$bits,
      "::mixbit::Granularity":$granularity, "::mixbit::RangeMode":$mode), [{
    return $_get($_ctxt, bits, granularity, mode, ::mixbit::StaticCodesAttr());
  }]>];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Static ones by these codes.
    static ActivationsAttr get(::mixbit::StaticCodesAttr codes);
  }];
}

def Mixbit_FormatAttr : AttrDef<Mixbit_Dialect, "Format"> {
  let mnemonic = "format";
  let summary = "The format chosen for the weight of an operation";
  let description = [{
    The element type that the weight gets (a quantized type of this dialect or
    a float type) and why it was chosen: `default`, `keep`, `allocated` or
    `grid`. Set by the allocation, consumed by the rounding.

    ```mlir
    #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f32>, "default">
    ```
  }];
  let parameters = (ins "::mlir::Type":$type,
                        StringRefParameter<"reason">:$reason);
  let assemblyFormat = "`<` $type `,` $reason `>`";
  let genVerifyDecl = 1;
}

def Mixbit_SensitivityAttr : AttrDef<Mixbit_Dialect, "Sensitivity"> {
  let mnemonic = "sensitivity";
  let summary = "Second-order sensitivity of the loss to a weight";
  let description = [{
    `metric` names the measure (`omega`, `trace`, `fisher`, `gram`, `loss`); `values`
    holds one value for the whole weight or one a group of rows. Never
    negative, NaN or infinite.

    ```mlir
    #mixbit.sensitivity<"omega", [0.5, 1.25]>
    ```
  }];
  let parameters = (ins StringRefParameter<"name of the measure">:$metric,
                        "::mlir::DenseF64ArrayAttr":$values);
  let assemblyFormat = "`<` $metric `,` $values `>`";
  let genVerifyDecl = 1;
}

def Mixbit_LayoutAttr : AttrDef<Mixbit_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "How a weight matrix is packed for the contraction kernels";
  let description = [{
    The packed bytes are ordered `[N/panel][K/block][panel/16][lines][64 B]`.
    A *line* is 64 bytes: 16 outputs x `inner` consecutive inputs (4 codes of
    a byte, one float, or two of bf16). Codes of fewer than 8 bits are dense: those of 1, 2
    and 4 bits as planes, `8/bits` consecutive lines sharing the 64 bytes, the
    first in the lowest bits; other widths as the planes of their components
    (3 = 2 + 1 bits). With `trits`, ternary codes lie five to a byte. N and K
    are padded with codes for zero (see `lib/quant/Packing.h`).

    `inner = 32` is the layout of bit planes, for contractions that count bits:
    a line is one bit of the codes of 16 outputs x 32 inputs, and the `bits`
    lines of 32 inputs follow each other, the lowest bit first.

    ```mlir
    #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 4>
    #mixbit.layout<panel = 64, block = 32, inner = 32, bits = 2>
    #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 2, trits = true>
    ```
  }];
  let parameters = (ins "int64_t":$panel, "int64_t":$block, "int64_t":$inner,
                        "unsigned":$bits,
                        DefaultValuedParameter<"bool", "false">:$trits);
  let assemblyFormat = [{
    `<` `panel` `=` $panel `,` `block` `=` $block `,` `inner` `=` $inner `,`
    `bits` `=` $bits (`,` `trits` `=` $trits^)? `>`
  }];
  let genVerifyDecl = 1;
}

def Mixbit_TargetAttr : AttrDef<Mixbit_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "What code is generated for";
  let description = [{
    `name` is one of the targets of `lib/target/Targets.h`: it decides the
    triple, the CPU features, the width of vectors and the tile sizes.

    ```mlir
    #mixbit.target<"avx512vnni">
    ```
  }];
  let parameters = (ins StringRefParameter<"name of the target">:$name);
  let assemblyFormat = "`<` $name `>`";
}

#endif // MIXBIT_ATTRS_TD
