// RUN: mixbit-opt --quantize-weights --verify-diagnostics %s

func.func @main(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected weights on a grid of ternary in groups of 1x0, but the group at row 1, column 0 is on none}}
  %w = arith.constant dense<[[0.5, -0.5, 0.0, 0.5], [0.5, 0.25, 0.1, 0.3]]> : tensor<2x4xf32>
  %0 = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.ternary<group = [1, 0], scale = f32>, "grid">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
