// RUN: mixbit-opt --assign-formats %s | FileCheck %s --check-prefixes=CHECK,INT8
// RUN: mixbit-opt --assign-formats="weights=auto" %s | FileCheck %s --check-prefixes=CHECK,INT8
// RUN: mixbit-opt --assign-formats="weights=int4 activations=fp32" %s | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: mixbit-opt --assign-formats="weights=ternary group=2x64" %s | FileCheck %s --check-prefixes=CHECK,TERNARY
// RUN: mixbit-opt --assign-formats="weights=fp32" %s | FileCheck %s --check-prefixes=CHECK,FP32
// RUN: mixbit-opt --assign-formats="keep=enc*=int4,*.table=int2:1x32,*head=fp32" %s | FileCheck %s --check-prefixes=CHECK,KEEP
// RUN: mixbit-opt --assign-formats="keep=head=int4,w?head=binary,encoder.0=fp32" %s | FileCheck %s --check-prefixes=CHECK,LAST
// RUN: mixbit-opt --assign-formats="weights=int4 scale=bf16 keep=encoder.0=int8" %s | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: mixbit-opt --assign-formats="weights=int4z group=1x0" %s | FileCheck %s --check-prefixes=CHECK,ZERO

// CHECK-LABEL: func.func @main
func.func @main(%ids: tensor<?xi64>, %x: tensor<?x4xf32>, %v: tensor<2x4xf32>) {
  %table = arith.constant dense<1.0> : tensor<9x4xf32> loc("emb.table")
  %w0 = arith.constant dense<1.0> : tensor<3x4xf32> loc("encoder.w")
  %w1 = arith.constant dense<1.0> : tensor<2x4xf16> loc("w.head")
  %ints = arith.constant dense<1> : tensor<9x4xi32>
  // INT8: mixbit.embedding {{.*}} {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">}
  // ZERO: mixbit.embedding {{.*}}!mixbit.int<4, group = [1, 0], scale = f32, zero = i8>, "default">
  // BF16: mixbit.embedding {{.*}}!mixbit.int<4, group = [1, 128], scale = bf16>, "default">
  // INT4: mixbit.embedding {{.*}} {format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "default">}
  // TERNARY: mixbit.embedding {{.*}} {format = #mixbit.format<!mixbit.ternary<group = [2, 64], scale = f16>, "default">}
  // FP32-NOT: format
  // FP32-NOT: activations
  // KEEP: mixbit.embedding {{.*}} {format = #mixbit.format<!mixbit.int<2, group = [1, 32], scale = f16>, "keep">}
  // LAST: mixbit.embedding {{.*}} {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">}
  %0 = mixbit.embedding %table, %ids : (tensor<9x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  // INT8: mixbit.linear {{.*}} {activations = #mixbit.activations<8, per_token, dynamic>, format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">}
  // INT4: mixbit.linear {{.*}} {format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "default">}
  // ZERO: mixbit.linear {{.*}}!mixbit.int<4, group = [1, 0], scale = f32, zero = i8>, "default">
  // BF16: mixbit.linear {{.*}}!mixbit.int<8, group = [1, 0], scale = bf16>, "keep">
  // TERNARY: mixbit.linear {{.*}} {activations = #mixbit.activations<8, per_token, dynamic>, format = #mixbit.format<!mixbit.ternary<group = [2, 64], scale = f16>, "default">}
  // KEEP: mixbit.linear {{.*}} {activations = #mixbit.activations<8, per_token, dynamic>, format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "keep">}
  // LAST-NEXT: mixbit.linear %{{[^ ]*}}, %{{[^ ]*}} : (
  %1 = mixbit.linear %0, %w0 : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32> loc(fused["/m/MatMul", "encoder.0"])
  %2 = mixbit.cast %x : (tensor<?x4xf32>) -> tensor<?x4xf16>
  // INT8: mixbit.linear {{.*}}int<8
  // KEEP: mixbit.linear %{{[^ ]*}}, %{{[^ ]*}} : (
  // LAST: mixbit.linear {{.*}}!mixbit.binary<group = [1, 128], scale = f16>, "keep">
  %3 = mixbit.linear %2, %w1 : (tensor<?x4xf16>, tensor<2x4xf16>) -> tensor<?x2xf16> loc("head")
  // A weight that is no constant, and a table of integers, stay as they are.
  // CHECK: mixbit.linear %{{[^ ]*}}, %arg2 : (
  %4 = mixbit.linear %x, %v : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  // CHECK: mixbit.gather %{{[^ ]*}}, %{{[^ ]*}} {axis = 0 : i64} : (
  %5 = mixbit.gather %ints, %ids {axis = 0 : i64} : (tensor<9x4xi32>, tensor<?xi64>) -> tensor<?x4xi32>
  return
}

// A tied table has one format, whichever of its users the pattern names.
// CHECK-LABEL: func.func @tied
func.func @tied(%ids: tensor<?xi64>) -> tensor<?x9xf32> {
  %table = arith.constant dense<1.0> : tensor<9x4xf32> loc("tied")
  // KEEP: mixbit.embedding %{{[^ ]*}}, %{{[^ ]*}} : (
  // LAST: mixbit.embedding {{.*}}int<8
  %0 = mixbit.embedding %table, %ids : (tensor<9x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  // KEEP-NEXT: mixbit.linear %{{[^ ]*}}, %{{[^ ]*}} : (
  // LAST: mixbit.linear {{.*}}int<8
  %1 = mixbit.linear %0, %table : (tensor<?x4xf32>, tensor<9x4xf32>) -> tensor<?x9xf32> loc("lm_head")
  return %1 : tensor<?x9xf32>
}
