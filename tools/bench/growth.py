#!/usr/bin/env python3
"""How a library's time grows: growth.py MODEL.so [--lengths 1:40,60:68,...] [--batches 1,2,4] [--threads N]

Times each length (and batch), several rounds over all of them, and prints the least time, the time a token, and the step
from the neighbouring length. The largest step says whether there is a cliff: 1.15 is the bound that Mixbit sets itself
beyond what the additional tokens themselves cost.
"""
import argparse
import json
import os
import subprocess


def ranges(text):
    values = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        values += range(int(first), int(last or first) + 1)
    return values


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--lengths", type=ranges, default=ranges("1:40,60:68,124:132,192,256,384,512"))
    parser.add_argument("--batches", type=ranges, default=[1])
    parser.add_argument("--symbols", default="batch={batch},sequence={length}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mixbit", default=f"{root}/build/release/bin/mixbit")
    a = parser.parse_args()
    points = [(batch, length) for batch in a.batches for length in a.lengths]
    least = {}
    for _ in range(a.rounds):
        for batch, length in points:
            out = subprocess.run([a.mixbit, "bench", a.library, "--symbols", a.symbols.format(batch=batch, length=length), "--threads",
                                  str(a.threads), "--warmup", "1", "--runs", str(a.runs), "--json"],
                                 capture_output=True, text=True, check=True)
            least[batch, length] = min(least.get((batch, length), 1e30), json.loads(out.stdout)["min_ms"])
    print("| batch | length | ms | us a token | step |\n|---|---|---|---|---|")
    worst = (0, None)
    for batch, length in points:
        ms, step = least[batch, length], ""
        before = least.get((batch, length - 1))
        if before:
            # Above the growth by one token of many.
            ratio = ms / before / max(1, length / (length - 1))
            step, worst = f"{ratio:.2f}", max(worst, (ratio, (batch, length)))
        print(f"| {batch} | {length} | {ms:.3f} | {1e3 * ms / (batch * length):.1f} | {step} |")
    if worst[1]:
        print(f"\nlargest step beyond the growth itself: {worst[0]:.2f}, at batch {worst[1][0]}, length {worst[1][1]}")


if __name__ == "__main__":
    main()
