//===- MixbitInterfaces.td - Interfaces of types and ops ----*- tablegen -*-===//
#ifndef MIXBIT_INTERFACES_TD
#define MIXBIT_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Mixbit_QuantizedTypeInterface : TypeInterface<"QuantizedTypeInterface"> {
  let cppNamespace = "::mixbit";
  let description = [{
    A uniform format of quantized elements: an unsigned code of `getCodeBits()`
    bits an element, and one scale (and, when not symmetric, one zero point)
    for each tile of `getGroup()` rows x columns. The value of an element is
    `scale * (code - zero)`; for binary it is `scale * (2 * code - 1)`.
  }];
  let methods = [
    InterfaceMethod<"Bits of a code in canonical storage (ternary: 2).",
                    "unsigned", "getCodeBits">,
    InterfaceMethod<"How many codes are in use; the codes are 0..levels-1.",
                    "unsigned", "getLevels">,
    InterfaceMethod<"Rows and columns of a group; 0 is the whole extent.",
                    "::llvm::ArrayRef<int64_t>", "getGroupShape">,
    InterfaceMethod<"Float type of the scales.", "::mlir::Type",
                    "getScaleElementType">,
    InterfaceMethod<"Integer or float type of the zero points; null if none.",
                    "::mlir::Type", "getZeroElementType">,
    InterfaceMethod<"Twice the code that stands for the value zero, where no "
                    "zero point is stored (binary: 1, half way).",
                    "unsigned", "getDoubledImplicitZero">,
    InterfaceMethod<"Bits an element takes, information-theoretically "
                    "(ternary: log2 3).", "double", "getInformationBits">
  ];
}

def Mixbit_SymbolicShapeOpInterface : OpInterface<"SymbolicShapeOpInterface"> {
  let cppNamespace = "::mixbit";
  let description = [{
    Computes the symbolic shapes of the results from those of the operands.
    A shape is one affine expression a dimension over the symbols of the
    surrounding function (`mixbit.symbols`); scalars have an empty one.
  }];
  let methods = [
    InterfaceMethod<[{
        Appends one shape a result. On failure a diagnostic has been emitted
        at the operation.
      }],
      "::llvm::LogicalResult", "inferSymbolicShapes",
      (ins "::llvm::ArrayRef<::mixbit::SymbolicShape>":$operands,
           "::llvm::SmallVectorImpl<::mixbit::SymbolicShape> &":$results)>
  ];
}

#endif // MIXBIT_INTERFACES_TD
