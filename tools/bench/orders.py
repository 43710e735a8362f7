"""What an order of sensitivities is worth: orders.py MODEL.onnx --calibration FILE.npz --data TEST.npz --out FOLDER

Compiles a model under one budget (or several) with formats chosen by each measure of sensitivity, by the orders to
compare with (greedy, reversed), and in uniform formats of about the same size, and prints for each the bits of the
body's linear layers, the file, accuracy and KL divergence to fp32 on the test data, as a table in Markdown. Needs no
package. What lies in FOLDER already is not made again.
"""
import argparse
import json
import os
import subprocess
import sys

MEASURES = ["fisher", "trace", "omega", "loss"]
POLICIES = ["greedy", "reversed", "uniform"]
UNIFORM = ["int8:1x0", "int4:1x128", "int3:1x128", "int2:1x128", "int2:1x64", "int2:1x32", "ternary:1x64",
           "ternary:1x32", "binary:1x32"]
# What allocation chooses among: measured losses need every one.
CANDIDATES = ["int8:1x0"] + [f"{name}:1x{group}" for name in ["int7", "int6", "int5", "int4", "int3", "int2", "ternary",
                                                              "binary"] for group in [128, 64, 32]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--data", required=True, help="test data with labels")
    parser.add_argument("--out", required=True, help="a folder for libraries and sensitivities")
    parser.add_argument("--budget", default="13x", help="budgets, separated by commas (default: 13x)")
    parser.add_argument("--measures", default=",".join(MEASURES))
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--uniform", default=",".join(UNIFORM), help="formats for all weights, as FORMAT:GROUP")
    parser.add_argument("--loss-samples", default="64")
    parser.add_argument("--mixbit", default="mixbit", help="the program")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)

    def path(name):
        return os.path.join(options.out, name)

    def run(*arguments):
        command = [options.mixbit, *arguments]
        print("+", *command, file=sys.stderr)
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def listed(text):
        return [part for part in text.split(",") if part]

    def compile(name, *arguments):
        if not os.path.exists(path(name)):
            run("compile", options.model, "-o", path(name), *arguments)
        return path(name)

    def sensitivities(measure):
        """Of one measure; those of Fisher are measured as the formats are chosen, by weight and not by layer."""
        file = path(f"{measure}.json")
        if not os.path.exists(file):
            run("sensitivity", options.model, "--calibration", options.calibration, "--metrics", measure, "--formats",
                ",".join(CANDIDATES), "--loss-samples", options.loss_samples, "-o", file)
        return file

    reference = compile("fp32.so", "--weights", "fp32")
    rows = []

    def add(title, library):
        totals = json.loads(run("inspect", library, "--json"))["totals"]
        result = json.loads(run("evaluate", library, "--data", options.data, "--against", reference, "--json"))
        accuracy = 100 * result.get("accuracy", float("nan"))
        rows.append((title, totals["body_bits"], os.path.getsize(library) / 1e6, accuracy, result["mean_kl"]))
        print("{}: {:.4f} bits, {:.2f} MB, {:.2f} %, KL {:.4f}".format(*rows[-1]), file=sys.stderr)

    for budget in listed(options.budget):
        auto = ["--weights", "auto", "--budget", budget, "--calibration", options.calibration]
        tag = budget.replace("%", "pc")
        for measure in listed(options.measures):
            extra = [] if measure == "fisher" else ["--sensitivity", sensitivities(measure)]
            add(f"{budget}, {measure}", compile(f"{tag}-{measure}.so", *auto, "--metric", measure, *extra))
        for policy in listed(options.policies):
            add(f"{budget}, {policy}", compile(f"{tag}-{policy}.so", *auto, "--allocation", policy))
    for format in listed(options.uniform):
        name, group = format.split(":")
        add(f"all {name} {group}", compile(f"all-{name}-{group}.so", "--weights", name, "--group", group,
                                           "--calibration", options.calibration))

    print("| | bits | file MB | accuracy % | mean KL |\n|---|---|---|---|---|")
    for row in rows:
        print("| {} | {:.3f} | {:.1f} | {:.2f} | {:.4f} |".format(*row))


if __name__ == "__main__":
    main()
