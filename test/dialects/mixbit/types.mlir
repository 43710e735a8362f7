// Types and attributes print as they were written.
// RUN: mixbit-opt --allow-unregistered-dialect %s | mixbit-opt --allow-unregistered-dialect | FileCheck %s

"test.types"() {
  // CHECK-DAG: int1 = !mixbit.int<1, group = [0, 0], scale = bf16>
  int1 = !mixbit.int<1, group = [0, 0], scale = bf16>,
  // CHECK-DAG: int4 = !mixbit.int<4, group = [1, 128], scale = f16, zero = i8>
  int4 = !mixbit.int<4, group = [1, 128], scale = f16, zero = i8>,
  // CHECK-DAG: int3 = !mixbit.int<3, group = [6, 0], scale = f32, zero = f16>
  int3 = !mixbit.int<3, group = [6, 0], scale = f32, zero = f16>,
  // CHECK-DAG: ternary = !mixbit.ternary<group = [1, 64], scale = f16>
  ternary = !mixbit.ternary<group = [1, 64], scale = f16>,
  // CHECK-DAG: binary = !mixbit.binary<group = [2, 4], scale = f32>
  binary = !mixbit.binary<group = [2, 4], scale = f32>,
  // CHECK-DAG: mixed = !mixbit.mixed<axis = 1, segments = [64 : !mixbit.int<8, group = [1, 0], scale = f32>, 8 : f16]>
  mixed = !mixbit.mixed<axis = 1, segments = [64 : !mixbit.int<8, group = [1, 0], scale = f32>, 8 : f16]>,
  // CHECK-DAG: memref = memref<4x!mixbit.binary<group = [2, 4], scale = f32>>
  memref = memref<4x!mixbit.binary<group = [2, 4], scale = f32>>,
  // CHECK-DAG: tensor = tensor<?x!mixbit.ternary<group = [1, 64], scale = f16>>
  tensor = tensor<?x!mixbit.ternary<group = [1, 64], scale = f16>>
} : () -> ()

"test.attributes"() {
  // CHECK-DAG: activations = #mixbit.activations<8, per_token, dynamic>
  activations = #mixbit.activations<8, per_token, dynamic>,
  // CHECK-DAG: static_activations = #mixbit.activations<4, per_tensor, static>
  static_activations = #mixbit.activations<4, per_tensor, static>,
  // CHECK-DAG: known_activations = #mixbit.activations<8, per_tensor, static, <divide, step = 2.500000e-01 : f32, scale = 5.000000e-01 : f32, low = -3, high = 252>>
  known_activations = #mixbit.activations<8, per_tensor, static, <divide, step = 0.25 : f32, scale = 0.5 : f32, low = -3, high = 252>>,
  // CHECK-DAG: codes = #mixbit.static_codes<sign, step = 1.000000e+00 : f32, scale = 5.000000e-01 : f32, low = -1, high = 1>
  codes = #mixbit.static_codes<sign, step = 1.0 : f32, scale = 0.5 : f32, low = -1, high = 1>,
  // CHECK-DAG: format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f32>, "keep">
  format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f32>, "keep">,
  // CHECK-DAG: float_format = #mixbit.format<f32, "allocated">
  float_format = #mixbit.format<f32, "allocated">,
  // CHECK-DAG: sensitivity = #mixbit.sensitivity<"omega", [5.000000e-01, 1.250000e+00]>
  sensitivity = #mixbit.sensitivity<"omega", [0.5, 1.25]>,
  // CHECK-DAG: layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 4>
  layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 4>,
  // CHECK-DAG: target = #mixbit.target<"avx512vnni">
  target = #mixbit.target<"avx512vnni">,
  // CHECK-DAG: unary = #mixbit.unary_kind<gelu_erf>
  unary = #mixbit.unary_kind<gelu_erf>,
  // CHECK-DAG: binary = #mixbit.binary_kind<greater_equal>
  binary = #mixbit.binary_kind<greater_equal>,
  // CHECK-DAG: reduce = #mixbit.reduce_kind<mean>
  reduce = #mixbit.reduce_kind<mean>,
  // CHECK-DAG: mask = #mixbit.mask_kind<additive>
  mask = #mixbit.mask_kind<additive>
} : () -> ()
