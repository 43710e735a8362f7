// RUN: mixbit-opt %s --split-input-file --expand-contract --canonicalize | FileCheck %s

// How a single row asks for weights that it will need soon.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {

// A few requests an iteration, into the L2, which has more buffers for misses.
// CHECK-LABEL: func.func @loops(
// CHECK: scf.if
// CHECK-NOT: locality<3>
// CHECK: memref.prefetch {{.*}}, read, locality<2>, data : memref<16384xi8>
// CHECK: } else {
mixbit.kernel @loops(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<2x2x64xf32>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<2x2x64xf32>)
      outs(%c : memref<?x128xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 128], scale = f32> shape [128, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// Groups as short as these are straight-line code, in which all requests are
// made at once: into the L2 on all targets.
// CHECK-LABEL: func.func @straight(
// CHECK: scf.if
// CHECK-NOT: locality<3>
// CHECK: memref.prefetch {{.*}}, read, locality<2>, data : memref<16384xi8>
// CHECK-NOT: locality<3>
// CHECK: } else {
mixbit.kernel @straight(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<2x8x64xf32>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<2x8x64xf32>)
      outs(%c : memref<?x128xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 32], scale = f32> shape [128, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

// With AVX2 into the L1, a page ahead.
module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
// CHECK-LABEL: func.func @near(
// CHECK: scf.if
// CHECK-NOT: locality<2>
// CHECK: memref.prefetch {{.*}}, read, locality<3>, data : memref<16384xi8>
// CHECK: } else {
mixbit.kernel @near(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<2x2x64xf32>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<2x2x64xf32>)
      outs(%c : memref<?x128xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 128], scale = f32> shape [128, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}
