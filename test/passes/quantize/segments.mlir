// RUN: mixbit-opt --assign-formats="weights=int8@64+int4:1x32" %s | FileCheck %s
// RUN: mixbit-opt --assign-formats="weights=int8@40%%+int4:1x32" %s | FileCheck %s
// RUN: mixbit-opt --assign-formats="keep=w=int8@64+int4:1x32,t=int4" %s | FileCheck %s --check-prefix=KEEP
// RUN: mixbit-opt --mixbit-quantize="weights=int8@64+int4:1x32" %s | FileCheck %s --check-prefix=ROUND
// RUN: not mixbit-opt --mixbit-quantize="keep=t=int8@64+int4" %s 2>&1 | FileCheck %s --check-prefix=TABLE
// RUN: not mixbit-opt --mixbit-quantize="keep=w=fp16@64+int4" %s 2>&1 | FileCheck %s --check-prefix=FLOATS
// RUN: not mixbit-opt --mixbit-quantize="keep=w=int8@64+int4:1x48" %s 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not mixbit-opt --mixbit-quantize="weights=int8@64+int4 activations=fp32" %s 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS

// Tables are in one format: that of the rows that are left.
// CHECK: mixbit.embedding {{.*}}#mixbit.format<!mixbit.int<4, group = [1, 32], scale = f16>, "default">
// CHECK: mixbit.linear {{.*}}activations = {{.*}}#mixbit.format<!mixbit.mixed<axis = 0, segments = [64 : !mixbit.int<8, group = [1, 0], scale = f32>, 96 : !mixbit.int<4, group = [1, 32], scale = f16>]>, "default">
// KEEP: mixbit.embedding {{.*}}#mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "keep">
// KEEP: mixbit.linear {{.*}}#mixbit.format<!mixbit.mixed<axis = 0, {{.*}}, "keep">

// 64 x 64 codes of 8 bits, 96 x 64 of 4; scales of two types are floats.
// ROUND: mixbit.quantized_constant codes(dense_resource<w.codes> : tensor<7168xi8>) scales(dense_resource<w.scales> : tensor<256xf32>) : tensor<160x64x!mixbit.mixed<axis = 0, segments = [64 : {{.*}}, 96 : {{.*}}]>>

// TABLE: node {{.*}}: no kernel exists for int8@64+int4@96: tables are served in one format
// FLOATS: weight 'w': expected a uniform format or quantized segments of 160 rows to round to, but got '!mixbit.mixed
// GROUP: node {{.*}}: no kernel exists for int4 in groups of 1x48: groups along the inputs are served in multiples of 32
// ACTIVATIONS: node {{.*}}: no kernel exists for int8@64+int4@96 weights with fp32 activations
func.func @main(%ids: tensor<?xi64>) -> tensor<?x160xf32> {
  %t = arith.constant dense<0.5> : tensor<160x64xf32> loc("t")
  %w = arith.constant dense<0.25> : tensor<160x64xf32> loc("w")
  %x = mixbit.embedding %t, %ids : (tensor<160x64xf32>, tensor<?xi64>) -> tensor<?x64xf32>
  %y = mixbit.linear %x, %w : (tensor<?x64xf32>, tensor<160x64xf32>) -> tensor<?x160xf32>
  return %y : tensor<?x160xf32>
}
