// RUN: mixbit-opt %s --split-input-file --expand-contract --canonicalize | FileCheck %s

// Of a strip of more than one tile of rows the first one unpacks codes and
// leaves them as bytes, and the others read those. Its bodies: 1 to 3 rows that
// are all there are; a first tile of 4 to 6; later ones of 3 to 6.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
// CHECK-LABEL: func.func @kept(
// CHECK: scf.if
// CHECK-NOT: scf.index_switch
// CHECK: } else {
// CHECK: scf.index_switch
// CHECK: case 3 {
// CHECK-NOT: vector.store {{.*}} vector<64xi8>
// CHECK: case 4 {
// CHECK: vector.store {{.*}} : memref<16384xi8{{.*}}>, vector<64xi8>
// CHECK: case 6 {
// CHECK: vector.store {{.*}} : memref<16384xi8{{.*}}>, vector<64xi8>
// CHECK: case 9 {
// CHECK-NOT: memref<8192xi8>
// CHECK: vector.load {{.*}} : memref<16384xi8{{.*}}>, vector<64xi8>
// CHECK-NOT: memref<8192xi8>
// CHECK: case 10 {
// CHECK: case 11 {
// CHECK: default {
// CHECK: return
mixbit.kernel @kept(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<8192xi8>, %ws: memref<1x1x64xf32>, %c: memref<?x64xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<8192xi8>, memref<1x1x64xf32>)
      outs(%c : memref<?x64xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 0], scale = f32> shape [64, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

// Bytes are read where they are.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
// CHECK-LABEL: func.func @bytes(
// CHECK: scf.index_switch
// CHECK: case 5 {
// CHECK: default {
// CHECK-NOT: case
// CHECK: return
mixbit.kernel @bytes(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<1x1x64xf32>, %c: memref<?x64xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<1x1x64xf32>)
      outs(%c : memref<?x64xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<8, group = [1, 0], scale = f32> shape [64, 256] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}
