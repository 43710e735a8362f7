//===- Passes.td - Gradients and sensitivities --------------*- tablegen -*-===//
#ifndef MIXBIT_PASSES_SENSITIVITY_PASSES_TD
#define MIXBIT_PASSES_SENSITIVITY_PASSES_TD

include "mlir/Pass/PassBase.td"

class Mixbit_SensitivityPass<string argument>
    : Pass<argument, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::mixbit::MixbitDialect",
                           "::mlir::arith::ArithDialect"];
}

def DecomposeAttention : Mixbit_SensitivityPass<"decompose-attention"> {
  let summary = "Attention becomes products and a softmax";
  let description = [{
    The form that differentiation works on: queries, keys and values split into
    heads, scores, mask, softmax, weighted values. A hidden key's score is a
    large negative number, so that a row without keys attends to all evenly, as
    `mixbit.attention` says.

    ```mlir
    %o = mixbit.attention %q, %k, %v {heads = 2 : i64, scale = 0.5 : f32} : ...
    // becomes
    %s = mixbit.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
    %p = mixbit.softmax %scaled {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
    %c = mixbit.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
    ```
  }];
}

def MarkLayers : Mixbit_SensitivityPass<"mark-layers"> {
  let summary = "Name the operations whose weights are to be measured";
  let description = [{
    Sets `mixbit.layer` on each `mixbit.linear` whose weight is a float
    constant, and with `tables` on each `mixbit.embedding` of one: the name of
    the initializer, with `#1`, `#2`, ... behind it for further uses of the same
    weight. `layers` keeps only those of these names; a name that is no weight's
    is an error.

    ```mlir
    %y = mixbit.linear %x, %w {mixbit.layer = "encoder.0.dense"} : ...
    ```
  }];
  let options = [
    ListOption<"layers", "layers", "std::string",
               "Names of weights; without it all of them">,
    Option<"tables", "tables", "bool", /*default=*/"false",
           "Embeddings too">
  ];
}

def Differentiate : Mixbit_SensitivityPass<"differentiate"> {
  let summary = "A function becomes one that returns gradients";
  let description = [{
    Reverse-mode differentiation of the cross-entropy between a further
    argument `targets`, of the shape of the result `output`, and the softmax of
    that result along its last dimension:

        loss = sum over rows of (sum_c t_c) logsumexp(z) - sum_c t_c z_c.

    With one-hot rows of `targets` it is the cross-entropy with labels; with the
    model's own probabilities its gradient is that of the divergence from them;
    a row of zeros (padding) counts nothing. Nothing is divided by the number of
    rows.

    The new results are the old ones and, for each operation that `mark-layers`
    has named, `x:NAME`, the linear's input or the embedding's ids, and
    `dy:NAME`, the gradient at its output. The gradient at a linear's weight is
    dy^T x, summed over rows or kept for each sample; at a table's row it is the
    sum of dy where the row was looked up. A table that is looked up once for
    all samples (positions) is looked up for each, so that its gradients can be
    told apart too. Fails where an operation on the way has no derivative,
    naming its node.

    With `points` the loss has a further term for each `mixbit.layer_norm` that
    depends on a marked linear, in their order:

        1/2 sum over rows r of pull_r |h_r - target_r|^2,

    h being its result, `target:0`, `target:1`, ... and `pull:0`, `pull:1`, ...
    (one number a row) further arguments. The results `point:0`, `point:1`, ...
    are h itself.

    ```mlir
    func.func @f(%x: tensor<?x4xf32> {mixbit.name = "x", ...}) -> (tensor<?x3xf32> {mixbit.name = "logits"})
    // becomes
    func.func @f(%x: tensor<?x4xf32> {mixbit.name = "x", ...},
                 %t: tensor<?x3xf32> {mixbit.name = "targets", ...})
        -> (tensor<?x3xf32> {mixbit.name = "logits"},
            tensor<?x4xf32> {mixbit.name = "x:head"},
            tensor<?x3xf32> {mixbit.name = "dy:head"})
    ```
  }];
  let options = [
    Option<"output", "output", "int64_t", /*default=*/"0",
           "Index of the result that holds the logits">,
    Option<"points", "points", "bool", /*default=*/"false",
           "Results of normalizations have targets too">
  ];
}

def ParameterizeLayers : Mixbit_SensitivityPass<"parameterize-layers"> {
  let summary = "Weights of the marked layers become arguments";
  let description = [{
    For each constant that operations with a `mixbit.layer` read as their weight
    or table there is a further argument `w:NAME` in its place, NAME being the
    mark of the first of them. Embeddings lose their mark: nothing is
    differentiated by a table.

    ```mlir
    %w = arith.constant dense<0.5> : tensor<3x4xf32>
    %y = mixbit.linear %x, %w {mixbit.layer = "head"} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    // becomes, with a further argument %a: tensor<3x4xf32> {mixbit.name = "w:head"}
    %y = mixbit.linear %x, %a {mixbit.layer = "head"} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    ```
  }];
}

def Linearize : Mixbit_SensitivityPass<"linearize"> {
  let summary = "A function becomes one that returns directional derivatives";
  let description = [{
    Forward-mode differentiation. For each linear with a `mixbit.layer` there is
    a further argument `u:NAME`, a tangent that is added to the linear's result;
    the results are the tangents of the old ones, with `d:` in front of their
    names. For a change V of the weight, u is x V^T. After `differentiate` the
    result `d:dy:NAME` is what Hessian-vector products are made of: the product
    with the Hessian of the weights is the sum over layers m of

        H_lm V_m = (d:dy_l)^T x_l + dy_l^T (d:x_l).

    ```mlir
    %y = mixbit.linear %x, %w {mixbit.layer = "head"} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    return %y
    // becomes
    return %u : tensor<?x3xf32>
    ```
  }];
}

def PerturbLayers : Mixbit_SensitivityPass<"perturb-layers"> {
  let summary = "Adds a given change to the output of each layer";
  let description = [{
    For each linear with a `mixbit.layer` there are a further argument `u:NAME`,
    added to the linear's result, and a further result `x:NAME`, its input. With
    u = x (Q - W)^T the function computes what it would with the weight Q, so
    that one compiled function measures every format of every layer.

    ```mlir
    %y = mixbit.linear %x, %w {mixbit.layer = "head"} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    %z = mixbit.binary %y, %u {kind = #mixbit.binary_kind<add>} : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
    ```
  }];
}

def AttachSensitivities : Pass<"attach-sensitivities", "::mlir::ModuleOp"> {
  let summary = "Write measured sensitivities at the operations";
  let description = [{
    Sets `sensitivity` on the linears and embeddings whose weights a file of
    `mixbit sensitivity` names. Without `file` the text is that of the ONNX
    file's own metadata (key `mixbit.sensitivity`), which the importer keeps in
    the function's `mixbit.sensitivities`; a model without it stays as it is.
    Values below zero, which an estimate of a trace or a measured loss can have,
    become zero. A weight that the model does not have is an error.

    ```mlir
    %y = mixbit.linear %x, %w : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    // becomes
    %y = mixbit.linear %x, %w {sensitivity = #mixbit.sensitivity<"fisher", [0.5]>} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
    ```
  }];
  let options = [
    Option<"file", "file", "std::string", /*default=*/"",
           "The file; without it the model's metadata">,
    Option<"measure", "measure", "std::string", /*default=*/"\"fisher\"",
           "Which of its measures">
  ];
  let dependentDialects = ["::mixbit::MixbitDialect"];
}

#endif // MIXBIT_PASSES_SENSITIVITY_PASSES_TD
