#!/usr/bin/env python3
"""All labels as rows of a PostgreSQL: whole or not there, what an export has, and nothing twice, whoever is killed.

    Tests/Store/rows.py --program PROGRAM [--labels N] [--rounds N] [--seed S]
    Tests/Store/rows.py --program PROGRAM --measure LABELS

Some 400,000 labels go into one piece: more of them are for running by hand. So is the second form, with an optimised
program; Docs/Scale.md says what was seen.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]

from nodes import DATASET, OEM, TIER, Books, Node, check, label, patience  # noqa: E402
from company import Company  # noqa: E402
from postgres import Cluster  # noqa: E402

CLASSES = ["short", "open", "spur"]


def csv(file, labels, salt=""):
    """Labels, some of each item."""
    with open(file, "w") as out:
        out.write("kind,item,class,selector,external_id\n")
        for number in range(labels):
            box = f'{{""kind"":""box"",""x"":{number % 640},""y"":{number % 480},""width"":12,""height"":8}}'
            out.write(f'annotation,board{salt}-{number // 10}.png,{CLASSES[number % 3]},"{box}",e{salt}{number}\n')


def rows(cluster):
    """What analysts see: labels, their digest."""
    text = cluster.sql("SELECT count(*) || ' ' || coalesce((SELECT digest FROM countermark.label_rows), '-') "
                       "FROM countermark.labels", "labels").split()
    return int(text[0]), text[1]


def fingerprint(table):
    return f"SELECT id, item, class, selector, status, org, contested, external_id, signer FROM {table} ORDER BY id"


def compare(node, cluster, folder, what):
    """The rows are those of an export."""
    file = folder / "labels.sqlite"
    node.run("export", DATASET, "--format", "sqlite", "--view", "union", "-o", str(file))
    database = sqlite3.connect(file)
    wanted = [tuple(str(value) for value in row) for row in database.execute(fingerprint("annotations"))]
    database.close()
    text = cluster.sql("SELECT coalesce(json_agg(l), '[]') FROM (" + fingerprint("countermark.labels")
                       .replace("contested", "contested::int").replace("BY id", "BY id COLLATE \"C\"") + ") l", "labels")
    found = [tuple(str(value) for value in row.values()) for row in json.loads(text)]
    check(sorted(found) == sorted(wanted), f"{what}: {len(wanted)} rows are those of an export",
          [pair for pair in zip(sorted(found), sorted(wanted)) if pair[0] != pair[1]][:2])
    check(rows(cluster) == (len(wanted), node.state()[2]), f"{what}: and say whose digest they have")


def settled(nodes, cluster, what):
    """Until the rows are as far as all nodes."""
    def one():
        states = {node.state() for node in nodes}
        return len(states) == 1 and rows(cluster)[1] == next(iter(states))[2]
    patience.until(one, f"{what}: the rows are as far as the logs")


def kill_fills(nodes, cluster, labels, rounds, chance):
    """A fill that is killed shows nothing, and whoever comes next goes on with it."""
    seen = set()
    for number in range(rounds):
        node = nodes[number % 2]
        process = node.start("store", "rows", "all")
        time.sleep(chance.uniform(0.1, 0.2 + labels / 10_000))
        process.kill()
        process.communicate()
        there = cluster.sql("SELECT to_regclass('countermark.labels') IS NOT NULL", "labels") == "t"
        seen.add(rows(cluster)[0] if there else 0)
    check(seen <= {0, labels}, "nobody sees half of the rows", seen)
    both = [node.start("store", "rows", "all") for node in nodes[:2]]
    for process in both:
        out, err = process.communicate()
        check(process.returncode == 0, "two nodes fill them at once", out + err)
    check(rows(cluster)[0] == labels, "and in the end they are all there")
    again = nodes[0].run("store", "rows", "all")
    check(again["changed"] is False and again["rows"][0]["behind"] == 0, "a second time nothing is changed", again)
    left = cluster.sql("SELECT count(*) FROM countermark.label_row", "labels")
    check(left == str(labels), "of what was begun in vain nothing is left", left)


def kill_updates(nodes, folder, cluster, books, rounds, chance):
    """Nodes that keep the rows are killed and stopped while labels come, and PostgreSQL is restarted."""
    ids = [one["id"] for one in nodes[0].run("list", DATASET, "--limit", "50")["annotations"]]
    for number in range(rounds):
        for node in nodes:
            node.serve(node.port, folder / f"{node.name}-rows.log")
        writes = [node.annotate(f"new-{number}-{node.name}.png") for node in nodes]
        edit = nodes[0].start("set", ids[number], "class=edited")
        items = [f"new-{number}-{node.name}.png" for node in nodes]
        for process, item in zip(writes, items):
            check(books.take(process, item) is None, "a write beside those who keep the rows")
        out, err = edit.communicate()
        check(edit.returncode == 0, "and an edit", out + err)
        time.sleep(chance.uniform(0, 0.8))
        for node in nodes:
            node.node.send_signal(signal.SIGKILL)
            node.node.wait()
        if number == 1:
            cluster.restart(signal.SIGQUIT)
    nodes[1].serve(nodes[1].port, folder / "rows-last.log")
    cluster.restart()
    nodes[0].run("retract", ids[-1])
    settled(nodes, cluster, "a node that serves")


def for_analysts(cluster):
    """Somebody who may read the views reads nothing else, and writes nothing."""
    cluster.sql("CREATE ROLE analyst LOGIN; GRANT USAGE ON SCHEMA countermark TO analyst; "
                "GRANT SELECT ON countermark.labels, countermark.label_rows TO analyst", "labels")
    # As Docs/Analysts.md has it.
    top = cluster.sql("SET ROLE analyst; SELECT class FROM countermark.labels GROUP BY class ORDER BY count(*) DESC, "
                      "class LIMIT 1", "labels")
    check(top in CLASSES, "an analyst counts classes", top)
    for words in ["DELETE FROM countermark.labels", "SELECT * FROM countermark.part"]:
        done = subprocess.run([cluster.bin / "psql", "-qAtX", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "analyst",
                               "-d", "labels", "-c", words], capture_output=True, text=True)
        check(done.returncode != 0, f"and may not {words.split()[0]}", done.stderr)


def make(program, folder, cluster, labels):
    """Two nodes of a company, with labels, on one PostgreSQL."""
    first = Node(program, folder, "node-1")
    first.run("init", "--org", OEM, "--name", OEM)
    first.run("dataset", "create", "boards", "--title", "Boards")
    done = first.attempt("store", "rows", "all")
    check(done.returncode == 2 and "no-store" in done.stderr and "store move" in done.stderr,
          "rows need a database, which is said", done.stderr)
    csv(folder / "labels.csv", labels)
    first.run("import", DATASET, str(folder / "labels.csv"), "--format", "csv")
    first.run("store", "move", "--to", cluster.database("labels"))
    first.run("backup", str(folder / "copy"))
    other = Node(program, folder, "node-2")
    other.run("restore", str(folder / "copy"))
    other.run("sync")
    return [first, other]


def test(program, folder, cluster, options):
    chance = random.Random(options.seed)
    nodes = make(program, folder, cluster, options.labels)
    books = Books()
    try:
        check(nodes[0].run("store", "rows", "show")["rows"] == [], "nobody has asked for rows")
        check(nodes[0].run("store", "rows", "none")["changed"] is False, "and nothing is to be removed")
        kill_fills(nodes, cluster, options.labels, options.rounds, chance)
        compare(nodes[1], cluster, folder, "filled")
        kill_updates(nodes, folder, cluster, books, options.rounds, chance)
        compare(nodes[0], cluster, folder, "brought forward")
        done = nodes[0].run("store", "check")
        check(any(one["name"] == "rows" and one["ok"] for one in done["checks"]), "store check looks at them", done)
        for_analysts(cluster)
        log = (folder / "rows-last.log").read_text()
        check("rows are brought forward again" in log or "rows wait" not in log, "a node says when it can again", log)
        found = nodes[1].run("store", "rows", "none")
        check(found["changed"] and found["rows"] == [], "none removes them", found)
        # The node that serves may have had a hand in it.
        patience.until(lambda: cluster.sql("SELECT count(*) FROM countermark.label_row", "labels") == "0",
                       "not one is left")
    finally:
        for node in nodes:
            node.stop()


# Measuring


class Meter:
    """The processor time of commands and of the server."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.tick = os.sysconf("SC_CLK_TCK")

    def server(self):
        total = 0
        for pid in self.cluster.all_processes():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except FileNotFoundError:
                continue
            # Of the first process those that have ended, too.
            ended = fields[13:15] if pid == self.cluster.process.pid else []
            total += sum(int(field) for field in [*fields[11:13], *ended])
        return total / self.tick

    @staticmethod
    def commands():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def measure(self, what, labels, run):
        # Processes that have just ended are counted by their parent.
        before, begun = (self.commands(), self.server()), time.monotonic()
        run()
        wall = time.monotonic() - begun
        client, server = self.commands() - before[0], self.server() - before[1]
        print(f"{what}: {labels:,} labels, wall {wall:.1f} s, client {client:.1f}, server {server:.1f} CPU s: "
              f"{labels / max(client + server, 0.01):,.0f} labels a CPU second", flush=True)
        return client + server


def measure(program, folder, cluster, labels):
    nodes = make(program, folder, cluster, labels)
    node, meter = nodes[0], Meter(cluster)
    meter.measure("fill", labels, lambda: node.run("store", "rows", "all"))
    tier = Company(program, folder, TIER)
    tier.run("init", "--org", TIER, "--name", TIER)
    for one, other in [(node, tier), (tier, node)]:
        (folder / "root.pem").write_text(other.run("key", "show")["root"])
        one.run("partner", "add", other.origin, "--root", str(folder / "root.pem"))
    node.run("member", "set", DATASET, TIER, "--role", "reviewer")
    node.run("carry", "out", DATASET, str(folder / "there"))
    tier.run("carry", "in", str(folder / "there"))
    csv(folder / "more.csv", labels, "t")
    tier.run("import", DATASET, str(folder / "more.csv"), "--format", "csv")
    tier.run("carry", "out", DATASET, str(folder / "back"))
    node.run("store", "rows", "all")
    taken = meter.measure("take (verify, store, merge)", labels, lambda: node.run("carry", "in", str(folder / "back")))
    rows_ = meter.measure("rows of what was taken", labels, lambda: node.run("store", "rows", "all"))
    print(f"both: {labels / (taken + rows_):,.0f} labels a CPU second")
    edited = min(labels, 100_000)
    text = (folder / "more.csv").read_text().splitlines()[:edited + 1]
    (folder / "edits.csv").write_text("\n".join([text[0], *(line.replace(",short,", ",crack,").replace(",open,", ",crack,")
                                                   .replace(",spur,", ",crack,") for line in text[1:])]) + "\n")
    tier.run("import", DATASET, str(folder / "edits.csv"), "--format", "csv")
    tier.run("carry", "out", DATASET, str(folder / "edits"))
    node.run("carry", "in", str(folder / "edits"))
    meter.measure("rows of edits", edited, lambda: node.run("store", "rows", "all"))
    size = cluster.sql("SELECT pg_total_relation_size('countermark.label_row') / greatest(1, (SELECT sum(labels) FROM "
                       "countermark.rows_state))", "labels")
    print(f"{size} bytes a label in PostgreSQL, with the index")
    check(rows(cluster)[0] == 2 * labels, "all are there")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--measure", type=int)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    program = str(pathlib.Path(options.program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-rows-"))
    cluster = Cluster(["shared_buffers=1GB"] if options.measure else [])
    if options.measure:
        measure(program, folder, cluster, options.measure)
    else:
        test(program, folder, cluster, options)
    shutil.rmtree(folder)
    print("rows hold")


if __name__ == "__main__":
    main()
