// RUN: mixbit-opt %s -split-input-file -verify-kernels -verify-diagnostics

// expected-error @+1 {{expected kernels, plans and weights only}}
func.func @left() {
  return
}

// -----

// expected-error @+1 {{expected an offset}}
mixbit.weight @w dense<1.0> : tensor<2xf32>
