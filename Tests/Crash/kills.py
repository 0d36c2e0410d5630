#!/usr/bin/env python3
"""Kills the program thousands of times in a row in the same home, also while it mends what the last kill left.

Each command is killed at a call that the seed chooses, before or after the call was made; the next command begins with
what is there. After every kill each log must begin with what it was before. After every `--check` kills, `verify` must
find nothing, a command must work, and all that any command acknowledged must be there. Now and then the first home is
put back, so that the homes stay small. With `--sync` the commands are syncs with a partner that serves.

For very many kills, `--workers` has as many homes killed at once, and `--check 200` looks at each round at its end:
still every acknowledged operation is looked for, and every log verified, before a home is put back.
"""

import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import homes
import program as programs
from situations import DATASET, OEM, SCHEMA, TIER, Stage, Wrong, pair, single
from stops import KILLS, grown, ids, listed, verified

# Kills after which the first home is put back.
ROUND = 200


def table(stage, name, x):
    file = stage.folder / name
    box = '"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,""height"":4}"'
    rows = [f"annotation,board-{index % 7}.png,spur,{box % (index + x)},{index}" for index in range(40)]
    file.write_text("\n".join(["kind,item,class,selector,external_id", *rows]) + "\n")
    return ["import", DATASET, file, "--format", "csv", "--update"]


class Chain:
    """Commands that are killed one after the other."""

    def __init__(self, stage, options, seed):
        self.stage, self.options, self.seed = stage, options, seed
        self.chance = random.Random(seed)
        self.kills, self.ended, self.checks = 0, 0, 0
        self.calls, self.by_command = collections.Counter(), collections.Counter()
        self.acknowledged, self.total = set(), 0
        (pair if options.sync else single)(stage)
        stage.keep()
        # What was prepared is done; from here on each command is run again and again.
        stage.program.close()
        stage.program.warmed = not options.sync
        self.commands = [["sync"]] if options.sync else [
            *[["annotate", DATASET, "a.png", "--class", "spur"]] * 6, table(stage, "one.csv", 0),
            table(stage, "other.csv", 5), ["rebuild", DATASET], ["key", "rotate"],
            ["schema", "set", DATASET, SCHEMA], ["carry", "out", DATASET, stage.stick],
            ["invite", DATASET, "--role", "reviewer", "--url", "https://127.0.0.1:7443"], ["list", DATASET]]
        self.points = {}
        for words in self.commands:
            if str(words) not in self.points:
                self.put_back()
                self.points[str(words)] = stage.run(OEM, *words).points
        self.put_back()

    def put_back(self):
        self.stage.put_back()
        self.acknowledged = set()
        if self.options.sync:
            self.stage.serve(TIER)
        self.before = homes.histories(self.stage.home(OEM))

    def one(self):
        """One command, killed unless its call never comes."""
        words = self.chance.choice(self.commands)
        # A little beyond the end: some commands are to end by themselves.
        point = self.chance.randint(1, self.points[str(words)] * 21 // 20)
        if self.options.sync:
            for org in (OEM, TIER):
                self.acknowledge(self.stage.must(org, "annotate", DATASET, f"{org}.png", "--class", "spur"))
        done = self.stage.run(OEM, *words, plan=f"{point} {self.chance.choice(KILLS)}")
        if done.was_killed:
            self.kills += 1
            self.calls[done.call] += 1
            self.by_command[words[0]] += 1
        elif done.status != 0:
            raise Wrong(f"at call {point}: {done}")
        else:
            self.ended += 1
            if words[0] == "annotate":
                self.acknowledge(done.document)
        after = homes.histories(self.stage.home(OEM))
        grown(self.before, after, OEM)
        self.before = after

    def acknowledge(self, document):
        self.acknowledged |= ids(document)
        self.total += 1

    def check(self):
        """What has to hold between kills."""
        self.checks += 1
        stage = self.stage
        verified(stage, OEM)
        if self.options.sync:
            stage.must(OEM, "sync")
            for org in (OEM, TIER):
                verified(stage, org)
                if stage.must(org, "evidence")["evidence"]:
                    raise Wrong(f"{org} has evidence of a second history")
            if homes.histories(stage.home(OEM)) != homes.histories(stage.home(TIER)):
                raise Wrong("the two homes hold different logs after a sync")
        else:
            self.acknowledge(stage.must(OEM, "annotate", DATASET, "check.png", "--class", "spur"))
        lost = self.acknowledged - listed(stage, OEM)
        if lost:
            raise Wrong(f"acknowledged and lost: {sorted(lost)}")
        self.before = homes.histories(stage.home(OEM))

    def run(self):
        start, number = time.monotonic(), 0
        wanted = -(-self.options.kills // self.options.workers)
        while self.kills < wanted and time.monotonic() - start < self.options.seconds:
            number += 1
            try:
                self.one()
                if number % self.options.check == 0:
                    self.check()
            except Wrong as wrong:
                kept = f"{self.stage.folder}.wrong"
                shutil.copytree(self.stage.folder, kept, dirs_exist_ok=True)
                print(f"WRONG: command {number} of seed {self.seed}: {wrong}\n  the homes are kept in {kept}")
                return False
            if number % ROUND == 0:
                self.put_back()
            if number % 400 == 0:
                print(self.line(time.monotonic() - start), flush=True)
        self.check()
        self.seconds = time.monotonic() - start
        return True

    def line(self, seconds):
        return (
            f"seed {self.seed}: {self.kills} kills in {seconds:.0f} s, {self.ended} commands ended by themselves, "
            f"{self.checks} checks, {self.total} acknowledged operations all there")


# MARK: Running

def work(options, seed, library, folder):
    """Kills commands in a home of its own; returns the chain, or nothing where something is lost."""
    own = pathlib.Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    program = programs.Program(options.program, library, own)
    stage = Stage(program, own / "stage")
    chain = Chain(stage, options, seed)
    holds = chain.run()
    if options.sync:
        stage.stop(TIER)
    program.close()
    if not holds:
        return None
    shutil.rmtree(own)
    return chain.kills, chain.ended, chain.checks, chain.total, chain.calls, chain.by_command, chain.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--check", type=int, default=20, help="commands between checks")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=1, help="homes that are killed in at once; seeds count up")
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("--scratch", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    options = parser.parse_args()
    if ROUND % options.check:
        sys.exit(f"--check has to divide {ROUND}: a home is put back after so many commands")
    print(f"seed {options.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-kills-", dir=options.scratch))
    library = programs.compiled(folder)
    with multiprocessing.get_context("fork").Pool(options.workers, maxtasksperchild=1) as pool:
        waiting = [
            pool.apply_async(work, (options, options.seed + index, library, folder)) for index in range(options.workers)]
        done = [result.get() for result in waiting]
    held = [one for one in done if one]
    kills, ended, checks, total = (sum(one[field] for one in held) for field in range(4))
    calls, commands = (sum((one[field] for one in held), collections.Counter()) for field in (4, 5))
    seconds = max((one[6] for one in held), default=0)
    print(
        f"{kills} kills in {seconds:.0f} s in {len(held)} homes, {ended} commands ended by themselves, {checks} checks, "
        f"{total} acknowledged operations all there")
    print(f"at {json.dumps(dict(calls.most_common()))}\nin {json.dumps(dict(commands.most_common()))}")
    if len(held) == len(done):
        shutil.rmtree(folder)
    sys.exit(0 if len(held) == len(done) else 1)


if __name__ == "__main__":
    main()
