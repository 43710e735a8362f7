// RUN: mixbit-opt %s --allow-negative-strides | FileCheck %s

// CHECK-LABEL: llvm.func @backwards
// CHECK-NOT: mixbit.backwards
llvm.func @backwards(%base: !llvm.ptr, %i: i64, %step: i64) -> !llvm.ptr attributes {mixbit.backwards} {
  // CHECK: llvm.mul %{{.*}}, %{{.*}} overflow<nsw> : i64
  %0 = llvm.mul %i, %step overflow<nsw, nuw> : i64
  // CHECK: llvm.getelementptr inbounds %{{.*}}[%{{.*}}]
  %1 = llvm.getelementptr inbounds|nuw %base[%0] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.return %1 : !llvm.ptr
}

// CHECK-LABEL: llvm.func @forwards
llvm.func @forwards(%base: !llvm.ptr, %i: i64) -> !llvm.ptr {
  // CHECK: llvm.getelementptr inbounds|nuw
  %0 = llvm.getelementptr inbounds|nuw %base[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.return %0 : !llvm.ptr
}
