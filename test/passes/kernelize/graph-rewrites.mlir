// RUN: mixbit-opt %s -split-input-file -merge-linears -quantize-activations -split-conv-bias -multiply-dynamic-weights | FileCheck %s

// Queries, keys and values: one linear over rows that are quantized once.
// CHECK-DAG: #[[Q:.*]] = affine_map<()[s0, s1] -> (0, 0, 0)>
// CHECK-DAG: #[[K:.*]] = affine_map<()[s0, s1] -> (0, 0, 8)>
// CHECK-DAG: #[[V:.*]] = affine_map<()[s0, s1] -> (0, 0, 16)>
// CHECK-LABEL: func.func @attention
// CHECK: %[[C:.*]], %[[S:.*]] = mixbit.quantize_rows %{{.*}} {bits = 8 : i64}
// CHECK: %[[QKV:.*]] = mixbit.quantized_linear %[[C]], %[[S]], {{.*}} -> tensor<?x?x24xf32>
// CHECK: mixbit.slice %[[QKV]] {{.*}}starts = #[[Q]],
// CHECK: mixbit.slice %[[QKV]] {{.*}}starts = #[[K]],
// CHECK: mixbit.slice %[[QKV]] {{.*}}starts = #[[V]],
// CHECK-NOT: mixbit.linear
func.func @attention(%x: tensor<?x?x8xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 8)>}) -> tensor<?x?x8xf32>
    attributes {mixbit.symbols = ["batch", "sequence"]} {
  %w = mixbit.quantized_constant codes(dense<1> : tensor<8x8xi8>) scales(dense<0.5> : tensor<8x1xf32>)
    : tensor<8x8x!mixbit.int<8, group = [1, 0], scale = f32>>
  %q = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>}
    : (tensor<?x?x8xf32>, tensor<8x8x!mixbit.int<8, group = [1, 0], scale = f32>>) -> tensor<?x?x8xf32>
  %k = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>}
    : (tensor<?x?x8xf32>, tensor<8x8x!mixbit.int<8, group = [1, 0], scale = f32>>) -> tensor<?x?x8xf32>
  %v = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>}
    : (tensor<?x?x8xf32>, tensor<8x8x!mixbit.int<8, group = [1, 0], scale = f32>>) -> tensor<?x?x8xf32>
  %o = mixbit.attention %q, %k, %v {heads = 2 : i64, scale = 0.5 : f32}
    : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func.func @conv
// CHECK: %[[Y:.*]] = mixbit.conv %{{.*}}, %{{.*}} {
// CHECK: %[[B:.*]] = mixbit.reshape {{.*}} -> tensor<4x1x1xf32>
// CHECK: mixbit.binary %[[Y]], %[[B]] {kind = #mixbit.binary_kind<add>}
func.func @conv(%x: tensor<2x3x8x8xf32>) -> tensor<2x4x8x8xf32> {
  %w = arith.constant dense<0.5> : tensor<4x3x3x3xf32>
  %b = arith.constant dense<0.5> : tensor<4xf32>
  %y = mixbit.conv %x, %w, %b {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>,
    dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<2x4x8x8xf32>
  return %y : tensor<2x4x8x8xf32>
}

// -----

// A weight that is an argument cannot be packed; a constant one stays.
// CHECK-LABEL: func.func @dynamic_weight(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x8xf32>{{.*}}, %[[W:[^:]*]]: tensor<4x8xf32>, %[[B:[^:]*]]: tensor<4xf32>
// CHECK: %[[P:.*]] = mixbit.matmul %[[X]], %[[W]] {transpose_rhs} : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
// CHECK: %[[Y:.*]] = mixbit.binary %[[P]], %[[B]] {kind = #mixbit.binary_kind<add>}
// CHECK: mixbit.linear %[[Y]]
// CHECK-NOT: mixbit.binary
func.func @dynamic_weight(%x: tensor<?x8xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 8)>},
    %w: tensor<4x8xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> attributes {mixbit.symbols = ["batch"]} {
  %c = arith.constant dense<0.5> : tensor<4x4xf32>
  %y = mixbit.linear %x, %w, %b : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %z = mixbit.linear %y, %c, %b : (tensor<?x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// -----

// Static activations: codes of 0 to 255 are shifted by 128, which the bias makes
// up for (0.25 * 128 * the rows' sums 0 and 4 * 0.5); two layers share them.
// CHECK-LABEL: func.func @static(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x4xf32>
// CHECK-DAG: %[[STEP:.*]] = arith.constant dense<4.000000e+00> : tensor<f32>
// CHECK-DAG: %[[SHIFT:.*]] = arith.constant dense<1.280000e+02> : tensor<f32>
// CHECK: %[[C:.*]] = mixbit.quantize %[[X]], %[[STEP]], %[[SHIFT]] {high = 127 : i64, kind = #mixbit.code_kind<multiply>, low = -128 : i64}
// CHECK: %[[SCALE:.*]] = arith.constant dense<2.500000e-01> : tensor<f32>
// CHECK-NOT: mixbit.quantize %
// CHECK: %[[B:.*]] = arith.constant dense<[1.000000e+00, 6.600000e+01]> : tensor<2xf32>
// CHECK: mixbit.quantized_linear %[[C]], %[[SCALE]], %{{.*}}, %[[B]] {full_range}
// CHECK: %[[N:.*]] = arith.constant dense<[0.000000e+00, 6.400000e+01]> : tensor<2xf32>
// CHECK: mixbit.quantized_linear %[[C]], %[[SCALE]], %{{.*}}, %[[N]] {full_range}
!q = !mixbit.int<8, group = [1, 0], scale = f32>
#unsigned = #mixbit.activations<8, per_tensor, static, <multiply, step = 4.0 : f32, scale = 0.25 : f32, low = 0, high = 255>>
func.func @static(%x: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = mixbit.quantized_constant codes(dense<[[-127, 127, -127, 127], [-127, -127, -127, -127]]> : tensor<2x4xi8>) scales(dense<0.5> : tensor<2x1xf32>) : tensor<2x4x!q>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = mixbit.linear %x, %w, %b {activations = #unsigned} : (tensor<2x4xf32>, tensor<2x4x!q>, tensor<2xf32>) -> tensor<2x2xf32>
  %z = mixbit.linear %x, %w {activations = #unsigned} : (tensor<2x4xf32>, tensor<2x4x!q>) -> tensor<2x2xf32>
  return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// Three values are brought to -1, 0 and 1; a sign needs nothing.
// CHECK-LABEL: func.func @few(
// CHECK: mixbit.quantize %{{[^,]*}} {high = 1 : i64, kind = #mixbit.code_kind<sign>, low = -1 : i64}
// CHECK: mixbit.quantize %{{[^,]*}}, %{{.*}}, %{{.*}} {high = 1 : i64, kind = #mixbit.code_kind<divide>, low = -1 : i64}
// CHECK: mixbit.quantized_linear {{.*}}bits = 2 : i64
// CHECK: mixbit.quantized_linear {{.*}}bits = 2 : i64
!q = !mixbit.binary<group = [1, 0], scale = f32>
func.func @few(%x: tensor<2x8xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = mixbit.quantized_constant codes(dense<15> : tensor<2x1xi8>) scales(dense<0.5> : tensor<2x1xf32>) : tensor<2x8x!q>
  %y = mixbit.linear %x, %w {activations = #mixbit.activations<2, per_tensor, static, <divide, step = 0.5 : f32, scale = 0.5 : f32, low = 0, high = 2>>}
    : (tensor<2x8xf32>, tensor<2x8x!q>) -> tensor<2x2xf32>
  %z = mixbit.linear %x, %w {activations = #mixbit.activations<2, per_tensor, static, <sign, step = 1.0 : f32, scale = 0.5 : f32, low = -1, high = 1>>}
    : (tensor<2x8xf32>, tensor<2x8x!q>) -> tensor<2x2xf32>
  return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}
