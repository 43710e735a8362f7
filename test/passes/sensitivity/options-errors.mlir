// RUN: not mixbit-opt %s --mark-layers="layers=w,none" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not mixbit-opt %s --mark-layers --differentiate=output=1 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not mixbit-opt %s --mark-layers --differentiate 2>&1 | FileCheck %s --check-prefix=NODE

// LAYER: error: layers: expected the name of a linear's weight, but got 'none'
// OUTPUT: error: output: expected the index of one of 1 results, but got 1
// NODE: error: {{.*}}node 'quantizer' (unary): has no derivative: 'round' is a step
func.func @f(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32> loc("w")
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %z = mixbit.unary %y {kind = #mixbit.unary_kind<round>} : (tensor<2x3xf32>) -> tensor<2x3xf32> loc("quantizer")
  return %z : tensor<2x3xf32>
}
