// RUN: mixbit-opt --quantize-weights --split-input-file --verify-diagnostics %s

func.func @not_finite(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected finite weights, but got nan at row 1, column 0}}
  %w = arith.constant dense<[[1.0, 2.0], [0x7FC00000, 3.0]]> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @too_large(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected values that fp16 holds, but got 70000 at row 1, column 0}}
  %w = arith.constant dense<[[1.0, 2.0], [7.0e4, 3.0]]> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<f16, "default">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @left_out(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected its data, but it is left out of the IR}}
  %w = arith.constant dense_resource<w> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @truncated(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected 16 bytes of data, but got 4}}
  %w = arith.constant dense_resource<w> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
{-# dialect_resources: { builtin: { w: "0x040000000000803F" } } #-}

// -----

func.func @no_constant(%x: tensor<?x2xf32>, %w: tensor<2x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{expected a constant weight of f32, f16 or bf16 for a format, but got 'tensor<2x2xf32>'}}
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @mixed(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected a uniform format or quantized segments of 2 rows to round to, but got '!mixbit.mixed<}}
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.mixed<axis = 0, segments = [2 : f32]>, "allocated">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @too_many_rows(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{weight 'weight': expected a uniform format or quantized segments of 2 rows to round to, but got '!mixbit.mixed<}}
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.mixed<axis = 0, segments = [2 : !int8, 1 : !int8]>, "keep">} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
