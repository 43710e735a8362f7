// RUN: mixbit-opt --allow-unregistered-dialect --split-input-file --verify-diagnostics %s

// expected-error @below {{expected 1 to 8 bits, but got 9}}
func.func private @f() -> !mixbit.int<9, group = [1, 0], scale = f32>

// -----

// expected-error @below {{expected 1 to 8 bits, but got 0}}
func.func private @f() -> !mixbit.int<0, group = [1, 0], scale = f32>

// -----

// expected-error @below {{expected a group of rows x columns, but got 1 extents}}
func.func private @f() -> !mixbit.int<4, group = [1], scale = f32>

// -----

// expected-error @below {{expected group extents of 0 (all) or more, but got 1 x -4}}
func.func private @f() -> !mixbit.ternary<group = [1, -4], scale = f32>

// -----

// expected-error @below {{expected a scale of f16, bf16 or f32, but got 'i8'}}
func.func private @f() -> !mixbit.binary<group = [1, 0], scale = i8>

// -----

// expected-error @below {{expected a zero point of i8, f16, bf16 or f32, but got 'i4'}}
func.func private @f() -> !mixbit.int<4, group = [1, 0], scale = f32, zero = i4>

// -----

// expected-error @below {{expected axis 0 (rows) or 1 (columns), but got 2}}
func.func private @f() -> !mixbit.mixed<axis = 2, segments = [4 : f32]>

// -----

// expected-error @below {{expected one format a segment, but got 0 sizes and 0 formats}}
func.func private @f() -> !mixbit.mixed<axis = 0, segments = []>

// -----

// expected-error @below {{expected segments of 1 or more, but got 0}}
func.func private @f() -> !mixbit.mixed<axis = 0, segments = [0 : f32]>

// -----

// expected-error @below {{expected a quantized or float segment format, but got 'i8'}}
func.func private @f() -> !mixbit.mixed<axis = 0, segments = [4 : i8]>

// -----

// expected-error @below {{expected activations of 1 to 8 bits, but got 16}}
"test.attr"() {a = #mixbit.activations<16, per_token, dynamic>} : () -> ()

// -----

// expected-error @below {{expected activations of 4 bits, per tensor and static, with codes, but got 8 bits, per_tensor and static}}
"test.attr"() {a = #mixbit.activations<8, per_tensor, static, <divide, step = 1.0 : f32, scale = 1.0 : f32, low = -8, high = 7>>} : () -> ()

// -----

// expected-error @below {{expected activations of 4 bits, per tensor and static, with codes, but got 4 bits, per_token and static}}
"test.attr"() {a = #mixbit.activations<4, per_token, static, <divide, step = 1.0 : f32, scale = 1.0 : f32, low = -8, high = 7>>} : () -> ()

// -----

// expected-error @below {{expected activations of 4 bits, per tensor and static, with codes, but got 4 bits, per_tensor and dynamic}}
"test.attr"() {a = #mixbit.activations<4, per_tensor, dynamic, <divide, step = 1.0 : f32, scale = 1.0 : f32, low = -8, high = 7>>} : () -> ()

// -----

// expected-error @below {{expected a step of f32 above 0, but got 0.000000e+00 : f32}}
"test.attr"() {a = #mixbit.static_codes<divide, step = 0.0 : f32, scale = 1.0 : f32, low = -8, high = 7>} : () -> ()

// -----

// expected-error @below {{expected a scale of f32 above 0, but got 1.000000e+00 : f64}}
"test.attr"() {a = #mixbit.static_codes<divide, step = 1.0 : f32, scale = 1.0 : f64, low = -8, high = 7>} : () -> ()

// -----

// expected-error @below {{expected 2 to 256 codes, the lowest first, but got -128 to 128}}
"test.attr"() {a = #mixbit.static_codes<multiply, step = 1.0 : f32, scale = 1.0 : f32, low = -128, high = 128>} : () -> ()

// -----

// expected-error @below {{expected codes from -1 to 1 of a sign, but got 0 to 1}}
"test.attr"() {a = #mixbit.static_codes<sign, step = 1.0 : f32, scale = 1.0 : f32, low = 0, high = 1>} : () -> ()

// -----

// expected-error @below {{expected a quantized or float type, but got 'i8'}}
"test.attr"() {a = #mixbit.format<i8, "keep">} : () -> ()

// -----

// expected-error @below {{expected the reason default, keep, allocated or grid, but got 'mood'}}
"test.attr"() {a = #mixbit.format<f32, "mood">} : () -> ()

// -----

// expected-error @below {{expected the metric omega, trace, fisher, gram or loss, but got 'size'}}
"test.attr"() {a = #mixbit.sensitivity<"size", [1.0]>} : () -> ()

// -----

// expected-error @below {{expected one sensitivity or one a group of rows, but got none}}
"test.attr"() {a = #mixbit.sensitivity<"loss", []>} : () -> ()

// -----

// expected-error @below {{expected a sensitivity of 0 or more, but got -1.0}}
"test.attr"() {a = #mixbit.sensitivity<"loss", [-1.0]>} : () -> ()

// -----

// expected-error @below {{expected a panel of a multiple of 16 outputs, but got 24}}
"test.attr"() {a = #mixbit.layout<panel = 24, block = 64, inner = 4, bits = 8>} : () -> ()

// -----

// expected-error @below {{expected 1, 2, 4, 8 or 32 inner inputs, but got 3}}
"test.attr"() {a = #mixbit.layout<panel = 64, block = 64, inner = 3, bits = 8>} : () -> ()

// -----

// expected-error @below {{expected a block of a multiple of 4 inputs, but got 6}}
"test.attr"() {a = #mixbit.layout<panel = 64, block = 6, inner = 4, bits = 8>} : () -> ()

// -----

// expected-error @below {{expected 1 to 8, 16 or 32 bits, but got 9}}
"test.attr"() {a = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 9>} : () -> ()

// -----

// expected-error @below {{expected 2 bits for trits, but got 4}}
"test.attr"() {a = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 4, trits = true>} : () -> ()
