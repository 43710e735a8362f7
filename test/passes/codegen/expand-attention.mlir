// RUN: mixbit-opt %s --expand-attention --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {

// Keys are transposed in registers; six queries by two vectors of sums.
// CHECK-LABEL: func.func @attention(
// CHECK: mixbit.scratch {{.*}} -> memref<?x64x16xf32>
// CHECK: mixbit.scratch {{.*}} -> memref<4x?x16xf32>
// CHECK: vector.shuffle {{.*}} [0, 8, 1, 9, 2, 10, 3, 11]
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: math.fma
// Powers of two, without math.exp.
// CHECK: arith.shli {{.*}} : vector<16xi32>
// CHECK-NOT: mixbit.dot
// CHECK-LABEL: func.func @attention.extent(
mixbit.kernel @attention(%q: memref<?x?x12x64xf32>, %k: memref<?x?x12x64xf32>,
    %v: memref<?x?x12x64xf32>, %m: memref<?x?xi64>, %o: memref<?x?x12x64xf32>) {
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x?x12x64xf32>, memref<?x?x12x64xf32>,
      memref<?x?x12x64xf32>, memref<?x?xi64>) outs(%o : memref<?x?x12x64xf32>)
      {scale = 0.125 : f32, mask_kind = #mixbit.mask_kind<keep>}
}
}

// -----

// Where integer products are faster, both are of bytes.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
// CHECK-LABEL: func.func @bytes(
// CHECK: mixbit.scratch {{.*}} -> memref<?x16x64xi32>
// CHECK: mixbit.scratch {{.*}} -> memref<1x?x64xi32>
// CHECK: mixbit.dot {{.*}} {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
// CHECK: arith.shli {{.*}} : vector<64xi32>
// CHECK: mixbit.dot {{.*}} {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
// CHECK-LABEL: func.func @bytes.extent(
mixbit.kernel @bytes(%q: memref<?x?x12x64xf32>, %k: memref<?x?x12x64xf32>,
    %v: memref<?x?x12x64xf32>, %o: memref<?x?x12x64xf32>) {
  mixbit.attention_core ins(%q, %k, %v : memref<?x?x12x64xf32>, memref<?x?x12x64xf32>,
      memref<?x?x12x64xf32>) outs(%o : memref<?x?x12x64xf32>)
      {scale = 0.125 : f32, products = #mixbit.product_kind<fastest>}
}
}

// -----

// The same on AVX2: floats.
module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
// CHECK-LABEL: func.func @floats(
// CHECK: math.fma
// CHECK-NOT: mixbit.dot
// CHECK-LABEL: func.func @floats.extent(
mixbit.kernel @floats(%q: memref<?x?x12x64xf32>, %k: memref<?x?x12x64xf32>,
    %v: memref<?x?x12x64xf32>, %o: memref<?x?x12x64xf32>) {
  mixbit.attention_core ins(%q, %k, %v : memref<?x?x12x64xf32>, memref<?x?x12x64xf32>,
      memref<?x?x12x64xf32>) outs(%o : memref<?x?x12x64xf32>)
      {scale = 0.125 : f32, products = #mixbit.product_kind<fastest>}
}
}
