// RUN: mixbit-opt %s --decompose-attention | FileCheck %s

// CHECK-LABEL: func.func @keep
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x8xf32> {{.*}}, %[[K:.*]]: tensor<?x?x8xf32> {{.*}}, %[[V:.*]]: tensor<?x?x12xf32> {{.*}}, %[[M:.*]]: tensor<?x?xi64>
func.func @keep(%q: tensor<?x?x8xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 8)>},
                %k: tensor<?x?x8xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 8)>},
                %v: tensor<?x?x12xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 12)>},
                %m: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x12xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  // CHECK: %[[QS:.*]] = mixbit.reshape %[[Q]] {{.*}} -> tensor<?x?x2x4xf32>
  // CHECK: %[[QT:.*]] = mixbit.transpose %[[QS]] {permutation = array<i64: 0, 2, 1, 3>}
  // CHECK: %[[KT:.*]] = mixbit.transpose {{.*}} -> tensor<?x2x?x4xf32>
  // CHECK: %[[VT:.*]] = mixbit.transpose {{.*}} -> tensor<?x2x?x6xf32>
  // CHECK: %[[S:.*]] = mixbit.matmul %[[QT]], %[[KT]] {transpose_rhs} : {{.*}} -> tensor<?x2x?x?xf32>
  // CHECK: %[[C:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
  // CHECK: %[[SC:.*]] = mixbit.binary %[[S]], %[[C]] {kind = #mixbit.binary_kind<mul>}
  // CHECK: %[[B:.*]] = mixbit.cast %[[M]] : (tensor<?x?xi64>) -> tensor<?x?xi1>
  // CHECK: %[[BR:.*]] = mixbit.reshape %[[B]] {{.*}} -> tensor<?x1x1x?xi1>
  // CHECK: %[[MASKED:.*]] = mixbit.select %[[BR]], %[[SC]], %{{.*}} : {{.*}} -> tensor<?x2x?x?xf32>
  // CHECK: %[[P:.*]] = mixbit.softmax %[[MASKED]] {axis = 3 : i64}
  // CHECK: %[[O:.*]] = mixbit.matmul %[[P]], %[[VT]] : {{.*}} -> tensor<?x2x?x6xf32>
  // CHECK: %[[OT:.*]] = mixbit.transpose %[[O]]
  // CHECK: %[[R:.*]] = mixbit.reshape %[[OT]] {{.*}} -> tensor<?x?x12xf32>
  // CHECK: return %[[R]]
  %o = mixbit.attention %q, %k, %v mask %m {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x12xf32>, tensor<?x?xi64>) -> tensor<?x?x12xf32>
  return %o : tensor<?x?x12xf32>
}

// CHECK-LABEL: func.func @additive
func.func @additive(%q: tensor<2x3x8xf32>, %m: tensor<2x1x1x3xf32>) -> tensor<2x3x8xf32> {
  // CHECK: mixbit.binary %{{.*}}, %arg1 {kind = #mixbit.binary_kind<add>}
  // CHECK-NOT: mixbit.attention
  %o = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<additive>}
      : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x1x1x3xf32>) -> tensor<2x3x8xf32>
  return %o : tensor<2x3x8xf32>
}
