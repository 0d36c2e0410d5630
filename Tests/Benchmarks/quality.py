#!/usr/bin/env python3
"""Times figures of quality over a home beside crowd-kit on the same judgements: five raters of 200,000 items, and two
raters of 1,000,000 boxes in 100,000 pictures.

    bash Tests/environment.sh quality Tests/Quality/requirements.txt --constraints Tests/Quality/constraints.txt
    ENVIRONMENT/bin/python Tests/Benchmarks/quality.py --program .build/release/countermark

Each is a process of its own; CPU seconds and the largest memory, the middle of some turns: read the ratios.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

CLASSES = ["open", "short", "mousebite", "spur", "copper", "pin-hole", "scratch", "dent", "stain", "none"]
RATERS = 5
CROWD = """
import sys, pandas
from crowdkit.aggregation import DawidSkene
said = pandas.read_csv(sys.argv[1], names=["worker", "task", "label"])
DawidSkene(n_iter=3).fit(said)
"""


def measured(command):
    """CPU seconds and MiB of a process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def row(what, command, turns):
    seen = [measured(command) for _ in range(turns)]
    seconds = [seconds for seconds, _ in seen]
    print(f"| {what} | {statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f}) | "
          f"{max(memory for _, memory in seen):.0f} |", flush=True)


def judgements(folder, items, chance):
    """A file for each rater, and one of all for crowd-kit."""
    truth = [chance.choice(CLASSES) for _ in range(items)]
    files = []
    with open(folder / "all.csv", "w") as everything:
        for rater in range(RATERS):
            files.append(folder / f"rater{rater}.jsonl")
            with open(files[-1], "w") as file:
                for number, true in enumerate(truth):
                    said = true if chance.random() < 0.7 + 0.05 * rater else chance.choice(CLASSES)
                    file.write('{"item":"boards/%07d.png","class":"%s","selector":{"kind":"wholeItem"},"externalID":"%d-%d"}\n'
                               % (number, said, rater, number))
                    everything.write(f"{rater},{number},{said}\n")
    return files


def boxes(folder, pictures, chance):
    """Ten boxes of a picture by two raters: the second one's lie a little beside the first one's."""
    files = []
    for rater in range(2):
        files.append(folder / f"boxes{rater}.jsonl")
        with open(files[-1], "w") as file:
            for picture in range(pictures):
                for box in range(5):
                    shift = chance.random() * 6 if rater else 0
                    file.write('{"item":"boards/%07d.png","class":"%s","selector":{"kind":"box","x":%.2f,"y":%d,"width":30,"height":30},'
                               '"externalID":"%d-%d-%d"}\n' % (picture, CLASSES[(picture + box) % 10], box * 37 + shift,
                                                               picture % 900, rater, picture, box))
    return files


def home(program, folder, files):
    where = ["--home", str(folder), "--quiet"]
    for words in (["init", "--org", "oem.example", "--name", "x"], ["dataset", "create", "b", "--title", "B"]):
        subprocess.run([program, *words, *where], check=True)
    for number, file in enumerate(files):
        subprocess.run([program, "import", "b", str(file), "--format", "jsonl", "--author", f"rater{number}", *where], check=True)
    return ["--home", str(folder), "--by", "author", "--json"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    program = str(pathlib.Path(given.program).resolve())
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="countermark-quality-") as name:
        folder = pathlib.Path(name)
        whole = home(program, folder / "whole", judgements(folder, given.items, chance))
        places = home(program, folder / "places", boxes(folder, given.pictures, chance))
        print(f"load {os.getloadavg()[0]:.1f}\n\n| {RATERS * given.items:,} judgements, {10 * given.pictures:,} boxes | CPU s | MiB |\n"
              "| --- | --- | --- |")
        row("status, which opens the home", [program, "status", "b", *whole[:2]], given.turns)
        row("agreement: all measures, confusion, Dawid and Skene to convergence", [program, "agreement", "b", *whole], given.turns)
        row("crowd-kit: three turns of Dawid and Skene", [sys.executable, "-c", CROWD, str(folder / "all.csv")], given.turns)
        row("consensus by the majority", [program, "consensus", "b", "--method", "majority", *whole], given.turns)
        row("queue", [program, "queue", "list", "b", *whole], given.turns)
        row("agreement about boxes", [program, "agreement", "b", *places], given.turns)
    print(f"\nload {os.getloadavg()[0]:.1f}")


main()
