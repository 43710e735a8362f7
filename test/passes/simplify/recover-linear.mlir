// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(recover-linear,fold-graph))' | FileCheck %s

#dims = affine_map<()[s0, s1] -> (s0, s1, 2)>

// The weight is transposed once, the bias taken in from the left.
// CHECK-LABEL: func @matmul
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[7.000000e+00, 8.000000e+00, 9.000000e+00]> : tensor<3xf32>
// CHECK: %[[Y:.*]] = mixbit.linear %arg0, %[[W]], %[[B]]
// CHECK-NEXT: %[[Z:.*]] = mixbit.linear %arg0, %[[W]] :
// CHECK-NEXT: return %[[Y]], %[[Z]]
func.func @matmul(%x: tensor<?x?x2xf32> {mixbit.dims = #dims}) -> (tensor<?x?x3xf32>, tensor<?x?x3xf32>) attributes {mixbit.symbols = ["b", "s"]} {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b = arith.constant dense<[7.0, 8.0, 9.0]> : tensor<3xf32>
  %m = mixbit.matmul %x, %w : (tensor<?x?x2xf32>, tensor<2x3xf32>) -> tensor<?x?x3xf32>
  %y = mixbit.binary %b, %m {kind = #mixbit.binary_kind<add>} : (tensor<3xf32>, tensor<?x?x3xf32>) -> tensor<?x?x3xf32>
  %z = mixbit.matmul %x, %w : (tensor<?x?x2xf32>, tensor<2x3xf32>) -> tensor<?x?x3xf32>
  return %y, %z : tensor<?x?x3xf32>, tensor<?x?x3xf32>
}

// Gemm between the reshapes that PyTorch puts around it.
// CHECK-LABEL: func @gemm
// CHECK: %[[Y:.*]] = mixbit.linear %arg0, %{{.*}}, %{{.*}} : (tensor<?x?x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<?x?x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @gemm(%x: tensor<?x?x2xf32> {mixbit.dims = #dims}) -> tensor<?x?x3xf32> attributes {mixbit.symbols = ["b", "s"]} {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %b = arith.constant dense<[[7.0, 8.0, 9.0]]> : tensor<1x3xf32>
  %f = mixbit.reshape %x {shape = affine_map<()[s0, s1] -> (s0 * s1, 2)>} : (tensor<?x?x2xf32>) -> tensor<?x2xf32>
  %m = mixbit.matmul %f, %w {transpose_rhs} : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
  %a = mixbit.binary %m, %b {kind = #mixbit.binary_kind<add>} : (tensor<?x3xf32>, tensor<1x3xf32>) -> tensor<?x3xf32>
  %y = mixbit.reshape %a {shape = affine_map<()[s0, s1] -> (s0, s1, 3)>} : (tensor<?x3xf32>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}

// A bias by rows, a product that is used twice, a product of two activations.
// CHECK-LABEL: func @no_bias
// CHECK: mixbit.linear %arg0, %{{[^,]*}} :
// CHECK: mixbit.binary
// CHECK: mixbit.matmul
func.func @no_bias(%x: tensor<3x2xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b = arith.constant dense<[[7.0], [8.0], [9.0]]> : tensor<3x1xf32>
  %m = mixbit.matmul %x, %w : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
  %y = mixbit.binary %m, %b {kind = #mixbit.binary_kind<add>} : (tensor<3x3xf32>, tensor<3x1xf32>) -> tensor<3x3xf32>
  %z = mixbit.matmul %y, %y : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %y, %z : tensor<3x3xf32>, tensor<3x3xf32>
}

// A head that is tied to a table: its rows as they are.
// CHECK-LABEL: func @tied
// CHECK-NEXT: %[[W:.*]] = arith.constant dense_resource<table>
// CHECK-NEXT: %[[X:.*]] = mixbit.embedding %[[W]], %arg0
// CHECK-NEXT: %[[Y:.*]] = mixbit.linear %[[X]], %[[W]] :
// CHECK-NEXT: return %[[Y]]
func.func @tied(%ids: tensor<4xi64>) -> tensor<4x9xf32> {
  %w = arith.constant dense_resource<table> : tensor<9x3xf32>
  %x = mixbit.embedding %w, %ids : (tensor<9x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  %t = mixbit.transpose %w {permutation = array<i64: 1, 0>} : (tensor<9x3xf32>) -> tensor<3x9xf32>
  %y = mixbit.matmul %x, %t : (tensor<4x3xf32>, tensor<3x9xf32>) -> tensor<4x9xf32>
  return %y : tensor<4x9xf32>
}
