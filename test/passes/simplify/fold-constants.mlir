// RUN: mixbit-opt %s --fold-constants | FileCheck %s

// Codes, zero points and scales of a weight, a scale a column.
// CHECK-LABEL: func.func @dequantized
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[-1.000000e+00, 5.000000e-01], [-2.000000e+00, 6.350000e+01]]> : tensor<2x2xf32>
// CHECK-NEXT: mixbit.matmul %{{.*}}, %[[W]]
func.func @dequantized(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %codes = arith.constant dense<[[254, 3], [253, 129]]> : tensor<2x2xui8> loc("weight")
  %z = arith.constant dense<[255, 2]> : tensor<2xui8>
  %s = arith.constant dense<[1.0, 0.5]> : tensor<2xf32>
  %0 = mixbit.cast %codes : (tensor<2x2xui8>) -> tensor<2x2xf32>
  %1 = mixbit.cast %z : (tensor<2xui8>) -> tensor<2xf32>
  %2 = mixbit.binary %0, %1 {kind = #mixbit.binary_kind<sub>} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %3 = mixbit.binary %2, %s {kind = #mixbit.binary_kind<mul>} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %y = mixbit.matmul %x, %3 : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// alpha = mean|w| of each row, times the sign; then transposed.
// CHECK-LABEL: func.func @binary
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[2.000000e+00, -3.000000e+00], [-2.000000e+00, 3.000000e+00]]> : tensor<2x2xf32>
// CHECK-NEXT: return %[[W]]
func.func @binary() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[1.0, -3.0], [-2.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %minus = arith.constant dense<-1.0> : tensor<f32>
  %a = mixbit.unary %w {kind = #mixbit.unary_kind<abs>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %m = mixbit.reduce %a {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<2x2xf32>) -> tensor<2x1xf32>
  %c = mixbit.binary %w, %zero {kind = #mixbit.binary_kind<greater_equal>} : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xi1>
  %s = mixbit.select %c, %one, %minus : (tensor<2x2xi1>, tensor<f32>, tensor<f32>) -> tensor<2x2xf32>
  %q = mixbit.binary %s, %m {kind = #mixbit.binary_kind<mul>} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %t = mixbit.transpose %q {permutation = array<i64: 1, 0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %t : tensor<2x2xf32>
}

// Rounding is half to even, clamping and blocks as QuantizeLinear has them.
// CHECK-LABEL: func.func @rounded
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[0.000000e+00, 1.000000e+00], [8.000000e+00, -8.000000e+00]]> : tensor<2x2xf32>
// CHECK-NEXT: return %[[W]]
func.func @rounded() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[[0.25, 0.75]], [[9.0, -20.0]]]> : tensor<2x1x2xf32>
  %s = arith.constant dense<[[[0.5]], [[4.0]]]> : tensor<2x1x1xf32>
  %low = arith.constant dense<-2.0> : tensor<f32>
  %0 = mixbit.binary %w, %s {kind = #mixbit.binary_kind<div>} : (tensor<2x1x2xf32>, tensor<2x1x1xf32>) -> tensor<2x1x2xf32>
  %1 = mixbit.unary %0 {kind = #mixbit.unary_kind<round>} : (tensor<2x1x2xf32>) -> tensor<2x1x2xf32>
  %2 = mixbit.binary %1, %low {kind = #mixbit.binary_kind<max>} : (tensor<2x1x2xf32>, tensor<f32>) -> tensor<2x1x2xf32>
  %3 = mixbit.binary %2, %s {kind = #mixbit.binary_kind<mul>} : (tensor<2x1x2xf32>, tensor<2x1x1xf32>) -> tensor<2x1x2xf32>
  %4 = mixbit.reshape %3 {shape = affine_map<() -> (2, 2)>} : (tensor<2x1x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}

// Bounds and scales of types that are not computed with.
// CHECK-LABEL: func.func @wide
// CHECK: arith.constant dense<1.550000e+01> : tensor<f32>
// CHECK-NEXT: return
func.func @wide() -> tensor<f32> {
  %a = arith.constant dense<0.5> : tensor<f64>
  %b = arith.constant dense<15> : tensor<i64>
  %0 = mixbit.cast %a : (tensor<f64>) -> tensor<f32>
  %1 = mixbit.cast %b : (tensor<i64>) -> tensor<f32>
  %2 = mixbit.binary %0, %1 {kind = #mixbit.binary_kind<add>} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}

// What grows, what is only moved, and what depends on data stays.
// CHECK-LABEL: func.func @stays
// CHECK: mixbit.broadcast
// CHECK: mixbit.binary
// CHECK: mixbit.transpose
// CHECK: mixbit.binary
func.func @stays(%x: tensor<2x2xf32>) -> (tensor<4x2xf32>, tensor<2x2xf32>) {
  %c = arith.constant dense<[3.0, 1.0]> : tensor<2xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = mixbit.broadcast %c {shape = affine_map<() -> (4, 2)>} : (tensor<2xf32>) -> tensor<4x2xf32>
  %d = mixbit.binary %b, %c {kind = #mixbit.binary_kind<mul>} : (tensor<4x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %t = mixbit.transpose %w {permutation = array<i64: 1, 0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = mixbit.binary %x, %t {kind = #mixbit.binary_kind<add>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %d, %y : tensor<4x2xf32>, tensor<2x2xf32>
}
