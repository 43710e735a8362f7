// RUN: mixbit-opt %s -split-input-file -form-kernels -verify-diagnostics

func.func @symbol_as_data() -> tensor<i64> attributes {mixbit.symbols = ["batch"]} {
  // expected-error @+1 {{no kernel exists for dim_value: a symbolic dimension used as data}}
  %n = mixbit.dim_value {values = affine_map<()[s0] -> (s0)>} : () -> tensor<i64>
  return %n : tensor<i64>
}

// -----

func.func @gather(%x: tensor<4x5xf32>, %i: tensor<2xi64>) -> tensor<4x2xf32> {
  // expected-error @+1 {{expected indices along axis 0, or one constant index, but got axis 1}}
  %y = mixbit.gather %x, %i {axis = 1 : i64} : (tensor<4x5xf32>, tensor<2xi64>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @modulo(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  // expected-error @+1 {{no kernel exists for binary of 'tensor<4xi64>'}}
  %z = mixbit.binary %x, %y {kind = #mixbit.binary_kind<mod>} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %z : tensor<4xi64>
}

// -----

// expected-error @+1 {{expected 'mixbit.dims' on argument 0 of type 'tensor<?xf32>'}}
func.func @no_shape(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

func.func @float_activations(%x: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %w = mixbit.quantized_constant codes(dense<1> : tensor<2x2xi8>) scales(dense<0.5> : tensor<2x1xf32>)
    : tensor<2x4x!mixbit.int<4, group = [1, 0], scale = f32>>
  // expected-error @+1 {{a quantized weight with float activations}}
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<2x4x!mixbit.int<4, group = [1, 0], scale = f32>>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
