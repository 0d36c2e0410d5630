#!/usr/bin/env python3
"""Stops the program at system calls that touch a home, and checks what is left.

For each situation of situations.py the calls are counted once; then the same home is put back again and again, and the
command is stopped at one call in one way: SIGKILL before it or after it, EIO, EACCES, a disk that is full or dead from
there on, half of a read or write. After each stop:

- what the command acknowledged is there, and what a reader could have seen of a log is still its beginning;
- a command that failed says so in words, and one that says that nothing was written has written nothing;
- `verify` finds nothing, before or after the next command, and the next command works.

Calls and ways are drawn by a seed, which is printed; `--repeat` does one of them again, exactly.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time

import homes
import program as programs
from situations import DATASET, NEXT, OEM, REPEAT, SITUATIONS, TIER, Stage, Wrong, available, own_log

NAMES, NEEDS_SPACE, MOVES_BYTES = 1, 2, 4  # As in stop.c.
KILLS = ("killbefore", "killafter")
# What a message must not be made of: it is for people who keep labels.
RAW = re.compile(
    r"Error Domain|NSCocoa|NSPOSIX|couldn.t be|SQLite error|disk I/O error|Optional\(|\bE[A-Z]{3,}\b|error code|"
    r"errno|Fatal error|Swift\.")
# A message or its hint has to say what to do.
ADVICE = re.compile(
    r"\b(run|check|free|restore|wait|name|choose|see|try|give|stop|end|start|copy|take|make|ask|repair|mount|replace)\b",
    re.I)


# MARK: Points

class Points:
    """The calls of a command that touch its home, in the order in which they come."""

    def __init__(self, trace, home):
        self.calls = []
        for line in trace.read_text(errors="replace").splitlines():
            number, able, call, path = line.split(" ", 3)
            self.calls.append((int(number), int(able), call, path.replace(str(home), "", 1)))

    def kind(self, call):
        # Names that differ from run to run are one kind.
        return (call[2], re.sub(r"\d+", "#", call[3]))

    def sample(self, chance, count):
        """Some points, each of another kind as long as there are kinds left."""
        kinds = collections.defaultdict(list)
        for call in self.calls:
            kinds[self.kind(call)].append(call)
        order = sorted(kinds)
        chance.shuffle(order)
        found = [chance.choice(kinds[kind]) for kind in order[:count]]
        while len(found) < count:
            found.append(chance.choice(self.calls))
        return found


def ways(call, chance):
    """Four ways in which a call is stopped: both kills, an error, and another that this call can suffer."""
    able = call[1]
    others = ["dead"]
    if able & NAMES:
        others.append("eacces")
    if able & NEEDS_SPACE:
        others.append("enospc")
    if able & MOVES_BYTES:
        others.append("short")
    return [*KILLS, "eio", chance.choice(others)]


# MARK: Judging

def words_of(done):
    """The error's code of a command that failed, and what is wrong with its words."""
    lines = [line for line in done.error.splitlines() if line.startswith("{")]
    try:
        error = json.loads(lines[-1])["error"]
    except (IndexError, ValueError, KeyError):
        # A node that serves writes its log there, and one line when it cannot begin.
        said = [line for line in done.error.splitlines() if line.startswith("countermark: ")]
        if said:
            return "line", wrong_words(said[-1])
        texts = [row["error"] for row in partners(done) if row["error"]] + [
            f"{row['detail']}; {row['hint']}" for row in rows_of(done, "checks") if not row["ok"]]
        return "partners", [wrong for text in texts for wrong in wrong_words(text)] if texts else [
            f"it failed without words: {done}"]
    return error["code"], wrong_words(f"{error['message']}; {error['hint']}")


def wrong_words(text):
    if RAW.search(text):
        return [f"raw words: {text}"]
    return [] if ADVICE.search(text) else [f"no word of what to do: {text}"]


def partners(done):
    return rows_of(done, "partners")


def rows_of(done, name):
    try:
        return done.document.get(name, [])
    except ValueError:
        return []


def grown(before, after, where):
    """Checks that each log only grew."""
    for log, leaves in before.items():
        if not after.get(log, b"").startswith(leaves):
            raise Wrong(
                f"{where}: the log {log} had {len(leaves) // 32} entries, and of what is there now "
                f"({len(after.get(log, b'')) // 32}) they are not the beginning")


def ids(document):
    """The ids that a command acknowledged."""
    return {document["id"]} if "id" in document and ":" in document["id"] else set()


def listed(stage, org):
    document = stage.must(org, "list", DATASET, "--limit", "5000")
    return {label["id"] for label in document["annotations"]}


def verified(stage, org):
    document = stage.must(org, "verify")
    if not document["ok"]:
        raise Wrong(f"verify of {org}: {document['problems']}")


class Judge:
    """Stops one situation's command at one point, and looks at what is left."""

    def __init__(self, stage, situation):
        self.stage, self.situation = stage, situation
        self.stage.keep()

    def stopped(self, plan, trace=""):
        """Runs the command from the beginning, and returns how it ended."""
        stage, situation = self.stage, self.situation
        stage.put_back()
        self.before = {org: homes.histories(stage.home(org)) for org in stage.snapshots}
        if situation.kind == "sync":
            stage.serve(TIER)
        if situation.kind == "serve":
            if stage.serve(OEM, plan, trace):
                self.told = stage.run(TIER, "sync")
            return stage.stop(OEM)
        return stage.run(OEM, *situation.command(stage), plan=plan, trace=trace)

    def count(self):
        """The points of the command when nothing stops it."""
        trace = self.stage.folder / "points"
        trace.unlink(missing_ok=True)
        done = self.stopped("0 none", trace)
        if done.status != self.situation.status:
            raise Wrong(f"with nothing in its way: {done}")
        return Points(trace, self.stage.home(OEM))

    def judge(self, point, way, verify_first):
        """Raises `Wrong` if anything is wrong after a stop."""
        stage = self.stage
        self.told, self.bad_words = None, []
        done = self.stopped(f"{point} {way}")
        self.done = done
        self.check_end(done, way)
        after = {org: homes.histories(stage.home(org)) for org in stage.snapshots}
        for org, before in self.before.items():
            # A log that was set aside is not there until a partner brings it.
            if self.situation.heals != "partner":
                grown(before, after[org], org)
        ended_well = done.status == self.situation.status
        acknowledged = ids(done.document) if ended_well and done.output.startswith("{") else set()
        if done.status > 0 and self.situation.kind == "command" and not (self.situation.heals or self.situation.leaves):
            self.check_unwritten(done, after[OEM])
        if self.situation.leaves:
            self.situation.leaves(stage, ended_well)
        if verify_first and homes.log_folders(stage.home(OEM)) and not self.situation.heals:
            verified(stage, OEM)
        acknowledged |= self.go_on()
        last = {org: homes.histories(stage.home(org)) for org in stage.snapshots}
        for org, before in after.items():
            grown(before, last[org], org)
        for org in stage.snapshots:
            verified(stage, org)
        lost = acknowledged - listed(stage, OEM)
        if lost:
            raise Wrong(f"acknowledged and lost: {sorted(lost)}")
        if self.bad_words:
            raise Wrong("; ".join(self.bad_words))

    def check_words(self, done):
        code, wrong = words_of(done)
        self.bad_words += wrong
        return code

    def check_end(self, done, way):
        if done.was_killed:
            if way not in KILLS:
                raise Wrong(f"killed by itself: {done}")
        elif done.status < 0:
            raise Wrong(f"it broke down: {done}")
        elif done.status > 0:
            self.check_words(done)
        if self.told is not None and self.told.status > 0:
            self.check_words(self.told)

    def check_unwritten(self, done, after):
        """A command that failed has written nothing, or says what it has written."""
        own = str(own_log(self.stage).relative_to(self.stage.home(OEM)))
        if len(after.get(own, b"")) > len(self.before[OEM].get(own, b"")) and "written" not in done.error:
            raise Wrong(f"the log grew, and the command does not say so: {done}")

    def go_on(self):
        """Runs what has to work after a stop, and returns what that acknowledged."""
        stage, situation = self.stage, self.situation
        if situation.kind != "command" and not situation.heals:
            self.sync_again()
        for words in situation.after:
            words = situation.command(stage) if words == REPEAT else words
            done = stage.run(OEM, *words)
            # What was set aside already is whole now.
            if done.status not in (0, situation.status) and self.check_words(done) not in situation.mayrepeat:
                raise Wrong(f"afterwards: {done}")
            if situation.leaves and done.status == 0:
                situation.leaves(stage, True)
        if situation.heals:
            self.heal()
        return ids(stage.must(OEM, *NEXT))

    def heal(self):
        """The damage is gone with the command, or with the next partner."""
        stage = self.stage
        if self.situation.heals == "itself":
            verified(stage, OEM)
        self.sync_again()
        grown(stage.truth, homes.histories(stage.home(OEM)), "as it was before the damage")

    def sync_again(self):
        stage = self.stage
        served = TIER if self.situation.kind == "sync" else OEM
        dials = OEM if served == TIER else TIER
        if served not in stage.daemons and not stage.serve(served):
            raise Wrong(f"{served} does not serve again: {stage.stop(served)}")
        stage.must(dials, "sync")
        stage.stop(served)
        for org in (OEM, TIER):
            evidence = stage.must(org, "evidence")["evidence"]
            if evidence:
                raise Wrong(f"{org} has evidence of a second history: {evidence}")
        ours, theirs = (homes.histories(stage.home(org)) for org in (OEM, TIER))
        if ours != theirs:
            raise Wrong("after another sync the two homes hold different logs")


# MARK: Running

class Tally:
    """What was done."""

    def __init__(self):
        self.stops, self.points, self.reached = 0, set(), collections.Counter()
        self.wrong = []

    def note(self, situation, point, way, done):
        self.stops += 1
        self.points.add((situation.name, point))
        self.reached[way if done and done.failures else "not reached"] += 1

    def lines(self):
        ways = ", ".join(f"{count} {way}" for way, count in sorted(self.reached.items()))
        return f"{self.stops} stops at {len(self.points)} points ({ways}), {len(self.wrong)} wrong"


def try_one(judge, point, way, verify_first, tally, again):
    """One stop; what is wrong is told at once, with the way to repeat it."""
    judge.done = None
    try:
        judge.judge(point, way, verify_first)
    except Wrong as wrong:
        done = judge.done
        place = f"{done.call} {done.path}" if done else "?"
        tally.wrong.append(str(wrong))
        print(
            f"WRONG: {judge.situation.name} at call {point} ({place}), {way}: {wrong}\n"
            f"  again: {again} --repeat {judge.situation.name}:{point}:{way}:{int(verify_first)}", flush=True)
    tally.note(judge.situation, point, way, judge.done)


def sampled(options, rows, program, folder, again):
    """A few points of each situation, each stopped in four ways."""
    tally = Tally()
    for index, row in enumerate(rows):
        # Each situation has its own chance: `--only` does not change what is drawn for it.
        chance = random.Random(f"{options.seed} {row.name}")
        started = time.monotonic()
        judge = prepared(program, folder, row)
        points = judge.count()
        stops = tally.stops
        for call in points.sample(chance, options.points):
            for way in ways(call, chance):
                try_one(judge, call[0], way, chance.random() < 0.5, tally, again)
        print(
            f"{row.name}: {len(points.calls)} calls touch the home; {tally.stops - stops} stops in "
            f"{time.monotonic() - started:.0f} s", flush=True)
        judge.stage.put_back()
        program.close()
    return tally


def prepared(program, folder, row):
    stage = Stage(program, pathlib.Path(folder) / row.name)
    row.prepare(stage)
    return Judge(stage, row)


def repeat(options, program, folder, again):
    name, point, way, first = options.repeat.split(":")
    row = next(row for row in SITUATIONS if row.name == name)
    tally = Tally()
    judge = prepared(program, folder, row)
    judge.count()
    try_one(judge, int(point), way, first == "1", tally, again)
    print(f"it ended so: {judge.done}\nstopped at {judge.done.call} {judge.done.path}")
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--points", type=int, default=4, help="calls of each situation")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", nargs="*", help="situations")
    parser.add_argument("--repeat", metavar="SITUATION:CALL:WAY:FIRST", help="one stop again")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--scratch", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    options = parser.parse_args()
    again = f"{sys.argv[0]} --program {options.program} --seed {options.seed}"
    print(f"seed {options.seed}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-stops-", dir=options.scratch))
    library = programs.compiled(folder)
    help_text = programs.patience.run([options.program, "--help"]).stdout
    rows, missing = available(help_text)
    for name in missing:
        print(f"SKIPPED: {name}, which this program has no command for")
    rows = [row for row in rows if not options.only or row.name in options.only]
    if options.repeat:
        program = programs.Program(options.program, library, folder)
        tallies = [repeat(options, program, folder, again)]
        program.close()
    else:
        tallies = spread(options, rows, library, folder, again)
    total = Tally()
    for tally in tallies:
        total.stops += tally.stops
        total.points |= tally.points
        total.reached += tally.reached
        total.wrong += tally.wrong
    print(total.lines())
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if total.wrong else 0)


def spread(options, rows, library, folder, again):
    """Shares the situations among processes."""
    return programs.in_processes(
        options.workers, [(share, options, row.name, library, folder, again) for row in rows])


def share(options, name, library, folder, again):
    rows = [row for row in SITUATIONS if row.name == name]
    own = pathlib.Path(tempfile.mkdtemp(prefix="share-", dir=folder))
    program = programs.Program(options.program, library, own)
    try:
        return sampled(options, rows, program, own, again)
    except Wrong as wrong:
        tally = Tally()
        tally.wrong.append(str(wrong))
        print(f"WRONG: {rows[0].name}: {wrong}")
        return tally
    finally:
        program.close()


if __name__ == "__main__":
    main()
