#!/usr/bin/env python3
"""Three companies label the same boards without seeing each other's labels, find what they disagree about, agree on what
a word means, label again, and release what they stand behind; a stranger checks it."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "three-companies"))

from company import DATASET, OEM, SUPPLIERS, Company, free_port, say  # noqa: E402

BOARDS = 24
CLASSES = ["open", "short", "mouse bite", "spur"]
# What the companies take a mouse bite for before the schema says where it ends.
HABITS = {OEM: "mouse bite", SUPPLIERS[0]: "open", SUPPLIERS[1]: "spur"}
SCHEMA = {
    "schemaVersion": 1,
    "title": "Defects of bare boards",
    "classes": [
        {"name": "open", "description": "A trace is interrupted: no copper is left across it."},
        {"name": "short", "description": "Copper joins two nets."},
        {"name": "mouse bite", "description": "A trace is nicked: at least a third of its width is left."},
        {"name": "spur", "description": "Copper stands out from a trace into free space."},
    ],
}


def truth(board):
    return CLASSES[board % len(CLASSES)]


def seen_by(origin, board):
    """A mouse bite is what a company is used to call it; the rest is plain, but for one slip."""
    if truth(board) == "mouse bite" and board % 8 != 2:
        return HABITS[origin]
    if origin == SUPPLIERS[1] and board == 13:
        return "open"
    return truth(board)


def key(board):
    return f"board-{board:02}.png"


def labels(origin, path):
    """One label for the defect of each board, as JSON Lines."""
    lines = [
        {"kind": "annotation", "item": key(board), "class": seen_by(origin, board),
         "selector": {"kind": "box", "x": 100 + board, "y": 80, "width": 24, "height": 18},
         "externalID": str(board)}
        for board in range(BOARDS)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return str(path)


def need(holds, what):
    if not holds:
        sys.exit(f"failed: {what}")
    print(what)


def sync(suppliers):
    """Twice: what the second supplier pushes reaches the first with its next sync."""
    for _ in range(2):
        for supplier in suppliers:
            supplier.run("sync")


def introduce(oem, suppliers, port, folder):
    for company in [oem, *suppliers]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("dataset", "create", "boards", "--title", "Defects of bare boards")
    for supplier in suppliers:
        oem.run("partner", "add", supplier.origin, "--root", str(folder / f"{supplier.origin}.pem"))
        supplier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"),
                     "--url", f"https://127.0.0.1:{port}")
        oem.run("member", "set", "boards", supplier.origin, "--role", "reviewer")


def agreement(companies):
    """Krippendorff's alpha over what lies in one place; each company computes the same digits from its own logs."""
    reports = [company.run("agreement", DATASET, "--measure", "krippendorff-alpha") for company in companies]
    figures = [next(m for m in r["measures"] if m["scope"] == "all" and m["pairs"] is None) for r in reports]
    need(all(figure == figures[0] for figure in figures), "all three compute the same figure, to the last digit")
    broken = sum(company["broken"] for company in reports[0]["blindness"] or [])
    need(broken == 0, "and the logs show that nobody had merged another's labels of a board before its own")
    value, low, high = (figures[0][name] for name in ("value", "low", "high"))
    print(f"Krippendorff's alpha {value:.3f} (95 %: {low:.3f} to {high:.3f})")
    for pair in reports[0]["confusion"]:
        if pair["class"] != pair["other"]:
            print(f"  {pair['a']} {pair['class']} | {pair['b']} {pair['other']}: {pair['count']}")
    return value


def label_blind(companies, suppliers, folder):
    for company in companies:
        company.run("import", DATASET, labels(company.origin, folder / f"{company.origin}.jsonl"), "--format", "jsonl")
    sync(suppliers)
    for company in companies:
        seen = company.run("list", DATASET, "--limit", "1000")["annotations"]
        need({label["org"] for label in seen} == {company.origin},
             f"{company.origin} sees its {len(seen)} labels and nobody else's, though all are here")
    for company in companies:
        company.run("examined", DATASET, *[key(board) for board in range(BOARDS)])
    sync(suppliers)
    for company in companies:
        seen = company.run("list", DATASET, "--limit", "1000")["annotations"]
        need(len(seen) == 3 * BOARDS, f"{company.origin} has looked at all boards, and sees all {len(seen)} labels")


def settle(oem, suppliers):
    """The queue names the boards; whoever called a defect otherwise looks again, with the schema beside it."""
    queue = oem.run("queue", "list", DATASET)["items"]
    disputed = sorted({key(b) for b in range(BOARDS) if len({seen_by(o, b) for o in [OEM, *SUPPLIERS]}) > 1})
    need(sorted(entry["item"] for entry in queue) == disputed,
         f"the queue holds the {len(disputed)} disputed boards and no other: {', '.join(disputed)}")
    for supplier in suppliers:
        mine = supplier.run("list", DATASET, "--org", supplier.origin, "--limit", "1000")["annotations"]
        for label in mine:
            right = truth(int(label["fields"]["externalID"]))
            if label["item"] in disputed and label["class"] != right:
                supplier.run("set", label["id"], f"class={right}", "--author", "anna")
    oem.run("queue", "done", DATASET, *disputed, "--why", "a mouse bite is what the schema says now")
    sync(suppliers)
    need(not oem.run("queue", "list", DATASET)["items"], "the queue is empty")


def release(oem, suppliers, folder):
    oem.run("release", "create", DATASET, "v1", "--quorum", "2")
    sync(suppliers)
    for supplier in suppliers:
        supplier.run("release", "countersign", DATASET, "v1")
    sync(suppliers)
    for company in [oem, *suppliers]:
        held = company.run("release", "verify", DATASET, "v1", "--holds")
        need(held["ok"] and held["holds"], f"{company.origin} rebuilds v1 from its own logs, and it holds")
    output = folder / "v1.coco.json"
    written = oem.run("export", DATASET, "--release", "v1", "--format", "coco", "-o", str(output))
    print(f"{written['annotations']} labels of v1 in {output.name}")
    oem.run("release", "prove", DATASET, "v1", "-o", str(folder / "v1.release"))
    stranger = subprocess.run(
        ["bash", str(HERE.parent / "verify-elsewhere" / "run.sh"), str(folder / "v1.release"),
         "--leaves", str(folder / "v1.release.leaves"), "--trust", str(folder / f"{OEM}.pem")],
        capture_output=True, text=True, timeout=300)
    need(stranger.returncode == 0, f"a stranger's script says the same{stranger.stderr[-300:]}")
    found = json.loads(stranger.stdout)
    print(f"  it shares no code with the program: digest {found['digest']}, quorum {found['quorum']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.environ.get("COUNTERMARK", "countermark"))
    parser.add_argument("--work", default=str(HERE / "work"))
    options = parser.parse_args()
    folder = pathlib.Path(options.work)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = str(pathlib.Path(options.program).resolve())
    oem, *suppliers = companies = [Company(program, folder, origin) for origin in [OEM, *SUPPLIERS]]
    port = free_port()
    say("a dataset in which nobody sees others' labels of a board before having labelled it")
    introduce(oem, suppliers, port, folder)
    oem.run("blind", "on", DATASET)
    try:
        oem.serve(port, folder / "oem.log")
        for supplier in suppliers:
            supplier.run("dataset", "join", DATASET)
        say("each labels all boards")
        label_blind(companies, suppliers, folder)
        say("how far they agree")
        before = agreement(companies)
        say("the schema says what a mouse bite is, and the disputed boards are looked at again")
        (folder / "schema.json").write_text(json.dumps(SCHEMA, indent=2))
        oem.run("schema", "set", DATASET, str(folder / "schema.json"))
        sync(suppliers)
        settle(oem, suppliers)
        say("how far they agree now")
        after = agreement(companies)
        need(after > before, f"{before:.3f} before, {after:.3f} now")
        say("a release that all stand behind")
        release(oem, suppliers, folder)
    finally:
        for company in companies:
            company.stop()


if __name__ == "__main__":
    main()
