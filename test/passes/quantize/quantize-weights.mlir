// RUN: mixbit-opt --quantize-weights %s | FileCheck %s
// What is printed parses back.
// RUN: mixbit-opt --quantize-weights %s | mixbit-opt | FileCheck %s

// CHECK-LABEL: func.func @shared
func.func @shared(%ids: tensor<?xi64>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[W:.*]] = mixbit.quantized_constant codes(dense_resource<tied.codes> : tensor<2x4xi8>) scales(dense_resource<tied.scales> : tensor<2x1xf32>) : tensor<2x4x!mixbit.int<8, group = [1, 0], scale = f32>>
  %w = arith.constant dense<[[1.27, 0.0, -1.27, 0.01], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32> loc("tied")
  // CHECK-NEXT: %[[X:.*]] = mixbit.embedding %[[W]], %arg0 : (
  %x = mixbit.embedding %w, %ids {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<2x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  // CHECK-NEXT: mixbit.linear %[[X]], %[[W]] {activations = #mixbit.activations<8, per_token, dynamic>} : (
  %y = mixbit.linear %x, %w {activations = #mixbit.activations<8, per_token, dynamic>, format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// A weight that something else reads as well stays beside its rounded form.
// CHECK-LABEL: func.func @also_float
func.func @also_float(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<2x4xf32>) {
  // CHECK-NEXT: %[[Q:.*]] = mixbit.quantized_constant {{.*}} : tensor<2x4x!mixbit.ternary<group = [1, 2], scale = f16>>
  // CHECK-NEXT: %[[F:.*]] = arith.constant
  %w = arith.constant dense_resource<both> : tensor<2x4xf32> loc("both")
  // CHECK-NEXT: mixbit.linear %arg0, %[[Q]] : (
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.ternary<group = [1, 2], scale = f16>, "keep">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  // CHECK-NEXT: mixbit.unary %[[F]]
  %n = mixbit.unary %w {kind = #mixbit.unary_kind<neg>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y, %n : tensor<?x2xf32>, tensor<2x4xf32>
}

// Zero points, and halves as the source.
// CHECK-LABEL: func.func @zeros
func.func @zeros(%x: tensor<?x4xf16>) -> tensor<?x1xf16> {
  // CHECK-NEXT: mixbit.quantized_constant codes(dense_resource<z.codes> : tensor<1x2xi8>) scales(dense_resource<z.scales> : tensor<1x1xf32>) zeros(dense_resource<z.zeros> : tensor<1x1xi8>)
  %w = arith.constant dense<[[0.0, 1.0, 2.0, 15.0]]> : tensor<1x4xf16> loc("z")
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f32, zero = i8>, "keep">} : (tensor<?x4xf16>, tensor<1x4xf16>) -> tensor<?x1xf16>
  return %y : tensor<?x1xf16>
}

// Two functions share the data of one file; it stays until both are done.
// CHECK-LABEL: func.func @second
func.func @second(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: mixbit.quantized_constant {{.*}}!mixbit.binary
  %w = arith.constant dense_resource<both> : tensor<2x4xf32> loc("both")
  %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.binary<group = [1, 0], scale = f32>, "keep">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// fp32 stays as it is.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[F:.*]] = arith.constant
  %w = arith.constant dense<1.0> : tensor<2x4xf32> loc("kept")
  // CHECK-NEXT: mixbit.linear %arg0, %[[F]] : (
  %y = mixbit.linear %x, %w {format = #mixbit.format<f32, "keep">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// Floats of 16 bits; what a table's rows are used for stays f32.
// CHECK-LABEL: func.func @halves
func.func @halves(%ids: tensor<?xi64>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[H:.*]] = arith.constant dense_resource<half> : tensor<2x4xbf16>
  %w = arith.constant dense<[[1.0, 2.0, -1.0, 1.00390625], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32> loc("half")
  // CHECK-NEXT: %[[E:.*]] = mixbit.embedding %[[H]], %arg0 : (tensor<2x4xbf16>, tensor<?xi64>) -> tensor<?x4xbf16>
  // CHECK-NEXT: %[[X:.*]] = mixbit.cast %[[E]] : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %x = mixbit.embedding %w, %ids {format = #mixbit.format<bf16, "default">} : (tensor<2x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  // CHECK-NEXT: mixbit.linear %[[X]], %[[H]] : (tensor<?x4xf32>, tensor<2x4xbf16>) -> tensor<?x2xf32>
  %y = mixbit.linear %x, %w {format = #mixbit.format<bf16, "default">} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-DAG: half: "0x{{[0-9a-fA-F]*}}803F004080BF803F
// Codes: 1.27 / 0.01 is 127, that is 255; 128 stands for zero.
// CHECK-DAG: tied.codes: "0x{{0?}}{{[0-9a-fA-F]*}}FF80018180808080"
// CHECK-DAG: z.codes: "0x{{[0-9a-fA-F]*}}10F2"
// CHECK-DAG: z.zeros: "0x{{[0-9a-fA-F]*}}00"

{-# dialect_resources: { builtin: {
  both: "0x040000000000803F000080BF0000003F000000BF000080BF0000803F0000000000000000"
} } #-}
