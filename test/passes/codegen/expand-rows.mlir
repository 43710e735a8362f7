// RUN: mixbit-opt %s --expand-rows --canonicalize --cse | FileCheck %s

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {

// 384 columns are 12 steps of four registers: no other loop, no mask.
// CHECK-LABEL: func.func @quantize(
// CHECK-SAME: %[[ARGS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}: !llvm.ptr)
// CHECK: mixbit.kernel_arg %[[ARGS]][1] : !llvm.ptr -> memref<?x384xf32>
// CHECK: mixbit.kernel_arg %[[ARGS]][3] : !llvm.ptr -> memref<?x384xi8>
// CHECK: mixbit.kernel_arg %[[ARGS]][5] : !llvm.ptr -> memref<?xf32>
// CHECK: scf.for %[[ROW:.*]] = %[[BEGIN]] to %[[END]]
// CHECK:   %[[MAX:.*]] = scf.for {{.*}} iter_args({{.*}}) -> (vector<32xf32>)
// CHECK:     vector.load {{.*}} vector<32xf32>
// CHECK-NOT: vector.maskedload
// CHECK:   vector.extract_strided_slice %[[MAX]]
// CHECK:   arith.divf {{.*}} : f32
// CHECK:   scf.for
// CHECK:     math.roundeven {{.*}} : vector<32xf32>
// CHECK:     vector.store {{.*}} : memref<?x384xi8>, vector<32xi8>
// CHECK-NOT: vector.maskedstore
// CHECK:   memref.store
// CHECK-LABEL: func.func @quantize.extent(
// CHECK: %[[ROWS:.*]] = memref.dim
// CHECK: return %[[ROWS]], %c0
mixbit.kernel @quantize(%x: memref<?x384xf32>, %q: memref<?x384xi8>, %s: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?x384xf32>) outs(%q, %s : memref<?x384xi8>, memref<?xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
            affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    %abs = math.absf %a : f32
    %max = mixbit.row_reduce %abs {kind = #mixbit.reduce_kind<max>} : f32
    %c = arith.constant 127.0 : f32
    %i = arith.divf %c, %max : f32
    %r = arith.mulf %a, %i : f32
    %e = math.roundeven %r : f32
    %code = arith.fptosi %e : f32 to i8
    %scale = arith.divf %max, %c : f32
    mixbit.yield %code, %scale : i8, f32
  }
}

// The exponential is computed once and kept; the cheap difference is not.
// CHECK-LABEL: func.func @softmax(
// CHECK: %[[KEPT:.*]] = mixbit.scratch
// CHECK: scf.for
// CHECK:   math.exp
// CHECK:   vector.store {{.*}}, %[[KEPT]]
// CHECK:   vector.maskedload
// CHECK:   vector.load %[[KEPT]]
// CHECK:   vector.maskedstore
// CHECK-LABEL: func.func @softmax.extent(
// CHECK: arith.ceildivui
mixbit.kernel @softmax(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  mixbit.rows ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    %max = mixbit.row_reduce %a {kind = #mixbit.reduce_kind<max>} : f32
    %d = arith.subf %a, %max : f32
    %e = math.exp %d : f32
    %sum = mixbit.row_reduce %e {kind = #mixbit.reduce_kind<add>} : f32
    %r = arith.divf %e, %sum : f32
    mixbit.yield %r : f32
  }
}

// An index is checked once a row; the first bad one is kept.
// CHECK-LABEL: func.func @lookup(
// CHECK: scf.for
// CHECK:   arith.cmpi uge
// CHECK:   llvm.cmpxchg
// CHECK:   arith.select
// CHECK:   scf.for
// CHECK:     vector.load {{.*}} : memref<10x64xf32>
mixbit.kernel @lookup(%ids: memref<?xi64>, %t: memref<10x64xf32>, %y: memref<?x64xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x64xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    %a = mixbit.table_load %t[%id] : memref<10x64xf32>, i64 -> f32
    mixbit.yield %a : f32
  }
}
}
