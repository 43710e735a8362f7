//===- MixbitTypes.td - Quantized element types -------------*- tablegen -*-===//
#ifndef MIXBIT_TYPES_TD
#define MIXBIT_TYPES_TD

include "MixbitDialect.td"
include "MixbitInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

class Mixbit_QuantizedType<string name, string typeMnemonic>
    : TypeDef<Mixbit_Dialect, name,
              [MemRefElementTypeInterface,
               DeclareTypeInterfaceMethods<Mixbit_QuantizedTypeInterface>]> {
  let mnemonic = typeMnemonic;
  let genVerifyDecl = 1;
}

def Mixbit_IntType : Mixbit_QuantizedType<"Int", "int"> {
  let summary = "Uniform integer of 1 to 8 bits with group-wise scales";
  let description = [{
    An element is a code `c` of `bits` bits; its value is `scale * (c - zero)`,
    where scale and zero point belong to the element's group, a tile of `group`
    rows x columns (0 means the whole extent). Without `zero` the format is
    symmetric and the zero is `2^(bits-1)`.

    - `group = [1, 0]` is a scale a row (an output neuron of a linear);
    - `group = [1, 128]` is GPTQ's and llama.cpp's grouping along the inputs;
    - `group = [6, 0]` is Q-BERT's grouping of output neurons;
    - any other pair is a tile.

    Scales are not part of the type: they are data of the constant.

    ```mlir
    !mixbit.int<8, group = [1, 0], scale = f32>
    !mixbit.int<4, group = [1, 128], scale = f16, zero = i8>
    ```
  }];
  let parameters = (ins
    "unsigned":$bits,
    ArrayRefParameter<"int64_t">:$group,
    "::mlir::Type":$scale,
    OptionalParameter<"::mlir::Type">:$zero);
  let assemblyFormat = [{
    `<` $bits `,` `group` `=` `[` $group `]` `,` `scale` `=` $scale
    (`,` `zero` `=` $zero^)? `>`
  }];
}

def Mixbit_TernaryType : Mixbit_QuantizedType<"Ternary", "ternary"> {
  let summary = "Values {-scale, 0, scale} with group-wise scales";
  let description = [{
    Codes 0, 1, 2 stand for -1, 0, 1 times the group's scale. Canonical storage
    gives a code two bits; kernels choose their own packing.

    ```mlir
    !mixbit.ternary<group = [1, 64], scale = f16>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$group,
                        "::mlir::Type":$scale);
  let assemblyFormat = [{
    `<` `group` `=` `[` $group `]` `,` `scale` `=` $scale `>`
  }];
}

def Mixbit_BinaryType : Mixbit_QuantizedType<"Binary", "binary"> {
  let summary = "Values {-scale, scale} with group-wise scales";
  let description = [{
    Codes 0 and 1 stand for -1 and 1 times the group's scale.

    ```mlir
    !mixbit.binary<group = [1, 0], scale = f32>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$group,
                        "::mlir::Type":$scale);
  let assemblyFormat = [{
    `<` `group` `=` `[` $group `]` `,` `scale` `=` $scale `>`
  }];
}

def Mixbit_MixedType
    : TypeDef<Mixbit_Dialect, "Mixed", [MemRefElementTypeInterface]> {
  let mnemonic = "mixed";
  let genVerifyDecl = 1;
  let summary = "Segments along an axis, each with a format of its own";
  let description = [{
    The tensor is cut along `axis` (0 rows, 1 columns) into consecutive
    segments; each has a size and a quantized element type or a float type.
    The sizes sum to the extent of the axis, which the operation that makes
    the value verifies.

    ```mlir
    !mixbit.mixed<axis = 0, segments = [
        64 : !mixbit.int<8, group = [1, 0], scale = f32>,
        320 : !mixbit.ternary<group = [1, 64], scale = f32>]>
    ```
  }];
  let parameters = (ins
    "unsigned":$axis,
    ArrayRefParameter<"int64_t">:$sizes,
    ArrayRefParameter<"::mlir::Type">:$formats);
  let assemblyFormat = [{
    `<` `axis` `=` $axis `,` `segments` `=`
    custom<Segments>($sizes, $formats) `>`
  }];
}

#endif // MIXBIT_TYPES_TD
