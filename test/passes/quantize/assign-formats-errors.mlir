// RUN: not mixbit-opt --assign-formats="weights=int9" %s 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: error: weights: expected a format of fp32, fp16, bf16, int1 to int8, ternary or binary, but got 'int9'
// RUN: not mixbit-opt --assign-formats="group=64" %s 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: weights: expected a group as ROWSxCOLS, such as 1x128, but got '64'
// RUN: not mixbit-opt --assign-formats="weights=int4 scale=f16" %s 2>&1 | FileCheck %s --check-prefix=SCALE
// SCALE: error: weights: expected scales of fp32, fp16 or bf16, but got 'f16'
// RUN: not mixbit-opt --assign-formats="activations=binary" %s 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// ACTIVATIONS: error: activations: expected fp32, int1 to int8 or int1-static to int8-static, but got 'binary'
// RUN: not mixbit-opt --assign-formats="activations=fp32-static" %s 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: error: activations: expected fp32, int1 to int8 or int1-static to int8-static, but got 'fp32-static'
// RUN: not mixbit-opt --assign-formats="keep=head" %s 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: error: keep: expected PATTERN=FORMAT, but got 'head'
// RUN: not mixbit-opt --assign-formats="keep=head=int0" %s 2>&1 | FileCheck %s --check-prefix=FORMAT
// FORMAT: error: keep 'head=int0': expected a format of fp32, fp16, bf16, int1 to int8, ternary or binary, but got 'int0'
// RUN: not mixbit-opt --assign-formats="weights=int8+int4" %s 2>&1 | FileCheck %s --check-prefix=REST
// REST: error: weights: expected one format without '@' for the rows that are left, but got 2 in 'int8+int4'
// RUN: not mixbit-opt --assign-formats="keep=w=int8@0+int4" %s 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: keep 'w=int8@0+int4': expected rows such as 64 or 25% behind '@', but got '0'
// RUN: not mixbit-opt --assign-formats="weights=int8@5+int4" %s 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: weight 'w': expected segments of 2 rows at most, but got 5
// RUN: mixbit-opt --assign-formats="keep=foot=fp32" %s 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: warning: expected a weight or node whose name matches 'foot', but got none: it keeps nothing
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32> loc("w")
  %y = mixbit.linear %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
