// RUN: mixbit-opt %s -merge-kernels -plan-weights -verify-kernels | FileCheck %s

// Of equal kernels and equal weights one is left; offsets are multiples of 64.
// CHECK-DAG: mixbit.weight @a dense<{{.*}}> : tensor<3xf32> {offset = 0 : i64}
// CHECK-DAG: mixbit.weight @c dense<{{.*}}> : tensor<3xf32> {offset = 64 : i64}
// CHECK-NOT: mixbit.weight @b
mixbit.weight @a dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
mixbit.weight @b dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
mixbit.weight @c dense<[1.0, 2.0, 4.0]> : tensor<3xf32>

// CHECK: mixbit.kernel @first
// CHECK-NOT: mixbit.kernel @second
// CHECK: mixbit.kernel @third
mixbit.kernel @first(%x: memref<3xf32>, %y: memref<3xf32>) {
  mixbit.rows ins(%x : memref<3xf32>) outs(%y : memref<3xf32>) maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    %0 = arith.negf %a : f32
    mixbit.yield %0 : f32
  }
}
mixbit.kernel @second(%x: memref<3xf32>, %y: memref<3xf32>) {
  mixbit.rows ins(%x : memref<3xf32>) outs(%y : memref<3xf32>) maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    %0 = arith.negf %a : f32
    mixbit.yield %0 : f32
  }
}
mixbit.kernel @third(%x: memref<3xf32>, %y: memref<3xf32>) {
  mixbit.rows ins(%x : memref<3xf32>) outs(%y : memref<3xf32>) maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    %0 = arith.addf %a, %a : f32
    mixbit.yield %0 : f32
  }
}
// CHECK: mixbit.plan @main
// CHECK: mixbit.weight_ref @a
// CHECK: mixbit.weight_ref @a
// CHECK: mixbit.launch @first
// CHECK: mixbit.launch @first
// CHECK: mixbit.launch @third
mixbit.plan @main(%y: memref<3xf32>) symbols = [], names = ["y"], num_inputs = 0 : i64, shapes = [affine_map<() -> (3)>] {
  %a = mixbit.weight_ref @a : memref<3xf32>
  %b = mixbit.weight_ref @b : memref<3xf32>
  mixbit.launch @first(%a, %y) : memref<3xf32>, memref<3xf32>
  mixbit.launch @second(%b, %y) : memref<3xf32>, memref<3xf32>
  mixbit.launch @third(%b, %y) : memref<3xf32>, memref<3xf32>
}
