// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(recover-attention,fold-graph))' | FileCheck %s

#in = affine_map<()[s0, s1] -> (s0, s1, 8)>
#mask = affine_map<()[s0, s1] -> (s0, s1)>
#heads = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>

// BERT: scores / 2 + (1 - mask) * lowest; keys transposed in one step.
// CHECK-LABEL: func @bert
// CHECK-NEXT: %[[O:.*]] = mixbit.attention %arg0, %arg1, %arg2 mask %arg3 {heads = 2 : i64, mask_kind = #mixbit.mask_kind<keep>, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[O]]
func.func @bert(%q: tensor<?x?x8xf32> {mixbit.dims = #in}, %k: tensor<?x?x8xf32> {mixbit.dims = #in}, %v: tensor<?x?x8xf32> {mixbit.dims = #in},
    %m: tensor<?x?xi64> {mixbit.dims = #mask}) -> tensor<?x?x8xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %one = arith.constant dense<1.0> : tensor<f32>
  %lowest = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %m4 = mixbit.reshape %m {shape = affine_map<()[s0, s1] -> (s0, 1, 1, s1)>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %mf = mixbit.cast %m4 : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %mi = mixbit.binary %one, %mf {kind = #mixbit.binary_kind<sub>} : (tensor<f32>, tensor<?x1x1x?xf32>) -> tensor<?x1x1x?xf32>
  %ma = mixbit.binary %mi, %lowest {kind = #mixbit.binary_kind<mul>} : (tensor<?x1x1x?xf32>, tensor<f32>) -> tensor<?x1x1x?xf32>
  %q4 = mixbit.reshape %q {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %k4 = mixbit.reshape %k {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %v4 = mixbit.reshape %v {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %qt = mixbit.transpose %q4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %kt = mixbit.transpose %k4 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x4x?xf32>
  %vt = mixbit.transpose %v4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %s = mixbit.matmul %qt, %kt : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %sd = mixbit.binary %s, %two {kind = #mixbit.binary_kind<div>} : (tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %sm = mixbit.binary %sd, %ma {kind = #mixbit.binary_kind<add>} : (tensor<?x2x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x?x?xf32>
  %p = mixbit.softmax %sm {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %o = mixbit.matmul %p, %vt : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ot = mixbit.transpose %o {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32>) -> tensor<?x?x2x4xf32>
  %r = mixbit.reshape %ot {shape = #in} : (tensor<?x?x2x4xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// SDPA: sqrt of the scale on both sides, a boolean mask chosen with -inf and
// stretched over the queries, and the guard against rows of NaN.
// CHECK-LABEL: func @sdpa
// CHECK-NEXT: %[[O:.*]] = mixbit.attention %arg0, %arg1, %arg2 mask %arg3 {heads = 2 : i64, mask_kind = #mixbit.mask_kind<keep>, scale = 2.500000e-01 : f32}
// CHECK-NEXT: return %[[O]]
func.func @sdpa(%q: tensor<?x?x8xf32> {mixbit.dims = #in}, %k: tensor<?x?x8xf32> {mixbit.dims = #in}, %v: tensor<?x?x8xf32> {mixbit.dims = #in},
    %m: tensor<?x?xi64> {mixbit.dims = #mask}) -> tensor<?x?x8xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %mb = mixbit.cast %m : (tensor<?x?xi64>) -> tensor<?x?xi1>
  %m4 = mixbit.reshape %mb {shape = affine_map<()[s0, s1] -> (s0, 1, 1, s1)>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
  %me = mixbit.broadcast %m4 {shape = affine_map<()[s0, s1] -> (s0, 1, s1, s1)>} : (tensor<?x1x1x?xi1>) -> tensor<?x1x?x?xi1>
  %ma = mixbit.select %me, %zero, %inf : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32>
  %q4 = mixbit.reshape %q {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %k4 = mixbit.reshape %k {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %v4 = mixbit.reshape %v {shape = #heads} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %qt = mixbit.transpose %q4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %kt = mixbit.transpose %k4 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x4x?xf32>
  %vt = mixbit.transpose %v4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %qs = mixbit.binary %qt, %half {kind = #mixbit.binary_kind<mul>} : (tensor<?x2x?x4xf32>, tensor<f32>) -> tensor<?x2x?x4xf32>
  %ks = mixbit.binary %kt, %half {kind = #mixbit.binary_kind<mul>} : (tensor<?x2x4x?xf32>, tensor<f32>) -> tensor<?x2x4x?xf32>
  %s = mixbit.matmul %qs, %ks : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %sm = mixbit.binary %s, %ma {kind = #mixbit.binary_kind<add>} : (tensor<?x2x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x2x?x?xf32>
  %p = mixbit.softmax %sm {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %n = mixbit.unary %p {kind = #mixbit.unary_kind<isnan>} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xi1>
  %g = mixbit.select %n, %zero, %p : (tensor<?x2x?x?xi1>, tensor<f32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %o = mixbit.matmul %g, %vt : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ot = mixbit.transpose %o {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32>) -> tensor<?x?x2x4xf32>
  %r = mixbit.reshape %ot {shape = #in} : (tensor<?x?x2x4xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// A mask of floats stays additive; one head of rank 3; no scale.
// CHECK-LABEL: func @one_head
// CHECK-NEXT: %[[M:.*]] = mixbit.reshape %arg1 {{.*}} -> tensor<?x1x?x?xf32>
// CHECK-NEXT: mixbit.attention %arg0, %arg0, %arg0 mask %[[M]] {heads = 1 : i64, mask_kind = #mixbit.mask_kind<additive>, scale = 1.000000e+00 : f32}
func.func @one_head(%x: tensor<?x?x8xf32> {mixbit.dims = #in}, %m: tensor<?x?x?xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, s1)>})
    -> tensor<?x?x8xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %s = mixbit.matmul %x, %x {transpose_rhs} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x?xf32>
  %sm = mixbit.binary %m, %s {kind = #mixbit.binary_kind<add>} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %p = mixbit.softmax %sm {axis = 2 : i64} : (tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %o = mixbit.matmul %p, %x : (tensor<?x?x?xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

// The probabilities are a result too: left as it is.
// CHECK-LABEL: func @probabilities
// CHECK-NOT: attention
func.func @probabilities(%x: tensor<?x?x8xf32> {mixbit.dims = #in}) -> (tensor<?x?x8xf32>, tensor<?x?x?xf32>) attributes {mixbit.symbols = ["batch", "sequence"]} {
  %s = mixbit.matmul %x, %x {transpose_rhs} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x?xf32>
  %p = mixbit.softmax %s {axis = 2 : i64} : (tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %o = mixbit.matmul %p, %x : (tensor<?x?x?xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o, %p : tensor<?x?x8xf32>, tensor<?x?x?xf32>
}
