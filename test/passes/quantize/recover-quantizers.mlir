// RUN: mixbit-opt %s --recover-quantizers | FileCheck %s
!w = tensor<2x4xf32>
#int8 = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">

// QuantizeLinear and DequantizeLinear of ui8, zero point 3, as lower-onnx has
// them: codes are what is left without the zero point.
// CHECK-LABEL: func.func @zero_point(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>
// CHECK-NOT: mixbit.binary
// CHECK: mixbit.linear %[[X]], %{{.*}} {activations = #mixbit.activations<8, per_tensor, static, <divide, step = 2.500000e-01 : f32, scale = 2.500000e-01 : f32, low = -3, high = 252>>
func.func @zero_point(%x: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>}, %b: tensor<2xf32>) -> tensor<?x2xf32>
    attributes {mixbit.symbols = ["batch"]} {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 9.0]]> : !w
  %s = arith.constant dense<0.25> : tensor<f32>
  %z = arith.constant dense<3.0> : tensor<f32>
  %low = arith.constant dense<0.0> : tensor<f32>
  %high = arith.constant dense<255.0> : tensor<f32>
  %0 = mixbit.binary %x, %s {kind = #mixbit.binary_kind<div>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %1 = mixbit.unary %0 {kind = #mixbit.unary_kind<round>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = mixbit.binary %1, %z {kind = #mixbit.binary_kind<add>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %3 = mixbit.binary %2, %low {kind = #mixbit.binary_kind<max>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %4 = mixbit.binary %3, %high {kind = #mixbit.binary_kind<min>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %5 = mixbit.binary %4, %z {kind = #mixbit.binary_kind<sub>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %6 = mixbit.binary %5, %s {kind = #mixbit.binary_kind<mul>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %y = mixbit.linear %6, %w, %b {format = #int8, activations = #mixbit.activations<8, per_token, dynamic>}
    : (tensor<?x4xf32>, !w, tensor<2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// Clamped before it is rounded, by a product instead of a division.
// CHECK-LABEL: func.func @learned_step(
// CHECK: mixbit.linear %{{[^,]*}}, %{{.*}} {activations = #mixbit.activations<4, per_tensor, static, <multiply, step = 4.000000e+00 : f32, scale = 2.500000e-01 : f32, low = -8, high = 7>>
func.func @learned_step(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 9.0]]> : !w
  %f = arith.constant dense<4.0> : tensor<f32>
  %s = arith.constant dense<0.25> : tensor<f32>
  %low = arith.constant dense<-8.0> : tensor<f32>
  %high = arith.constant dense<7.3> : tensor<f32>
  %0 = mixbit.binary %f, %x {kind = #mixbit.binary_kind<mul>} : (tensor<f32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %1 = mixbit.binary %0, %low {kind = #mixbit.binary_kind<max>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %2 = mixbit.binary %1, %high {kind = #mixbit.binary_kind<min>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %3 = mixbit.unary %2 {kind = #mixbit.unary_kind<round>} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %4 = mixbit.binary %3, %s {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = mixbit.linear %4, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Signs, of one bit and of three values.
// CHECK-LABEL: func.func @signs(
// CHECK: mixbit.linear %{{[^,]*}}, %{{.*}} {activations = #mixbit.activations<2, per_tensor, static, <sign, step = 1.000000e+00 : f32, scale = 5.000000e-01 : f32, low = -1, high = 1>>
// CHECK: mixbit.linear %{{[^,]*}}, %{{.*}} {activations = #mixbit.activations<1, per_tensor, static, <binary, step = 1.000000e+00 : f32, scale = 5.000000e-01 : f32, low = -1, high = 1>>
func.func @signs(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 9.0]]> : !w
  %a = arith.constant dense<0.5> : tensor<f32>
  %m = arith.constant dense<-0.5> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<sign>} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %1 = mixbit.binary %0, %a {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = mixbit.linear %1, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  %2 = mixbit.binary %x, %zero {kind = #mixbit.binary_kind<greater_equal>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xi1>
  %3 = mixbit.select %2, %a, %m : (tensor<3x4xi1>, tensor<f32>, tensor<f32>) -> tensor<3x4xf32>
  %z = mixbit.linear %3, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// Above a minimum that is found at run time: the rows' sums make up for it.
// CHECK-LABEL: func.func @minimum(
// CHECK: %[[M:.*]] = mixbit.reduce
// CHECK: %[[D:.*]] = mixbit.binary %{{.*}}, %[[M]] {kind = #mixbit.binary_kind<sub>}
// CHECK: %[[L:.*]] = mixbit.linear %[[D]], %{{.*}} {activations = #mixbit.activations<2, per_tensor, static, <divide, step = 5.000000e-01 : f32, scale = 5.000000e-01 : f32, low = 0, high = 2>>
// CHECK: %[[SUMS:.*]] = arith.constant dense<[1.000000e+01, 2.700000e+01]>
// CHECK: %[[S:.*]] = mixbit.reshape %[[M]]
// CHECK: %[[O:.*]] = mixbit.binary %[[SUMS]], %[[S]] {kind = #mixbit.binary_kind<mul>}
// CHECK: mixbit.binary %[[L]], %[[O]] {kind = #mixbit.binary_kind<add>}
func.func @minimum(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 9.0]]> : !w
  %a = arith.constant dense<0.5> : tensor<f32>
  %low = arith.constant dense<0.0> : tensor<f32>
  %high = arith.constant dense<2.0> : tensor<f32>
  %m = mixbit.reduce %x {kind = #mixbit.reduce_kind<min>, axes = array<i64: 0, 1>, keep_dims} : (tensor<3x4xf32>) -> tensor<1x1xf32>
  %0 = mixbit.binary %x, %m {kind = #mixbit.binary_kind<sub>} : (tensor<3x4xf32>, tensor<1x1xf32>) -> tensor<3x4xf32>
  %1 = mixbit.binary %0, %a {kind = #mixbit.binary_kind<div>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %2 = mixbit.unary %1 {kind = #mixbit.unary_kind<round>} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %3 = mixbit.binary %2, %low {kind = #mixbit.binary_kind<max>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %4 = mixbit.binary %3, %high {kind = #mixbit.binary_kind<min>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %5 = mixbit.binary %4, %a {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %6 = mixbit.binary %5, %m {kind = #mixbit.binary_kind<add>} : (tensor<3x4xf32>, tensor<1x1xf32>) -> tensor<3x4xf32>
  %y = mixbit.linear %6, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Left as they are: without bounds, with a zero point that stays in, with a
// bound that is no integer, and in front of a weight that stays float.
// CHECK-LABEL: func.func @others(
// CHECK-COUNT-4: mixbit.linear {{.*}} {{(: \(|\{format = [^}]*\} :)}}
// CHECK-NOT: static
func.func @others(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 9.0]]> : !w
  %s = arith.constant dense<0.25> : tensor<f32>
  %low = arith.constant dense<-7.0> : tensor<f32>
  %high = arith.constant dense<7.0> : tensor<f32>
  %half = arith.constant dense<7.5> : tensor<f32>
  %0 = mixbit.binary %x, %s {kind = #mixbit.binary_kind<div>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %r = mixbit.unary %0 {kind = #mixbit.unary_kind<round>} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %free = mixbit.binary %r, %s {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = mixbit.linear %free, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  %1 = mixbit.binary %r, %low {kind = #mixbit.binary_kind<max>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %2 = mixbit.binary %1, %high {kind = #mixbit.binary_kind<min>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %3 = mixbit.binary %2, %high {kind = #mixbit.binary_kind<add>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %shifted = mixbit.binary %3, %s {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %z = mixbit.linear %shifted, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  %4 = mixbit.binary %1, %half {kind = #mixbit.binary_kind<min>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %uneven = mixbit.binary %4, %s {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %u = mixbit.linear %uneven, %w {format = #int8} : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  %good = mixbit.binary %2, %s {kind = #mixbit.binary_kind<mul>} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %v = mixbit.linear %good, %w : (tensor<3x4xf32>, !w) -> tensor<3x2xf32>
  return %y, %z, %u, %v : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}
