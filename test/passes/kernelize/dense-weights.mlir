// Weights are stored as densely as their formats say; what `mixbit inspect`
// counts is the size of these.
// RUN: mixbit-opt %s --mixbit-quantize="weights=int3 group=1x64" --mixbit-kernelize | FileCheck %s --check-prefix=INT3
// RUN: mixbit-opt %s --mixbit-quantize="weights=int7 group=1x0" --mixbit-kernelize | FileCheck %s --check-prefix=INT7
// RUN: mixbit-opt %s --mixbit-quantize="weights=ternary group=1x0" --mixbit-kernelize | FileCheck %s --check-prefix=TERNARY
// RUN: mixbit-opt %s --mixbit-quantize="weights=ternary scale=bf16" --mixbit-kernelize="planes=true" | FileCheck %s --check-prefix=PLANES

// 128 x 192 codes of 3 bits, a table of 10 rows.
// INT3-DAG: mixbit.weight @w {{.*}} : tensor<9216xi8>
// INT3-DAG: mixbit.weight @w_scales {{.*}} : tensor<2x3x64xf16>
// INT3-DAG: mixbit.weight @t {{.*}} : tensor<10x72xi8>
// INT3-DAG: mixbit.weight @t_scales {{.*}} : tensor<10x3xf16>
// INT3: layout <panel = 64, block = 64, inner = 4, bits = 3>
// INT7-DAG: mixbit.weight @w {{.*}} : tensor<21504xi8>
// INT7-DAG: mixbit.weight @w_scales {{.*}} : tensor<2x1x64xf32>
// INT7-DAG: mixbit.weight @t {{.*}} : tensor<10x168xi8>
// 48 lines: nine times five, and three of 16 bytes, for 8 strips of outputs.
// TERNARY-DAG: mixbit.weight @w {{.*}} : tensor<4992xi8>
// TERNARY-DAG: mixbit.weight @t {{.*}} : tensor<10x39xi8>
// TERNARY: layout <panel = 64, block = 64, inner = 4, bits = 2, trits = true>
// PLANES-DAG: mixbit.weight @w {{.*}} : tensor<6144xi8>
// PLANES-DAG: mixbit.weight @w_scales {{.*}} : tensor<2x2x64xbf16>
// PLANES-DAG: mixbit.weight @t {{.*}} : tensor<10x39xi8>
// PLANES: layout <panel = 64, block = 64, inner = 4, bits = 2>
func.func @main(%ids: tensor<?xi64> {mixbit.dims = affine_map<()[s0] -> (s0)>})
    -> tensor<?x128xf32> attributes {mixbit.symbols = ["n"]} {
  %t = arith.constant dense<0.5> : tensor<10x192xf32> loc("t")
  %w = arith.constant dense<0.25> : tensor<128x192xf32> loc("w")
  %x = mixbit.embedding %t, %ids : (tensor<10x192xf32>, tensor<?xi64>) -> tensor<?x192xf32>
  %y = mixbit.linear %x, %w : (tensor<?x192xf32>, tensor<128x192xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}
