#!/usr/bin/env python3
"""Times Mixbit and its peers in one run and prints, or writes into docs/Performance.md, a table for each case.

    peers.py OUT [--cases NAME,...] [--rounds N] [--write docs/Performance.md] [--json FILE]

OUT is a folder for models and the peers' forms of them; what is missing there is made. In each round every participant
runs a few times, one after the other, pinned to the same CPUs, so that a busy minute falls on all. The tables hold medians
and their ratios. Needs Python with requirements.txt; a peer that is not installed is skipped with a message.

    --command "LABEL=COMMAND"   adds a participant to every case: a shell command that prints milliseconds, one a line,
                                with {batch}, {length}, {threads} filled in (llama.cpp's llama-bench, say)
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

try:
    import forms
    import models
except ImportError as error:
    sys.exit(f"peers.py: {error}; install what requirements.txt beside it lists")

# name: (title, model, batch, length, threads, Mixbit's weights, peers by word, kept tokens of each sample)
KEPT = [20, 31, 12, 40, 25, 18, 33, 28]
ENCODER = ["fp32", "int8", "int4", "ternary"]
STACK = ["int8", "int4 --group 1x32", "ternary", "ternary --packing planes"]
CASES = {
    "bert-1x128-1": ("BERT-base, batch 1, sequence 128, one thread", "bert-base", 1, 128, 1,
                     ENCODER + ["binary --activations int1", "binary --group 1x0 --activations int1"], "", None),
    "bert-1x128-2": ("BERT-base, batch 1, sequence 128, two threads", "bert-base", 1, 128, 2, ENCODER, "", None),
    "bert-8x128-2": ("BERT-base, batch 8, sequence 128, two threads", "bert-base", 8, 128, 2, ["int8"], "int8", None),
    "bert-8x128-padded": ("BERT-base, batch 8, sequence 128 of which 12 to 40 tokens are kept, two threads", "bert-base", 8, 128, 2,
                          ["int8", "int8 --trim-padding"], "int8", KEPT),
    "minilm-1x16-1": ("MiniLM, batch 1, sequence 16, one thread", "minilm", 1, 16, 1, ENCODER, "", None),
    "minilm-1x128-1": ("MiniLM, batch 1, sequence 128, one thread", "minilm", 1, 128, 1, ENCODER, "", None),
    "stack-1": ("Llama-shaped stack of linear layers, one token, one thread", "stack", 1, 1, 1, STACK, "none", None),
    "stack-128": ("Llama-shaped stack of linear layers, 128 tokens, one thread", "stack", 1, 128, 1, STACK, "none",
                  None),
    "matvec": ("32 products of a vector and a 4096 x 4096 matrix, one thread", "matvec", 1, 1, 1,
               ["int8", "int4", "ternary", "ternary --packing planes"], "none", None),
}
BEGIN, END = "<!-- tools/bench/peers.py: begin -->", "<!-- tools/bench/peers.py: end -->"


def pin(threads):
    return ["taskset", "-c", ",".join(map(str, range(threads)))]


def serve(a):
    """One peer's process: for each line read, some timed runs, printed as a list of milliseconds."""
    import time
    _, name, batch, length, threads, _, _, kept = CASES[a.case]
    run = forms.runner(a.serve, a.out, name, forms.feed_of(models.path_of(a.out, name), batch, length, kept), threads)
    for _ in range(2):
        run()
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)


def compiled(a, name, form):
    """A library of the model with these weights and options, newer than the compiler."""
    path = f"{a.out}/{name}.{form.replace(' --', '-')}.so"
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(a.mixbit):
        weights, *options = form.split()
        subprocess.run([a.mixbit, "compile", models.path_of(a.out, name), "--weights", weights, *options, "-o", path], check=True)
    return path


def bench(a, library, inputs, threads, runs, profile=False):
    out = subprocess.run([*pin(threads), a.mixbit, "bench", library, "--inputs", inputs, "--threads", str(threads), "--warmup", "2",
                          "--runs", str(runs), "--json", *(["--profile"] if profile else [])], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def measure(a, case):
    """Times of every participant, and bytes and bandwidth of Mixbit's where those say more than milliseconds."""
    import numpy as np
    title, name, batch, length, threads, ours, word, kept = CASES[case]
    path = models.ensure(a.out, name)
    ours = [form for form in ours if re.search(a.only, f"Mixbit {form}")]
    feed = forms.feed_of(path, batch, length, kept)
    inputs = f"{a.out}/{case}.npz"
    np.savez(inputs, **feed)
    libraries = {f"Mixbit {form.replace(' --', ', ')}": compiled(a, name, form) for form in ours}
    servers = {}
    for label in forms.available(a.out, name, feed) if word != "none" and not a.ours else []:
        if word in label and re.search(a.only, label):
            servers[label] = subprocess.Popen([*pin(threads), sys.executable, __file__, a.out, "--serve", label, "--case", case],
                                              text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    times = {}
    for round_ in range(a.rounds):
        for label, server in list(servers.items()):
            try:
                server.stdin.write(f"{a.runs}\n")
                server.stdin.flush()
                times.setdefault(label, []).extend(json.loads(server.stdout.readline()))
            except (OSError, ValueError):
                forms.skip(label, f"its process ended with status {server.poll()}")
                del servers[label]
        for label, library in libraries.items():
            times.setdefault(label, []).extend(bench(a, library, inputs, threads, a.runs)["runs_ms"])
        for spec in a.command:
            label, command = spec.split("=", 1)
            out = subprocess.run([*pin(threads), "sh", "-c", command.format(batch=batch, length=length, threads=threads)],
                                 capture_output=True, text=True, check=True).stdout
            times.setdefault(label, []).extend(map(float, out.split()))
    for server in servers.values():
        server.stdin.close()
        server.wait()
    rows = [{"label": label, "median_ms": statistics.median(values), "min_ms": min(values), "runs": len(values)}
            for label, values in times.items()]
    for row in rows:
        # Where weights are read once, what counts is how fast.
        if row["label"] in libraries and length == 1:
            profile = bench(a, libraries[row["label"]], inputs, threads, 3, profile=True)
            row["gb_s"] = sum(k["bytes"] for k in profile["profile"]) / profile["median_ms"] * 1e-6
            row["of_bandwidth"] = row["gb_s"] / profile["roofline"]["read_gb_s"]
    return {"case": case, "title": title, "rows": sorted(rows, key=lambda row: row["median_ms"])}


def table(result):
    rows = result["rows"]
    medians = {row["label"]: row["median_ms"] for row in rows}
    # The columns of ratios: OpenVINO int8, what the goals speak of, and the fastest peer.
    peers = [row for row in rows if not row["label"].startswith("Mixbit")]
    bases = [label for label in dict.fromkeys(["OpenVINO int8"] + [peer["label"] for peer in peers[:1]]) if label in medians]
    bandwidth = any("gb_s" in row for row in rows)
    head = ["", "median ms", "least ms", *(f"of {base}" for base in bases)] + (["GB/s", "of the read bandwidth"] if bandwidth else [])
    lines = [f"### {result['title']}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [row["label"], f"{row['median_ms']:.2f}", f"{row['min_ms']:.2f}"]
        cells += [f"{row['median_ms'] / medians[base]:.2f}" for base in bases]
        if bandwidth:
            cells += [f"{row['gb_s']:.1f}", f"{row['of_bandwidth']:.0%}"] if "gb_s" in row else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine(a):
    cpu = platform.processor()
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    target = subprocess.run([a.mixbit, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return (f"{cpu}, {os.cpu_count()} CPUs, {datetime.date.today()}; {target}; {', '.join(forms.versions()) or 'no peers'}; "
            f"{a.rounds} rounds of {a.runs} runs; load average {os.getloadavg()[1]:.1f}.")


def write(path, text):
    """Puts the text between the two comments of a page."""
    with open(path) as page:
        old = page.read()
    if BEGIN not in old or END not in old:
        sys.exit(f"{path}: expected the lines '{BEGIN}' and '{END}', but they are not there")
    head, rest = old.split(BEGIN, 1)
    with open(f"{path}.part", "w") as page:
        page.write(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}")
    os.replace(f"{path}.part", path)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--cases", default=",".join(CASES), help="default: all of %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="runs of a participant in a round")
    parser.add_argument("--only", default="", metavar="PATTERN", help="participants whose label has it (a regular expression)")
    parser.add_argument("--ours", action="store_true", help="without peers")
    parser.add_argument("--mixbit", default=f"{root}/build/release/bin/mixbit")
    parser.add_argument("--command", action="append", default=[])
    parser.add_argument("--write", metavar="PAGE")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.serve:
        return serve(a)
    cases = a.cases.split(",")
    for case in cases:
        if case not in CASES:
            parser.error(f"expected a case of {', '.join(CASES)}, but got '{case}'")
    results = []
    for case in cases:
        results.append(measure(a, case))
        print(table(results[-1]), "\n", flush=True)
    about = machine(a)
    print(about)
    if a.write:
        write(a.write, about + "\n\n" + "\n\n".join(map(table, results)))
    if a.json:
        with open(a.json, "w") as file:
            json.dump({"machine": about, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
