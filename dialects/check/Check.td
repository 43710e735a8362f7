//===- Check.td - Operations for tests only -----------------*- tablegen -*-===//
#ifndef MIXBIT_CHECK_TD
#define MIXBIT_CHECK_TD

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::mixbit::check";
  let summary = "Operations for tests only";
  let description = [{
    Lets a test state in IR what a computation must yield, and keep constants
    from being folded through it. Nothing in a deployed library comes from
    here.
  }];
}

class Check_Op<string mnemonic, list<Trait> traits = []>
    : Op<Check_Dialect, mnemonic, traits>;

def Check_UnfoldableConstantOp : Check_Op<"unfoldable_constant", [
    AllTypesMatch<["value", "result"]>]> {
  let summary = "A constant that no pass may look through";
  let description = [{
    Yields `value` at run time. It is neither pure nor foldable, so that the
    computation under test stays in place.

    ```mlir
    %x = check.unfoldable_constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$value attr-dict";
}

def Check_ExpectCloseOp : Check_Op<"expect_close", [SameTypeOperands]> {
  let summary = "Two tensors differ by at most a bound";
  let description = [{
    Fails the test when any |actual - expected| is more than `bound`, or is no
    number. A bound of 0 asks for equal values; integers take no other.

    ```mlir
    check.expect_close %a, %b within 1.0e-5 : tensor<?x4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$actual, AnyRankedTensor:$expected,
                       F64Attr:$bound);
  let assemblyFormat = [{
    $actual `,` $expected `within` $bound attr-dict `:` type($actual)
  }];
  let hasVerifier = 1;
}

#endif // MIXBIT_CHECK_TD
