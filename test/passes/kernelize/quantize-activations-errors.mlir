// RUN: mixbit-opt %s -quantize-activations -verify-diagnostics

func.func @of_the_tensor(%x: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %w = mixbit.quantized_constant codes(dense<1> : tensor<2x4xi8>) scales(dense<0.5> : tensor<2x1xf32>)
    : tensor<2x4x!mixbit.int<8, group = [1, 0], scale = f32>>
  // expected-error @+1 {{no kernel exists for activations other than per token and dynamic}}
  %y = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_tensor, dynamic>}
    : (tensor<2x4xf32>, tensor<2x4x!mixbit.int<8, group = [1, 0], scale = f32>>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
