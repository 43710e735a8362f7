// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(lower-onnx))' 2>&1 | FileCheck %s

// A grid finer than any that kernels have. One block for all inputs is one a row.
// CHECK: warning: {{.*}}node '/l/MatMul_Q4': expected blocks of 32 inputs or more, but got 16: the codes are rounded anew, to the format that is asked for
// CHECK-NOT: warning
func.func @blocks(%x: tensor<3x20xf32>, %s: tensor<4xf32>, %one: tensor<2xf32>, %short: tensor<3x16xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %none = onnx.none : none
  %b = onnx.constant {value = dense<27> : tensor<2x2x4xui8>} : () -> tensor<2x2x4xui8>
  %c = onnx.constant {value = dense<27> : tensor<2x1x4xui8>} : () -> tensor<2x1x4xui8>
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 20 : i64, N = 2 : i64, bits = 2 : i64, block_size = 16 : i64} : (tensor<3x20xf32>, tensor<2x2x4xui8>, tensor<4xf32>, none, none, none) -> tensor<3x2xf32> loc("/l/MatMul_Q4")
  %z = onnx.com.microsoft.MatMulNBits %short, %c, %one, %none, %none, %none {K = 16 : i64, N = 2 : i64, bits = 2 : i64, block_size = 16 : i64} : (tensor<3x16xf32>, tensor<2x1x4xui8>, tensor<2xf32>, none, none, none) -> tensor<3x2xf32> loc("/l/MatMul_Q5")
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}
