// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --sort-rows="metric=trace" --mlir-elide-resource-strings-if-larger=9 --mlir-elide-elementsattrs-if-larger=9 | FileCheck %s
// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --sort-rows="metric=fisher" | FileCheck %s --check-prefix=OTHER

// Rows and bias of the first layer, columns of the second; the sensitivities
// are those of the new groups of rows, in which all that was in the second one
// comes first.
// OTHER-NOT: dense_resource
// OTHER: [1.000000e-03, 1.000000e+03]
// CHECK-LABEL: func.func @pair
// CHECK-DAG: %[[UP:.*]] = arith.constant dense_resource<up> : tensor<128x4xf32>
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense_resource<bias> : tensor<128xf32>
// CHECK-DAG: %[[DOWN:.*]] = arith.constant dense_resource<down> : tensor<4x128xf32>
// CHECK: mixbit.linear %arg0, %[[UP]], %[[BIAS]] {sensitivity = #mixbit.sensitivity<"trace", [1.000000e+03, 1.000000e-03]>}
// CHECK: mixbit.linear %{{.*}}, %[[DOWN]]
func.func @pair(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = arith.constant dense<RANDOM> : tensor<128x4xf32> loc("up")
  %b = arith.constant dense<RANDOM> : tensor<128xf32> loc("bias")
  %v = arith.constant dense<RANDOM> : tensor<4x128xf32> loc("down")
  %half = arith.constant dense<0.5> : tensor<f32>
  %h = mixbit.linear %x, %w, %b {sensitivity = #mixbit.sensitivity<"trace", [0.001, 1000.0]>} : (tensor<?x4xf32>, tensor<128x4xf32>, tensor<128xf32>) -> tensor<?x128xf32>
  %m = mixbit.binary %h, %half {kind = #mixbit.binary_kind<mul>} : (tensor<?x128xf32>, tensor<f32>) -> tensor<?x128xf32>
  %g = mixbit.unary %m {kind = #mixbit.unary_kind<gelu_erf>} : (tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = mixbit.linear %g, %v : (tensor<?x128xf32>, tensor<4x128xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// What is read elsewhere, or meets numbers that differ by output, stays.
// CHECK-LABEL: func.func @returned
// CHECK: sensitivity = #mixbit.sensitivity<"trace", [1.000000e-03, 1.000000e+03]>
func.func @returned(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x128xf32>) {
  %w = arith.constant dense<RANDOM> : tensor<128x4xf32> loc("up2")
  %v = arith.constant dense<RANDOM> : tensor<4x128xf32> loc("down2")
  %h = mixbit.linear %x, %w {sensitivity = #mixbit.sensitivity<"trace", [0.001, 1000.0]>} : (tensor<?x4xf32>, tensor<128x4xf32>) -> tensor<?x128xf32>
  %y = mixbit.linear %h, %v : (tensor<?x128xf32>, tensor<4x128xf32>) -> tensor<?x4xf32>
  return %y, %h : tensor<?x4xf32>, tensor<?x128xf32>
}

// CHECK-LABEL: func.func @scaled
// CHECK: sensitivity = #mixbit.sensitivity<"trace", [1.000000e-03, 1.000000e+03]>
func.func @scaled(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = arith.constant dense<RANDOM> : tensor<128x4xf32> loc("up3")
  %v = arith.constant dense<RANDOM> : tensor<4x128xf32> loc("down3")
  %s = arith.constant dense<RANDOM> : tensor<1x128xf32>
  %h = mixbit.linear %x, %w {sensitivity = #mixbit.sensitivity<"trace", [0.001, 1000.0]>} : (tensor<?x4xf32>, tensor<128x4xf32>) -> tensor<?x128xf32>
  %m = mixbit.binary %h, %s {kind = #mixbit.binary_kind<mul>} : (tensor<?x128xf32>, tensor<1x128xf32>) -> tensor<?x128xf32>
  %y = mixbit.linear %m, %v : (tensor<?x128xf32>, tensor<4x128xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
