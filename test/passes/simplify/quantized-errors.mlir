// What the inference of quantized operations refuses.
// RUN: mixbit-opt %s --pass-pipeline='builtin.module(func.func(lower-onnx))' -split-input-file -verify-diagnostics

func.func @codes(%x: tensor<4x3xf32>, %s: tensor<f32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 to have i2, ui2, i4, ui4, i8, ui8, i16 or i32 elements, but got 'f32'}}
  %y = onnx.DequantizeLinear %x, %s, %none : (tensor<4x3xf32>, tensor<f32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @scale(%x: tensor<4x3xi4>, %s: tensor<i32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 to have float elements, but got 'i32'}}
  %y = onnx.DequantizeLinear %x, %s, %none : (tensor<4x3xi4>, tensor<i32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @zero_type(%x: tensor<4x3xi4>, %s: tensor<f32>, %z: tensor<i8>) -> tensor<4x3xf32> {
  // expected-error @+1 {{expected input #2 to have the element type 'i4' of input #0, but got 'i8'}}
  %y = onnx.DequantizeLinear %x, %s, %z : (tensor<4x3xi4>, tensor<f32>, tensor<i8>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @zero_shape(%x: tensor<4x3xi4>, %s: tensor<3xf32>, %z: tensor<i4>) -> tensor<4x3xf32> {
  // expected-error @+1 {{expected a zero point of the scale's shape [3], but got []}}
  %y = onnx.DequantizeLinear %x, %s, %z : (tensor<4x3xi4>, tensor<3xf32>, tensor<i4>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @negative_block(%x: tensor<4x3xi4>, %s: tensor<f32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'block_size' of at least 0, but got -1}}
  %y = onnx.DequantizeLinear %x, %s, %none {block_size = -1 : i64} : (tensor<4x3xi4>, tensor<f32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @axis(%x: tensor<4x3xi4>, %s: tensor<3xf32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected an axis of a tensor of rank 2, but got 2}}
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 2 : i64} : (tensor<4x3xi4>, tensor<3xf32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @axis_extent(%x: tensor<4x3xi4>, %s: tensor<4xf32>) -> tensor<4x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the scale's extent to be 3, but got 4}}
  %y = onnx.DequantizeLinear %x, %s, %none : (tensor<4x3xi4>, tensor<4xf32>, none) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @blocks(%x: tensor<5x3xui4>, %s: tensor<2x3xf32>) -> tensor<5x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected dimension 0 of the scale to be 3, but got 2}}
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 2 : i64} : (tensor<5x3xui4>, tensor<2x3xf32>, none) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

func.func @block_rank(%x: tensor<5x3xui4>, %s: tensor<3xf32>) -> tensor<5x3xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 of rank 2, but got 1}}
  %y = onnx.DequantizeLinear %x, %s, %none {axis = 0 : i64, block_size = 2 : i64} : (tensor<5x3xui4>, tensor<3xf32>, none) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

func.func @quantized_type(%x: tensor<4xf32>, %s: tensor<f32>) -> tensor<4xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected codes of i2, ui2, i4, ui4, i8, ui8, i16 or i32, but got 'f32'}}
  %y = onnx.QuantizeLinear %x, %s, %none {output_dtype = f32} : (tensor<4xf32>, tensor<f32>, none) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @dynamic(%x: tensor<4xf16>) -> tensor<4xui8> {
  // expected-error @+1 {{expected input #0 to have f32 elements, but got 'f16'}}
  %y, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4xf16>) -> (tensor<4xui8>, tensor<f16>, tensor<ui8>)
  return %y : tensor<4xui8>
}

// -----

func.func @integer_type(%a: tensor<4x3xi32>, %b: tensor<3x2xi8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 to have i8 or ui8 elements, but got 'i32'}}
  %y = onnx.MatMulInteger %a, %b, %none, %none : (tensor<4x3xi32>, tensor<3x2xi8>, none, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_right(%a: tensor<4x3xui8>, %b: tensor<3x2xi4>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 to have i8 or ui8 elements, but got 'i4'}}
  %y = onnx.MatMulInteger %a, %b, %none, %none : (tensor<4x3xui8>, tensor<3x2xi4>, none, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_zero_type(%a: tensor<4x3xui8>, %b: tensor<3x2xi8>, %az: tensor<i8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #2 to have the element type 'ui8' of input #0, but got 'i8'}}
  %y = onnx.MatMulInteger %a, %b, %az, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<i8>, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_inner(%a: tensor<4x3xui8>, %b: tensor<4x2xi8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the right operand's inner dimension to be 3, but got 4}}
  %y = onnx.MatMulInteger %a, %b, %none, %none : (tensor<4x3xui8>, tensor<4x2xi8>, none, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_rows(%a: tensor<4x3xui8>, %b: tensor<3x2xi8>, %az: tensor<3xui8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected a zero point's extent to be 4, but got 3}}
  %y = onnx.MatMulInteger %a, %b, %az, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<3xui8>, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_columns(%a: tensor<4x3xui8>, %b: tensor<3x2xi8>, %bz: tensor<3xi8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected a zero point's extent to be 2, but got 3}}
  %y = onnx.MatMulInteger %a, %b, %none, %bz : (tensor<4x3xui8>, tensor<3x2xi8>, none, tensor<3xi8>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_zero_rank(%a: tensor<4x3xui8>, %b: tensor<3x2xi8>, %bz: tensor<1x2xi8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #3 of rank 1, but got 2}}
  %y = onnx.MatMulInteger %a, %b, %none, %bz : (tensor<4x3xui8>, tensor<3x2xi8>, none, tensor<1x2xi8>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @integer_vector(%a: tensor<3xui8>, %b: tensor<3x2xi8>, %az: tensor<3xui8>) -> tensor<2xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected a scalar zero point for a vector, but got [3]}}
  %y = onnx.MatMulInteger %a, %b, %az, %none : (tensor<3xui8>, tensor<3x2xi8>, tensor<3xui8>, none) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @qlinear_type(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi4>, %bs: tensor<2xf32>, %bz: tensor<2xi4>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected input #3 to have i8 or ui8 elements, but got 'i4'}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi4>, tensor<2xf32>, tensor<2xi4>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_result(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<i32>) -> tensor<4x2xi32> {
  // expected-error @+1 {{expected input #7 to have i8 or ui8 elements, but got 'i32'}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<i32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @qlinear_zero(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<i8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected input #2 to have the element type 'ui8' of input #0, but got 'i8'}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<i8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_right_zero(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xui8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected input #5 to have the element type 'i8' of input #3, but got 'ui8'}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_scale(%a: tensor<4x3xui8>, %as_: tensor<i32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected input #1 to have float elements, but got 'i32'}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<i32>, tensor<ui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_zero_shape(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<i8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected a zero point of the scale's shape [2], but got []}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<i8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_inner(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<2x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected the right operand's inner dimension to be 3, but got 2}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<2x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_rows(%a: tensor<4x3xui8>, %as_: tensor<3xf32>, %az: tensor<3xui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected the extent of input #1 to be 4, but got 3}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<3xf32>, tensor<3xui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_columns(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<4xf32>, %bz: tensor<4xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected the extent of input #4 to be 2, but got 4}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_result_rows(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<2xf32>, %yz: tensor<2xui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected the extent of input #6 to be 4, but got 2}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<2xf32>, tensor<2xui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_rank(%a: tensor<4x3xui8>, %as_: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x2xi8>, %bs: tensor<1x2xf32>, %bz: tensor<1x2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<4x2xui8> {
  // expected-error @+1 {{expected input #4 of rank 1, but got 2}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<4x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x2xi8>, tensor<1x2xf32>, tensor<1x2xi8>, tensor<f32>, tensor<ui8>) -> tensor<4x2xui8>
  return %y : tensor<4x2xui8>
}

// -----

func.func @qlinear_vector(%a: tensor<3xui8>, %as_: tensor<3xf32>, %az: tensor<3xui8>, %b: tensor<3x2xi8>, %bs: tensor<2xf32>, %bz: tensor<2xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected a scalar scale for a vector, but got [3]}}
  %y = onnx.QLinearMatMul %a, %as_, %az, %b, %bs, %bz, %ys, %yz : (tensor<3xui8>, tensor<3xf32>, tensor<3xui8>, tensor<3x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<2xui8>
  return %y : tensor<2xui8>
}

// -----

func.func @nbits_data(%x: tensor<4x64xi32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 to have float elements, but got 'i32'}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xi32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_codes(%x: tensor<4x64xf32>, %b: tensor<8x2x16xi8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 to have ui8 elements, but got 'i8'}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xi8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_scale_type(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf16>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #2 to have the element type 'f32' of input #0, but got 'f16'}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf16>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_bits(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'bits' to be 2, 4 or 8, but got 3}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64, bits = 3 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_block(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'block_size' to be a power of two of at least 16, but got 24}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 24 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_size(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attributes 'N' and 'K' of 1 to 2^31 - 1, but got 0 and 64}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 0 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_prepacked(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'weight_prepacked' to be 0, but got 1}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64, weight_prepacked = 1 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_inner(%x: tensor<4x32xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the last extent of A to be 64, but got 32}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x32xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_shape(%x: tensor<4x64xf32>, %b: tensor<8x32xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected B of shape [8, 2, 16], but got [8, 32]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x32xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_tail(%x: tensor<4x80xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected B of shape [8, 3, 16], but got [8, 2, 16]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 80 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x80xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_scales(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x1xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected scales of shape [8, 2], but got [8, 1]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x1xf32>, none, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_zeros(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected zero points of shape [8, 1], but got [8, 2]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, tensor<8x2xui8>, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_flat_zeros(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %z: tensor<4xui8>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected zero points of shape [8, 1], but got [4]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, tensor<4xui8>, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_float_zeros(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %z: tensor<8x1xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected zero points of shape [8, 2], but got [8, 1]}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, tensor<8x1xf32>, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_zero_type(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xi8>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #3 to have the element type 'f32' of input #0, but got 'i8'}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %z, %none, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, tensor<8x2xi8>, none, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_order(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %g: tensor<64xi32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected no input 'g_idx', which is deprecated}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %g, %none {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, tensor<64xi32>, none) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @nbits_bias(%x: tensor<4x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %bias: tensor<4xf32>) -> tensor<4x8xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the extent of input #5 to be 8, but got 4}}
  %y = onnx.com.microsoft.MatMulNBits %x, %b, %s, %none, %none, %bias {K = 64 : i64, N = 8 : i64, block_size = 32 : i64} : (tensor<4x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Of products of codes: what reads them before they have met their scales.
func.func @early(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x3xf32>) -> (tensor<4x3xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32> loc("product")
  %c = onnx.Cast %p {to = f32} : (tensor<4x2xi32>) -> tensor<4x2xf32>
  // expected-error @+1 {{expected the INT32 product of node 'product' to be cast to FLOAT and multiplied with the scale of each DynamicQuantizeLinear in front of it, but got it before that}}
  %y = onnx.Relu %c : (tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @returned(%x: tensor<4x3xf32>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x3xf32>) -> (tensor<4x3xui8>, tensor<f32>, tensor<ui8>)
  %y = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32> loc("product")
  // expected-error @+1 {{expected the INT32 product of node 'product' to be cast to FLOAT}}
  return %y : tensor<4x2xi32>
}

// -----

// Another scale than that of the data.
func.func @other_scale(%x: tensor<4x3xf32>, %s2: tensor<f32>) -> tensor<4x2xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x3xf32>) -> (tensor<4x3xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32> loc("product")
  %c = onnx.Cast %p {to = f32} : (tensor<4x2xi32>) -> tensor<4x2xf32>
  // expected-error @+1 {{expected the INT32 product of node 'product'}}
  %y = onnx.Mul %c, %s2 : (tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// The data's scale twice.
func.func @scale_twice(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x3xf32>) -> (tensor<4x3xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.MatMulInteger %q, %w, %z, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32> loc("product")
  %c = onnx.Cast %p {to = f32} : (tensor<4x2xi32>) -> tensor<4x2xf32>
  %s2 = onnx.Mul %s, %s : (tensor<f32>, tensor<f32>) -> tensor<f32>
  // expected-error @+1 {{expected the INT32 product of node 'product'}}
  %y = onnx.Mul %c, %s2 : (tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @other_zero(%x: tensor<4x3xf32>, %z2: tensor<ui8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<4x3xf32>) -> (tensor<4x3xui8>, tensor<f32>, tensor<ui8>) loc("quantize")
  // expected-error @+1 {{expected the zero point of A to be that of its DynamicQuantizeLinear, node 'quantize', but got another}}
  %y = onnx.MatMulInteger %q, %w, %z2, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @other_codes(%x: tensor<4x3xui8>) -> tensor<4x2xi32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<3x2xi8>} : () -> tensor<3x2xi8>
  // expected-error @+1 {{expected A to be an initializer, a look-up in one, or the codes of DynamicQuantizeLinear or QuantizeLinear, but got a 'tensor<4x3xui8>' of something else}}
  %y = onnx.MatMulInteger %x, %w, %none, %none : (tensor<4x3xui8>, tensor<3x2xi8>, none, none) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @conv_type(%x: tensor<1x4x5x5xf32>, %w: tensor<6x2x3x3xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 to have i8 or ui8 elements, but got 'f32'}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 2 : i64} : (tensor<1x4x5x5xf32>, tensor<6x2x3x3xi8>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_right(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi4>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 to have i8 or ui8 elements, but got 'i4'}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi4>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_zero_type(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>, %xz: tensor<i8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #2 to have the element type 'ui8' of input #0, but got 'i8'}}
  %y = onnx.ConvInteger %x, %w, %xz, %none {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, tensor<i8>, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_weight_zero_type(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>, %wz: tensor<ui8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #3 to have the element type 'i8' of input #1, but got 'ui8'}}
  %y = onnx.ConvInteger %x, %w, %none, %wz {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, none, tensor<ui8>) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_rank(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 of rank 4, but got 3}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3xi8>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_channels(%x: tensor<1x4x5x5xui8>, %w: tensor<6x3x3x3xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the number of channels to be 6, but got 4}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x3x3x3xi8>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_group(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'group' to divide the weight's 6 outputs, but got 4}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 4 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_kernel(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'kernel_shape' to be the weight's [3, 3]}}
  %y = onnx.ConvInteger %x, %w, %none, %none {group = 2 : i64, kernel_shape = array<i64: 3, 2>} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, none, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_zero(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>, %xz: tensor<4xui8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #2 to be a scalar, but got [4]}}
  %y = onnx.ConvInteger %x, %w, %xz, %none {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, tensor<4xui8>, none) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @conv_weight_zero(%x: tensor<1x4x5x5xui8>, %w: tensor<6x2x3x3xi8>, %wz: tensor<4xi8>) -> tensor<1x6x3x3xi32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected the extent of input #3 to be 6, but got 4}}
  %y = onnx.ConvInteger %x, %w, %none, %wz {group = 2 : i64} : (tensor<1x4x5x5xui8>, tensor<6x2x3x3xi8>, none, tensor<4xi8>) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}

// -----

func.func @qconv_type(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi4>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #3 to have i8 or ui8 elements, but got 'i4'}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi4>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_scale(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xi32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #4 to have float elements, but got 'i32'}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xi32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_zero(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<i8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #2 to have the element type 'ui8' of input #0, but got 'i8'}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<i8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_weight_zero(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xui8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #5 to have the element type 'i8' of input #3, but got 'ui8'}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xui8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_bias_type(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xf32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #8 to have i32 elements, but got 'f32'}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xf32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_rank(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #3 of rank 4, but got 3}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_data_scale(%x: tensor<1x4x5x5xui8>, %xs: tensor<4xf32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #1 to be a scalar, but got [4]}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<4xf32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_result_zero(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<6xui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected input #7 to be a scalar, but got [6]}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<6xui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_outputs(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<4xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected the extent of input #4 to be 6, but got 4}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<4xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_zero_shape(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<i8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<6xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected a zero point of the scale's shape [6], but got []}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<i8>, tensor<f32>, tensor<ui8>, tensor<6xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @qconv_bias(%x: tensor<1x4x5x5xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<6x4x3x3xi8>, %ws: tensor<6xf32>, %wz: tensor<6xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %b: tensor<5xi32>) -> tensor<1x6x3x3xui8> {
  // expected-error @+1 {{expected the bias' extent to be 6, but got 5}}
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %b : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>, tensor<6x4x3x3xi8>, tensor<6xf32>, tensor<6xi8>, tensor<f32>, tensor<ui8>, tensor<5xi32>) -> tensor<1x6x3x3xui8>
  return %y : tensor<1x6x3x3xui8>
}

// -----

func.func @conv_early(%x: tensor<1x4x5x5xf32>) -> tensor<1x6x3x3xf32> {
  %none = onnx.none : none
  %w = onnx.constant {value = dense<1> : tensor<6x4x3x3xi8>} : () -> tensor<6x4x3x3xi8>
  %b = onnx.constant {value = dense<1> : tensor<1x6x1x1xi32>} : () -> tensor<1x6x1x1xi32>
  %q, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<1x4x5x5xf32>) -> (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>)
  %p = onnx.ConvInteger %q, %w, %z, %none : (tensor<1x4x5x5xui8>, tensor<6x4x3x3xi8>, tensor<ui8>, none) -> tensor<1x6x3x3xi32> loc("conv")
  // expected-error @+1 {{expected the INT32 product of node 'conv' to be cast to FLOAT}}
  %a = onnx.Add %p, %b : (tensor<1x6x3x3xi32>, tensor<1x6x1x1xi32>) -> tensor<1x6x3x3xi32>
  %y = onnx.Cast %a {to = f32} : (tensor<1x6x3x3xi32>) -> tensor<1x6x3x3xf32>
  return %y : tensor<1x6x3x3xf32>
}

// -----

func.func @table_type(%t: tensor<99x80xi8>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 to have i4, ui4 or ui8 elements, but got 'i8'}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x80xi8>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_indices(%t: tensor<99x80xi4>, %i: tensor<3xf32>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #1 to have i32 or i64 elements, but got 'f32'}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x80xi4>, tensor<3xf32>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_scale(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xi32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #2 to have float elements, but got 'i32'}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xi32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_zero(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>, %z: tensor<99x3xui8>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #3 to have the element type 'i4' of input #0, but got 'ui8'}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %z {block_size = 32 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xf32>, tensor<99x3xui8>) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_rank(%t: tensor<99x8x10xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected input #0 of rank 2, but got 3}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x8x10xi4>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_block(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'block_size' to be a power of two of at least 16, but got 48}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 48 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_bits(%t: tensor<99x40xui8>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'bits' to be 2, 4 or 8, but got 5}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64, bits = 5 : i64} : (tensor<99x40xui8>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_axis(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'gather_axis' to be 0, but got 1}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64, gather_axis = 1 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_blocks_axis(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected attribute 'quantize_axis' to be 1, but got 0}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64, quantize_axis = 0 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_dynamic(%t: tensor<?x80xi4> {mixbit.dims = affine_map<()[s0] -> (s0, 80)>}, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> attributes {mixbit.symbols = ["n"]} {
  %none = onnx.none : none
  // expected-error @+1 {{expected a table of constant shape, but got [n, 80]}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<?x80xi4>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_scales(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x2xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected scales of shape [99, 3], but got [99, 2]}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x2xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_zeros(%t: tensor<99x40xui8>, %i: tensor<3xi64>, %s: tensor<99x3xf32>, %z: tensor<99x3xui8>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected zero points of shape [99, 2], but got [99, 3]}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %z {block_size = 32 : i64} : (tensor<99x40xui8>, tensor<3xi64>, tensor<99x3xf32>, tensor<99x3xui8>) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_int4_zeros(%t: tensor<99x80xi4>, %i: tensor<3xi64>, %s: tensor<99x3xf32>, %z: tensor<99x2xi4>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{expected zero points of shape [99, 3], but got [99, 2]}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %z {block_size = 32 : i64} : (tensor<99x80xi4>, tensor<3xi64>, tensor<99x3xf32>, tensor<99x2xi4>) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}

// -----

func.func @table_computed(%t: tensor<99x40xui8>, %i: tensor<3xi64>, %s: tensor<99x3xf32>) -> tensor<3x80xf32> {
  %none = onnx.none : none
  // expected-error @+1 {{a table of few bits other than an initializer, not supported}}
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x40xui8>, tensor<3xi64>, tensor<99x3xf32>, none) -> tensor<3x80xf32>
  return %y : tensor<3x80xf32>
}
