#!/usr/bin/env python3
"""Two nodes of one company whose rows are in PostgreSQL and whose bytes are in an object store: each of the two goes away,
gives back wrong bytes, is slow or late, and comes back.

    Tests/Store/tiles.py --program PROGRAM
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("Tests/EndToEnd", "Tests/Store", "Examples/three-companies")]

import patience  # noqa: E402
from between import Between  # noqa: E402
from nodes import DATASET, OEM, Node, check, label, labels  # noqa: E402
from postgres import Cluster  # noqa: E402
from seaweed import Seaweed  # noqa: E402


def refused_beginnings(program, folder, address, store):
    """What cannot work is refused before anything is made."""
    def init(name, *words):
        return subprocess.run(
            [program, "init", "--org", OEM, "--name", "OEM", "--home", str(folder / name), "--json", *words],
            capture_output=True, text=True)
    done = init("alone", "--tiles", store.url)
    check(done.returncode == 2 and "--store" in done.stderr, "tiles alone decide nothing, and are refused", done.stderr)
    done = init("none", "--store", address, "--tiles", store.url.replace("s3://labels", "s3://nowhere"))
    check(done.returncode != 0 and "store-refuses" in done.stderr, "a bucket that is not there is named", done.stderr)
    done = init("plain", "--store", address, "--tiles", "s3://labels?key=hunter2")
    check(done.returncode == 2 and "bad-store" in done.stderr and "hunter2" not in done.stderr,
          "so is a URL that cannot be read, without repeating it", done.stderr)
    secret = os.environ.pop("AWS_SECRET_ACCESS_KEY")
    done = init("keyless", "--store", address, "--tiles", store.url)
    os.environ["AWS_SECRET_ACCESS_KEY"] = secret
    check(done.returncode == 2 and "AWS_SECRET_ACCESS_KEY" in done.stderr, "and that there are no keys", done.stderr)
    check(not any((folder / name).exists() for name in ("alone", "none", "plain", "keyless")), "no home was made")


def ask(place, method="GET", body=None):
    """What the store behind the gateway answers: somebody who runs it may do anything there."""
    with urllib.request.urlopen(urllib.request.Request(place, data=body, method=method), timeout=30) as answer:
        return answer.read()


def bytes_elsewhere(cluster):
    """How many parts the rows have, and how many of them with their bytes."""
    found = cluster.sql("SELECT count(*), count(bytes) FROM countermark.part", "labels")
    return tuple(int(number) for number in found.split("|"))


def run(program, store, between, cluster, folder):
    address = cluster.database("labels")
    os.environ.update(store.env)
    refused_beginnings(program, folder, address, store)
    one = Node(program, folder, "node-1")
    one.run("init", "--org", OEM, "--name", OEM, "--store", address, "--tiles", between.url)
    one.run("dataset", "create", "boards", "--title", "Boards")
    shown = one.run("store", "show")
    check((shown["store"], shown["tiles"]) == (address, between.url), "store show names both places", shown)
    config = (one.home / "config.json").read_text()
    check(store.env["AWS_SECRET_ACCESS_KEY"] not in config, "no key is in the configuration")
    one.run("backup", str(folder / "copy"))
    two = Node(program, folder, "node-2")
    two.run("restore", str(folder / "copy"))
    ids = [node.write(f"{node.name}-{number}.png") for number in range(3) for node in (one, two)]
    one.run("sync")
    two.run("sync")
    check(one.state() == two.state() and {id_ for id_, _ in labels(one)} == set(ids),
          "two nodes write in turns, and have one history")
    parts, here = bytes_elsewhere(cluster)
    check(parts >= len(ids) and here == 0, "the rows have no bytes", (parts, here))
    check(one.run("store", "check")["ok"], "store check finds all well")
    slow(between, one, two, ids)
    late(between, one, two, ids)

    # The gateway is killed: nothing is acknowledged.
    before = one.state()
    between.stop()
    gateway = store.processes["gateway"]
    gateway.send_signal(signal.SIGKILL)
    gateway.wait()
    check(one.code(*label("gone.png")) == "store-unreachable", "without the object store nothing is acknowledged")
    done = one.attempt("store", "check")
    check(done.returncode == 1 and "no connection to" in done.stdout, "and store check says so", done.stdout)
    check(one.run("list", DATASET)["annotations"], "what is here can be read")
    store._run("gateway", *gateway.args[1:])
    store._await(store._answers)
    between.start()
    ids.append(one.write("back.png"))
    check(one.state()[0] == before[0] + 1, "all goes on by itself, and what was refused is nowhere")

    # A part of which the object store lost its bytes, or gives back others.
    name = cluster.sql("SELECT encode(sha256,'hex') FROM countermark.part ORDER BY first_index DESC LIMIT 1", "labels")
    place = f"http://127.0.0.1:{store.filer}/buckets/labels/parts/{name}"
    kept = ask(place)
    for what, method, body in [("other bytes", "PUT", kept[:-1] + bytes([kept[-1] ^ 1])), ("no bytes", "DELETE", None)]:
        ask(place, method, body)
        check(two.code("sync") == "store-damaged", f"{what} of a part are not taken")
        check(two.state()[0] == before[0], "and nothing of it is here")
    ask(place, "PUT", kept)
    two.run("sync")
    check(one.state() == two.state(), "where they are what was put there, they are taken")
    for node in (one, two):
        check(node.run("verify")["ok"], f"{node.name} verifies")
    moved = two.run("store", "move", "--to", "folder")
    check(moved["tiles"] == "folder" and {id_ for id_, _ in labels(two)} == set(ids), "and all of it comes back out")


def slow(between, one, two, ids):
    """A store that answers after seconds: what is acknowledged takes as long, and nothing else changes."""
    between.delay = 1.5
    begun = time.monotonic()
    ids.append(one.write("slow.png"))
    check(time.monotonic() - begun >= between.delay and between.kept,
          "with a slow object store a write is acknowledged once that has answered")
    started = [node.start(*label(f"slow-{node.name}.png")) for node in (one, two)]
    for process in started:
        out, err = process.communicate(timeout=patience.bound(patience.HANG_SECONDS))
        check(process.returncode == 0, "so are two at once on two nodes", err)
        ids.append(json.loads(out)["id"])
    between.delay = 0.0
    for node in (one, two):
        node.run("sync")
    between.kept.clear()
    between.delay = 20.0
    gone = one.start(*label("killed.png"))
    patience.until(lambda: any(method == "PUT" for method, _ in between.kept), "the put of a command")
    gone.kill()
    gone.wait()
    between.delay = 0.0
    for node in (one, two):
        node.run("sync")
    found = labels(one)
    check(one.state() == two.state() and {id_ for id_, _ in found} == set(ids)
          and all(item != "killed.png" for _, item in found),
          "what is killed while it waits is nowhere, all else is there once")


def late(between, one, two, ids):
    """A store that shows an object only some time after it has taken it."""
    between.hides = True
    ids.append(one.write("late.png"))
    before = two.state()
    check(two.code("sync") == "store-damaged" and between.hidden,
          "where a fresh object does not show yet, another node says that its bytes are missing")
    check(two.code(*label("too-early.png")) == "store-damaged" and two.state() == before,
          "and writes nothing before it has them")
    between.show()
    ids.append(two.write("later.png"))
    one.run("sync")
    check(one.state() == two.state() and {id_ for id_, _ in labels(one)} == set(ids),
          "once it shows, both go on by themselves, and nothing acknowledged is lost")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    problem = Seaweed.problem()
    if problem:
        print(f"SKIPPED: bytes in an object store: {problem}")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-tiles-"))
    cluster = Cluster()
    try:
        with Seaweed() as store:
            between = Between(store)
            run(program, store, between, cluster, folder)
            between.stop()
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
