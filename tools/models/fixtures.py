"""Makes the small fixtures under test/models: convnet, shared, external and views, each with inputs and expected outputs.

    fixtures.py [OUT]        default: test/models of this repository

Every .npz holds one array per input and one per output of its model, under their names. Weights are random with a fixed seed;
the expected outputs are PyTorch's (convnet) or those of the NumPy functions below, and ONNX Runtime has to agree with them.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnxfile

OPSET, IR_VERSION = 17, 8


def convnet(out):
    """A convolutional classifier in NCHW with a dynamic batch, by both exporters; tests on batches of 1 and 4."""
    import torch
    from torch import nn
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1),
                          nn.Flatten(), nn.Linear(16, 10)).eval()
    # Spread the scores, which shrink through two poolings, so that errors show.
    with torch.no_grad():
        model[-1].weight *= 8
    image = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        scores = model(image)
    for file, opset, dynamo in (("model.onnx", 17, False), ("dynamo.onnx", 20, True)):
        onnxfile.export(model, (image,), f"{out}/{file}", ["image"], "scores", {0: "batch"}, opset, dynamo)
        for batch in (1, 3, 4):
            onnxfile.check(f"{out}/{file}", {"image": image[:batch].numpy()}, [scores[:batch].numpy()], 1e-5)
    np.savez_compressed(f"{out}/test.npz", image=image.numpy(), scores=scores.numpy())


def write(out, name, nodes, inputs, outputs, weights, external=None):
    """Writes a graph named `name`; `external` names a file for its large weights."""
    value = lambda v: helper.make_tensor_value_info(*v)
    graph = helper.make_graph(nodes, name, [value(v) for v in inputs], [value(v) for v in outputs],
                              [numpy_helper.from_array(array, key) for key, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                              producer_name="mixbit-fixtures")
    os.makedirs(out, exist_ok=True)
    if external is None:
        onnxfile.save(model, f"{out}/{name}.onnx")
        return
    onnx.checker.check_model(model, full_check=True)
    if os.path.exists(f"{out}/{external}"):
        os.remove(f"{out}/{external}")
    onnx.save(model, f"{out}/{name}.onnx", save_as_external_data=True, location=external, size_threshold=256)
    os.chmod(f"{out}/{external}", 0o644)
    print(f"{out}/{name}.onnx: {os.path.getsize(f'{out}/{name}.onnx')} bytes, {external}: "
          f"{os.path.getsize(f'{out}/{external}')} bytes")


def shared(out):
    """Two files with one encoder, equal in names and values, and a head each: a classifier and a scorer."""
    vocabulary, hidden, inner, classes = 128, 64, 128, 5
    random = np.random.default_rng(1)
    normal = lambda *shape: (random.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
    encoder = {"encoder.embedding.weight": random.standard_normal((vocabulary, hidden)).astype(np.float32),
               "encoder.up.weight": normal(hidden, inner), "encoder.up.bias": normal(inner),
               "encoder.down.weight": normal(inner, hidden), "encoder.down.bias": normal(hidden)}
    heads = {"a": {"classify.weight": normal(hidden, classes), "classify.bias": normal(classes)},
             "b": {"score.weight": normal(hidden, 1), "score.bias": normal(1)}}
    nodes = [helper.make_node(op, list(inputs), [output], name=f"/encoder/{name}", **attributes)
             for op, inputs, output, name, attributes in (
                 ("Gather", ("encoder.embedding.weight", "input_ids"), "embedded", "embedding", {}),
                 ("MatMul", ("embedded", "encoder.up.weight"), "up.product", "up/MatMul", {}),
                 ("Add", ("up.product", "encoder.up.bias"), "up", "up/Add", {}),
                 ("Relu", ("up",), "activated", "Relu", {}),
                 ("MatMul", ("activated", "encoder.down.weight"), "down.product", "down/MatMul", {}),
                 ("Add", ("down.product", "encoder.down.bias"), "down", "down/Add", {}),
                 ("Add", ("down", "embedded"), "encoded", "residual", {}),
                 ("ReduceMean", ("encoded",), "pooled", "pool", {"axes": [1], "keepdims": 0}))]
    tails = {"a": [helper.make_node("Gemm", ["pooled", "classify.weight", "classify.bias"], ["logits"], name="/classify/Gemm")],
             "b": [helper.make_node("MatMul", ["pooled", "score.weight"], ["score.product"], name="/score/MatMul"),
                   helper.make_node("Add", ["score.product", "score.bias"], ["score.sum"], name="/score/Add"),
                   helper.make_node("Sigmoid", ["score.sum"], ["score"], name="/score/Sigmoid")]}
    ids = random.integers(0, vocabulary, (3, 7))
    embedded = encoder["encoder.embedding.weight"][ids]
    up = np.maximum(embedded @ encoder["encoder.up.weight"] + encoder["encoder.up.bias"], 0)
    pooled = (up @ encoder["encoder.down.weight"] + encoder["encoder.down.bias"] + embedded).mean(1)
    results = {"a": ("logits", pooled @ heads["a"]["classify.weight"] + heads["a"]["classify.bias"]),
               "b": ("score", 1 / (1 + np.exp(-(pooled @ heads["b"]["score.weight"] + heads["b"]["score.bias"]))))}
    for key, (output, expected) in results.items():
        name = f"encoder-{key}"
        write(out, name, nodes + tails[key], [("input_ids", TensorProto.INT64, ["batch", "sequence"])],
              [(output, TensorProto.FLOAT, ["batch", expected.shape[1]])], encoder | heads[key])
        onnxfile.check(f"{out}/{name}.onnx", {"input_ids": ids}, [expected], 1e-5)
        np.savez_compressed(f"{out}/{name}.npz", input_ids=ids, **{output: expected.astype(np.float32)})


def external(out):
    """A perceptron whose matrices and one bias lie in weights.bin, at several offsets; the last bias is in the file."""
    random = np.random.default_rng(2)
    weights = {"first.weight": random.standard_normal((96, 64)).astype(np.float32) / 8,
               "first.bias": random.standard_normal(96).astype(np.float32),
               "second.weight": random.standard_normal((10, 96)).astype(np.float32) / 8,
               "second.bias": random.standard_normal(10).astype(np.float32)}
    nodes = [helper.make_node("Gemm", ["x", "first.weight", "first.bias"], ["hidden"], name="/first/Gemm", transB=1),
             helper.make_node("Relu", ["hidden"], ["activated"], name="/Relu"),
             helper.make_node("Gemm", ["activated", "second.weight", "second.bias"], ["y"], name="/second/Gemm", transB=1)]
    x = random.standard_normal((4, 64)).astype(np.float32)
    hidden = np.maximum(x @ weights["first.weight"].T + weights["first.bias"], 0)
    y = hidden @ weights["second.weight"].T + weights["second.bias"]
    write(out, "model", nodes, [("x", TensorProto.FLOAT, ["batch", 64])], [("y", TensorProto.FLOAT, ["batch", 10])],
          weights, "weights.bin")
    onnxfile.check(f"{out}/model.onnx", {"x": x}, [y], 1e-5)
    np.savez_compressed(f"{out}/test.npz", x=x, y=y)


def few_bits(out):
    """The perceptron of `external` with weights and activations of one and two bits, as --weights and --activations say."""
    model = onnx.load(f"{out}/model.onnx")
    weights = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in model.graph.initializer}
    x = np.random.default_rng(3).standard_normal((16, 64)).astype(np.float32)

    def ternary_weights(values):
        """The scale and codes of least squared error, row by row."""
        sizes = -np.sort(-np.abs(values), axis=1)
        sums, rows = np.cumsum(sizes, axis=1), np.arange(len(values))
        best = np.argmax(sums**2 / np.arange(1, values.shape[1] + 1), axis=1)
        scale = (sums[rows, best] / (best + 1))[:, None]
        return scale * np.sign(values) * (np.abs(values) >= sizes[rows, best][:, None])

    def quantize(values, bits):
        scale = np.abs(values).mean(1, keepdims=True) * (1 if bits == 1 else 4 / 3)
        codes = np.where(values < 0, -1, 1) if bits == 1 else np.sign(values) * (np.abs(values) > scale / 2)
        return scale * codes

    results = {}
    for name, bits in (("binary", 1), ("ternary", 2)):
        rounded = lambda values: quantize(values, 1) if bits == 1 else ternary_weights(values)
        linear = lambda value, layer: quantize(value, bits) @ rounded(weights[f"{layer}.weight"]).T + weights[f"{layer}.bias"]
        results[name] = linear(np.maximum(linear(x.astype(np.float64), "first"), 0), "second").astype(np.float32)
    np.savez_compressed(f"{out}/few-bits.npz", x=x, **results)


def views(out):
    """Slices that run backwards, at run time, and a sum over what a broadcast stretched: nothing of it is copied first."""
    # 9 columns: a last vector of lanes that is not full.
    x = np.random.default_rng(4).standard_normal((3, 9)).astype(np.float32)
    numbers = {"back": (-1,), "backs": (-1, -1), "far": (-100,), "fars": (-100, -100), "axis": (1,), "axes": (2, 3), "square": (3, 1, 3, 3),
               "wide": (3, 5), "first": (0,), "second": (1,)}
    weights = {name: np.array(values, np.int64) for name, values in numbers.items()} | {"half": np.array(0.5, np.float32)}
    node = lambda op, inputs, output, **attributes: helper.make_node(op, inputs, [output], name=f"/{output}", **attributes)
    nodes = [node("Slice", ["x", "back", "far", "axis", "back"], "reversed"), node("Add", ["reversed", "half"], "backwards"),
             node("Reshape", ["x", "square"], "image"), node("Slice", ["image", "backs", "fars", "axes", "backs"], "flipped"),
             node("Conv", ["image", "flipped"], "convolved", pads=[1, 1, 1, 1]),
             node("Slice", ["x", "first", "second", "axis"], "column"), node("Expand", ["column", "wide"], "stretched"),
             node("ReduceSum", ["stretched", "axis"], "total", keepdims=0)]
    image, flipped = np.pad(x.reshape(3, 3, 3), ((0, 0), (1, 1), (1, 1))), x.reshape(3, 3, 3)[:, ::-1, ::-1]
    convolved = np.array([[[[(image[n, row:row + 3, column:column + 3] * flipped[o]).sum() for column in range(3)] for row in range(3)]
                           for o in range(3)] for n in range(3)], np.float32)
    inputs, outputs = {"x": x}, {"backwards": x[:, ::-1] + np.float32(0.5), "convolved": convolved, "total": 5 * x[:, 0]}
    port = lambda name, array: (name, TensorProto.FLOAT, list(array.shape))
    write(out, "model", nodes, [port(*item) for item in inputs.items()], [port(*item) for item in outputs.items()], weights)
    onnxfile.check(f"{out}/model.onnx", inputs, list(outputs.values()), 1e-5)
    np.savez_compressed(f"{out}/test.npz", **inputs, **outputs)


if __name__ == "__main__":
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/models")
    convnet(f"{root}/convnet")
    shared(f"{root}/shared")
    external(f"{root}/external")
    few_bits(f"{root}/external")
    views(f"{root}/views")
