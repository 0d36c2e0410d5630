#!/usr/bin/env python3
"""Times this program beside what bounds it on the same machine, in one run, and prints a table.

Every figure is the median of several rounds, taken in turns, so that a noisy machine is noisy for all of
them: read the ratios. Build first: `swift build -c release --product countermark`.
"""

import argparse
import json
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time


def bench(program, *words):
    done = subprocess.run([program, "bench", *words, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench {' '.join(words)} failed: {done.stderr}")
    return {row["name"]: row["figures"] for row in json.loads(done.stdout)["benchmarks"]}


def merged(rows, name):
    return next(figures[name] for row, figures in rows.items() if row.startswith("merge"))


def openssl_verifications():
    """Ed25519 verifications a CPU second, by OpenSSL's own measure."""
    done = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "ed25519"], capture_output=True, text=True)
    return float(re.findall(r"([\d.]+)\s*$", done.stdout.strip())[-1])


def sqlite_rows(folder, count):
    """Bare rows by rowid a CPU second: an insert into a table of the label table's form."""
    database = sqlite3.connect(f"{folder}/rows.sqlite")
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; DROP TABLE IF EXISTS label;"
        "CREATE TABLE label(key INTEGER PRIMARY KEY, item INTEGER, class INTEGER, selector BLOB)")
    blob = b"\x00" * 16
    start = time.process_time()
    with database:
        database.executemany(
            "INSERT INTO label VALUES(?,?,?,?)", ((n, n // 10, n % 6, blob) for n in range(count)))
    taken = time.process_time() - start
    database.close()
    return count / taken


def status_seconds(program, home):
    start = time.monotonic()
    subprocess.run([program, "status", "--home", home, "--json"], check=True, capture_output=True)
    return time.monotonic() - start


def million(program, folder, labels):
    """A home with so many labels, by an import."""
    home = f"{folder}/home"
    for words in (["init", "--org", "oem.example", "--name", "OEM"],
                  ["dataset", "create", "boards", "--title", "Boards"]):
        subprocess.run([program, *words, "--home", home], check=True, capture_output=True)
    table = pathlib.Path(folder) / "labels.csv"
    with open(table, "w") as out:
        out.write("kind,item,class,selector,external_id\n")
        for n in range(labels):
            out.write('annotation,b-%d.png,spur,"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,'
                      '""height"":4}",%d\n' % (n // 10, n % 600, n))
    start = time.monotonic()
    subprocess.run(
        [program, "import", "boards", str(table), "--format", "csv", "--home", home],
        check=True, capture_output=True)
    return home, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/countermark")
    parser.add_argument("--labels", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = {}

    def note(name, value):
        figures.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            rows = bench(options.program, "--labels", str(options.labels))
            note("merge, operations / CPU s", merged(rows, "operations/CPU s"))
            note("merge, peak MB", merged(rows, "peak resident MB"))
            written = next(row for name, row in rows.items() if name.startswith("write"))
            note("write, operations / CPU s", written["operations/CPU s"])
            note("bytes / add", written["bytes/add"])
            note("bytes / edit", written["bytes/edit"])
            note("SQLite rows from a script / CPU s", sqlite_rows(folder, options.labels))
            single = bench(options.program, "--labels", "20000", "--per-changeset", "1")
            note("single-operation changesets / CPU s", merged(single, "entries/CPU s"))
            note("openssl speed, Ed25519 verifications / s", openssl_verifications())
            live = bench(options.program, "--live", "300")
            for name, row in live.items():
                note(f"{name}, median ms", row["median ms"])
                note(f"{name}, p99 ms", row["p99 ms"])
        home, seconds = million(options.program, folder, options.labels)
        note("import of CSV, labels / s", options.labels / seconds)
        for _ in range(9):
            note("status as a process, ms", 1000 * status_seconds(options.program, home))
    print(f"{options.labels} labels, {options.rounds} rounds\n")
    for name, values in figures.items():
        print(f"{statistics.median(values):14,.1f}  {name}")
    single = statistics.median(figures["single-operation changesets / CPU s"])
    bare = statistics.median(figures["openssl speed, Ed25519 verifications / s"])
    print(f"\nsingle-operation changesets at {100 * single / bare:.0f} % of bare verification")


if __name__ == "__main__":
    main()
