// RUN: mixbit-opt %s --approximate-math --split-input-file | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
// CHECK-LABEL: func @fused
// CHECK-NOT: math.exp
// CHECK-NOT: math.erf
// CHECK: math.fma
func.func @fused(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  %a = math.exp %x : vector<8xf32>
  %b = math.erf %x : vector<8xf32>
  // CHECK: math.roundeven
  %c = math.roundeven %x : vector<8xf32>
  return %a, %b, %c : vector<8xf32>, vector<8xf32>, vector<8xf32>
}
}

// -----

// Sixteen lanes find their coefficients in registers; nothing is divided.
module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
// CHECK-LABEL: func @tables
// CHECK-NOT: arith.divf
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
// CHECK-NOT: arith.divf
// CHECK: return
func.func @tables(%x: vector<16xf32>) -> vector<16xf32> {
  %a = math.erf %x : vector<16xf32>
  return %a : vector<16xf32>
}
// Other widths do not fit the registers.
// CHECK-LABEL: func @eight
// CHECK: arith.divf
func.func @eight(%x: vector<8xf32>) -> vector<8xf32> {
  %a = math.erf %x : vector<8xf32>
  return %a : vector<8xf32>
}
}

// -----

// Without fused multiply-add, rounding instructions and half floats, each would
// be a call.
module attributes {mixbit.target = #mixbit.target<"x86-64">} {
// CHECK-LABEL: func @baseline
// CHECK-NOT: math.fma
// CHECK-NOT: math.roundeven
// CHECK-NOT: arith.extf
// CHECK: return
func.func @baseline(%x: vector<4xf32>, %h: vector<4xf16>) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>) {
  %a = math.tanh %x : vector<4xf32>
  %b = math.roundeven %x : vector<4xf32>
  %c = arith.extf %h : vector<4xf16> to vector<4xf32>
  return %a, %b, %c : vector<4xf32>, vector<4xf32>, vector<4xf32>
}
}
