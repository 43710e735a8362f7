// RUN: mixbit-opt %s --check-kernel-calls --split-input-file --verify-diagnostics -o /dev/null

llvm.func @powf(f32, f32) -> f32
llvm.func @f(%a: f32, %b: f32) -> f32 {
  // expected-remark @below {{llvm.intr.pow, an element at a time}}
  %0 = "llvm.intr.pow"(%a, %b) : (f32, f32) -> f32
  // expected-remark @below {{powf, an element at a time}}
  %1 = llvm.call @powf(%0, %b) : (f32, f32) -> f32
  llvm.return %1 : f32
}

// -----

llvm.func @malloc(i64) -> !llvm.ptr
llvm.func @f(%n: i64) -> !llvm.ptr {
  // expected-error @below {{expected kernels to call libm only, but got a call of malloc}}
  %0 = llvm.call @malloc(%n) : (i64) -> !llvm.ptr
  llvm.return %0 : !llvm.ptr
}
