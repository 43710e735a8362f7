#!/usr/bin/env python3
"""Parses and verifies every example of the dialects' .td files.

    examples.py MIXBIT-OPT FILE.td...

An example is a block fenced by ```mlir. Types and attributes stand alone;
values that an example uses without defining them are defined for it, of the
type that it uses them with. Exit status 1 when one does not parse or verify.
"""
import re
import subprocess
import sys

FENCE = re.compile(r"```mlir\n(.*?)```", re.S)
VALUE = re.compile(r"%[A-Za-z_][A-Za-z0-9_]*")
RESULTS = re.compile(r"((?:%\w+, )*%\w+) =")
ARGUMENT = re.compile(r"(%\w+): ")
MISTYPED = re.compile(r"definition of SSA value '(%[A-Za-z0-9_]+)#0' has type"
                      r".*?previously used here with type '([^\n]*)'", re.S)


def wrap(text):
    """Types and attributes, one or more, become those of an operation."""
    if not text.strip().startswith(("!", "#")):
        return text
    parts = re.split(r"\n\s*(?=[!#])", "\n" + text.strip())[1:]
    # A part that goes on over several lines begins with ! or # only once.
    fields, depth = [], 0
    for part in parts:
        if depth == 0:
            fields.append(part)
        else:
            fields[-1] += " " + part
        depth = sum(field.count("<") - field.count(">") for field in fields)
    return '"docs.uses"() {%s} : () -> ()\n' % ", ".join(
        f"a{index} = {field}" for index, field in enumerate(fields))


def run(opt, text):
    return subprocess.run([opt, "--allow-unregistered-dialect"], input=text,
                          capture_output=True, text=True)


def check(opt, path, line, text):
    """Runs one example. Free values are first given the type none; what the
    parser then says they were used with is their type."""
    text = wrap(text)
    defined = set(ARGUMENT.findall(text))
    for results in RESULTS.findall(text):
        defined.update(results.split(", "))
    types = {name: "none" for name in VALUE.findall(text)
             if name not in defined}
    while True:
        # A module is a graph region: definitions may follow uses.
        source = text + "".join(f'{name} = "docs.value"() : () -> {type}\n'
                                for name, type in types.items())
        result = run(opt, source)
        if result.returncode == 0:
            return True
        mistyped = MISTYPED.search(result.stderr)
        if not mistyped or types.get(mistyped[1]) != "none":
            break
        types[mistyped[1]] = mistyped[2]
    print(f"{path}:{line}: the example does not parse:\n{source}\n"
          f"{result.stderr}", file=sys.stderr)
    return False


def main(opt, paths):
    results = []
    for path in paths:
        with open(path) as file:
            text = file.read()
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            results.append(check(opt, path, line, match[1]))
    print(f"{sum(results)} of {len(results)} examples parse")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
