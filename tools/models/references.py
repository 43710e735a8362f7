"""Stores what ONNX Runtime answers at other batches and lengths.

    references.py MODEL.onnx DATA.npz OUT.npz BATCH LENGTH

Takes BATCH samples of DATA, repeats or cuts each to LENGTH tokens (a sample in
three is masked from the middle on), and writes the inputs and the outputs.
"""
import sys

import numpy as np
import onnxruntime as ort


def main():
    model, data, out, batch, length = sys.argv[1:]
    batch, length = int(batch), int(length)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    data = np.load(data)
    inputs = {}
    for port in session.get_inputs():
        rows = data[port.name][5 : 5 + batch]
        rows = np.tile(rows, (1, -(-length // rows.shape[1])))[:, :length]
        if "mask" in port.name:
            rows = np.ones_like(rows)
            rows[2::3, (length + 1) // 2 :] = 0
        inputs[port.name] = rows
    names = [port.name for port in session.get_outputs()]
    np.savez_compressed(out, **inputs, **dict(zip(names, session.run(names, inputs))))


if __name__ == "__main__":
    main()
