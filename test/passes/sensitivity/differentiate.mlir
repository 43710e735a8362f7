// RUN: mixbit-opt %s --mark-layers --differentiate --cse | FileCheck %s
// RUN: mixbit-opt %s --mark-layers=tables=true --differentiate | FileCheck %s --check-prefix=TABLES

// CHECK-LABEL: func.func @two
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32> {{{.*}}mixbit.name = "x"}
// CHECK-SAME: %[[T:.*]]: tensor<?x3xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 3)>, mixbit.name = "targets"}
// CHECK-SAME: -> (tensor<?x3xf32> {mixbit.name = "logits"}, tensor<?x4xf32> {mixbit.name = "x:v"}, tensor<?x5xf32> {mixbit.name = "dy:v"},
// CHECK-SAME: tensor<?x5xf32> {mixbit.name = "x:w"}, tensor<?x3xf32> {mixbit.name = "dy:w"})
func.func @two(%x: tensor<?x4xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 4)>})
    -> (tensor<?x3xf32> {mixbit.name = "logits"}) attributes {mixbit.symbols = ["batch"]} {
  %v = arith.constant dense<0.5> : tensor<5x4xf32> loc("v")
  %w = arith.constant dense<0.25> : tensor<3x5xf32> loc("w")
  // CHECK: %[[H:.*]] = mixbit.linear %[[X]], %{{.*}} {mixbit.layer = "v"}
  %h = mixbit.linear %x, %v : (tensor<?x4xf32>, tensor<5x4xf32>) -> tensor<?x5xf32>
  // CHECK: %[[R:.*]] = mixbit.unary %[[H]] {kind = #mixbit.unary_kind<tanh>}
  %r = mixbit.unary %h {kind = #mixbit.unary_kind<tanh>} : (tensor<?x5xf32>) -> tensor<?x5xf32>
  // CHECK: %[[Z:.*]] = mixbit.linear %[[R]], %{{.*}} {mixbit.layer = "w"}
  %z = mixbit.linear %r, %w : (tensor<?x5xf32>, tensor<3x5xf32>) -> tensor<?x3xf32>
  // The gradient of the cross-entropy: softmax(z) sum(t) - t.
  // CHECK: %[[P:.*]] = mixbit.softmax %[[Z]] {axis = 1 : i64}
  // CHECK: %[[SUM:.*]] = mixbit.reduce %[[T]]
  // CHECK: %[[PS:.*]] = mixbit.binary %[[P]], %[[SUM]] {kind = #mixbit.binary_kind<mul>}
  // CHECK: %[[DZ:.*]] = mixbit.binary %[[PS]], %[[T]] {kind = #mixbit.binary_kind<sub>}
  // The transposed weight is a constant; nothing is carried to the input.
  // CHECK: %[[WT:.*]] = arith.constant dense<2.500000e-01> : tensor<5x3xf32>
  // CHECK: %[[DR:.*]] = mixbit.linear %[[DZ]], %[[WT]] : (tensor<?x3xf32>, tensor<5x3xf32>) -> tensor<?x5xf32>
  // CHECK: %[[SQ:.*]] = mixbit.binary %[[R]], %[[R]] {kind = #mixbit.binary_kind<mul>}
  // CHECK: %[[DH:.*]] = mixbit.binary %[[DR]], %{{.*}} {kind = #mixbit.binary_kind<mul>}
  // CHECK-NOT: mixbit.linear
  // CHECK: return %[[Z]], %[[X]], %[[DH]], %[[R]], %[[DZ]]
  return %z : tensor<?x3xf32>
}

// What a layer does not reach has no gradient.
// CHECK-LABEL: func.func @apart
// CHECK: %[[ZERO:.*]] = mixbit.broadcast %{{.*}} -> tensor<2x3xf32>
// CHECK: return %arg0, %{{.*}}, %arg0, %[[ZERO]]
func.func @apart(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x3xf32>) {
  %w = arith.constant dense<0.25> : tensor<3x4xf32> loc("w")
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return %x, %y : tensor<2x4xf32>, tensor<2x3xf32>
}

// Positions are looked up for each sample, so that each has a gradient.
// TABLES-LABEL: func.func @positions
// TABLES-SAME: tensor<?x3xi64> {mixbit.name = "x:p"}, tensor<?x3x4xf32> {mixbit.name = "dy:p"}
// TABLES: %[[IDS:.*]] = mixbit.broadcast %{{.*}} {shape = {{.*}}} : (tensor<3xi64>) -> tensor<?x3xi64>
// TABLES: mixbit.embedding %{{.*}}, %[[IDS]] {mixbit.layer = "p"} : (tensor<9x4xf32>, tensor<?x3xi64>) -> tensor<?x3x4xf32>
func.func @positions(%x: tensor<?x3x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 3, 4)>})
    -> (tensor<?x3x4xf32>) attributes {mixbit.symbols = ["batch"]} {
  %p = arith.constant dense<0.25> : tensor<9x4xf32> loc("p")
  %i = arith.constant dense<[0, 1, 2]> : tensor<3xi64>
  %e = mixbit.embedding %p, %i : (tensor<9x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %y = mixbit.binary %x, %e {kind = #mixbit.binary_kind<add>} : (tensor<?x3x4xf32>, tensor<3x4xf32>) -> tensor<?x3x4xf32>
  %w = arith.constant dense<0.25> : tensor<4x4xf32> loc("w")
  %z = mixbit.linear %y, %w : (tensor<?x3x4xf32>, tensor<4x4xf32>) -> tensor<?x3x4xf32>
  return %z : tensor<?x3x4xf32>
}
