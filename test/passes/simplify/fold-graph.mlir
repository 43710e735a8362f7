// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(fold-graph))' | FileCheck %s

// CHECK-DAG: #[[SIZES:.*]] = affine_map<()[s0, s1] -> (s0, 1, 8)>
// CHECK-DAG: #[[STARTS:.*]] = affine_map<()[s0, s1] -> (0, 0, 0)>
// CHECK-DAG: #[[SHAPE:.*]] = affine_map<()[s0, s1] -> (s0, 8)>

// CHECK-LABEL: func @movement
// CHECK-NEXT: return %arg0
func.func @movement(%x: tensor<?x?x8xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 8)>}) -> tensor<?x?x8xf32>
    attributes {mixbit.symbols = ["batch", "sequence"]} {
  %0 = mixbit.reshape %x {shape = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %1 = mixbit.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %2 = mixbit.transpose %1 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32>) -> tensor<?x?x2x4xf32>
  %3 = mixbit.reshape %2 {shape = affine_map<()[s0, s1] -> (s0 * s1, 8)>} : (tensor<?x?x2x4xf32>) -> tensor<?x8xf32>
  %4 = mixbit.reshape %3 {shape = affine_map<()[s0, s1] -> (s0, s1, 8)>} : (tensor<?x8xf32>) -> tensor<?x?x8xf32>
  return %4 : tensor<?x?x8xf32>
}

// A transpose that moves dimensions of extent 1 only is a reshape; others stay.
// CHECK-LABEL: func @unit_transpose
// CHECK: mixbit.reshape %arg0
// CHECK: mixbit.transpose %arg1
func.func @unit_transpose(%x: tensor<4x1x8xf32>, %y: tensor<4x2x8xf32>) -> (tensor<1x4x8xf32>, tensor<2x4x8xf32>) {
  %0 = mixbit.transpose %x {permutation = array<i64: 1, 0, 2>} : (tensor<4x1x8xf32>) -> tensor<1x4x8xf32>
  %1 = mixbit.transpose %y {permutation = array<i64: 1, 0, 2>} : (tensor<4x2x8xf32>) -> tensor<2x4x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<2x4x8xf32>
}

// The consumer broadcasts by itself, unless the result's shape needs it.
// CHECK-LABEL: func @broadcasts
// CHECK-NEXT: %[[B:.*]] = mixbit.broadcast %arg1
// CHECK-NEXT: %[[A:.*]] = mixbit.binary %arg0, %arg1
// CHECK-NEXT: %[[C:.*]] = mixbit.binary %[[B]], %arg1
// CHECK-NEXT: return %[[A]], %[[C]]
func.func @broadcasts(%x: tensor<?x8xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 8)>}, %y: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {mixbit.symbols = ["batch"]} {
  %0 = mixbit.broadcast %y {shape = affine_map<()[s0] -> (s0, 8)>} : (tensor<8xf32>) -> tensor<?x8xf32>
  %1 = mixbit.binary %x, %0 {kind = #mixbit.binary_kind<add>} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = mixbit.binary %0, %y {kind = #mixbit.binary_kind<mul>} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>
}

// x * 1 is x; x + 0 is not, for x = -0.
// CHECK-LABEL: func @neutral
// CHECK: %[[ADD:.*]] = mixbit.binary %arg0, %{{.*}} {kind = #mixbit.binary_kind<add>}
// CHECK-NEXT: return %arg0, %[[ADD]]
func.func @neutral(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = mixbit.binary %one, %x {kind = #mixbit.binary_kind<mul>} : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = mixbit.binary %x, %zero {kind = #mixbit.binary_kind<add>} : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// Token 0 by a gather is a slice.
// CHECK-LABEL: func @first_token
// CHECK: %[[S:.*]] = mixbit.slice %arg0 {sizes = #[[SIZES]], starts = #[[STARTS]]
// CHECK-NEXT: mixbit.reshape %[[S]] {shape = #[[SHAPE]]}
func.func @first_token(%x: tensor<?x?x8xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 8)>}) -> tensor<?x8xf32>
    attributes {mixbit.symbols = ["batch", "sequence"]} {
  %i = arith.constant dense<0> : tensor<i64>
  %0 = mixbit.gather %x, %i {axis = 1 : i64} : (tensor<?x?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Keys transposed with batch and heads joined, as PyTorch's SDPA export does.
// CHECK-LABEL: func @joined_transpose
// CHECK-NEXT: %[[T:.*]] = mixbit.transpose %arg0 {permutation = array<i64: 0, 1, 3, 2>}
// CHECK-NEXT: return %[[T]]
func.func @joined_transpose(%x: tensor<?x2x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>}) -> tensor<?x2x4x?xf32>
    attributes {mixbit.symbols = ["batch", "sequence"]} {
  %0 = mixbit.reshape %x {shape = affine_map<()[s0, s1] -> (s0 * 2, s1, 4)>} : (tensor<?x2x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = mixbit.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  %2 = mixbit.reshape %1 {shape = affine_map<()[s0, s1] -> (s0, 2, 4, s1)>} : (tensor<?x4x?xf32>) -> tensor<?x2x4x?xf32>
  return %2 : tensor<?x2x4x?xf32>
}
