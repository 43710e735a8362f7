"""Trains tiny classifiers whose quantizers stay in the exported graph: test/models/qat.

    qat.py [OUT]        default: test/models/qat of this repository

qdq.onnx      QuantizeLinear/DequantizeLinear on weights (8 bits, a scale a row) and activations (8 bits, a zero point)
full.onnx     the same with signed activations of the full range, -128 to 127
lsq.onnx      learned step sizes (LSQ, Esser et al. 2020): Div-Clip-Round-Mul on weights (4 bits, a scale a row) and on
              activations (4 bits, signed first, unsigned behind a ReLU)
elastic.onnx  elastic quantizers of BiT (Liu et al. 2022): binary weights, alpha computed in the graph from the latent ones;
              activations of 1 bit, signed (sign) and unsigned (0, 1), and of three values above the tensor's minimum, which
              is found as the network runs
blocked.onnx  not trained: 4-bit codes with a scale and a zero point a block of 32 inputs (opset 21), as MatMul's weight

Nothing of it is folded by the exporter. test.npz holds samples, labels, and for each model PyTorch's logits (NAME_logits),
codes and scales of its weights (NAME_codes0, NAME_scales0, ...).
"""
import os
import sys

import numpy as np
import onnx
import torch
from torch import nn

import onnxfile


def through(x, quantized):
    """`quantized` forward, the identity backward."""
    return x + (quantized - x).detach()


class FakeQuantized(nn.Module):
    """QDQ on both sides. The range of activations is a running maximum of what training shows."""

    def __init__(self, inputs, outputs, low, high):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.low, self.high = low, high
        self.register_buffer("range", torch.zeros(2))

    def activations(self):
        least, most = float(self.range[0]), float(self.range[1])
        # Narrower than what was seen, so that both ends are reached.
        if self.low < 0:
            return max(most, -least, 1e-3) / 127 * 0.6, 0
        scale = max(most - least, 1e-3) / 255 * 0.8
        return scale, int(min(max(round(-0.8 * least / scale), self.low), self.high))

    def weights(self):
        return self.linear.weight.detach().abs().amax(dim=1) / 127

    def codes(self):
        scale = self.weights()
        return torch.clamp(torch.round(self.linear.weight.detach() * (1 / scale)[:, None]), -127, 127), scale

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.range[0] = min(self.range[0], x.min())
                self.range[1] = max(self.range[1], x.max())
        scale, zero = self.activations()
        x = torch.fake_quantize_per_tensor_affine(x, scale, zero, self.low, self.high)
        zeros = torch.zeros(self.linear.out_features, dtype=torch.int32)
        w = torch.fake_quantize_per_channel_affine(self.linear.weight, self.weights(), zeros, 0, -128, 127)
        return nn.functional.linear(x, w, self.linear.bias)


class Lsq(nn.Module):
    def __init__(self, inputs, outputs, low, high):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.low, self.high = low, high
        self.step = nn.Parameter(torch.tensor(0.4))
        self.steps = nn.Parameter(2 * self.linear.weight.detach().abs().mean(dim=1, keepdim=True) / 7 ** 0.5)

    @staticmethod
    def quantize(x, step, low, high):
        scaled = torch.clamp(x / step, low, high)
        return through(scaled, torch.round(scaled)) * step if torch.is_grad_enabled() else torch.round(scaled) * step

    def codes(self):
        return (torch.round(torch.clamp(self.linear.weight.detach() / self.steps.detach(), -8, 7)),
                self.steps.detach().flatten())

    def forward(self, x):
        x = self.quantize(x, self.step, self.low, self.high)
        return nn.functional.linear(x, self.quantize(self.linear.weight, self.steps, -8, 7), self.linear.bias)


class Elastic(nn.Module):
    def __init__(self, inputs, outputs, form):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.form = form
        self.alpha = nn.Parameter(torch.tensor(0.8))

    def activations(self, x):
        train = torch.is_grad_enabled()
        if self.form == "signed":
            q = torch.sign(x)
            return (through(torch.clamp(x, -1, 1), q) if train else q) * self.alpha
        if self.form == "unsigned":
            scaled = torch.clamp(x / self.alpha, 0, 1)
            return (through(scaled, torch.round(scaled)) if train else torch.clamp(torch.round(x / self.alpha), 0, 1)) * self.alpha
        least = x.min()
        if not train:
            return torch.clamp(torch.round((x - least) / self.alpha), 0, 2) * self.alpha + least
        scaled = torch.clamp((x - least) / self.alpha, 0, 2)
        return through(scaled, torch.round(scaled)) * self.alpha + least

    def codes(self):
        weight = self.linear.weight.detach()
        return torch.where(weight >= 0, 1.0, -1.0), weight.abs().mean(dim=1)

    def forward(self, x):
        weight = self.linear.weight
        scale = weight.abs().mean(dim=1, keepdim=True)
        quantized = torch.where(weight >= 0, 1.0, -1.0) * scale
        weight = through(weight, quantized) if torch.is_grad_enabled() else quantized
        return nn.functional.linear(self.activations(x), weight, self.linear.bias)


def classifier(make, forms):
    # A minimum other than zero is what the last form is about.
    last = nn.Tanh() if make is Elastic else nn.ReLU()
    return nn.Sequential(make(64, 128, *forms[0]), nn.ReLU(), make(128, 128, *forms[1]), last, make(128, 8, *forms[2]))


def train(model, x, labels):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for step in range(500):
        rows = torch.randint(len(x), (128,))
        loss = nn.functional.cross_entropy(model(x[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def export(model, test, path):
    temporary = f"{path}.tmp"
    torch.onnx.export(model, (test[:2],), temporary, dynamo=False, opset_version=17, input_names=["x"],
                      output_names=["logits"], dynamic_axes={"x": {0: "batch"}, "logits": {0: "batch"}},
                      do_constant_folding=False)
    exported = onnx.load(temporary)
    os.remove(temporary)
    onnxfile.save(exported, path)


def blocked(generator, test, path):
    """x W for W of 64 x 48 with blocks of 32 along the inputs."""
    from onnx import TensorProto, helper, numpy_helper
    codes = generator.integers(0, 16, (64, 48)).astype(np.uint8)
    scales = generator.uniform(0.01, 0.1, (2, 48)).astype(np.float32)
    zeros = generator.integers(4, 12, (2, 48)).astype(np.uint8)
    nodes = [helper.make_node("DequantizeLinear", ["codes", "scales", "zeros"], ["w"], name="dequantize", axis=0, block_size=32),
             helper.make_node("MatMul", ["x", "w"], ["y"], name="product")]
    graph = helper.make_graph(
        nodes, "blocked", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 48])],
        [numpy_helper.from_array(codes, "codes"), numpy_helper.from_array(scales, "scales"),
         numpy_helper.from_array(zeros, "zeros")])
    onnxfile.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
    wide = np.repeat(scales, 32, axis=0)
    weight = (codes.astype(np.float32) - np.repeat(zeros, 32, axis=0)) * wide
    return {"blocked_logits": test @ weight, "blocked_weight": weight.T.copy()}


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    out = sys.argv[1] if len(sys.argv) > 1 else f"{root}/test/models/qat"
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # Eight classes, each two clusters, so that no linear model tells them apart.
    centers = torch.randn(16, 64) * 0.8
    def samples(count):
        cluster = torch.randint(16, (count,))
        return centers[cluster] + torch.randn(count, 64), cluster % 8
    x, labels = samples(4096)
    test, truth = samples(256)
    arrays = {"x": test.numpy(), "labels": truth.numpy()}
    models = {
        "qdq": (FakeQuantized, [(0, 255)] * 3),
        "full": (FakeQuantized, [(-128, 127)] * 3),
        "lsq": (Lsq, [(-8, 7), (0, 15), (0, 15)]),
        "elastic": (Elastic, [("signed",), ("unsigned",), ("minimum",)]),
    }
    for name, (make, forms) in models.items():
        model = train(classifier(make, forms), x, labels)
        with torch.no_grad():
            logits = model(test)
            print(f"{name}: accuracy {(logits.argmax(1) == truth).float().mean():.3f}")
            arrays[f"{name}_logits"] = logits.numpy()
            for index, layer in enumerate(layer for layer in model if hasattr(layer, "codes")):
                codes, scales = layer.codes()
                arrays[f"{name}_codes{index}"] = codes.to(torch.int8).numpy()
                arrays[f"{name}_scales{index}"] = scales.numpy()
            export(model, test, f"{out}/{name}.onnx")
    arrays |= blocked(np.random.default_rng(0), test.numpy(), f"{out}/blocked.onnx")
    np.savez_compressed(f"{out}/test.npz", **arrays)


if __name__ == "__main__":
    main()
