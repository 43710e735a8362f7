// RUN: mixbit-opt %s --expose-layers | FileCheck %s

// A layer's output becomes a result named by its weight; of a weight that two
// layers share, and of a name that a result has already, with a number.
// CHECK-LABEL: func.func @layers
// CHECK-SAME: -> (tensor<?x4xf32> {mixbit.name = "out"}, tensor<?x4xf32> {mixbit.name = "w"}, tensor<?x4xf32> {mixbit.name = "w.1"}, tensor<?x4xf32> {mixbit.name = "out.1"})
// CHECK: %[[A:.*]] = mixbit.linear
// CHECK: %[[B:.*]] = mixbit.linear
// CHECK: %[[C:.*]] = mixbit.linear
// CHECK: %[[D:.*]] = mixbit.unary
// CHECK: return %[[D]], %[[A]], %[[B]], %[[C]]
func.func @layers(%x: tensor<?x4xf32> {mixbit.name = "x"}) -> (tensor<?x4xf32> {mixbit.name = "out"}) {
  %w = arith.constant dense<0.5> : tensor<4x4xf32> loc("w")
  %v = arith.constant dense<0.25> : tensor<4x4xf32> loc("out")
  %a = mixbit.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %b = mixbit.linear %a, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %c = mixbit.linear %b, %v : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %d = mixbit.unary %c {kind = #mixbit.unary_kind<tanh>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// A weight that is computed is no layer's.
// CHECK-LABEL: func.func @dynamic
// CHECK-SAME: -> (tensor<?x4xf32> {mixbit.name = "out"})
func.func @dynamic(%x: tensor<?x4xf32> {mixbit.name = "x"}, %w: tensor<4x4xf32> {mixbit.name = "w"}) -> (tensor<?x4xf32> {mixbit.name = "out"}) {
  %a = mixbit.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}
