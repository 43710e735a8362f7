// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(lower-onnx,fold-constants,recover-linear))' | FileCheck %s

// Quantized as the network runs, with a scale a column: the float that was
// quantized, times the weight that its codes stand for.
// CHECK-LABEL: func.func @columns
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[5.000000e-01, -5.000000e-01], [2.500000e-01, 7.500000e-01], [0.000000e+00, 3.000000e+00]]> : tensor<3x2xf32>
// CHECK: mixbit.linear %arg0, %[[W]] : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: return
func.func @columns(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = onnx.constant {value = dense<[[2, 3, 4], [0, 5, 7]]> : tensor<2x3xui8>} : () -> tensor<2x3xui8>
  %wz = onnx.constant {value = dense<[1, 2, 4]> : tensor<3xui8>} : () -> tensor<3xui8>
  %ws = onnx.constant {value = dense<[0.5, 0.25, 1.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x2xf32>) -> (tensor<4x2xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %w, %z, %wz : (tensor<4x2xui8>, tensor<2x3xui8>, tensor<ui8>, tensor<3xui8>) -> tensor<4x3xi32> loc("product")
  %c = onnx.Cast %p {to = f32} : (tensor<4x3xi32>) -> tensor<4x3xf32>
  %ss = onnx.Mul %s, %ws : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %y = onnx.Mul %c, %ss : (tensor<4x3xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// One scale after the other, and what follows stays.
// CHECK-LABEL: func.func @chained
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 0.000000e+00], [1.500000e+00, 2.500000e+00]]> : tensor<2x2xf32>
// CHECK: %[[L:.*]] = mixbit.linear %arg0, %[[W]]
// CHECK-NEXT: mixbit.binary %[[L]], %{{.*}} {kind = #mixbit.binary_kind<mul>}
func.func @chained(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<[[2, 3], [0, 5]]> : tensor<2x2xi8>} : () -> tensor<2x2xi8>
  %ws = onnx.constant {value = dense<0.5> : tensor<1xf32>} : () -> tensor<1xf32>
  %three = onnx.constant {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x2xf32>) -> (tensor<4x2xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x2xui8>, tensor<2x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32>
  %c = onnx.Cast %p {to = f32} : (tensor<4x2xi32>) -> tensor<4x2xf32>
  %m = onnx.Mul %s, %c : (tensor<f32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = onnx.Mul %m, %ws : (tensor<4x2xf32>, tensor<1xf32>) -> tensor<4x2xf32>
  %t = onnx.Mul %y, %three : (tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
  return %t : tensor<4x2xf32>
}

// Both sides quantized as the network runs.
// CHECK-LABEL: func.func @both
// CHECK-NEXT: %[[Y:.*]] = mixbit.matmul %arg0, %arg1
// CHECK-NEXT: return %[[Y]]
func.func @both(%a: tensor<4x2xf32>, %b: tensor<2x4xf32>) -> tensor<4x4xf32> {
  %q, %s, %z = onnx.DynamicQuantizeLinear %a : (tensor<4x2xf32>) -> (tensor<4x2xui8>, tensor<f32>, tensor<ui8>)
  %q2, %s2, %z2 = onnx.DynamicQuantizeLinear %b : (tensor<2x4xf32>) -> (tensor<2x4xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %q2, %z, %z2 : (tensor<4x2xui8>, tensor<2x4xui8>, tensor<ui8>, tensor<ui8>) -> tensor<4x4xi32>
  %c = onnx.Cast %p {to = f32} : (tensor<4x4xi32>) -> tensor<4x4xf32>
  %ss = onnx.Mul %s, %s2 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = onnx.Mul %c, %ss : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// Codes of a quantizer with a known scale stay behind it; the factor is that of
// both, 0.5 * 0.25.
// CHECK-LABEL: func.func @static
// CHECK: mixbit.unary {{.*}} {kind = #mixbit.unary_kind<round>}
// CHECK: %[[Q:.*]] = mixbit.binary {{.*}} {kind = #mixbit.binary_kind<sub>}
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[2.500000e-01, 0.000000e+00], [3.750000e-01, 6.250000e-01]]> : tensor<2x2xf32>
// CHECK: mixbit.linear %[[Q]], %[[W]]
func.func @static(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<[[2, 3], [0, 5]]> : tensor<2x2xi8>} : () -> tensor<2x2xi8>
  %s = onnx.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %ws = onnx.constant {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %z = onnx.constant {value = dense<3> : tensor<ui8>} : () -> tensor<ui8>
  %q = onnx.QuantizeLinear %x, %s, %z : (tensor<4x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  %p = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x2xui8>, tensor<2x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32>
  %c = onnx.Cast %p {to = f32} : (tensor<4x2xi32>) -> tensor<4x2xf32>
  %ss = onnx.Mul %s, %ws : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = onnx.Mul %c, %ss : (tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Rows of a table of codes: the table is what their scale makes of it.
// CHECK-LABEL: func.func @table
// CHECK: %[[T:.*]] = arith.constant dense<{{\[}}[-5.000000e-01, 5.000000e-01], [0.000000e+00, 1.000000e+00]]> : tensor<2x2xf32>
// CHECK: mixbit.gather %[[T]], %arg0 {axis = 0 : i64}
// CHECK-NEXT: return
func.func @table(%ids: tensor<4xi64>) -> tensor<4x2xf32> {
  %t = onnx.constant {value = dense<[[2, 4], [3, 5]]> : tensor<2x2xui8>} : () -> tensor<2x2xui8>
  %s = onnx.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %z = onnx.constant {value = dense<3> : tensor<ui8>} : () -> tensor<ui8>
  %g = onnx.Gather %t, %ids : (tensor<2x2xui8>, tensor<4xi64>) -> tensor<4x2xui8>
  %y = onnx.DequantizeLinear %g, %s, %z : (tensor<4x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Other readers get the codes that ONNX defines.
// CHECK-LABEL: func.func @codes
// CHECK: mixbit.reduce %arg0 {axes = array<i64: 0, 1>, kind = #mixbit.reduce_kind<min>}
// CHECK: mixbit.reduce %arg0 {axes = array<i64: 0, 1>, kind = #mixbit.reduce_kind<max>}
// CHECK: mixbit.select
// CHECK: return %{{.*}} : tensor<4x2xui8>
func.func @codes(%x: tensor<4x2xf32>) -> tensor<4x2xui8> {
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x2xf32>) -> (tensor<4x2xui8>, tensor<f32>, tensor<ui8>)
  return %q : tensor<4x2xui8>
}

// Quantized on all sides.
// CHECK-LABEL: func.func @qlinear
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[2.500000e-01, -2.500000e-01], [5.000000e-01, 1.500000e+00]]> : tensor<2x2xf32>
// CHECK: %[[L:.*]] = mixbit.linear %{{.*}}, %[[W]]
// CHECK: mixbit.binary %[[L]], %{{.*}} {kind = #mixbit.binary_kind<div>}
// CHECK: mixbit.unary {{.*}} {kind = #mixbit.unary_kind<round>}
// CHECK: return %{{.*}} : tensor<4x2xui8>
func.func @qlinear(%x: tensor<4x2xui8>) -> tensor<4x2xui8> {
  %s = onnx.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %z = onnx.constant {value = dense<3> : tensor<ui8>} : () -> tensor<ui8>
  %w = onnx.constant {value = dense<[[2, 3], [0, 5]]> : tensor<2x2xi8>} : () -> tensor<2x2xi8>
  %ws = onnx.constant {value = dense<[0.25, 0.5]> : tensor<2xf32>} : () -> tensor<2xf32>
  %wz = onnx.constant {value = dense<[1, 2]> : tensor<2xi8>} : () -> tensor<2xi8>
  %y = onnx.QLinearMatMul %x, %s, %z, %w, %ws, %wz, %s, %z : (tensor<4x2xui8>, tensor<f32>, tensor<ui8>, tensor<2x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// A convolution: the zero point of the data is what its margin holds, hence a
// zero; a scale an output stays behind it.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}{{\[}}[1.000000e+00]], {{\[}}[3.000000e+00]]]> : tensor<2x1x1xf32>
// CHECK: %[[C:.*]] = mixbit.conv %arg0, %[[W]] {{.*}}pads = array<i64: 1, 1>
// CHECK: mixbit.binary %[[C]], %{{.*}} {kind = #mixbit.binary_kind<mul>} : (tensor<1x2x6xf32>, tensor<1x2x1xf32>)
func.func @convolution(%x: tensor<1x1x4xf32>) -> tensor<1x2x6xf32> {
  %w = onnx.constant {value = dense<[[[2]], [[5]]]> : tensor<2x1x1xui8>} : () -> tensor<2x1x1xui8>
  %wz = onnx.constant {value = dense<[1, 2]> : tensor<2xui8>} : () -> tensor<2xui8>
  %ws = onnx.constant {value = dense<[0.5, 0.25]> : tensor<2xf32>} : () -> tensor<2xf32>
  %to = onnx.constant {value = dense<[1, 2, 1]> : tensor<3xi64>} : () -> tensor<3xi64>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<1x1x4xf32>) -> (tensor<1x1x4xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.ConvInteger %q, %w, %z, %wz {pads = array<i64: 1, 1>} : (tensor<1x1x4xui8>, tensor<2x1x1xui8>, tensor<ui8>, tensor<2xui8>) -> tensor<1x2x6xi32>
  %c = onnx.Cast %p {to = f32} : (tensor<1x2x6xi32>) -> tensor<1x2x6xf32>
  %wr = onnx.Reshape %ws, %to : (tensor<2xf32>, tensor<3xi64>) -> tensor<1x2x1xf32>
  %ss = onnx.Mul %s, %wr : (tensor<f32>, tensor<1x2x1xf32>) -> tensor<1x2x1xf32>
  %y = onnx.Mul %c, %ss : (tensor<1x2x6xf32>, tensor<1x2x1xf32>) -> tensor<1x2x6xf32>
  return %y : tensor<1x2x6xf32>
}
