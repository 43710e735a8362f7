// RUN: sed s/TARGET/avx512vnni/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: sed s/TARGET/x86-64-v3/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX2

module attributes {mixbit.target = #mixbit.target<"TARGET">} {

// Weights in bit planes: words of the data's bits, and tables where vpshufb
// looks them up. Two planes, whose counts are weighed by 1 and 2.
// CHECK-LABEL: func.func @bits(
// AVX2: memref.get_global @mixbit_bit_counts : memref<4096xi8>
// CHECK: vector.bitcast {{.*}} : vector<32xi1> to vector<1xi32>
// CHECK: math.ctpop
// CHECK: scf.if
// CHECK: math.ctpop {{.*}} : vector<{{32|64}}xi8>
// AVX2: mixbit.lookup {{.*}} : vector<32xi8>
// VNNI: mixbit.lookup {{.*}} : vector<64xi8>
// CHECK: arith.shli
mixbit.kernel @bits(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<8192xi8>, %ws: memref<2x1x64xf32>, %c: memref<?x100xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<8192xi8>, memref<2x1x64xf32>)
      outs(%c : memref<?x100xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.ternary<group = [1, 0], scale = f32> shape [100, 256] layout <panel = 64, block = 32, inner = 32, bits = 2>
      attributes {a_bits = 2 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}
