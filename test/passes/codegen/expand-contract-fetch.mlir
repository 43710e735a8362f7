// RUN: mixbit-opt %s --split-input-file --expand-contract --canonicalize | FileCheck %s

// How a single row asks for weights that it will need soon.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {

// From memory into the L2, which has more buffers for misses, and nearer from
// there into the L1; of the group after the next the scales, four lines.
// CHECK-LABEL: func.func @loops(
// CHECK: scf.if
// CHECK: %[[AT:[0-9]+]] = arith.addi {{.*}}, %c16384
// CHECK-NEXT: memref.prefetch {{.*}}[%[[AT]]], read, locality<2>, data : memref<16384xi8>
// CHECK-NEXT: %[[NEAR:[0-9]+]] = arith.addi {{.*}}, %c4096
// CHECK-NEXT: memref.prefetch {{.*}}[%[[NEAR]]], read, locality<3>, data : memref<16384xi8>
// CHECK: %[[GROUP:[0-9]+]] = arith.addi {{.*}}, %c2 overflow<nsw>
// CHECK-NEXT: memref.prefetch %{{.*}}[%{{.*}}, %[[GROUP]], %c0], read, locality<3>, data : memref<2x2x64xf32>
// CHECK-NEXT: memref.prefetch %{{.*}}[%{{.*}}, %[[GROUP]], %c16], read, locality<3>
// CHECK-NEXT: memref.prefetch %{{.*}}[%{{.*}}, %[[GROUP]], %c32], read, locality<3>
// CHECK-NEXT: memref.prefetch %{{.*}}[%{{.*}}, %[[GROUP]], %c48], read, locality<3>
// CHECK: } else {
mixbit.kernel @loops(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<2x2x64xf32>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<2x2x64xf32>)
      outs(%c : memref<?x128xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 128], scale = f32> shape [128, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

// With AVX2 once, into the L1, a page ahead.
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

// Groups as short as these are straight-line code, in which all requests are
// made at once: into the L2, which can wait for more of them.
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
