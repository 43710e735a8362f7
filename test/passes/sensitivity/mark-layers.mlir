// RUN: mixbit-opt %s --mark-layers --mlir-print-debuginfo | FileCheck %s
// RUN: mixbit-opt %s --mark-layers="tables=true layers=b,t" | FileCheck %s --check-prefix=SOME

// CHECK-LABEL: func.func @f
// SOME-LABEL: func.func @f
func.func @f(%ids: tensor<4xi64>) -> tensor<4x3xf32> {
  %t = arith.constant dense<1.0> : tensor<5x3xf32> loc("t")
  %a = arith.constant dense<1.0> : tensor<3x3xf32> loc("a")
  %b = arith.constant dense<2.0> : tensor<3x3xf32> loc("b")
  // CHECK: mixbit.embedding %{{.*}}, %{{.*}} :
  // SOME: mixbit.embedding {{.*}} {mixbit.layer = "t"}
  %0 = mixbit.embedding %t, %ids : (tensor<5x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  // CHECK: mixbit.linear {{.*}} {mixbit.layer = "a"}
  // SOME: mixbit.linear %{{.*}}, %{{.*}} :
  %1 = mixbit.linear %0, %a : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  // CHECK: mixbit.linear {{.*}} {mixbit.layer = "b"}
  // SOME: mixbit.linear {{.*}} {mixbit.layer = "b"}
  %2 = mixbit.linear %1, %b : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  // A second use of the same weight, and a weight that is no constant.
  // CHECK: mixbit.linear {{.*}} {mixbit.layer = "a#1"}
  %3 = mixbit.linear %2, %a : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  // CHECK: mixbit.linear %{{.*}}, %{{.*}} :
  %4 = mixbit.linear %3, %3 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x4xf32>
  // CHECK: mixbit.reduce
  %5 = mixbit.reduce %4 {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>, keep_dims} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %6 = mixbit.binary %3, %5 {kind = #mixbit.binary_kind<add>} : (tensor<4x3xf32>, tensor<4x1xf32>) -> tensor<4x3xf32>
  return %6 : tensor<4x3xf32>
}
