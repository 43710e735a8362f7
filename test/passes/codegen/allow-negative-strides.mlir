// RUN: mixbit-opt %s --allow-negative-strides | FileCheck %s

// CHECK-LABEL: @backwards
llvm.func @backwards(%base: !llvm.ptr, %i: i64, %step: i64) -> !llvm.ptr {
  // CHECK: llvm.mul %{{.*}}, %{{.*}} overflow<nsw> : i64
  %0 = llvm.mul %i, %step overflow<nsw, nuw> : i64
  // CHECK: llvm.getelementptr inbounds %{{.*}}[%{{.*}}]
  %1 = llvm.getelementptr inbounds|nuw %base[%0] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.return %1 : !llvm.ptr
}
