// RUN: mixbit-opt %s --mark-layers --differentiate=points=true --cse | FileCheck %s

// The first normalization depends on no layer; the gradient at the second is
// that of what follows and of its distance from the target.
// CHECK-LABEL: func.func @f
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>, mixbit.name = "targets"}, %[[H:[a-z0-9]+]]: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>, mixbit.name = "target:0"}, %[[PULL:[a-z0-9]+]]: tensor<?x1xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 1)>, mixbit.name = "pull:0"})
// CHECK-SAME: tensor<?x4xf32> {mixbit.name = "dy:w"}, tensor<?x4xf32> {mixbit.name = "point:0"})
func.func @f(%x: tensor<?x4xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 4)>})
    -> (tensor<?x4xf32> {mixbit.name = "logits"}) attributes {mixbit.symbols = ["batch"]} {
  %w = arith.constant dense<0.25> : tensor<4x4xf32> loc("w")
  %g = arith.constant dense<1.0> : tensor<4xf32>
  %n = mixbit.layer_norm %x, %g {epsilon = 1.0e-12 : f32} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %y = mixbit.linear %n, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  // CHECK: %[[Y:.*]] = mixbit.linear
  // CHECK: %[[Z:.*]] = mixbit.layer_norm %[[Y]]
  %z = mixbit.layer_norm %y, %g {epsilon = 1.0e-12 : f32} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: %[[SEED:.*]] = mixbit.binary %{{.*}}, %[[T]] {kind = #mixbit.binary_kind<sub>}
  // CHECK: %[[FAR:.*]] = mixbit.binary %[[Z]], %[[H]] {kind = #mixbit.binary_kind<sub>}
  // CHECK: %[[PART:.*]] = mixbit.binary %[[FAR]], %[[PULL]] {kind = #mixbit.binary_kind<mul>}
  // CHECK: mixbit.binary %[[SEED]], %[[PART]] {kind = #mixbit.binary_kind<add>}
  // CHECK: return %[[Z]], %{{.*}}, %{{.*}}, %[[Z]]
  return %z : tensor<?x4xf32>
}
