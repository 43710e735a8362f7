//===- DifferentiableInterface.td - Rules of differentiation -*- tablegen -*-===//
#ifndef MIXBIT_PASSES_SENSITIVITY_DIFFERENTIABLEINTERFACE_TD
#define MIXBIT_PASSES_SENSITIVITY_DIFFERENTIABLEINTERFACE_TD

include "mlir/IR/OpBase.td"

def Mixbit_DifferentiableOpInterface
    : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mixbit";
  let description = [{
    The derivative of a graph operation with one result, in both directions,
    as graph operations that are differentiable themselves (so that the
    gradient can be differentiated again). Models of the interface are attached
    from outside of the dialect (`registerDifferentiableModels`), since the
    rules build on the graph builder of the simplify stage.
  }];
  let methods = [
    InterfaceMethod<[{
        The vector-Jacobian product: appends one gradient an operand, of the
        operand's type, from the gradient at the result. `wanted` says which
        operands need one; for the others, and where it is zero everywhere, the
        value is null. On failure a diagnostic has been emitted.
      }],
      "::llvm::LogicalResult", "buildGradients",
      (ins "::mixbit::GraphBuilder &":$builder, "::mlir::Value":$gradient,
           "::llvm::ArrayRef<bool>":$wanted,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$gradients)>,
    InterfaceMethod<[{
        The Jacobian-vector product: the result's tangent, of the result's
        type, from those of the operands (null where zero, at least one is
        not). The tangent may be null too, where it is zero everywhere. On
        failure a diagnostic has been emitted.
      }],
      "::llvm::LogicalResult", "buildTangent",
      (ins "::mixbit::GraphBuilder &":$builder,
           "::llvm::ArrayRef<::mlir::Value>":$tangents,
           "::mlir::Value &":$tangent)>
  ];
}

#endif // MIXBIT_PASSES_SENSITIVITY_DIFFERENTIABLEINTERFACE_TD
