#!/usr/bin/env python3
"""Runs three companies' nodes as real processes and lets them label one dataset together.

The manufacturer's node listens; the suppliers dial it, as they would from behind a firewall. Each
company imports its part of the labels; then both suppliers revise labels of the manufacturer without
knowing of each other, the nodes sync, the conflicts are shown, the manufacturer settles one, and all
three verify what they hold and export it. Then one supplier forks its log and is caught, and the other one is
cut and backdates a label in vain. The script fails unless the digests are equal, the conflicts are
exactly those that `split-labels.py` predicts, and both frauds show.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import distrust
from company import DATASET, OEM, SUPPLIERS, Company, free_port, say


def introduce(oem, suppliers, port, folder):
    """What companies do by phone and mail: exchange root certificates and pin them."""
    for company in [oem, *suppliers]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        root = company.run("key", "show")["root"]
        (folder / f"{company.origin}.pem").write_text(root)
    for supplier in suppliers:
        oem.run("partner", "add", supplier.origin, "--root", str(folder / f"{supplier.origin}.pem"))
        supplier.run(
            "partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"),
            "--url", f"https://127.0.0.1:{port}",
        )


def ids_by_external_id(company):
    """The ids of the manufacturer's labels by the ids they had in its file."""
    found, after = {}, []
    while True:
        page = company.run("list", DATASET, "--org", OEM, "--limit", "1000", *after)
        for label in page["annotations"]:
            found[label["fields"].get("externalID")] = label["id"]
        if not page["next"]:
            return found
        after = ["--after", page["next"]]


def revise(company, revisions):
    ids = ids_by_external_id(company)
    for revision in revisions:
        if revision["org"] != company.origin:
            continue
        field, value = revision["field"], revision["value"]
        if field == "box":
            field, value = "selector", ",".join(str(number) for number in value)
        company.run("set", ids[revision["external_id"]], f"{field}={value}", "--author", "anna")


def sync(suppliers):
    """Twice: what the second supplier pushes reaches the first with its next sync."""
    for _ in range(2):
        for supplier in suppliers:
            for partner in supplier.run("sync")["partners"]:
                print(
                    f"{supplier.origin}: pulled {partner['pulled']}, pushed {partner['pushed']}"
                    f" entries, {partner['verified']} signatures verified"
                )


def digests(companies):
    found = {c.origin: c.run("status", DATASET)["datasets"][0] for c in companies}
    for origin, state in found.items():
        print(f"{origin:20} {state['digest']}  {state['annotations']} labels,"
              f" {state['conflicts']} in conflict")
    if len({state["digest"] for state in found.values()}) != 1:
        sys.exit("the label sets differ")
    return next(iter(found.values()))


def check_conflicts(oem, labels):
    conflicts = oem.run("conflicts", DATASET)["conflicts"]
    for conflict in conflicts:
        values = " | ".join(f"{c['org']}: {json.dumps(c['value'])}" for c in conflict["candidates"])
        print(f"{conflict['annotation']:20} {conflict['field']:9} {values}")
    expected = json.loads((labels / "expected.json").read_text())["conflicts"]
    ids = {label: external for external, label in ids_by_external_id(oem).items()}
    names = {"selector": "box"}
    found = sorted((ids[c["annotation"]], names.get(c["field"], c["field"])) for c in conflicts)
    if found != sorted((c["external_id"], c["field"]) for c in expected):
        sys.exit(f"other conflicts than the revisions call for: {found}")
    return conflicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.environ.get("COUNTERMARK", "countermark"))
    parser.add_argument("--boards", help="a folder with images/ and labels/ in DeepPCB's layout")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "work"))
    options = parser.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(options.work)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    boards, labels = folder / "boards", folder / "labels"
    if options.boards:
        boards = pathlib.Path(options.boards)
    else:
        subprocess.run([sys.executable, here / "make-boards.py", boards], check=True)
    subprocess.run([sys.executable, here / "split-labels.py", boards, labels], check=True)
    revisions = json.loads((labels / "revisions.json").read_text())

    oem, *suppliers = companies = [
        Company(options.program, folder, origin) for origin in [OEM, *SUPPLIERS]
    ]
    port = free_port()
    say("three companies, each with its own root, node and log")
    introduce(oem, suppliers, port, folder)
    oem.run("dataset", "create", "boards", "--title", "Board defects")
    for supplier in suppliers:
        oem.run("member", "set", "boards", supplier.origin, "--role", "reviewer")
    oem.run("items", "add", "boards", str(boards), "--group-by", r"images/(\d+)_")
    oem.run("import", "boards", str(labels / f"{OEM}.json"), "--format", "coco")
    try:
        oem.serve(port, folder / "oem.log")
        say("the suppliers join, import their part and revise labels of the manufacturer")
        for supplier in suppliers:
            supplier.run("dataset", "join", DATASET)
            report = supplier.run(
                "import", DATASET, str(labels / f"{supplier.origin}.json"), "--format", "coco")
            print(f"{supplier.origin}: {report['added']} labels added")
            revise(supplier, revisions)
        sync(suppliers)
        say("every node has merged the same label set")
        digests(companies)
        say("conflicts: both values are kept until somebody decides")
        conflicts = check_conflicts(oem, labels)
        say("the manufacturer settles one")
        first = conflicts[0]
        taken = first["candidates"][0]["org"]
        oem.run("resolve", first["annotation"], "--field", first["field"], "--take", taken)
        sync(suppliers)
        state = digests(companies)
        if state["conflicts"] != len({c["annotation"] for c in conflicts}) - 1:
            sys.exit("the settled conflict is still there")
        say("each company checks every byte it holds, and takes the merged labels away")
        for company in companies:
            report = company.run("verify", DATASET)
            output = folder / f"{company.origin}-merged.json"
            written = company.run("export", DATASET, "--format", "coco", "-o", str(output))
            print(f"{company.origin:20} {report['entries']} entries, {report['signatures']}"
                  f" signatures, ok {report['ok']}; {written['annotations']} labels exported")
        say("the three digests are equal")
        item = oem.run("list", DATASET, "--limit", "1")["annotations"][0]["item"]
        forger, honest = suppliers
        distrust.fork(oem, forger, honest, item, folder)
        distrust.leave(oem, honest, item)
        say("the honest companies still hold one label set, and the proof of what was done")
    finally:
        for company in companies:
            company.stop()


if __name__ == "__main__":
    main()
