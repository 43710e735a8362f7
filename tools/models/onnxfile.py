"""What every script here does to an ONNX file: export it both ways, strip it of traces of the machine, check it.

Invariant: a file written by `save` holds no doc strings and no metadata (PyTorch's dynamo exporter records stack traces
with absolute paths there), so that what is committed depends only on the model and on the exporter's version.
"""
import os
import warnings

import numpy as np
import onnx

warnings.filterwarnings("ignore")


def strip(message):
    """Clears doc strings and metadata from a protobuf message and from everything inside it."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props"):
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for child in value if hasattr(value, "__len__") else [value]:
                strip(child)


def save(model, path):
    """Strips, checks and writes a ModelProto, and refuses one that still names this machine's folders."""
    strip(model)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    for trace in (os.getcwd(), os.path.expanduser("~"), "site-packages", ".py\""):
        if len(trace) > 1 and trace.encode() in data:
            raise SystemExit(f"{path}: expected no trace of the machine, but found '{trace}'")
    with open(path, "wb") as f:
        f.write(data)
    print(f"{path}: {len(data)} bytes, {len(model.graph.node)} nodes")


def export(module, args, path, inputs, output, axes, opset, dynamo=False):
    """Exports a torch module to `path`; `axes` maps the dynamic axes of the inputs, all alike, to their names."""
    import torch
    module = module.eval()
    if dynamo:
        dims = {axis: torch.export.Dim(name) for axis, name in axes.items()}
        program = torch.onnx.export(module, args, dynamo=True, opset_version=opset, input_names=inputs, output_names=[output],
                                    dynamic_shapes=tuple(dims for _ in inputs), verbose=False)
        return save(program.model_proto, path)
    temporary = f"{path}.tmp"
    dynamic = {name: axes for name in inputs} | {output: {0: axes[0]}}
    torch.onnx.export(module, args, temporary, dynamo=False, opset_version=opset, input_names=inputs, output_names=[output],
                      dynamic_axes=dynamic)
    model = onnx.load(temporary)
    os.remove(temporary)
    save(model, path)


def run(path, feed, as_is=False):
    """The outputs of a file in ONNX Runtime, on one thread; `as_is` without fusing what may round otherwise."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    if as_is:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, feed)


def check(path, feed, expected, bound=1e-4):
    """Fails unless ONNX Runtime computes `expected`, a list of arrays, within `bound`; returns the largest difference."""
    worst = 0.0
    for got, want in zip(run(path, feed), expected, strict=True):
        if got.shape != want.shape:
            raise SystemExit(f"{path}: expected shape {want.shape}, but got {got.shape}")
        worst = max(worst, float(np.abs(got - want).max()))
    if not worst <= bound:
        raise SystemExit(f"{path}: expected a difference of at most {bound}, but got {worst}")
    return worst
