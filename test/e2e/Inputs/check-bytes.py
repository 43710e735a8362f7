"""The bytes of layers that inspect prints are those of the weights' section.

    check-bytes.py FILE.json...

Each holds what `mixbit inspect --json` says of the same model in one format.
What is no layer's is then the same for all of them, up to the alignment to 64
bytes of each weight, scales and codes apart.
"""
import json
import sys

rests = []
for path in sys.argv[1:]:
    with open(path) as file:
        library = json.load(file)
    layers = library["layers"]
    for layer in layers:
        assert abs(layer["bits"] * layer["parameters"] - 8 * layer["bytes"]) < 1
    rest = library["weight_bytes"] - sum(layer["bytes"] for layer in layers)
    # Queries, keys and values are merged into one: the padding can only shrink.
    rests.append(rest)
    slack = 2 * 64 * len(layers)
    if abs(rest - rests[0]) > slack:
        sys.exit(f"{path}: expected {rests[0]} bytes within {slack} beside the "
                 f"layers, but got {rest}")
