// RUN: mixbit-opt %s -split-input-file -verify-diagnostics

func.func @constant_type() {
  // expected-error @+1 {{expected a result of the value's type 'tensor<2xf32>', but got 'tensor<3xf32>'}}
  %0 = onnx.constant {value = dense<1.0> : tensor<2xf32>} : () -> tensor<3xf32>
  return
}

// -----

func.func @constant_size() {
  // expected-error @+1 {{expected a resource of 8 bytes for 'tensor<2xf32>', but got 4}}
  %0 = onnx.constant {value = dense_resource<short> : tensor<2xf32>} : () -> tensor<2xf32>
  return
}
{-#
  dialect_resources: { builtin: { short: "0x0400000000000000" } }
#-}

// -----

func.func @missing(%x: tensor<2xf32>) {
  %n = onnx.none : none
  // expected-error @+1 {{operand #1 must be ranked tensor, but got 'none'}}
  %0 = onnx.Add %x, %n : (tensor<2xf32>, none) -> tensor<2xf32>
  return
}

// -----

func.func @attribute(%x: tensor<2xf32>) {
  // expected-error @+1 {{attribute 'axis' failed to satisfy constraint}}
  %0 = onnx.Softmax %x {axis = 1.0 : f32} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
