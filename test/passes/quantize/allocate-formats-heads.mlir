// An average in bits holds for the body alone, and for all linears together:
// what heads take beyond their share, the body saves. The pooler sees one row a
// sample and the classifier has two outputs, which are stored as 64.
// RUN: split-file %s %t
// RUN: mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=4.125bits metric=loss sensitivity=%t/losses.json" %t/heads.mlir | FileCheck %s
// RUN: mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=10x metric=loss sensitivity=%t/losses.json" %t/heads.mlir | FileCheck %s --check-prefix=TIMES
// RUN: mixbit-opt --assign-formats="weights=auto keep=pooler=fp32" --allocate-formats="budget=18bits metric=loss sensitivity=%t/losses.json" %t/heads.mlir | FileCheck %s --check-prefix=KEEP
// RUN: not mixbit-opt --assign-formats="weights=auto" --allocate-formats="budget=1bits metric=loss sensitivity=%t/losses.json" %t/heads.mlir 2>&1 | FileCheck %s --check-prefix=SMALL

// 4.125 bits are int4 in groups of 128. Of 258 x 1024 weights' share the
// classifier takes 16640 of 135459 bytes, which leaves the pooler int3.
// CHECK: module attributes {mixbit.allocation = {{.*}}size = "{{(4|3\.[5-9]).*}}bits"}
// CHECK: mixbit.linear {{.*}}!mixbit.int<4, group = [1, 128], scale = f16>, "allocated">
// CHECK: mixbit.linear {{.*}}!mixbit.int<3, {{.*}}, "allocated">
// CHECK: mixbit.linear {{.*}}int<8, group = [1, 0], scale = f32>, "default">

// TIMES: mixbit.allocation = {{.*}}budget = "3.2bits"{{.*}}size = "{{(3|2\.[5-9]).*}}bits"

// The body pays for what --keep gives a head.
// KEEP: mixbit.linear {{.*}}!mixbit.int<3, {{.*}}, "allocated">
// KEEP-NOT: "allocated"

// SMALL: error: budget: expected at least 1.{{[0-9]+}}bits, which is every weight in its smallest format, but got 1bits

//--- heads.mlir
func.func @main(%x: tensor<?x?x256xf32> {mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, 256)>}) -> tensor<?x2xf32> attributes {mixbit.symbols = ["batch", "sequence"]} {
  %w = arith.constant dense<1.0> : tensor<1024x256xf32> loc("body")
  %p = arith.constant dense<1.0> : tensor<256x1024xf32> loc("pooler")
  %h = arith.constant dense<1.0> : tensor<2x256xf32> loc("classifier")
  %0 = mixbit.linear %x, %w : (tensor<?x?x256xf32>, tensor<1024x256xf32>) -> tensor<?x?x1024xf32>
  %1 = mixbit.reduce %0 {kind = #mixbit.reduce_kind<mean>, axes = array<i64: 1>} : (tensor<?x?x1024xf32>) -> tensor<?x1024xf32>
  %2 = mixbit.linear %1, %p : (tensor<?x1024xf32>, tensor<256x1024xf32>) -> tensor<?x256xf32>
  %3 = mixbit.linear %2, %h : (tensor<?x256xf32>, tensor<2x256xf32>) -> tensor<?x2xf32>
  return %3 : tensor<?x2xf32>
}
//--- losses.json
{"version": 1, "loss": "cross-entropy", "samples": 1, "weights": [
  {"name": "body", "rows": 1024, "cols": 256, "row_group": 0, "values": {"loss:int8:1x0": [1.53e-05], "loss:int7:1x128": [6.1e-05], "loss:int7:1x64": [5.59e-05], "loss:int7:1x32": [5.34e-05], "loss:int6:1x128": [0.000244], "loss:int6:1x64": [0.000223], "loss:int6:1x32": [0.000214], "loss:int5:1x128": [0.000977], "loss:int5:1x64": [0.000894], "loss:int5:1x32": [0.000855], "loss:int4:1x128": [0.00391], "loss:int4:1x64": [0.00357], "loss:int4:1x32": [0.00342], "loss:int3:1x128": [0.0156], "loss:int3:1x64": [0.0143], "loss:int3:1x32": [0.0137], "loss:int2:1x128": [0.0625], "loss:int2:1x64": [0.0572], "loss:int2:1x32": [0.0547], "loss:ternary:1x128": [0.109], "loss:ternary:1x64": [0.0996], "loss:ternary:1x32": [0.0953], "loss:binary:1x128": [0.25], "loss:binary:1x64": [0.229], "loss:binary:1x32": [0.219]}},
  {"name": "pooler", "rows": 256, "cols": 1024, "row_group": 0, "values": {"loss:int8:1x0": [3.05e-05], "loss:int7:1x128": [0.000122], "loss:int7:1x64": [0.000112], "loss:int7:1x32": [0.000107], "loss:int6:1x128": [0.000488], "loss:int6:1x64": [0.000447], "loss:int6:1x32": [0.000427], "loss:int5:1x128": [0.00195], "loss:int5:1x64": [0.00179], "loss:int5:1x32": [0.00171], "loss:int4:1x128": [0.00781], "loss:int4:1x64": [0.00715], "loss:int4:1x32": [0.00684], "loss:int3:1x128": [0.0312], "loss:int3:1x64": [0.0286], "loss:int3:1x32": [0.0274], "loss:int2:1x128": [0.125], "loss:int2:1x64": [0.114], "loss:int2:1x32": [0.109], "loss:ternary:1x128": [0.218], "loss:ternary:1x64": [0.199], "loss:ternary:1x32": [0.191], "loss:binary:1x128": [0.5], "loss:binary:1x64": [0.458], "loss:binary:1x32": [0.438]}}]}
