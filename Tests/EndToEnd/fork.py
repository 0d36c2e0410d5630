#!/usr/bin/env python3
"""Lets a restored home write before it has asked a partner, with the real program: the fork is found and proven.

The entries of the two halves have other lengths, so a pull that resumes where the held bytes end begins within an
entry. Both honest sides end with what the halves share, and with the same digest.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402

DATASET = "oem.example/boards"
failures = []


def check(condition, what):
    print(("ok       " if condition else "FAILED   ") + what)
    if not condition:
        failures.append(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Company:
    def __init__(self, program, folder, origin):
        self.program, self.origin, self.path = program, origin, folder / origin
        self.port = free_port()
        self.run("init", "--org", origin, "--name", origin)
        self.root = folder / f"{origin}.pem"
        self.root.write_text(self.run("key", "show")["root"])

    def call(self, *words):
        return patience.run([self.program, *words, "--home", str(self.path), "--json"])

    def run(self, *words):
        done = self.call(*words)
        if done.returncode != 0:
            sys.exit(f"{self.origin}: {' '.join(words)} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def knows(self, other, dials=False):
        url = ["--url", f"https://127.0.0.1:{other.port}"] if dials else []
        self.run("partner", "add", other.origin, "--root", str(other.root), *url)

    def attempt(self, item, *options):
        words = ["annotate", DATASET, item, "--class", "spur", "--box", "1,2,3,4"]
        return self.call(*words, *options)

    def label(self, item):
        if self.attempt(item).returncode != 0:
            sys.exit(f"{self.origin} cannot label {item}")

    def items(self):
        return {a["item"] for a in self.run("list", DATASET)["annotations"]}

    def digest(self):
        return self.run("status", DATASET)["datasets"][0]["digest"]

    def alarms(self):
        return self.run("status")["alarms"]

    @contextlib.contextmanager
    def serving(self):
        log = open(f"{self.path}.log", "a")
        process = subprocess.Popen(
            [self.program, "serve", "--peer", f"127.0.0.1:{self.port}", "--home", str(self.path)],
            stdout=log, stderr=log)
        try:
            patience.answers(self.port, process, f"{self.origin}, which writes to {self.path}.log,")
            yield
        finally:
            patience.ended(process, self.origin)
            log.close()


def pair(program, folder):
    """A steward, a supplier that dials, and a backup of the supplier that is one label old."""
    folder.mkdir()
    oem = Company(program, folder, "oem.example")
    tier = Company(program, folder, "tier.example")
    oem.knows(tier)
    tier.knows(oem, dials=True)
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", tier.origin, "--role", "reviewer")
    with oem.serving():
        tier.run("dataset", "join", DATASET)
        tier.label("old.png")
        tier.run("sync")
        shutil.copytree(tier.path, folder / "backup")
        for item in ["new1.png", "new2.png"]:
            tier.label(item)
        tier.run("sync")
    check(oem.items() == {"old.png", "new1.png", "new2.png"}, "the steward holds three labels")
    return oem, tier


def restore(tier, folder):
    shutil.rmtree(tier.path)
    shutil.copytree(folder / "backup", tier.path)
    check(tier.items() == {"old.png"}, "the restored home has one label")


def write_too_early(program, folder):
    oem, tier = pair(program, folder)
    restore(tier, folder)
    # Of another length than the entry that it takes the place of.
    check(tier.attempt("early-and-longer.png").returncode == 1, "it does not write unasked")
    check(
        tier.attempt("early-and-longer.png", "--offline").returncode == 0,
        "the operator insists")
    with oem.serving():
        met = tier.call("sync")
    check(met.returncode == 4 and "two histories" in met.stdout, "the sync says what happened")
    for company in [oem, tier]:
        check(len(company.alarms()) == 1, f"{company.origin} raises the alarm")
        found = company.run("evidence")["evidence"]
        check(len(found) == 1 and found[0]["ok"], f"{company.origin} holds the proof")
        check(company.items() == {"old.png"}, f"{company.origin} counts what both halves share")
    check(oem.digest() == tier.digest(), "both have the same digest")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="the built countermark")
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        print("the restored company writes before it asks")
        write_too_early(program, folder / "early")
    if failures:
        sys.exit(f"{len(failures)} checks failed")


if __name__ == "__main__":
    main()
