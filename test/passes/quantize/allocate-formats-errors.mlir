// RUN: split-file %s %t
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bit" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=UNIT
// UNIT: error: budget: expected a unit of bits, x, %, MB or ms, but got '3bit'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits allocation=best" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=POLICY
// POLICY: error: allocation: expected an allocation of optimal, greedy, reversed or uniform, but got 'best'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits metric=size" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=METRIC
// METRIC: error: metric: expected fisher, trace, omega, gram or loss, but got 'size'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3ms metric=trace" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=TIME
// TIME: error: budget: expected bits, % or MB where kernels cannot be timed, but got '3ms'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=0.5bits metric=trace" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=SMALL
// SMALL: error: budget: expected at least 1.25bits, which is every weight in its smallest format, but got 0.5bits
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=0.001MB metric=trace overhead=500" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: budget: expected at least 0.0012MB, which is every weight in its smallest format, but got 0.001MB
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: {{.*}}weight 'a': expected a sensitivity 'fisher' (of a calibration or a file), but got 'trace'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits sensitivity=%t/none.json" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: sensitivities: expected names of weights, but there is no weight 'encoder.9'
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits metric=trace sensitivity=%t/shape.json" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: {{.*}}weight 'a': expected a sensitivity 'trace' (of a calibration or a file), but got one of a weight of 64x32 instead of 64x64
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits metric=omega sensitivity=%t/trace.json" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=MEASURE
// MEASURE: error: {{.*}}weight 'a': expected a sensitivity 'omega' (of a calibration or a file), but got none of that measure
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits metric=loss sensitivity=%t/trace.json" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=LOSS
// LOSS: error: {{.*}}weight 'a': expected a measured loss of int8 in groups of 1x0 ('loss:int8:1x0'), but got none
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=3bits sensitivity=%t/missing.json" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}missing.json: No such file or directory
// RUN: not mixbit-opt --assign-formats="weights=auto keep=a=int4" --allocate-formats="budget=3bits" %t/two.mlir 2>&1 | FileCheck %s --check-prefix=FREE
// FREE: error: budget: expected weights to choose formats for, but every one has its format already

//--- two.mlir
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64xf32> loc("a")
  %0 = mixbit.linear %x, %w {sensitivity = #mixbit.sensitivity<"trace", [1.0]>} : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
//--- none.json
{"version": 1, "loss": "cross-entropy", "samples": 1, "weights": [
  {"name": "a", "rows": 64, "cols": 64, "row_group": 0, "values": {"fisher": [1]}},
  {"name": "encoder.9", "rows": 64, "cols": 64, "row_group": 0, "values": {"fisher": [1]}}]}
//--- trace.json
{"version": 1, "loss": "cross-entropy", "samples": 1, "weights": [
  {"name": "a", "rows": 64, "cols": 64, "row_group": 0, "values": {"trace": [1]}}]}
//--- shape.json
{"version": 1, "loss": "cross-entropy", "samples": 1, "weights": [
  {"name": "a", "rows": 64, "cols": 32, "row_group": 0, "values": {"trace": [1]}}]}
