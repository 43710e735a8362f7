// A table that a linear has too lies as the linear reads it; where rows cannot
// be looked up there, it is stored twice, and a remark says so.
// RUN: mixbit-opt --mixbit-kernelize %s 2>&1 | FileCheck %s

// CHECK: remark: loc("lookup_t"): node 'lookup_t': its table 'trits' is stored twice: rows of ternary in groups of 1x32 cannot be looked up as node 'head_t' reads it
// CHECK: mixbit.weight @trits_0 {{.*}} : tensor<832xi8>
// CHECK: mixbit.weight @trits {{.*}} : tensor<10x13xi8>
// CHECK-NOT: mixbit.weight @tied_{{[0-9]}}
// CHECK: mixbit.weight @tied {{.*}} : tensor<4096xi8>
// CHECK: mixbit.table_load %{{.*}}[%{{.*}}] scales %{{.*}} : memref<1x1x64xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>, shape = array<i64: 10, 64>} : memref<4096xi8>, i64 -> f32
// CHECK: mixbit.contract {{.*}} shape [10, 64]
// CHECK: mixbit.table_load {{.*}} {format = !mixbit.ternary<group = [1, 32], scale = f16>} : memref<10x13xi8>
!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
!ternary = !mixbit.ternary<group = [1, 32], scale = f16>
func.func @main(%ids: tensor<?xi64> {mixbit.name = "ids", mixbit.dims = affine_map<()[s0] -> (s0)>}) -> (tensor<?x10xf32> {mixbit.name = "y"}, tensor<?x10xf32> {mixbit.name = "z"}) attributes {mixbit.symbols = ["n"]} {
  %w = mixbit.quantized_constant codes(dense<1> : tensor<10x64xi8>) scales(dense<0.5> : tensor<10x1xf32>) : tensor<10x64x!int8> loc("tied")
  %x = mixbit.embedding %w, %ids : (tensor<10x64x!int8>, tensor<?xi64>) -> tensor<?x64xf32> loc("lookup")
  %y = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x64xf32>, tensor<10x64x!int8>) -> tensor<?x10xf32> loc("head")
  %t = mixbit.quantized_constant codes(dense<0> : tensor<10x16xi8>) scales(dense<0.5> : tensor<10x2xf16>) : tensor<10x64x!ternary> loc("trits")
  %u = mixbit.embedding %t, %ids : (tensor<10x64x!ternary>, tensor<?xi64>) -> tensor<?x64xf32> loc("lookup_t")
  %z = mixbit.linear %u, %t {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x64xf32>, tensor<10x64x!ternary>) -> tensor<?x10xf32> loc("head_t")
  return %y, %z : tensor<?x10xf32>, tensor<?x10xf32>
}
