// The tool for compiler developers: our dialects are registered, and bad IR is
// an error.
//
// RUN: mixbit-opt %s | FileCheck %s
// RUN: echo 'module { mixbit.nonsense }' | not mixbit-opt 2>&1 | FileCheck %s --check-prefix=ERROR

// CHECK: mixbit.weight @w dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>

// ERROR: error: {{.*}}mixbit.nonsense
