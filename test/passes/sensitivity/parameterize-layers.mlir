// RUN: mixbit-opt %s --mark-layers=tables=true --parameterize-layers | FileCheck %s
// RUN: mixbit-opt %s --mark-layers=layers=b --parameterize-layers | FileCheck %s --check-prefix=SOME

// CHECK-LABEL: func.func @f
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<4xi64>, %[[T:[a-z0-9]+]]: tensor<5x3xf32> {mixbit.dims = affine_map<() -> (5, 3)>, mixbit.name = "w:t"}, %[[A:[a-z0-9]+]]: tensor<3x3xf32> {{{.*}}mixbit.name = "w:a"}, %[[B:[a-z0-9]+]]: tensor<3x3xf32> {{{.*}}mixbit.name = "w:b"})
// CHECK-NOT: arith.constant
// SOME-LABEL: func.func @f
// SOME-SAME: %[[B:[a-z0-9]+]]: tensor<3x3xf32> {{{.*}}mixbit.name = "w:b"})
func.func @f(%ids: tensor<4xi64>) -> tensor<4x3xf32> {
  %t = arith.constant dense<1.0> : tensor<5x3xf32> loc("t")
  %a = arith.constant dense<1.0> : tensor<3x3xf32> loc("a")
  %b = arith.constant dense<2.0> : tensor<3x3xf32> loc("b")
  // Nothing is differentiated by a table.
  // CHECK: mixbit.embedding %[[T]], %[[IDS]] :
  // SOME: mixbit.embedding %cst
  %0 = mixbit.embedding %t, %ids : (tensor<5x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  // CHECK: mixbit.linear %{{.*}}, %[[A]] {mixbit.layer = "a"}
  // SOME: mixbit.linear %{{.*}}, %cst
  %1 = mixbit.linear %0, %a : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  // CHECK: mixbit.linear %{{.*}}, %[[B]] {mixbit.layer = "b"}
  // SOME: mixbit.linear %{{.*}}, %[[B]] {mixbit.layer = "b"}
  %2 = mixbit.linear %1, %b : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  // A second use is of the same argument.
  // CHECK: mixbit.linear %{{.*}}, %[[A]] {mixbit.layer = "a#1"}
  %3 = mixbit.linear %2, %a : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  return %3 : tensor<4x3xf32>
}
