// RUN: mixbit-opt --split-input-file --verify-diagnostics %s

func.func @norm_rank(%x: tensor<f32>, %g: tensor<4xf32>) {
  // expected-error @below {{expected x of rank 1 or more, but got 'tensor<f32>'}}
  %0 = mixbit.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<f32>, tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @norm_element(%x: tensor<2x4xi32>, %g: tensor<4xf32>) {
  // expected-error @below {{expected x of floats, but got 'tensor<2x4xi32>'}}
  %0 = mixbit.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<2x4xi32>, tensor<4xf32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @norm_gamma(%x: tensor<2x4xf32>, %g: tensor<3xf32>) {
  // expected-error @below {{expected gamma with 4 in dimension 0, but got 'tensor<3xf32>'}}
  %0 = mixbit.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @norm_beta(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<1x4xf32>) {
  // expected-error @below {{expected beta of rank 1, but got 'tensor<1x4xf32>'}}
  %0 = mixbit.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @norm_beta_element(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf16>) {
  // expected-error @below {{expected beta of 'f32', but got 'tensor<4xf16>'}}
  %0 = mixbit.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @norm_epsilon(%x: tensor<2x4xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{expected a finite epsilon of 0 or more, but got -1.000000e+00 : f32}}
  %0 = mixbit.layer_norm %x, %g {epsilon = -1.0 : f32} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @norm_shape(%x: tensor<2x4xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{expected a result of 'tensor<2x4xf32>', but got 'tensor<4x2xf32>'}}
  %0 = mixbit.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected an axis of 0 to 1, but got 2}}
  %0 = mixbit.softmax %x {axis = 2 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @softmax_negative(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected an axis of 0 to 1, but got -1}}
  %0 = mixbit.softmax %x {axis = -1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @softmax_rank(%x: tensor<f32>) {
  // expected-error @below {{expected x of rank 1 or more, but got 'tensor<f32>'}}
  %0 = mixbit.softmax %x {axis = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_element(%x: tensor<2xi32>) {
  // expected-error @below {{expected x of floats, but got 'tensor<2xi32>'}}
  %0 = mixbit.softmax %x {axis = 0 : i64} : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @not_number(%x: tensor<2xf32>) {
  // expected-error @below {{expected x of i1 for not, but got 'tensor<2xf32>'}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<not>} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @neg_truth(%x: tensor<2xi1>) {
  // expected-error @below {{expected x of numbers, but got 'tensor<2xi1>'}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<neg>} : (tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @neg_quantized(%x: tensor<2x!mixbit.binary<group = [1, 0], scale = f32>>) {
  // expected-error @below {{expected x of floats or integers, but got}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<neg>} : (tensor<2x!mixbit.binary<group = [1, 0], scale = f32>>) -> tensor<2x!mixbit.binary<group = [1, 0], scale = f32>>
  return
}

// -----

func.func @exp_integer(%x: tensor<2xi32>) {
  // expected-error @below {{expected x of floats, but got 'tensor<2xi32>'}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<exp>} : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @isnan_result(%x: tensor<2xf32>) {
  // expected-error @below {{expected a result of 'i1', but got 'tensor<2xf32>'}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<isnan>} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @unary_shape(%x: tensor<2xf32>) {
  // expected-error @below {{expected a result of 'tensor<2xf32>', but got 'tensor<3xf32>'}}
  %0 = mixbit.unary %x {kind = #mixbit.unary_kind<exp>} : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @binary_elements(%a: tensor<2xf32>, %b: tensor<2xi32>) {
  // expected-error @below {{expected a right operand of 'f32', but got 'tensor<2xi32>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<add>} : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @binary_truth(%a: tensor<2xi1>, %b: tensor<2xi1>) {
  // expected-error @below {{expected operands that add takes, but got 'tensor<2xi1>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<add>} : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @less_truth(%a: tensor<2xi1>, %b: tensor<2xi1>) {
  // expected-error @below {{expected operands that less takes, but got 'tensor<2xi1>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<less>} : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @and_float(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error @below {{expected operands that and takes, but got 'tensor<2xf32>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<and>} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @pow_integer(%a: tensor<2xi32>, %b: tensor<2xi32>) {
  // expected-error @below {{expected operands that pow takes, but got 'tensor<2xi32>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<pow>} : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @equal_result(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error @below {{expected a result of 'i1', but got 'tensor<2xf32>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<equal>} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @binary_broadcast(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @below {{expected shapes that broadcast, but got 2 and 3 in dimension 0}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<add>} : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @binary_rank(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error @below {{expected a result of 'tensor<2xf32>', but got 'tensor<1x2xf32>'}}
  %0 = mixbit.binary %a, %b {kind = #mixbit.binary_kind<add>} : (tensor<2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @select_condition(%c: tensor<2xi8>, %a: tensor<2xf32>) {
  // expected-error @below {{expected a condition of 'i1', but got 'tensor<2xi8>'}}
  %0 = mixbit.select %c, %a, %a : (tensor<2xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @select_elements(%c: tensor<2xi1>, %a: tensor<2xf32>, %b: tensor<2xf16>) {
  // expected-error @below {{expected a second choice of 'f32', but got 'tensor<2xf16>'}}
  %0 = mixbit.select %c, %a, %b : (tensor<2xi1>, tensor<2xf32>, tensor<2xf16>) -> tensor<2xf32>
  return
}

// -----

func.func @select_result(%c: tensor<2xi1>, %a: tensor<2xf32>) {
  // expected-error @below {{expected a result of 'f32', but got 'tensor<2xi1>'}}
  %0 = mixbit.select %c, %a, %a : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  return
}

// -----

func.func @cast_quantized(%x: tensor<2x!mixbit.binary<group = [1, 0], scale = f32>>) {
  // expected-error @below {{expected x of floats or integers, but got}}
  %0 = mixbit.cast %x : (tensor<2x!mixbit.binary<group = [1, 0], scale = f32>>) -> tensor<2xf32>
  return
}

// -----

func.func @cast_result(%x: tensor<2xf32>) {
  // expected-error @below {{expected a result of floats or integers, but got 'tensor<2xindex>'}}
  %0 = mixbit.cast %x : (tensor<2xf32>) -> tensor<2xindex>
  return
}

// -----

func.func @reduce_mean(%x: tensor<2x4xi32>) {
  // expected-error @below {{expected x that mean takes, but got 'tensor<2x4xi32>'}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>} : (tensor<2x4xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @reduce_truth(%x: tensor<2x4xi1>) {
  // expected-error @below {{expected x that add takes, but got 'tensor<2x4xi1>'}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>} : (tensor<2x4xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @reduce_none(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected one axis or more, but got none}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<add>, axes = array<i64>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @reduce_axis(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected an axis of 0 to 1, but got 2}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<add>, axes = array<i64: 2>} : (tensor<2x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_twice(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected each axis once, but got 1 twice}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_shape(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a result of 'tensor<2xf32>', but got 'tensor<4xf32>'}}
  %0 = mixbit.reduce %x {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>} : (tensor<2x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reshape_count(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected 8 elements in the result, but got 'tensor<3x3xf32>'}}
  %0 = mixbit.reshape %x {shape = affine_map<() -> (3, 3)>} : (tensor<2x4xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @reshape_map(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a shape of 1 results over symbols, but got affine_map<() -> (2, 4)>}}
  %0 = mixbit.reshape %x {shape = affine_map<() -> (2, 4)>} : (tensor<2x4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @reshape_type(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a result of 'tensor<4x2xf32>', but got 'tensor<2x4xf32>'}}
  %0 = mixbit.reshape %x {shape = affine_map<() -> (4, 2)>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @reshape_element(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a result of 'f32', but got 'tensor<8xi32>'}}
  %0 = mixbit.reshape %x {shape = affine_map<() -> (8)>} : (tensor<2x4xf32>) -> tensor<8xi32>
  return
}

// -----

func.func @broadcast_stretch(%x: tensor<2xf32>) {
  // expected-error @below {{expected extents of 1 to be stretched, but got 'tensor<2xf32>' to 'tensor<4x3xf32>'}}
  %0 = mixbit.broadcast %x {shape = affine_map<() -> (4, 3)>} : (tensor<2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @broadcast_rank(%x: tensor<1x2xf32>) {
  // expected-error @below {{expected a result of rank 2 or more, but got 'tensor<2xf32>'}}
  %0 = mixbit.broadcast %x {shape = affine_map<() -> (2)>} : (tensor<1x2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @transpose_short(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a permutation of 2 dimensions, but got array<i64: 0>}}
  %0 = mixbit.transpose %x {permutation = array<i64: 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @transpose_twice(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a permutation of 2 dimensions, but got array<i64: 0, 0>}}
  %0 = mixbit.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @transpose_range(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a permutation of 2 dimensions, but got array<i64: 0, 2>}}
  %0 = mixbit.transpose %x {permutation = array<i64: 0, 2>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @transpose_shape(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a result of 'tensor<4x2xf32>', but got 'tensor<2x4xf32>'}}
  %0 = mixbit.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @slice_starts(%x: tensor<8xf32>) {
  // expected-error @below {{expected starts of 1 results over symbols, but got}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (0, 0)>, sizes = affine_map<() -> (4)>, steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_sizes(%x: tensor<8xf32>) {
  // expected-error @below {{expected sizes of 1 results over symbols, but got}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (4, 4)>, steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_steps(%x: tensor<8xf32>) {
  // expected-error @below {{expected 1 steps, but got 2}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (4)>, steps = array<i64: 1, 1>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_step(%x: tensor<8xf32>) {
  // expected-error @below {{expected steps other than 0, but got array<i64: 0>}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (4)>, steps = array<i64: 0>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_start(%x: tensor<8xf32>) {
  // expected-error @below {{expected a slice within 'tensor<8xf32>', but got start 8, step 1 in dimension 0}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (8)>, sizes = affine_map<() -> (1)>, steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @slice_end(%x: tensor<8xf32>) {
  // expected-error @below {{expected a slice within 'tensor<8xf32>', but got start 2, step 2 in dimension 0}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (2)>, sizes = affine_map<() -> (4)>, steps = array<i64: 2>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_back(%x: tensor<8xf32>) {
  // expected-error @below {{expected a slice within 'tensor<8xf32>', but got start 5, step -2 in dimension 0}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (5)>, sizes = affine_map<() -> (4)>, steps = array<i64: -2>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_shape(%x: tensor<8xf32>) {
  // expected-error @below {{expected a result of 'tensor<4xf32>', but got 'tensor<5xf32>'}}
  %0 = mixbit.slice %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (4)>, steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @concat_axis(%a: tensor<2x4xf32>) {
  // expected-error @below {{expected an axis of 0 to 1, but got 2}}
  %0 = mixbit.concat %a, %a {axis = 2 : i64} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_rank(%a: tensor<2x4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{expected inputs of rank 2, but got 'tensor<4xf32>'}}
  %0 = mixbit.concat %a, %b {axis = 0 : i64} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @concat_element(%a: tensor<2x4xf32>, %b: tensor<2x4xf16>) {
  // expected-error @below {{expected inputs of 'f32', but got 'tensor<2x4xf16>'}}
  %0 = mixbit.concat %a, %b {axis = 0 : i64} : (tensor<2x4xf32>, tensor<2x4xf16>) -> tensor<4x4xf32>
  return
}

// -----

func.func @concat_extent(%a: tensor<2x4xf32>, %b: tensor<2x5xf32>) {
  // expected-error @below {{expected inputs with 4 in dimension 1, but got 'tensor<2x5xf32>'}}
  %0 = mixbit.concat %a, %b {axis = 0 : i64} : (tensor<2x4xf32>, tensor<2x5xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @concat_none() {
  // expected-error @below {{expected one input or more, but got none}}
  %0 = mixbit.concat {axis = 0 : i64} : () -> tensor<4x4xf32>
  return
}

// -----

func.func @concat_scalar(%a: tensor<f32>) {
  // expected-error @below {{expected inputs of rank 1 or more, but got 'tensor<f32>'}}
  %0 = mixbit.concat %a {axis = 0 : i64} : (tensor<f32>) -> tensor<1xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<2x4xf32>, %i: tensor<i64>) {
  // expected-error @below {{expected an axis of 0 to 1, but got 2}}
  %0 = mixbit.gather %x, %i {axis = 2 : i64} : (tensor<2x4xf32>, tensor<i64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_indices(%x: tensor<2x4xf32>, %i: tensor<f32>) {
  // expected-error @below {{expected indices of integers, but got 'tensor<f32>'}}
  %0 = mixbit.gather %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_shape(%x: tensor<2x4xf32>, %i: tensor<3xi64>) {
  // expected-error @below {{expected a result of 'tensor<2x3xf32>', but got 'tensor<2x4xf32>'}}
  %0 = mixbit.gather %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gather_scalar(%x: tensor<f32>, %i: tensor<3xi64>) {
  // expected-error @below {{expected x of rank 1 or more, but got 'tensor<f32>'}}
  %0 = mixbit.gather %x, %i {axis = 0 : i64} : (tensor<f32>, tensor<3xi64>) -> tensor<3xf32>
  return
}
