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
