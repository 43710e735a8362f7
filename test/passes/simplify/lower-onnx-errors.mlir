// RUN: not mixbit-opt %s --split-input-file --mixbit-simplify 2>&1 | FileCheck %s

// CHECK: error: {{.*}}node '/top/ArgMax' (ArgMax): there is no graph operation for it, not supported
func.func @no_operation(%x: tensor<4x8xf32>) -> tensor<4x1xi64> {
  %y = onnx.ArgMax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x1xi64> loc("/top/ArgMax")
  return %y : tensor<4x1xi64>
}

// -----

// CHECK: error: {{.*}}/layer/Reshape
func.func @data_dependent(%x: tensor<4x8xf32>, %to: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = onnx.Reshape %x, %to : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<?x?xf32> loc("/layer/Reshape")
  return %y : tensor<?x?xf32>
}

// -----

// CHECK: error: {{.*}}/layer/Attention{{.*}}causal
func.func @causal(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  %none = onnx.none : none
  %y = onnx.Attention %x, %x, %x, %none, %none, %none {is_causal = 1 : i64} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, none, none, none) -> tensor<1x2x4x8xf32> loc("/layer/Attention")
  return %y : tensor<1x2x4x8xf32>
}

// -----

// CHECK: error: {{.*}}node '/w/DequantizeLinear' (DequantizeLinear): blocks of 3 that do not divide the axis of data other than an initializer, not supported
func.func @blocks(%x: tensor<4x3xi8>, %s: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 3 : i64} : (tensor<4x3xi8>, tensor<2x3xf32>, none) -> tensor<4x3xf32> loc("/w/DequantizeLinear")
  return %y : tensor<4x3xf32>
}

// -----

// CHECK: error: {{.*}}node '/w/DequantizeLinear' (DequantizeLinear): blocks along an axis of dynamic extent, not supported
func.func @dynamic_blocks(%x: tensor<?x3xi8> {mixbit.dims = affine_map<()[s0] -> (s0 * 2, 3)>}, %s: tensor<?x3xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 3)>}) -> tensor<?x3xf32> attributes {mixbit.symbols = ["n"]} {
  %none = onnx.none : none
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 2 : i64} : (tensor<?x3xi8>, tensor<?x3xf32>, none) -> tensor<?x3xf32> loc("/w/DequantizeLinear")
  return %y : tensor<?x3xf32>
}

// -----

// CHECK: error: {{.*}}node '/l/MatMul_Q4' (com.microsoft.MatMulNBits): a weight of few bits other than an initializer, not supported
func.func @computed_codes(%x: tensor<3x16xf32>, %b: tensor<2x1x8xui8>, %s: tensor<2x1xf32>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 16 : i64, N = 2 : i64, block_size = 16 : i64} : (tensor<3x16xf32>, tensor<2x1x8xui8>, tensor<2x1xf32>, none, none, none) -> tensor<3x2xf32> loc("/l/MatMul_Q4")
  return %y : tensor<3x2xf32>
}

// -----

// CHECK: error: {{.*}}node '/l/MatMul_Q4' (com.microsoft.MatMulNBits): packed zero points other than an initializer, not supported
func.func @computed_zeros(%x: tensor<3x16xf32>, %s: tensor<2x1xf32>, %z: tensor<2x1xui8>) -> tensor<3x2xf32> {
  %none = onnx.none : none
  %b = onnx.constant {value = dense<27> : tensor<2x1x8xui8>} : () -> tensor<2x1x8xui8>
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 16 : i64, N = 2 : i64, block_size = 16 : i64} : (tensor<3x16xf32>, tensor<2x1x8xui8>, tensor<2x1xf32>, tensor<2x1xui8>, none, none) -> tensor<3x2xf32> loc("/l/MatMul_Q4")
  return %y : tensor<3x2xf32>
}
