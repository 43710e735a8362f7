"""Makes the models that the benchmarks time: models.py NAME... --out FOLDER

Weights are random with a fixed seed: the models are for speed only. Needs the packages of requirements.txt.

    bert-base, minilm   encoders, by PyTorch's exporter
    stack               the linear layers of a Llama-shaped network: 24 layers of 1024/4096 and a head of 32000
                        (0.44 G weights); attention is left out, its four projections are there
    matvec              32 layers of 4096 x 4096 (0.54 G weights), out of every cache
"""
import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto, helper


class Writer:
    """An ONNX graph whose weights go straight to a file beside it."""

    def __init__(self, path):
        self.path, self.nodes, self.initializers, self.count = path, [], [], 0
        self.location = os.path.basename(path) + ".data"
        self.data = open(f"{path}.data.part", "wb")
        self.random = np.random.default_rng(0)

    def node(self, op, inputs, **attributes):
        self.count += 1
        output = f"{op.lower()}{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"/{output}", **attributes))
        return output

    def tensor(self, name, array):
        """A float32 initializer in the external file, on a boundary of 64 bytes."""
        self.data.write(b"\0" * (-self.data.tell() % 64))
        proto = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", self.location), ("offset", self.data.tell()), ("length", array.nbytes)):
            proto.external_data.add(key=key, value=str(value))
        array.tofile(self.data)
        self.initializers.append(proto)
        return name

    def linear(self, x, name, inputs, outputs):
        weight = self.random.standard_normal((inputs, outputs), dtype=np.float32) / np.float32(np.sqrt(inputs))
        return self.node("MatMul", [x, self.tensor(f"{name}.weight", weight)])

    def norm(self, x, name, width):
        return self.node("LayerNormalization", [x, self.tensor(f"{name}.weight", np.ones(width, np.float32))], axis=-1)

    def finish(self, x, width, outputs):
        self.data.close()
        self.nodes.append(helper.make_node("Identity", [x], ["output"], name="/output"))
        graph = helper.make_graph(self.nodes, os.path.basename(self.path).removesuffix(".onnx").replace("-", "_"),
                                  [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["tokens", width])],
                                  [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["tokens", outputs])],
                                  self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        os.replace(f"{self.path}.data.part", f"{self.path}.data")
        onnx.save(model, self.path)


def stack(path, layers=24, width=1024, inner=4096, vocabulary=32000):
    w = Writer(path)
    x = "x"
    for i in range(layers):
        name = f"layers.{i}"
        h = w.norm(x, f"{name}.attention_norm", width)
        q, k, v = (w.linear(h, f"{name}.{p}", width, width) for p in "qkv")
        mixed = w.node("Add", [w.node("Add", [q, k]), v])
        x = w.node("Add", [x, w.linear(mixed, f"{name}.o", width, width)])
        h = w.norm(x, f"{name}.ffn_norm", width)
        gate = w.linear(h, f"{name}.gate", width, inner)
        silu = w.node("Mul", [gate, w.node("Sigmoid", [gate])])
        up = w.node("Mul", [silu, w.linear(h, f"{name}.up", width, inner)])
        x = w.node("Add", [x, w.linear(up, f"{name}.down", inner, width)])
    w.finish(w.linear(w.norm(x, "norm", width), "head", width, vocabulary), width, vocabulary)


def matvec(path, layers=32, width=4096):
    w = Writer(path)
    x = "x"
    for i in range(layers):
        x = w.linear(x, f"layers.{i}", width, width)
    w.finish(x, width, width)


def bert(path, **config):
    import warnings

    import torch
    from transformers import BertConfig, BertModel
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = BertModel(BertConfig(attn_implementation="eager", **config))

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask,
                              token_type_ids=token_type_ids).last_hidden_state
    ids = torch.randint(5, 30000, (2, 128))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(Hidden().eval(), (ids, torch.ones_like(ids), torch.zeros_like(ids)), path, dynamo=False, opset_version=17,
                      input_names=names, output_names=["output"],
                      dynamic_axes={n: {0: "batch", 1: "sequence"} for n in names + ["output"]})


MODELS = {
    "bert-base": bert,
    "minilm": lambda path: bert(path, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536),
    "stack": stack,
    "matvec": matvec,
}


def path_of(out, name):
    """The model's file in a folder: also as the exporter named it that other scripts use there."""
    legacy = f"{out}/{name}.legacy.onnx"
    return legacy if os.path.exists(legacy) else f"{out}/{name}.onnx"


def ensure(out, name):
    """Makes the model if its file is not there; its path."""
    path = path_of(out, name)
    if not os.path.exists(path):
        os.makedirs(out, exist_ok=True)
        MODELS[name](path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=MODELS)
    parser.add_argument("--out", default=".")
    arguments = parser.parse_args()
    for model in arguments.names:
        print(ensure(arguments.out, model))
