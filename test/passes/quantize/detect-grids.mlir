// RUN: mixbit-opt --assign-formats --detect-grids %s | FileCheck %s --check-prefixes=CHECK,INT8
// RUN: mixbit-opt --assign-formats="weights=ternary" --detect-grids %s | FileCheck %s --check-prefixes=CHECK,TERNARY
// RUN: mixbit-opt --assign-formats="keep=*=int4" --detect-grids %s | FileCheck %s --check-prefix=KEEP
// RUN: mixbit-opt --mixbit-quantize %s | FileCheck %s --check-prefix=STORED
// RUN: mixbit-opt --assign-formats --detect-grids %s -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: remark: {{.*}}weight 'three' lies on a grid: stored without loss as ternary in groups of 1x0

// A weight on a grid that the user gave another format is rounded to that.
// KEEP-NOT: "grid"

// STORED: mixbit.quantized_constant codes(dense_resource<three.codes> : tensor<2x4xi8>) scales(dense_resource<three.scales> : tensor<2x1xf32>) : tensor<2x16x!mixbit.ternary<group = [1, 0], scale = f32>>
// STORED: tensor<1x16x!mixbit.int<4, group = [0, 0], scale = f32>>

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<?x16xf32>) -> (tensor<?x2xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = arith.constant dense<[
    [0.5, -0.5, 0.0, 0.5, -0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.0, 0.5, -0.5, 0.5, 0.5, -0.5],
    [0.3, 0.3, 0.3, 0.0, -0.3, 0.3, -0.3, -0.3, 0.3, 0.3, 0.3, 0.0, -0.3, 0.3, -0.3, -0.3]]> : tensor<2x16xf32> loc("three")
  %v = arith.constant dense<[
    [0.7, -0.8, 0.0, 0.1, -0.1, 0.2, 0.3, -0.4, 0.5, -0.6, 0.0, 0.1, -0.2, 0.3, 0.4, -0.5]]> : tensor<1x16xf32> loc("sixteen")
  %u = arith.constant dense<[
    [0.71, -0.83, 0.0, 0.127, -0.1, 0.2, 0.3, -0.4, 0.5, -0.6, 0.0, 0.1, -0.2, 0.3, 0.4, -0.5]]> : tensor<1x16xf32> loc("none")
  // CHECK: mixbit.linear {{.*}}#mixbit.format<!mixbit.ternary<group = [1, 0], scale = f32>, "grid">
  %0 = mixbit.linear %x, %w : (tensor<?x16xf32>, tensor<2x16xf32>) -> tensor<?x2xf32>
  // The decimals are multiples of one float. A grid of more bits than asked for is not taken.
  // INT8: mixbit.linear {{.*}}#mixbit.format<!mixbit.int<4, group = [0, 0], scale = f32>, "grid">
  // TERNARY: mixbit.linear {{.*}}#mixbit.format<!mixbit.ternary<group = [1, 128], {{.*}}>, "default">
  %1 = mixbit.linear %x, %v : (tensor<?x16xf32>, tensor<1x16xf32>) -> tensor<?x1xf32>
  // CHECK: mixbit.linear {{.*}}"default">
  %2 = mixbit.linear %x, %u : (tensor<?x16xf32>, tensor<1x16xf32>) -> tensor<?x1xf32>
  return %0, %1, %2 : tensor<?x2xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}
