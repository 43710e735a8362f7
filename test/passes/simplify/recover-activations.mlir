// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(recover-activations))' | FileCheck %s

#dims = affine_map<()[s0] -> (s0, 8)>

// x * (1 + erf(x / sqrt 2)) * 0.5
// CHECK-LABEL: func @erf_divide
// CHECK-NEXT: %[[Y:.*]] = mixbit.unary %arg0 {kind = #mixbit.unary_kind<gelu_erf>}
// CHECK-NEXT: return %[[Y]]
func.func @erf_divide(%x: tensor<?x8xf32> {mixbit.dims = #dims}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %s = arith.constant dense<1.41421354> : tensor<f32>
  %o = arith.constant dense<1.0> : tensor<f32>
  %h = arith.constant dense<0.5> : tensor<f32>
  %0 = mixbit.binary %x, %s {kind = #mixbit.binary_kind<div>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = mixbit.unary %0 {kind = #mixbit.unary_kind<erf>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = mixbit.binary %1, %o {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %3 = mixbit.binary %x, %2 {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = mixbit.binary %3, %h {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// (0.5 * x) * (erf(x * 0.7071) + 1), operands the other way around
// CHECK-LABEL: func @erf_multiply
// CHECK-NEXT: mixbit.unary %arg0 {kind = #mixbit.unary_kind<gelu_erf>}
// CHECK-NEXT: return
func.func @erf_multiply(%x: tensor<?x8xf32> {mixbit.dims = #dims}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %s = arith.constant dense<0.707106769> : tensor<f32>
  %o = arith.constant dense<1.0> : tensor<f32>
  %h = arith.constant dense<0.5> : tensor<f32>
  %0 = mixbit.binary %s, %x {kind = #mixbit.binary_kind<mul>} : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = mixbit.unary %0 {kind = #mixbit.unary_kind<erf>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = mixbit.binary %o, %1 {kind = #mixbit.binary_kind<add>} : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = mixbit.binary %h, %x {kind = #mixbit.binary_kind<mul>} : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = mixbit.binary %2, %3 {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// x * 0.5 * (1 + tanh(0.7979 * (x + 0.044715 * x^3)))
// CHECK-LABEL: func @tanh
// CHECK-NEXT: mixbit.unary %arg0 {kind = #mixbit.unary_kind<gelu_tanh>}
// CHECK-NEXT: return
func.func @tanh(%x: tensor<?x8xf32> {mixbit.dims = #dims}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %c = arith.constant dense<0.044715> : tensor<f32>
  %k = arith.constant dense<0.797884583> : tensor<f32>
  %three = arith.constant dense<3.0> : tensor<f32>
  %o = arith.constant dense<1.0> : tensor<f32>
  %h = arith.constant dense<0.5> : tensor<f32>
  %0 = mixbit.binary %x, %three {kind = #mixbit.binary_kind<pow>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = mixbit.binary %0, %c {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %2 = mixbit.binary %x, %1 {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = mixbit.binary %2, %k {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %4 = mixbit.unary %3 {kind = #mixbit.unary_kind<tanh>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = mixbit.binary %4, %o {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %6 = mixbit.binary %x, %h {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %7 = mixbit.binary %6, %5 {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %7 : tensor<?x8xf32>
}

// CHECK-LABEL: func @silu
// CHECK-NEXT: mixbit.unary %arg0 {kind = #mixbit.unary_kind<silu>}
// CHECK-NEXT: return
func.func @silu(%x: tensor<?x8xf32> {mixbit.dims = #dims}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["n"]} {
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<sigmoid>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = mixbit.binary %0, %x {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// Another constant is another function, and so is another input.
// CHECK-LABEL: func @none
// CHECK: kind = #mixbit.unary_kind<sigmoid>
// CHECK: kind = #mixbit.unary_kind<sigmoid>
// CHECK-NOT: silu
func.func @none(%x: tensor<?x8xf32> {mixbit.dims = #dims}, %y: tensor<?x8xf32> {mixbit.dims = #dims}) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {mixbit.symbols = ["n"]} {
  %k = arith.constant dense<1.702> : tensor<f32>
  %0 = mixbit.binary %x, %k {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = mixbit.unary %0 {kind = #mixbit.unary_kind<sigmoid>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = mixbit.binary %x, %1 {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = mixbit.unary %x {kind = #mixbit.unary_kind<sigmoid>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = mixbit.binary %y, %3 {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %2, %4 : tensor<?x8xf32>, tensor<?x8xf32>
}
