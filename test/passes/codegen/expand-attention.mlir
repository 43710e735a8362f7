// RUN: mixbit-opt %s --expand-attention --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {

// Keys are transposed in registers; six queries by two vectors of sums.
// CHECK-LABEL: func.func @attention(
// CHECK: mixbit.scratch {{.*}} -> memref<?x64x16xf32>
// CHECK: mixbit.scratch {{.*}} -> memref<4x?x16xf32>
// CHECK: vector.shuffle {{.*}} [0, 8, 1, 9, 2, 10, 3, 11]
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: math.fma
// CHECK: math.exp
// CHECK-LABEL: func.func @attention.extent(
mixbit.kernel @attention(%q: memref<?x?x12x64xf32>, %k: memref<?x?x12x64xf32>,
    %v: memref<?x?x12x64xf32>, %m: memref<?x?xi64>, %o: memref<?x?x12x64xf32>) {
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x?x12x64xf32>, memref<?x?x12x64xf32>,
      memref<?x?x12x64xf32>, memref<?x?xi64>) outs(%o : memref<?x?x12x64xf32>)
      {scale = 0.125 : f32, mask_kind = #mixbit.mask_kind<keep>}
}
}
