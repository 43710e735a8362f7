// RUN: mixbit-opt %s --codegen-kernels | FileCheck %s

// The whole stage: the two functions of runtime/abi.h, named after the target.
// CHECK-DAG: llvm.func hidden @relu$aarch64(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK-DAG: llvm.func hidden @relu.extent$aarch64(%{{.*}}: !llvm.ptr) -> !llvm.struct<(i64, i64)>
// CHECK-NOT: memref
// CHECK-NOT: unrealized_conversion_cast
module attributes {mixbit.target = #mixbit.target<"aarch64">} {
mixbit.kernel @relu(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  mixbit.rows ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    %zero = arith.constant 0.0 : f32
    %r = arith.maximumf %a, %zero : f32
    mixbit.yield %r : f32
  }
}
}
