#!/usr/bin/env python3
"""Puts one fault at a time into a copy of the code and reports which law or seed notices it.

    python3 Tests/Mutations/run.py                       all of mutations.txt
    python3 Tests/Mutations/run.py --only NAME [NAME…]   some of them
    python3 Tests/Mutations/run.py --list

The copy and its build lie in .build/mutations; nothing is changed outside. Each mutation runs against the first
seeds of each check, and against all of them if those notice nothing. What does not end is ended after a bound that grows
with what the same seeds took without a fault.
"""

import argparse
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).with_name("mutations.txt")
WORK = ROOT / ".build" / "mutations"
TREE, BUILD = WORK / "tree", WORK / "build"
LAWS = BUILD / "debug" / "countermark-laws"
# Without a fault a run ends; with one that makes it loop, this many times as long is enough.
HANG_FACTOR, HANG_SECONDS = 10, 60


class Mutation:
    """A name, what is wrong, and the places: (file, lines to find, lines to put there)."""

    def __init__(self, name):
        self.name, self.says, self.places = name, "", []

    def texts(self):
        """The mutated text of each file; what does not fit the code ends the run."""
        changed = {}
        for file, old, new in self.places:
            lines = (changed.get(file) or (ROOT / file).read_text()).split("\n")
            bare = [line.strip() for line in lines]
            found = [at for at in range(len(bare)) if bare[at:at + len(old)] == old]
            if len(found) != 1:
                sys.exit(f"{self.name}: stands {len(found)} times in {file}: {old}")
            at = found[0]
            indent = lines[at][:len(lines[at]) - len(bare[at])]
            lines[at:at + len(old)] = [indent + line for line in new]
            changed[file] = "\n".join(lines)
        return changed


def read_list():
    mutations, place = [], None
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        mark, _, rest = line.partition(" ")
        if mark == "==":
            mutations.append(Mutation(rest))
        elif mark == "@":
            place = (rest, [], [])
            mutations[-1].places.append(place)
        elif mark in ("-", "+"):
            place[1 if mark == "-" else 2].append(rest.strip())
        elif not mutations[-1].places:
            mutations[-1].says = line
        else:
            sys.exit(f"{LIST.name}:{number}: {line}")
    return mutations


def copy_tree():
    """Brings the copy to the state of the working tree; equal files keep their times, so that little is rebuilt."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
        check=True, capture_output=True, text=True).stdout.split("\0")
    files = {name for name in listed if name and (ROOT / name).is_file()}
    if (ROOT / "Package.resolved").is_file():
        files.add("Package.resolved")
    for path in list(TREE.rglob("*")):
        if path.is_file() and str(path.relative_to(TREE)) not in files:
            path.unlink()
    for name in files:
        source, target = ROOT / name, TREE / name
        data = source.read_bytes()
        if name == "Package.swift":
            # A fault may leave something unused.
            data = data.replace(b"    .treatAllWarnings(as: .error),\n", b"")
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def build():
    """Builds the laws; returns what the compiler says where it fails."""
    # Optimised, but file by file: a release build would compile whole modules for each fault.
    command = ["swift", "build", "-Xswiftc", "-O", "--product", "countermark-laws",
               "--package-path", str(TREE), "--scratch-path", str(BUILD)]
    # A compiler that ends without an error has been ended from outside: it gets a second try.
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        said = done.stdout + done.stderr
        errors = [line for line in said.splitlines() if "error:" in line]
        if errors:
            return "\n".join(dict.fromkeys(errors))
    return f"status {done.returncode}\n{said}"


def run(seconds, *options):
    """Runs the laws; returns how they ended, what they printed and how long it took."""
    start = time.monotonic()
    process = subprocess.Popen(
        [LAWS, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        status = None
    return status, output, time.monotonic() - start


def running(output):
    """The check that was running when the output ended."""
    names = re.findall(r"^(\S+): ", output, re.MULTILINE)
    return names[-1] if names else "the start"


def verdict(status, output, bound):
    """What noticed the fault; nothing if all laws hold."""
    if status == 0:
        return None
    if status is None:
        return f"{running(output)} does not end"
    failed = re.findall(r"^  FAILED (.*)", output, re.MULTILINE)
    if status == 1 and failed:
        return failed[0][:150]
    check = running(output)
    # Once more, one seed after the other, to know which one ends the process.
    _, again, _ = run(bound, "--filter", check, "--announce", "--jobs", "1")
    seeds = re.findall(r"^  seed (\d+)", again, re.MULTILINE)
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    return f"{check} ends the process ({name}) at seed {seeds[-1] if seeds else '?'}"


class DoesNotBuild(Exception):
    """A mutation that the compiler refuses: it says nothing about the laws."""


class Plan:
    """The runs for each mutation, and how long each may take."""

    def __init__(self, seeds):
        self.stages = [["--first", "--most", str(seeds)], ["--first"]]
        self.bound = 0

    def measure(self):
        status, output, seconds = run(None, *self.stages[0])
        if status != 0:
            sys.exit(f"without a fault the laws do not hold:\n{output}")
        self.bound = HANG_FACTOR * seconds + HANG_SECONDS
        print(f"without a fault: {seconds:.0f} s with {' '.join(self.stages[0])}", flush=True)

    def notice(self):
        # The seeds of the second stage are some ten times as many.
        for stage, bound in zip(self.stages, [self.bound, 20 * self.bound]):
            status, output, _ = run(bound, *stage)
            found = verdict(status, output, bound)
            if found:
                return found + ("" if stage is self.stages[0] else " (only with all seeds)")
        return None


def try_one(mutation, plan):
    """Applies a mutation, builds, runs, and takes it back; returns what noticed it."""
    texts = mutation.texts()
    for file, text in texts.items():
        (TREE / file).write_text(text)
    try:
        errors = build()
        if errors:
            raise DoesNotBuild(errors)
        return plan.notice()
    finally:
        for file in texts:
            shutil.copyfile(ROOT / file, TREE / file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seeds", type=int, default=300, help="seeds of each check, at first")
    options = parser.parse_args()
    mutations = read_list()
    unknown = set(options.only) - {mutation.name for mutation in mutations}
    if unknown:
        sys.exit(f"no mutation is called {', '.join(sorted(unknown))}")
    if options.only:
        mutations = [mutation for mutation in mutations if mutation.name in options.only]
    for mutation in mutations:
        mutation.texts()
    if options.list:
        for mutation in mutations:
            print(f"{mutation.name:28} {mutation.says}")
        return
    copy_tree()
    errors = build()
    if errors:
        sys.exit(errors)
    plan = Plan(options.seeds)
    plan.measure()
    caught = 0
    for mutation in mutations:
        start = time.monotonic()
        try:
            found = try_one(mutation, plan)
            outcome, says = ("caught", found) if found else ("MISSED", mutation.says)
        except DoesNotBuild as errors:
            found, outcome, says = None, "BROKEN", f"does not build: {errors}"
        caught += 1 if found else 0
        print(f"{outcome}  {mutation.name:26} {says} [{time.monotonic() - start:.0f} s]", flush=True)
    print(f"{caught} of {len(mutations)} mutations caught")
    sys.exit(0 if caught == len(mutations) else 1)


if __name__ == "__main__":
    main()
