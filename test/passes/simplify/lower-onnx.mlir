// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(lower-onnx,fold-graph))' | FileCheck %s

#tokens = affine_map<()[s0, s1] -> (s0, s1)>
#hidden = affine_map<()[s0, s1] -> (s0, s1, 8)>

// Arithmetic on shapes goes; -1 is what is left.
// CHECK-LABEL: func @split_heads
// CHECK-NEXT: %[[R:.*]] = mixbit.reshape %arg0 {shape = #{{.*}}} : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
// CHECK-NEXT: return %[[R]]
func.func @split_heads(%x: tensor<?x?x8xf32> {mixbit.dims = #hidden}) -> tensor<?x?x?x?xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %zero = onnx.constant {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %axis = onnx.constant {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %rest = onnx.constant {value = dense<[1, -1, 4]> : tensor<3xi64>} : () -> tensor<3xi64>
  %s = onnx.Shape %x : (tensor<?x?x8xf32>) -> tensor<3xi64>
  %b = onnx.Gather %s, %zero : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %bu = onnx.Unsqueeze %b, %axis : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %first = onnx.constant {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %tail = onnx.constant {value = dense<[2, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
  %minus = onnx.constant {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %to = onnx.Concat %bu, %minus, %tail {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
  %r = onnx.Reshape %x, %to : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  return %r : tensor<?x?x?x?xf32>
}

// Position ids: the first `sequence` of 16.
// CHECK-LABEL: func @positions
// CHECK-DAG: %[[T:.*]] = arith.constant dense<1.000000e+00> : tensor<16x8xf32>
// CHECK-DAG: %[[I:.*]] = mixbit.iota {{.*}}start = 0 : i64, step = 1 : i64}
// CHECK: mixbit.gather %[[T]], %{{.*}} {axis = 0 : i64}
func.func @positions(%x: tensor<?x?xi64> {mixbit.dims = #tokens}) -> tensor<?x?x8xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %none = onnx.none : none
  %table = onnx.constant {value = dense<1.0> : tensor<16x8xf32>} : () -> tensor<16x8xf32>
  %ids = onnx.constant {value = dense<[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]]> : tensor<1x16xi64>} : () -> tensor<1x16xi64>
  %zero = onnx.constant {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %one = onnx.constant {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %n = onnx.Shape %x {start = 1 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %p = onnx.Slice %ids, %zero, %n, %one, %none : (tensor<1x16xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x?xi64>
  %e = onnx.Gather %table, %p : (tensor<16x8xf32>, tensor<1x?xi64>) -> tensor<?x?x8xf32>
  return %e : tensor<?x?x8xf32>
}

// A mask gathered at ranges, as torch's vmap writes it, moves nothing.
// CHECK-LABEL: func @gathered_mask
// CHECK-NEXT: %[[R:.*]] = mixbit.reshape %arg0 {{.*}} -> tensor<?x1x1x?xi64>
// CHECK-NEXT: return %[[R]]
func.func @gathered_mask(%m: tensor<?x?xi64> {mixbit.dims = #tokens}) -> tensor<?x?x?x?xi64> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %zero = onnx.constant {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %one = onnx.constant {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %bs = onnx.Shape %m {end = 1 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %ss = onnx.Shape %m {start = 1 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %none = onnx.none : none
  %b = onnx.Squeeze %bs, %none : (tensor<1xi64>, none) -> tensor<i64>
  %s = onnx.Squeeze %ss, %none : (tensor<1xi64>, none) -> tensor<i64>
  %br = onnx.Range %zero, %b, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %sr = onnx.Range %zero, %s, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %ba = onnx.constant {value = dense<[1, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
  %b4 = onnx.Unsqueeze %br, %ba : (tensor<?xi64>, tensor<3xi64>) -> tensor<?x1x1x1xi64>
  %row = onnx.Mul %b4, %s : (tensor<?x1x1x1xi64>, tensor<i64>) -> tensor<?x1x1x1xi64>
  %at = onnx.Add %row, %sr : (tensor<?x1x1x1xi64>, tensor<?xi64>) -> tensor<?x1x1x?xi64>
  %flat = onnx.Flatten %m {axis = 2 : i64} : (tensor<?x?xi64>) -> tensor<?x1xi64>
  %g = onnx.Gather %flat, %at : (tensor<?x1xi64>, tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi64>
  %sa = onnx.constant {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  %r = onnx.Squeeze %g, %sa : (tensor<?x1x1x?x1xi64>, tensor<1xi64>) -> tensor<?x?x?x?xi64>
  return %r : tensor<?x?x?x?xi64>
}

// What is true of all ranges is true: causal-free masks.
// CHECK-LABEL: func @always
// CHECK-NOT: greater_equal
// CHECK: mixbit.reshape %arg0 {{.*}} -> tensor<?x1x?xi1>
// CHECK-NOT: kind<and>
func.func @always(%m: tensor<?x?xi1> {mixbit.dims = #tokens}) -> tensor<?x?x?xi1> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %zero = onnx.constant {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %one = onnx.constant {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %none = onnx.none : none
  %ss = onnx.Shape %m {start = 1 : i64} : (tensor<?x?xi1>) -> tensor<1xi64>
  %s = onnx.Squeeze %ss, %none : (tensor<1xi64>, none) -> tensor<i64>
  %sr = onnx.Range %zero, %s, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %c = onnx.GreaterOrEqual %sr, %zero : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %axis = onnx.constant {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %m3 = onnx.Unsqueeze %m, %axis : (tensor<?x?xi1>, tensor<1xi64>) -> tensor<?x1x?xi1>
  %a = onnx.And %c, %m3 : (tensor<?xi1>, tensor<?x1x?xi1>) -> tensor<?x?x?xi1>
  return %a : tensor<?x?x?xi1>
}

// A batch normalization becomes part of the convolution: 2 * (w, b) + offset.
// CHECK-LABEL: func @batch_norm
// CHECK-DAG: %[[W:.*]] = arith.constant dense<2.000000e+00> : tensor<1x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<7.000000e+00> : tensor<1xf32>
// CHECK: mixbit.conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return
func.func @batch_norm(%x: tensor<?x1x4x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 1, 4, 4)>}) -> tensor<?x1x4x4xf32> attributes {mixbit.symbols = ["batch"]} {
  %w = onnx.constant {value = dense<1.0> : tensor<1x1x1x1xf32>} : () -> tensor<1x1x1x1xf32>
  %b = onnx.constant {value = dense<3.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %scale = onnx.constant {value = dense<4.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %shift = onnx.constant {value = dense<5.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %mean = onnx.constant {value = dense<2.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %var = onnx.constant {value = dense<3.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %c = onnx.Conv %x, %w, %b : (tensor<?x1x4x4xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<?x1x4x4xf32>
  %y = onnx.BatchNormalization %c, %scale, %shift, %mean, %var {epsilon = 1.0 : f32} : (tensor<?x1x4x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x1x4x4xf32>
  return %y : tensor<?x1x4x4xf32>
}

// Mean pooling over the tokens of a mask.
// CHECK-LABEL: func @mean_pooling
// CHECK: mixbit.reduce {{.*}}axes = array<i64: 1>
// CHECK: mixbit.reduce
// CHECK: kind = #mixbit.binary_kind<max>
// CHECK: kind = #mixbit.binary_kind<div>
func.func @mean_pooling(%x: tensor<?x?x8xf32> {mixbit.dims = #hidden}, %m: tensor<?x?xi64> {mixbit.dims = #tokens}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %none = onnx.none : none
  %last = onnx.constant {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %one = onnx.constant {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %low = onnx.constant {value = dense<1.0e-09> : tensor<f32>} : () -> tensor<f32>
  %mu = onnx.Unsqueeze %m, %last : (tensor<?x?xi64>, tensor<1xi64>) -> tensor<?x?x1xi64>
  %shape = onnx.Shape %x : (tensor<?x?x8xf32>) -> tensor<3xi64>
  %me = onnx.Expand %mu, %shape : (tensor<?x?x1xi64>, tensor<3xi64>) -> tensor<?x?x8xi64>
  %mf = onnx.Cast %me {to = f32} : (tensor<?x?x8xi64>) -> tensor<?x?x8xf32>
  %xm = onnx.Mul %x, %mf : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %s = onnx.ReduceSum %xm, %one {keepdims = 0 : i64} : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %n = onnx.ReduceSum %mf, %one {keepdims = 0 : i64} : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %c = onnx.Clip %n, %low, %none : (tensor<?x8xf32>, tensor<f32>, none) -> tensor<?x8xf32>
  %y = onnx.Div %s, %c : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A quantizer: codes stay floats between the two.
// CHECK-LABEL: func @quantizer
// CHECK: %[[D:.*]] = mixbit.binary %arg0, %{{.*}} {kind = #mixbit.binary_kind<div>}
// CHECK: %[[R:.*]] = mixbit.unary %[[D]] {kind = #mixbit.unary_kind<round>}
// CHECK: %[[Z:.*]] = mixbit.binary %[[R]], %{{.*}} {kind = #mixbit.binary_kind<add>}
// CHECK: %[[L:.*]] = mixbit.binary %[[Z]], %{{.*}} {kind = #mixbit.binary_kind<max>}
// CHECK: %[[H:.*]] = mixbit.binary %[[L]], %{{.*}} {kind = #mixbit.binary_kind<min>}
// CHECK: %[[S:.*]] = mixbit.binary %[[H]], %{{.*}} {kind = #mixbit.binary_kind<sub>}
// CHECK: mixbit.binary %[[S]], %{{.*}} {kind = #mixbit.binary_kind<mul>}
// CHECK-NEXT: return
func.func @quantizer(%x: tensor<?x8xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 8)>}) -> tensor<?x8xf32> attributes {mixbit.symbols = ["batch"]} {
  %s = onnx.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %z = onnx.constant {value = dense<3> : tensor<ui8>} : () -> tensor<ui8>
  %q = onnx.QuantizeLinear %x, %s, %z : (tensor<?x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<?x8xui8>
  %y = onnx.DequantizeLinear %q, %s, %z : (tensor<?x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Scales of blocks of two along the first axis, and of columns.
// CHECK-LABEL: func @blocks
// CHECK: mixbit.reshape {{.*}} -> tensor<2x2x3xf32>
// CHECK: mixbit.reshape {{.*}} -> tensor<2x1x3xf32>
// CHECK: mixbit.binary {{.*}} : (tensor<2x2x3xf32>, tensor<2x1x3xf32>) -> tensor<2x2x3xf32>
// CHECK: mixbit.reshape {{.*}} -> tensor<4x3xf32>
func.func @blocks(%x: tensor<4x3xi8>, %s: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 2 : i64} : (tensor<4x3xi8>, tensor<2x3xf32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Blocks that do not divide the axis of an initializer: it is filled up, and
// what it was filled up with taken off again. The codes of less than a byte have
// one each.
// CHECK-LABEL: func @last_block
// CHECK: arith.constant dense<{{\[}}[-8, 7], [3, -1], [1, 2], [0, 0]]> : tensor<4x2xi8>
// CHECK: mixbit.reshape {{.*}} -> tensor<2x2x2xf32>
// CHECK: mixbit.binary {{.*}} {kind = #mixbit.binary_kind<mul>} : (tensor<2x2x2xf32>, tensor<2x1x2xf32>)
// CHECK: mixbit.reshape {{.*}} -> tensor<4x2xf32>
// CHECK: mixbit.slice {{.*}} -> tensor<3x2xf32>
func.func @last_block(%s: tensor<2x2xf32>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %x = onnx.constant {value = dense<[[-8, 7], [3, -1], [1, 2]]> : tensor<3x2xi4>} : () -> tensor<3x2xi4>
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 2 : i64} : (tensor<3x2xi4>, tensor<2x2xf32>, none) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// One block that is longer than the axis.
// CHECK-LABEL: func @long_block
// CHECK-NOT: mixbit.slice
// CHECK: mixbit.binary {{.*}} {kind = #mixbit.binary_kind<mul>} : (tensor<3x2xf32>, tensor<1x1x2xf32>)
func.func @long_block(%s: tensor<1x2xf32>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %x = onnx.constant {value = dense<[[-8, 7], [3, -1], [1, 2]]> : tensor<3x2xi4>} : () -> tensor<3x2xi4>
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 1000000000000 : i64} : (tensor<3x2xi4>, tensor<1x2xf32>, none) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Unsigned codes keep their values when moved; four bits saturate at 7 and -8.
// CHECK-LABEL: func @four_bits
// CHECK: arith.constant dense<{{\[}}[15], [1]]> : tensor<2x1xui8>
// CHECK: arith.constant dense<-8.000000e+00> : tensor<f32>
// CHECK: mixbit.binary {{.*}} {kind = #mixbit.binary_kind<max>}
// CHECK: arith.constant dense<7.000000e+00> : tensor<f32>
func.func @four_bits(%x: tensor<2xf32>, %s: tensor<f32>) -> (tensor<2x1xf32>, tensor<2xf32>) {
  %none = onnx.none : none
  %c = onnx.constant {value = dense<[15, 1]> : tensor<2xui4>} : () -> tensor<2xui4>
  %to = onnx.constant {value = dense<[2, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %m = onnx.Reshape %c, %to : (tensor<2xui4>, tensor<2xi64>) -> tensor<2x1xui4>
  %d = onnx.DequantizeLinear %m, %s, %none : (tensor<2x1xui4>, tensor<f32>, none) -> tensor<2x1xf32>
  %q = onnx.QuantizeLinear %x, %s, %none {output_dtype = i4} : (tensor<2xf32>, tensor<f32>, none) -> tensor<2xi4>
  %y = onnx.DequantizeLinear %q, %s, %none : (tensor<2xi4>, tensor<f32>, none) -> tensor<2xf32>
  return %d, %y : tensor<2x1xf32>, tensor<2xf32>
}

// Of two bits, lowest first: 0x1b is 3, 2, 1, 0. Without zero points they are 2.
// CHECK-LABEL: func @few_bits
// CHECK: %[[C:.*]] = arith.constant dense<{{\[}}[3, 2, 1, 0, 3, 2, 1, 0, 3, 2, 1, 0, 3, 2, 1, 0], {{.*}}> : tensor<4x16xui8>
// CHECK: %[[F:.*]] = mixbit.cast %[[C]]
// CHECK: arith.constant dense<2.000000e+00> : tensor<f32>
// CHECK: mixbit.binary %[[F]], %{{.*}} {kind = #mixbit.binary_kind<sub>}
// CHECK: mixbit.binary {{.*}} {kind = #mixbit.binary_kind<mul>} : (tensor<2x2x16xf32>, tensor<2x2x1xf32>)
// CHECK: %[[W:.*]] = mixbit.slice {{.*}} -> tensor<2x20xf32>
// CHECK: %[[Y:.*]] = mixbit.matmul %arg0, %[[W]] {transpose_rhs}
// CHECK: mixbit.binary %[[Y]], %arg2 {kind = #mixbit.binary_kind<add>}
func.func @few_bits(%x: tensor<3x20xf32>, %s: tensor<4xf32>, %bias: tensor<2xf32>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %b = onnx.constant {value = dense<27> : tensor<2x2x4xui8>} : () -> tensor<2x2x4xui8>
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %bias {K = 20 : i64, N = 2 : i64, bits = 2 : i64, block_size = 16 : i64} : (tensor<3x20xf32>, tensor<2x2x4xui8>, tensor<4xf32>, none, none, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Zero points of four bits: each row has bytes of its own (1, 2, 3 and 4, 5, 6).
// CHECK-LABEL: func @packed_zeros
// CHECK: arith.constant dense<{{\[}}[1, 2, 3], [4, 5, 6]]> : tensor<2x3xui8>
func.func @packed_zeros(%x: tensor<48xf32>, %s: tensor<2x3xf32>) -> tensor<2xf32> {
  %none = onnx.none : none
  %b = onnx.constant {value = dense<27> : tensor<2x3x8xui8>} : () -> tensor<2x3x8xui8>
  %z = onnx.constant {value = dense<[[33, 3], [84, 246]]> : tensor<2x2xui8>} : () -> tensor<2x2xui8>
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 48 : i64, N = 2 : i64, bits = 4 : i64, block_size = 16 : i64} : (tensor<48xf32>, tensor<2x3x8xui8>, tensor<2x3xf32>, tensor<2x2xui8>, none, none) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// Codes that are only moved before they are floats again never are integers.
// CHECK-LABEL: func @moved_codes
// CHECK-NOT: mixbit.cast
// CHECK: %[[M:.*]] = mixbit.binary {{.*}} {kind = #mixbit.binary_kind<min>}
// CHECK-NEXT: %[[T:.*]] = mixbit.transpose %[[M]]
// CHECK-NEXT: mixbit.binary %[[T]], %{{.*}} {kind = #mixbit.binary_kind<mul>}
// CHECK-NEXT: return
func.func @moved_codes(%x: tensor<2x3xf32>, %s: tensor<f32>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %q = onnx.QuantizeLinear %x, %s, %none : (tensor<2x3xf32>, tensor<f32>, none) -> tensor<2x3xui8>
  %t = onnx.Transpose %q {perm = array<i64: 1, 0>} : (tensor<2x3xui8>) -> tensor<3x2xui8>
  %y = onnx.DequantizeLinear %t, %s, %none : (tensor<3x2xui8>, tensor<f32>, none) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
