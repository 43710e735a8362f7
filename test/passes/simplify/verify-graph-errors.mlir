// RUN: not mixbit-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(verify-graph))' 2>&1 | FileCheck %s

func.func @foreign(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: error: {{.*}}node '/layer/Add' (addf): expected a mixbit graph operation, but got 'arith.addf'
  %y = arith.addf %x, %x : tensor<4xf32> loc("/layer/Add")
  return %y : tensor<4xf32>
}

// -----

func.func @type(%x: tensor<?x4xf32> {mixbit.dims = affine_map<()[s0] -> (s0, 4)>}) -> tensor<?x?xf32> attributes {mixbit.symbols = ["batch"]} {
  // CHECK: error: {{.*}}node '/Relu' (unary): expected the type of shape affine_map<()[s0] -> (s0, 4)>, but got 'tensor<?x?xf32>'
  %y = mixbit.unary %x {kind = #mixbit.unary_kind<relu>} : (tensor<?x4xf32>) -> tensor<?x?xf32> loc("/Relu")
  return %y : tensor<?x?xf32>
}

// -----

// CHECK: error: expected mixbit.dims for argument 0 of type 'tensor<?xf32>'
func.func @dims(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

func.func @bytes() -> tensor<4xf32> {
  // CHECK: error: {{.*}}expected as many bytes of data as 'tensor<4xf32>' takes, but got 8
  %c = arith.constant dense_resource<short> : tensor<4xf32>
  return %c : tensor<4xf32>
}
{-#
  dialect_resources: {
    builtin: {
      short: "0x400000000000803F0000803F"
    }
  }
#-}

// -----

func.func @unsigned(%x: tensor<4xf32>) -> tensor<4xui8> {
  // CHECK: error: {{.*}}node '/QuantizeLinear' (cast): expected values of floats, booleans or signed integers as the network runs, but got a 'tensor<4xui8>'
  %y = mixbit.cast %x : (tensor<4xf32>) -> tensor<4xui8> loc("/QuantizeLinear")
  return %y : tensor<4xui8>
}

// -----

func.func @unsigned_input(%x: tensor<4xui8>) -> tensor<4xf32> {
  // CHECK: error: {{.*}}node '/DequantizeLinear' (cast): expected values of floats, booleans or signed integers as the network runs, but got a 'tensor<4xui8>'
  %y = mixbit.cast %x : (tensor<4xui8>) -> tensor<4xf32> loc("/DequantizeLinear")
  return %y : tensor<4xf32>
}
