// RUN: mixbit-opt --verify-quantized --split-input-file --verify-diagnostics %s

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @good(%x: tensor<?x64xf32>, %w: tensor<2x64x!int8>, %f: tensor<2x64xf32>, %i: tensor<?xi64>) {
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  %1 = mixbit.linear %x, %f : (tensor<?x64xf32>, tensor<2x64xf32>) -> tensor<?x2xf32>
  %2 = mixbit.embedding %w, %i : (tensor<2x64x!int8>, tensor<?xi64>) -> tensor<?x64xf32>
  return
}

// -----

!odd = !mixbit.int<4, group = [1, 48], scale = f32>
func.func @group(%x: tensor<?x96xf32>, %w: tensor<2x96x!odd>) {
  // expected-error @below {{node 'linear': no kernel exists for int4 in groups of 1x48: groups along the inputs are served in multiples of 32}}
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x96xf32>, tensor<2x96x!odd>) -> tensor<?x2xf32>
  return
}

// -----

!zero = !mixbit.int<4, group = [1, 32], scale = f32, zero = f16>
func.func @zeros(%w: tensor<2x96x!zero>, %i: tensor<?xi64>) {
  // expected-error @below {{node 'embedding': no kernel exists for int4z in groups of 1x32: zero points are served as codes (i8) only}}
  %0 = mixbit.embedding %w, %i : (tensor<2x96x!zero>, tensor<?xi64>) -> tensor<?x96xf32>
  return
}

// -----

!mixed = !mixbit.mixed<axis = 0, segments = [2 : f32]>
func.func @mixed(%x: tensor<?x96xf32>, %w: tensor<2x96x!mixed>) {
  // expected-error @below {{node 'linear': no kernel exists for fp32: floats are served for whole weights only}}
  %0 = mixbit.linear %x, %w : (tensor<?x96xf32>, tensor<2x96x!mixed>) -> tensor<?x2xf32>
  return
}

// -----

!columns = !mixbit.mixed<axis = 1, segments = [96 : f32]>
func.func @columns(%x: tensor<?x96xf32>, %w: tensor<2x96x!columns>) {
  // expected-error @below {{node 'linear': no kernel exists for '!mixbit.mixed<axis = 1, segments = [96 : f32]>'}}
  %0 = mixbit.linear %x, %w : (tensor<?x96xf32>, tensor<2x96x!columns>) -> tensor<?x2xf32>
  return
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
!int4 = !mixbit.int<4, group = [1, 32], scale = f16>
!rows = !mixbit.mixed<axis = 0, segments = [1 : !int8, 1 : !int4]>
func.func @served(%x: tensor<?x96xf32>, %w: tensor<2x96x!rows>) {
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>} : (tensor<?x96xf32>, tensor<2x96x!rows>) -> tensor<?x2xf32>
  return
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
!int4 = !mixbit.int<4, group = [1, 32], scale = f16>
!rows = !mixbit.mixed<axis = 0, segments = [1 : !int8, 1 : !int4]>
func.func @table(%w: tensor<2x96x!rows>, %i: tensor<?xi64>) {
  // expected-error @below {{node 'embedding': no kernel exists for int8@1+int4@1: tables are served in one format}}
  %0 = mixbit.embedding %w, %i : (tensor<2x96x!rows>, tensor<?xi64>) -> tensor<?x96xf32>
  return
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @float_activations(%x: tensor<?x64xf32>, %w: tensor<2x64x!int8>) {
  // expected-error @below {{no kernel exists for int8 weights with fp32 activations}}
  %0 = mixbit.linear %x, %w : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  return
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @activation_bits(%x: tensor<?x64xf32>, %w: tensor<2x64x!int8>) {
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<1, per_token, dynamic>} : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  // expected-error @below {{no kernel exists for activations of #mixbit.activations<8, per_tensor, dynamic>}}
  %1 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_tensor, dynamic>} : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  // expected-error @below {{no kernel exists for activations of #mixbit.activations<2, per_token, static>}}
  %2 = mixbit.linear %x, %w {activations = #mixbit.activations<2, per_token, static>} : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  return
}

// -----

func.func @pending(%x: tensor<?x64xf32>, %w: tensor<2x64xf32>) {
  // expected-error @below {{expected formats that have been applied, but got #mixbit.format<f32, "keep">}}
  %0 = mixbit.linear %x, %w {format = #mixbit.format<f32, "keep">} : (tensor<?x64xf32>, tensor<2x64xf32>) -> tensor<?x2xf32>
  return
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @escapes(%w: tensor<2x64x!int8>) -> tensor<2x64x!int8> {
  // expected-error @below {{node 'return': expected quantized values as weights only, but got operand 0 of 'tensor<2x64x!mixbit.int<8, group = [1, 0], scale = f32>>'}}
  return %w : tensor<2x64x!int8>
}

// -----

!int8 = !mixbit.int<8, group = [1, 0], scale = f32>
func.func @static_activations(%x: tensor<?x64xf32>, %w: tensor<2x64x!int8>) {
  %0 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_tensor, static, <multiply, step = 4.0 : f32, scale = 0.25 : f32, low = -127, high = 127>>}
    : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  // expected-error @below {{node 'linear': expected calibration data for static activations, but got none}}
  %1 = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_tensor, static>} : (tensor<?x64xf32>, tensor<2x64x!int8>) -> tensor<?x2xf32>
  return
}
