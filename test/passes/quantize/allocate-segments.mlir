// Formats for parts of a weight's rows.
// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=5bits metric=trace segments=2" | FileCheck %s
// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=5bits metric=trace segments=heads" | FileCheck %s --check-prefix=HEADS
// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=8.6bits metric=trace segments=4" | FileCheck %s --check-prefix=ONE
// RUN: %{python} %S/Inputs/random-weights.py %s | mixbit-opt --assign-formats="weights=auto keep=w=int8@64+int4" --allocate-formats="budget=5bits metric=trace" | FileCheck %s --check-prefix=KEEP
// RUN: %{python} %S/Inputs/random-weights.py %s | not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=5bits metric=trace segments=0" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: %{python} %S/Inputs/random-weights.py %s | not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=5bits metric=trace segments=rows" 2>&1 | FileCheck %s --check-prefix=WORD

// The half of a weight's rows that matters gets more bits.
// CHECK: mixbit.linear {{.*}}#mixbit.format<!mixbit.mixed<axis = 0, segments = [64 : !mixbit.int<{{[678]}}, {{.*}}, 64 : !mixbit.{{int<[23],|ternary|binary}}{{.*}}, "allocated">, sensitivity = #mixbit.sensitivity<"trace", [1.000000e+03, 1.000000e+00]>

// Four heads of 32 are two parts; what is no query, key or value is one.
// HEADS: mixbit.linear {{.*}}#mixbit.format<!mixbit.mixed<axis = 0, segments = [64 : {{.*}}, 64 : {{.*}}, "allocated">
// HEADS: mixbit.linear {{.*}}#mixbit.format<!mixbit.{{int|ternary|binary}}<{{.*}}, "allocated">

// Parts that get one format are one segment.
// ONE: mixbit.linear {{.*}}#mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "allocated">

// KEEP: mixbit.linear {{.*}}#mixbit.format<!mixbit.mixed<axis = 0, {{.*}}, "keep">
// KEEP: mixbit.linear {{.*}}"allocated">

// NONE: error: segments: expected heads, or 1 to 64, but got '0'
// WORD: error: segments: expected heads, or 1 to 64, but got 'rows'
func.func @main(%x: tensor<?x4x128xf32>) -> tensor<?x4x128xf32> {
  %w = arith.constant dense<RANDOM> : tensor<128x128xf32> loc("w")
  %v = arith.constant dense<RANDOM> : tensor<128x128xf32> loc("v")
  %q = mixbit.linear %x, %w {sensitivity = #mixbit.sensitivity<"trace", [1000.0, 1.0]>} : (tensor<?x4x128xf32>, tensor<128x128xf32>) -> tensor<?x4x128xf32>
  %a = mixbit.attention %q, %x, %x {heads = 4 : i64, scale = 0.125 : f32} : (tensor<?x4x128xf32>, tensor<?x4x128xf32>, tensor<?x4x128xf32>) -> tensor<?x4x128xf32>
  %y = mixbit.linear %a, %v {sensitivity = #mixbit.sensitivity<"trace", [30.0]>} : (tensor<?x4x128xf32>, tensor<128x128xf32>) -> tensor<?x4x128xf32>
  return %y : tensor<?x4x128xf32>
}
