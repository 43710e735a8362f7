// RUN: mixbit-opt --split-input-file --verify-diagnostics %s

func.func @element() {
  // expected-error @below {{expected a quantized element type, but got 'f32'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<1x4xi8>) scales(dense<1.0> : tensor<1x1xf32>) : tensor<1x4xf32>
  return
}

// -----

func.func @dynamic() {
  // expected-error @below {{expected a static shape of rank 1 or more, but got 'tensor<?x!mixbit.binary}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<1x4xi8>) scales(dense<1.0> : tensor<1x1xf32>) : tensor<?x!mixbit.binary<group = [1, 0], scale = f32>>
  return
}

// -----

func.func @codes() {
  // expected-error @below {{expected codes of 'tensor<2x3xi8>', but got 'tensor<2x2xi8>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x2xi8>) scales(dense<1.0> : tensor<2x1xf32>) : tensor<2x5x!mixbit.int<4, group = [1, 0], scale = f32>>
  return
}

// -----

func.func @code_type() {
  // expected-error @below {{expected codes of 'tensor<2x3xi8>', but got 'tensor<2x3xi16>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x3xi16>) scales(dense<1.0> : tensor<2x1xf32>) : tensor<2x5x!mixbit.int<4, group = [1, 0], scale = f32>>
  return
}

// -----

func.func @scales() {
  // expected-error @below {{expected scales of 'tensor<2x3xf16>', but got 'tensor<2x3xf32>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x3xf32>) : tensor<2x5x!mixbit.int<8, group = [1, 2], scale = f16>>
  return
}

// -----

func.func @no_zeros() {
  // expected-error @below {{expected zero points exactly if the type has them, but got '!mixbit.int<8, group = [1, 0], scale = f32, zero = i8>' without zero points}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x1xf32>) : tensor<2x5x!mixbit.int<8, group = [1, 0], scale = f32, zero = i8>>
  return
}

// -----

func.func @zeros() {
  // expected-error @below {{expected zero points exactly if the type has them, but got '!mixbit.int<8, group = [1, 0], scale = f32>' with zero points}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x1xf32>) zeros(dense<1> : tensor<2x1xi8>) : tensor<2x5x!mixbit.int<8, group = [1, 0], scale = f32>>
  return
}

// -----

func.func @zero_type() {
  // expected-error @below {{expected zeros of 'tensor<2x1xf16>', but got 'tensor<2x1xi8>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x1xf32>) zeros(dense<1> : tensor<2x1xi8>) : tensor<2x5x!mixbit.int<8, group = [1, 0], scale = f32, zero = f16>>
  return
}

// -----

func.func @blob() {
  // expected-error @below {{expected 10 bytes of codes, but got 3}}
  %0 = mixbit.quantized_constant codes(dense_resource<codes> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x1xf32>) : tensor<2x5x!mixbit.int<8, group = [1, 0], scale = f32>>
  return
}
{-# dialect_resources: { builtin: { codes: "0x01000000010203" } } #-}

// -----

func.func @scale_blob() {
  // expected-error @below {{expected 8 bytes of scales, but got 4}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense_resource<scales> : tensor<2x1xf32>) : tensor<2x5x!mixbit.int<8, group = [1, 0], scale = f32>>
  return
}
{-# dialect_resources: { builtin: { scales: "0x0400000001020304" } } #-}

// -----

func.func @huge() {
  // expected-error @below {{expected at most 2^48 bytes of data, but got}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<2x5xi8>) scales(dense<1.0> : tensor<2x1xf32>) : tensor<4000000000x4000000000x4000000000x!mixbit.int<8, group = [1, 0], scale = f32>>
  return
}

// -----

func.func @segments() {
  // expected-error @below {{expected segments of 5 in all, but got 6}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<10xi8>) scales(dense<1.0> : tensor<2xf32>) : tensor<2x5x!mixbit.mixed<axis = 1, segments = [4 : !mixbit.int<8, group = [1, 0], scale = f32>, 2 : f32]>>
  return
}

// -----

func.func @segment_scales() {
  // Scales of two types are floats.
  // expected-error @below {{expected scales of 'tensor<2xf32>', but got 'tensor<2xf16>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<10xi8>) scales(dense<1.0> : tensor<2xf16>) : tensor<2x5x!mixbit.mixed<axis = 0, segments = [1 : !mixbit.int<8, group = [1, 0], scale = f32>, 1 : !mixbit.int<8, group = [1, 0], scale = f16>]>>
  return
}

// -----

func.func @segment_zero_types() {
  // expected-error @below {{expected segments with one type of zero points, but got}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<10xi8>) scales(dense<1.0> : tensor<2xf32>) zeros(dense<0> : tensor<2xi8>) : tensor<2x5x!mixbit.mixed<axis = 0, segments = [1 : !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>, 1 : !mixbit.int<8, group = [1, 0], scale = f32, zero = f16>]>>
  return
}

// -----

func.func @segment_zeros() {
  // Of the segments that have zero points.
  // expected-error @below {{expected zeros of 'tensor<1xi8>', but got 'tensor<2xi8>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<10xi8>) scales(dense<1.0> : tensor<2xf32>) zeros(dense<0> : tensor<2xi8>) : tensor<2x5x!mixbit.mixed<axis = 0, segments = [1 : !mixbit.int<8, group = [1, 0], scale = f32>, 1 : !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>]>>
  return
}

// -----

func.func @segment_codes() {
  // 1 row of 5 codes of 8 bits, 1 row of 5 halves.
  // expected-error @below {{expected codes of 'tensor<15xi8>', but got 'tensor<10xi8>'}}
  %0 = mixbit.quantized_constant codes(dense<0> : tensor<10xi8>) scales(dense<1.0> : tensor<1xf32>) : tensor<2x5x!mixbit.mixed<axis = 0, segments = [1 : !mixbit.int<8, group = [1, 0], scale = f32>, 1 : f16]>>
  return
}

// -----

func.func @dim_value() {
  // expected-error @below {{expected a result of integers, but got 'tensor<f32>'}}
  %0 = mixbit.dim_value {values = affine_map<()[s0] -> (s0)>} : () -> tensor<f32>
  return
}

// -----

func.func @dim_value_rank() {
  // expected-error @below {{expected a result of rank 0 or 1, but got 'tensor<1x1xi64>'}}
  %0 = mixbit.dim_value {values = affine_map<()[s0] -> (s0)>} : () -> tensor<1x1xi64>
  return
}

// -----

func.func @dim_value_count() {
  // expected-error @below {{expected values of 1 results over symbols, but got}}
  %0 = mixbit.dim_value {values = affine_map<()[s0] -> (s0, 1)>} : () -> tensor<i64>
  return
}

// -----

func.func @dim_value_shape() {
  // expected-error @below {{expected a result of 'tensor<2xi64>', but got 'tensor<3xi64>'}}
  %0 = mixbit.dim_value {values = affine_map<()[s0] -> (s0, 1)>} : () -> tensor<3xi64>
  return
}

// -----

func.func @symbols() attributes {mixbit.symbols = ["batch"]} {
  // expected-error @below {{expected values over the 1 symbols of the function, but got}}
  %0 = mixbit.dim_value {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  return
}

// -----

func.func @iota_dims() {
  // expected-error @below {{expected a size of 1 results over symbols, but got}}
  %0 = mixbit.iota {size = affine_map<(d0) -> (d0)>, start = 0 : i64, step = 1 : i64} : () -> tensor<?xi64>
  return
}

// -----

func.func @iota_step() {
  // expected-error @below {{expected a step other than 0, but got 0}}
  %0 = mixbit.iota {size = affine_map<() -> (4)>, start = 0 : i64, step = 0 : i64} : () -> tensor<4xi64>
  return
}

// -----

func.func @iota_type() {
  // expected-error @below {{expected a result of integers, but got 'tensor<4xi1>'}}
  %0 = mixbit.iota {size = affine_map<() -> (4)>, start = 0 : i64, step = 1 : i64} : () -> tensor<4xi1>
  return
}

// -----

func.func @negative() {
  // expected-error @below {{expected extents of 0 or more, but got -4 in dimension 0 of the result}}
  %0 = mixbit.iota {size = affine_map<() -> (-4)>, start = 0 : i64, step = 1 : i64} : () -> tensor<?xi64>
  return
}
