#!/usr/bin/env python3
"""A home that an earlier version of the program wrote opens for ever.

    oldhome.py --program PROGRAM                every home below homes/: its label table is made anew by itself
    oldhome.py --program PROGRAM --keep NAME    writes a small home with this program and keeps it as homes/NAME

Keep one before a change of the label table's schema, with the program as it is then.
"""

import argparse
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company  # noqa: E402

HOMES = pathlib.Path(__file__).resolve().parent / "homes"
OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def add(company, item, name, box):
    return company.run("annotate", DATASET, item, "--class", name, "--box", box)["id"]


def write(program, folder):
    """Two companies with labels of each kind of history; the manufacturer's home is what is kept."""
    oem, tier = Company(program, folder, OEM), Company(program, folder, TIER)
    for company in [oem, tier]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    for company, other in [(oem, TIER), (tier, OEM)]:
        company.run("partner", "add", other, "--root", str(folder / f"{other}.pem"))
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", TIER, "--role", "annotator")
    labels = [add(oem, f"board-{n % 3}.png", ["open", "short"][n % 2], f"{n},2,3,4") for n in range(8)]

    def carry(sender, receiver):
        stick = folder / f"from-{sender.origin}"
        sender.run("carry", "out", DATASET, str(stick), "--for", receiver.origin)
        receiver.run("carry", "in", str(stick))

    carry(oem, tier)
    own = add(tier, "board-1.png", "spur", "9,9,3,4")
    tier.run("set", own, "class=short")
    tier.run("review", labels[1], "reject", "--reason", "no defect")
    tier.attempt("set", labels[2], "class=spur")
    oem.run("set", labels[0], "class=spur", "depth=3")
    oem.run("retract", labels[3])
    oem.run("comment", labels[4], "seen twice")
    carry(tier, oem)
    return oem


def seen(company):
    """What the home says of its labels, without what depends on the program's version."""
    listed = company.run("list", DATASET)["annotations"]
    conflicts = company.run("conflicts", DATASET)
    histories = [company.run("show", label["id"]) for label in listed]
    return json.loads(json.dumps([listed, conflicts, histories]))


def keep(program, name):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-oldhome-"))
    oem = write(program, folder)
    target = HOMES / name
    target.mkdir(parents=True)
    (target / "seen.json").write_text(json.dumps(seen(oem), indent=1, sort_keys=True) + "\n")
    with sqlite3.connect(oem.home / "state.sqlite") as table:
        table.execute("pragma wal_checkpoint(truncate)")
        table.execute("vacuum")
    table.close()
    with tarfile.open(target / "home.tar.xz", "w:xz") as archive:
        archive.add(oem.home, arcname="home")
    shutil.rmtree(folder)
    print(f"kept {target}: {(target / 'home.tar.xz').stat().st_size} bytes")


def version(home):
    table = sqlite3.connect(f"file:{home}/state.sqlite?mode=ro", uri=True)
    found = table.execute("pragma user_version").fetchone()[0]
    table.close()
    return found


def holds(now, then):
    """Whether all that a document said is said still: documents get more members, and lose none."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and holds(now[name], then[name]) for name in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(holds, now, then))
    return type(now) is type(then) and now == then


def reopen(program, kept):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-oldhome-"))
    with tarfile.open(kept / "home.tar.xz") as archive:
        # Debian 12's Python knows no filter yet; the archive is the project's own.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (folder / "home").rename(folder / OEM)
    oem = Company(program, folder, OEM)
    before = version(oem.home)
    environment = dict(os.environ, COUNTERMARK_HOME=str(oem.home))
    first = subprocess.run([program, "status"], env=environment, capture_output=True, text=True, timeout=60)
    check(first.returncode == 0, f"{kept.name}: status of a home with schema {before} ends well")
    isolder = before < version(oem.home)
    check(("made anew from the logs" in first.stderr) == isolder,
          f"{kept.name}: a table that is made anew is told of, and no other")
    second = subprocess.run([program, "status"], env=environment, capture_output=True, text=True, timeout=60)
    check("made anew" not in second.stderr, f"{kept.name}: once")
    check(holds(seen(oem), json.loads((kept / "seen.json").read_text())),
          f"{kept.name}: labels, conflicts and histories are what they were")
    verified = subprocess.run([program, "verify"], env=environment, capture_output=True, text=True, timeout=60)
    check("label table" not in verified.stdout + verified.stderr, f"{kept.name}: the table is what the logs make of it")
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--keep")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    if options.keep:
        return keep(program, options.keep)
    for kept in sorted(HOMES.iterdir()):
        reopen(program, kept)


if __name__ == "__main__":
    main()
