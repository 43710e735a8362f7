// RUN: mixbit-opt %s --expand-loops --canonicalize --cse | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {

// Vectors run along the output's columns; the sum stays in registers, starts
// from mixbit.init and may use fused multiply-adds.
// CHECK-LABEL: func.func @matmul(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<32xf32>
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     %[[SUM:.*]] = scf.for {{.*}} iter_args({{.*}} = %[[ZERO]]) -> (vector<32xf32>)
// CHECK:       vector.broadcast {{.*}} : f32 to vector<32xf32>
// CHECK:       arith.mulf {{.*}} fastmath<contract> : vector<32xf32>
// CHECK:       arith.addf {{.*}} fastmath<contract> : vector<32xf32>
// CHECK:     vector.store %[[SUM]]
// CHECK:   vector.maskedstore
// CHECK-LABEL: func.func @matmul.extent(
mixbit.kernel @matmul(%x: memref<?x?xf32>, %w: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %w : memref<?x?xf32>, memref<?x?xf32>) outs(%y : memref<?x?xf32>)
    attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
}
}
