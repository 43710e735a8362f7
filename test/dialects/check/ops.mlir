// RUN: mixbit-opt --canonicalize --cse %s | mixbit-opt | FileCheck %s
// RUN: python3 %S/../../../tools/docs/examples.py mixbit-opt %S/../../../dialects/check/Check.td

// CHECK-LABEL: func.func @unfoldable
func.func @unfoldable(%a: tensor<?x4xf32>) {
  // Neither merged nor erased.
  // CHECK-NEXT: check.unfoldable_constant dense<1> : tensor<2xi32>
  // CHECK-NEXT: check.unfoldable_constant dense<1> : tensor<2xi32>
  %0 = check.unfoldable_constant dense<1> : tensor<2xi32>
  %1 = check.unfoldable_constant dense<1> : tensor<2xi32>
  // CHECK-NEXT: check.expect_close %{{.*}}, %{{.*}} within 0.000000e+00 : tensor<2xi32>
  check.expect_close %0, %1 within 0.0 : tensor<2xi32>
  // CHECK-NEXT: check.expect_close %arg0, %arg0 within 1.000000e-05 : tensor<?x4xf32>
  check.expect_close %a, %a within 1.0e-5 : tensor<?x4xf32>
  return
}
