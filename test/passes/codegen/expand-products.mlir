// RUN: mixbit-opt %s --expand-products --canonicalize --cse | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {

// The right side is packed a block at a time; tiles of 6 x 16 run over it. The
// first block's sums are the output, the others' are added to it.
// CHECK-LABEL: func.func @matmul(
// CHECK: mixbit.scratch {{.*}} -> memref<4x256x16xf32>
// CHECK: scf.for
// CHECK: vector.store {{.*}} : memref<4x256x16xf32>, vector<8xf32>
// CHECK: scf.index_switch
// CHECK: vector.fma
// CHECK: scf.if
// CHECK: else
// CHECK: arith.addf
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

// A transposed left side is packed too, at rows of more than a power of two.
// CHECK-LABEL: func.func @gram(
// CHECK: mixbit.scratch {{.*}} -> memref<132x272xf32>
mixbit.kernel @gram(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %x : memref<?x?xf32>, memref<?x?xf32>) outs(%y : memref<?x?xf32>)
    attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
}

// A maximum of products is no product.
// CHECK-LABEL: mixbit.kernel @other(
mixbit.kernel @other(%x: memref<?x?xf32>, %w: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %w : memref<?x?xf32>, memref<?x?xf32>) outs(%y : memref<?x?xf32>)
    attrs = {mixbit.init = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.maximumf %s, %p : f32
    linalg.yield %r : f32
  }
}
}
