// RUN: mixbit-opt --assign-formats %s | FileCheck %s --check-prefix=FASTEST
// RUN: mixbit-opt --assign-formats="weights=auto" %s | FileCheck %s --check-prefix=FASTEST
// RUN: mixbit-opt --assign-formats="weights=fp32" %s | FileCheck %s --check-prefix=FLOAT
// RUN: mixbit-opt --assign-formats="activations=fp32" %s | FileCheck %s --check-prefix=FLOAT
// RUN: mixbit-opt --assign-formats="attention=fp32" %s | FileCheck %s --check-prefix=FLOAT
// RUN: mixbit-opt --assign-formats="weights=fp32 attention=int8" %s | FileCheck %s --check-prefix=BYTES
// RUN: mixbit-opt --assign-formats="keep=layer.0*=fp32" %s | FileCheck %s --check-prefix=KEEP
// RUN: not mixbit-opt --assign-formats="attention=int4" %s 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: attention: expected auto, fp32 or int8, but got 'int4'

// Products of attention, by the whole model's formats and by name.
func.func @main(%q: tensor<2x?x64xf32>, %k: tensor<2x?x64xf32>) -> (tensor<2x?x64xf32>, tensor<2x?x64xf32>)
    attributes {mixbit.symbols = ["queries", "keys"]} {
  // FASTEST: mixbit.attention {{.*}}products = #mixbit.product_kind<fastest>
  // FLOAT: mixbit.attention
  // FLOAT-NOT: products
  // BYTES: mixbit.attention {{.*}}products = #mixbit.product_kind<bytes>
  // KEEP: mixbit.attention
  // KEEP-NOT: products
  %0 = mixbit.attention %q, %k, %k {heads = 2 : i64, scale = 0.125 : f32} : (tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>) -> tensor<2x?x64xf32> loc("layer.0/MatMul")
  // FASTEST: mixbit.attention {{.*}}products = #mixbit.product_kind<fastest>
  // FLOAT: mixbit.attention
  // FLOAT-NOT: products
  // BYTES: mixbit.attention {{.*}}products = #mixbit.product_kind<bytes>
  // KEEP: mixbit.attention {{.*}}products = #mixbit.product_kind<fastest>
  %1 = mixbit.attention %0, %k, %k {heads = 2 : i64, scale = 0.125 : f32} : (tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>) -> tensor<2x?x64xf32> loc("layer.1/MatMul")
  return %0, %1 : tensor<2x?x64xf32>, tensor<2x?x64xf32>
}
