// RUN: mixbit-opt %s --mark-layers --linearize --cse | FileCheck %s
// RUN: mixbit-opt %s --mark-layers --perturb-layers | FileCheck %s --check-prefix=PERTURB
// RUN: mixbit-opt %s --mixbit-hessian | FileCheck %s --check-prefix=SECOND

// CHECK-LABEL: func.func @two
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32> {{{.*}}mixbit.name = "x"}
// CHECK-SAME: %[[UV:.*]]: tensor<?x5xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 5)>, mixbit.name = "u:v"}
// CHECK-SAME: %[[UW:.*]]: tensor<?x3xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 3)>, mixbit.name = "u:w"}
// CHECK-SAME: -> (tensor<?x3xf32> {mixbit.name = "d:logits"})
// PERTURB-LABEL: func.func @two
// PERTURB-SAME: mixbit.name = "u:v"
// PERTURB-SAME: -> (tensor<?x3xf32> {mixbit.name = "logits"}, tensor<?x4xf32> {mixbit.name = "x:v"}, tensor<?x5xf32> {mixbit.name = "x:w"})
// SECOND-LABEL: func.func @two
// SECOND-SAME: mixbit.name = "targets"
// SECOND-SAME: mixbit.name = "u:v"
// SECOND-SAME: -> (tensor<?x3xf32> {mixbit.name = "d:logits"}, tensor<?x4xf32> {mixbit.name = "d:x:v"}, tensor<?x5xf32> {mixbit.name = "d:dy:v"},
func.func @two(%x: tensor<?x4xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 4)>})
    -> (tensor<?x3xf32> {mixbit.name = "logits"}) attributes {mixbit.symbols = ["batch"]} {
  %v = arith.constant dense<0.5> : tensor<5x4xf32> loc("v")
  %w = arith.constant dense<0.25> : tensor<3x5xf32> loc("w")
  // CHECK: %[[H:.*]] = mixbit.linear %[[X]]
  // PERTURB: %[[H:.*]] = mixbit.linear {{.*}} {mixbit.layer = "v"}
  // PERTURB: %[[Y:.*]] = mixbit.binary %[[H]], %arg1 {kind = #mixbit.binary_kind<add>}
  %h = mixbit.linear %x, %v : (tensor<?x4xf32>, tensor<5x4xf32>) -> tensor<?x5xf32>
  // CHECK: %[[R:.*]] = mixbit.unary %[[H]] {kind = #mixbit.unary_kind<sigmoid>}
  // PERTURB: mixbit.unary %[[Y]]
  %r = mixbit.unary %h {kind = #mixbit.unary_kind<sigmoid>} : (tensor<?x5xf32>) -> tensor<?x5xf32>
  // The result itself is not needed.
  // CHECK-NOT: mixbit.linear %[[R]]
  // CHECK: %[[DR:.*]] = mixbit.binary %[[UV]], %{{.*}} {kind = #mixbit.binary_kind<mul>}
  // CHECK: %[[DZ:.*]] = mixbit.linear %[[DR]], %{{.*}} : (tensor<?x5xf32>, tensor<3x5xf32>) -> tensor<?x3xf32>
  // CHECK: %[[SUM:.*]] = mixbit.binary %[[DZ]], %[[UW]] {kind = #mixbit.binary_kind<add>}
  // CHECK: return %[[SUM]]
  %z = mixbit.linear %r, %w : (tensor<?x5xf32>, tensor<3x5xf32>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}
