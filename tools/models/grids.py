"""Trains tiny classifiers with quantizers in PyTorch and exports them as float models: test/models/grids.

    grids.py [OUT]        default: test/models/grids of this repository

ternary.onnx   weights {-a, 0, a} with one a a matrix, a = mean|W| (BitNet b1.58)
binary.onnx    weights {-a, a} with one a a row, a = mean|W| of the row

Straight-through estimators train the latent weights; activations are quantized to 8 bits a token as the compiled library does
it. What is exported are the floats that the quantizers give, which lie on a grid; the file says nothing about that. test.npz
holds samples, labels, and for each model PyTorch's logits (NAME_logits), codes and scales of its weights (NAME_codes0,
NAME_scales0, ...).
"""
import os
import sys

import numpy as np
import torch
from torch import nn

import onnxfile


def through(x, quantized):
    """`quantized` forward, the identity backward."""
    return x + (quantized - x).detach()


def ternary(weight):
    scale = weight.abs().mean()
    return torch.clamp(torch.round(weight / scale), -1, 1), scale


def binary(weight):
    scale = weight.abs().mean(dim=1, keepdim=True)
    return torch.where(weight >= 0, 1.0, -1.0), scale


def quantize_tokens(x):
    """8 bits a row: round half to even of x * (127 / absmax)."""
    largest = x.abs().amax(dim=-1, keepdim=True)
    factor = torch.where(largest > 0, 127 / largest, torch.zeros_like(largest))
    return torch.clamp(torch.round(x * factor), -127, 127) * (largest / 127)


class QuantizedLinear(nn.Linear):
    def __init__(self, inputs, outputs, quantizer):
        super().__init__(inputs, outputs)
        self.quantizer = quantizer

    def values(self):
        steps, scale = self.quantizer(self.weight)
        return steps * scale

    def forward(self, x):
        return nn.functional.linear(through(x, quantize_tokens(x)), through(self.weight, self.values()), self.bias)


def classifier(quantizer):
    return nn.Sequential(QuantizedLinear(64, 128, quantizer), nn.ReLU(), QuantizedLinear(128, 128, quantizer), nn.ReLU(),
                         QuantizedLinear(128, 8, quantizer))


def exported(model):
    """The same network of plain layers that hold the quantizers' floats."""
    layers = []
    for layer in model:
        if isinstance(layer, QuantizedLinear):
            plain = nn.Linear(layer.in_features, layer.out_features)
            with torch.no_grad():
                plain.weight.copy_(layer.values())
                plain.bias.copy_(layer.bias)
            layers.append(plain)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    out = sys.argv[1] if len(sys.argv) > 1 else f"{root}/test/models/grids"
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
    for name, quantizer in (("ternary", ternary), ("binary", binary)):
        model = classifier(quantizer)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for step in range(600):
            rows = torch.randint(len(x), (128,))
            loss = nn.functional.cross_entropy(model(x[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            logits = model(test)
            accuracy = (logits.argmax(1) == truth).float().mean()
            print(f"{name}: accuracy {accuracy:.3f}")
            arrays[f"{name}_logits"] = logits.numpy()
            for index, layer in enumerate(layer for layer in model if isinstance(layer, QuantizedLinear)):
                codes, scales = layer.quantizer(layer.weight)
                arrays[f"{name}_codes{index}"] = codes.to(torch.int8).numpy()
                arrays[f"{name}_scales{index}"] = scales.reshape(-1).numpy()
        onnxfile.export(exported(model), (test[:2],), f"{out}/{name}.onnx", ["x"], "logits", {0: "batch"}, 17)
    np.savez_compressed(f"{out}/test.npz", **arrays)


if __name__ == "__main__":
    main()
