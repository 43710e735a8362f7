"""A file on stdout with every `dense<RANDOM> : tensor<RxCxf32>` (or a vector) filled with numbers, so that it need not hold them.

    random-weights.py FILE
"""
import random
import re
import struct
import sys

random.seed(3)


def fill(match):
    count = int(match.group(2)) * int(match.group(4) or 1)
    data = b"".join(struct.pack("<f", random.gauss(0, 1)) for _ in range(count))
    return f'dense<"0x{data.hex()}"> : {match.group(1)}'


with open(sys.argv[1]) as file:
    print(re.sub(r"dense<RANDOM> : (tensor<(\d+)(x(\d+))?xf32>)", fill, file.read()))
