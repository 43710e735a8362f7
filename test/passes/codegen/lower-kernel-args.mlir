// RUN: mixbit-opt %s --lower-kernel-args --reconcile-unrealized-casts --canonicalize --cse --split-input-file | FileCheck %s

// Word 3 on: an address, the dynamic size, the dynamic stride; the rest is
// static.
// CHECK-LABEL: func @strided
// CHECK-DAG: %[[C8:.*]] = llvm.mlir.constant(8 : i64)
// CHECK-DAG: %[[P3:.*]] = llvm.getelementptr %arg0[3]
// CHECK-DAG: %[[P4:.*]] = llvm.getelementptr %arg0[4]
// CHECK-DAG: %[[P5:.*]] = llvm.getelementptr %arg0[5]
// CHECK-DAG: %[[ADDRESS:.*]] = llvm.load %[[P3]] invariant : !llvm.ptr -> !llvm.ptr
// CHECK-DAG: %[[SIZE:.*]] = llvm.load %[[P4]] invariant : !llvm.ptr -> i64
// CHECK-DAG: %[[STRIDE:.*]] = llvm.load %[[P5]] invariant : !llvm.ptr -> i64
// CHECK-DAG: llvm.insertvalue %[[ADDRESS]], %{{.*}}[1]
// CHECK-DAG: llvm.insertvalue %[[SIZE]], %{{.*}}[3, 0]
// CHECK-DAG: llvm.insertvalue %[[C8]], %{{.*}}[3, 1]
// CHECK-DAG: llvm.insertvalue %[[STRIDE]], %{{.*}}[4, 0]
func.func @strided(%args: !llvm.ptr) -> memref<?x8xf32, strided<[?, 1], offset: ?>> {
  %x = mixbit.kernel_arg %args[3] : !llvm.ptr -> memref<?x8xf32, strided<[?, 1], offset: ?>>
  return %x : memref<?x8xf32, strided<[?, 1], offset: ?>>
}

// -----

// Strides that may be negative are marked.
// CHECK-LABEL: func @backwards
// CHECK-SAME: mixbit.backwards
func.func @backwards(%args: !llvm.ptr) -> memref<3x9xf32, strided<[9, -1]>> {
  %x = mixbit.kernel_arg %args[1] : !llvm.ptr -> memref<3x9xf32, strided<[9, -1]>>
  return %x : memref<3x9xf32, strided<[9, -1]>>
}

// -----

// The strides of the identity layout are no words but products.
// CHECK-LABEL: func @identity
// CHECK-NOT: mixbit.backwards
// CHECK: llvm.mul
// CHECK-NOT: llvm.getelementptr %arg0[4]
func.func @identity(%args: !llvm.ptr) -> memref<?x?x8xf32> {
  %x = mixbit.kernel_arg %args[1] : !llvm.ptr -> memref<?x?x8xf32>
  return %x : memref<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @scratch
// CHECK: llvm.getelementptr %arg0[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
func.func @scratch(%base: !llvm.ptr, %at: index, %n: index) -> memref<?xf32> {
  %x = mixbit.scratch %base[%at](%n) : !llvm.ptr -> memref<?xf32>
  return %x : memref<?xf32>
}
