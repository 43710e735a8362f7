"""The peers: their own quantized forms of a model, and one callable each that runs it once.

A peer whose package is missing, or whose form cannot be made, is skipped with a message.
"""
import os
import sys

import numpy as np

import models


def skip(label, reason):
    print(f"skipped {label}: {reason}", file=sys.stderr)


def feed_of(path, batch, length, kept=None):
    """Made-up inputs: ids, masks of ones (of each sample's `kept` tokens), token types of 0, floats."""
    import onnx
    random = np.random.default_rng(0)
    feed = {}
    for port in onnx.load(path, load_external_data=False).graph.input:
        dims = [d.dim_value for d in port.type.tensor_type.shape.dim]
        if port.type.tensor_type.elem_type == 1:
            feed[port.name] = random.standard_normal((batch * length, dims[-1]), dtype=np.float32)
            continue
        shape = (batch, length)
        array = np.zeros(shape, np.int64)
        if port.name == "input_ids":
            array = random.integers(5, 30000, shape)
        elif "mask" in port.name:
            for sample in range(batch):
                array[sample, :kept[sample] if kept else length] = 1
        feed[port.name] = array
    return feed


def _onnxruntime_int8(source, path, _):
    from onnxruntime.quantization import QuantType, quantize_dynamic
    quantize_dynamic(source, path, weight_type=QuantType.QInt8, per_channel=True)


def _onnxruntime_int4(source, path, _):
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    quantizer = MatMulNBitsQuantizer(onnx.load(source), bits=4, block_size=32, is_symmetric=True, accuracy_level=4)
    quantizer.process()
    quantizer.model.save_model_to_file(path, False)


def _openvino_int8(source, path, feed):
    import nncf
    import openvino as ov
    random = np.random.default_rng(1)

    def sample():
        ids = random.integers(5, 30000, next(iter(feed.values())).shape)
        return feed | {name: ids for name in feed if name == "input_ids"}
    quantized = nncf.quantize(ov.Core().read_model(source), nncf.Dataset([sample() for _ in range(16)]),
                              model_type=nncf.ModelType.TRANSFORMER, subset_size=16)
    ov.save_model(quantized, path)


def _openvino_int4(source, path, _):
    import nncf
    import openvino as ov
    ov.save_model(nncf.compress_weights(ov.Core().read_model(source), mode=nncf.CompressWeightsMode.INT4_SYM, group_size=64,
                                        all_layers=True), path)


def _onnxruntime(path, feed, threads, _):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def _openvino(path, feed, threads, config):
    import openvino as ov
    core = ov.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
    model = core.read_model(path)
    model.reshape({name: list(array.shape) for name, array in feed.items()})
    request = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", **config}).create_infer_request()
    return lambda: request.infer(feed)


# label: (file's ending or None for the model itself, how it is made, how it runs, its configuration)
PEERS = {
    "ONNX Runtime fp32": (None, None, _onnxruntime, {}),
    "ONNX Runtime int8": (".ort-int8.onnx", _onnxruntime_int8, _onnxruntime, {}),
    "ONNX Runtime int4": (".ort-int4.onnx", _onnxruntime_int4, _onnxruntime, {}),
    "OpenVINO fp32": (None, None, _openvino, {"INFERENCE_PRECISION_HINT": "f32"}),
    "OpenVINO int8": (".ov-int8.xml", _openvino_int8, _openvino, {}),
    "OpenVINO int4": (".ov-int4.xml", _openvino_int4, _openvino, {}),
}


def available(out, name, feed):
    """Labels of the peers that have a form of this model, made now if it is not there."""
    labels, source = [], models.path_of(out, name)
    for label, (ending, make, _, _) in PEERS.items():
        path = f"{out}/{name}{ending}" if ending else source
        try:
            __import__("onnxruntime" if label.startswith("ONNX") else "openvino")
            if not os.path.exists(path):
                make(source, path, feed)
            labels.append(label)
        except ImportError as error:
            skip(label, error)
        except Exception as error:  # a peer that cannot take a model is no reason to stop
            skip(label, f"{type(error).__name__}: {error}".splitlines()[0])
    return labels


def runner(label, out, name, feed, threads):
    ending, _, run, config = PEERS[label]
    return run(f"{out}/{name}{ending}" if ending else models.path_of(out, name), feed, threads, config)


def versions():
    found = []
    for package in ("onnxruntime", "openvino", "nncf"):
        try:
            found.append(f"{package} {__import__(package).__version__.split('-')[0]}")
        except ImportError:
            pass
    return found
