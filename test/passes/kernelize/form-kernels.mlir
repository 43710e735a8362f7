// RUN: mixbit-opt %s -split-input-file -form-kernels | FileCheck %s

// A lookup, a sum and a normalization over the same points are one kernel; the
// slice of the table is a view, not a copy.
// CHECK-LABEL: mixbit.kernel @rows_embedding_add_layer_norm
// CHECK: mixbit.rows ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<?x?xi64>, memref<?x8xf32>, memref<8xf32>)
// CHECK: mixbit.table_load
// CHECK: arith.addf
// CHECK: mixbit.row_reduce %{{.*}} {kind = #mixbit.reduce_kind<add>}
// CHECK: mixbit.row_reduce
// CHECK: mixbit.plan @lookup
// CHECK-SAME: symbols = ["batch", "sequence"], names = ["ids", "y"], num_inputs = 1
// CHECK-NOT: mixbit.buffer {
// CHECK: mixbit.buffer_view {{.*}} : memref<10x8xf32> to memref<?x8xf32>
// CHECK: mixbit.launch @rows_embedding_add_layer_norm
// CHECK-NOT: mixbit.launch
func.func @lookup(%ids: tensor<?x?xi64> {mixbit.name = "ids", mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> (tensor<?x?x8xf32> {mixbit.name = "y"}) attributes {mixbit.symbols = ["batch", "sequence"]} {
  %table = arith.constant dense<1.0> : tensor<10x8xf32>
  %gamma = arith.constant dense<[2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0]> : tensor<8xf32>
  %e = mixbit.embedding %table, %ids : (tensor<10x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %p = mixbit.slice %table {starts = affine_map<()[s0, s1] -> (0, 0)>, sizes = affine_map<()[s0, s1] -> (s1, 8)>,
    steps = array<i64: 1, 1>} : (tensor<10x8xf32>) -> tensor<?x8xf32>
  %s = mixbit.binary %e, %p {kind = #mixbit.binary_kind<add>} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x?x8xf32>
  %n = mixbit.layer_norm %s, %gamma {epsilon = 1.0e-12 : f32} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %n : tensor<?x?x8xf32>
}

// -----

// Bias, activation and residual are the contraction's epilogue.
// CHECK-LABEL: mixbit.kernel @linear_fp32_8x16_relu_add
// CHECK: mixbit.contract
// CHECK-SAME: extras(%{{.*}}, %{{.*}} : memref<16xf32>, memref<?x16xf32>)
// CHECK-SAME: shape [16, 8] layout <panel = 16, block = 1, inner = 1, bits = 32>
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK: arith.addf
func.func @epilogue(%x: tensor<?x8xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 8)>},
    %r: tensor<?x16xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 16)>}) -> tensor<?x16xf32>
    attributes {mixbit.symbols = ["batch"]} {
  %w = arith.constant dense<0.5> : tensor<16x8xf32>
  %b = arith.constant dense<0.25> : tensor<16xf32>
  %y = mixbit.linear %x, %w, %b : (tensor<?x8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> tensor<?x16xf32>
  %a = mixbit.unary %y {kind = #mixbit.unary_kind<relu>} : (tensor<?x16xf32>) -> tensor<?x16xf32>
  %s = mixbit.binary %a, %r {kind = #mixbit.binary_kind<add>} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  return %s : tensor<?x16xf32>
}

// -----

// A product that two operations read keeps its kernel to itself.
// CHECK-LABEL: mixbit.kernel @linear_fp32_4x4(
// CHECK: mixbit.kernel @rows_relu_add
func.func @two_readers(%x: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>}) -> tensor<?x4xf32>
    attributes {mixbit.symbols = ["batch"]} {
  %w = arith.constant dense<0.5> : tensor<4x4xf32>
  %y = mixbit.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %a = mixbit.unary %y {kind = #mixbit.unary_kind<relu>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %s = mixbit.binary %a, %y {kind = #mixbit.binary_kind<add>} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// No circle: the sum cannot join the normalization, which the product between
// them reads.
// CHECK-LABEL: mixbit.kernel @rows_layer_norm(
// CHECK: mixbit.kernel @matmul
// CHECK: mixbit.kernel @rows_add
// CHECK: mixbit.plan @no_circle
// CHECK: mixbit.launch @rows_layer_norm
// CHECK: mixbit.launch @matmul
// CHECK: mixbit.launch @rows_add
func.func @no_circle(%x: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>},
    %m: tensor<4x4xf32>) -> tensor<?x4xf32> attributes {mixbit.symbols = ["batch"]} {
  %g = arith.constant dense<1.0> : tensor<4xf32>
  %n = mixbit.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %p = mixbit.matmul %n, %m : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %s = mixbit.binary %n, %p {kind = #mixbit.binary_kind<add>} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// A transpose is a view; what leaves the function is copied out of it.
// CHECK-LABEL: mixbit.kernel @copy(%{{.*}}: memref<?x4xf32, strided<[1, ?]>>, %{{.*}}: memref<?x4xf32>)
// CHECK: mixbit.plan @transposed
func.func @transposed(%x: tensor<4x?xf32> {mixbit.dims = affine_map<()[s0] -> (4, s0)>}) -> tensor<?x4xf32>
    attributes {mixbit.symbols = ["n"]} {
  %t = mixbit.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x?xf32>) -> tensor<?x4xf32>
  return %t : tensor<?x4xf32>
}

// -----

// One right side for all of the batch: its rows are those of one matrix.
// CHECK-LABEL: mixbit.kernel @matmul(
// CHECK-SAME: memref<?x4xf32>, %{{.*}}: memref<4x6xf32, strided<[1, 4]>>, %{{.*}}: memref<?x6xf32>)
// CHECK: mixbit.plan @shared_right_side
func.func @shared_right_side(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
    %w: tensor<6x4xf32>) -> tensor<?x?x6xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %p = mixbit.matmul %x, %w {transpose_rhs} : (tensor<?x?x4xf32>, tensor<6x4xf32>) -> tensor<?x?x6xf32>
  return %p : tensor<?x?x6xf32>
}
