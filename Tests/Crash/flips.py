#!/usr/bin/env python3
"""Flips bits in the files of homes, and cuts them, and checks that none of it goes unnoticed or is signed over.

Three homes are damaged, each again and again, and put back in between.

- One has two long logs, the own one and a partner's; a bit of many entries, or of their hashes, is flipped at once, and one
  `verify` has to name each of these entries and no other.
- One holds many datasets; a file of each log is damaged at once, and one `verify` has to name every log that was
  damaged and no other.
- One has every kind of file that a home can have; one file is damaged at a time. Either a command names the damage
  (`verify`, or an error in words), or the file is derived or without weight: then the label set's digest must be
  what it was, and `verify` must find nothing.

After some of them the next label is written. Where the program writes it, its log must be whole as soon as the
damaged file is what it was before: then nothing was signed that rests on damage. The seed is printed.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import homes
import program as programs
from situations import DATASET, OEM, TIER, Stage, Wrong, own_log, pair
from stops import words_of

# Logs that are damaged for one `verify`.
DATASETS = 40
# Entries of each long log: a full tile, so that there is a tile above it, and the beginning of the next.
ENTRIES = homes.TILE_WIDTH + 40
# Between two words on how far a long run is.
TELL_SECONDS = 120
# The length that stands in front of each entry of a bundle.
LENGTH_BYTES = 2


# MARK: Damage

def flip(content, chance):
    """One bit is the other way round."""
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1:], f"bit in byte {at}"


def cut(content, chance):
    """The end is missing, or all of it."""
    left = chance.choice([0, len(content) - 1, chance.randrange(len(content))])
    return content[:left], f"cut to {left} of {len(content)} bytes"


def zeroed(content, chance):
    """A stretch reads as zeroes, as after a lost page."""
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 16, 512, 4096]))
    if not any(content[start:end]):
        return flip(content, chance)
    return content[:start] + bytes(end - start) + content[end:], f"zeroes from {start} to {end}"


def damaged(path, chance):
    """Damages a file in one of these ways; most often it is a flipped bit."""
    content = path.read_bytes()
    changed, what = chance.choice([flip] * 8 + [cut, zeroed])(content, chance)
    path.write_bytes(changed)
    return content, what


class Tally:
    def __init__(self):
        self.done, self.noticed, self.harmless, self.written, self.refused, self.flipped = 0, 0, 0, 0, 0, 0
        self.kinds, self.wrong = collections.Counter(), []

    def add(self, other):
        self.done += other.done
        self.noticed += other.noticed
        self.harmless += other.harmless
        self.written += other.written
        self.refused += other.refused
        self.flipped += other.flipped
        self.kinds += other.kinds
        self.wrong += other.wrong

    def line(self):
        return (
            f"{self.done} damages, {self.flipped} of them one flipped bit: {self.noticed} noticed, "
            f"{self.harmless} without weight (the same digest), "
            f"{len(self.wrong)} wrong; of {self.written + self.refused} labels that were to be written to a damaged home "
            f"{self.refused} were refused and {self.written} written")


# MARK: Many entries

class Place:
    """Where an entry of a log lies: its bytes with their length, and its hash."""

    def __init__(self, bundle, start, end, tile, hash_start):
        self.bundle, self.start, self.end = bundle, start, end
        self.tile, self.hash_start = tile, hash_start

    def drawn(self, chance):
        """A byte of it, as a file and a place in that, and whether it is of the length."""
        at = chance.randrange(self.end - self.start + homes.HASH_BYTES)
        if at >= self.end - self.start:
            return self.tile, self.hash_start + at - (self.end - self.start), False
        return self.bundle, self.start + at, at < LENGTH_BYTES


class Entries:
    """A home with two long logs, of which one is a partner's."""

    def __init__(self, stage, chance):
        self.stage, self.chance, self.rounds = stage, chance, 0
        pair(stage)
        for org in (OEM, TIER):
            while homes.size(own_log(stage, org)) < ENTRIES:
                stage.must(org, "annotate", DATASET, "many.png", "--class", "spur")
        stage.serve(TIER)
        stage.must(OEM, "sync")
        stage.stop(TIER)
        stage.must(OEM, "verify")
        stage.keep()
        self.logs = {
            f"{folder.parts[-3]}/{DATASET}": list(self.places(folder)) for folder in homes.log_folders(stage.home(OEM))}
        self.kept = {
            path: path.read_bytes() for places in self.logs.values() for bundle in places
            for place in bundle for path in (place.bundle, place.tile)}

    def places(self, folder):
        """The places of a log's entries, bundle by bundle."""
        whole = homes.size(folder)
        for index in range(0, whole, homes.TILE_WIDTH):
            number, width = index // homes.TILE_WIDTH, min(homes.TILE_WIDTH, whole - index)
            bundle, tile = (homes.tile_path(folder, kind, number, width) for kind in ("entries", "0"))
            content, start, found = bundle.read_bytes(), 0, []
            for place in range(width):
                end = start + LENGTH_BYTES + int.from_bytes(content[start:start + LENGTH_BYTES], "big")
                found.append(Place(bundle, start, end, tile, place * homes.HASH_BYTES))
                start = end
            yield found

    def flip(self, bundles):
        """Flips a bit of most entries, drawn; behind a length that is another no entry of the bundle is one.

        Returns the entries of which a bit was flipped, with the place, and those of which nothing can be said."""
        flipped, lost, content = {}, set(), {}
        for number, bundle in enumerate(bundles):
            for index, place in enumerate(bundle, number * homes.TILE_WIDTH):
                if self.chance.random() < 0.25:
                    continue
                path, at, is_length = place.drawn(self.chance)
                bit = self.chance.randrange(8)
                content.setdefault(path, bytearray(self.kept[path]))[at] ^= 1 << bit
                flipped[index] = f"{path.name} bit {bit} of byte {at}"
                if is_length:
                    lost |= set(range(index + 1, (number + 1) * homes.TILE_WIDTH))
                    break
        for path, harmed in content.items():
            path.write_bytes(harmed)
        return flipped, lost, [(path, self.kept[path]) for path in content]

    def one(self, tally):
        """Flips bits of many entries, and looks whether `verify` names these and no others."""
        self.rounds += 1
        done, damages = {}, {}
        for log, bundles in self.logs.items():
            *done[log], damages[log] = self.flip(bundles)
        answer = self.stage.run(OEM, "verify", DATASET)
        named = {log: set() for log in done}
        for problem in answer.document["problems"] if answer.output else []:
            # What the bytes say of one entry; a signature that fails may be for another entry's sake.
            if problem["log"] in named and problem["index"] is not None and "/tile/" in problem["what"]:
                named[problem["log"]].add(problem["index"])
        for log, (flipped, lost) in done.items():
            tally.done += len(flipped)
            tally.flipped += len(flipped)
            tally.noticed += len(set(flipped) & named[log])
            tally.kinds[f"entries of {log}"] += len(flipped)
            tally.wrong += [f"{log} {index}: {flipped[index]}: unnoticed" for index in sorted(set(flipped) - named[log])]
            tally.wrong += [f"{log} {index} is whole, and is named" for index in sorted(named[log] - set(flipped) - lost)]
        if self.rounds % 20 == 1:
            log = self.chance.choice(sorted(done))
            for path, kept in sum((damages[other] for other in damages if other != log), []):
                path.write_bytes(kept)
            write(self.stage, DATASET, damages[log], f"many bits of {log}", tally)
        for path, kept in sum(damages.values(), []):
            path.write_bytes(kept)
        self.stage.put_back()


# MARK: Many logs

class Logs:
    """A home with many small logs."""

    def __init__(self, stage, chance):
        self.stage, self.chance = stage, chance
        stage.must(OEM, "init", "--org", OEM, "--name", "OEM")
        for index in range(DATASETS):
            name = f"d{index}"
            stage.must(OEM, "dataset", "create", name, "--title", "Boards")
            for item in ("a.png", "b.png")[: 1 + index % 2]:
                stage.must(OEM, "annotate", name, item, "--class", "spur")
        stage.keep()
        self.folders = homes.log_folders(stage.home(OEM))

    def one(self, tally):
        """Damages a file of each log but two, and looks whether `verify` names these logs and no others."""
        whole = set(self.chance.sample(range(len(self.folders)), 2))
        done, where = {}, {}
        for index, folder in enumerate(self.folders):
            if index in whole:
                continue
            files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
            path = self.chance.choice(files)
            kept, what = damaged(path, self.chance)
            log = f"{OEM}/{OEM}/{folder.name}"
            done[log], where[log] = (path, kept), f"{path.relative_to(folder)} ({what})"
            tally.kinds["/".join(path.relative_to(folder).parts[:2])] += 1
            tally.flipped += what.startswith("bit")
        answer = self.stage.run(OEM, "verify")
        tally.done += len(done)
        named = {problem["log"] for problem in answer.document["problems"]} if answer.output else set()
        named |= {f"{OEM}/{log}" for log in named if log.count("/") == 1}
        for log in sorted(set(done) - named):
            tally.wrong.append(f"{log}: {where[log]}: verify says {answer}")
        for log in sorted(named - set(done)):
            if log.count("/") == 2 and log not in done:
                tally.wrong.append(f"{log} is whole, and verify says {answer}")
        tally.noticed += len(set(done) & named)
        self.sign(self.chance.choice(sorted(done)), done, where, tally)
        for path, kept in done.values():
            path.write_bytes(kept)
        self.stage.put_back()

    def sign(self, log, done, where, tally):
        name = log.split("/", 1)[1]
        write(self.stage, name, [done[log]], where[log], tally)


def undo(path, harmed, kept):
    """Takes the damage away, also where the program has renamed the file or written behind it; false if it is gone."""
    for place in [path, *sorted(path.parent.glob("*")), path.parent.with_suffix("")]:
        if place.is_file() and place.read_bytes().startswith(harmed) and len(harmed) == len(kept):
            place.write_bytes(kept + place.read_bytes()[len(harmed):])
            return
        if place == path and place.is_file() and place.read_bytes() == harmed:
            place.write_bytes(kept)
            return


def write(stage, dataset, damages, where, tally):
    """Writes a label to a home with damaged files. If that works, the log is whole when the damage is taken away."""
    harmed = [(path, path.read_bytes(), kept) for path, kept in damages]
    readable = {
        log: leaves for log, leaves in homes.histories(stage.home(OEM)).items()
        if not any(f"/{log}/" in str(path) for path, _ in damages)}
    answer = stage.run(OEM, "annotate", dataset, "over.png", "--class", "spur", "--quiet")
    if answer.status < 0:
        tally.wrong.append(f"{where}: {answer}")
    elif answer.status > 0:
        tally.refused += 1
        tally.wrong += [f"{where}: {wrong}" for wrong in words_of(answer)[1]]
    else:
        tally.written += 1
        for damage in harmed:
            undo(*damage)
        after = stage.run(OEM, "verify", dataset)
        if after.status != 0 or not after.document["ok"]:
            tally.wrong.append(f"{where}: signed over: {after}")
        now = homes.histories(stage.home(OEM))
        for log, leaves in readable.items():
            if not now[log].startswith(leaves):
                tally.wrong.append(f"{where}: another history of {log}")


# MARK: Every file

class Files:
    """A home with every kind of file, and a partner's log in it."""

    def __init__(self, stage, chance):
        self.stage, self.chance = stage, chance
        pair(stage)
        stage.must(OEM, "invite", DATASET, "--role", "reviewer", "--url", "https://127.0.0.1:7443")
        stage.must(OEM, "key", "rotate")
        stage.serve(TIER)
        stage.must(OEM, "sync")
        stage.stop(TIER)
        stage.must(OEM, "verify")
        stage.keep()
        self.digest = self.status()
        home = stage.home(OEM)
        self.files = sorted(path for path in home.rglob("*") if path.is_file() and path.stat().st_size)
        self.kinds = collections.defaultdict(list)
        for path in self.files:
            self.kinds["/".join(path.relative_to(home).parts[:2])].append(path)

    def status(self):
        return self.stage.must(OEM, "status")["datasets"][0]["digest"]

    def one(self, tally):
        path = self.chance.choice(self.kinds[self.chance.choice(sorted(self.kinds))])
        kept, what = damaged(path, self.chance)
        name = str(path.relative_to(self.stage.home(OEM)))
        where = f"{name} ({what})"
        tally.done += 1
        tally.kinds["/".join(path.relative_to(self.stage.home(OEM)).parts[:2])] += 1
        tally.flipped += what.startswith("bit")
        answer = self.stage.run(OEM, "verify")
        if answer.status < 0:
            tally.wrong.append(f"{where}: {answer}")
        elif answer.status > 0 and not answer.output:
            tally.noticed += 1
            tally.wrong += [f"{where}: {wrong}" for wrong in words_of(answer)[1]]
        elif not answer.document["ok"]:
            tally.noticed += 1
        elif self.is_derived(name):
            tally.harmless += 1
            status = self.stage.run(OEM, "status")
            if status.status != 0 or status.document["datasets"][0]["digest"] != self.digest:
                tally.wrong.append(f"{where}: {status}")
        else:
            tally.wrong.append(f"{where}: unnoticed")
        if name == "anchor" or self.chance.random() < 0.3:
            write(self.stage, DATASET, [(path, kept)], where, tally)
        self.stage.put_back()

    def is_derived(self, name):
        """What can be made anew, or says nothing that anybody relies on."""
        return name.startswith(("state.sqlite", "contacts/", "incoming/", "anchor"))


# MARK: Running

KINDS = {"entries": Entries, "logs": Logs, "files": Files}


def work(options, kind, seed, library, folder, seconds):
    chance = random.Random(f"{seed} {kind}")
    own = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=folder))
    program = programs.Program(options.program, library, own)
    tally, start = Tally(), time.monotonic()
    told = start
    try:
        wanted = getattr(options, kind)
        if not wanted:
            return tally
        subject = KINDS[kind](Stage(program, own / "stage"), chance)
        while tally.done < wanted // options.workers and time.monotonic() - start < seconds:
            known = len(tally.wrong)
            subject.one(tally)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                print(f"{kind}, so far: {tally.line()}", flush=True)
            for wrong in tally.wrong[known:]:
                print(f"WRONG: {wrong}", flush=True)
    except Wrong as wrong:
        tally.wrong.append(str(wrong))
        print(f"WRONG: {kind}: {wrong}", flush=True)
    finally:
        program.close()
    print(f"{kind}: {tally.line()} in {time.monotonic() - start:.0f} s", flush=True)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--entries", type=int, default=5000, help="flipped bits of entries and their hashes")
    parser.add_argument("--logs", type=int, default=4200, help="damaged files of logs")
    parser.add_argument("--files", type=int, default=800, help="damaged files of all kinds")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=1, help="processes for each of the three homes")
    parser.add_argument("--processes", type=int, help="how many of these run at once; all if left out")
    parser.add_argument("--scratch", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-flips-", dir=options.scratch))
    library = programs.compiled(folder)
    total = Tally()
    for tally in programs.in_processes(options.processes or 3 * options.workers, [
            (work, options, kind, f"{options.seed} {index}", library, folder, options.seconds)
            for kind in KINDS for index in range(options.workers)]):
        total.add(tally)
    print(total.line())
    print(f"in {dict(total.kinds.most_common())}")
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if total.wrong else 0)


if __name__ == "__main__":
    main()
