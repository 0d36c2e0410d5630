#!/usr/bin/env python3
"""Roles, suggestions, retired keys, audiences, cuts and succession with the real program over real sockets."""

import argparse
import json
import pathlib
import shutil
import tempfile

from supplier import OEM, TIER, Company, check, free_port, joins, patience

THIRD, HEIR = "third.example", "r2.tier.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="countermark-trust-"))


def is_watched(port):
    """True if somebody is connected to a local port."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    local = [(line.split()[1], line.split()[3]) for line in lines]
    return any(address.endswith(f":{port:04X}") and state == "01" for address, state in local)


def digest(company):
    return company.run("status", DATASET)["datasets"][0]["digest"]


def reasons(company):
    return [(e["log"], e["index"], e["why"]) for e in company.run("quarantine", DATASET)["entries"]]


def introduce(steward, other, port, role):
    """Pins roots on both sides and makes the other a member that dials the steward."""
    other.run("init", "--org", other.origin, "--name", other.origin)
    for company in [steward, other]:
        (FOLDER / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    steward.run("partner", "add", other.origin, "--root", str(FOLDER / f"{other.origin}.pem"))
    url = f"https://127.0.0.1:{port}"
    other.run("partner", "add", OEM, "--root", str(FOLDER / f"{OEM}.pem"), "--url", url)
    steward.run("member", "set", "boards", other.origin, "--role", role)
    joins(other, DATASET)


def add(company, item):
    return company.run("annotate", DATASET, item, "--class", "open", "--box", "1,2,3,4")["id"]


def sync(*companies):
    for _ in range(2):
        for company in companies:
            company.run("sync")


def suggestions(oem, tier, third):
    label = add(oem, "a.png")
    sync(tier, third)
    change = third.run("set", label, "class=short")
    check(change["suggestion"], "an annotator's change to another's label is a suggestion")
    again = third.run("resolve", label, "--field", "class", "--value", "short")
    check(again["suggestion"] and not again["changed"], "and so is what it settles: the same once more is not signed")
    sync(third, tier)
    for company in [oem, tier]:
        story = company.run("show", label)
        check(story["fields"]["class"]["value"] == "open", f"{company.origin} shows the old class")
        found = [(s["op"], s["state"]) for s in story["suggestions"]]
        check(found == [(change["id"], "pending")], "and the suggestion beside it")
    refused = third.attempt("review", change["id"], "accept")
    check(refused.returncode == 1 and "not-yours-to-decide" in refused.stderr,
          "who suggests does not decide")
    oem.run("review", change["id"], "accept")
    sync(tier, third)
    for company in [oem, tier, third]:
        story = company.run("show", label)
        check(story["fields"]["class"]["value"] == "short", f"{company.origin} shows the new class")
        check(reasons(company) == [], "nothing waits any more")
    check(digest(oem) == digest(tier) == digest(third), "one label set")


def audience(oem, tier, third):
    label = add(tier, "b.png")
    tier.run("audience", DATASET, "--org", OEM)
    secret = add(tier, "c.png")
    sync(tier, third)
    check(oem.run("show", secret)["status"] == "active", "the steward reads the narrowed log")
    check(third.attempt("show", secret).returncode == 1, "the other supplier is not served it")
    tier.run("audience", DATASET, "--all")
    sync(tier, third)
    check(third.run("show", secret)["item"] == "c.png", "widened again, it is served")
    check(digest(oem) == digest(tier) == digest(third), "one label set")
    return label


def succession(oem, tier, heir, label, port):
    introduce(oem, heir, port, "annotator")
    oem.run("member", "cut", "boards", TIER)
    heir.run("sync")
    refused = oem.attempt("member", "succeed", "boards", TIER, "nobody.example")
    check(refused.returncode == 1, "only a member succeeds")
    before = heir.run("set", label, "class=mouse-bite")
    check(before["suggestion"], "before the succession a change is a suggestion")
    oem.run("member", "succeed", "boards", TIER, HEIR)
    heir.run("sync")
    after = heir.run("set", label, "class=spur")
    check(not after["suggestion"], "the successor changes what the ended log added")
    heir.run("sync")
    check(oem.run("show", label)["fields"]["class"]["value"] == "spur", "for everybody")
    late = add(tier, "late.png")
    told = tier.attempt("sync")
    report = json.loads(told.stdout)
    check(report["partners"][0]["state"] == "cut", "the cut member is told")
    check(told.returncode == 1 and not report["counted"], "and that its last label does not count")
    refused = tier.attempt("annotate", DATASET, "later.png", "--class", "spur")
    check(refused.returncode == 1, "from then on nothing is signed for nothing")
    story = oem.run("show", late)
    check(story["status"] == "not-counted" and "cut" in story["why"], "and writes in vain")
    check(digest(oem) == digest(heir), "one label set")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    oem, tier, third, heir = [
        Company(program, FOLDER, origin) for origin in [OEM, TIER, THIRD, HEIR]
    ]
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.serve(port, FOLDER / "oem.log")
    try:
        for company, role in [(tier, "reviewer"), (third, "annotator")]:
            introduce(oem, company, port, role)
        suggestions(oem, tier, third)
        label = audience(oem, tier, third)
        succession(oem, tier, heir, label, port)
        for company in [oem, third, heir]:
            check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
        third.serve(free_port(), FOLDER / "third.log")
        patience.until(lambda: is_watched(port), f"{THIRD} watches {OEM}")
        # A node gives its partners five seconds; a stream that nobody ends lasts for ever.
        oem.stop(seconds=20)
        check(oem.node.returncode == 0, "a node ends although a partner watches it")
    finally:
        oem.stop()
        third.stop()
    shutil.rmtree(FOLDER)
    print("roles, suggestions, audiences, cuts and succession hold")


if __name__ == "__main__":
    main()
