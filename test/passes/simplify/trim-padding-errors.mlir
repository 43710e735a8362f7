// RUN: mixbit-opt %s -split-input-file -verify-diagnostics -trim-padding

// expected-error @+1 {{--trim-padding: expected attention whose keys an input of integers hides, but 'encoder' has none}}
func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  return %x : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected reductions over positions to be sums of what the mask keeps, but got another}}
  %m = mixbit.reduce %o {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>} : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  return %m : tensor<?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected reductions over positions to be sums of what the mask keeps}}
  %m = mixbit.reduce %o {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>} : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  return %m : tensor<?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected a softmax within a position, but got one over positions}}
  %m = mixbit.softmax %o {axis = 1 : i64} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %m : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x1x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected a slice of all positions or of the first one, but got another}}
  %l = mixbit.slice %o {starts = affine_map<()[s0, s1] -> (0, s1 - 1, 0)>,
      sizes = affine_map<()[s0, s1] -> (s0, 1, 4)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x4xf32>) -> tensor<?x1x4xf32>
  return %l : tensor<?x1x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected a reshape that keeps positions apart, but got one that mixes them with other dimensions}}
  %r = mixbit.reshape %o {shape = affine_map<()[s0, s1] -> (s1, s0, 4)>} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %r : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected a concatenation of other dimensions, but got one of positions}}
  %c = mixbit.concat %o, %o {axis = 1 : i64} : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %c : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<i64> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected values that do not depend on the sequence's length, but got one that does}}
  %n = mixbit.dim_value {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  return %n : tensor<i64>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x?xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %t = mixbit.transpose %o {permutation = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  // expected-error @+1 {{expected a value with one dimension of positions, but got two}}
  %s = mixbit.matmul %o, %t : (tensor<?x?x4xf32>, tensor<?x4x?xf32>) -> tensor<?x?x?xf32>
  return %s : tensor<?x?x?xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x4x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %t = mixbit.transpose %o {permutation = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  // expected-error @+1 {{expected a product within a position, but got one over positions}}
  %s = mixbit.matmul %t, %o : (tensor<?x4x?xf32>, tensor<?x?x4xf32>) -> tensor<?x4x4xf32>
  return %s : tensor<?x4x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x4x?xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %t = mixbit.transpose %o {permutation = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  %g = arith.constant dense<1.0> : tensor<1xf32>
  // expected-error @+1 {{expected work within a position, but got some over positions}}
  %s = mixbit.layer_norm %t, %g, %g {epsilon = 1.0e-5 : f32} : (tensor<?x4x?xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x4x?xf32>
  return %s : tensor<?x4x?xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %i = arith.constant dense<1> : tensor<i64>
  // expected-error @+1 {{expected the first position to be gathered, but got others}}
  %s = mixbit.gather %o, %i {axis = 1 : i64} : (tensor<?x?x4xf32>, tensor<i64>) -> tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  // expected-error @+1 {{expected attention whose hidden keys are those of 'the mask', but got other keys}}
  %s = mixbit.attention %o, %o, %o {heads = 2 : i64, scale = 0.5 : f32} : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %s : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %c = arith.constant dense<1.0> : tensor<1x1x4xf32>
  // expected-error @+1 {{expected an extent that is a multiple of the sequence's length, but got another function of it}}
  %s = mixbit.slice %o {starts = affine_map<()[s0, s1] -> (0, 1, 0)>,
      sizes = affine_map<()[s0, s1] -> (s0, s1 - 1, 4)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %s : tensor<?x?x4xf32>
}

// -----

// expected-error @+1 {{expected inputs of the sequence's length, but got one of a multiple of it}}
func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>},
                   %y: tensor<?xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s1 * 2)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

func.func @encoder(%x: tensor<?x?x4xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 4)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> tensor<?x?x4xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %table = arith.constant dense<1.0> : tensor<8x4xf32>
  %o = mixbit.attention %x, %x, %x mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %y = mixbit.reshape %table {shape = affine_map<()[s0, s1] -> (8, 4)>} : (tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-error @+1 {{expected operands of the sequence's length, but got one of a fixed length}}
  %s = mixbit.binary %o, %y {kind = #mixbit.binary_kind<add>} : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return %s : tensor<?x?x4xf32>
}
