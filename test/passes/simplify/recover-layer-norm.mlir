// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(recover-layer-norm))' | FileCheck %s

#dims = affine_map<()[s0] -> (s0, 8)>

// CHECK-LABEL: func @pow_div
// CHECK-NEXT: %[[Y:.*]] = mixbit.layer_norm %arg0, %arg1, %arg2 {epsilon = 9.99999996E-13 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @pow_div(%x: tensor<?x8xf32> {mixbit.dims = #dims}, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %two = arith.constant dense<2.0> : tensor<f32>
  %e = arith.constant dense<1.0e-12> : tensor<f32>
  %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %d = mixbit.binary %x, %m {kind = #mixbit.binary_kind<sub>} : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %s = mixbit.binary %d, %two {kind = #mixbit.binary_kind<pow>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %v = mixbit.reduce %s {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %ve = mixbit.binary %v, %e {kind = #mixbit.binary_kind<add>} : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = mixbit.unary %ve {kind = #mixbit.unary_kind<sqrt>} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = mixbit.binary %d, %r {kind = #mixbit.binary_kind<div>} : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %ng = mixbit.binary %g, %n {kind = #mixbit.binary_kind<mul>} : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = mixbit.binary %ng, %b {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// The square as a product, the division as a product with 1 / sqrt; no gamma.
// CHECK-LABEL: func @reciprocal
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<8xf32>
// CHECK: mixbit.layer_norm %arg0, %[[ONE]] {
func.func @reciprocal(%x: tensor<?x8xf32> {mixbit.dims = #dims}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %one = arith.constant dense<1.0> : tensor<f32>
  %e = arith.constant dense<1.0e-05> : tensor<f32>
  %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %d = mixbit.binary %x, %m {kind = #mixbit.binary_kind<sub>} : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %s = mixbit.binary %d, %d {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = mixbit.reduce %s {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %ve = mixbit.binary %e, %v {kind = #mixbit.binary_kind<add>} : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %r = mixbit.unary %ve {kind = #mixbit.unary_kind<sqrt>} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %i = mixbit.binary %one, %r {kind = #mixbit.binary_kind<div>} : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = mixbit.binary %i, %d {kind = #mixbit.binary_kind<mul>} : (tensor<?x1xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// TensorFlow's: x * s + (beta - mean * s), s = rsqrt(variance + epsilon) * gamma
// CHECK-LABEL: func @tensorflow
// CHECK-NEXT: mixbit.layer_norm %arg0, %arg1, %arg2
// CHECK-NEXT: return
func.func @tensorflow(%x: tensor<?x8xf32> {mixbit.dims = #dims}, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %e = arith.constant dense<1.0e-05> : tensor<f32>
  %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %d = mixbit.binary %x, %m {kind = #mixbit.binary_kind<sub>} : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %s = mixbit.binary %d, %d {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = mixbit.reduce %s {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %ve = mixbit.binary %v, %e {kind = #mixbit.binary_kind<add>} : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = mixbit.unary %ve {kind = #mixbit.unary_kind<rsqrt>} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %k = mixbit.binary %r, %g {kind = #mixbit.binary_kind<mul>} : (tensor<?x1xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %a = mixbit.binary %x, %k {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %o = mixbit.binary %m, %k {kind = #mixbit.binary_kind<mul>} : (tensor<?x1xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %p = mixbit.binary %b, %o {kind = #mixbit.binary_kind<sub>} : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = mixbit.binary %a, %p {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Over the first dimension: not this operation.
// CHECK-LABEL: func @other_axis
// CHECK-NOT: layer_norm
func.func @other_axis(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = arith.constant dense<1.0e-05> : tensor<f32>
  %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0>, keep_dims} : (tensor<4x8xf32>) -> tensor<1x8xf32>
  %d = mixbit.binary %x, %m {kind = #mixbit.binary_kind<sub>} : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
  %s = mixbit.binary %d, %d {kind = #mixbit.binary_kind<mul>} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %v = mixbit.reduce %s {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 0>, keep_dims} : (tensor<4x8xf32>) -> tensor<1x8xf32>
  %ve = mixbit.binary %v, %e {kind = #mixbit.binary_kind<add>} : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %r = mixbit.unary %ve {kind = #mixbit.unary_kind<sqrt>} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %n = mixbit.binary %d, %r {kind = #mixbit.binary_kind<div>} : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}
