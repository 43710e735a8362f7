// A weight in segments: a contraction for each, which writes its columns of the
// one result and reads its part of the bias.
// RUN: mixbit-opt --mixbit-kernelize %s | FileCheck %s

// CHECK-DAG: mixbit.weight @w dense_resource<{{w.*}}> : tensor<4096xi8>
// CHECK-DAG: mixbit.weight @w_0 dense_resource<{{w.*}}> : tensor<4096xi8>
// CHECK-DAG: mixbit.weight @w_scales dense_resource<{{w.*}}> : tensor<1x1x64xf32>
// CHECK-DAG: mixbit.weight @w_scales_0 dense_resource<{{w.*}}> : tensor<2x2x64xf16>
// CHECK: mixbit.kernel @linear_int8_64x64_relu
// CHECK: mixbit.contract {{.*}} outs(%{{.*}} : memref<?x64xf32, strided<[160, 1]>>)
// CHECK: shape [64, 64]
// CHECK: mixbit.kernel @linear_int4_g32_64x96_relu
// CHECK: mixbit.contract {{.*}} outs(%{{.*}} : memref<?x96xf32, strided<[160, 1]>>)
// CHECK: shape [96, 64]
// CHECK: mixbit.plan
// CHECK-NOT: mixbit.launch @copy
// CHECK: mixbit.launch @linear_int8_64x64_relu
// CHECK: mixbit.launch @linear_int4_g32_64x96_relu
!mixed = !mixbit.mixed<axis = 0, segments = [64 : !mixbit.int<8, group = [1, 0], scale = f32>, 96 : !mixbit.int<4, group = [1, 32], scale = f16>]>
func.func @main(%x: tensor<?x64xf32> {mixbit.name = "x", mixbit.dims = affine_map<()[s0] -> (s0, 64)>}) -> (tensor<?x160xf32> {mixbit.name = "y"}) attributes {mixbit.symbols = ["n"]} {
  %w = mixbit.quantized_constant codes(dense<1> : tensor<7168xi8>) scales(dense<0.5> : tensor<256xf32>) : tensor<160x64x!mixed> loc("w")
  %b = arith.constant dense<0.5> : tensor<160xf32> loc("b")
  %h = mixbit.linear %x, %w, %b {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x64xf32>, tensor<160x64x!mixed>, tensor<160xf32>) -> tensor<?x160xf32>
  %y = mixbit.unary %h {kind = #mixbit.unary_kind<relu>} : (tensor<?x160xf32>) -> tensor<?x160xf32>
  return %y : tensor<?x160xf32>
}
