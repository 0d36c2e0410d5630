#!/usr/bin/env python3
"""Sync by files with the real program: two companies that no network connects."""

import argparse
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="countermark-carry-"))
STICK = FOLDER / "stick"


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def digest(company):
    return company.run("status", DATASET)["datasets"][0]["digest"]


def add(company, item, *options, box="1,2,3,4"):
    words = ["annotate", DATASET, item, "--class", "open", "--box", box, *options]
    return company.run(*words)["id"]


def carry(sender, receiver, stick=STICK):
    sender.run("carry", "out", DATASET, str(stick), "--for", receiver.origin)
    return receiver.run("carry", "in", str(stick))["partners"]


def damage(stick):
    """Flips one byte in the newest entries of the manufacturer's log."""
    bundle = max((stick / "logs" / OEM / OEM / "boards" / "tile" / "entries").rglob("*"),
                 key=lambda path: path.stat().st_mtime if path.is_file() else 0)
    data = bytearray(bundle.read_bytes())
    data[-20] ^= 1
    bundle.write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    oem, tier = Company(program, FOLDER, OEM), Company(program, FOLDER, TIER)
    for company in [oem, tier]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (FOLDER / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    for company, other in [(oem, TIER), (tier, OEM)]:
        company.run("partner", "add", other, "--root", str(FOLDER / f"{other}.pem"))
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", TIER, "--role", "reviewer")
    label = add(oem, "a.png")

    taken = carry(oem, tier)
    check([(p["org"], p["state"]) for p in taken] == [(OEM, "ok")] and taken[0]["pulled"] > 0,
          "the supplier takes the manufacturer's log from the stick")
    tier.run("set", label, "class=short")
    carry(tier, oem)
    check(oem.run("show", label)["fields"]["class"]["value"] == "short",
          "the supplier's change comes back on it")
    check(digest(oem) == digest(tier), "one label set")

    # The manufacturer has named the supplier's log key meanwhile.
    carry(oem, tier)
    again = carry(oem, tier)
    check(sum(p["pulled"] for p in again) == 0, "a second time there is nothing new")
    add(oem, "b.png")
    more = carry(oem, tier)
    check(sum(p["pulled"] for p in more) == 1, "only what is new is taken")

    add(oem, "c.png")
    before = digest(tier)
    oem.run("carry", "out", DATASET, str(STICK), "--for", TIER)
    damage(STICK)
    refused = tier.attempt("carry", "in", str(STICK))
    check(refused.returncode == 1 and f"{OEM}/{DATASET}" in refused.stdout,
          "a damaged entry is refused, and its log named")
    check(digest(tier) == before, "nothing of it is kept")
    shutil.rmtree(STICK)
    carry(oem, tier)
    check(digest(oem) == digest(tier), "carried out anew it is taken")

    double = Company(program, FOLDER / "double", TIER)
    shutil.copytree(tier.home, double.home)
    add(tier, "d.png", box="1,1,1,1")
    add(double, "d.png", "--offline", box="2,2,2,2")
    carry(tier, oem)
    double.run("carry", "out", DATASET, str(FOLDER / "other"), "--for", OEM)
    caught = oem.attempt("carry", "in", str(FOLDER / "other"))
    check(caught.returncode == 1 and len(oem.run("evidence")["evidence"]) == 1,
          "a second history on another stick becomes evidence")
    empty = oem.attempt("carry", "in", str(FOLDER / "nowhere"))
    check(empty.returncode == 1 and "nothing-carried" in empty.stderr, "an empty folder says so")
    for company in [oem, tier]:
        check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
    shutil.rmtree(FOLDER)
    print("sync by files holds")


if __name__ == "__main__":
    main()
