// RUN: split-file %s %t
// RUN: mixbit-opt %t/model.mlir --attach-sensitivities=file=%t/good.json | FileCheck %s
// RUN: mixbit-opt %t/model.mlir --attach-sensitivities="file=%t/good.json measure=trace" | FileCheck %s --check-prefix=TRACE
// RUN: mixbit-opt %t/annotated.mlir --attach-sensitivities | FileCheck %s --check-prefix=METADATA
// RUN: mixbit-opt %t/model.mlir --attach-sensitivities | FileCheck %s --check-prefix=NONE
// RUN: not mixbit-opt %t/model.mlir --attach-sensitivities="file=%t/good.json measure=omega" 2>&1 | FileCheck %s --check-prefix=MEASURE
// RUN: not mixbit-opt %t/model.mlir --attach-sensitivities=file=%t/unknown.json 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not mixbit-opt %t/model.mlir --attach-sensitivities=file=%t/shape.json 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not mixbit-opt %t/model.mlir --attach-sensitivities=file=%t/absent.json 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not mixbit-opt %t/broken.mlir --attach-sensitivities 2>&1 | FileCheck %s --check-prefix=BROKEN

// CHECK: mixbit.linear {{.*}} {sensitivity = #mixbit.sensitivity<"fisher", [5.000000e-01, 2.500000e-01]>}
// TRACE: mixbit.linear {{.*}} {sensitivity = #mixbit.sensitivity<"trace", [1.000000e+00, 0.000000e+00]>}
// METADATA: mixbit.linear {{.*}} {sensitivity = #mixbit.sensitivity<"fisher", [7.000000e+00]>}
// NONE-NOT: #mixbit.sensitivity
// MEASURE: error: {{.*}}good.json: weight 'w': expected the measure 'omega', but got: fisher, trace
// UNKNOWN: error: {{.*}}unknown.json: expected names of weights of linears or embeddings, but the model has no 'other'
// SHAPE: error: {{.*}}shape.json: weight 'w': expected a shape of 3x4, but got 4x3
// ABSENT: error: {{.*}}absent.json: No such file or directory
// BROKEN: error: metadata 'mixbit.sensitivity': expected JSON, but

//--- model.mlir
func.func @f(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.25> : tensor<3x4xf32> loc("w")
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- annotated.mlir
func.func @f(%x: tensor<2x4xf32>) -> tensor<2x3xf32> attributes {
    mixbit.sensitivities = "{\"version\": 1, \"weights\": [{\"name\": \"w\", \"rows\": 3, \"cols\": 4, \"row_group\": 0, \"values\": {\"fisher\": [7]}}]}"} {
  %w = arith.constant dense<0.25> : tensor<3x4xf32> loc("w")
  %y = mixbit.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- broken.mlir
func.func @f(%x: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {mixbit.sensitivities = "{"} {
  return %x : tensor<2x4xf32>
}

//--- good.json
{"version": 1, "weights": [{"name": "w", "rows": 3, "cols": 4, "row_group": 2, "values": {"fisher": [0.5, 0.25], "trace": [1, -2]}}]}

//--- unknown.json
{"version": 1, "weights": [{"name": "other", "rows": 3, "cols": 4, "row_group": 0, "values": {"fisher": [0.5]}}]}

//--- shape.json
{"version": 1, "weights": [{"name": "w", "rows": 4, "cols": 3, "row_group": 0, "values": {"fisher": [0.5]}}]}
