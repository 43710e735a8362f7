"""Adds an entry to an ONNX file's metadata: annotate.py MODEL.onnx OUT.onnx KEY TEXT

Fields of a message may stand anywhere in it, so the entry is put behind the rest.
"""
import sys


def field(number, data):
    """A field of bytes, as protocol buffers write it."""
    length, out = len(data), bytes([number << 3 | 2])
    while length > 127:
        out, length = out + bytes([length & 127 | 128]), length >> 7
    return out + bytes([length]) + data


model, out, key, text = sys.argv[1:]
with open(model, "rb") as source, open(out, "wb") as target:
    target.write(source.read() + field(14, field(1, key.encode()) + field(2, text.encode())))
