// RUN: not mixbit-opt --assign-formats="weights=int9" %s 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: error: weights: expected a format of fp32, fp16, bf16, int1 to int8, ternary or binary, but got 'int9'
// RUN: not mixbit-opt --assign-formats="group=64" %s 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: weights: expected a group as ROWSxCOLS, such as 1x128, but got '64'
// RUN: not mixbit-opt --assign-formats="weights=int4 scale=f16" %s 2>&1 | FileCheck %s --check-prefix=SCALE
// SCALE: error: weights: expected scales of fp32, fp16 or bf16, but got 'f16'
// RUN: not mixbit-opt --assign-formats="activations=binary" %s 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// ACTIVATIONS: error: activations: expected fp32 or int1 to int8, but got 'binary'
// RUN: not mixbit-opt --assign-formats="keep=head" %s 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: error: keep: expected PATTERN=FORMAT, but got 'head'
// RUN: not mixbit-opt --assign-formats="keep=head=int0" %s 2>&1 | FileCheck %s --check-prefix=FORMAT
// FORMAT: error: keep 'head=int0': expected a format of fp32, fp16, bf16, int1 to int8, ternary or binary, but got 'int0'
// RUN: mixbit-opt --assign-formats="keep=foot=fp32" %s 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: warning: expected a weight or node whose name matches 'foot', but got none: it keeps nothing
func.func @main() {
  return
}
