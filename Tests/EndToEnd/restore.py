#!/usr/bin/env python3
"""A home that comes back from an old backup does not fork its log: with the real program, on both sides."""

import argparse
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="countermark-restore-"))


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def add(company, item, *options):
    words = ["annotate", DATASET, item, "--class", "open", "--box", "1,2,3,4", *options]
    return company.attempt(*words)


def size(company, origin):
    logs = company.run("status", DATASET)["datasets"][0]["logs"]
    return next(log["size"] for log in logs if log["origin"] == origin)


def backup(company):
    copy = FOLDER / "backup" / company.origin
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(company.home, copy)
    return copy


def restore(company, copy):
    shutil.rmtree(company.home)
    shutil.copytree(copy, company.home)


def dialler(oem, tier):
    """The side that dials asks by itself."""
    copy = backup(tier)
    check(add(tier, "b.png").returncode == 0, "an entry is written after the backup")
    tier.run("sync")
    held = size(oem, TIER)
    restore(tier, copy)
    check(size(tier, TIER) == held - 1, "the restored home lacks it")
    refused = add(tier, "c.png")
    check(refused.returncode == 1 and "not-checked" in refused.stderr, "it does not write unasked")
    report = tier.run("sync")["partners"][0]
    check(any("took back 1" in note for note in report["notes"]), "it takes its entry back")
    check(add(tier, "c.png").returncode == 0, "and goes on behind it")
    tier.run("sync")
    check(size(oem, TIER) == held + 1 and oem.run("evidence")["evidence"] == [], "no fork")


def dialled(oem, tier, port):
    """The side that is only dialled gets its entries from whoever calls."""
    oem.stop()
    copy = backup(oem)
    oem.serve(port, FOLDER / "oem.log")
    check(add(oem, "d.png").returncode == 0, "the steward writes after its backup")
    tier.run("sync")
    held = size(tier, OEM)
    oem.stop()
    restore(oem, copy)
    oem.serve(port, FOLDER / "oem.log")
    refused = add(oem, "e.png")
    check(refused.returncode == 1 and "not-checked" in refused.stderr, "restored, it waits")
    for _ in range(2):
        tier.run("sync")
    check(size(oem, OEM) == held, "a caller brings back what was lost")
    check(add(oem, "e.png").returncode == 0, "and it goes on")
    tier.run("sync")
    check(size(tier, OEM) == held + 1 and tier.run("evidence")["evidence"] == [], "no fork")


def insisting(tier):
    copy = backup(tier)
    restore(tier, copy)
    insisted = add(tier, "f.png", "--offline")
    check(insisted.returncode == 0 and "warning" in insisted.stderr, "--offline writes and warns")
    check(add(tier, "g.png").returncode == 0, "once is enough")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    oem, tier = Company(program, FOLDER, OEM), Company(program, FOLDER, TIER)
    port = free_port()
    for company in [oem, tier]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (FOLDER / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    url = f"https://127.0.0.1:{port}"
    oem.run("partner", "add", TIER, "--root", str(FOLDER / f"{TIER}.pem"))
    tier.run("partner", "add", OEM, "--root", str(FOLDER / f"{OEM}.pem"), "--url", url)
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", TIER, "--role", "reviewer")
    oem.serve(port, FOLDER / "oem.log")
    try:
        tier.run("dataset", "join", DATASET)
        check(add(tier, "a.png").returncode == 0, "a home in use writes without asking")
        tier.run("sync")
        dialler(oem, tier)
        dialled(oem, tier, port)
        insisting(tier)
        for company in [oem, tier]:
            # The manufacturer's node may still be merging what it was sent.
            patience.until(lambda: company.attempt("verify").returncode == 0,
                           f"{company.origin} verifies all it holds")
            check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
    finally:
        oem.stop()
    shutil.rmtree(FOLDER)
    print("a restored home does not fork")


if __name__ == "__main__":
    main()
