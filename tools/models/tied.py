"""Writes a model whose embedding table is its output layer too: test/models/tied.

    tied.py [OUT]        default: test/models/tied of this repository

One initializer `table` is looked up twice (`token`, `previous`) and multiplied with, transposed, at the end, as language models tie
their head to their embedding. test.npz holds the inputs, their first axis the sample, and the logits of ONNX Runtime.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnxfile

WORDS, WIDTH = 300, 64


def model():
    random = np.random.default_rng(5)

    def tensor(name, *shape, scale):
        return numpy_helper.from_array((scale * random.standard_normal(shape)).astype(np.float32), name)

    weights = [tensor("table", WORDS, WIDTH, scale=0.5), tensor("hidden.weight", WIDTH, WIDTH, scale=0.125),
               tensor("hidden.bias", WIDTH, scale=0.1)]
    nodes = [
        helper.make_node("Gather", ["table", "token"], ["a"], "token_embedding"),
        helper.make_node("Gather", ["table", "previous"], ["b"], "previous_embedding"),
        helper.make_node("Add", ["a", "b"], ["x"], "sum"),
        helper.make_node("MatMul", ["x", "hidden.weight"], ["m"], "hidden/MatMul"),
        helper.make_node("Add", ["m", "hidden.bias"], ["h"], "hidden/Add"),
        helper.make_node("Tanh", ["h"], ["t"], "tanh"),
        helper.make_node("Transpose", ["table"], ["turned"], "head/Transpose", perm=[1, 0]),
        helper.make_node("MatMul", ["t", "turned"], ["logits"], "head/MatMul"),
    ]
    ids = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in ("token", "previous")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "sequence", WORDS])
    graph = helper.make_graph(nodes, "tied", ids, [logits], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="mixbit")


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../test/models/tied")
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, "model.onnx")
    onnxfile.save(model(), path)
    random = np.random.default_rng(6)
    feed = {name: random.integers(0, WORDS, (8, 4)) for name in ("token", "previous")}
    # Indices from the end are in the language, too.
    feed["previous"][:, 0] = -1
    np.savez_compressed(os.path.join(out, "test.npz"), **feed, logits=onnxfile.run(path, feed)[0])


if __name__ == "__main__":
    main()
