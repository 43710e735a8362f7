"""The weights of a library take what is expected, and so do its layers.

    check-tied.py NAME BYTES LIBRARY
"""
import json
import subprocess
import sys

name, expected, library = sys.argv[1], int(sys.argv[2]), sys.argv[3]
described = json.loads(subprocess.run(["mixbit", "inspect", library, "--json"], check=True, capture_output=True).stdout)
got = described["weight_bytes"]
# Ends of weights are aligned.
if not expected <= got <= expected + 1024:
    sys.exit(f"{name}: expected weights of {expected} bytes, but got {got}")
layers = sum(layer["bytes"] for layer in described["layers"])
if not got - 1024 <= layers <= got:
    sys.exit(f"{name}: expected layers of {got} bytes, but got {layers}")
