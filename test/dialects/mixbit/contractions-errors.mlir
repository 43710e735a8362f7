// RUN: mixbit-opt --split-input-file --verify-diagnostics %s
!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @weight_rank(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{expected a weight of rank 2, but got 'tensor<4xf32>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @weight_element(%x: tensor<2x4xf32>, %w: tensor<3x4xi8>) {
  // expected-error @below {{expected a weight of floats or a quantized type, but got 'tensor<3x4xi8>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xi8>) -> tensor<2x3xf32>
  return
}

// -----

func.func @weight_dynamic(%x: tensor<2x4xf32>, %w: tensor<?x4xf32>) {
  // expected-error @below {{expected a weight of static shape, but got 'tensor<?x4xf32>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<?x4xf32>) -> tensor<2x?xf32>
  return
}

// -----

func.func @x_rank(%x: tensor<f32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected x of rank 1 or more, but got 'tensor<f32>'}}
  %0 = mixbit.linear %x, %w : (tensor<f32>, tensor<3x4xf32>) -> tensor<f32>
  return
}

// -----

func.func @x_element(%x: tensor<2x4xi8>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected x of floats, but got 'tensor<2x4xi8>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xi8>, tensor<3x4xf32>) -> tensor<2x3xi8>
  return
}

// -----

func.func @linear_result(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected a result of 'f32', but got 'tensor<2x3xf16>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf16>
  return
}

// -----

func.func @activations(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected a quantized weight with quantized activations, but got 'tensor<3x4xf32>'}}
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @weight_precision(%x: tensor<2x4xf32>, %w: tensor<3x4xf64>) {
  // expected-error @below {{expected a weight of 'f32', but got 'tensor<3x4xf64>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @inner(%x: tensor<2x5xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected x with 4 in dimension 1, but got 'tensor<2x5xf32>'}}
  %0 = mixbit.linear %x, %w : (tensor<2x5xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bias(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{expected a bias with 3 in dimension 0, but got 'tensor<4xf32>'}}
  %0 = mixbit.linear %x, %w, %b : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bias_rank(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %b: tensor<1x3xf32>) {
  // expected-error @below {{expected a bias of rank 1, but got 'tensor<1x3xf32>'}}
  %0 = mixbit.linear %x, %w, %b : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bias_element(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %b: tensor<3xf16>) {
  // expected-error @below {{expected a bias of 'f32', but got 'tensor<3xf16>'}}
  %0 = mixbit.linear %x, %w, %b : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<3xf16>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_shape(%x: tensor<?x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected a result of 'tensor<?x3xf32>', but got 'tensor<?x4xf32>'}}
  %0 = mixbit.linear %x, %w : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @bits(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected 1 to 8 bits, but got 9}}
  %0, %1 = mixbit.quantize_rows %x {bits = 9 : i64} : (tensor<2x4xf32>) -> (tensor<2x4xi8>, tensor<2xf32>)
  return
}

// -----

func.func @rows_rank(%x: tensor<f32>) {
  // expected-error @below {{expected x of rank 1 or more, but got 'tensor<f32>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<f32>) -> (tensor<i8>, tensor<f32>)
  return
}

// -----

func.func @rows_element(%x: tensor<2x4xf16>) {
  // expected-error @below {{expected x of 'f32', but got 'tensor<2x4xf16>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf16>) -> (tensor<2x4xi8>, tensor<2xf32>)
  return
}

// -----

func.func @rows_codes(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected codes of 'i8', but got 'tensor<2x4xi32>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf32>) -> (tensor<2x4xi32>, tensor<2xf32>)
  return
}

// -----

func.func @rows_scales(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected scales of rank 1, but got 'tensor<2x1xf32>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf32>) -> (tensor<2x4xi8>, tensor<2x1xf32>)
  return
}

// -----

func.func @rows_scale_extent(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected scales with 2 in dimension 0, but got 'tensor<3xf32>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf32>) -> (tensor<2x4xi8>, tensor<3xf32>)
  return
}

// -----

func.func @rows_scale_element(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected scales of 'f32', but got 'tensor<2xf16>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf32>) -> (tensor<2x4xi8>, tensor<2xf16>)
  return
}

// -----

func.func @rows_shape(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected a result of 'tensor<2x4xi8>', but got 'tensor<2x5xi8>'}}
  %0, %1 = mixbit.quantize_rows %x {bits = 8 : i64} : (tensor<2x4xf32>) -> (tensor<2x5xi8>, tensor<2xf32>)
  return
}

// -----

func.func @quantized_linear(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{expected a weight of a quantized type or of such segments of outputs, but got 'tensor<3x4xf32>'}}
  %0 = mixbit.quantized_linear %c, %s, %w : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_bits(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!q>) {
  // expected-error @below {{expected codes of 1 to 8 bits, but got 0}}
  %0 = mixbit.quantized_linear %c, %s, %w {bits = 0 : i64} : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4x!q>) -> tensor<2x3xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_inner(%c: tensor<2x5xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!q>) {
  // expected-error @below {{expected codes with 4 in dimension 1, but got 'tensor<2x5xi8>'}}
  %0 = mixbit.quantized_linear %c, %s, %w : (tensor<2x5xi8>, tensor<2xf32>, tensor<3x4x!q>) -> tensor<2x3xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_result(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!q>) {
  // expected-error @below {{expected a result of 'f32', but got 'tensor<2x3xi32>'}}
  %0 = mixbit.quantized_linear %c, %s, %w : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4x!q>) -> tensor<2x3xi32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_bias(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!q>, %b: tensor<2xf32>) {
  // expected-error @below {{expected a bias with 3 in dimension 0, but got 'tensor<2xf32>'}}
  %0 = mixbit.quantized_linear %c, %s, %w, %b : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4x!q>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @matmul_rank(%a: tensor<4xf32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{expected a left operand of rank 2 or more, but got 'tensor<4xf32>'}}
  %0 = mixbit.matmul %a, %b : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_right_rank(%a: tensor<4x4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{expected a right operand of rank 2 or more, but got 'tensor<4xf32>'}}
  %0 = mixbit.matmul %a, %b : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_element(%a: tensor<4x4xi32>, %b: tensor<4x4xi32>) {
  // expected-error @below {{expected a left operand of floats, but got 'tensor<4x4xi32>'}}
  %0 = mixbit.matmul %a, %b : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi32>
  return
}

// -----

func.func @matmul_inner(%a: tensor<4x5xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{expected a right operand with 5 in dimension 0, but got 'tensor<4x5xf32>'}}
  %0 = mixbit.matmul %a, %b : (tensor<4x5xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @matmul_transposed(%a: tensor<4x5xf32>, %b: tensor<5x4xf32>) {
  // expected-error @below {{expected a right operand with 5 in dimension 1, but got 'tensor<5x4xf32>'}}
  %0 = mixbit.matmul %a, %b {transpose_rhs} : (tensor<4x5xf32>, tensor<5x4xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @matmul_batch(%a: tensor<2x4x5xf32>, %b: tensor<3x5x4xf32>) {
  // expected-error @below {{expected shapes that broadcast, but got 2 and 3 in dimension 0}}
  %0 = mixbit.matmul %a, %b : (tensor<2x4x5xf32>, tensor<3x5x4xf32>) -> tensor<2x4x4xf32>
  return
}

// -----

func.func @ids(%t: tensor<9x4xf32>, %i: tensor<2xf32>) {
  // expected-error @below {{expected ids of integers, but got 'tensor<2xf32>'}}
  %0 = mixbit.embedding %t, %i : (tensor<9x4xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @table(%t: tensor<9x4x1xf32>, %i: tensor<2xi64>) {
  // expected-error @below {{expected a table of rank 2, but got 'tensor<9x4x1xf32>'}}
  %0 = mixbit.embedding %t, %i : (tensor<9x4x1xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @embedding_element(%t: tensor<9x4xf32>, %i: tensor<2xi64>) {
  // expected-error @below {{expected a result of 'f32', but got 'tensor<2x4xf16>'}}
  %0 = mixbit.embedding %t, %i : (tensor<9x4xf32>, tensor<2xi64>) -> tensor<2x4xf16>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @embedding_quantized(%t: tensor<9x4x!q>, %i: tensor<2xi64>) {
  // expected-error @below {{expected a result of floats, but got 'tensor<2x4x!mixbit.int<8, group = [1, 0], scale = f32>>'}}
  %0 = mixbit.embedding %t, %i : (tensor<9x4x!q>, tensor<2xi64>) -> tensor<2x4x!q>
  return
}

// -----

func.func @embedding_shape(%t: tensor<9x4xf32>, %i: tensor<2xi64>) {
  // expected-error @below {{expected a result of 'tensor<2x4xf32>', but got 'tensor<2x9xf32>'}}
  %0 = mixbit.embedding %t, %i : (tensor<9x4xf32>, tensor<2xi64>) -> tensor<2x9xf32>
  return
}

// -----

func.func @heads(%q: tensor<1x2x8xf32>) {
  // expected-error @below {{expected 1 head or more, but got 0}}
  %0 = mixbit.attention %q, %q, %q {heads = 0 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @head_columns(%q: tensor<1x2x8xf32>) {
  // expected-error @below {{expected q of a multiple of 3 columns, but got 'tensor<1x2x8xf32>'}}
  %0 = mixbit.attention %q, %q, %q {heads = 3 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @attention_rank(%q: tensor<2x8xf32>) {
  // expected-error @below {{expected q of rank 3, but got 'tensor<2x8xf32>'}}
  %0 = mixbit.attention %q, %q, %q {heads = 2 : i64, scale = 1.0 : f32} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @attention_element(%q: tensor<1x2x8xi32>) {
  // expected-error @below {{expected q of floats, but got 'tensor<1x2x8xi32>'}}
  %0 = mixbit.attention %q, %q, %q {heads = 2 : i64, scale = 1.0 : f32} : (tensor<1x2x8xi32>, tensor<1x2x8xi32>, tensor<1x2x8xi32>) -> tensor<1x2x8xi32>
  return
}

// -----

func.func @attention_mixed(%q: tensor<1x2x8xf32>, %v: tensor<1x2x8xf16>) {
  // expected-error @below {{expected v of 'f32', but got 'tensor<1x2x8xf16>'}}
  %0 = mixbit.attention %q, %q, %v {heads = 2 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf16>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @attention_keys(%q: tensor<1x2x8xf32>, %k: tensor<1x2x16xf32>) {
  // expected-error @below {{expected k with 8 in dimension 2, but got 'tensor<1x2x16xf32>'}}
  %0 = mixbit.attention %q, %k, %q {heads = 2 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x16xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @attention_values(%q: tensor<1x2x8xf32>, %v: tensor<1x3x8xf32>) {
  // expected-error @below {{expected v with 2 in dimension 1, but got 'tensor<1x3x8xf32>'}}
  %0 = mixbit.attention %q, %q, %v {heads = 2 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x3x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @attention_scale(%q: tensor<1x2x8xf32>) {
  // expected-error @below {{expected a finite scale, but got 0x7F800000 : f32}}
  %0 = mixbit.attention %q, %q, %q {heads = 2 : i64, scale = 0x7F800000 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @mask_alone(%q: tensor<1x2x8xf32>, %m: tensor<1x2xi64>) {
  // expected-error @below {{expected a mask and its kind together, but got only the mask}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2xi64>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @mask_kind_alone(%q: tensor<1x2x8xf32>) {
  // expected-error @below {{expected a mask and its kind together, but got only the kind}}
  %0 = mixbit.attention %q, %q, %q {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @keep_rank(%q: tensor<1x2x8xf32>, %m: tensor<1x1x1x2xi64>) {
  // expected-error @below {{expected a mask of rank 2, but got 'tensor<1x1x1x2xi64>'}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x1x1x2xi64>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @keep_element(%q: tensor<1x2x8xf32>, %m: tensor<1x2xf32>) {
  // expected-error @below {{expected a mask of integers, but got 'tensor<1x2xf32>'}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @keep_extent(%q: tensor<1x2x8xf32>, %m: tensor<1x3xi64>) {
  // expected-error @below {{expected a mask with 2 in dimension 1, but got 'tensor<1x3xi64>'}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x3xi64>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @additive_element(%q: tensor<1x2x8xf32>, %m: tensor<1x1x1x2xi64>) {
  // expected-error @below {{expected a mask of floats, but got 'tensor<1x1x1x2xi64>'}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x1x1x2xi64>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @additive_extent(%q: tensor<1x2x8xf32>, %m: tensor<1x3x1x2xf32>) {
  // expected-error @below {{expected a mask with 2 in dimension 1, but got 'tensor<1x3x1x2xf32>'}}
  %0 = mixbit.attention %q, %q, %q mask %m {heads = 2 : i64, scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x3x1x2xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @conv_rank(%x: tensor<1x3xf32>, %w: tensor<8x3xf32>) {
  // expected-error @below {{expected x of rank 3 or more, but got 'tensor<1x3xf32>'}}
  %0 = mixbit.conv %x, %w {strides = array<i64>, pads = array<i64>, dilations = array<i64>, groups = 1 : i64} : (tensor<1x3xf32>, tensor<8x3xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @conv_weight_rank(%x: tensor<1x3x8xf32>, %w: tensor<8x3xf32>) {
  // expected-error @below {{expected a weight of rank 3, but got 'tensor<8x3xf32>'}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3xf32>) -> tensor<1x8x8xf32>
  return
}

// -----

func.func @conv_weight_dynamic(%x: tensor<1x3x8xf32>, %w: tensor<8x3x?xf32>) {
  // expected-error @below {{expected a weight of static shape, but got 'tensor<8x3x?xf32>'}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x?xf32>) -> tensor<1x8x8xf32>
  return
}

// -----

func.func @conv_strides(%x: tensor<1x3x8xf32>, %w: tensor<8x3x3xf32>) {
  // expected-error @below {{expected strides of 1 to 2^31 - 1, but got 0}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 0>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_pads(%x: tensor<1x3x8xf32>, %w: tensor<8x3x3xf32>) {
  // expected-error @below {{expected 2 pads, but got 1}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_dilations(%x: tensor<1x3x8xf32>, %w: tensor<8x3x3xf32>) {
  // expected-error @below {{expected dilations of 1 to 2^31 - 1, but got 4294967296}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 4294967296>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_window(%x: tensor<1x3x8xf32>, %w: tensor<8x3x0xf32>) {
  // expected-error @below {{expected window extents of 1 to 2^31 - 1, but got 0}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x0xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x3x8xf32>, %w: tensor<8x1x3xf32>) {
  // expected-error @below {{expected groups that divide 8 outputs, but got 3}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<1x3x8xf32>, tensor<8x1x3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x3x8xf32>, %w: tensor<8x2x3xf32>) {
  // expected-error @below {{expected x with 2 in dimension 1, but got 'tensor<1x3x8xf32>'}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x2x3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x3x8xf32>, %w: tensor<8x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error @below {{expected a bias with 8 in dimension 0, but got 'tensor<3xf32>'}}
  %0 = mixbit.conv %x, %w, %b {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x3xf32>, tensor<3xf32>) -> tensor<1x8x6xf32>
  return
}

// -----

func.func @conv_shape(%x: tensor<1x3x8xf32>, %w: tensor<8x3x3xf32>) {
  // expected-error @below {{expected a result of 'tensor<1x8x6xf32>', but got 'tensor<1x8x8xf32>'}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x8xf32>, tensor<8x3x3xf32>) -> tensor<1x8x8xf32>
  return
}

// -----

func.func @conv_too_small(%x: tensor<1x3x1xf32>, %w: tensor<8x3x3xf32>) {
  // expected-error @below {{expected extents of 0 or more, but got -1 in dimension 2 of the result}}
  %0 = mixbit.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3x1xf32>, tensor<8x3x3xf32>) -> tensor<1x8x?xf32>
  return
}

// -----

func.func @pool_kind(%x: tensor<1x3x8xf32>) {
  // expected-error @below {{expected max or mean, but got add}}
  %0 = mixbit.pool %x {kind = #mixbit.reduce_kind<add>, window = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<3x8xf32>) {
  // expected-error @below {{expected x of rank 3 or more, but got 'tensor<3x8xf32>'}}
  %0 = mixbit.pool %x {kind = #mixbit.reduce_kind<max>, window = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<3x8xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @pool_window(%x: tensor<1x3x8xf32>) {
  // expected-error @below {{expected 1 window extents, but got 2}}
  %0 = mixbit.pool %x {kind = #mixbit.reduce_kind<max>, window = array<i64: 2, 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @pool_pads(%x: tensor<1x3x8xf32>) {
  // expected-error @below {{expected pads below the window's span of 2, but got 2}}
  %0 = mixbit.pool %x {kind = #mixbit.reduce_kind<max>, window = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 2>, dilations = array<i64: 1>} : (tensor<1x3x8xf32>) -> tensor<1x3x5xf32>
  return
}

// -----

func.func @pool_shape(%x: tensor<1x3x8xf32>) {
  // expected-error @below {{expected a result of 'tensor<1x3x4xf32>', but got 'tensor<1x3x5xf32>'}}
  %0 = mixbit.pool %x {kind = #mixbit.reduce_kind<max>, window = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x3x8xf32>) -> tensor<1x3x5xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_segments(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!mixbit.mixed<axis = 0, segments = [1 : !q, 2 : f16]>>) {
  // expected-error @below {{expected a weight of a quantized type or of such segments of outputs, but got}}
  %0 = mixbit.quantized_linear %c, %s, %w {bits = 8 : i64} : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4x!mixbit.mixed<axis = 0, segments = [1 : !q, 2 : f16]>>) -> tensor<2x3xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @full_range(%c: tensor<2x4xi8>, %s: tensor<f32>, %w: tensor<3x4x!q>) {
  %0 = mixbit.quantized_linear %c, %s, %w {full_range} : (tensor<2x4xi8>, tensor<f32>, tensor<3x4x!q>) -> tensor<2x3xf32>
  // expected-error @below {{expected codes of 8 bits with a full range, but got 2}}
  %1 = mixbit.quantized_linear %c, %s, %w {bits = 2 : i64, full_range} : (tensor<2x4xi8>, tensor<f32>, tensor<3x4x!q>) -> tensor<2x3xf32>
  return
}

// -----

!q = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @quantized_inputs(%c: tensor<2x4xi8>, %s: tensor<2xf32>, %w: tensor<3x4x!mixbit.mixed<axis = 1, segments = [1 : !q, 3 : !q]>>) {
  // expected-error @below {{expected a weight of a quantized type or of such segments of outputs, but got}}
  %0 = mixbit.quantized_linear %c, %s, %w {bits = 8 : i64} : (tensor<2x4xi8>, tensor<2xf32>, tensor<3x4x!mixbit.mixed<axis = 1, segments = [1 : !q, 3 : !q]>>) -> tensor<2x3xf32>
  return
}

// -----

func.func @quantize_scalars(%x: tensor<2x4xf32>, %s: tensor<f32>) {
  // expected-error @below {{expected 2 scalars for the kind divide, but got 1}}
  %0 = mixbit.quantize %x, %s {kind = #mixbit.code_kind<divide>, low = -127 : i64, high = 127 : i64} : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_sign_scalars(%x: tensor<2x4xf32>, %s: tensor<f32>) {
  // expected-error @below {{expected 0 scalars for the kind sign, but got 2}}
  %0 = mixbit.quantize %x, %s, %s {kind = #mixbit.code_kind<sign>, low = -1 : i64, high = 1 : i64} : (tensor<2x4xf32>, tensor<f32>, tensor<f32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_range(%x: tensor<2x4xf32>, %s: tensor<f32>) {
  // expected-error @below {{expected codes of a signed byte, the lowest first, but got -128 to 128}}
  %0 = mixbit.quantize %x, %s, %s {kind = #mixbit.code_kind<multiply>, low = -128 : i64, high = 128 : i64} : (tensor<2x4xf32>, tensor<f32>, tensor<f32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_order(%x: tensor<2x4xf32>, %s: tensor<f32>) {
  // expected-error @below {{expected codes of a signed byte, the lowest first, but got 3 to 2}}
  %0 = mixbit.quantize %x, %s, %s {kind = #mixbit.code_kind<multiply>, low = 3 : i64, high = 2 : i64} : (tensor<2x4xf32>, tensor<f32>, tensor<f32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_sign(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected codes from -1 to 1 of a sign, but got 0 to 1}}
  %0 = mixbit.quantize %x {kind = #mixbit.code_kind<binary>, low = 0 : i64, high = 1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_x(%x: tensor<2x4xf16>) {
  // expected-error @below {{expected x of 'f32', but got 'tensor<2x4xf16>'}}
  %0 = mixbit.quantize %x {kind = #mixbit.code_kind<binary>, low = -1 : i64, high = 1 : i64} : (tensor<2x4xf16>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_codes(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected codes of 'i8', but got 'tensor<2x4xi32>'}}
  %0 = mixbit.quantize %x {kind = #mixbit.code_kind<binary>, low = -1 : i64, high = 1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @quantize_scalar_rank(%x: tensor<2x4xf32>, %s: tensor<f32>, %t: tensor<4xf32>) {
  // expected-error @below {{expected a scalar of rank 0, but got 'tensor<4xf32>'}}
  %0 = mixbit.quantize %x, %t, %s {kind = #mixbit.code_kind<divide>, low = -127 : i64, high = 127 : i64} : (tensor<2x4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<2x4xi8>
  return
}

// -----

func.func @quantize_scalar_type(%x: tensor<2x4xf32>, %s: tensor<f32>, %t: tensor<f16>) {
  // expected-error @below {{expected a scalar of 'f32', but got 'tensor<f16>'}}
  %0 = mixbit.quantize %x, %s, %t {kind = #mixbit.code_kind<divide>, low = -127 : i64, high = 127 : i64} : (tensor<2x4xf32>, tensor<f32>, tensor<f16>) -> tensor<2x4xi8>
  return
}
