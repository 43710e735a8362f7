// RUN: mixbit-opt %s -split-input-file -lower-plan='targets=x86-64-v3' -verify-diagnostics

// expected-error @+1 {{expected 'y' of f32, f16, bf16, i64, i32, i8, u8 or bool and at most 8 dimensions, but got 1 dimensions of 'i16'}}
mixbit.plan @main(%y: memref<3xi16>) symbols = [], names = ["y"], num_inputs = 0 : i64, shapes = [affine_map<() -> (3)>] {
}
