// RUN: mixbit-opt %s -split-input-file -trim-padding | FileCheck %s

// Attention under a mask, the first token, sums of what the mask keeps, tables
// cut to the sequence, flattened tokens: all the same whatever follows.
// CHECK-LABEL: func.func @encoder
// CHECK-SAME: mixbit.trim = array<i64: 1, 1>
func.func @encoder(%ids: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>},
                   %mask: tensor<?x?xi64> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>})
    -> (tensor<?x?x4xf32>, tensor<?x1x4xf32>, tensor<?x4xf32>) attributes {mixbit.symbols = ["batch", "sequence"]} {
  %table = arith.constant dense<1.0> : tensor<8x4xf32>
  %x = mixbit.embedding %table, %ids : (tensor<8x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = mixbit.slice %table {starts = affine_map<()[s0, s1] -> (0, 0)>,
      sizes = affine_map<()[s0, s1] -> (s1, 4)>, steps = array<i64: 1, 1>} : (tensor<8x4xf32>) -> tensor<?x4xf32>
  %y = mixbit.binary %x, %positions {kind = #mixbit.binary_kind<add>}
      : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> tensor<?x?x4xf32>
  %o = mixbit.attention %y, %y, %y mask %mask {heads = 2 : i64, scale = 0.5 : f32, mask_kind = #mixbit.mask_kind<keep>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %flat = mixbit.reshape %o {shape = affine_map<()[s0, s1] -> (s0 * s1, 4)>} : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  %back = mixbit.reshape %flat {shape = affine_map<()[s0, s1] -> (s0, s1, 4)>} : (tensor<?x4xf32>) -> tensor<?x?x4xf32>
  %first = mixbit.slice %back {starts = affine_map<()[s0, s1] -> (0, 0, 0)>,
      sizes = affine_map<()[s0, s1] -> (s0, 1, 4)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x4xf32>) -> tensor<?x1x4xf32>
  %kept = mixbit.cast %mask : (tensor<?x?xi64>) -> tensor<?x?xf32>
  %column = mixbit.reshape %kept {shape = affine_map<()[s0, s1] -> (s0, s1, 1)>} : (tensor<?x?xf32>) -> tensor<?x?x1xf32>
  %weighed = mixbit.binary %back, %column {kind = #mixbit.binary_kind<mul>}
      : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %sum = mixbit.reduce %weighed {kind = #mixbit.reduce_kind<add>, axes = array<i64: 1>}
      : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  return %back, %first, %sum : tensor<?x?x4xf32>, tensor<?x1x4xf32>, tensor<?x4xf32>
}
