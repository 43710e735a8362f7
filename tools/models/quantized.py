"""Makes models that come quantized in ONNX's own terms: test/models/quantized.

    quantized.py [OUT]        default: test/models/quantized of this repository

int4.onnx      three products with weights behind DequantizeLinear (opset 21): INT4 with a scale a column, UINT4 with scales and
               zero points of blocks of 32 along the inputs, INT4 in blocks of 32 that do not divide the 80 inputs
nbits.onnx     four com.microsoft.MatMulNBits: 4 bits without zero points, with packed ones and a tail (80 inputs) and a bias,
               8 bits, 2 bits with zero points of floats
tables.onnx    three look-ups by com.microsoft.GatherBlockQuantized: INT4 in blocks of 32 with a shorter last one, bytes of two
               codes each without zero points, bytes of four with packed ones
dynamic.onnx   a table, two layers and a head, by ONNX Runtime's quantize_dynamic: INT8 weights, one scale each
dynamic-u8.onnx  the same with UINT8 weights, a scale and a zero point a column
codes.onnx     x behind DynamicQuantizeLinear and DequantizeLinear, which no product is waiting for
qlinear.onnx   the two layers and the head by quantize_static in QOperator format: QLinearMatMul
dynamic-conv.onnx  two convolutions by quantize_dynamic: ConvInteger
qlinear-conv.onnx  the same by quantize_static: QLinearConv

test.npz holds for each model ONNX Runtime's outputs (NAME_y) and the weights in floats, as the layers read them, [outputs,
inputs] (NAME_weight0, ...), computed by NumPy from the codes. Random weights from a fixed seed.
"""
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnxfile

F, I8, U8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8


def packed(codes, bits):
    """Codes of few bits, low bits first, as bytes along the last axis."""
    perbyte = 8 // bits
    codes = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % perbyte)]).astype(np.uint8)
    codes = codes.reshape(*codes.shape[:-1], -1, perbyte) & ((1 << bits) - 1)
    return (codes << (np.arange(perbyte) * bits).astype(np.uint8)).sum(-1).astype(np.uint8)


def nibbles(name, kind, codes, typed=False):
    """An initializer of INT4 or UINT4: raw bytes, or (`typed`) in int32_data."""
    data = packed(codes.reshape(-1), 4)
    return (helper.make_tensor(name, kind, codes.shape, data.tobytes(), raw=True) if not typed else
            TensorProto(name=name, data_type=kind, dims=codes.shape, int32_data=[int(byte) for byte in data]))


def model(name, nodes, inputs, outputs, initializers, microsoft=False):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info(*v) for v in inputs],
                              [helper.make_tensor_value_info(*v) for v in outputs], initializers)
    opsets = [helper.make_opsetid("", 21)] + ([helper.make_opsetid("com.microsoft", 1)] if microsoft else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="mixbit-fixtures")


def int4(random, path):
    node, array = helper.make_node, numpy_helper.from_array
    codes = [random.integers(-8, 8, (64, 80)), random.integers(0, 16, (64, 80)), random.integers(-8, 8, (80, 48))]
    scales = [random.uniform(.01, .1, 80), random.uniform(.01, .1, (2, 80)), random.uniform(.01, .1, (3, 48))]
    scales = [scale.astype(np.float32) for scale in scales]
    zeros = random.integers(4, 12, (2, 80))
    nodes = [node("DequantizeLinear", ["codes0", "scales0"], ["w0"], name="dequantize0", axis=1),
             node("DequantizeLinear", ["codes1", "scales1", "zeros1"], ["w1"], name="dequantize1", axis=0, block_size=32),
             node("DequantizeLinear", ["codes2", "scales2"], ["w2"], name="dequantize2", axis=0, block_size=32),
             node("MatMul", ["x", "w0"], ["a"], name="product0"), node("MatMul", ["x", "w1"], ["b"], name="product1"),
             node("Add", ["a", "b"], ["c"], name="sum"), node("Tanh", ["c"], ["t"], name="tanh"),
             node("MatMul", ["t", "w2"], ["y"], name="product2")]
    onnxfile.save(model("int4", nodes, [("x", F, ["batch", 64])], [("y", F, ["batch", 48])],
                        [nibbles("codes0", TensorProto.INT4, codes[0], typed=True),
                         nibbles("codes1", TensorProto.UINT4, codes[1]), nibbles("zeros1", TensorProto.UINT4, zeros),
                         nibbles("codes2", TensorProto.INT4, codes[2])] +
                        [array(scale, f"scales{i}") for i, scale in enumerate(scales)]), path)
    wide = lambda blocks, extent: np.repeat(blocks, 32, axis=0)[:extent]
    values = [codes[0] * scales[0], (codes[1] - wide(zeros, 64)) * wide(scales[1], 64), codes[2] * wide(scales[2], 80)]
    return [value.astype(np.float32).T for value in values]


def nbits(path, level):
    """y = four products one after the other, with tanh between; the first with an accuracy level."""
    random = np.random.default_rng(3)
    shapes = [(80, 64, 4), (64, 80, 4), (96, 64, 8), (48, 96, 2)]  # outputs, inputs, bits
    nodes, initializers, weights, x = [], [], [], "x"
    for i, (n, k, bits) in enumerate(shapes):
        blocks = -(-k // 32)
        codes = random.integers(0, 1 << bits, (n, blocks * 32))
        scales = random.uniform(.1, .4, (n, blocks)).astype(np.float32) / (1 << bits)
        zeros = np.full((n, blocks), 1 << (bits - 1), np.float32)
        inputs = [x, f"codes{i}", f"scales{i}"]
        if i == 1:
            zeros = random.integers(4, 12, (n, blocks))
            initializers.append(numpy_helper.from_array(packed(zeros, 4), "zeros1"))
            initializers.append(numpy_helper.from_array(random.normal(0, .1, n).astype(np.float32), "bias1"))
            inputs += ["zeros1", "", "bias1"]
        elif i == 3:
            zeros = random.choice(np.float32([1, 1.5, 2]), (n, blocks))
            initializers.append(numpy_helper.from_array(zeros, "zeros3"))
            inputs.append("zeros3")
        initializers.append(numpy_helper.from_array(packed(codes.reshape(n, blocks, 32), bits), f"codes{i}"))
        initializers.append(numpy_helper.from_array(scales if i else scales.reshape(-1), f"scales{i}"))
        last = i == len(shapes) - 1
        nodes.append(helper.make_node("MatMulNBits", inputs, ["y" if last else f"p{i}"], name=f"product{i}",
                                      domain="com.microsoft", K=k, N=n, bits=bits, block_size=32, accuracy_level=0 if i else level))
        if not last:
            nodes.append(helper.make_node("Tanh", [f"p{i}"], [f"t{i}"], name=f"tanh{i}"))
        x = f"t{i}"
        wide = lambda blocks: np.repeat(blocks, 32, axis=1)
        weights.append(((codes.astype(np.float32) - wide(zeros)) * wide(scales)).astype(np.float32)[:, :k])
    onnxfile.save(model("nbits", nodes, [("x", F, ["batch", 64])], [("y", F, ["batch", 48])], initializers, microsoft=True), path)
    return weights


def tables(path):
    """The sum of rows of three tables of 100 x 80."""
    random, node, array = np.random.default_rng(6), helper.make_node, numpy_helper.from_array
    nodes, initializers, weights = [], [], []
    for i, (bits, low) in enumerate(((4, -8), (4, 0), (2, 0))):
        codes = random.integers(low, low + (1 << bits), (100, 80))
        scales = random.uniform(.01, .1, (100, 3)).astype(np.float32)
        inputs = [f"codes{i}", "ids", f"scales{i}"]
        zeros = np.full((100, 3), 0 if i == 0 else 1 << (bits - 1))
        initializers.append(array(scales, f"scales{i}"))
        initializers.append(nibbles(f"codes{i}", TensorProto.INT4, codes) if i == 0 else array(packed(codes, bits), f"codes{i}"))
        if i == 2:
            zeros = random.integers(0, 4, (100, 3))
            initializers.append(array(packed(zeros, bits), "zeros2"))
            inputs.append("zeros2")
        nodes.append(node("GatherBlockQuantized", inputs, [f"rows{i}"], name=f"look-up{i}", domain="com.microsoft",
                          block_size=32, **({} if i == 0 else {"bits": bits})))
        wide = lambda blocks: np.repeat(blocks, 32, axis=1)[:, :80]
        weights.append(((codes - wide(zeros)) * wide(scales)).astype(np.float32))
    nodes += [node("Add", ["rows0", "rows1"], ["sum"], name="sum0"), node("Add", ["sum", "rows2"], ["y"], name="sum1")]
    onnxfile.save(model("tables", nodes, [("ids", TensorProto.INT64, ["batch", "sequence"])],
                        [("y", F, ["batch", "sequence", 80])], initializers, microsoft=True), path)
    return weights


def codes(path):
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"], name="quantize"),
             helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"], name="dequantize")]
    onnxfile.save(model("codes", nodes, [("x", F, ["batch", 64])], [("y", F, ["batch", 64])], []), path)
    return []


def floats(random, path, table):
    """The network that ONNX Runtime quantizes: a table of 100 rows (or x itself), two layers with biases, a head."""
    node, array = helper.make_node, numpy_helper.from_array
    normal = lambda *shape: random.normal(0, .15, shape).astype(np.float32)
    weights = {"table": normal(100, 64) + np.float32(.05)} if table else {}
    weights |= {"w0": normal(64, 96), "b0": normal(96), "w1": normal(96, 64), "b1": normal(64), "w2": normal(64, 10)}
    nodes = [node("Gather", ["table", "ids"], ["x"], name="look-up")] if table else []
    nodes += [node("MatMul", ["x", "w0"], ["p0"], name="product0"), node("Add", ["p0", "b0"], ["s0"], name="sum0"),
              node("Relu", ["s0"], ["h0"], name="relu"),
              node("MatMul", ["h0", "w1"], ["p1"], name="product1"), node("Add", ["p1", "b1"], ["s1"], name="sum1"),
              node("Tanh", ["s1"], ["h1"], name="tanh"), node("MatMul", ["h1", "w2"], ["y"], name="product2")]
    lead = ["batch", "sequence"] if table else ["batch"]
    onnxfile.save(model("floats", nodes, [("ids", TensorProto.INT64, lead) if table else ("x", F, lead + [64])],
                        [("y", F, lead + [10])], [array(value, name) for name, value in weights.items()]), path)


def convolutions(path):
    """Two convolutions with a margin, a stride and a group, and a mean."""
    random, node = np.random.default_rng(4), helper.make_node
    normal = lambda *shape: random.normal(0, .3, shape).astype(np.float32)
    weights = {"w0": normal(8, 3, 3, 3), "b0": normal(8), "w1": normal(6, 4, 3, 3), "b1": normal(6)}
    nodes = [node("Conv", ["image", "w0", "b0"], ["p0"], name="convolution0", pads=[1, 1, 1, 1]),
             node("Tanh", ["p0"], ["h0"], name="tanh"),
             node("Conv", ["h0", "w1", "b1"], ["p1"], name="convolution1", pads=[1, 0, 0, 1], strides=[2, 1], group=2),
             node("GlobalAveragePool", ["p1"], ["m"], name="mean"), node("Flatten", ["m"], ["y"], name="flatten")]
    onnxfile.save(model("floats", nodes, [("image", F, ["batch", 3, 9, 8])], [("y", F, ["batch", 6])],
                        [numpy_helper.from_array(value, name) for name, value in weights.items()]), path)


def stored(path):
    """The weights of a model by ONNX Runtime's quantizers in floats, [outputs, inputs], the table first as it is. Rows of the
    table are codes that go right into the first product: its scale holds theirs too."""
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    result, one = [], np.float32(1)
    table = tensors.get("table_scale", one)
    for name in ("table", "w0", "w1", "w2"):
        if f"{name}_quantized" in tensors:
            value = (tensors[f"{name}_quantized"].astype(np.int32) - tensors[f"{name}_zero_point"]).astype(np.float32)
            scale = tensors[f"{name}_scale"] * (table if name == "w0" else one)
            result.append(value if name == "table" else (value * scale.astype(np.float32)).T)
    return result


def main():
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    out = sys.argv[1] if len(sys.argv) > 1 else f"{root}/test/models/quantized"
    os.makedirs(out, exist_ok=True)
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (64, 64)).astype(np.float32)
    ids = random.integers(0, 100, (64, 5))
    image = np.random.default_rng(5).normal(.3, 1, (64, 3, 9, 8)).astype(np.float32)
    arrays = {"x": x, "ids": ids, "image": image}
    weights = {"int4": int4(random, f"{out}/int4.onnx"), "nbits": nbits(f"{out}/nbits.onnx", 4),
               "tables": tables(f"{out}/tables.onnx"), "codes": codes(f"{out}/codes.onnx")}
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/floats.onnx"
        quantized = f"{folder}/quantized.onnx"
        def keep(name):
            quantized_model = onnx.load(quantized)
            quantized_model.graph.name = name.replace("-", "_")
            onnxfile.save(quantized_model, f"{out}/{name}.onnx")
            weights[name] = [] if name.endswith("conv") else stored(f"{out}/{name}.onnx")
        floats(np.random.default_rng(1), source, table=True)
        for name, kind, per_channel in (("dynamic", QuantType.QInt8, False), ("dynamic-u8", QuantType.QUInt8, True)):
            quantize_dynamic(source, quantized, weight_type=kind, per_channel=per_channel)
            keep(name)
        floats(np.random.default_rng(2), source, table=False)
        class Reader(CalibrationDataReader):
            def __init__(self, feed):
                self.rows = iter([feed])
            def get_next(self):
                return next(self.rows, None)
        quantize_static(source, quantized, Reader({"x": x}), quant_format=QuantFormat.QOperator, op_types_to_quantize=["MatMul"],
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True)
        keep("qlinear")
        convolutions(source)
        quantize_dynamic(source, quantized, weight_type=QuantType.QUInt8)
        keep("dynamic-conv")
        quantize_static(source, quantized, Reader({"image": image}), quant_format=QuantFormat.QOperator,
                        op_types_to_quantize=["Conv"], activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        per_channel=True)
        keep("qlinear-conv")
        # ONNX Runtime takes the level at its word and rounds x to 8 bits.
        nbits(source, 0)
        arrays["nbits_y"] = onnxfile.run(source, {"x": x})[0]
    for name, values in weights.items():
        key = "image" if name.endswith("conv") else "ids" if name.startswith("dynamic") or name == "tables" else "x"
        if name.startswith("dynamic"):
            # Sample by sample: a range is that of all that runs at once.
            arrays[f"{name}_y"] = np.concatenate([onnxfile.run(f"{out}/{name}.onnx", {key: row[None]})[0] for row in arrays[key]])
        elif name != "nbits":
            # As it is: fused products of INT4 weights round their inputs to 8 bits.
            arrays[f"{name}_y"] = onnxfile.run(f"{out}/{name}.onnx", {key: arrays[key]}, as_is=True)[0]
        print(name, [value.shape for value in values], "outputs within", np.abs(arrays[f"{name}_y"]).max())
        for index, value in enumerate(values):
            arrays[f"{name}_weight{index}"] = np.ascontiguousarray(value)
    np.savez_compressed(f"{out}/test.npz", **arrays)


if __name__ == "__main__":
    main()
