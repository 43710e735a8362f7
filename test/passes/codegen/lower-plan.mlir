// RUN: mixbit-opt %s -lower-plan='targets=x86-64-v3,x86-64' | FileCheck %s

mixbit.weight @w dense<1.0> : tensor<8xf32> {offset = 128 : i64}
mixbit.kernel @k(%x: memref<?x8xf32, strided<[?, 1]>>, %w: memref<8xf32>, %y: memref<?x8xf32>) {
  mixbit.rows ins(%x, %w : memref<?x8xf32, strided<[?, 1]>>, memref<8xf32>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    mixbit.yield %0 : f32
  }
}


// The output's shape is (batch, 8); the buffer has batch * sequence * 8 floats.
// CHECK-LABEL: llvm.func internal @main.shapes
// CHECK: %[[S0:.*]] = llvm.load
// CHECK: %[[S1:.*]] = llvm.load
// CHECK: llvm.store %[[S0]]
// CHECK: llvm.mul

// A sequence longer than the graph allows ends the run before its first launch.
// CHECK-LABEL: llvm.func internal @main.run
// CHECK: llvm.icmp "slt"
// CHECK: llvm.mlir.constant(-1 : i32)
// CHECK: llvm.cond_br
// CHECK-NOT: llvm.call
// CHECK: llvm.mlir.addressof @mixbit_weights
// CHECK: llvm.call @mxb_launch
// CHECK: llvm.cond_br
//
// CHECK: llvm.func hidden @mxb_launch(!llvm.ptr, i32, !llvm.ptr) -> i32
// CHECK: llvm.mlir.global external hidden constant @mixbit_weights
// CHECK: llvm.func hidden @"k$x86-64-v3"(!llvm.ptr, i64, i64, !llvm.ptr)
// CHECK: llvm.func hidden @"k.extent$x86-64"(!llvm.ptr) -> !llvm.struct<(i64, i64)>
// CHECK: llvm.mlir.global external hidden constant @mixbit_library
mixbit.plan @main(%x: memref<?x?x8xf32>, %y: memref<?x8xf32>) symbols = ["batch", "sequence"], names = ["x", "y"],
    num_inputs = 1 : i64, shapes = [affine_map<()[s0, s1] -> (s0, s1, 8)>, affine_map<()[s0, s1] -> (s0, 8)>]
    attributes {mixbit.requires = affine_map<()[s0, s1] -> (16 - s1)>} {
  %b = mixbit.buffer {shape = affine_map<()[s0, s1] -> (s0, s1, 8)>} : memref<?x?x8xf32>
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0, s1] -> (0)>, shape = affine_map<()[s0, s1] -> (s0, 8)>,
    strides = affine_map<()[s0, s1] -> (s1 * 8, 1)>} : memref<?x?x8xf32> to memref<?x8xf32, strided<[?, 1]>>
  %w = mixbit.weight_ref @w : memref<8xf32>
  mixbit.launch @k(%v, %w, %y) : memref<?x8xf32, strided<[?, 1]>>, memref<8xf32>, memref<?x8xf32>
}
