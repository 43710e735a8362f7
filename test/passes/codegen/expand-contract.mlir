// RUN: sed s/TARGET/avx512vnni/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: sed s/TARGET/x86-64-v3/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: sed s/TARGET/amx/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefix=AMX
// RUN: sed s/TARGET/aarch64-i8mm/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefix=PAIRS
// RUN: sed s/TARGET/sm_80/ %s | mixbit-opt --expand-contract --canonicalize | FileCheck %s --check-prefix=GPU

module attributes {mixbit.target = #mixbit.target<"TARGET">} {

// CHECK-LABEL: func.func @bytes(
// CHECK-SAME: !llvm.ptr, %{{.*}}: index, %{{.*}}: index, %{{.*}}: !llvm.ptr
// Sums of the rows are needed where codes stay unsigned.
// VNNI: vector.reduction <add>
// AVX2-NOT: vector.reduction
// A single row streams the weights.
// CHECK: scf.if
// CHECK: scf.index_switch
// VNNI: mixbit.dot {{.*}} {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
// AVX2: mixbit.dot {{.*}} {max_code = 255 : i64} : vector<8xi32>, vector<32xi8>
// The epilogue, once a driver.
// CHECK: arith.addf {{.*}} : vector
// CHECK: vector.store {{.*}} memref<?x128xf32>
// CHECK-LABEL: func.func @bytes.extent(
// CHECK: memref.dim
// CHECK: return %{{.*}}, %{{.*}} : index, index

// Rows two by two; the zips of two lines.
// PAIRS-LABEL: func.func @bytes(
// PAIRS: mixbit.scratch {{.*}} memref<64x512xi8>
// PAIRS: vector.store {{.*}} : memref<64x512xi8>, vector<8xi8>
// PAIRS: mixbit.dot {{.*}} : vector<4xi32>, vector<16xi8>
// PAIRS: vector.shuffle {{.*}} [0, 4, 1, 5]
// PAIRS: "llvm.aarch64.neon.usmmla.v4i32.v16i8"

// A single row takes vectors; the others tiles, whole ones and what is left.
// AMX-LABEL: func.func @bytes(
// AMX: scf.if
// AMX: mixbit.dot {{.*}} : vector<16xi32>, vector<64xi8>
// AMX: } else {
// AMX: "llvm.x86.ldtilecfg"
// AMX: "llvm.x86.tilezero"
// AMX: scf.for
// AMX-COUNT-4: "llvm.x86.tdpbsud"
// AMX: "llvm.x86.tilestored64"
// AMX: "llvm.x86.ldtilecfg"
// AMX-COUNT-8: "llvm.x86.tdpbsud"
// AMX-NOT: "llvm.x86.tdpbsud"
// AMX: "llvm.x86.tilerelease"

// GPU-LABEL: func.func @bytes(
// GPU: nvvm.read.ptx.sreg.tid.x
// GPU: mixbit.dot {{.*}} {max_code = 255 : i64} : vector<1xi32>, vector<4xi8>
// GPU-NOT: mixbit.scratch
// GPU-LABEL: func.func @bytes.extent(
mixbit.kernel @bytes(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<32768xi8>, %ws: memref<2x1x64xf32>, %b: memref<128xf32>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<32768xi8>, memref<2x1x64xf32>)
      extras(%b : memref<128xf32>) outs(%c : memref<?x128xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<8, group = [1, 0], scale = f32> shape [128, 256] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    %0 = arith.addf %acc, %bias : f32
    mixbit.yield %0 : f32
  }
}

// Two inputs of bf16 lie in a word; halves of f16 are converted.
// CHECK-LABEL: func.func @halves(
// CHECK: arith.shli
// CHECK: vector.fma
// CHECK: arith.andi
// CHECK: vector.fma
mixbit.kernel @halves(%a: memref<?x256xf32>, %w: memref<65536xi8>, %c: memref<?x128xf32>) {
  mixbit.contract a(%a : memref<?x256xf32>) w(%w : memref<65536xi8>)
      outs(%c : memref<?x128xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format bf16 shape [128, 256] layout <panel = 16, block = 2, inner = 2, bits = 16> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// Groups have float accumulators; small codes are first added in i16 on AVX2.
// CHECK-LABEL: func.func @groups(
// VNNI: mixbit.dot {{.*}} {max_code = 15 : i64} : vector<16xi32>, vector<64xi8>
// AVX2: mixbit.dot {{.*}} {max_code = 15 : i64} : vector<16xi16>, vector<32xi8>
// AVX2: mixbit.dot {{.*}} {max_code = 1 : i64} : vector<8xi32>, vector<16xi16>
// CHECK: arith.sitofp
// CHECK: vector.fma
// N ends inside of a vector: the last one is masked.
// CHECK: vector.maskedstore
mixbit.kernel @groups(%a: memref<?x256xi8>, %as: memref<?xf32>, %w: memref<16384xi8>, %ws: memref<2x2x64xf32>, %c: memref<?x100xf32>) {
  mixbit.contract a(%a, %as : memref<?x256xi8>, memref<?xf32>) w(%w, %ws : memref<16384xi8>, memref<2x2x64xf32>)
      outs(%c : memref<?x100xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 128], scale = f32> shape [100, 256] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}
