#!/usr/bin/env python3
"""What the nodes of one company have in common beside logs: whom they trust, whom they invite, which forks they can prove.

    Tests/Store/common.py --program PROGRAM
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]

from nodes import DATASET, OEM, TIER, Node, check, label, patience  # noqa: E402
from company import Company  # noqa: E402
from postgres import Cluster  # noqa: E402

FORKER = "third.example"


def make(program, folder, cluster):
    """Two nodes of one company that both serve, and two other companies that know nobody yet."""
    one = Node(program, folder, "node-1")
    address = cluster.database("labels")
    one.run("init", "--org", OEM, "--name", OEM, "--store", address)
    one.run("dataset", "create", "boards", "--title", "Boards")
    one.run("backup", str(folder / "copy"))
    other = Node(program, folder, "node-2")
    other.run("restore", str(folder / "copy"))
    others = [Company(program, folder, origin) for origin in (TIER, FORKER)]
    for company in others:
        company.run("init", "--org", company.origin, "--name", company.origin)
    for company in [one, *others]:
        pem(folder, company).write_text(company.run("key", "show")["root"])
    for node in [one, other]:
        node.serve(node.port, folder / f"{node.name}.log")
    return one, other, others


def pem(folder, company):
    return folder / f"{company.origin}.pem"


def url(node):
    return f"https://127.0.0.1:{node.port}"


def introduced(one, other, tier, folder):
    """A partner that one node introduces is let in by another one."""
    tier.run("partner", "add", OEM, "--root", str(pem(folder, one)), "--url", url(other))
    check(tier.attempt("sync").returncode == 4, "a stranger is not let in")
    one.run("partner", "add", TIER, "--root", str(pem(folder, tier)))
    one.run("member", "set", "boards", TIER, "--role", "reviewer")
    patience.until(lambda: tier.attempt("dataset", "join", DATASET).returncode == 0,
                   "a partner that one node has introduced joins at another")
    tier.run(*label("tier.png"))
    check(tier.run("sync")["partners"][0]["pushed"] > 0, "and brings its labels there")


def invited(one, other, third, folder):
    """An invitation that one node has made is answered, and accepted, at another one."""
    file = folder / "invitation.txt"
    nonce = one.run("invite", "boards", "--role", "reviewer", "--url", url(other), "-o", str(file))["nonce"]
    found = patience.until(lambda: third.attempt("join", str(file), "--yes").stdout,
                           "the other node lets the newcomer knock")
    check(json.loads(found)["state"] == "pending", "an invitation of one node is answered at another", found)
    words = json.loads(found)["words"]
    seen = patience.until(lambda: [made for made in one.run("invite", "list")["invitations"]
                                   if made["nonce"] == nonce and made["state"] == "pending"],
                          "the node that has made it hears of the answer")
    check(seen[0]["words"] == words, "and shows the newcomer's words", [seen, words])
    other.run("invite", "accept", nonce)
    found = patience.until(lambda: [made for made in one.run("invite", "list")["invitations"]
                                    if made["nonce"] == nonce and made["state"] == "accepted"],
                           "the node that has made it hears that it was accepted")
    check(third.run("join", str(file), "--yes")["state"] == "joined", "the newcomer takes part")
    check(one.attempt("invite", "revoke", nonce).returncode != 0, "what was accepted is not taken back elsewhere")


def removed(one, other, tier, folder):
    """A partner that one node removes is refused by another one."""
    one.run("partner", "remove", TIER)
    patience.until(lambda: tier.attempt("sync").returncode == 4, "who was removed at one node is refused at another")
    check(f"document=partner/{TIER}" in (folder / "node-2.log").read_text(), "whose log says so")
    check([partner["org"] for partner in other.run("partner", "list")["partners"]] == [FORKER],
          "and is no partner there any more")
    one.run("partner", "add", TIER, "--root", str(pem(folder, tier)))
    patience.until(lambda: tier.attempt("sync").returncode == 0, "until it is introduced again")


def tampered(one, other, tier, folder, cluster):
    """Who can write to the database, and has none of the company's keys, makes nobody a partner, nor ends one."""
    cluster.sql("UPDATE countermark.document SET version = version + 1, bytes = set_byte(bytes, 64, 0) "
                f"WHERE name = 'partner/{TIER}'; "
                "INSERT INTO countermark.document SELECT 'partner/mallory.example', version, bytes "
                f"FROM countermark.document WHERE name = 'partner/{FORKER}'", "labels")
    for node in [one, other]:
        alarms = patience.until(lambda: [alarm["what"] for alarm in node.run("status")["alarms"]
                                         if alarm["kind"] == "nodes-differ"], "a forged document raises the alarm")
        check(len(alarms) == 2 and all("signature" in alarm for alarm in alarms), f"on {node.name}", alarms)
        orgs = [partner["org"] for partner in node.run("partner", "list")["partners"]]
        check(orgs == [FORKER, TIER], "nobody is let in or shut out by it", orgs)
    check(tier.attempt("sync").returncode == 0, "and the partner syncs on")
    done = other.attempt("store", "check")
    check(done.returncode == 1 and done.stdout.count("signature does not hold") == 2, "store check names both",
          done.stdout)
    patience.until(lambda: "signature does not hold" in (folder / "node-2.log").read_text(),
                   "so does the log of a node that serves")
    check(one.run("store", "show")["untaken"], "store show names them")
    one.run("partner", "add", TIER, "--root", str(pem(folder, tier)))
    cluster.sql("DELETE FROM countermark.document WHERE name = 'partner/mallory.example'", "labels")
    for node in [one, other]:
        patience.until(lambda: node.attempt("store", "check").returncode == 0
                       and not node.run("store", "show")["untaken"], "who sets it again puts it right on all nodes")


def forked(one, other, third, folder):
    """Proof of a fork that reaches one node stops the other one."""
    twin = Company(third.program, folder, "twin")
    shutil.copytree(third.home, twin.home)
    twin.run("partner", "add", OEM, "--url", url(one))
    third.run(*label("one.png"))
    third.run("sync")
    log = f"{FORKER}/{DATASET}"

    def size(node):
        logs = node.run("status", DATASET)["datasets"][0]["logs"]
        return next((log["size"] for log in logs if log["origin"] == FORKER), 0)

    patience.until(lambda: size(one) == size(other) > 0, "both nodes have the log")
    twin.run(*label("another-and-longer.png"), "--offline")
    check(twin.attempt("sync").returncode == 4, "the other history is shown to one node")
    check([found["log"] for found in one.run("evidence")["evidence"]] == [log], "which keeps the proof")
    patience.until(lambda: [found["log"] for found in other.run("evidence")["evidence"] if found["ok"]] == [log],
                   "and the other one has it, too")
    alarms = [alarm.get("log") for alarm in other.run("status")["alarms"] if alarm["kind"] == "equivocation"]
    check(alarms == [log], "with the alarm", alarms)
    check(one.state() == other.state(), "and counts the same")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-common-"))
    cluster = Cluster()
    one, other, (tier, third) = make(program, folder, cluster)
    try:
        introduced(one, other, tier, folder)
        invited(one, other, third, folder)
        removed(one, other, tier, folder)
        tampered(one, other, tier, folder, cluster)
        forked(one, other, third, folder)
    finally:
        for node in [one, other]:
            node.stop()
    shutil.rmtree(folder)
    print("what nodes have in common holds")


if __name__ == "__main__":
    main()
