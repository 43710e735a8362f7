// Every example of the dialect's documentation parses, and prints the same.
// RUN: mixbit-opt %s -mlir-print-op-generic | mixbit-opt | FileCheck %s

// CHECK-LABEL: func.func @Abs(
// CHECK: onnx.Abs 
func.func @Abs(%x: tensor<?x4xf32>) {
  %y = onnx.Abs %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Add(
// CHECK: onnx.Add 
func.func @Add(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Add %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @And(
// CHECK: onnx.And 
func.func @And(%a: tensor<?x4xi1>, %b: tensor<4xi1>) {
  %c = onnx.And %a, %b : (tensor<?x4xi1>, tensor<4xi1>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @ArgMax(
// CHECK: onnx.ArgMax 
func.func @ArgMax(%x: tensor<?x4xf32>) {
  %y = onnx.ArgMax %x {axis = 1 : i64, keepdims = 0 : i64} : (tensor<?x4xf32>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: func.func @Attention(
// CHECK: onnx.Attention 
func.func @Attention(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %mask: tensor<?x1x?x?xi1>, %none: none) {
  %y = onnx.Attention %q, %k, %v, %mask, %none, %none {kv_num_heads = 2 : i64, q_num_heads = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x1x?x?xi1>, none, none) -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: func.func @AveragePool(
// CHECK: onnx.AveragePool 
func.func @AveragePool(%x: tensor<?x4x8x8xf32>) {
  %y = onnx.AveragePool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<?x4x8x8xf32>) -> tensor<?x4x4x4xf32>
  return
}

// CHECK-LABEL: func.func @BatchNormalization(
// CHECK: onnx.BatchNormalization 
func.func @BatchNormalization(%x: tensor<?x4x8x8xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>) {
  %y = onnx.BatchNormalization %x, %s, %b, %m, %v : (tensor<?x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8x8xf32>
  return
}

// CHECK-LABEL: func.func @Cast(
// CHECK: onnx.Cast 
func.func @Cast(%x: tensor<?xi64>) {
  %y = onnx.Cast %x {to = f32} : (tensor<?xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @CastLike(
// CHECK: onnx.CastLike 
func.func @CastLike(%x: tensor<?xi64>, %like: tensor<f32>) {
  %y = onnx.CastLike %x, %like : (tensor<?xi64>, tensor<f32>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @Ceil(
// CHECK: onnx.Ceil 
func.func @Ceil(%x: tensor<?x4xf32>) {
  %y = onnx.Ceil %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Clip(
// CHECK: onnx.Clip 
func.func @Clip(%x: tensor<?x4xf32>, %min: tensor<f32>, %none: none) {
  %y = onnx.Clip %x, %min, %none : (tensor<?x4xf32>, tensor<f32>, none) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_BiasGelu(
// CHECK: onnx.com.microsoft.BiasGelu 
func.func @com_microsoft_BiasGelu(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = onnx.com.microsoft.BiasGelu %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_EmbedLayerNormalization(
// CHECK: onnx.com.microsoft.EmbedLayerNormalization 
func.func @com_microsoft_EmbedLayerNormalization(%ids: tensor<?x?xi32>, %none: none, %w: tensor<99x4xf32>, %p: tensor<16x4xf32>, %gamma: tensor<4xf32>, %beta: tensor<4xf32>) {
  %y, %m = onnx.com.microsoft.EmbedLayerNormalization %ids, %none, %w, %p, %none, %gamma, %beta, %none, %none : (tensor<?x?xi32>, none, tensor<99x4xf32>, tensor<16x4xf32>, none, tensor<4xf32>, tensor<4xf32>, none, none) -> (tensor<?x?x4xf32>, tensor<?xi32>)
  return
}

// CHECK-LABEL: func.func @com_microsoft_FastGelu(
// CHECK: onnx.com.microsoft.FastGelu 
func.func @com_microsoft_FastGelu(%x: tensor<?x4xf32>, %none: none) {
  %y = onnx.com.microsoft.FastGelu %x, %none : (tensor<?x4xf32>, none) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_GatherBlockQuantized(
// CHECK: onnx.com.microsoft.GatherBlockQuantized 
func.func @com_microsoft_GatherBlockQuantized(%t: tensor<99x64xi4>, %i: tensor<?x?xi64>, %s: tensor<99x2xf32>, %none: none) {
  %y = onnx.com.microsoft.GatherBlockQuantized %t, %i, %s, %none {block_size = 32 : i64} : (tensor<99x64xi4>, tensor<?x?xi64>, tensor<99x2xf32>, none) -> tensor<?x?x64xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_Gelu(
// CHECK: onnx.com.microsoft.Gelu 
func.func @com_microsoft_Gelu(%x: tensor<?x4xf32>) {
  %y = onnx.com.microsoft.Gelu %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_MatMulNBits(
// CHECK: onnx.com.microsoft.MatMulNBits 
func.func @com_microsoft_MatMulNBits(%a: tensor<?x64xf32>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %none: none) {
  %y = onnx.com.microsoft.MatMulNBits %a, %b, %s, %none, %none, %none {K = 64 : i64, N = 8 : i64, bits = 4 : i64, block_size = 32 : i64} : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, none) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @com_microsoft_SkipLayerNormalization(
// CHECK: onnx.com.microsoft.SkipLayerNormalization 
func.func @com_microsoft_SkipLayerNormalization(%x: tensor<?x?x4xf32>, %skip: tensor<?x?x4xf32>, %gamma: tensor<4xf32>, %beta: tensor<4xf32>, %none: none) {
  %y = onnx.com.microsoft.SkipLayerNormalization %x, %skip, %gamma, %beta, %none : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, none) -> tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: func.func @Concat(
// CHECK: onnx.Concat 
func.func @Concat(%a: tensor<1xi64>, %b: tensor<2xi64>) {
  %y = onnx.Concat %a, %b {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  return
}

// CHECK-LABEL: func.func @constant(
// CHECK: onnx.constant 
func.func @constant() {
  %w = onnx.constant {name = "w", value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  return
}

// CHECK-LABEL: func.func @ConstantOfShape(
// CHECK: onnx.ConstantOfShape 
func.func @ConstantOfShape(%shape: tensor<2xi64>) {
  %y = onnx.ConstantOfShape %shape {value = dense<1> : tensor<1xi64>} : (tensor<2xi64>) -> tensor<?x4xi64>
  return
}

// CHECK-LABEL: func.func @Conv(
// CHECK: onnx.Conv 
func.func @Conv(%x: tensor<?x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %none: none) {
  %y = onnx.Conv %x, %w, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>, none) -> tensor<?x4x8x8xf32>
  return
}

// CHECK-LABEL: func.func @ConvInteger(
// CHECK: onnx.ConvInteger 
func.func @ConvInteger(%x: tensor<?x3x8x8xui8>, %w: tensor<4x3x3x3xi8>, %xz: tensor<ui8>, %none: none) {
  %y = onnx.ConvInteger %x, %w, %xz, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<?x3x8x8xui8>, tensor<4x3x3x3xi8>, tensor<ui8>, none) -> tensor<?x4x8x8xi32>
  return
}

// CHECK-LABEL: func.func @Cos(
// CHECK: onnx.Cos 
func.func @Cos(%x: tensor<?x4xf32>) {
  %y = onnx.Cos %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @CumSum(
// CHECK: onnx.CumSum 
func.func @CumSum(%x: tensor<?x4xi64>, %axis: tensor<i64>) {
  %y = onnx.CumSum %x, %axis {exclusive = 1 : i64} : (tensor<?x4xi64>, tensor<i64>) -> tensor<?x4xi64>
  return
}

// CHECK-LABEL: func.func @DequantizeLinear(
// CHECK: onnx.DequantizeLinear 
func.func @DequantizeLinear(%x: tensor<?x4xi8>, %scale: tensor<f32>, %none: none) {
  %y = onnx.DequantizeLinear %x, %scale, %none : (tensor<?x4xi8>, tensor<f32>, none) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Div(
// CHECK: onnx.Div 
func.func @Div(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Div %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Dropout(
// CHECK: onnx.Dropout 
func.func @Dropout(%x: tensor<?x4xf32>, %none: none) {
  %y = onnx.Dropout %x, %none, %none : (tensor<?x4xf32>, none, none) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @DynamicQuantizeLinear(
// CHECK: onnx.DynamicQuantizeLinear 
func.func @DynamicQuantizeLinear(%x: tensor<?x4xf32>) {
  %y, %s, %z = onnx.DynamicQuantizeLinear %x : (tensor<?x4xf32>) -> (tensor<?x4xui8>, tensor<f32>, tensor<ui8>)
  return
}

// CHECK-LABEL: func.func @Equal(
// CHECK: onnx.Equal 
func.func @Equal(%a: tensor<?x4xi64>, %b: tensor<4xi64>) {
  %c = onnx.Equal %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @Erf(
// CHECK: onnx.Erf 
func.func @Erf(%x: tensor<?x4xf32>) {
  %y = onnx.Erf %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Exp(
// CHECK: onnx.Exp 
func.func @Exp(%x: tensor<?x4xf32>) {
  %y = onnx.Exp %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Expand(
// CHECK: onnx.Expand 
func.func @Expand(%x: tensor<1x4xf32>, %shape: tensor<2xi64>) {
  %y = onnx.Expand %x, %shape : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Flatten(
// CHECK: onnx.Flatten 
func.func @Flatten(%x: tensor<?x2x4xf32>) {
  %y = onnx.Flatten %x {axis = 1 : i64} : (tensor<?x2x4xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @Floor(
// CHECK: onnx.Floor 
func.func @Floor(%x: tensor<?x4xf32>) {
  %y = onnx.Floor %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Gather(
// CHECK: onnx.Gather 
func.func @Gather(%x: tensor<100x8xf32>, %indices: tensor<?x?xi64>) {
  %y = onnx.Gather %x, %indices {axis = 0 : i64} : (tensor<100x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: func.func @GatherElements(
// CHECK: onnx.GatherElements 
func.func @GatherElements(%x: tensor<?x8xf32>, %indices: tensor<?x2xi64>) {
  %y = onnx.GatherElements %x, %indices {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  return
}

// CHECK-LABEL: func.func @GatherND(
// CHECK: onnx.GatherND 
func.func @GatherND(%x: tensor<?x8xf32>, %indices: tensor<?x?x2xi64>) {
  %y = onnx.GatherND %x, %indices : (tensor<?x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?xf32>
  return
}

// CHECK-LABEL: func.func @Gelu(
// CHECK: onnx.Gelu 
func.func @Gelu(%x: tensor<?x4xf32>) {
  %y = onnx.Gelu %x {approximate = "tanh"} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Gemm(
// CHECK: onnx.Gemm 
func.func @Gemm(%a: tensor<?x8xf32>, %b: tensor<4x8xf32>, %c: tensor<4xf32>) {
  %y = onnx.Gemm %a, %b, %c {transB = 1 : i64} : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @GlobalAveragePool(
// CHECK: onnx.GlobalAveragePool 
func.func @GlobalAveragePool(%x: tensor<?x4x8x8xf32>) {
  %y = onnx.GlobalAveragePool %x : (tensor<?x4x8x8xf32>) -> tensor<?x4x1x1xf32>
  return
}

// CHECK-LABEL: func.func @GlobalMaxPool(
// CHECK: onnx.GlobalMaxPool 
func.func @GlobalMaxPool(%x: tensor<?x4x8x8xf32>) {
  %y = onnx.GlobalMaxPool %x : (tensor<?x4x8x8xf32>) -> tensor<?x4x1x1xf32>
  return
}

// CHECK-LABEL: func.func @Greater(
// CHECK: onnx.Greater 
func.func @Greater(%a: tensor<?x4xi64>, %b: tensor<4xi64>) {
  %c = onnx.Greater %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @GreaterOrEqual(
// CHECK: onnx.GreaterOrEqual 
func.func @GreaterOrEqual(%a: tensor<?x4xi64>, %b: tensor<4xi64>) {
  %c = onnx.GreaterOrEqual %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @Identity(
// CHECK: onnx.Identity 
func.func @Identity(%x: tensor<?xf32>) {
  %y = onnx.Identity %x : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @InstanceNormalization(
// CHECK: onnx.InstanceNormalization 
func.func @InstanceNormalization(%x: tensor<?x4x8x8xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) {
  %y = onnx.InstanceNormalization %x, %s, %b : (tensor<?x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8x8xf32>
  return
}

// CHECK-LABEL: func.func @IsNaN(
// CHECK: onnx.IsNaN 
func.func @IsNaN(%x: tensor<?x4xf32>) {
  %y = onnx.IsNaN %x : (tensor<?x4xf32>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @LayerNormalization(
// CHECK: onnx.LayerNormalization 
func.func @LayerNormalization(%x: tensor<?x?x8xf32>, %scale: tensor<8xf32>, %b: tensor<8xf32>) {
  %y = onnx.LayerNormalization %x, %scale, %b {epsilon = 1.0e-12 : f32} : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: func.func @Less(
// CHECK: onnx.Less 
func.func @Less(%a: tensor<?x4xi64>, %b: tensor<4xi64>) {
  %c = onnx.Less %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @LessOrEqual(
// CHECK: onnx.LessOrEqual 
func.func @LessOrEqual(%a: tensor<?x4xi64>, %b: tensor<4xi64>) {
  %c = onnx.LessOrEqual %a, %b : (tensor<?x4xi64>, tensor<4xi64>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @Log(
// CHECK: onnx.Log 
func.func @Log(%x: tensor<?x4xf32>) {
  %y = onnx.Log %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @LogSoftmax(
// CHECK: onnx.LogSoftmax 
func.func @LogSoftmax(%x: tensor<?x4xf32>) {
  %y = onnx.LogSoftmax %x {axis = -1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @MatMul(
// CHECK: onnx.MatMul 
func.func @MatMul(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>) {
  %y = onnx.MatMul %a, %b : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: func.func @MatMulInteger(
// CHECK: onnx.MatMulInteger 
func.func @MatMulInteger(%a: tensor<?x8xui8>, %b: tensor<8x4xi8>, %az: tensor<ui8>, %none: none) {
  %y = onnx.MatMulInteger %a, %b, %az, %none : (tensor<?x8xui8>, tensor<8x4xi8>, tensor<ui8>, none) -> tensor<?x4xi32>
  return
}

// CHECK-LABEL: func.func @Max(
// CHECK: onnx.Max 
func.func @Max(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Max %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @MaxPool(
// CHECK: onnx.MaxPool 
func.func @MaxPool(%x: tensor<?x4x8x8xf32>) {
  %y = onnx.MaxPool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<?x4x8x8xf32>) -> tensor<?x4x4x4xf32>
  return
}

// CHECK-LABEL: func.func @Min(
// CHECK: onnx.Min 
func.func @Min(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Min %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Mod(
// CHECK: onnx.Mod 
func.func @Mod(%a: tensor<4xf32>, %b: tensor<f32>) {
  %c = onnx.Mod %a, %b {fmod = 1 : i64} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: func.func @Mul(
// CHECK: onnx.Mul 
func.func @Mul(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Mul %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Neg(
// CHECK: onnx.Neg 
func.func @Neg(%x: tensor<?x4xf32>) {
  %y = onnx.Neg %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @none(
// CHECK: onnx.none : none
func.func @none() {
  %n = onnx.none : none
  return
}

// CHECK-LABEL: func.func @Not(
// CHECK: onnx.Not 
func.func @Not(%x: tensor<?x4xi1>) {
  %y = onnx.Not %x : (tensor<?x4xi1>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @Or(
// CHECK: onnx.Or 
func.func @Or(%a: tensor<?x4xi1>, %b: tensor<4xi1>) {
  %c = onnx.Or %a, %b : (tensor<?x4xi1>, tensor<4xi1>) -> tensor<?x4xi1>
  return
}

// CHECK-LABEL: func.func @Pad(
// CHECK: onnx.Pad 
func.func @Pad(%x: tensor<?x8xf32>, %pads: tensor<4xi64>, %none: none) {
  %y = onnx.Pad %x, %pads, %none, %none : (tensor<?x8xf32>, tensor<4xi64>, none, none) -> tensor<?x10xf32>
  return
}

// CHECK-LABEL: func.func @Pow(
// CHECK: onnx.Pow 
func.func @Pow(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Pow %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @QLinearConv(
// CHECK: onnx.QLinearConv 
func.func @QLinearConv(%x: tensor<?x3x8x8xui8>, %xs: tensor<f32>, %xz: tensor<ui8>, %w: tensor<4x3x3x3xi8>, %ws: tensor<4xf32>, %wz: tensor<4xi8>, %ys: tensor<f32>, %yz: tensor<ui8>, %none: none) {
  %y = onnx.QLinearConv %x, %xs, %xz, %w, %ws, %wz, %ys, %yz, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<?x3x8x8xui8>, tensor<f32>, tensor<ui8>, tensor<4x3x3x3xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>, none) -> tensor<?x4x8x8xui8>
  return
}

// CHECK-LABEL: func.func @QLinearMatMul(
// CHECK: onnx.QLinearMatMul 
func.func @QLinearMatMul(%a: tensor<?x8xui8>, %as: tensor<f32>, %az: tensor<ui8>, %b: tensor<8x4xi8>, %bs: tensor<4xf32>, %bz: tensor<4xi8>, %ys: tensor<f32>, %yz: tensor<ui8>) {
  %y = onnx.QLinearMatMul %a, %as, %az, %b, %bs, %bz, %ys, %yz : (tensor<?x8xui8>, tensor<f32>, tensor<ui8>, tensor<8x4xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>) -> tensor<?x4xui8>
  return
}

// CHECK-LABEL: func.func @QuantizeLinear(
// CHECK: onnx.QuantizeLinear 
func.func @QuantizeLinear(%x: tensor<?x4xf32>, %scale: tensor<f32>, %zero: tensor<i8>) {
  %y = onnx.QuantizeLinear %x, %scale, %zero : (tensor<?x4xf32>, tensor<f32>, tensor<i8>) -> tensor<?x4xi8>
  return
}

// CHECK-LABEL: func.func @Range(
// CHECK: onnx.Range 
func.func @Range(%start: tensor<i64>, %limit: tensor<i64>, %delta: tensor<i64>) {
  %y = onnx.Range %start, %limit, %delta : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: func.func @Reciprocal(
// CHECK: onnx.Reciprocal 
func.func @Reciprocal(%x: tensor<?x4xf32>) {
  %y = onnx.Reciprocal %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @ReduceMax(
// CHECK: onnx.ReduceMax 
func.func @ReduceMax(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.ReduceMax %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @ReduceMean(
// CHECK: onnx.ReduceMean 
func.func @ReduceMean(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.ReduceMean %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @ReduceMin(
// CHECK: onnx.ReduceMin 
func.func @ReduceMin(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.ReduceMin %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @ReduceProd(
// CHECK: onnx.ReduceProd 
func.func @ReduceProd(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.ReduceProd %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @ReduceSum(
// CHECK: onnx.ReduceSum 
func.func @ReduceSum(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.ReduceSum %x, %axes {keepdims = 0 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @Relu(
// CHECK: onnx.Relu 
func.func @Relu(%x: tensor<?x4xf32>) {
  %y = onnx.Relu %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Reshape(
// CHECK: onnx.Reshape 
func.func @Reshape(%x: tensor<?x?x8xf32>, %shape: tensor<4xi64>) {
  %y = onnx.Reshape %x, %shape : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  return
}

// CHECK-LABEL: func.func @RMSNormalization(
// CHECK: onnx.RMSNormalization 
func.func @RMSNormalization(%x: tensor<?x8xf32>, %scale: tensor<8xf32>) {
  %y = onnx.RMSNormalization %x, %scale : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @Round(
// CHECK: onnx.Round 
func.func @Round(%x: tensor<?x4xf32>) {
  %y = onnx.Round %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @ScatterND(
// CHECK: onnx.ScatterND 
func.func @ScatterND(%x: tensor<?x8xf32>, %indices: tensor<?x1xi64>, %updates: tensor<?x8xf32>) {
  %y = onnx.ScatterND %x, %indices, %updates : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @Shape(
// CHECK: onnx.Shape 
func.func @Shape(%x: tensor<?x?xf32>) {
  %y = onnx.Shape %x {start = 1 : i64} : (tensor<?x?xf32>) -> tensor<1xi64>
  return
}

// CHECK-LABEL: func.func @Sigmoid(
// CHECK: onnx.Sigmoid 
func.func @Sigmoid(%x: tensor<?x4xf32>) {
  %y = onnx.Sigmoid %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Sign(
// CHECK: onnx.Sign 
func.func @Sign(%x: tensor<?x4xf32>) {
  %y = onnx.Sign %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Sin(
// CHECK: onnx.Sin 
func.func @Sin(%x: tensor<?x4xf32>) {
  %y = onnx.Sin %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Size(
// CHECK: onnx.Size 
func.func @Size(%x: tensor<?x?xf32>) {
  %y = onnx.Size %x : (tensor<?x?xf32>) -> tensor<i64>
  return
}

// CHECK-LABEL: func.func @Slice(
// CHECK: onnx.Slice 
func.func @Slice(%x: tensor<?x8xf32>, %starts: tensor<1xi64>, %ends: tensor<1xi64>, %axes: tensor<1xi64>, %none: none) {
  %y = onnx.Slice %x, %starts, %ends, %axes, %none : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Softmax(
// CHECK: onnx.Softmax 
func.func @Softmax(%x: tensor<?x4xf32>) {
  %y = onnx.Softmax %x {axis = -1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Split(
// CHECK: onnx.Split 
func.func @Split(%x: tensor<?x8xf32>, %none: none) {
  %a, %b = onnx.Split %x, %none {axis = 1 : i64} : (tensor<?x8xf32>, none) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  return
}

// CHECK-LABEL: func.func @Sqrt(
// CHECK: onnx.Sqrt 
func.func @Sqrt(%x: tensor<?x4xf32>) {
  %y = onnx.Sqrt %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Squeeze(
// CHECK: onnx.Squeeze 
func.func @Squeeze(%x: tensor<?x1x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.Squeeze %x, %axes : (tensor<?x1x4xf32>, tensor<1xi64>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Sub(
// CHECK: onnx.Sub 
func.func @Sub(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Sub %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Sum(
// CHECK: onnx.Sum 
func.func @Sum(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %c = onnx.Sum %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Tanh(
// CHECK: onnx.Tanh 
func.func @Tanh(%x: tensor<?x4xf32>) {
  %y = onnx.Tanh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Tile(
// CHECK: onnx.Tile 
func.func @Tile(%x: tensor<?x8xf32>, %repeats: tensor<2xi64>) {
  %y = onnx.Tile %x, %repeats : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x16xf32>
  return
}

// CHECK-LABEL: func.func @Transpose(
// CHECK: onnx.Transpose 
func.func @Transpose(%x: tensor<?x?x4xf32>) {
  %y = onnx.Transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  return
}

// CHECK-LABEL: func.func @Trilu(
// CHECK: onnx.Trilu 
func.func @Trilu(%x: tensor<?x8x8xf32>, %none: none) {
  %y = onnx.Trilu %x, %none {upper = 0 : i64} : (tensor<?x8x8xf32>, none) -> tensor<?x8x8xf32>
  return
}

// CHECK-LABEL: func.func @Unsqueeze(
// CHECK: onnx.Unsqueeze 
func.func @Unsqueeze(%x: tensor<?x4xf32>, %axes: tensor<1xi64>) {
  %y = onnx.Unsqueeze %x, %axes : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?x1x4xf32>
  return
}

// CHECK-LABEL: func.func @Where(
// CHECK: onnx.Where 
func.func @Where(%c: tensor<?x4xi1>, %x: tensor<?x4xf32>, %y: tensor<f32>) {
  %z = onnx.Where %c, %x, %y : (tensor<?x4xi1>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @Xor(
// CHECK: onnx.Xor 
func.func @Xor(%a: tensor<?x4xi1>, %b: tensor<4xi1>) {
  %c = onnx.Xor %a, %b : (tensor<?x4xi1>, tensor<4xi1>) -> tensor<?x4xi1>
  return
}
