//===- MixbitDialect.td - The mixbit dialect ----------------*- tablegen -*-===//
#ifndef MIXBIT_DIALECT_TD
#define MIXBIT_DIALECT_TD

include "mlir/IR/OpBase.td"

def Mixbit_Dialect : Dialect {
  let name = "mixbit";
  let cppNamespace = "::mixbit";
  let summary = "Networks with group-wise, ternary, binary and mixed weights";
  let description = [{
    Carries a network from the graph recovered out of ONNX to kernels and the
    host plan that launches them. It has three levels, in the order of the
    pipeline:

    - **graph**: tensors, element types that say how a weight is quantized,
      operations that name what the network does (`mixbit.linear`,
      `mixbit.attention`, ...). Integer codes, scales and zero points of a
      weight live together in one `mixbit.quantized_constant`.
    - **kernel**: `mixbit.kernel` functions over buffers, each with one tile
      operation (`mixbit.contract`, `mixbit.rows`, `mixbit.attention_core` or
      an upstream `linalg.generic`) that is the same for all targets.
    - **plan**: `mixbit.plan`, the host's entry point: buffers sized by
      symbolic expressions, views, launches.

    Symbolic dimensions: a function or plan lists its symbols' names in
    `mixbit.symbols`; every shape that is not static is an affine map over
    these symbols, in that order.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypesAndAttributes();
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // MIXBIT_DIALECT_TD
