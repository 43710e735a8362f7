//===- Passes.td - Formats are chosen, weights rounded ------*- tablegen -*-===//
#ifndef MIXBIT_PASSES_QUANTIZE_PASSES_TD
#define MIXBIT_PASSES_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def AssignFormats : Pass<"assign-formats", "::mlir::ModuleOp"> {
  let summary = "Choose the format of every weight by name";
  let description = [{
    Sets `format` on each `mixbit.linear` and `mixbit.embedding` whose weight
    is a constant, and `activations` on the linears among them. `weights` holds
    for all of them, but for those that a pattern of `keep` matches: a pattern
    (`*` and `?` as in a shell) is held against the names of the weight's
    initializer and of the node; the last match counts. A weight shared by
    several operations gets one format, by whichever of its users' names
    matches last in `keep`. Weights kept in fp32 are left alone. `auto` gives
    int8, for `allocate-formats` to choose better.

    Each `mixbit.attention` whose node no pattern of `keep` keeps in fp32 gets
    its `products` from `attention`: `auto` is `fastest` where linears have
    quantized activations by default, else those of floats.

    Rows (outputs) may lie in segments of several formats, in the order of rows:
    `int8@64+int4` is int8 for the first 64 rows and int4 for the others,
    `int8@10%+int4` for a tenth of them, in whole panels of 64. Tables take the
    format without `@`.

    ```mlir
    %w = arith.constant dense_resource<w> : tensor<1536x384xf32>
    %y = mixbit.linear %x, %w : ...
    // becomes, with weights=int4
    %y = mixbit.linear %x, %w {
      activations = #mixbit.activations<8, per_token, dynamic>,
      format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "default">} : ...
    ```
  }];
  let options = [
    Option<"weights", "weights", "std::string", /*default=*/"\"int8\"",
           "Format of weights: fp32, int1 to int8 (a z behind: with zero "
           "points), ternary, binary, several joined as FORMAT@ROWS+FORMAT, or "
           "auto">,
    Option<"group", "group", "std::string", /*default=*/"",
           "Rows and columns that share a scale, as ROWSxCOLS; 0 is the whole "
           "extent. Without it 1x0 at 8 bits, 1x128 below">,
    Option<"scale", "scale", "std::string", /*default=*/"",
           "Type of scales: fp32, fp16 or bf16. Without it fp16 where weights "
           "of fewer than 8 bits share scales in groups, else fp32">,
    Option<"activations", "activations", "std::string",
           /*default=*/"\"int8\"",
           "Format of the linears' activations: fp32, int1 to int8 (per token, "
           "dynamic), or int1-static to int8-static (per tensor, by "
           "calibration)">,
    Option<"attention", "attention", "std::string", /*default=*/"\"auto\"",
           "Products of attention: auto, fp32 or int8">,
    ListOption<"keep", "keep", "std::string",
               "PATTERN=FORMAT, where :ROWSxCOLS may follow: the format (or "
               "several) of initializers or nodes whose name matches">
  ];
  let statistics = [
    Statistic<"assigned", "num-assigned", "operations given a format">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def DetectGrids : Pass<"detect-grids", "::mlir::ModuleOp"> {
  let summary = "Find weights that already lie on a grid";
  let description = [{
    Quantization-aware training ends with weights that are a scale times a
    small integer, which exporters write as floats. Where a weight with a
    `default` format lies on such a grid (binary, ternary or 1 to 8 bits, for
    the whole matrix, each row, or 128, 64 or 32 of a row; with zero points
    too), and the grid has no more bits than the format asked for, its format
    becomes that of the grid: `quantize-weights` then stores it
    without loss, every float coming back equal (`lib/quant/Grid.h`).

    ```mlir
    %w = arith.constant dense<[[0.5, -0.5, 0.0, 0.5, ...], ...]> : tensor<64x64xf32>
    %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : ...
    // becomes
    %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.ternary<group = [0, 0], scale = f32>, "grid">} : ...
    ```
  }];
  let statistics = [
    Statistic<"detected", "num-detected", "weights on a grid">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def RecoverQuantizers : Pass<"recover-quantizers", "::mlir::ModuleOp"> {
  let summary = "Quantizers that a network has in front of its linears";
  let description = [{
    Quantization-aware training leaves its quantizers of activations in the
    network: a division by a scale, rounding, clamping, a product with the
    scale (from QuantizeLinear and DequantizeLinear, or spelled out as learned
    step sizes and the elastic quantizers of BiT are). Where one stands in
    front of a linear whose weight waits for a format of integers, it becomes
    the linear's `activations`, per tensor and static, so that its codes enter
    an integer product. Codes are those that the network computes, bit for bit.

    A quantizer that takes the minimum m of its input off, and adds it again,
    leaves the product with m to a vector of the weight's row sums.

    ```mlir
    %d = mixbit.binary %x, %step {kind = #mixbit.binary_kind<div>} : ...
    %r = mixbit.unary %d {kind = #mixbit.unary_kind<round>} : ...
    %l = mixbit.binary %r, %low {kind = #mixbit.binary_kind<max>} : ...
    %h = mixbit.binary %l, %high {kind = #mixbit.binary_kind<min>} : ...
    %q = mixbit.binary %h, %step {kind = #mixbit.binary_kind<mul>} : ...
    %y = mixbit.linear %q, %w {activations = ..., format = ...} : ...
    // becomes
    %y = mixbit.linear %x, %w {
      activations = #mixbit.activations<8, per_tensor, static, <divide, step = 2.500000e-01 : f32, scale = 2.500000e-01 : f32, low = -127, high = 127>>,
      format = ...} : ...
    ```
  }];
  let statistics = [
    Statistic<"recovered", "num-recovered", "linears with a quantizer">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def AllocateFormats : Pass<"allocate-formats", "::mlir::ModuleOp"> {
  let summary = "Choose the formats of all weights under a budget";
  let description = [{
    Weights whose format is a `default` get the formats that together add the
    least predicted loss within `budget`: a multiple-choice knapsack, solved to
    optimality (`lib/quant/Allocate.h`). The predicted loss of a weight in a
    format is its squared rounding error weighted by a sensitivity
    (`lib/quant/Candidates.h`), which comes from a calibration, from the file
    `sensitivity`, or from `mixbit.sensitivity` attributes. Other weights keep
    their formats and take their part of the budget, and so do linear layers of
    fewer than 64 outputs, which stay as they are. An average in bits is kept
    by all linear layers together and by those of the body alone, without
    heads, which see one row a sample or have fewer than 64 outputs. See
    docs/MixedPrecision.md.

    With `segments` the rows (outputs) of each linear layer are chosen for in
    so many parts, or a part for each head of queries, keys and values (as many
    heads as fill whole panels of 64 outputs); parts that get one format are one
    segment again.

    The decision is written as `format` and `sensitivity` of the operations and
    `mixbit.allocation` of the module.

    ```mlir
    %y = mixbit.linear %x, %w {
      format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">,
      sensitivity = #mixbit.sensitivity<"trace", [2.5]>} : ...
    // becomes, with budget=4.2bits metric=trace
    %y = mixbit.linear %x, %w {
      format = #mixbit.format<!mixbit.int<4, group = [1, 128], scale = f16>, "allocated">,
      sensitivity = #mixbit.sensitivity<"trace", [2.5]>} : ...
    ```
  }];
  let options = [
    Option<"budget", "budget", "std::string", /*default=*/"",
           "3.2bits (a weight of linear layers, scales counted), 13x (32/13 "
           "bits), 30% (of the fp32 bytes of linear layers and embeddings), "
           "12MB (of the file) or 8ms (of the linear layers)">,
    Option<"policyOption", "allocation", "std::string",
           /*default=*/"\"optimal\"",
           "optimal, or to compare with: greedy, reversed, uniform">,
    Option<"metric", "metric", "std::string", /*default=*/"\"fisher\"",
           "The sensitivity: fisher, trace, omega, gram or loss">,
    Option<"sensitivityFile", "sensitivity", "std::string", /*default=*/"",
           "A file of sensitivities, as mixbit sensitivity writes">,
    Option<"segmentsOption", "segments", "std::string", /*default=*/"\"1\"",
           "Parts of each linear layer's rows that formats are chosen for: a "
           "number, or heads">,
    Option<"overhead", "overhead", "int64_t", /*default=*/"0",
           "Bytes of the file that are no weights, for a budget in MB">,
    Option<"curvePoints", "curve", "unsigned", /*default=*/"0",
           "How many budgets to solve for, for the report's curve">
  ];
  let statistics = [
    Statistic<"allocated", "num-allocated", "operations given a format">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def SortRows : Pass<"sort-rows", "::mlir::ModuleOp"> {
  let summary = "Bring rows of like sensitivity together";
  let description = [{
    Reorders the rows (outputs) of a linear layer, the most sensitive first, and
    the inputs of the layers behind it to match, so that segments of formats
    follow the sensitivities. That changes no result, and is possible where
    between the layers there is only elementwise work with scalars: the pair of
    a feed-forward block. How sensitive a row is, is its predicted loss in int3,
    from `mixbit.sensitivity` attributes with a value for each row or group of
    rows (mixbit compile hands over orders of its own).

    ```mlir
    %h = mixbit.linear %x, %w1, %b1 {sensitivity = #mixbit.sensitivity<"trace", [0.1, 2.0, ...]>} : ...
    %a = mixbit.unary %h {kind = #mixbit.unary_kind<gelu>} : ...
    %y = mixbit.linear %a, %w2, %b2 : ...
    // becomes, with the rows of %w1 and %b1 and the columns of %w2 in another order
    ```
  }];
  let options = [
    Option<"metric", "metric", "std::string", /*default=*/"\"fisher\"",
           "The sensitivity to sort by: fisher, trace, omega, gram">
  ];
  let statistics = [
    Statistic<"sorted", "num-sorted", "weights whose rows were sorted">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def QuantizeWeights : Pass<"quantize-weights", "::mlir::ModuleOp"> {
  let summary = "Round weights to the formats that were assigned";
  let description = [{
    Replaces the weight of each operation with a `format` by a
    `mixbit.quantized_constant` and drops the attribute; a weight shared by
    several operations is rounded once. Codes are the nearest, below 8 bits for
    the scales of least squared error; `mixbit compile --calibration` hands over
    weights that it has rounded itself. The data of a float weight that
    nothing reads any more is freed; what is mapped from a file is handed back
    to the kernel, so that memory holds one float weight at a time.

    ```mlir
    %w = arith.constant dense_resource<w> : tensor<1536x384xf32>
    %y = mixbit.linear %x, %w {format = #mixbit.format<!mixbit.int<8, group = [1, 0], scale = f32>, "default">} : ...
    // becomes
    %w = mixbit.quantized_constant codes(dense_resource<w.codes> : tensor<1536x384xi8>)
        scales(dense_resource<w.scales> : tensor<1536x1xf32>)
        : tensor<1536x384x!mixbit.int<8, group = [1, 0], scale = f32>>
    %y = mixbit.linear %x, %w : ...
    ```
  }];
  let statistics = [
    Statistic<"rounded", "num-rounded", "weights rounded">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

def VerifyQuantized : Pass<"verify-quantized", "::mlir::ModuleOp"> {
  let summary = "Check what the quantize stage hands on";
  let description = [{
    No format waits to be applied, quantized values are weights and tables
    only, and a kernel exists for each format and for the activations beside
    it. Types that no kernel serves are complete otherwise; this is where
    compiling with one ends.

    ```mlir
    // error: node 'head': no kernel exists for int4 in groups of 1x48: groups
    // along the inputs are served in multiples of 32
    %y = mixbit.linear %x, %w {activations = ...}
        : (tensor<?x384xf32>, tensor<2x384x!mixbit.int<4, group = [1, 48], scale = f32>>) -> tensor<?x2xf32>
    ```
  }];
}

#endif // MIXBIT_PASSES_QUANTIZE_PASSES_TD
