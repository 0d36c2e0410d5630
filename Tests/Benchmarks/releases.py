#!/usr/bin/env python3
"""Times what a large release costs: naming it, checking it, verifying a home with one and with two, and writing it.

CPU seconds and the largest memory of each process, one run: read the ratios. Build first:
`swift build -c release --product countermark`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

CLASSES = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]


def timed(command):
    """CPU seconds, MiB and the document of a command."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed: {text.decode()}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--labels", type=int, default=1_000_000)
    given = parser.parse_args()
    program = str(pathlib.Path(given.program).resolve())
    with tempfile.TemporaryDirectory(prefix="countermark-releases-") as folder:
        file = pathlib.Path(folder) / "labels.jsonl"
        with open(file, "w") as lines:
            for number in range(given.labels):
                lines.write('{"item":"boards/%07d.png","class":"%s","selector":{"kind":"box","x":%d.5,"y":%d,'
                            '"width":30,"height":40},"externalID":"%d"}\n' % (
                                number // 10, CLASSES[number % 6], number % 1800, number % 1000, number))
        home = ["--home", f"{folder}/home", "--json"]
        subprocess.run([program, "init", "--org", "oem.example", "--name", "x", *home], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([program, "dataset", "create", "b", "--title", "B", *home], check=True, stdout=subprocess.DEVNULL)
        steps = [
            ("import", "import", "b", str(file), "--format", "jsonl"), ("verify, no release", "verify", "b"),
            ("rebuild", "rebuild", "b"), ("release create", "release", "create", "b", "v1"),
            ("release verify", "release", "verify", "b", "v1"), ("verify, one release", "verify", "b"),
            ("one label more", "annotate", "b", "z.png", "--class", "open"),
            ("release create, a second", "release", "create", "b", "v2"), ("verify, two releases", "verify", "b"),
            ("release prove", "release", "prove", "b", "v1", "-o", f"{folder}/v1"),
            ("export croissant", "export", "b", "--release", "v1", "--format", "croissant", "-o", f"{folder}/cr"),
            ("export coco", "export", "b", "--release", "v1", "--format", "coco", "-o", f"{folder}/coco.json"),
            ("release sheet", "release", "sheet", "b", "v1", "-o", f"{folder}/sheet.md"),
        ]
        print(f"| {given.labels:,} labels | CPU s | MiB |\n| --- | --- | --- |")
        for name, *words in steps:
            seconds, memory, _ = timed([program, *words, *home])
            print(f"| {name} | {seconds:.1f} | {memory:.0f} |", flush=True)


main()
