//===- OnnxDialect.td - The onnx dialect and its base class -*- tablegen -*-===//
#ifndef ONNX_DIALECT_TD
#define ONNX_DIALECT_TD

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::mixbit::onnx";
  let summary = "What an ONNX file says";
  let description = [{
    One operation for each ONNX operator that Mixbit reads, with the operator's
    name, inputs, outputs and attributes. Forms that ONNX has replaced are
    upgraded by the importer, so that an operation has one form only, that of
    the newest opset: axes, splits and ratios that used to be attributes are
    operands (constants, in such files).

    - A missing optional input is the value of an `onnx.none`. Missing outputs
      at the end are left out.
    - Initializers and `Constant` nodes are `onnx.constant`.
    - Element types are written as types: `Cast` has `to = f32`. BOOL is `i1`,
      signed integers are signless, UINT8 is `ui8`. Elements of `i4`, `ui4`,
      `i2` and `ui2` take a byte each in resources, with the sign extended; only
      movement of data and the operations of quantized data have them.
    - Every operation infers the symbolic shapes, and where they are known the
      contents, of its results (`OnnxShapeOpInterface`).
    - The location is the name of the ONNX node.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def Onnx_ShapeOpInterface : OpInterface<"OnnxShapeOpInterface"> {
  let cppNamespace = "::mixbit::onnx";
  let description = [{
    Computes what is known at compile time about the results from what is
    known about the operands: element type, symbolic shape, and the contents of
    small integer tensors, through which arithmetic on shapes folds. All checks
    of a graph's types are made here: an operation that passes has operands
    whose ranks, extents and element types fit.
  }];
  let methods = [
    InterfaceMethod<[{
        `operands` has one entry an operand (without element type where the
        operand is an `onnx.none`); one entry a result is appended to
        `results`. On failure a diagnostic has been emitted at the operation.
      }],
      "::llvm::LogicalResult", "inferSymbolic",
      (ins "::llvm::ArrayRef<::mixbit::onnx::SymbolicValue>":$operands,
           "::llvm::SmallVectorImpl<::mixbit::onnx::SymbolicValue> &":$results)>,
    StaticInterfaceMethod<"The first opset of the domain with the operator.",
      "int64_t", "getSinceOpset", (ins), "", "return 1;">,
    StaticInterfaceMethod<"How many operands come before the first that may be "
      "missing; -1: all are required.",
      "int64_t", "getRequiredOperands", (ins), "", "return -1;">
  ];
}

def Onnx_Tensor : Type<AnyRankedTensor.predicate, "ranked tensor">;
/// An input that may be missing.
def Onnx_OptionalTensor
    : AnyTypeOf<[AnyRankedTensor, NoneType], "ranked tensor or none">;

class Onnx_Op<string mnemonic, int since, list<Trait> traits = []>
    : Op<Onnx_Dialect, mnemonic,
         !listconcat([Pure,
             DeclareOpInterfaceMethods<Onnx_ShapeOpInterface,
                                       ["inferSymbolic"]>], traits)> {
  /// Operands before the first that may be missing; -1 if none may.
  int required = -1;
  let extraClassDeclaration = [{
    static int64_t getSinceOpset() { return }] # since # [{; }
    static int64_t getRequiredOperands() { return }] # required # [{; }
  }];
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, results)
  }];
  /// Opens every description.
  string link = "[" # mnemonic # "](https://onnx.ai/onnx/operators/onnx__" #
      mnemonic # ".html), since opset " # since # ".\n\n";
}

#endif // ONNX_DIALECT_TD
