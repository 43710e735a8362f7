// RUN: mixbit-opt --split-input-file --verify-diagnostics %s

func.func @value() {
  // expected-error @below {{failed to verify that all of {value, result} have same type}}
  %0 = "check.unfoldable_constant"() {value = dense<1> : tensor<2xi32>} : () -> tensor<3xi32>
  return
}

// -----

func.func @negative(%a: tensor<4xf32>) {
  // expected-error @below {{expected a finite bound of 0 or more, but got -1.000000e+00 : f64}}
  check.expect_close %a, %a within -1.0 : tensor<4xf32>
  return
}

// -----

func.func @integers(%a: tensor<4xi32>) {
  // expected-error @below {{expected floats, or integers and a bound of 0, but got 'tensor<4xi32>'}}
  check.expect_close %a, %a within 1.0 : tensor<4xi32>
  return
}
