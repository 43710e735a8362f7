// RUN: mixbit-opt --mixbit-quantize %s | FileCheck %s --check-prefix=INT8
// RUN: mixbit-opt --mixbit-quantize="weights=int4 group=1x32 keep=w=binary:1x0" %s | FileCheck %s --check-prefix=KEEP
// RUN: not mixbit-opt --mixbit-quantize="weights=int4 group=1x5" %s 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not mixbit-opt --mixbit-quantize="activations=fp32" %s 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS

// INT8: mixbit.quantized_constant {{.*}} : tensor<2x9x!mixbit.int<8, group = [1, 0], scale = f32>>
// INT8: mixbit.quantized_constant {{.*}} : tensor<3x40x!mixbit.int<8, group = [1, 0], scale = f32>>
// KEEP: mixbit.quantized_constant {{.*}} : tensor<2x9x!mixbit.binary<group = [1, 0], scale = f32>>
// KEEP: mixbit.quantized_constant {{.*}} : tensor<3x40x!mixbit.int<4, group = [1, 32], scale = f16>>
// NONE: node 'head': no kernel exists for int4 in groups of 1x5: groups along the inputs are served in multiples of 32
// ACTIVATIONS: node 'head': no kernel exists for int8 weights with fp32 activations
func.func @main(%x: tensor<?x9xf32>, %z: tensor<?x40xf32>) -> (tensor<?x2xf32>, tensor<?x3xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x9xf32> loc("w")
  %v = arith.constant dense<1.0> : tensor<3x40xf32> loc("v")
  %y = mixbit.linear %x, %w : (tensor<?x9xf32>, tensor<2x9xf32>) -> tensor<?x2xf32> loc("head")
  %u = mixbit.linear %z, %v : (tensor<?x40xf32>, tensor<3x40xf32>) -> tensor<?x3xf32> loc("tail")
  return %y, %u : tensor<?x2xf32>, tensor<?x3xf32>
}
