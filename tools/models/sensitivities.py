"""Stores gradients, Fisher information and Hessian eigenvalues of test/models/sections-small as PyTorch computes them.

    sensitivities.py [FOLDER]        default: test/models/sections-small of this repository

Reads the weights of legacy.onnx, rebuilds the model in double precision with eager attention, and differentiates twice by
backward passes (no finite differences). The loss is the mean cross-entropy of the first 32 samples of calibration.npz with their
labels. Writes sensitivities.npz; weights are numbered in the order of the graph (query, key, value, attention output,
intermediate, output of each block, then pooler and classifier), each as [outputs, inputs]:

    gradient_norms [14]  Frobenius norms          gradient_0, gradient_13   the whole gradient of the first and the last weight
    fisher_means [14]    mean squared gradient    fisher_0                  the diagonal of the first weight
    fisher_table_N       sums over columns of the diagonals of the tables of words, kinds of tokens, positions
    eigenvalues [14]     largest by magnitude of each weight's block of the Hessian
    trace_13 []          of the last weight's block: E[(1 - sum p^2) |x|^2], exact, as the logits are linear in that weight
"""
import os
import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper

TABLES = ["word", "token_type", "position"]
SAMPLES, HEADS = 32, 4


def read(path):
    """The initializers, and the weights of the products with constants in the order of the graph, as [outputs, inputs]."""
    graph = onnx.load(path).graph
    values = {init.name: torch.tensor(numpy_helper.to_array(init).astype(np.float64)) for init in graph.initializer
              if init.data_type == onnx.TensorProto.FLOAT}
    weights = []
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in values:
            weights.append(values[node.input[1]].T.contiguous())
        elif node.op_type == "Gemm":
            weights.append(values[node.input[1]])
    return values, weights


def forward(values, weights, data):
    """The classifier's logits, with attention as products and a softmax."""
    functional = torch.nn.functional
    bias = lambda name: values[f"bert.bert.{name}.bias"]
    norm = lambda x, name: functional.layer_norm(x, x.shape[-1:], values[f"bert.bert.{name}.weight"], bias(name), 1e-12)
    embed = lambda name: values[f"bert.bert.embeddings.{name}_embeddings.weight"]
    ids, mask, types = (data[name] for name in ("input_ids", "attention_mask", "token_type_ids"))
    batch, length = ids.shape
    x = embed("word")[ids] + embed("token_type")[types] + embed("position")[:length]
    x = norm(x, "embeddings.LayerNorm")
    hidden = (1.0 - mask[:, None, None, :].double()) * -1e30
    split = lambda y: y.view(batch, length, HEADS, -1).transpose(1, 2)
    for layer in range((len(weights) - 2) // 6):
        query, key, value, output, up, down = weights[6 * layer:6 * layer + 6]
        name = f"encoder.layer.{layer}"
        q, k, v = (split(functional.linear(x, w, bias(f"{name}.attention.self.{kind}")))
                   for w, kind in ((query, "query"), (key, "key"), (value, "value")))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + hidden
        context = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, -1)
        x = norm(x + functional.linear(context, output, bias(f"{name}.attention.output.dense")),
                 f"{name}.attention.output.LayerNorm")
        y = functional.gelu(functional.linear(x, up, bias(f"{name}.intermediate.dense")))
        x = norm(x + functional.linear(y, down, bias(f"{name}.output.dense")), f"{name}.output.LayerNorm")
    pooled = torch.tanh(functional.linear(x[:, 0], weights[-2], bias("pooler.dense")))
    return functional.linear(pooled, weights[-1], values["bert.classifier.bias"])


def top_eigenvalue(gradient, weight):
    """Power iteration on one block, to a relative change of 1e-4."""
    generator = torch.Generator().manual_seed(0)
    vector = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    vector, value = vector / vector.norm(), 0.0
    for step in range(400):
        product, = torch.autograd.grad((gradient * vector).sum(), weight, retain_graph=True)
        previous, value = value, (product * vector).sum().item()
        vector = product / product.norm()
        if abs(value - previous) < 1e-4 * abs(value):
            break
    print(tuple(weight.shape), value, f"after {step} steps", flush=True)
    return value


def last_trace(logits, weight, losses, labels):
    """The gradient of a sample is (p - onehot) x^T, which gives |x|."""
    p, total = logits.softmax(-1).detach(), 0.0
    for row, label, loss in zip(p, labels, losses):
        gradient, = torch.autograd.grad(loss, weight, retain_graph=True)
        error = row - torch.nn.functional.one_hot(label, len(row))
        total += ((1 - (row ** 2).sum()) * (gradient ** 2).sum() / (error ** 2).sum()).item()
    return total / len(losses)


def main(folder):
    values, weights = read(f"{folder}/legacy.onnx")
    data = {name: torch.from_numpy(array[:SAMPLES]) for name, array in np.load(f"{folder}/calibration.npz").items()}
    tables = [values[f"bert.bert.embeddings.{name}_embeddings.weight"] for name in TABLES]
    for weight in weights + tables:
        weight.requires_grad_()
    logits = forward(values, weights, data)
    stored = np.load(f"{folder}/test.npz")
    test = {name: torch.from_numpy(stored[name][:64]) for name in data}
    worst = np.abs(forward(values, weights, test).detach().numpy() - stored["logits"][:64]).max()
    assert worst < 1e-4, worst
    losses = torch.nn.functional.cross_entropy(logits, data["labels"], reduction="none")
    gradients = torch.autograd.grad(losses.mean(), weights, create_graph=True)
    out = {"gradient_norms": [gradient.norm().item() for gradient in gradients],
           "gradient_0": gradients[0], "gradient_13": gradients[13]}
    squares = [torch.zeros_like(weight) for weight in weights + tables]
    for loss in losses:
        for square, gradient in zip(squares, torch.autograd.grad(loss, weights + tables, retain_graph=True)):
            square += gradient ** 2 / SAMPLES
    out |= {f"fisher_table_{i}": square.sum(1) for i, square in enumerate(squares[len(weights):])}
    out |= {"fisher_means": [square.mean().item() for square in squares[:len(weights)]], "fisher_0": squares[0]}
    out["eigenvalues"] = [top_eigenvalue(gradient, weight) for gradient, weight in zip(gradients, weights)]
    out["trace_13"] = last_trace(logits, weights[-1], losses, data["labels"])
    np.savez_compressed(f"{folder}/sensitivities.npz", **{
        name: (value.detach().numpy() if torch.is_tensor(value) else np.array(value)).astype(np.float32)
        for name, value in out.items()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1] if len(sys.argv) > 1 else
         os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/models/sections-small"))
