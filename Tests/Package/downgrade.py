#!/usr/bin/env python3
"""What Docs/Operations.md says of going to a newer release and back holds.

    downgrade.py --program PROGRAM                  a home that a newer program has written to
    downgrade.py --program PROGRAM --older PROGRAM  also an older program and back, with its own home
"""

import argparse
import contextlib
import pathlib
import shutil
import sqlite3
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company  # noqa: E402

DATASET = "oem.example/boards"
NEWER = 1_000


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def begin(program, folder):
    company = Company(program, folder, "oem.example")
    company.run("init", "--org", company.origin, "--name", "The manufacturer")
    company.run("dataset", "create", "boards", "--title", "Boards")
    company.run("annotate", DATASET, "board-1.png", "--class", "spur", "--box", "1,2,3,4")
    return company


def labels(company):
    return [(label["id"], label["class"]) for label in company.run("list", DATASET)["annotations"]]


def table(company, statement):
    with contextlib.closing(sqlite3.connect(company.home / "state.sqlite")) as opened:
        found = opened.execute(statement).fetchone()
        opened.commit()
    return found[0] if found else None


def refused(company, words):
    """The label table is a newer program's: named so, and untouched."""
    schema = table(company, "pragma user_version")
    for command in [("list", DATASET), ("annotate", DATASET, "b.png", "--class", "open", "--box", "1,2,3,4")]:
        done = company.attempt(*command)
        check(done.returncode != 0 and words in done.stderr and "countermark rebuild" in done.stderr,
              f"{command[0]} of a home that a newer program wrote to is refused, and says what to do")
    check(table(company, "pragma user_version") == schema, "and leaves it as it is")


def back(company, before):
    company.run("rebuild")
    check(labels(company) == before, "after countermark rebuild the labels are the same")
    company.run("annotate", DATASET, "board-3.png", "--class", "short", "--box", "1,2,3,4")
    check(company.run("verify")["ok"], "and it writes, and verifies")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--older")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-downgrade-"))
    program = str(pathlib.Path(options.program).resolve())

    company = begin(program, folder)
    before = labels(company)
    table(company, f"pragma user_version = {NEWER}")
    refused(company, f"written by a newer program (schema {NEWER}")
    back(company, before)

    if options.older:
        older = str(pathlib.Path(options.older).resolve())
        folder = folder / "older"
        folder.mkdir()
        company = begin(older, folder)
        then, first = labels(company), table(company, "pragma user_version")
        company.program = program
        check(labels(company) == then, f"upgrade from schema {first}: the labels are the same")
        company.run("annotate", DATASET, "board-2.png", "--class", "open", "--box", "1,2,3,4")
        check(company.run("verify")["ok"], "upgrade: it writes, and verifies")
        before, schema = labels(company), table(company, "pragma user_version")
        company.program = older
        if schema > first:
            refused(company, f"schema {schema}")
            back(company, before)
        else:
            check(labels(company) == before, "downgrade: the older program reads what the newer one wrote")
        company.program = program
        check(company.run("verify")["ok"], "upgraded again, it verifies")
    shutil.rmtree(folder.parent if options.older else folder)


if __name__ == "__main__":
    main()
