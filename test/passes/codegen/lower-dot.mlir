// RUN: split-file %s %t
// RUN: mixbit-opt %t/vnni.mlir --lower-dot | FileCheck %t/vnni.mlir
// RUN: mixbit-opt %t/avxvnni.mlir --lower-dot | FileCheck %t/avxvnni.mlir
// RUN: mixbit-opt %t/i8mm.mlir --lower-dot | FileCheck %t/i8mm.mlir
// RUN: mixbit-opt %t/avx2.mlir --lower-dot --cse | FileCheck %t/avx2.mlir
// RUN: mixbit-opt %t/neon.mlir --lower-dot | FileCheck %t/neon.mlir
// RUN: mixbit-opt %t/gpu.mlir --lower-dot | FileCheck %t/gpu.mlir
// RUN: mixbit-opt %t/vnni.mlir --lower-dot=emulate=true | FileCheck %t/vnni.mlir --check-prefix=WIDE

//--- vnni.mlir
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
// CHECK-LABEL: @bytes
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%arg0, %arg1, %arg2)
// WIDE-LABEL: @bytes
// WIDE: arith.extui %arg1 : vector<64xi8> to vector<64xi16>
// WIDE: arith.extsi %arg2 : vector<64xi8> to vector<64xi16>
// WIDE-NOT: call_intrinsic
func.func @bytes(%acc: vector<16xi32>, %c: vector<64xi8>, %d: vector<64xi8>) -> vector<16xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
  return %r : vector<16xi32>
}
// Tables are looked up by selections where no instruction does it.
// CHECK-LABEL: @tables
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.pshuf.b.512"(%arg0, %arg1)
// WIDE-LABEL: @tables
// WIDE-COUNT-15: arith.select
// WIDE-NOT: call_intrinsic
func.func @tables(%t: vector<64xi8>, %i: vector<64xi8>) -> vector<64xi8> {
  %r = mixbit.lookup %t, %i : vector<64xi8>
  return %r : vector<64xi8>
}
}

//--- avxvnni.mlir
module attributes {mixbit.target = #mixbit.target<"avxvnni">} {
// CHECK-LABEL: @bytes
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%arg0, %arg1, %arg2)
func.func @bytes(%acc: vector<8xi32>, %c: vector<32xi8>, %d: vector<32xi8>) -> vector<8xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<8xi32>, vector<32xi8>
  return %r : vector<8xi32>
}
// There are no registers of 512 bits.
// CHECK-LABEL: @wide
// CHECK-NOT: call_intrinsic
func.func @wide(%acc: vector<16xi32>, %c: vector<64xi8>, %d: vector<64xi8>) -> vector<16xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
  return %r : vector<16xi32>
}
}

//--- i8mm.mlir
module attributes {mixbit.target = #mixbit.target<"aarch64-i8mm">} {
// Codes stay unsigned.
// CHECK-LABEL: @bytes
// CHECK-NOT: arith.xori
// CHECK: "llvm.aarch64.neon.usdot.v4i32.v16i8"(%arg0, %arg1, %arg2)
func.func @bytes(%acc: vector<4xi32>, %c: vector<16xi8>, %d: vector<16xi8>) -> vector<4xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<4xi32>, vector<16xi8>
  return %r : vector<4xi32>
}
}

//--- avx2.mlir
module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
// The weight's part is the same for both rows.
// CHECK-LABEL: @two_rows
// CHECK: %[[W:.*]] = arith.xori
// CHECK: %[[ABS:.*]] = "llvm.intr.abs"(%[[W]])
// CHECK: %[[S:.*]] = llvm.call_intrinsic "llvm.x86.avx2.psign.b"({{.*}}, %[[W]])
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[ABS]], %[[S]])
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.xori
// CHECK-NOT: llvm.intr.abs
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.psign.b"({{.*}}, %[[W]])
func.func @two_rows(%acc: vector<8xi32>, %c: vector<32xi8>, %d: vector<32xi8>, %e: vector<32xi8>) -> (vector<8xi32>, vector<8xi32>) {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<8xi32>, vector<32xi8>
  %s = mixbit.dot %acc, %c, %e {max_code = 255 : i64} : vector<8xi32>, vector<32xi8>
  return %r, %s : vector<8xi32>, vector<8xi32>
}
// Data of -128 has no sign to change: words instead of bytes.
// CHECK-LABEL: @full_range
// CHECK-NOT: psign
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
func.func @full_range(%acc: vector<8xi32>, %c: vector<32xi8>, %d: vector<32xi8>) -> vector<8xi32> {
  %r = mixbit.dot %acc, %c, %d {full_range, max_code = 255 : i64} : vector<8xi32>, vector<32xi8>
  return %r : vector<8xi32>
}
// CHECK-LABEL: @tables
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%arg0, %arg1)
func.func @tables(%t: vector<32xi8>, %i: vector<32xi8>) -> vector<32xi8> {
  %r = mixbit.lookup %t, %i : vector<32xi8>
  return %r : vector<32xi8>
}
// CHECK-LABEL: @small_codes
// CHECK: "llvm.x86.avx2.pmadd.ub.sw"(%arg1, %arg2)
// CHECK-NEXT: %[[W:.*]] = arith.addi %arg0
// CHECK: "llvm.x86.avx2.pmadd.wd"(%[[W]]
func.func @small_codes(%half: vector<16xi16>, %c: vector<32xi8>, %d: vector<32xi8>, %acc: vector<8xi32>) -> vector<8xi32> {
  %one = arith.constant dense<1> : vector<16xi16>
  %h = mixbit.dot %half, %c, %d {max_code = 15 : i64} : vector<16xi16>, vector<32xi8>
  %r = mixbit.dot %acc, %h, %one {max_code = 1 : i64} : vector<8xi32>, vector<16xi16>
  return %r : vector<8xi32>
}
}

//--- neon.mlir
module attributes {mixbit.target = #mixbit.target<"aarch64-dotprod">} {
// CHECK-LABEL: @bytes
// CHECK: %[[W:.*]] = arith.xori %arg1
// CHECK: "llvm.aarch64.neon.sdot.v4i32.v16i8"(%arg0, %[[W]], %arg2)
func.func @bytes(%acc: vector<4xi32>, %c: vector<16xi8>, %d: vector<16xi8>) -> vector<4xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<4xi32>, vector<16xi8>
  return %r : vector<4xi32>
}
// CHECK-LABEL: @nibbles
// CHECK-NOT: arith.xori
// CHECK: "llvm.aarch64.neon.sdot.v4i32.v16i8"(%arg0, %arg1, %arg2)
func.func @nibbles(%acc: vector<4xi32>, %c: vector<16xi8>, %d: vector<16xi8>) -> vector<4xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 15 : i64} : vector<4xi32>, vector<16xi8>
  return %r : vector<4xi32>
}
}

//--- gpu.mlir
module attributes {mixbit.target = #mixbit.target<"sm_80">} {
// CHECK-LABEL: @bytes
// CHECK: nvvm.dot.accumulate.4way
func.func @bytes(%acc: vector<1xi32>, %c: vector<4xi8>, %d: vector<4xi8>) -> vector<1xi32> {
  %r = mixbit.dot %acc, %c, %d {max_code = 255 : i64} : vector<1xi32>, vector<4xi8>
  return %r : vector<1xi32>
}
}
