#!/usr/bin/env python3
"""Kills the program in the middle of appends and merges, hundreds of times, and checks what is left.

Every round starts a command that writes and kills it with SIGKILL after a random part of the time that it
usually takes, which is measured again and again: how busy the machine is decides nothing. What a command
acknowledged (it printed the id and ended with 0) must be there at the end, `verify` must find nothing,
and a rebuild must give the digest that the table has. The seed is printed; `--seed` repeats a run's
choices (not the machine's timing).
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time


def run(program, home, *words):
    done = subprocess.run(
        [program, *words, "--home", home, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} failed: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def killed(command, seconds):
    """Starts a command, kills it after some time, and returns its output if it had ended by itself."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed by itself: {error}")
    return json.loads(output)


class Rhythm:
    """How long a small write takes now."""

    # So many kills in a row say that the machine has become slower, and nothing else.
    KILLS_IN_A_ROW = 5

    def __init__(self, measure):
        self.measure, self.usual, self.row = measure, measure(), 0

    def killed(self):
        self.row += 1
        if self.row >= self.KILLS_IN_A_ROW:
            self.usual, self.row = self.measure(), 0

    def ended(self, seconds):
        self.usual, self.row = 0.7 * self.usual + 0.3 * seconds, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = f"{folder}/home"
        run(options.program, home, "init", "--org", "oem.example", "--name", "OEM")
        run(options.program, home, "dataset", "create", "boards", "--title", "Boards")
        rows = ["kind,item,class,selector,external_id"]
        for index in range(3000):
            selector = '"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,""height"":4}"' % index
            rows.append(f"annotation,board-{index % 300}.png,spur,{selector},{index}")
        table = pathlib.Path(folder) / "labels.csv"
        table.write_text("\n".join(rows) + "\n")

        def measure():
            start = time.monotonic()
            run(options.program, home, "annotate", "boards", "a.png", "--class", "spur")
            return time.monotonic() - start

        rhythm = Rhythm(measure)
        acknowledged, kills, number = [], 0, 0

        def shows_something():
            return kills >= options.rounds // 5 and acknowledged

        # A few more rounds where too few of them met a command at its work.
        while number < options.rounds or (not shows_something() and number < 4 * options.rounds):
            if number % 10 == 9:
                command, share = ["import", "boards", str(table), "--format", "csv"], 30
            elif number % 10 == 8:
                command, share = ["rebuild", "boards"], 3
            else:
                command = ["annotate", "boards", f"item-{number}.png", "--class", "spur"]
                share = 1.6
            start = time.monotonic()
            seconds = chance.uniform(0, rhythm.usual * share)
            output = killed([options.program, *command, "--home", home, "--json"], seconds)
            number += 1
            if output is None:
                kills += 1
            if command[0] == "annotate":
                if output is None:
                    rhythm.killed()
                else:
                    rhythm.ended(time.monotonic() - start)
                    acknowledged.append(output["id"])
        found = set()
        after = []
        while True:
            page = run(options.program, home, "list", "boards", "--limit", "5000", *after)
            found |= {label["id"] for label in page["annotations"]}
            if not page["next"]:
                break
            after = ["--after", page["next"]]
        lost = [id for id in acknowledged if id not in found]
        if lost:
            sys.exit(f"acknowledged and lost: {lost}")
        report = run(options.program, home, "verify", "boards")
        digest = run(options.program, home, "status", "boards")["datasets"][0]["digest"]
        rebuilt = run(options.program, home, "rebuild", "boards")["digest"]
        if digest != rebuilt:
            sys.exit(f"the table had {digest}, a rebuild gives {rebuilt}")
        if not shows_something():
            sys.exit(f"{kills} kills, {len(acknowledged)} acknowledged: this run shows nothing")
        print(f"{kills} kills in {number} rounds, {len(acknowledged)} acknowledged operations"
              f" all there, {report['entries']} entries verified")


if __name__ == "__main__":
    main()
