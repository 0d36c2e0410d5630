#!/usr/bin/env python3
"""Attacks a built countermark: run.py --program PATH [name…]."""

import argparse
import importlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import toolkit
    from harness import ATTACKS, Worker
except ImportError as error:
    raise SystemExit(f"the attacks need the PyPI packages in requirements.txt ({error})")

ORDINARY_SECONDS = 0.08  # what the program's help takes on a machine of ordinary speed


def load():
    for path in sorted((HERE / "attacks").glob("[a-z]*.py")):
        importlib.import_module(f"attacks.{path.stem}")


def slowness(program):
    """How many times slower than an ordinary machine this one is now, by the program's own start."""
    begun = time.monotonic()
    for _ in range(3):
        subprocess.run([program, "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.monotonic() - begun) / 3 / ORDINARY_SECONDS


def table():
    print("| attack | who | what it does | what must hold |\n| --- | --- | --- | --- |")
    for each in ATTACKS:
        print(f"| `{each.name}` | {each.who} | {each.does} | {each.holds} |")


def report(t, verbose):
    if t.faults:
        happened = list(dict.fromkeys(toolkit.one_line(what, 400) for what, _ in t.faults))
        must = list(dict.fromkeys(must for _, must in t.faults if must))
        if not verbose and len(happened) > 4:
            happened = happened[:4] + [f"and {len(happened) - 4} more (--verbose shows them)"]
        print(f"FAIL {t.name}: {'; '.join(happened)}, what must hold: {'; '.join(must[:4])}")
    else:
        print(f"PASS {t.name}")
    if verbose:
        print(f"     {t.seconds:.1f} s, {t.cpu:.1f} CPU s" + "".join(f"; {note}" for note in t.notes))
    sys.stdout.flush()


def stopped(*_):
    raise KeyboardInterrupt


def run_all(chosen, jobs, verbose, keep=None):
    """Runs attacks side by side; the names of those that failed."""
    waiting, running, failed = list(chosen), {}, []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                worker = Worker(waiting.pop(0), keep)
                running[worker.result] = worker
            for ready in select.select(list(running), [], [])[0]:
                t = running.pop(ready).end()
                report(t, verbose)
                if t.faults:
                    failed.append(t.name)
    except KeyboardInterrupt:
        for worker in running.values():
            worker.stop()
        print("stopped")
        sys.exit(130)
    return failed


def arguments():
    parser = argparse.ArgumentParser(description="Attacks a built countermark.")
    parser.add_argument("--program", help="the program (else COUNTERMARK, else countermark on the path)")
    parser.add_argument("--list", action="store_true", help="print the table and end")
    parser.add_argument("--verbose", action="store_true", help="also print seconds and measured values")
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        help="how many attacks run at once (a node waits half of its time)",
    )
    parser.add_argument("--keep", help="a folder in which the attacks' folders stay")
    parser.add_argument("names", nargs="*", help="attacks, or files of attacks; all if left out")
    return parser, parser.parse_args()


def main():
    parser, given = arguments()
    load()
    if given.list:
        return table()
    program = shutil.which(given.program or toolkit.Setting.program)
    if not program:
        parser.error(f"there is no program {given.program or toolkit.Setting.program}: give --program")
    toolkit.Setting.program = str(Path(program).resolve())
    toolkit.Setting.slowness = slowness(program)
    unknown = set(given.names) - {each.name for each in ATTACKS} - {each.file for each in ATTACKS}
    if unknown:
        parser.error("no attack is called " + ", ".join(sorted(unknown)))
    chosen = [each for each in ATTACKS if not given.names or each.name in given.names or each.file in given.names]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stopped)
    begun = time.monotonic()
    failed = run_all(chosen, given.jobs, given.verbose, given.keep)
    print(
        f"{len(chosen) - len(failed)} attacks held off, {len(failed)} got through,"
        f" in {time.monotonic() - begun:.0f} s"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
