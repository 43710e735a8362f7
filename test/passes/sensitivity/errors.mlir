// RUN: mixbit-opt %s --split-input-file --mark-layers --decompose-attention --differentiate --verify-diagnostics

func.func @round(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: 'round' is a step}}
  %z = mixbit.unary %y {kind = #mixbit.unary_kind<round>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

func.func @modulo(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: 'mod' jumps}}
  %z = mixbit.binary %y, %y {kind = #mixbit.binary_kind<mod>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

func.func @gather(%x: tensor<2x4xf32>, %i: tensor<i64>) -> tensor<3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: a gather of computed data has no rule yet}}
  %z = mixbit.gather %y, %i {axis = 0 : i64} : (tensor<2x3xf32>, tensor<i64>) -> tensor<3xf32>
  return %z : tensor<3xf32>
}

// -----

func.func @product(%x: tensor<2x4xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: a product has no rule yet}}
  %z = mixbit.reduce %y {kind = #mixbit.reduce_kind<mul>, axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// -----

func.func @steps(%x: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: a slice with steps other than 1 has no rule yet}}
  %z = mixbit.slice %y {starts = affine_map<() -> (0, 0)>, sizes = affine_map<() -> (2, 2)>, steps = array<i64: 1, 2>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}

// -----

func.func @max_pool(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  %w = arith.constant dense<0.25> : tensor<4x4xf32>
  %y = mixbit.linear %x, %w : (tensor<1x2x4x4xf32>, tensor<4x4xf32>) -> tensor<1x2x4x4xf32>
  // expected-error @below {{has no derivative: max pooling has no rule yet}}
  %z = mixbit.pool %y {kind = #mixbit.reduce_kind<max>, window = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %z : tensor<1x2x2x2xf32>
}

// -----

func.func @quantized(%x: tensor<2x4xf32>, %c: tensor<2x3xi8>, %s: tensor<2xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32>
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  // expected-error @below {{has no derivative: there is no rule for this operation}}
  %q, %t = mixbit.quantize_rows %y {bits = 8 : i64} : (tensor<2x3xf32>) -> (tensor<2x3xi8>, tensor<2xf32>)
  %r = mixbit.reshape %t {shape = affine_map<() -> (2, 1)>} : (tensor<2xf32>) -> tensor<2x1xf32>
  %z = mixbit.binary %y, %r {kind = #mixbit.binary_kind<mul>} : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

// expected-error @below {{expected a linear with a constant weight to differentiate by, but got none}}
func.func @none(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  return %x : tensor<2x4xf32>
}

// -----

// expected-error @below {{expected logits of floats with a dimension of classes, but got 'tensor<2xi64>'}}
func.func @integers(%x: tensor<2xi64>) -> tensor<2xi64> {
  return %x : tensor<2xi64>
}
